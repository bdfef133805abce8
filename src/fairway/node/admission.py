"""Admission: what a node refuses to run although the pod is bound to it.  Pure.

The scheduler sees to it that this is rare; a pod that names its node itself has not met the scheduler.
Source: Kubernetes docs, "Assigning Pods to Nodes", nodeName; the reasons are those of the kubelet.
"""

from collections.abc import Iterable

from fairway.kinds.pod.host_ports import collide, host_ports
from fairway.node.pod_spec import is_terminal
from fairway.node.pod_view import Waiting
from fairway.objects import Object

NO_PORTS = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"


def refusal(pod: Object, others: Iterable[Object]) -> Waiting | None:
    """Why the pod cannot run beside those that are here already; those that have ended hold nothing."""
    wanted = list(host_ports(pod))
    if wanted and any(collide(wanted, host_ports(other)) for other in others if not is_terminal(other)):
        return Waiting("NodePorts", NO_PORTS)
    return None
