"""Reconcile: carry out one step of a DaemonSet, and say so in its status and in Events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fairway.controllers.daemon_set import history as history_rules
from fairway.controllers.daemon_set.plan import Plan, plan
from fairway.controllers.daemon_set.pods import HASH_LABEL, pod_of, target_node
from fairway.controllers.daemon_set.status import status
from fairway.controllers.rules import pods as pod_rules
from fairway.controllers.rules.pod_writes import Refused, drop, make
from fairway.controllers.rules.refusals import is_namespace_leaving
from fairway.kinds import CONTROLLER_REVISION, DAEMON_SET, NODE, POD
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.objects.labels import Selector, from_label_selector
from fairway.reconcile.backoff import Backoff
from fairway.reconcile.claims import BY_CONTROLLER, claim
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import by_controller, by_namespace, object_key
from fairway.reconcile.informer import Change
from fairway.reconcile.owners import controller_of, group_of, is_controlled_by

NAMESPACE_INDEX = "namespace"
FIRST_S, LIMIT_S = 1.0, 900.0
SELECTING_ALL = "This daemon set is selecting all pods. A non-empty selector is required."


@dataclass(slots=True)
class _Failing:
    """A node where pods of one DaemonSet fail again and again: none is removed before ``due_s`` (Unix seconds)."""

    backoff: Backoff = field(default_factory=lambda: Backoff(FIRST_S, LIMIT_S))
    due_s: float = 0.0


@dataclass(slots=True)
class Failures:
    """The nodes where pods fail, by DaemonSet."""

    by_key: dict[Key, dict[str, _Failing]] = field(default_factory=dict)

    def wait_s(self, key: Key, node: str, now: float) -> float:
        """Seconds until a failed pod of that node may go: none for the first, more for each that follows soon."""
        here = self.by_key.setdefault(key, {})
        failing = here.get(node)
        if failing is not None and now < failing.due_s:
            return failing.due_s - now
        if failing is None or now > failing.due_s + 2 * LIMIT_S:
            failing = here[node] = _Failing()
        failing.due_s = now + failing.backoff.next_delay_s()
        return 0.0


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """One step; what it writes wakes the next."""
    failures: Failures = cluster.state
    daemon_set = cluster.get(DAEMON_SET, *key)
    if daemon_set is None:
        failures.by_key.pop(key, None)
        return None
    selector = from_label_selector(daemon_set["spec"].get("selector"))
    if not selector:
        cluster.event(DAEMON_SET, daemon_set, "Warning", "SelectingAll", SELECTING_ALL)
        return None
    if "deletionTimestamp" in daemon_set["metadata"]:
        return None
    revisions = await claim(cluster, DAEMON_SET, daemon_set, CONTROLLER_REVISION, selector)
    pods = await claim(cluster, DAEMON_SET, daemon_set, POD, selector)
    hash_text = await _remember(daemon_set, revisions, pods, cluster)
    if not hash_text:
        return None
    nodes, now = list(cluster.items(NODE)), cluster.now()
    step = plan(daemon_set, nodes, pods, hash_text, now)
    refused: Refused | None = None
    again_s = None
    try:
        again_s = await _act(key, daemon_set, step, hash_text, cluster)
    except Refused as error:
        refused = error
    await _tell(daemon_set, status(daemon_set, nodes, pods, hash_text, now), cluster)
    if refused is not None:
        raise refused.cause
    if not step:
        expired = history_rules.expired(daemon_set, revisions, pods)
        await cluster.together(*(cluster.delete(CONTROLLER_REVISION, one) for one in expired))
    return min(filter(None, (again_s, _next_look_s(daemon_set, pods, now))), default=None)


async def _remember(
    daemon_set: Object, revisions: Sequence[Object], pods: Sequence[Object], cluster: Cluster
) -> str:  # fmt: skip
    """See that the present template has its revision; the hash of its pods, empty if it cannot be told yet."""
    found = history_rules.history(daemon_set, revisions)
    if found.create is not None:
        try:
            await cluster.create(CONTROLLER_REVISION, found.create)
        except StatusError as error:
            if is_namespace_leaving(error):
                return ""
            if error.reason != "AlreadyExists":
                raise
            return await _collided(daemon_set, found.create, cluster)
    if found.update is not None:
        await cluster.update(CONTROLLER_REVISION, found.update)
    if found.delete:
        patch = {"metadata": {"labels": {HASH_LABEL: found.hash_text}}}
        doubled = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(HASH_LABEL) in found.relabel]
        await cluster.together(*(cluster.patch(POD, pod, patch) for pod in doubled))
        await cluster.together(*(cluster.delete(CONTROLLER_REVISION, one) for one in found.delete))
        return ""  # the changed pods wake the next look
    return found.hash_text


async def _collided(daemon_set: Object, wanted: Object, cluster: Cluster) -> str:
    """A name that is taken by another template asks for another hash."""
    meta = wanted["metadata"]
    taken = await cluster.read(CONTROLLER_REVISION, meta["namespace"], meta["name"])
    if taken is None:
        return ""
    if is_controlled_by(taken, daemon_set) and taken.get("data") == wanted["data"]:
        return history_rules.hash_of(taken)
    present = daemon_set.get("status") or {}
    raised = {**present, "collisionCount": (present.get("collisionCount") or 0) + 1}
    await cluster.update(DAEMON_SET, {**daemon_set, "status": raised}, subresource="status")
    return ""


async def _act(key: Key, daemon_set: Object, step: Plan, hash_text: str, cluster: Cluster) -> float | None:
    """Make and delete; the seconds until a failed pod may go that has to wait."""
    failures: Failures = cluster.state
    now, waits, ended = cluster.now(), [], []
    for pod in step.ended:
        has_failed = pod_rules.phase(pod) == "Failed"
        if has_failed and (wait_s := failures.wait_s(key, target_node(pod), now)):
            waits.append(wait_s)
            continue
        ended.append(pod)
        _tell_ended(daemon_set, pod, cluster, has_failed=has_failed)
    if step.create:
        await make(DAEMON_SET, daemon_set, [pod_of(daemon_set, node, hash_text) for node in step.create], cluster)
    if gone := step.delete + ended:
        await drop(DAEMON_SET, daemon_set, gone, cluster)
    return min(waits, default=None)


def _tell_ended(daemon_set: Object, pod: Object, cluster: Cluster, *, has_failed: bool) -> None:
    shown, node = "/".join(object_key(pod)), target_node(pod)
    if has_failed:
        text = f"Found failed daemon pod {shown} on node {node}, will try to kill it"
        cluster.event(DAEMON_SET, daemon_set, "Warning", "FailedDaemonPod", text)
    else:
        text = f"Found succeeded daemon pod {shown} on node {node}, will try to delete it"
        cluster.event(DAEMON_SET, daemon_set, "Normal", "SucceededDaemonPod", text)


async def _tell(daemon_set: Object, wanted: Object, cluster: Cluster) -> None:
    present = {name: value for name, value in (daemon_set.get("status") or {}).items() if name in wanted or value}
    if present != wanted:
        await cluster.update(DAEMON_SET, {**daemon_set, "status": wanted}, subresource="status")


def _next_look_s(daemon_set: Object, pods: Iterable[Object], now: float) -> float | None:
    """Seconds until another pod has been Ready for minReadySeconds; ``None`` if time alone changes nothing."""
    min_ready_s = daemon_set["spec"].get("minReadySeconds") or 0
    ages = [now - since for pod in pods if (since := pod_rules.ready_since(pod)) is not None]
    waits = [min_ready_s - age for age in ages if age < min_ready_s]
    return max(min(waits), 0.001) if waits else None


def daemon_sets_of(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The DaemonSets that a changed pod or revision concerns: its controller, or whoever may adopt it."""
    for found in (change.old, change.new):
        if found is None:
            continue
        meta, reference = found["metadata"], controller_of(found)
        if reference is None:
            for one in cluster.by_index(DAEMON_SET, NAMESPACE_INDEX, meta["namespace"]):
                if _selector(one).matches(meta.get("labels")):
                    yield object_key(one)
        elif reference["kind"] == DAEMON_SET.name and group_of(reference) == DAEMON_SET.group:
            yield meta["namespace"], reference["name"]


