"""Stream: the open end of a streamed answer, and the one flush per loop turn that serves all of them.

Shape: ``write`` only queues; all streams that were written to in one turn of the event loop are flushed together,
so that a burst of events costs each stream one TLS record and not one per event.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from fairway.transport.chunk import LAST_CHUNK, payload


class Outlet(Protocol):
    """What a stream needs of its connection."""

    @property
    def is_open(self) -> bool:
        """Whether bytes may still be written."""

    @property
    def is_paused(self) -> bool:
        """Whether the peer is slower than the writer."""

    @property
    def unsent_bytes(self) -> int:
        """What waits in the transport."""

    def send(self, data: bytes) -> None:
        """Write to the transport."""

    def end_stream(self) -> None:
        """The answer is complete."""

    def abort(self) -> None:
        """Drop the connection."""

    async def drained(self) -> None:
        """Return when the transport takes more, or the peer has gone."""


class Flusher:
    """Flushes every stream that has something queued, once per turn of the loop."""

    __slots__ = ("_due", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: list[OpenStream] = []

    def add(self, stream: "OpenStream") -> None:
        """Flush ``stream`` in the next turn."""
        if not self._due:
            self._loop.call_soon(self._flush)
        self._due.append(stream)

    def _flush(self) -> None:
        due, self._due = self._due, []
        for stream in due:
            stream.flush()


class OpenStream:
    """A ``StreamWriter``."""

    __slots__ = ("_flusher", "_frames", "_is_chunked", "_limit_bytes", "_on_closed", "_outlet", "_queued_bytes")

    def __init__(
        self, outlet: Outlet, flusher: Flusher, on_closed: Callable[[], None], limit_bytes: int, *, is_chunked: bool
    ) -> None:
        self._outlet: Outlet | None = outlet
        self._flusher = flusher
        self._on_closed = on_closed
        self._limit_bytes = limit_bytes
        self._is_chunked = is_chunked
        self._frames: list[bytes] = []
        self._queued_bytes = 0

    def write(self, frame: bytes) -> None:
        """See ``StreamWriter``."""
        outlet = self._outlet
        if outlet is None:
            return
        if not self._frames:
            self._flusher.add(self)
        self._frames.append(frame if self._is_chunked else payload(frame))
        self._queued_bytes += len(frame)
        if self._queued_bytes > self._limit_bytes:
            self.flush()

    def flush(self) -> None:
        """Hand everything queued to the transport, and drop a peer that lets too much pile up there."""
        outlet, frames = self._outlet, self._frames
        if outlet is None or not frames:
            return
        self._frames = []
        self._queued_bytes = 0
        outlet.send(frames[0] if len(frames) == 1 else b"".join(frames))
        if outlet.is_paused and outlet.unsent_bytes > self._limit_bytes:
            outlet.abort()
            self.end()

    def close(self) -> None:
        """See ``StreamWriter``."""
        outlet = self._outlet
        if outlet is None:
            return
        if self._is_chunked:
            self._frames.append(LAST_CHUNK)
        self.flush()
        if self._outlet is not None:
            self.end()
            outlet.end_stream()

    def abort(self) -> None:
        """See ``StreamWriter``."""
        outlet = self._outlet
        if outlet is not None:
            outlet.abort()
            self.end()

    def end(self) -> None:
        """It is over: tell the handler, once."""
        if self._outlet is not None:
            self._outlet = None
            self._frames = []
            self._on_closed()

    @property
    def is_closed(self) -> bool:
        """See ``StreamWriter``."""
        return self._outlet is None

    @property
    def pending_bytes(self) -> int:
        """See ``StreamWriter``."""
        return 0 if self._outlet is None else self._queued_bytes + self._outlet.unsent_bytes

    async def drained(self) -> None:
        """See ``StreamWriter``."""
        outlet = self._outlet
        if outlet is not None:
            self.flush()
            await outlet.drained()
