"""Socket bytes: a connection that the blocking client has made, on an event loop from now on."""

import asyncio
import ssl
from collections.abc import Callable

from fairway.client.blocking.connection import Connection
from fairway.client.blocking.web_socket import WebSocket

_PIECE_BYTES = 1 << 16
_WAITS = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)


class SocketBytes:
    """A ``ByteConnection`` over a socket that was connected elsewhere, with a WebSocket around the bytes or without."""

    def __init__(self, connection: Connection, frames: WebSocket | None) -> None:
        self._socket, self._frames = connection.socket, frames
        self._early = bytes(connection.received)
        connection.received.clear()
        self._socket.setblocking(False)
        self._writing = asyncio.Lock()

    async def read(self) -> bytes:
        """See ``ByteConnection``."""
        if self._frames is None:
            early, self._early = self._early, b""
            return early or await self._received()
        while True:
            while (message := self._frames.next_message()) is not None:
                if message:
                    return message
            if self._frames.close_code is not None:
                return b""
            got = await self._received()
            if not got:
                return b""
            if answer := self._frames.take(got):
                await self._sent(answer)

    async def write(self, data: bytes) -> None:
        """See ``ByteConnection``."""
        await self._sent(data if self._frames is None else self._frames.framed(data))

    def close(self) -> None:
        """See ``ByteConnection``."""
        if self._socket.fileno() >= 0:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._socket)
            loop.remove_writer(self._socket)
        self._socket.close()

    async def _received(self) -> bytes:
        while True:
            try:
                got: bytes = self._socket.recv(_PIECE_BYTES)
                return got
            except _WAITS:
                loop = asyncio.get_running_loop()
                await _ready(self._socket.fileno(), loop.add_reader, loop.remove_reader)

    async def _sent(self, data: bytes) -> None:
        view = memoryview(data)
        async with self._writing:
            while view:
                try:
                    view = view[self._socket.send(view[:_PIECE_BYTES]) :]
                except _WAITS:
                    loop = asyncio.get_running_loop()
                    await _ready(self._socket.fileno(), loop.add_writer, loop.remove_writer)


async def _ready(
    descriptor: int, add: "Callable[..., object]", remove: "Callable[[int], object]"
) -> None:  # fmt: skip
    """Return when the kernel says so."""
    if descriptor < 0:
        raise ConnectionResetError("the connection was closed")
    waiting = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if not waiting.done():
            waiting.set_result(None)

    add(descriptor, wake)
    try:
        await waiting
    finally:
        remove(descriptor)
