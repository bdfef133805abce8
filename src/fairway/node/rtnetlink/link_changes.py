"""LinkChanges: word of every change of a network device.  Source: rtnetlink(7)."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

_RTMGRP_LINK = 1


class LinkChanges:
    """Calls ``changed`` whenever any device came, went, or is otherwise than before, from now on."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        self._socket.bind((0, _RTMGRP_LINK))
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    def _read(self) -> None:
        # What exactly changed is looked up; lost messages (ENOBUFS) are a change too.
        with contextlib.suppress(OSError):
            while self._socket.recv(65536):
                pass
        self._changed()

    def close(self) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()
