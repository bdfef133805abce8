"""Which ports of its node a pod wants for itself, and whether two pods want the same.  Pure.

Source: Kubernetes API reference, "ContainerPort v1 core", hostPort and hostIP.
"""

from collections.abc import Iterable, Iterator

from fairway.objects import Object

HostPort = tuple[str, str, int]
"""Address, protocol, port."""

_ANY = ("", "0.0.0.0", "::")


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
            if same_port and (address == other or address in _ANY or other in _ANY):
                return True
    return False
