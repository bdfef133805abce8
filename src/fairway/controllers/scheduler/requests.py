"""Requests: what a pod needs of a node's resources.  Pure.

Source: Kubernetes docs, "Resource Management for Pods and Containers", "Sidecar Containers"; KEP-753.
"""

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


def _requests(container: Object) -> Amounts:
    return amounts((container.get("resources") or {}).get("requests"))


def add(total: Amounts, more: Amounts) -> None:
    """Add ``more`` to ``total``."""
    for name, value in more.items():
        total[name] = total.get(name, 0) + value


def pod_requests(pod: Object) -> Amounts:
    """Containers and sidecars together, or the largest moment of initialization if that is more; plus overhead."""
    spec = pod["spec"]
    total: Amounts = {}
    for container in spec["containers"]:
        add(total, _requests(container))
    sidecars: Amounts = {}
    largest: Amounts = {}
    for container in spec.get("initContainers") or ():
        moment = _requests(container)
        add(moment, sidecars)
        if container.get("restartPolicy") == "Always":
            add(sidecars, _requests(container))
        for name, value in moment.items():
            largest[name] = max(largest.get(name, 0), value)
    add(total, sidecars)
    for name, value in largest.items():
        total[name] = max(total.get(name, 0), value)
    add(total, amounts(spec.get("overhead")))
    return {name: value for name, value in total.items() if value}
