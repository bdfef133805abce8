"""Reconcile: carry out one step of a StatefulSet, and say so in its status and in Events."""

from collections.abc import Iterable, Sequence

from fairway.controllers.rules import pods as pod_rules
from fairway.controllers.rules.refusals import is_namespace_leaving
from fairway.controllers.stateful_set import history as history_rules
from fairway.controllers.stateful_set.history import History, Names
from fairway.controllers.stateful_set.plan import Plan, plan
from fairway.controllers.stateful_set.pods import claim_name, claims_of, ordinal_of, pod_of
from fairway.controllers.stateful_set.retention import owners
from fairway.controllers.stateful_set.status import status
from fairway.kinds import CONTROLLER_REVISION, PERSISTENT_VOLUME_CLAIM, POD, STATEFUL_SET
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.objects.labels import Selector, from_label_selector
from fairway.reconcile.claims import BY_CONTROLLER, claim
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import by_controller, by_namespace, object_key
from fairway.reconcile.informer import Change
from fairway.reconcile.owners import controller_of, group_of, is_controlled_by

NAMESPACE_INDEX = "namespace"


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """One step; what it writes wakes the next."""
    found = cluster.get(STATEFUL_SET, *key)
    if found is None or pod_rules.is_terminating(found):
        return None
    selector = _selector(found)
    revisions = await claim(cluster, STATEFUL_SET, found, CONTROLLER_REVISION, selector)
    pods = await claim(cluster, STATEFUL_SET, found, POD, selector, lambda pod: ordinal_of(found, pod) is not None)
    known = await _remember(found, history_rules.history(found, revisions), cluster)
    if known is None:
        return None
    names, now = history_rules.names_of(found, known), cluster.now()
    step = plan(found, pods, names, now)
    await _own_claims(found, pods, cluster)
    try:
        await _act(found, step, names, cluster)
    finally:
        await _tell(found, status(found, pods, names, now), cluster)
    if not step:
        expired = history_rules.expired(found, revisions, pods, known)
        await cluster.together(*(cluster.delete(CONTROLLER_REVISION, one) for one in expired))
    return _next_look_s(found, pods, now)


async def _remember(stateful_set: Object, found: History, cluster: Cluster) -> History | None:
    """See that the present template has its revision; ``None`` if that cannot be told yet."""
    if found.renumber is not None:
        await cluster.update(CONTROLLER_REVISION, found.renumber)
    if found.create is None:
        return found
    try:
        await cluster.create(CONTROLLER_REVISION, found.create)
    except StatusError as error:
        if is_namespace_leaving(error):
            return None
        if error.reason != "AlreadyExists":
            raise
        return await _collided(stateful_set, found, cluster)
    return found


async def _collided(stateful_set: Object, found: History, cluster: Cluster) -> History | None:
    """A name that is taken by another template asks for another hash."""
    meta = found.update["metadata"]
    taken = await cluster.read(CONTROLLER_REVISION, meta["namespace"], meta["name"])
    if taken is None:
        return None
    if is_controlled_by(taken, stateful_set) and taken.get("data") == found.update["data"]:
        return found
    present = stateful_set.get("status") or {}
    raised = {**present, "collisionCount": (present.get("collisionCount") or 0) + 1}
    await cluster.update(STATEFUL_SET, {**stateful_set, "status": raised}, subresource="status")
    return None


async def _act(stateful_set: Object, step: Plan, names: Names, cluster: Cluster) -> None:
    for pod in step.delete:
        await _drop(stateful_set, pod, cluster)
    for ordinal, revision in step.create:
        await _make(stateful_set, ordinal, pod_of(stateful_set, names.templates[revision], revision, ordinal), cluster)


async def _drop(stateful_set: Object, pod: Object, cluster: Cluster) -> None:
    name, owner = pod["metadata"]["name"], stateful_set["metadata"]["name"]
    try:
        await cluster.delete(POD, pod)
    except StatusError as error:
        text = f"delete Pod {name} in StatefulSet {owner} failed error: {error}"
        cluster.event(STATEFUL_SET, stateful_set, "Warning", "FailedDelete", text)
        raise
    text = f"delete Pod {name} in StatefulSet {owner} successful"
    cluster.event(STATEFUL_SET, stateful_set, "Normal", "SuccessfulDelete", text)


