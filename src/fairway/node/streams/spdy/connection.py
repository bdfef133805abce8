"""SPDY connection: a session on a connection's bytes, with streams that can be read, written and half-closed.

Shape: ``run`` reads until the peer has gone; a stream whose reader lags stops the reading of the whole connection, so
nothing grows.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from fairway.node.streams.spdy.headers import Headers
from fairway.node.streams.spdy.session import (
    Accepted,
    Event,
    GoneAway,
    Opened,
    Received,
    Reset,
    Session,
    SessionProblem,
    WindowOpened,
)

READ_AHEAD_BYTES = 256 * 1024


class ByteConnection(Protocol):
    """What SPDY runs over: a raw connection, or WebSocket messages."""

    async def read(self) -> bytes:
        """At least one byte; ``b""`` at the end."""

    async def write(self, data: bytes) -> None:
        """Send, waiting while the peer is slow.  Raises: ``ConnectionError``."""

    def close(self) -> None:
        """End the connection."""


class SpdyStream:
    """One stream.  ``headers`` are those that it was opened with."""

    def __init__(self, connection: "SpdyConnection", number: int, headers: Headers) -> None:
        self.number = number
        self.headers = headers
        self.is_broken = False
        self.answered = asyncio.Event()
        """Set once the peer has accepted the stream, or it is broken off."""
        self._connection = connection
        self._parts: deque[bytes] = deque()
        self._size_bytes = 0
        self._is_ended = False
        self._arrived = asyncio.Event()
        self._window = asyncio.Event()

    def feed(self, content: bytes, *, is_last: bool) -> None:
        """Bytes came."""
        if content:
            self._parts.append(content)
            self._size_bytes += len(content)
        self._is_ended = self._is_ended or is_last
        self._arrived.set()

    def break_off(self) -> None:
        """The peer or the connection has gone."""
        self.is_broken = self._is_ended = True
        self._arrived.set()
        self._window.set()
        self.answered.set()

    @property
    def waiting_bytes(self) -> int:
        """What has come and was not read."""
        return self._size_bytes

    async def read(self) -> bytes:
        """What came, at least one byte; ``b""`` when the peer sends no more."""
        while not self._parts and not self._is_ended:
            self._arrived.clear()
            await self._arrived.wait()
        if not self._parts:
            return b""
        content = self._parts.popleft()
        self._size_bytes -= len(content)
        await self._connection.taken(self.number, len(content))
        return content

    async def write(self, content: bytes) -> None:
        """Send all of it.  Raises: ``ConnectionError`` when the stream or the peer has gone."""
        view = memoryview(content)
        while view:
            if self.is_broken:
                raise ConnectionResetError("the stream was broken off")
            self._window.clear()
            count = await self._connection.send(self.number, view)
            view = view[count:]
            if not count:
                await self._window.wait()

    def window_opened(self) -> None:
        """More may be sent."""
        self._window.set()

    async def finish(self) -> None:
        """Half-close: nothing more will be sent."""
        await self._connection.finish(self.number)

    async def reset(self) -> None:
        """Break off both ways."""
        await self._connection.reset(self.number)


class SpdyConnection:
    """``opened(stream)`` is called for each stream of the peer's, after it was accepted."""

    def __init__(
        self, raw: ByteConnection, opened: Callable[[SpdyStream], None], *, is_client: bool = False
    ) -> None:  # fmt: skip
        self._raw = raw
        self._opened = opened
        self._session = Session(is_client)
        self._streams: dict[int, SpdyStream] = {}
        self._waiting_bytes = 0
        self._is_discarding = False
        self._room = asyncio.Event()
        self.gone = asyncio.Event()
        """Set once the peer has gone."""

    async def run(self) -> None:
        """Serve the connection until the peer has gone.  Never raises for what a peer can do."""
        try:
            while data := await self._raw.read():
                for event in self._session.receive(data):
                    self._take(event)
                await self._flush()
                while self._waiting_bytes > READ_AHEAD_BYTES and not self._is_discarding:
                    self._room.clear()
                    await self._room.wait()
        except (SessionProblem, OSError):
            pass
        finally:
            self.gone.set()
            for stream in self._streams.values():
                stream.break_off()
            self._raw.close()

    def _take(self, event: Event) -> None:
        match event:
            case Opened(number, headers, is_last):
                self._session.accept(number)
                stream = self._streams[number] = SpdyStream(self, number, headers)
                if is_last:
                    stream.feed(b"", is_last=True)
                self._opened(stream)
            case Received(number, content, is_last):
                self._received(number, content, is_last=is_last)
            case Reset(number, _):
                if stream_gone := self._streams.pop(number, None):
                    self._waiting_bytes -= stream_gone.waiting_bytes
                    stream_gone.break_off()
            case WindowOpened(_):
                for stream in self._streams.values():
                    stream.window_opened()
            case Accepted(number, _, is_last):
                self._accepted(number, is_last=is_last)
            case GoneAway() | _:
                return

    def _accepted(self, number: int, *, is_last: bool) -> None:
        stream = self._streams.get(number)
        if stream is not None:
            stream.answered.set()
            if is_last:
                stream.feed(b"", is_last=True)

    def discard(self) -> None:
        """Nobody reads any more: what still comes is dropped, so that the peer's end is seen."""
        self._is_discarding = True
        self._room.set()

    def _received(self, number: int, content: bytes, *, is_last: bool) -> None:
        stream = self._streams.get(number)
        if self._is_discarding:
            self._session.consumed(number, len(content))
        elif stream is not None:
            self._waiting_bytes += len(content)
            stream.feed(content, is_last=is_last)

    async def taken(self, number: int, count: int) -> None:
        """A reader took bytes of a stream: the peer may send more."""
        if number in self._streams:
            self._waiting_bytes -= count
        self._session.consumed(number, count)
        self._room.set()
        if not self.gone.is_set():
            with suppress(ConnectionError):
                await self._flush()

    async def open(self, headers: Headers) -> SpdyStream:
        """Open a stream.  Raises: ``ConnectionError``."""
        number = self._session.open(headers)
        stream = self._streams[number] = SpdyStream(self, number, headers)
        await self._flush()
        return stream

    async def send(self, number: int, content: memoryview) -> int:
        """Send what the windows allow.  Raises: ``ConnectionError``."""
        try:
            count = self._session.send(number, content[:READ_AHEAD_BYTES])
        except SessionProblem as problem:
            raise ConnectionResetError(str(problem)) from problem
        await self._flush()
        return count

    async def finish(self, number: int) -> None:
        """Half-close a stream.  Raises: ``ConnectionError``."""
        self._session.finish(number)
        await self._flush()

    async def reset(self, number: int) -> None:
        """Break a stream off.  Raises: ``ConnectionError``."""
        stream = self._streams.pop(number, None)
        if stream is not None:
            self._waiting_bytes -= stream.waiting_bytes
            self._room.set()
            stream.break_off()
        self._session.reset(number)
        await self._flush()

    def forget(self, stream: SpdyStream) -> None:
        """Both sides are done with a stream."""
        if self._streams.pop(stream.number, None) is not None:
            self._waiting_bytes -= stream.waiting_bytes
            self._room.set()

    async def go_away(self) -> None:
        """Say that this is the end.  Raises: ``ConnectionError``."""
        self._session.go_away()
        await self._flush()

    async def _flush(self) -> None:
        if data := self._session.data_to_send():
            await self._raw.write(data)
