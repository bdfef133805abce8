"""Connection: one client connection, one exchange at a time.

Shape: ``start`` sends a request and gives its ``Exchange``; the exchange is read whole or in parts.
Source: RFC 9112; the grammar is httptools' (llhttp).
"""

import asyncio
from typing import Any, cast

import httptools

_READ_AHEAD_BYTES = 1 << 20


class Exchange:
    """One answer as it comes.  ``is_stream`` wakes the reader at every part and holds the peer back."""

    __slots__ = (
        "_connection", "_is_stream", "_size_bytes", "_waiter",
        "body", "failure", "has_head", "headers", "is_complete", "is_started", "status",
    )  # fmt: skip

    def __init__(self, connection: "Connection", *, is_stream: bool) -> None:
        self._connection = connection
        self._is_stream = is_stream
        self._waiter: asyncio.Future[None] | None = None
        self._size_bytes = 0
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body: list[bytes] = []
        self.is_started = False
        """A byte of the answer has come."""
        self.has_head = False
        self.is_complete = False
        self.failure: ConnectionError | None = None

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # What the connection tells.

    def take_head(self, status: int) -> None:
        """Status and headers are there."""
        self.status = status
        self.has_head = True
        if self._is_stream:
            self._wake()

    def take_body(self, part: bytes) -> None:
        """A part of the body is there."""
        self.body.append(part)
        if self._is_stream:
            self._size_bytes += len(part)
            if self._size_bytes > _READ_AHEAD_BYTES:
                self._connection.set_reading(is_wanted=False)
            self._wake()

    def finish(self, failure: ConnectionError | None = None) -> None:
        """Nothing more will come."""
        if not self.is_complete and self.failure is None:
            self.failure = failure
            self.is_complete = failure is None
            self._wake()

    # What the client asks for.

    async def wait_head(self) -> None:
        """Return when status and headers are there.  Raises: ``ConnectionError``."""
        while not self.has_head and self.failure is None:
            await self._wait()
        if not self.has_head and self.failure is not None:
            raise self.failure

    async def whole(self) -> bytes:
        """The complete body.  Raises: ``ConnectionError``."""
        while not self.is_complete and self.failure is None:
            await self._wait()
            if self._is_stream:
                self._connection.set_reading(is_wanted=True)
        if self.failure is not None:
            raise self.failure
        return self.body[0] if len(self.body) == 1 else b"".join(self.body)

    async def next_part(self) -> bytes:
        """What has come since; ``b""`` at the end.  Raises: ``ConnectionError`` if the end is not a proper one."""
        while not self.body and not self.is_complete and self.failure is None:
            await self._wait()
        if not self.body and self.failure is not None:
            raise self.failure
        part = b"".join(self.body)
        self.body = []
        self._size_bytes = 0
        self._connection.set_reading(is_wanted=True)
        return part


class Connection(asyncio.Protocol):
    """The event loop's side of one connection."""

    def __init__(self) -> None:
        self._transport = cast(asyncio.Transport, None)
        self._parser: Any = None
        self._exchange: Exchange | None = None
        self._headers: dict[str, str] = {}
        self._is_reading = True
        self._may_reuse = True
        self.idle_since_s = 0.0

    # What the client asks for.

    def start(self, request: bytes, *, is_stream: bool) -> Exchange:
        """Send ``request`` and give its exchange."""
        exchange = self._exchange = Exchange(self, is_stream=is_stream)
        self._parser = httptools.HttpResponseParser(self)
        if self._transport.is_closing():
            exchange.finish(ConnectionResetError("the connection was closed by the server"))
        else:
            self._transport.write(request)
        return exchange

    @property
    def is_reusable(self) -> bool:
        """Whether another request may be sent."""
        return self._exchange is None and self._may_reuse and not self._transport.is_closing()

    def set_reading(self, *, is_wanted: bool) -> None:
        """Take more of the answer, or leave it to the kernel."""
        if is_wanted == self._is_reading or self._transport.is_closing():
            return
        self._is_reading = is_wanted
        if is_wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def close(self) -> None:
        """Drop the connection; an exchange under way fails."""
        if not self._transport.is_closing():
            self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected (and the TLS handshake done)."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """A part of the answer, or something that nobody asked for."""
        exchange = self._exchange
        if exchange is None:
            self._transport.abort()
            return
        exchange.is_started = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._finish(ConnectionError(f"the server's answer is no HTTP: {error}"))
            self._transport.abort()

    def eof_received(self) -> bool:
        """The server sends no more; some answers end so."""
        self._end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if exc is not None:
            self._finish(ConnectionResetError(f"the connection was lost: {exc}"))
        else:
            self._end()

    def _end(self) -> None:
        self._may_reuse = False
        exchange = self._exchange
        if exchange is None:
            return
        has_length = "content-length" in exchange.headers or "transfer-encoding" in exchange.headers
        if exchange.has_head and not has_length:
            self._finish()
        else:
            self._finish(ConnectionResetError("the server closed the connection before its answer was complete"))

    def _finish(self, failure: ConnectionError | None = None) -> None:
        exchange, self._exchange = self._exchange, None
        if failure is not None:
            self._may_reuse = False
        if exchange is not None:
            exchange.finish(failure)

    # What httptools calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header line, or a trailer, which is ignored."""
        exchange = self._exchange
        if exchange is not None and not exchange.has_head:
            exchange.headers[name.decode("latin-1").lower()] = value.decode("latin-1").strip()

    def on_headers_complete(self) -> None:
        """The head is there; an interim one (100 Continue) is forgotten."""
        exchange, status = self._exchange, self._parser.get_status_code()
        if exchange is None:
            return
        if 100 <= status < 200:
            exchange.headers.clear()
            return
        self._may_reuse = self._parser.should_keep_alive()
        exchange.take_head(status)

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        if self._exchange is not None:
            self._exchange.take_body(part)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self._exchange is not None and self._exchange.has_head:
            self._finish()
