"""Reconcile: tell each budget how many of its pods are healthy, and so how many may go."""

from collections.abc import Iterable, Sequence

from fairway.controllers.disruption import plan as rules
from fairway.kinds import (
    DEPLOYMENT,
    POD,
    POD_DISRUPTION_BUDGET,
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    STATEFUL_SET,
)
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.labels import from_label_selector
from fairway.reconcile.cluster import LABELS, Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import by_label, by_namespace, object_key
from fairway.reconcile.informer import Change
from fairway.reconcile.owners import controller_of, group_of

NAMESPACE_INDEX = "namespace"
_SCALED: dict[tuple[str, str], Kind] = {
    (kind.group, kind.name): kind for kind in (REPLICA_SET, REPLICATION_CONTROLLER, STATEFUL_SET, DEPLOYMENT)
}


class _Unknown(Exception):
    """How many pods there should be cannot be told."""


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """Write the status, if it is another one."""
    budget = cluster.get(POD_DISRUPTION_BUDGET, *key)
    if budget is None:
        return None
    now, selector = cluster.now(), budget["spec"].get("selector")
    pods = cluster.find(POD, key[0], from_label_selector(selector)) if selector is not None else []
    try:
        expected = _expected(pods, cluster) if rules.needs_scale(budget) else len(pods)
        wanted = rules.status(budget, pods, expected, now)
    except _Unknown as error:
        text = f"Failed to calculate the number of expected pods: {error}"
        cluster.event(POD_DISRUPTION_BUDGET, budget, "Warning", "CalculateExpectedPodCountFailed", text)
        wanted = rules.failed(budget, str(error), now)
    if not pods:
        cluster.event(POD_DISRUPTION_BUDGET, budget, "Normal", "NoPods", "No matching pods found")
    if wanted != budget.get("status"):
        await cluster.update(POD_DISRUPTION_BUDGET, {**budget, "status": wanted}, subresource="status")
    return rules.next_look_s(budget, pods, now)


def _expected(pods: Sequence[Object], cluster: Cluster) -> int:
    """The replicas that the controllers of the pods ask for.  Raises: ``_Unknown``."""
    found: dict[str, int] = {}
    for pod in pods:
        reference = controller_of(pod)
        if reference is None:
            raise _Unknown(f"found no controller ref for pod {pod['metadata']['name']!r}".replace("'", '"'))
        owner = _scaled_owner(pod["metadata"]["namespace"], reference, cluster)
        replicas = owner["spec"].get("replicas")
        found[owner["metadata"]["uid"]] = 1 if replicas is None else int(replicas)
    return sum(found.values())


def _scaled_owner(namespace: str, reference: Object, cluster: Cluster) -> Object:
    """The workload that decides on the number: a Deployment rather than its ReplicaSet."""
    kind = _SCALED.get((group_of(reference), reference["kind"]))
    if kind is None:
        plural = f"{reference['kind'].lower()}s.{group_of(reference)}".rstrip(".")
        raise _Unknown(f"{plural} does not implement the scale subresource")
    owner = cluster.get(kind, namespace, reference["name"])
    if owner is None or owner["metadata"]["uid"] != reference["uid"]:
        raise _Unknown(f'{kind.plural}.{kind.group} "{reference["name"]}" not found')
    above = controller_of(owner)
    return owner if above is None else _scaled_owner(namespace, above, cluster)


def of_pod(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The budgets that a changed pod belongs to, or belonged to."""
    for pod in (change.old, change.new):
        if pod is None:
            continue
        meta = pod["metadata"]
        for budget in cluster.by_index(POD_DISRUPTION_BUDGET, NAMESPACE_INDEX, meta["namespace"]):
            selector = budget["spec"].get("selector")
            if selector is not None and from_label_selector(selector).matches(meta.get("labels")):
                yield object_key(budget)


def of_workload(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The budgets of the namespace, when a workload is to have another number of pods."""
    old, new = change.old, change.new
    if old is not None and new is not None and old["spec"].get("replicas") == new["spec"].get("replicas"):
        return ()
    namespace = change.object["metadata"]["namespace"]
    return [object_key(one) for one in cluster.by_index(POD_DISRUPTION_BUDGET, NAMESPACE_INDEX, namespace)]


DISRUPTION_BUDGETS = Controller(
    name="controllermanager", owns=POD_DISRUPTION_BUDGET, reconcile=reconcile,
    wakes={POD: of_pod, **dict.fromkeys(_SCALED.values(), of_workload)},
    indexes={POD: {LABELS: by_label}, POD_DISRUPTION_BUDGET: {NAMESPACE_INDEX: by_namespace}},
)  # fmt: skip