async def _make(stateful_set: Object, ordinal: int, pod: Object, cluster: Cluster) -> None:
    """The claims first: a pod without its storage could not start."""
    name, owner = pod["metadata"]["name"], stateful_set["metadata"]["name"]
    try:
        for wanted in claims_of(stateful_set, ordinal):
            meta = wanted["metadata"]
            present = cluster.get(PERSISTENT_VOLUME_CLAIM, meta["namespace"], meta["name"])
            if present is None:
                await _make_claim(stateful_set, name, wanted, cluster)
        await cluster.create(POD, pod)
    except StatusError as error:
        if is_namespace_leaving(error):
            return
        if error.reason != "AlreadyExists":
            text = f"create Pod {name} in StatefulSet {owner} failed error: {error}"
            cluster.event(STATEFUL_SET, stateful_set, "Warning", "FailedCreate", text)
        raise
    text = f"create Pod {name} in StatefulSet {owner} successful"
    cluster.event(STATEFUL_SET, stateful_set, "Normal", "SuccessfulCreate", text)


async def _make_claim(stateful_set: Object, pod: str, wanted: Object, cluster: Cluster) -> None:
    name, owner = wanted["metadata"]["name"], stateful_set["metadata"]["name"]
    try:
        await cluster.create(PERSISTENT_VOLUME_CLAIM, wanted)
    except StatusError as error:
        if error.reason == "AlreadyExists":
            return
        text = f"create Claim {name} for Pod {pod} in StatefulSet {owner} failed error: {error}"
        cluster.event(STATEFUL_SET, stateful_set, "Warning", "FailedCreate", text)
        raise
    text = f"create Claim {name} Pod {pod} in StatefulSet {owner} success"
    cluster.event(STATEFUL_SET, stateful_set, "Normal", "SuccessfulCreate", text)


async def _own_claims(stateful_set: Object, pods: Sequence[Object], cluster: Cluster) -> None:
    """Give each pod's claims to whom they are to go with, before the pod may go."""
    namespace = stateful_set["metadata"]["namespace"]
    for pod in pods:
        ordinal = ordinal_of(stateful_set, pod)
        if ordinal is None:
            continue
        for template in stateful_set["spec"].get("volumeClaimTemplates") or ():
            found = cluster.get(PERSISTENT_VOLUME_CLAIM, namespace, claim_name(stateful_set, template, ordinal))
            wanted = owners(stateful_set, found, ordinal, pod) if found is not None else None
            if found is not None and wanted is not None:
                meta = found["metadata"]
                same = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
                patch = {"metadata": {**same, "ownerReferences": wanted or None}}
                await cluster.patch(PERSISTENT_VOLUME_CLAIM, found, patch)


async def _tell(stateful_set: Object, wanted: Object, cluster: Cluster) -> None:
    if stateful_set.get("status") != wanted:
        await cluster.update(STATEFUL_SET, {**stateful_set, "status": wanted}, subresource="status")


def _next_look_s(stateful_set: Object, pods: Iterable[Object], now: float) -> float | None:
    """Seconds until another pod has been Ready for minReadySeconds; ``None`` if time alone changes nothing."""
    min_ready_s = stateful_set["spec"].get("minReadySeconds") or 0
    ages = [now - since for pod in pods if (since := pod_rules.ready_since(pod)) is not None]
    waits = [min_ready_s - age for age in ages if age < min_ready_s]
    return max(min(waits), 0.001) if waits else None


def _selector(stateful_set: Object) -> Selector:
    return from_label_selector(stateful_set["spec"].get("selector"))


def stateful_sets_of(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The sets that a changed pod or revision concerns: its controller, or whoever may adopt it."""
    for found in (change.old, change.new):
        if found is None:
            continue
        meta, reference = found["metadata"], controller_of(found)
        if reference is None:
            for one in cluster.by_index(STATEFUL_SET, NAMESPACE_INDEX, meta["namespace"]):
                if _selector(one).matches(meta.get("labels")):
                    yield object_key(one)
        elif reference["kind"] == STATEFUL_SET.name and group_of(reference) == STATEFUL_SET.group:
            yield meta["namespace"], reference["name"]


STATEFUL_SETS = Controller(
    name="statefulset-controller", owns=STATEFUL_SET, reconcile=reconcile, reads=(PERSISTENT_VOLUME_CLAIM,),
    wakes={POD: stateful_sets_of, CONTROLLER_REVISION: stateful_sets_of},
    indexes={
        POD: {BY_CONTROLLER: by_controller}, CONTROLLER_REVISION: {BY_CONTROLLER: by_controller},
        STATEFUL_SET: {NAMESPACE_INDEX: by_namespace},
    },
)  # fmt: skip
