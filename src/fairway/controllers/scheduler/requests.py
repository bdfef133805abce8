"""Requests: what a pod needs of a node's resources.  Pure.

Source: Kubernetes docs, "Resource Management for Pods and Containers", "Sidecar Containers"; KEP-753.
"""

from fairway.kinds.rules.pod_amounts import of_pod
from fairway.objects import Object
from fairway.objects.quantity import parse

Amounts = dict[str, int]
"""Resource name -> billionths, so that every quantity is a whole number."""

PODS = "pods"
ONE = 10**9
DEFAULT_CPU = 100 * 10**6
DEFAULT_MEMORY = 200 * 2**20 * ONE
"""What a container without requests is taken for when nodes are compared; nothing when they are filtered."""


def amounts(found: Object | None) -> Amounts:
    """Quantities by resource as numbers."""
    return {name: parse(str(value)).nano for name, value in (found or {}).items()}


def add(total: Amounts, more: Amounts) -> None:
    """Add ``more`` to ``total``."""
    for name, value in more.items():
        total[name] = total.get(name, 0) + value


def pod_requests(pod: Object) -> Amounts:
    """Containers and sidecars together, or the largest moment of initialization if that is more; plus overhead."""
    total = of_pod(pod["spec"], "requests", with_overhead=True)
    return {name: value.nano for name, value in total.items() if value}
