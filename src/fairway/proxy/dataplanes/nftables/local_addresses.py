"""Local addresses: which addresses are this machine's own, as its routing sees them.

Shape: a dump of the ``local`` routes of one family in, something that can be asked ``address in found`` out.
Node ports answer at every one of them (``fib daddr type local``), not only at those that the Node object names.
Source: rtnetlink(7), RTM_GETROUTE; linux/rtnetlink.h, "struct rtmsg".
"""

import socket
import struct
from collections.abc import Iterable, Iterator
from typing import Final

from fairway.proxy.dataplanes.nftables.netlink import F_REQUEST, NetlinkSocket, first
from fairway.proxy.model import Range

NETLINK_ROUTE: Final = 0
_GET_ROUTE: Final = 26
_TABLE_LOCAL: Final = 255
_TYPE_LOCAL: Final = 2
_DESTINATION: Final = 1
_HEADER = struct.Struct("=IHHII")
_ROUTE = struct.Struct("=BBBBBBBBI")


class LocalAddresses:
    """The addresses of one family; ``in`` tells whether one is the machine's own."""

    def __init__(self, ranges: Iterable[Range]) -> None:
        self._ranges = tuple(ranges)
        self._known: dict[bytes, bool] = {}

    def __contains__(self, at: object) -> bool:
        if not isinstance(at, bytes):
            return False
        known = self._known.get(at)
        if known is None:
            known = any(len(first) == len(at) and first <= at <= last for first, last in self._ranges)
            self._known[at] = known
        return known


def local_addresses(route: NetlinkSocket, netlink_family: int) -> LocalAddresses:
    """Those of the network namespace of ``route``, a socket of ``NETLINK_ROUTE``.  Raises: ``NetlinkError``."""
    return LocalAddresses(_ranges(route.dump(_request(netlink_family)), netlink_family))


def _request(netlink_family: int) -> bytes:
    wanted = _ROUTE.pack(netlink_family, 0, 0, 0, _TABLE_LOCAL, 0, 0, _TYPE_LOCAL, 0)
    return _HEADER.pack(_HEADER.size + len(wanted), _GET_ROUTE, F_REQUEST, 0, 0) + wanted


def _ranges(messages: Iterable[bytes], netlink_family: int) -> Iterator[Range]:
    size = 4 if netlink_family == socket.AF_INET else 16
    for each in messages:
        family, length, _, _, table, _, _, kind, _ = _ROUTE.unpack_from(each, 16)
        if (family, table, kind) != (netlink_family, _TABLE_LOCAL, _TYPE_LOCAL):
            continue
        packed = first(each, 16 + _ROUTE.size, len(each), _DESTINATION) or bytes(size)
        host = (1 << (8 * size - length)) - 1
        yield Range(packed, (int.from_bytes(packed, "big") | host).to_bytes(size, "big"))
