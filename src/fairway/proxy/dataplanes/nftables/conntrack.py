"""Conntrack: end flows of UDP and SCTP that lead to an endpoint which is gone.

Shape: a dump of the entries of one protocol, a pure check of each (``stale``), one delete per entry that must go.
A flow without connection goes on as long as its client sends, so its entry would outlive the endpoint.
Source: linux/netfilter/nfnetlink_conntrack.h.
"""

import errno
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import NamedTuple

from fairway.proxy.dataplanes.nftables.frame import netlink_family
from fairway.proxy.dataplanes.nftables.local_addresses import NETLINK_ROUTE, local_addresses
from fairway.proxy.dataplanes.nftables.netlink import (
    NetlinkError,
    NetlinkSocket,
    attribute,
    attributes,
    first,
    message,
    nested,
)
from fairway.proxy.delta import FlowRule
from fairway.proxy.model import Endpoint, FrontendKey, frontend_parts
from fairway.proxy.stale import Flow, is_stale, rules_by_frontend

_GET, _DELETE = 1 << 8 | 1, 1 << 8 | 2
_ORIGINAL, _REPLY, _STATUS, _ID, _ZONE, _FILTER = 1, 2, 3, 12, 18, 25
_IP, _PROTOCOL = 1, 2
_SOURCES, _DESTINATIONS = (1, 3), (2, 4)
_NUMBER, _SOURCE_PORT, _DESTINATION_PORT = 1, 2, 3
_ORIGINAL_FLAGS, _BY_PROTOCOL = 1, 1 << 3
_DESTINATION_TRANSLATED = 1 << 5
_DELETES_AT_ONCE = 500


class Direction(NamedTuple):
    """One direction of an entry: addresses, protocol and ports as the kernel wrote them."""

    source: bytes
    destination: bytes
    protocol: int
    source_port: bytes
    destination_port: bytes


class ConntrackSocket:
    """Netlink sockets to connection tracking and routing.  Not for two threads at once."""

    def __init__(self) -> None:
        self._socket = NetlinkSocket()
        self._route = NetlinkSocket(NETLINK_ROUTE)

    def close(self) -> None:
        """Close the sockets."""
        self._socket.close()
        self._route.close()

    def forget(self, rules: Mapping[int, Sequence[FlowRule]]) -> int:
        """End the flows that a rule no longer allows; the answer is how many.  Raises: ``NetlinkError``."""
        count = 0
        for family, mine in rules.items():
            allowed = rules_by_frontend(mine)
            own: Container[bytes] = ()
            if any(not frontend_parts(key)[0] for key in allowed):
                own = local_addresses(self._route, netlink_family(family))
            for protocol in sorted({frontend_parts(key)[1] for key in allowed}):
                entries = self._entries(family, protocol)
                stale = [entry for entry in entries if (flow := flow_of(entry)) and is_stale(flow, allowed, own)]
                count += self._delete(family, stale)
        return count

    def _entries(self, family: int, protocol: int) -> list[bytes]:
        """The entries of a protocol; a kernel before 5.8 ignores the filter and gives all."""
        wanted = nested(_ORIGINAL, nested(_PROTOCOL, attribute(_NUMBER, bytes((protocol,)))))
        by_protocol = nested(_FILTER, attribute(_ORIGINAL_FLAGS, _BY_PROTOCOL.to_bytes(4, "little")))
        found = self._socket.dump(message(_GET, 0, netlink_family(family), wanted + by_protocol))
        return [entry for entry in found if (way := direction(entry, _ORIGINAL)) and way.protocol == protocol]

    def _delete(self, family: int, entries: Sequence[bytes]) -> int:
        """Delete entries; one that ended by itself meanwhile is as good."""
        count = 0
        for start in range(0, len(entries), _DELETES_AT_ONCE):
            requests = [_delete_message(family, entry) for entry in entries[start : start + _DELETES_AT_ONCE]]
            for code in self._socket.send_all(requests):
                if code not in (0, errno.ENOENT):
                    raise NetlinkError(code, 0)
                count += code == 0
        return count


def flow_of(entry: bytes) -> Flow | None:
    """What the proxy must know of an entry."""
    there, back = direction(entry, _ORIGINAL), direction(entry, _REPLY)
    if there is None or back is None:
        return None
    status = int.from_bytes(first(entry, 20, len(entry), _STATUS) or b"", "big")
    return Flow(
        frontend=FrontendKey(there.destination + bytes((there.protocol, 0, 0, 0)) + there.destination_port + b"\0\0"),
        answered_by=Endpoint(back.source + back.source_port + b"\0\0"),
        is_translated=bool(status & _DESTINATION_TRANSLATED),
    )


def direction(entry: bytes, kind: int) -> Direction | None:
    """One direction of an entry; ``None`` where the protocol has no ports."""
    found: dict[tuple[int, int], bytes] = {}
    for part, begin, end in attributes(entry, 20, len(entry)):
        if part != kind:
            continue
        for outer, inner_begin, inner_end in attributes(entry, begin, end):
            for inner, at, stop in attributes(entry, inner_begin, inner_end):
                found[outer, inner] = entry[at:stop]
    source = next(_each(found, _IP, _SOURCES), None)
    destination = next(_each(found, _IP, _DESTINATIONS), None)
    ports = found.get((_PROTOCOL, _SOURCE_PORT)), found.get((_PROTOCOL, _DESTINATION_PORT))
    if source is None or destination is None or ports[0] is None or ports[1] is None:
        return None
    return Direction(source, destination, found[_PROTOCOL, _NUMBER][0], ports[0], ports[1])


def _each(found: Mapping[tuple[int, int], bytes], outer: int, inner: Sequence[int]) -> Iterator[bytes]:
    return (found[outer, each] for each in inner if (outer, each) in found)


def _delete_message(family: int, entry: bytes) -> bytes:
    """Name the entry by its first direction and its number, so that a successor is not hit."""
    original = first(entry, 20, len(entry), _ORIGINAL) or b""
    number = first(entry, 20, len(entry), _ID)
    zone = first(entry, 20, len(entry), _ZONE)
    return message(
        _DELETE, 0, netlink_family(family),
        nested(_ORIGINAL, original)
        + (attribute(_ID, number) if number else b"")
        + (attribute(_ZONE, zone) if zone else b""),
    )  # fmt: skip
