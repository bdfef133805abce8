"""Plan: where each waiting pod goes, or why nowhere.  Pure.

Shape: pods are placed one after the other, each seeing those placed before it.
Per pod: 1. filter: nodes that cannot have it, each with the first reason; 2. score the others; 3. take the best.
Source: Kubernetes docs, "Kubernetes Scheduler", "Scheduling Framework".
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from fairway.controllers.rules import node_affinity, taints
from fairway.controllers.scheduler.node_state import NodeState
from fairway.controllers.scheduler.pod_affinity import NamespaceLabels, Neighbours
from fairway.controllers.scheduler.requests import (
    DEFAULT_CPU,
    DEFAULT_MEMORY,
    ONE,
    PODS,
    Amounts,
    pod_requests,
)
from fairway.controllers.scheduler.storage import CONFLICT, Storage, node_selectors, obstacle
from fairway.kinds.pod.host_ports import collide, host_ports
from fairway.objects import Object
from fairway.reconcile.owners import controller_of

NO_NODES = "no nodes available to schedule pods"
UNSCHEDULABLE = "node(s) were unschedulable"
NOT_SELECTED = "node(s) didn't match Pod's node affinity/selector"
CORDONED = {"key": taints.UNSCHEDULABLE, "effect": "NoSchedule"}
NO_STORAGE = Storage(lambda _: None, lambda _: None, lambda _: None)
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
NO_PORTS = "node(s) didn't have free ports for the requested pod ports"


@dataclass(frozen=True, slots=True)
class Placement:
    """``node`` is where the pod goes; empty if nowhere, and ``message`` says why."""

    pod: Object
    node: str
    message: str = ""


def _no_storage(pod: Object) -> Storage:
    return NO_STORAGE


def plan(
    pods: Iterable[Object], nodes: Sequence[NodeState], namespace_labels: NamespaceLabels,
    storage_of: Callable[[Object], Storage] = _no_storage,
) -> list[Placement]:  # fmt: skip
    """A placement per pod, the most important and then the oldest first.  ``nodes`` are filled up on the way."""
    return [_place(pod, nodes, namespace_labels, storage_of(pod)) for pod in sorted(pods, key=_turn)]


def _turn(pod: Object) -> tuple[object, ...]:
    meta = pod["metadata"]
    return (
        -(pod["spec"].get("priority") or 0), meta.get("creationTimestamp") or "", meta["namespace"], meta["name"],
    )  # fmt: skip


def _place(
    pod: Object, nodes: Sequence[NodeState], namespace_labels: NamespaceLabels, storage: Storage
) -> Placement:  # fmt: skip
    if not nodes:
        return Placement(pod, "", NO_NODES)
    if why_not := obstacle(pod, storage):
        return Placement(pod, "", _everywhere(why_not, len(nodes)))
    wanted = pod_requests(pod)
    neighbours = Neighbours(pod, nodes, namespace_labels)
    reasons = {node.name: _objections(pod, wanted, node, neighbours) for node in nodes}
    for demanded in node_selectors(pod, storage):
        bound = {"spec": {"affinity": {"nodeAffinity": {_REQUIRED: demanded}}}}
        for node in nodes:
            if not reasons[node.name] and not node_affinity.matches(bound, node):
                reasons[node.name] = [CONFLICT]
    open_nodes = [node for node in nodes if not reasons[node.name]]
    if not open_nodes:
        return Placement(pod, "", _message(list(reasons.values())))
    best = max(open_nodes, key=_Score(pod, wanted, open_nodes, neighbours))
    best.place(pod)
    return Placement(pod, best.name)


def _objections(pod: Object, wanted: Amounts, node: NodeState, neighbours: Neighbours) -> list[str]:
    """Why ``node`` cannot have the pod: all of the first filter that refuses."""
    if node.is_unschedulable and taints.untolerated(pod, [CORDONED], "NoSchedule"):
        return [UNSCHEDULABLE]
    if found := taints.untolerated(pod, node.taints, "NoSchedule", "NoExecute"):
        return [f"node(s) had untolerated taint {{{found[0]['key']}: {found[0].get('value') or ''}}}"]
    if not node_affinity.matches(pod, node):
        return [NOT_SELECTED]
    if collide(host_ports(pod), node.ports):
        return [NO_PORTS]
    if short := _short(wanted, node):
        return short
    objection = neighbours.objection(node)
    return [objection] if objection else []


def _short(wanted: Amounts, node: NodeState) -> list[str]:
    short = ["Too many pods"] if PODS in node.allocatable and node.free(PODS) < ONE else []
    return short + [f"Insufficient {name}" for name, value in wanted.items() if value > node.free(name)]


def _everywhere(why_not: str, count: int) -> str:
    """The text of FailedScheduling where no node need be looked at."""
    head = f"0/{count} nodes are available"
    return f"{head}: {why_not}. preemption: {head}: {count} Preemption is not helpful for scheduling."


def _message(reasons: Sequence[Sequence[str]]) -> str:
    """The text of FailedScheduling."""
    count = len(reasons)
    shown = sorted(f"{times} {reason}" for reason, times in Counter(one for each in reasons for one in each).items())
    helpless = sum(not _may_be_preempted(each) for each in reasons)
    preemption = sorted(
        f"{times} {text}"
        for times, text in (
            (count - helpless, "No preemption victims found for incoming pod."),
            (helpless, "Preemption is not helpful for scheduling."),
        )
        if times
    )
    head = f"0/{count} nodes are available"
    return f"{head}: {', '.join(shown)}. preemption: {head}: {', '.join(one.rstrip('.') for one in preemption)}."


def _may_be_preempted(reasons: Sequence[str]) -> bool:
    """Whether the loss of other pods could have helped."""
    return any(
        reason.startswith(("Insufficient ", "Too many pods")) or reason == NO_PORTS or "anti-affinity" in reason
        or reason.endswith("topology spread constraints")
        for reason in reasons
    )  # fmt: skip


class _Score:
    """How good each node is for the pod; a key for ``max``."""

    def __init__(self, pod: Object, wanted: Amounts, nodes: Sequence[NodeState], neighbours: Neighbours) -> None:
        self._pod = pod
        self._cpu = wanted.get("cpu") or DEFAULT_CPU
        self._memory = wanted.get("memory") or DEFAULT_MEMORY
        self._avoided = {node.name: len(taints.untolerated(pod, node.taints, "PreferNoSchedule")) for node in nodes}
        self._liked = {node.name: node_affinity.preference(pod, node) for node in nodes}
        self._company = {node.name: neighbours.preference(node) for node in nodes}
        self._alike = {node.name: _count_alike(pod, node) for node in nodes}

    def __call__(self, node: NodeState) -> float:
        return (
            3 * (100 - _share(self._avoided, node.name))
            + 2 * _share(self._liked, node.name)
            + 2 * _share(self._company, node.name)
            + 2 * (100 - _share(self._alike, node.name))
            + self._fit(node)
        )

    def _fit(self, node: NodeState) -> float:
        """How empty the node stays: up to 100."""
        free = 0.0
        for name, wanted in (("cpu", self._cpu), ("memory", self._memory)):
            allocatable = node.allocatable.get(name, 0)
            if allocatable:
                free += max(0.0, (node.free(name) - wanted) / allocatable)
        crowd = len(node.pods)
        return 50 * free - min(crowd, 1000) / 1000


def _share(values: dict[str, int], name: str) -> float:
    """A value between the least and the most of all nodes, from 0 to 100."""
    least, most = min(values.values()), max(values.values())
    return 100 * (values[name] - least) / (most - least) if most > least else 0.0


def _count_alike(pod: Object, node: NodeState) -> int:
    """Pods of the same controller, which had better be spread."""
    owner = controller_of(pod)
    return node.owners[owner["uid"]] if owner is not None else 0
