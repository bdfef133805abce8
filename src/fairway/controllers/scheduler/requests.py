"""Requests: what a pod needs of a node: resources and host ports.  Pure.

Source: Kubernetes docs, "Resource Management for Pods and Containers", "Sidecar Containers"; KEP-753.
"""

from collections.abc import Iterable, Iterator

from fairway.objects import Object
from fairway.objects.quantity import parse

Amounts = dict[str, int]
"""Resource name -> billionths, so that every quantity is a whole number."""

PODS = "pods"
ONE = 10**9
DEFAULT_CPU = 100 * 10**6
DEFAULT_MEMORY = 200 * 2**20 * ONE
"""What a container without requests is taken for when nodes are compared; nothing when they are filtered."""

HostPort = tuple[str, str, int]
"""Address, protocol, port."""
ANY = ("", "0.0.0.0", "::")


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


def host_ports(pod: Object) -> Iterator[HostPort]:
    """Every port of the node that the pod wants for itself."""
    spec = pod["spec"]
    for container in (*spec["containers"], *(spec.get("initContainers") or ())):
        for port in container.get("ports") or ():
            if number := port.get("hostPort"):
                yield port.get("hostIP") or "", port.get("protocol") or "TCP", number


def collide(wanted: Iterable[HostPort], taken: Iterable[HostPort]) -> bool:
    """Whether a port is wanted twice; an unspecified address collides with every address."""
    found = list(taken)
    for address, protocol, number in wanted:
        for other, other_protocol, other_number in found:
            same_port = (protocol, number) == (other_protocol, other_number)
            if same_port and (address == other or address in ANY or other in ANY):
                return True
    return False
