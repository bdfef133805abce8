"""Admission: what a node refuses to run although the pod is bound to it.  Pure.

The scheduler sees to it that this is rare; a pod that names its node itself has not met the scheduler.
Source: Kubernetes docs, "Assigning Pods to Nodes", nodeName; the reasons are those of the kubelet.
"""

from collections.abc import Iterable, Mapping

from fairway.kinds.pod.host_ports import collide, host_ports
from fairway.kinds.rules.pod_amounts import add, amounts, of_pod
from fairway.node.pod_spec import is_terminal
from fairway.node.pod_view import Waiting
from fairway.objects import Object
from fairway.objects.quantity import Quantity

NO_PORTS = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
PODS, CPU = "pods", "cpu"


def refusal(pod: Object, others: Iterable[Object], allocatable: Mapping[str, str]) -> Waiting | None:
    """Why the pod cannot run beside those that are here already; those that have ended hold nothing."""
    here = [other for other in others if not is_terminal(other)]
    if found := _short(pod, here, allocatable):
        return found
    wanted = list(host_ports(pod))
    if wanted and any(collide(wanted, host_ports(other)) for other in here):
        return Waiting("NodePorts", NO_PORTS)
    return None


def _short(pod: Object, here: list[Object], allocatable: Mapping[str, str]) -> Waiting | None:
    """The first resource of which there is not enough; what the node does not know of is not its to refuse."""
    has = amounts(dict(allocatable))
    if PODS in has and len(here) + 1 > has[PODS].whole:
        return _lacking(PODS, 1, len(here), has[PODS].whole)
    wanted = of_pod(pod["spec"], "requests", with_overhead=True)
    used: dict[str, Quantity] = {}
    for other in here:
        add(used, of_pod(other["spec"], "requests", with_overhead=True))
    for name, value in wanted.items():
        taken = _counted(name, used[name]) if name in used else 0
        if name in has and _counted(name, value) > _counted(name, has[name]) - taken and _counted(name, value):
            return _lacking(name, _counted(name, value), taken, _counted(name, has[name]))
    return None


def _counted(name: str, amount: Quantity) -> int:
    """CPU in thousandths, memory in bytes, as the kubelet counts."""
    return amount.milli if name == CPU else amount.whole


def _lacking(name: str, requested: int, used: int, capacity: int) -> Waiting:
    about = f"requested: {requested}, used: {used}, capacity: {capacity}"
    return Waiting(f"OutOf{name}", f"Node didn't have enough resource: {name}, {about}")
