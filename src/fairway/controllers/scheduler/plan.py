"""Plan: where each waiting pod goes, or why nowhere and who is to make room.  Pure.

Shape: pods are placed one after the other, each seeing those placed before it.
Per pod: 1. filter: nodes that cannot have it, each with the first reason; 2. score the others; 3. take the best;
4. if there is none, choose less important pods that leave, and keep what they leave for this pod.
Source: Kubernetes docs, "Kubernetes Scheduler", "Scheduling Framework", "Pod Priority and Preemption".
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from fairway.controllers.rules import node_affinity, taints
from fairway.controllers.scheduler.filters import Filter, told
from fairway.controllers.scheduler.node_state import NodeState, priority_of
from fairway.controllers.scheduler.pod_affinity import NamespaceLabels, Neighbours
from fairway.controllers.scheduler.preemption import NOT_HELPFUL, nominated, preempt
from fairway.controllers.scheduler.requests import DEFAULT_CPU, DEFAULT_MEMORY, Amounts
from fairway.controllers.scheduler.storage import Storage, obstacle
from fairway.objects import Object
from fairway.reconcile.owners import controller_of

NO_NODES = "no nodes available to schedule pods"
NO_STORAGE = Storage(lambda _: None, lambda _: None, lambda _: None)


@dataclass(frozen=True, slots=True)
class Placement:
    """``node`` is where the pod goes; empty if nowhere, and ``message`` says why.

    Then ``victims`` have to leave the node ``nominated``, which is empty if nobody can make room.
    """

    pod: Object
    node: str
    message: str = ""
    nominated: str = ""
    victims: tuple[Object, ...] = ()


def _no_storage(pod: Object) -> Storage:
    return NO_STORAGE


def plan(
    pods: Iterable[Object], nodes: Sequence[NodeState], namespace_labels: NamespaceLabels,
    storage_of: Callable[[Object], Storage] = _no_storage, budgets: Sequence[Object] = (),
) -> list[Placement]:  # fmt: skip
    """A placement per pod, the most important and then the oldest first.  ``nodes`` are filled up on the way."""
    known = {node.name: node for node in nodes}
    placements = []
    for _, peers in groupby(sorted(pods, key=_turn), priority_of):
        level = list(peers)
        for pod in level:
            _reserve(pod, nominated(pod), known)
        for pod in level:
            if nominated(pod) in known:
                known[nominated(pod)].remove(pod)
            placement = _place(Filter(pod, namespace_labels, storage_of(pod)), nodes, storage_of(pod), budgets)
            _reserve(pod, placement.nominated, known)
            placements.append(placement)
    return placements


def _reserve(pod: Object, name: str, nodes: dict[str, NodeState]) -> None:
    """Room that others make for ``pod`` is not for those that are no more important."""
    if name in nodes:
        nodes[name].place(pod)


def _turn(pod: Object) -> tuple[object, ...]:
    meta = pod["metadata"]
    return -priority_of(pod), meta.get("creationTimestamp") or "", meta["namespace"], meta["name"]


def _place(fit: Filter, nodes: Sequence[NodeState], storage: Storage, budgets: Sequence[Object]) -> Placement:
    pod = fit.pod
    if not nodes:
        return Placement(pod, "", NO_NODES)
    if why_not := obstacle(pod, storage):
        return Placement(pod, "", _everywhere(why_not, len(nodes)))
    neighbours = fit.neighbours(nodes)
    reasons = {node.name: fit.objections(node, neighbours) for node in nodes}
    open_nodes = [node for node in nodes if not reasons[node.name]]
    if not open_nodes:
        found = preempt(fit, nodes, reasons, budgets)
        why_not = told(len(nodes), (one for each in reasons.values() for one in each))
        message = f"{why_not} preemption: {found.message}" if found.message else why_not
        return Placement(pod, "", message, found.node, found.victims)
    kept = [node for node in open_nodes if node.name == nominated(pod)]
    best = max(kept or open_nodes, key=_Score(pod, fit.wanted, open_nodes, neighbours))
    best.place(pod)
    return Placement(pod, best.name)


def _everywhere(why_not: str, count: int) -> str:
    """The text of FailedScheduling where no node need be looked at."""
    head = f"0/{count} nodes are available"
    return f"{head}: {why_not}. preemption: {head}: {count} {NOT_HELPFUL}"


class _Score:
    """How good each node is for the pod; a key for ``max``."""

    def __init__(self, pod: Object, wanted: Amounts, nodes: Sequence[NodeState], neighbours: Neighbours) -> None:
        self._pod = pod
        self._cpu = wanted.get("cpu") or DEFAULT_CPU
        self._memory = wanted.get("memory") or DEFAULT_MEMORY
        self._avoided = {node.name: len(taints.untolerated(pod, node.taints, "PreferNoSchedule")) for node in nodes}
        self._liked = {node.name: node_affinity.preference(pod, node) for node in nodes}
        self._company = {node.name: neighbours.preference(node) for node in nodes}
        self._crowd = {node.name: neighbours.crowd(node) for node in nodes}
        self._alike = {node.name: _count_alike(pod, node) for node in nodes}

    def __call__(self, node: NodeState) -> float:
        return (
            3 * (100 - _share(self._avoided, node.name))
            + 2 * _share(self._liked, node.name)
            + 2 * _share(self._company, node.name)
            + 2 * (100 - _share(self._crowd, node.name))
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
