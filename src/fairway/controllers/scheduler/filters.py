"""Filters: which nodes cannot have a pod, each with its reasons.  Pure.

Source: Kubernetes docs, "Scheduling Framework", "Filter"; "Pod Priority and Preemption".
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from fairway.controllers.rules import node_affinity, taints
from fairway.controllers.scheduler.node_state import NodeState
from fairway.controllers.scheduler.pod_affinity import ANTI_AFFINE, OTHERS_ANTI_AFFINE, UNEVEN, Neighbours
from fairway.controllers.scheduler.pod_affinity import NamespaceLabels as NamespaceLabels
from fairway.controllers.scheduler.requests import ONE, PODS, pod_requests
from fairway.controllers.scheduler.storage import CONFLICT, Storage, node_selectors
from fairway.kinds.pod.host_ports import collide, host_ports
from fairway.objects import Object

UNSCHEDULABLE = "node(s) were unschedulable"
NOT_SELECTED = "node(s) didn't match Pod's node affinity/selector"
NO_PORTS = "node(s) didn't have free ports for the requested pod ports"
TOO_MANY_PODS = "Too many pods"
CORDONED = {"key": taints.UNSCHEDULABLE, "effect": "NoSchedule"}
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_FULL = frozenset({NO_PORTS, TOO_MANY_PODS, ANTI_AFFINE, OTHERS_ANTI_AFFINE, UNEVEN})
"""What others that are there are the cause of, beside resources."""


class Filter:
    """What one pod demands of a node."""

    def __init__(self, pod: Object, namespace_labels: NamespaceLabels, storage: Storage) -> None:
        self.pod = pod
        self.wanted = pod_requests(pod)
        self._ports = host_ports(pod)
        self._namespace_labels = namespace_labels
        self._volumes = [
            {"spec": {"affinity": {"nodeAffinity": {_REQUIRED: demanded}}}} for demanded in node_selectors(pod, storage)
        ]

    def neighbours(self, nodes: Sequence[NodeState]) -> Neighbours:
        """What the pods on all ``nodes`` mean for this one."""
        return Neighbours(self.pod, nodes, self._namespace_labels)

    def objections(self, node: NodeState, neighbours: Neighbours) -> list[str]:
        """Why ``node`` cannot have the pod: all that the first filter has to say that refuses."""
        if node.is_unschedulable and taints.untolerated(self.pod, [CORDONED], "NoSchedule"):
            return [UNSCHEDULABLE]
        if found := taints.untolerated(self.pod, node.taints, "NoSchedule", "NoExecute"):
            return [f"node(s) had untolerated taint {{{found[0]['key']}: {found[0].get('value') or ''}}}"]
        if not node_affinity.matches(self.pod, node):
            return [NOT_SELECTED]
        if collide(self._ports, node.ports):
            return [NO_PORTS]
        if short := self._short(node):
            return short
        if objection := neighbours.objection(node):
            return [objection]
        return [] if all(node_affinity.matches(one, node) for one in self._volumes) else [CONFLICT]

    def _short(self, node: NodeState) -> list[str]:
        short = [TOO_MANY_PODS] if PODS in node.allocatable and node.free(PODS) < ONE else []
        return short + [f"Insufficient {name}" for name, value in self.wanted.items() if value > node.free(name)]

    def may_help(self, node: NodeState, reasons: Sequence[str]) -> bool:
        """Whether ``node`` could have the pod if others left it; never where it asks for more than there is."""
        if any(value > node.allocatable.get(name, 0) for name, value in self.wanted.items()):
            return False
        return all(reason in _FULL or reason.startswith("Insufficient ") for reason in reasons)


def told(count: int, texts: Iterable[str]) -> str:
    """How often each reason was met, as FailedScheduling says it of ``count`` nodes."""
    shown = sorted(f"{times} {text}" for text, times in Counter(texts).items())
    return f"0/{count} nodes are available: {', '.join(one.rstrip('.') for one in shown)}."
