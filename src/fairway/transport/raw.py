"""Raw: the bare connection after an upgrade, with back-pressure both ways."""

import asyncio
from typing import Protocol

from fairway.transport.limits import KIBIBYTE

_READ_AHEAD_BYTES = 256 * KIBIBYTE


class BareTransport(Protocol):
    """What a raw connection needs of its connection."""

    @property
    def is_open(self) -> bool:
        """Whether bytes may still be written."""

    def send(self, data: bytes) -> None:
        """Write to the transport."""

    def send_eof(self) -> None:
        """Half-close if that is possible."""

    def set_reading(self, *, is_wanted: bool) -> None:
        """Take more bytes from the peer, or leave them to its kernel."""

    def close(self) -> None:
        """End the connection after what was written."""

    async def drained(self) -> None:
        """Return when the transport takes more, or the peer has gone."""


class OpenRaw:
    """A ``RawConnection``.  ``feed`` and ``feed_eof`` are the connection's side of it."""

    __slots__ = ("_bare", "_is_ended", "_parts", "_size_bytes", "_waiter")

    def __init__(self, bare: BareTransport, leftover: bytes) -> None:
        self._bare = bare
        self._parts = [leftover] if leftover else []
        self._size_bytes = len(leftover)
        self._is_ended = False
        self._waiter: asyncio.Future[None] | None = None

    def feed(self, data: bytes) -> None:
        """Bytes came."""
        self._parts.append(data)
        self._size_bytes += len(data)
        if self._size_bytes > _READ_AHEAD_BYTES:
            self._bare.set_reading(is_wanted=False)
        self._wake()

    def feed_eof(self) -> None:
        """The peer will send no more."""
        self._is_ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def read(self) -> bytes:
        """See ``RawConnection``."""
        while not self._parts and not self._is_ended:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        taken = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        self._size_bytes = 0
        self._bare.set_reading(is_wanted=True)
        return taken

    async def write(self, data: bytes) -> None:
        """See ``RawConnection``."""
        if self._bare.is_open:
            self._bare.send(data)
            await self._bare.drained()
        if not self._bare.is_open:
            raise ConnectionResetError("the peer has gone")

    def write_eof(self) -> None:
        """See ``RawConnection``."""
        self._bare.send_eof()

    def close(self) -> None:
        """See ``RawConnection``."""
        self._is_ended = True
        self._bare.close()
        self._wake()
