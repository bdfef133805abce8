"""Serving: one request a connection is read as far as its head, given this user's credentials, and carried both ways.

So watches, logs and upgraded connections pass as they are.  What was filtered is all that is asked: no second request
reaches the API server on the same connection.
"""

import asyncio
import contextlib
import os
import signal
import sys
from urllib.parse import unquote, urlsplit

from fairway.cli.commands.proxy.files import answer as file_answer
from fairway.cli.commands.proxy.filtering import Filter
from fairway.cli.failure import Failure
from fairway.cli.streams.socket_bytes import SocketBytes
from fairway.client.blocking import Api, Unreachable
from fairway.objects.authority import authority

_HEAD_MAX_BYTES = 1 << 20
_PIECE_BYTES = 1 << 16
_SWITCHED = b"HTTP/1.1 101"
_OWN = ("host", "connection", "proxy-connection", "keep-alive")


class Head:
    """The head of a request: its line and its headers, in their order.

    Raises: ``ValueError`` for one that another reader could take for two (RFC 9112, 2.2).
    """

    __slots__ = ("headers", "method", "target")

    def __init__(self, text: bytes) -> None:
        line, *lines = text.decode("latin-1").split("\r\n")
        if any(sign in each for each in (line, *lines) for sign in "\r\n\0"):
            raise ValueError("a head with a line end that is none")
        self.method, self.target, _ = line.split(" ", 2)
        self.headers = [(name.strip(), value.strip()) for name, _, value in (each.partition(":") for each in lines)]

    def get(self, name: str) -> str:
        """A header; empty if it is not there."""
        return next((value for known, value in self.headers if known.lower() == name), "")

    @property
    def path(self) -> str:
        """Without the query."""
        return self.target.partition("?")[0]

    @property
    def is_upgrade(self) -> bool:
        """Whether another protocol is asked for."""
        return bool(self.get("upgrade")) and "upgrade" in self.get("connection").lower()


class Gateway:
    """What is served where."""

    def __init__(
        self, api: Api, filter: Filter | None, *, api_prefix: str, www: str, www_prefix: str,
        has_server_path: bool = False,
    ) -> None:  # fmt: skip
        self._api, self._filter = api, filter
        self._server_path = urlsplit(api.server).path.rstrip("/") if has_server_path else ""
        self._api_prefix, self._www, self._www_prefix = api_prefix, www, www_prefix

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            head = Head((await reader.readuntil(b"\r\n\r\n"))[:-4])
            if self._www and head.path.startswith(self._www_prefix):
                writer.write(file_answer(self._www, head.path[len(self._www_prefix) :], head.path))
            else:
                await self._pass_on(head, reader, writer)
            await writer.drain()
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            return  # nobody is there to be told; cancelled is who is served when all ends
        finally:
            writer.close()

    async def _pass_on(self, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not head.path.startswith(self._api_prefix):
            is_near = f"{head.path}/" == self._api_prefix
            writer.write(moved(self._api_prefix) if is_near else plain(404, "404 page not found\n"))
            return
        if not self._api_prefix.startswith("/api"):
            head.target = f"/{head.target[len(self._api_prefix) :].lstrip('/')}"
        if self._filter is not None and not self._filter.passes(head.method, unquote(head.path), head.get("host")):
            writer.write(plain(403, "Forbidden\n"))
            return
        try:
            connection, own = await asyncio.to_thread(self._api.opened)
        except Unreachable as error:
            writer.write(plain(502, f"{error}\n"))
            return
        upstream = SocketBytes(connection, None)
        try:
            await upstream.write(self._request(head, own))
            await _carry(upstream, reader, writer, is_upgrade=head.is_upgrade)
        finally:
            upstream.close()

    def _request(self, head: Head, own: dict[str, str]) -> bytes:
        """The head as the API server gets it: our host and, unless the client has its own, our credentials."""
        kept = [(name, value) for name, value in head.headers if name.lower() not in _OWN]
        if head.is_upgrade:
            kept.append(("Connection", "Upgrade"))
        else:
            kept.append(("Connection", "close"))
        has = {name.lower() for name, _ in kept}
        kept += [(name, value) for name, value in own.items() if name.lower() not in has]
        lines = [
            f"{head.method} {self._server_path}{head.target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in kept),
            "",
            "",
        ]
        return "\r\n".join(lines).encode("latin-1")


async def _carry(
    upstream: SocketBytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_upgrade: bool
) -> None:
    """Until either side has ended: a client that has closed waits for nothing, as Go's servers see it.

    Whoever asks for another protocol and does not get it is heard no more: what he sends would be a further request.
    """
    is_heard = asyncio.get_running_loop().create_future()
    if not is_upgrade:
        is_heard.set_result(True)

    async def there() -> None:
        while content := await reader.read(_PIECE_BYTES):
            if await is_heard:
                await upstream.write(content)

    async def back() -> None:
        while content := await upstream.read():
            if not is_heard.done():
                is_heard.set_result(content.startswith(_SWITCHED))
            writer.write(content)
            await writer.drain()

    ways = [asyncio.create_task(there()), asyncio.create_task(back())]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


def moved(where: str) -> bytes:
    """The way to a path that ends with a slash."""
    body = f'<a href="{where}">Moved Permanently</a>.\n\n'
    return (
        "HTTP/1.1 301 Moved Permanently\r\nContent-Type: text/html; charset=utf-8\r\n"
        f"Location: {where}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    ).encode()


def plain(status: int, text: str) -> bytes:
    """An answer of ours."""
    reasons = {403: "Forbidden", 404: "Not Found", 502: "Bad Gateway"}
    body = text.encode()
    return (
        f"HTTP/1.1 {status} {reasons[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body


async def serve(gateway: Gateway, address: str, port: int, unix_socket: str) -> None:
    """Until interrupted.  Raises: ``Failure`` if the place is taken."""
    try:
        if unix_socket:
            before = os.umask(0o177)  # as kubectl's: for this user alone
            try:
                server = await asyncio.start_unix_server(gateway.handle, unix_socket, limit=_HEAD_MAX_BYTES)
            finally:
                os.umask(before)
            where = unix_socket
        else:
            server = await asyncio.start_server(gateway.handle, address, port, limit=_HEAD_MAX_BYTES)
            where = authority(address, server.sockets[0].getsockname()[1])
    except OSError as error:
        at = unix_socket or authority(address, port)
        kind = "unix" if unix_socket else "tcp"
        raise Failure(f"listen {kind} {at}: bind: {os.strerror(error.errno or 0).lower()}") from None
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    print(f"Starting to serve on {where}", flush=True)
    try:
        await stopping.wait()
    finally:
        server.close()
        if unix_socket:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(unix_socket)
    sys.stdout.flush()
