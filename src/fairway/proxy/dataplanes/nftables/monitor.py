"""Monitor: notices when another program changes the kernel's tables.

Shape: a netlink socket in the group of nf_tables events, with a filter in the kernel that lets only the end of a
transaction pass; whose it was stands in the message.
``systemctl restart nftables`` flushes everyone's tables; without this, Services would be gone until the next change.
Source: linux/netfilter/nfnetlink.h, NFNLGRP_NFTABLES; linux/filter.h.
"""

import asyncio
import ctypes
import errno
import socket
import struct
from typing import Final

from fairway.proxy.dataplanes.nftables.netlink import NETLINK_NETFILTER, NFTABLES

_GROUP: Final = 7
_SOL_NETLINK, _ADD_MEMBERSHIP, _DROP_MEMBERSHIP = 270, 1, 2
_ATTACH_FILTER = 26
_NEW_GENERATION: Final = NFTABLES << 8 | 15

_LOAD_HALF, _JUMP_EQUAL, _RETURN = 0x28, 0x15, 0x06
_INSTRUCTION = struct.Struct("=HBBI")
_KEEP, _IGNORE = 0xFFFFFFFF, 0


def _filter() -> bytes:
    """A classic BPF program: keep a packet whose first message is the end of a transaction."""
    # The type is in host order and BPF loads in network order.
    wanted = socket.htons(_NEW_GENERATION)
    return b"".join((
        _INSTRUCTION.pack(_LOAD_HALF, 0, 0, 4),
        _INSTRUCTION.pack(_JUMP_EQUAL, 0, 1, wanted),
        _INSTRUCTION.pack(_RETURN, 0, 0, _KEEP),
        _INSTRUCTION.pack(_RETURN, 0, 0, _IGNORE),
    ))  # fmt: skip


class Monitor:
    """Ends of transactions of others; ``own`` is the netlink port whose transactions are not told."""

    def __init__(self, own: int) -> None:
        self._own = own
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, NETLINK_NETFILTER
        )
        program = _filter()
        held = ctypes.create_string_buffer(program, len(program))
        attached = struct.pack("HxxxxxxP" if ctypes.sizeof(ctypes.c_void_p) == 8 else "HxxP", 4, ctypes.addressof(held))
        self._socket.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, attached)
        self._socket.bind((0, 0))
        self._has_missed = False
        self._readable = asyncio.Event()
        self._join()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def pause(self) -> None:
        """Do not listen: while somebody does, the kernel writes a message about each element of a commit."""
        self._socket.setsockopt(_SOL_NETLINK, _DROP_MEMBERSHIP, _GROUP)

    def resume(self) -> None:
        """Listen again, and tell once, since something may have been missed."""
        self._join()
        self._has_missed = True
        self._readable.set()

    def _join(self) -> None:
        self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _GROUP)

    async def wait(self) -> None:
        """Return when another program has, or may have, ended a transaction, to whatever table."""
        loop = asyncio.get_running_loop()
        descriptor = self._socket.fileno()
        loop.add_reader(descriptor, self._readable.set)
        try:
            while not self._told():
                await self._readable.wait()
                self._readable.clear()
        finally:
            loop.remove_reader(descriptor)

    def _told(self) -> bool:
        """Read everything that is there."""
        told, self._has_missed = self._has_missed, False
        while True:
            try:
                received = self._socket.recv(65536)
            except BlockingIOError:
                return told
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                told = True  # more than fits: some of it will have been others'
                continue
            sender: int = struct.unpack_from("=I", received, 12)[0]
            told = told or sender != self._own
