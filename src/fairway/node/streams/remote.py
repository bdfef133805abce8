"""Remote: the client of exec or attach, whatever protocol it speaks: stdin from it, output and a final status to it.

Shape: ``Remote`` is what ``command`` needs; ``SpdyRemote`` and ``WebSocketRemote`` are the two ways to be one.
"""

import asyncio
from collections import deque
from typing import Protocol

import orjson

from fairway.node.streams import channels
from fairway.node.streams.spdy.connection import SpdyConnection, SpdyStream
from fairway.node.streams.statuses import encoded
from fairway.node.streams.websocket import WebSocket
from fairway.objects import Object
from fairway.transport.interface import RawConnection

CREATION_TIMEOUT_S = 30.0
LINGER_S = 5.0
"""How long a finished connection waits for its client to close it, so that nothing sent is lost to a reset."""
PIECE_BYTES = 32 * 1024
STDIN_AHEAD = 8
"""Messages of stdin that are kept for a command that is slow to read."""


class Remote(Protocol):
    """The client's end.  Every write raises ``ConnectionError`` once it has gone."""

    gone: asyncio.Event

    async def read_stdin(self) -> bytes:
        """What the client sends; ``b""`` at its end."""

    async def read_size(self) -> tuple[int, int] | None:
        """The next size (width, height) of its terminal; ``None`` when no more come."""

    async def write(self, channel: int, content: bytes) -> None:
        """Send output."""

    async def finish(self, status: Object) -> None:
        """Send the final status and end the connection."""


def parse_size(text: bytes) -> tuple[int, int] | None:
    """``{"Width":80,"Height":24}`` as numbers, or ``None`` for anything else.  Pure."""
    try:
        found = orjson.loads(text)
        width, height = int(found["Width"]), int(found["Height"])
    except (ValueError, KeyError, TypeError):
        return None
    return (width, height) if 0 < width < 65536 and 0 < height < 65536 else None


class SpdyRemote:
    """A client on SPDY streams named by their ``streamtype`` header."""

    def __init__(self, raw: RawConnection, protocol: str, wanted: frozenset[str]) -> None:
        self._protocol = protocol
        self._wanted = wanted
        self._streams: dict[str, SpdyStream] = {}
        self._complete = asyncio.Event()
        self._sizes = bytearray()
        self._connection = SpdyConnection(raw, self._opened)
        self.gone = self._connection.gone

    async def run(self) -> None:
        """Serve the connection until the client has gone."""
        await self._connection.run()

    def _opened(self, stream: SpdyStream) -> None:
        self._streams.setdefault(stream.headers.get("streamtype", ""), stream)
        if self._wanted <= self._streams.keys():
            self._complete.set()

    async def wait_streams(self) -> None:
        """Return when the client has opened all its streams.  Raises: ``ConnectionError``, ``TimeoutError``."""
        complete = asyncio.ensure_future(self._complete.wait())
        gone = asyncio.ensure_future(self.gone.wait())
        try:
            async with asyncio.timeout(CREATION_TIMEOUT_S):
                await asyncio.wait((complete, gone), return_when=asyncio.FIRST_COMPLETED)
            if not self._complete.is_set():
                raise ConnectionResetError("the client went before it had opened its streams")
        finally:
            complete.cancel()
            gone.cancel()

    async def read_stdin(self) -> bytes:
        """See ``Remote``."""
        stream = self._streams.get("stdin")
        return await stream.read() if stream is not None else b""

    async def read_size(self) -> tuple[int, int] | None:
        """See ``Remote``."""
        stream = self._streams.get("resize")
        while stream is not None:
            # Sizes are JSON objects one after the other, perhaps with white space between them.
            head, brace, rest = bytes(self._sizes).partition(b"}")
            if brace:
                self._sizes = bytearray(rest)
                if size := parse_size(head.strip() + brace):
                    return size
                continue
            content = await stream.read()
            if not content:
                return None
            self._sizes += content
        return None

    async def write(self, channel: int, content: bytes) -> None:
        """See ``Remote``."""
        stream = self._streams.get("stdout" if channel == channels.STDOUT else "stderr")
        if stream is not None:
            await stream.write(content)

    async def finish(self, status: Object) -> None:
        """See ``Remote``."""
        self._connection.discard()
        for name in ("stdout", "stderr"):
            if name in self._streams:
                await self._streams[name].finish()
        if error := self._streams.get("error"):
            if text := encoded(status, is_plain=not channels.has_status(self._protocol)):
                await error.write(text)
            await error.finish()
        for name in ("stdin", "resize"):
            if name in self._streams:
                await self._streams[name].finish()
        await _wait(self.gone)


class WebSocketRemote:
    """A client on the channels of a WebSocket."""

    def __init__(self, raw: RawConnection, protocol: str, *, has_stdin: bool) -> None:
        self._raw = raw
        self._socket = WebSocket(raw)
        self._protocol = protocol
        self._stdin: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._sizes: asyncio.Queue[tuple[int, int] | None] = asyncio.Queue()
        self._is_stdin_open = has_stdin
        self._is_finished = False
        self.gone = asyncio.Event()

    async def run(self) -> None:
        """Serve the connection until the client has gone."""
        try:
            while (message := await self._socket.receive()) is not None:
                await self._take(channels.decode(self._protocol, message))
        except (channels.ChannelProblem, OSError):
            pass
        finally:
            self.gone.set()
            self._arrived.set()
            self._sizes.put_nowait(None)
            self._raw.close()

    async def _take(self, message: channels.Message) -> None:
        if message.channel == channels.RESIZE:
            if size := parse_size(message.content):
                self._sizes.put_nowait(size)
        elif message.channel == channels.STDIN and self._is_stdin_open and not self._is_finished:
            if message.is_close:
                self._is_stdin_open = False
                self._arrived.set()
            elif message.content:
                await self._put_stdin(message.content)

    async def _put_stdin(self, content: bytes) -> None:
        """Wait for room, but not for a command that has ended: its client's close must still be read."""
        while len(self._stdin) >= STDIN_AHEAD and not self._is_finished:
            self._room.clear()
            await self._room.wait()
        self._stdin.append(content)
        self._arrived.set()

    async def read_stdin(self) -> bytes:
        """See ``Remote``."""
        while not self._stdin and self._is_stdin_open and not self.gone.is_set():
            self._arrived.clear()
            await self._arrived.wait()
        self._room.set()
        return self._stdin.popleft() if self._stdin else b""

    async def read_size(self) -> tuple[int, int] | None:
        """See ``Remote``."""
        return await self._sizes.get()

    async def write(self, channel: int, content: bytes) -> None:
        """See ``Remote``."""
        for start in range(0, len(content), PIECE_BYTES) or (0,):
            await self._socket.send(channels.encode(self._protocol, channel, content[start : start + PIECE_BYTES]))

    async def finish(self, status: Object) -> None:
        """See ``Remote``."""
        self._is_finished = True
        self._room.set()
        if text := encoded(status, is_plain=not channels.has_status(self._protocol)):
            await self.write(channels.ERROR, text)
        await self._socket.close()
        await _wait(self.gone)


async def _wait(gone: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(LINGER_S):
            await gone.wait()
    except TimeoutError:
        return
