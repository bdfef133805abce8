"""Connection: one peer of the server, from the first byte to the last.

Shape: bytes go to the parser; whole requests are answered strictly in order, one at a time; a synchronous answer is
written in the same turn of the loop without a task.
Rules for those who change it:
1. Reading stops while requests wait, so what a peer can make us hold is bounded by ``Limits``.
2. Nothing is written to a transport that is closing: uvloop raises where asyncio warns.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

from fairway.transport.deadline import Awaited, Deadline
from fairway.transport.drain import Drain
from fairway.transport.head import CONTINUE
from fairway.transport.interface import Answer, Peer, Request, Response, Stream, TakeOver
from fairway.transport.limits import KIBIBYTE
from fairway.transport.parser import TOO_MANY_CONNECTIONS, Incoming, RequestParser
from fairway.transport.peer import peer_of
from fairway.transport.raw import OpenRaw
from fairway.transport.shared import Shared
from fairway.transport.stream import OpenStream

_log = logging.getLogger("fairway.transport")
_JOINED_BYTES = 64 * KIBIBYTE
"""Bodies up to this size are copied behind their head, so that both travel in one record."""
_BODILESS = frozenset({204, 304})
_FORGOTTEN = Request("", "", [], {}, b"", Peer())


class Connection(asyncio.Protocol):
    """See the module."""

    __slots__ = (
        "_current", "_deadline", "_drain", "_is_eof", "_is_reading", "_is_refusing", "_parser",
        "_raw", "_shared", "_stream", "_transport",
    )  # fmt: skip

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._parser: RequestParser = cast(RequestParser, None)
        self._current: Incoming | None = None
        """The request under way; its answer is not complete."""
        self._stream: OpenStream | None = None
        self._raw: OpenRaw | None = None
        self._drain = Drain()
        self._is_reading = True
        self._is_eof = False
        self._is_refusing = False
        self._deadline = Deadline(shared.loop, self._on_late)

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer is there (and the TLS handshake done)."""
        shared = self._shared
        self._transport = cast(asyncio.Transport, transport)
        self._parser = RequestParser(shared.limits, peer_of(transport))
        if not shared.admit(self):
            self._transport.abort()
            return
        if len(shared.connections) > shared.limits.connections:
            self._parser.failure = TOO_MANY_CONNECTIONS
        self._deadline.expect("head", shared.limits.header_timeout_s)

    def data_received(self, data: bytes) -> None:
        """Bytes came: parse, answer what can be answered."""
        if self._raw is not None:
            self._raw.feed(data)
            return
        parser = self._parser
        if self._is_refusing:
            return
        parser.feed(data)
        if self._current is None:
            self._answer_received()
        elif parser.received or parser.is_upgraded or (parser.open_body is not None and parser.open_body.is_full):
            self.set_reading(is_wanted=False)
        if self._current is None and self._raw is None and not self._is_refusing:
            self._expect_rest()

    def eof_received(self) -> bool:
        """The peer sends no more: a request under way still gets its answer where the transport can do that."""
        self._is_eof = True
        self._parser.lose()
        if self._raw is not None:
            self._raw.feed_eof()
            return self._is_half_open
        if self._stream is not None or self._is_refusing:
            return False
        return (self._current is not None or bool(self._parser.received)) and self._is_half_open

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer has gone: whoever waits for it is told."""
        self._shared.forget_connection(self)
        self._deadline.cancel()
        self._parser.lose()
        self._drain.resume()
        if self._stream is not None:
            stream, self._stream = self._stream, None
            self._guard(stream.end)
        if self._raw is not None:
            self._raw.feed_eof()

    def pause_writing(self) -> None:
        """The peer is slow."""
        self._drain.is_paused = True
        if self._stream is None and self._raw is None and not self._is_refusing:
            self._deadline.expect("write", self._shared.limits.write_timeout_s)

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self._drain.resume()
        if self._deadline.awaited == "write":
            self._deadline.rest()
            if self._current is None:
                self._answer_received()
                self._expect_rest()

    # Requests in, in order.

    def _answer_received(self) -> None:
        """Answer waiting requests until one takes time or the peer stops taking answers."""
        received = self._parser.received
        while received and self._current is None and not self._drain.is_paused and self.is_open:
            self._start(received.popleft())
        if received:
            self.set_reading(is_wanted=False)
        elif self._current is None and self.is_open:
            self._after_received()

    def _after_received(self) -> None:
        parser = self._parser
        if parser.failure is not None:
            self._refuse(parser.failure.status, parser.failure.text)
        elif self._is_eof or (self._shared.is_closing and parser.phase == "idle"):
            self._transport.close()
        else:
            self._continue()
            self.set_reading(is_wanted=True)

    def _continue(self) -> None:
        if self._parser.awaits_continue:
            self._parser.awaits_continue = False
            self._transport.write(CONTINUE)

    def _start(self, incoming: Incoming) -> None:
        self._current = incoming
        self._shared.idle.pop(self, None)
        if self._parser.open_body is not None:
            self._parser.open_body.wanted = partial(self.set_reading, is_wanted=True)
            self._continue()
        try:
            answer = self._shared.handler(incoming.request)
        except Exception:
            self._complain(incoming)
        else:
            if isinstance(answer, Response):
                self._respond(incoming, answer)
            elif isinstance(answer, Stream | TakeOver):
                self._dispatch(incoming, answer)
            else:
                self._await(incoming, answer)

    def _await(self, incoming: Incoming, answer: Awaitable[Answer]) -> None:
        self._deadline.rest()
        task = asyncio.ensure_future(answer, loop=self._shared.loop)
        self._shared.tasks.add(task)
        task.add_done_callback(lambda done: self._answered(incoming, done))

    def _answered(self, incoming: Incoming, done: "asyncio.Future[Answer]") -> None:
        self._shared.forget_task(done)
        if done.cancelled():
            self.abort()
        elif not self.is_open:
            if (error := done.exception()) is not None:
                _log.error("request failed after its peer had gone", exc_info=error)
            elif isinstance(gone := done.result(), Stream):
                self._guard(gone.closed)
        elif (error := done.exception()) is not None:
            self._complain(incoming, error)
            self._go_on()
        else:
            self._dispatch(incoming, done.result())
            self._go_on()

    def _go_on(self) -> None:
        if self._current is None and self.is_open and not self._is_refusing:
            self._answer_received()
            if self._current is None:
                self._expect_rest()

    def _complain(self, incoming: Incoming, error: BaseException | None = None) -> None:
        request = incoming.request
        _log.error("handler failed on %s %s", request.method, request.path, exc_info=error or True)
        self._respond(incoming, self._shared.limits.error_response(500, "Internal Server Error"))

    # Answers out.

    def _dispatch(self, incoming: Incoming, answer: Answer) -> None:
        try:
            if isinstance(answer, Response):
                self._respond(incoming, answer)
            elif isinstance(answer, Stream):
                self._open_stream(incoming, answer)
            else:
                self._hand_over(incoming, answer)
        except Exception:
            _log.exception("answer to %s %s failed", incoming.request.method, incoming.request.path)
            self.abort()

    def _is_last(self, incoming: Incoming) -> bool:
        if self._is_eof and not self._parser.received:
            return True
        return not incoming.keep_alive or self._shared.is_closing

    def _head(self, incoming: Incoming, answer: Response | Stream, framing: bytes) -> bytes:
        return self._shared.heads.render(
            answer, framing, keep_alive=not self._is_last(incoming), is_chunkable=incoming.is_chunkable
        )

    def _respond(self, incoming: Incoming, answer: Response) -> None:
        body = answer.body
        try:
            length = b"" if answer.status in _BODILESS else b"Content-Length: %d\r\n" % len(body)
            head = self._head(incoming, answer, length)
        except ValueError:
            _log.exception("answer to %s %s is malformed", incoming.request.method, incoming.request.path)
            self.abort()
            return
        transport = self._transport
        if incoming.request.method == "HEAD" or answer.status in _BODILESS:
            transport.write(head)
        elif len(body) <= _JOINED_BYTES:
            transport.write(head + body)
        else:
            transport.write(head)
            transport.write(body)
        self._complete(incoming)

    def _complete(self, incoming: Incoming) -> None:
        self._current = None
        if self._is_last(incoming):
            self._transport.close()
        elif self._parser.is_upgraded:
            self._parser.resume()

    def _open_stream(self, incoming: Incoming, answer: Stream) -> None:
        is_chunked = incoming.is_chunkable
        if not is_chunked:
            incoming = incoming._replace(keep_alive=False)
        self._transport.write(self._head(incoming, answer, b"Transfer-Encoding: chunked\r\n" if is_chunked else b""))
        if incoming.request.method == "HEAD":
            self._complete(incoming)
            answer.closed()
            return
        self._deadline.rest()
        # Streams stay long: do not keep the request's headers for them.
        self._current = incoming._replace(request=_FORGOTTEN)
        flusher, limit_bytes = self._shared.flusher, self._shared.limits.stream_pending_bytes
        stream = self._stream = OpenStream(self, flusher, answer.closed, limit_bytes, is_chunked=is_chunked)
        answer.opened(stream)

    def _hand_over(self, incoming: Incoming, answer: TakeOver) -> None:
        parser = self._parser
        if not parser.is_upgraded and (parser.received or parser.phase != "idle" or parser.failure):
            raise ValueError("bytes that follow a request without Upgrade cannot be handed over")
        raw = self._raw = OpenRaw(self, parser.leftover)
        parser.leftover = b""
        if self._is_eof:
            raw.feed_eof()
        self._deadline.rest()
        self.set_reading(is_wanted=True)
        task = asyncio.ensure_future(answer.run(raw), loop=self._shared.loop)
        self._shared.tasks.add(task)
        task.add_done_callback(lambda done: self._handed_back(incoming, raw, done))

    def _handed_back(self, incoming: Incoming, raw: OpenRaw, done: "asyncio.Future[None]") -> None:
        self._shared.forget_task(done)
        raw.close()
        error = None if done.cancelled() else done.exception()
        if error is not None and not isinstance(error, ConnectionError):
            _log.error("upgraded connection failed on %s", incoming.request.path, exc_info=error)

    def _refuse(self, status: int, text: str) -> None:
        """Answer what is no request and close, leaving the peer a moment to read why."""
        self._is_refusing = True
        answer = self._shared.limits.error_response(status, text)
        head = self._shared.heads.render(answer, b"Content-Length: %d\r\n" % len(answer.body), keep_alive=False)
        self._transport.write(head + answer.body)
        if self._is_eof:
            self._transport.close()
            return
        self.send_eof()
        self.set_reading(is_wanted=True)
        self._deadline.expect("linger", self._shared.limits.linger_s)

    # What streams, raw connections and the server need.

    @property
    def is_open(self) -> bool:
        """Whether bytes may still be written."""
        return not self._transport.is_closing()

    @property
    def is_paused(self) -> bool:
        """Whether the peer is slower than we are."""
        return self._drain.is_paused

    @property
    def unsent_bytes(self) -> int:
        """What waits in the transport."""
        return self._transport.get_write_buffer_size()

    @property
    def _is_half_open(self) -> bool:
        return self.is_open and self._transport.can_write_eof()

    def send(self, data: bytes) -> None:
        """Write, if the transport still takes it."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def send_eof(self) -> None:
        """Half-close where the transport can."""
        if self._is_half_open:
            self._transport.write_eof()

    def set_reading(self, *, is_wanted: bool) -> None:
        """Read from the peer, or let its bytes wait in the kernel."""
        if is_wanted == self._is_reading or self._transport.is_closing():
            return
        self._is_reading = is_wanted
        if is_wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    async def drained(self) -> None:
        """Return when the transport takes more, or the peer has gone."""
        # Always a turn of the loop: uvloop writes, and learns that the peer has gone, only between turns.
        await asyncio.sleep(0)
        await self._drain.wait()

    def end_stream(self) -> None:
        """The streamed answer is complete: the connection may serve another request."""
        incoming, self._current, self._stream = self._current, None, None
        if incoming is not None and self.is_open:
            self._complete(incoming)
            if self._drain.is_paused:
                self._deadline.expect("write", self._shared.limits.write_timeout_s)
            # In a turn of its own: the handler that closed the stream need not expect the next request.
            self._shared.loop.call_soon(self._go_on)

    def close(self) -> None:
        """End the connection after what was written."""
        self._transport.close()

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    def finish(self) -> None:
        """The server closes: end streams, close what is idle, let what runs be answered."""
        if self._stream is not None:
            self._guard(self._stream.close)
        elif self._current is None:
            self._transport.close()

    def _guard(self, told: Callable[[], None]) -> None:
        try:
            told()
        except Exception:
            _log.exception("end of a stream was not taken")

    def _expect_rest(self) -> None:
        """Start the clock of whatever the peer owes us now; one that runs for the same is not started anew."""
        phase, limits = self._parser.phase, self._shared.limits
        if self._drain.is_paused:
            return
        if phase == "idle":
            self._shared.idle[self] = None
            self._deadline.expect("idle", limits.idle_timeout_s)
        elif phase != self._deadline.awaited:
            self._deadline.expect(phase, limits.header_timeout_s if phase == "head" else limits.body_timeout_s)

    def _on_late(self, awaited: Awaited) -> None:
        if not self.is_open:
            return
        if awaited in ("head", "body") and self._parser.phase != "idle":
            self._refuse(408, "Request Timeout")
        elif awaited == "write":
            self.abort()
        else:
            self._transport.close()
