"""Pool: the connections to one server, used again while they are good.

Rules for those who change it: a request is sent a second time only if it changes nothing (GET) and its connection was a
used one that died before a byte of the answer came.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fairway.client.http.connection import Connection, Exchange
from fairway.objects.authority import authority

_IDLE_S = 60.0
"""Shorter than servers keep idle connections (90 s), so that one is rarely closed under a request."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect and what to expect there."""

    host: str
    port: int
    ssl_context: ssl.SSLContext | None = None
    server_name: str = ""
    """The name in the server's certificate where it is not ``host``."""


class Pool:
    """Hands out connections; ``size`` bounds the exchanges that are not streams."""

    def __init__(self, address: Address, size: int, connect_timeout_s: float) -> None:
        self._address = address
        self._connect_timeout_s = connect_timeout_s
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._places = asyncio.Semaphore(size)
        self._is_closed = False

    async def whole(self, request: bytes, *, is_repeatable: bool) -> tuple[Exchange, bytes]:
        """The complete answer to ``request``.  Raises: ``ConnectionError``."""
        async with self._places:
            while True:
                connection, is_used = await self._take()
                exchange = connection.start(request, is_stream=False)
                try:
                    return exchange, await exchange.whole()
                except ConnectionError:
                    if not (is_used and is_repeatable and not exchange.is_started):
                        raise
                finally:
                    self._give_back(connection)

    @asynccontextmanager
    async def stream(self, request: bytes, head_timeout_s: float) -> AsyncIterator[Exchange]:
        """An exchange on a connection of its own, past its head.  Raises: ``ConnectionError``."""
        connection = await self._connect()
        try:
            exchange = connection.start(request, is_stream=True)
            try:
                async with asyncio.timeout(head_timeout_s):
                    await exchange.wait_head()
            except TimeoutError as error:
                raise ConnectionError(f"no answer from {self._address.host} within {head_timeout_s:g} s") from error
            yield exchange
        finally:
            self._give_back(connection)

    def forget_idle(self) -> None:
        """Use no connection again that is idle now."""
        while self._idle:
            self._drop(self._idle.pop())

    async def close(self) -> None:
        """Drop every connection; exchanges under way fail."""
        self._is_closed = True
        for connection in list(self._open):
            connection.close()
        self._open.clear()
        self._idle.clear()

    async def _take(self) -> tuple[Connection, bool]:
        now_s = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_reusable and now_s - connection.idle_since_s < _IDLE_S:
                return connection, True
            self._drop(connection)
        return await self._connect(), False

    def _give_back(self, connection: Connection) -> None:
        if connection.is_reusable and not self._is_closed:
            connection.idle_since_s = asyncio.get_running_loop().time()
            self._idle.append(connection)
        else:
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self._open.discard(connection)
        connection.close()

    async def _connect(self) -> Connection:
        if self._is_closed:
            raise ConnectionError("the client is closed")
        address = self._address
        server_name = (address.server_name or address.host) if address.ssl_context else None
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                transport, connection = await asyncio.get_running_loop().create_connection(
                    Connection, address.host, address.port, ssl=address.ssl_context, server_hostname=server_name
                )
        except TimeoutError as error:
            raise ConnectionError(self._text(f"no connection within {self._connect_timeout_s:g} s")) from error
        except ConnectionRefusedError as error:
            raise ConnectionRefusedError(self._text(str(error))) from error
        except OSError as error:
            raise ConnectionError(self._text(str(error))) from error
        self._open.add(connection)
        _keep_alive(transport.get_extra_info("socket"))
        return connection

    def _text(self, what: str) -> str:
        return f"cannot connect to {authority(self._address.host, self._address.port)}: {what}"


def _keep_alive(sock: socket.socket | None) -> None:
    """Notice a server that vanished while a watch is quiet."""
    if sock is None or sock.family == socket.AF_UNIX:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
