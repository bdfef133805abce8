"""Reconcile: carry out one step of a Deployment, and say so in its status and in Events."""

from collections.abc import Iterable

from fairway.controllers.deployment import rolling
from fairway.controllers.deployment import status as status_rules
from fairway.controllers.deployment.plan import Plan, plan
from fairway.controllers.deployment.revisions import REVISION, annotations
from fairway.controllers.deployment.template import newest, without_hash
from fairway.controllers.rules import pods as pod_rules
from fairway.kinds import DEPLOYMENT, POD, REPLICA_SET
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.objects.labels import Selector, from_label_selector
from fairway.reconcile.claims import BY_CONTROLLER, claim
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import by_controller, by_namespace
from fairway.reconcile.informer import Change
from fairway.reconcile.owners import controller_of, group_of, is_controlled_by

NAMESPACE_INDEX = "namespace"


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """One step; what it writes wakes the next."""
    deployment = cluster.get(DEPLOYMENT, *key)
    if deployment is None:
        return None
    selector = from_label_selector(deployment["spec"].get("selector"))
    if not selector:
        text = "This deployment is selecting all pods. A non-empty selector is required."
        cluster.event(DEPLOYMENT, deployment, "Warning", "SelectingAll", text)
        return None
    found = await claim(cluster, DEPLOYMENT, deployment, REPLICA_SET, selector)
    now = cluster.now()
    step = plan(deployment, found, now, has_old_pods=_has_old_pods(deployment, found, cluster))
    await _act(deployment, step, found, cluster)
    await _tell(deployment, step, cluster)
    progressing = next((one for one in step.status.get("conditions") or () if one["type"] == "Progressing"), None)
    left_s = status_rules.deadline_s(deployment, progressing, now)
    return left_s + 1.0 if left_s else None


def _has_old_pods(deployment: Object, found: list[Object], cluster: Cluster) -> bool:
    """Whether pods of old ReplicaSets still run; only the Recreate strategy asks."""
    if rolling.is_rolling(deployment):
        return False
    new = newest(deployment, found)
    return any(
        not pod_rules.is_terminal(pod)
        for one in found if one is not new
        for pod in cluster.by_index(POD, BY_CONTROLLER, one["metadata"]["uid"])
    )  # fmt: skip


async def _act(deployment: Object, step: Plan, found: list[Object], cluster: Cluster) -> None:
    if step.create is not None:
        await _create(deployment, step, found, cluster)
    for changed, before in step.update:
        await cluster.update(REPLICA_SET, changed)
        _tell_scaled(deployment, changed, before, cluster)
    await cluster.together(*(cluster.delete(REPLICA_SET, one) for one in step.delete))


def _tell_scaled(deployment: Object, replica_set: Object, before: int, cluster: Cluster) -> None:
    after = rolling.replicas(replica_set)
    if after != before:
        direction = "up" if after > before else "down"
        text = f"Scaled {direction} replica set {rolling.name_of(replica_set)} from {before} to {after}"
        cluster.event(DEPLOYMENT, deployment, "Normal", "ScalingReplicaSet", text)


async def _create(deployment: Object, step: Plan, found: list[Object], cluster: Cluster) -> None:
    assert step.create is not None
    name = rolling.name_of(step.create)
    try:
        made = await cluster.create(REPLICA_SET, step.create)
    except StatusError as error:
        await _explain(deployment, step, found, error, cluster)
        raise
    _tell_scaled(deployment, made, 0, cluster)
    event = ("True", status_rules.CREATED, f'Created new replica set "{name}"')
    step.status = status_rules.status(deployment, [*found, made], made, cluster.now(), event=event)


async def _explain(deployment: Object, step: Plan, found: list[Object], error: StatusError, cluster: Cluster) -> None:
    """A name that is taken by another template asks for another hash; any other refusal is told."""
    assert step.create is not None
    name, namespace = rolling.name_of(step.create), deployment["metadata"]["namespace"]
    now = cluster.now()
    if error.reason == "AlreadyExists":
        taken = await cluster.read(REPLICA_SET, namespace, name)
        template = without_hash(deployment["spec"]["template"])
        if taken is None or (
            is_controlled_by(taken, deployment) and without_hash(taken["spec"]["template"]) == template
        ):
            return
        count = rolling.reported(deployment, "collisionCount") + 1
        wanted = {**(deployment.get("status") or {}), "collisionCount": count}
    elif "because it is being terminated" in error.message:
        return
    else:
        text = f'Failed to create new replica set "{name}": {error}'
        event = ("False", status_rules.FAILED, text)
        cluster.event(DEPLOYMENT, deployment, "Warning", status_rules.FAILED, text)
        wanted = status_rules.status(deployment, found, None, now, event=event, is_rollout=False)
    if wanted != (deployment.get("status") or {}):
        await cluster.update(DEPLOYMENT, {**deployment, "status": wanted}, subresource="status")


async def _tell(deployment: Object, step: Plan, cluster: Cluster) -> None:
    """Write the status and the revision, where they changed, in one.

    By the status subresource: an annotation written by the main one would count as a new generation.
    """
    present = {name: value for name, value in (deployment.get("status") or {}).items() if value}
    told = annotations(deployment)
    wanted = {**told, REVISION: step.revision} if step.revision else told
    if present != step.status or wanted != told:
        meta = {**deployment["metadata"], **({"annotations": wanted} if wanted else {})}
        changed = {**deployment, "metadata": meta, "status": step.status}
        await cluster.update(DEPLOYMENT, changed, subresource="status")


def deployments_of(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The Deployments that a changed ReplicaSet concerns: its controller, or whoever may adopt it."""
    for replica_set in (change.old, change.new):
        if replica_set is None:
            continue
        meta = replica_set["metadata"]
        reference = controller_of(replica_set)
        if reference is None:
            for found in cluster.by_index(DEPLOYMENT, NAMESPACE_INDEX, meta["namespace"]):
                if _selector(found).matches(meta.get("labels")):
                    yield meta["namespace"], found["metadata"]["name"]
        elif reference["kind"] == DEPLOYMENT.name and group_of(reference) == DEPLOYMENT.group:
            yield meta["namespace"], reference["name"]


def _selector(deployment: Object) -> Selector:
    return from_label_selector(deployment["spec"].get("selector"))


def recreating(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The Deployment that waits for a pod to be gone before it makes new ones."""
    pod = change.old
    if pod is None or not (change.new is None or pod_rules.is_terminal(change.new)):
        return ()
    above = controller_of(pod)
    if above is None or above["kind"] != REPLICA_SET.name:
        return ()
    replica_set = cluster.get(REPLICA_SET, pod["metadata"]["namespace"], above["name"])
    owner = controller_of(replica_set) if replica_set is not None else None
    if owner is None:
        return ()
    key = (pod["metadata"]["namespace"], owner["name"])
    deployment = cluster.get(DEPLOYMENT, *key)
    return (key,) if deployment is not None and not rolling.is_rolling(deployment) else ()


DEPLOYMENTS = Controller(
    name="deployment-controller", owns=DEPLOYMENT, reconcile=reconcile, workers=16,
    wakes={REPLICA_SET: deployments_of, POD: recreating},
    indexes={
        REPLICA_SET: {BY_CONTROLLER: by_controller}, POD: {BY_CONTROLLER: by_controller},
        DEPLOYMENT: {NAMESPACE_INDEX: by_namespace},
    },
)  # fmt: skip
