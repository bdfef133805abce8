"""Tunnels: one connection through the API server to a pod, which carries many connections to its ports.

Shape: ``open_tunnel`` gives a ``Tunnel``; ``tunnel.open(port)`` the two streams of one connection.
Source: KEP-4006: SPDY frames in the binary messages of a WebSocket; servers before 1.30 know SPDY alone.
"""

import asyncio
import ssl
from collections.abc import Callable

from fairway.cli.streams.pods import pods_path
from fairway.client.blocking import Api, ApiError
from fairway.client.blocking.connection import Connection
from fairway.client.blocking.web_socket import WebSocket
from fairway.node.streams.spdy.connection import SpdyConnection, SpdyStream

TUNNEL, PROTOCOL = "SPDY/3.1+portforward.k8s.io", "portforward.k8s.io"
_PIECE_BYTES = 1 << 16
_WAITS = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)


class Tunnel:
    """A live connection to one pod."""

    def __init__(self, raw: "_Bytes") -> None:
        self._connection = SpdyConnection(raw, lambda stream: None, is_client=True)
        self._running = asyncio.create_task(self._connection.run())
        self._request = 0

    @property
    def gone(self) -> asyncio.Event:
        """Set once the other side has gone."""
        return self._connection.gone

    async def open(self, port: int) -> tuple[SpdyStream, SpdyStream]:
        """The error stream and the data stream of a connection to a port.  Raises: ``ConnectionError``."""
        if self.gone.is_set():
            raise ConnectionResetError("the connection to the pod is lost")
        number, self._request = self._request, self._request + 1
        headers = {"streamtype": "error", "port": str(port), "requestid": str(number)}
        error = await self._connection.open(headers)
        await error.finish()
        data = await self._connection.open({**headers, "streamtype": "data"})
        await data.answered.wait()
        return error, data

    def forget(self, *streams: SpdyStream) -> None:
        """These have ended."""
        for stream in streams:
            self._connection.forget(stream)

    async def close(self) -> None:
        """End it with all that it carries."""
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)


async def open_tunnel(api: Api, namespace: str, pod: str) -> Tunnel:
    """Connect.  Raises: ``ApiError``, ``Unreachable``."""
    return Tunnel(await asyncio.to_thread(_connected, api, pods_path(namespace, pod, "portforward")))


def _connected(api: Api, path: str) -> "_Bytes":
    try:
        socket = api.upgrade(path, protocols=(TUNNEL,))
    except ApiError as refusal:
        if refusal.code in (401, 403, 404) and refusal.status.get("details", {}).get("kind"):
            raise
        headers = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": PROTOCOL}
        connection, _ = api.switched("POST", path, headers=headers)
        return _Bytes(connection, None)
    return _Bytes(socket.connection, socket)


class _Bytes:
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
