"""Kept sockets: the supervisor holds a child's sockets too, so that they stay open while the child is started anew.

Shape: a child opens its sockets through ``KeptSockets``, which hands each new one to the ``Shelf`` that the supervisor
has for it; the next of that child finds them there.  Whoever asks meanwhile waits in the socket and is not refused.
Light: the supervisor imports it.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Iterable, Iterator

MOST = 64
"""Sockets of one child that are held at most."""

Open = Callable[[str, int, socket.SocketKind], socket.socket]
Place = tuple[str, int, socket.SocketKind]
_PIDFD_GETFD = 438


class Shelf:
    """The supervisor's side, for one child and those that come after it."""

    def __init__(self) -> None:
        self._own, self._given = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._own.setblocking(False)
        self._held: list[int] = []

    def fileno(self) -> int:
        """Readable when the child hands something over."""
        return self._own.fileno()

    def take(self) -> None:
        """Hold what the child hands over."""
        with contextlib.suppress(BlockingIOError):
            while True:
                _, descriptors, _, _ = socket.recv_fds(self._own, 16, MOST, socket.MSG_CMSG_CLOEXEC)
                room = MOST - len(self._held)
                self._held += descriptors[:room]
                for descriptor in descriptors[room:]:
                    os.close(descriptor)

    def close(self) -> None:
        """Let go of everything."""
        self._own.close()
        self._given.close()
        while self._held:
            os.close(self._held.pop())

    @property
    def passed(self) -> tuple[int, ...]:
        """What the next child must inherit."""
        return (self._given.fileno(), *self._held)

    @property
    def words(self) -> list[str]:
        """What the next child is told of it."""
        return ["--keep-fds", ",".join(map(str, self.passed))]


class KeptSockets:
    """The child's side.  ``told`` are the descriptors that it was passed; without any, nothing is kept."""

    def __init__(self, told: str | None, opening: Open) -> None:
        self._opening = opening
        channel, *held = map(int, told.split(",")) if told else (-1,)
        self._channel = _inherited(channel) if channel >= 0 else None
        self._sockets = {_place(each): each for each in map(_inherited, held)}

    def open(self, host: str, port: int, kind: socket.SocketKind) -> socket.socket:
        """A bound socket for that place; closing it leaves the place as it is.  Raises: ``OSError``."""
        found = self._sockets.get((host, port, kind))
        if found is None:
            found = self._opening(host, port, kind)
            self._keep((host, port, kind), found)
        return found.dup()

    def take_over(self, pid: int, descriptors: Iterable[int]) -> None:
        """Keep the sockets that another process listens on: those before us may have been lost with the supervisor.

        Source: pidfd_getfd(2).  Raises: ``OSError``.
        """
        for found in _copied(pid, descriptors):
            if _place(found) in self._sockets:
                found.close()
            else:
                self._keep(_place(found), found)

    def _keep(self, place: Place, found: socket.socket) -> None:
        self._sockets[place] = found
        if self._channel is not None:
            with contextlib.suppress(OSError):  # the supervisor was killed, and another took over
                socket.send_fds(self._channel, [b"\n"], [found.fileno()])

    def close(self) -> None:
        """Let go of what is open here; what the supervisor holds stays."""
        for each in (self._channel, *self._sockets.values()):
            if each is not None:
                each.close()


def _inherited(descriptor: int) -> socket.socket:
    os.set_inheritable(descriptor, False)
    return socket.socket(fileno=descriptor)


def _copied(pid: int, descriptors: Iterable[int]) -> Iterator[socket.socket]:
    """Another process' sockets, each as one of our own."""
    import ctypes  # not at module level: the supervisor imports this module and needs none of it

    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.pidfd_open(pid)
    try:
        for descriptor in descriptors:
            copied = libc.syscall(_PIDFD_GETFD, handle, descriptor, 0)
            if copied < 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            yield socket.socket(fileno=copied)
    finally:
        os.close(handle)


def _place(bound: socket.socket) -> Place:
    host, port, *_ = bound.getsockname()
    return host, port, socket.SocketKind(bound.type)
