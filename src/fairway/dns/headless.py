"""Headless: the endpoints of one headless Service as record data, kept up to date endpoint by endpoint.

Shape: endpoints are counted in and out, since several slices may hold the same; what was counted is read in the order
in which it came.  A change costs as much as it is large, however many endpoints there are.  No I/O.
"""

import struct
from typing import Final, TypeVar

from fairway.dns.records import Endpoint, Port
from fairway.dns.wire import AAAA, A

PRIORITY: Final = 0
G = TypeVar("G")


class HeadlessView:
    """``addresses`` by record type, ``hosts`` by label; ``targets`` by port and protocol: port number and host name.

    ``own`` is the name of the Service on the wire.
    """

    __slots__ = ("_own", "addresses", "hosts", "targets")

    def __init__(self, own: bytes) -> None:
        self._own = own
        self.addresses: dict[int, dict[bytes, int]] = {}
        self.hosts: dict[str, dict[bytes, int]] = {}
        self.targets: dict[tuple[str, str], dict[bytes, int]] = {}

    def count(self, endpoint: Endpoint, ports: tuple[Port, ...], step: int) -> None:
        """One endpoint of one slice more, or less."""
        address, host = endpoint
        _count(self.addresses, A if len(address) == 4 else AAAA, address, step)
        _count(self.hosts, host, address, step)
        if ports:
            target = bytes((len(host),)) + host.encode("latin-1") + self._own
            for port in ports:
                _count(self.targets, (port.name, port.protocol), port.number.to_bytes(2, "big") + target, step)

    def has_protocol(self, protocol: str) -> bool:
        """Whether any port that has a name is of this protocol."""
        return any(name and each == protocol for name, each in self.targets)

    def all_targets(self) -> list[bytes]:
        """Those of every port."""
        return list(dict.fromkeys(target for each in self.targets.values() for target in each))


def _count(groups: dict[G, dict[bytes, int]], group: G, entry: bytes, step: int) -> None:
    counts = groups.setdefault(group, {})
    number = counts.get(entry, 0) + step
    if number:
        counts[entry] = number
        return
    counts.pop(entry, None)
    if not counts:
        del groups[group]


def srv(targets: list[bytes]) -> list[bytes]:
    """Data of SRV records with equal shares; a target is the number of the port and the name of the host."""
    head = struct.pack(">HH", PRIORITY, max(100 // len(targets), 1)) if targets else b""
    return [head + target for target in targets]
