"""Server: listens for HTTP/1.1, plain or over TLS, on the running event loop (uvloop or asyncio).

Shape: ``await serve(handler, ...)`` gives a ``Server``; see ``transport.interface`` for what a handler is and
``Limits`` for what a peer may do.
Source: RFC 9112.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from typing import Any

from fairway.transport.chunk import frame, frame_of
from fairway.transport.connection import Connection
from fairway.transport.interface import Handler
from fairway.transport.limits import Limits
from fairway.transport.shared import Shared

__all__ = ["Limits", "Server", "frame", "frame_of", "serve"]

_BACKLOG = 1024


class Server:
    """A listening server.  Made by ``serve``."""

    def __init__(self, shared: Shared, listeners: Sequence[asyncio.Server]) -> None:
        self._shared = shared
        self._listeners = listeners
        self.addresses: list[tuple[str, int]] = [
            listening.getsockname()[:2] for listener in listeners for listening in listener.sockets
        ]
        """Host and port of every listening socket."""

    @property
    def connection_count(self) -> int:
        """Connections now."""
        return len(self._shared.connections)

    async def close(self, grace_s: float = 5.0) -> None:
        """Stop listening, end streams, finish what runs; what is still there after ``grace_s`` is dropped."""
        shared = self._shared
        shared.is_closing = True
        for listener in self._listeners:
            listener.close()
        for connection in list(shared.connections):
            connection.finish()
        try:
            async with asyncio.timeout(grace_s):
                await shared.wait_empty()
        except TimeoutError:
            await self._drop()

    async def _drop(self) -> None:
        shared = self._shared
        for connection in list(shared.connections):
            connection.abort()
        tasks = list(shared.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await shared.wait_empty()


async def serve(
    handler: Handler,
    *,
    host: str | Sequence[str] = "127.0.0.1",
    port: int = 0,
    ssl_context: ssl.SSLContext | None = None,
    limits: Limits | None = None,
    sockets: Sequence[socket.socket] | None = None,
) -> Server:
    """Listen on ``host`` and ``port`` (0: any free one), or on ``sockets`` that the caller bound.

    Raises: ``OSError`` if an address cannot be had.
    """
    loop = asyncio.get_running_loop()
    limits = limits or Limits()
    shared = Shared(handler, limits, loop)
    timeout_s = limits.handshake_timeout_s if ssl_context is not None else None

    async def listen(place: dict[str, Any]) -> asyncio.Server:
        return await loop.create_server(
            lambda: Connection(shared), ssl=ssl_context, ssl_handshake_timeout=timeout_s, backlog=_BACKLOG, **place
        )

    places = [{"host": host, "port": port}] if sockets is None else [{"sock": sock} for sock in sockets]
    listeners = [await listen(place) for place in places]
    for listener in listeners:
        for listening in listener.sockets:
            _keep_alive(listening)
    return Server(shared, listeners)


def _keep_alive(listening: socket.socket) -> None:
    """Notice peers that vanished; on Linux accepted sockets inherit this."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option) and listening.family != socket.AF_UNIX:
            listening.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