def of_revision(change: Change, cluster: Cluster) -> Iterable[Key]:
    """As of pods; but one that is made or edited in the name of its owner can wait, as it does upstream."""
    is_kept = change.new is not None and controller_of(change.new) is not None
    is_same = change.old is None or change.new is None or controller_of(change.old) == controller_of(change.new)
    return () if is_kept and is_same else daemon_sets_of(change, cluster)


def _selector(daemon_set: Object) -> Selector:
    return from_label_selector(daemon_set["spec"].get("selector"))


def of_node(change: Change, cluster: Cluster) -> Iterable[Key]:
    """Every DaemonSet, when a node comes, goes, or changes what decides who runs there."""
    if change.old is None or change.new is None or _view(change.old) != _view(change.new):
        for daemon_set in cluster.items(DAEMON_SET):
            yield object_key(daemon_set)


def _view(node: Object) -> tuple[object, object]:
    return node["metadata"].get("labels"), (node.get("spec") or {}).get("taints")


DAEMON_SETS = Controller(
    name="daemonset-controller", owns=DAEMON_SET, reconcile=reconcile, state=Failures,
    wakes={POD: daemon_sets_of, CONTROLLER_REVISION: of_revision, NODE: of_node},
    indexes={
        POD: {BY_CONTROLLER: by_controller}, CONTROLLER_REVISION: {BY_CONTROLLER: by_controller},
        DAEMON_SET: {NAMESPACE_INDEX: by_namespace},
    },
)  # fmt: skip
