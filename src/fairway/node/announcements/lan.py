"""Lan: the sockets through which one device's neighbours are heard and spoken to.

Shape: packet sockets, so that no address is put on any device and nothing is left behind when the process ends.  A
filter in the kernel passes only ARP and neighbour discovery.  IPv6 addresses are looked for in multicast groups; they
are joined through an ordinary socket, so that switches that listen to memberships (MLD) send their frames here.
Sources: packet(7), socket(7), linux/filter.h.
"""

import asyncio
import ctypes
import logging
import socket
import struct
from collections import Counter
from collections.abc import Callable

from fairway.node.announcements.device import Device
from fairway.node.announcements.frames import (
    ADVERTISEMENT,
    ETH_P_ARP,
    ETH_P_IPV6,
    ICMPV6,
    SOLICITATION,
    Heard,
    heard,
    solicited_node,
)

log = logging.getLogger(__name__)

_SO_ATTACH_FILTER = 26
_LOAD_BYTE, _JUMP_EQUAL, _RETURN = 0x30, 0x15, 0x06
_NEXT_HEADER_AT, _ICMP_TYPE_AT = 20, 54
DISCOVERY_ONLY = (
    (_LOAD_BYTE, 0, 0, _NEXT_HEADER_AT),
    (_JUMP_EQUAL, 0, 4, ICMPV6),
    (_LOAD_BYTE, 0, 0, _ICMP_TYPE_AT),
    (_JUMP_EQUAL, 1, 0, SOLICITATION),
    (_JUMP_EQUAL, 0, 1, ADVERTISEMENT),
    (_RETURN, 0, 0, 0xFFFF),
    (_RETURN, 0, 0, 0),
)
"""Of IPv6 frames those of neighbour discovery; no extension header may come before (RFC 6980 for fragments)."""
BATCH = 64


class Lan:
    """The neighbours of ``device``; ``hear`` is told what they say.  Raises: ``OSError`` without CAP_NET_RAW."""

    def __init__(self, device: Device, hear: Callable[[Device, Heard], None]) -> None:
        self.device = device
        self._hear = hear
        self._groups: Counter[str] = Counter()
        self._sockets = {ETH_P_ARP: _open(device, ETH_P_ARP), ETH_P_IPV6: _open(device, ETH_P_IPV6, DISCOVERY_ONLY)}
        self._members = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        for one in self._sockets.values():
            asyncio.get_running_loop().add_reader(one.fileno(), self._read, one)

    def _read(self, one: socket.socket) -> None:
        for _ in range(BATCH):
            try:
                frame = one.recv(512)
            except OSError:
                # Nothing more, or the device is down: of that we are told by another way.
                return
            said = heard(frame)
            if said is not None and said.mac != self.device.mac:
                self._hear(self.device, said)

    def send(self, frame: bytes) -> None:
        """Send at once; what cannot be sent now is lost, as any frame may be."""
        kind = int.from_bytes(frame[12:14], "big")
        try:
            self._sockets[kind].send(frame)
        except OSError as error:
            log.debug("frame not sent", extra={"device": self.device.name, "error": str(error)})

    def listen_for(self, at: str) -> None:
        """Hear who looks for an address."""
        if ":" in at:
            group = solicited_node(at)
            self._groups[group] += 1
            if self._groups[group] == 1:
                self._member(socket.IPV6_JOIN_GROUP, group)

    def forget(self, at: str) -> None:
        """No longer."""
        if ":" in at:
            group = solicited_node(at)
            self._groups[group] -= 1
            if not self._groups[group]:
                del self._groups[group]
                self._member(socket.IPV6_LEAVE_GROUP, group)

    def _member(self, option: int, group: str) -> None:
        request = socket.inet_pton(socket.AF_INET6, group) + struct.pack("=I", self.device.index)
        try:
            self._members.setsockopt(socket.IPPROTO_IPV6, option, request)
        except OSError as error:
            extra = {"device": self.device.name, "group": group, "error": str(error)}
            log.warning("IPv6 multicast group not changed", extra=extra)

    def close(self) -> None:
        """Stop hearing."""
        for one in self._sockets.values():
            asyncio.get_running_loop().remove_reader(one.fileno())
            one.close()
        self._members.close()


def _open(device: Device, kind: int, program: tuple[tuple[int, int, int, int], ...] = ()) -> socket.socket:
    # Kind 0: nothing is received before filter and device are set.
    one = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    try:
        if program:
            code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
            head = struct.pack("@HP", len(program), ctypes.addressof(code))
            one.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, head)
        one.bind((device.name, kind))
    except OSError:
        one.close()
        raise
    return one
