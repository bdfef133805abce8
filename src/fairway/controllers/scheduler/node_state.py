"""NodeState: one node with what is left of it while pods are being placed.  Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from fairway.controllers.rules import pods as pod_rules
from fairway.controllers.rules import taints as taint_rules
from fairway.controllers.scheduler.requests import ONE, PODS, Amounts, add, amounts, pod_requests
from fairway.kinds.pod.host_ports import HostPort, host_ports
from fairway.objects import Object
from fairway.objects.conditions import condition
from fairway.reconcile.owners import controller_of


def priority_of(pod: Object) -> int:
    """The pod's priority; 0 without."""
    return int(pod["spec"].get("priority") or 0)


@dataclass(slots=True)
class NodeState:
    """``used`` grows as pods are placed; ``taints`` include those that follow from conditions."""

    name: str
    labels: Mapping[str, str]
    taints: Sequence[Object]
    is_unschedulable: bool
    allocatable: Amounts
    used: Amounts = field(default_factory=dict)
    ports: list[HostPort] = field(default_factory=list)
    pods: list[Object] = field(default_factory=list)
    owners: Counter[str] = field(default_factory=Counter)
    """How many pods each controller (by uid) has here."""
    reserved: list[Object] = field(default_factory=list)
    """The pods that will not have certain others near."""
    least: float = inf
    """No pod here has a lower priority."""

    def place(self, pod: Object) -> None:
        """Count ``pod`` as running here."""
        self.pods.append(pod)
        self.least = min(self.least, priority_of(pod))
        add(self.used, pod_requests(pod))
        add(self.used, {PODS: ONE})
        self.ports += host_ports(pod)
        if (owner := controller_of(pod)) is not None:
            self.owners[owner["uid"]] += 1
        if ((pod["spec"].get("affinity") or {}).get("podAntiAffinity")) is not None:
            self.reserved.append(pod)

    def remove(self, pod: Object) -> None:
        """Count ``pod``, which is counted, no longer."""
        self.pods = [one for one in self.pods if one is not pod]
        add(self.used, {name: -value for name, value in pod_requests(pod).items()})
        add(self.used, {PODS: -ONE})
        for port in host_ports(pod):
            self.ports.remove(port)
        if (owner := controller_of(pod)) is not None:
            self.owners[owner["uid"]] -= 1
        self.reserved = [one for one in self.reserved if one is not pod]

    def copy(self) -> "NodeState":
        """Another one, in which others can be placed in thought."""
        return replace(
            self, used=dict(self.used), ports=list(self.ports), pods=list(self.pods), owners=self.owners.copy(),
            reserved=list(self.reserved),
        )  # fmt: skip

    def free(self, resource: str) -> int:
        """What is left of a resource."""
        return self.allocatable.get(resource, 0) - self.used.get(resource, 0)


NOT_READY = {"key": taint_rules.NOT_READY, "effect": "NoSchedule"}


def node_states(nodes: Iterable[Object], pods: Iterable[Object]) -> list[NodeState]:
    """Every node that stays, with the pods that are bound to it and have not ended; in name order."""
    states = {
        node["metadata"]["name"]: _state(node) for node in sorted(nodes, key=lambda node: node["metadata"]["name"])
        if not pod_rules.is_terminating(node)
    }  # fmt: skip
    for pod in pods:
        state = states.get(pod["spec"].get("nodeName") or "")
        if state is not None and not pod_rules.is_terminal(pod):
            state.place(pod)
    return list(states.values())


def _state(node: Object) -> NodeState:
    meta, spec, status = node["metadata"], node.get("spec") or {}, node.get("status") or {}
    taints = list(spec.get("taints") or ())
    ready = condition(node, "Ready")
    is_known = {taint["key"] for taint in taints} & {taint_rules.NOT_READY, taint_rules.UNREACHABLE}
    if (ready is None or ready.get("status") != "True") and not is_known:
        taints.append(NOT_READY)
    return NodeState(
        name=meta["name"], labels=meta.get("labels") or {}, taints=taints,
        is_unschedulable=bool(spec.get("unschedulable")),
        allocatable=amounts(status.get("allocatable") or status.get("capacity")),
    )  # fmt: skip
