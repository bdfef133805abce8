"""Mapping: which port of the node leads to which pod, and what changes between two times.  Pure.

Source: Kubernetes API reference, "ContainerPort v1 core", hostPort and hostIP.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from fairway.node.runtimes.interface import HostPort

FAMILIES = (4, 6)


@dataclass(frozen=True, slots=True, order=True)
class Frontend:
    """What is asked for on the node: ``address`` empty is every address of the family."""

    family: int
    address: str
    protocol: str
    """Lower case, as the kernel's tools write it."""
    port: int

    @property
    def is_looped(self) -> bool:
        """Whether 127.0.0.1 leads there too."""
        return self.family == 4 and (not self.address or ip_address(self.address).is_loopback)


Backend = tuple[str, int]
"""Address and port of a pod."""

Mappings = dict[Frontend, Backend]


def mappings_of(ports: Iterable[HostPort], ips: Sequence[str]) -> Iterator[tuple[Frontend, Backend]]:
    """One pod's: without an address in each family that the pod has, else in the family of that address."""
    first = {ip_address(ip).version: ip for ip in reversed(ips)}
    for port in ports:
        asked = ip_address(port.address) if port.address else None
        for family in FAMILIES:
            if family not in first or (asked is not None and asked.version != family):
                continue
            address = "" if asked is None or asked.is_unspecified else str(asked)
            yield Frontend(family, address, port.protocol.lower(), port.port), (first[family], port.container_port)


def merged(pods: Mapping[str, Mappings]) -> Mappings:
    """All pods' together; of two with the same port the later one has it: the earlier has ended, or lost it."""
    found: Mappings = {}
    for mappings in pods.values():
        found |= mappings
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """What is to be forgotten and what is new; a port that leads elsewhere is in both."""

    gone: Mappings
    new: Mappings


def difference(before: Mappings, after: Mappings) -> Difference:
    """From one time to another."""
    return Difference(
        gone={frontend: backend for frontend, backend in before.items() if after.get(frontend) != backend},
        new={frontend: backend for frontend, backend in after.items() if before.get(frontend) != backend},
    )
