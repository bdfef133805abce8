"""Server: the sockets of the DNS, UDP and TCP.

Shape: one wake-up of the loop takes many datagrams; what is prepared is answered on the spot.  A TCP client may send
many questions on one connection and gets each answer when it is there (RFC 7766); it is heard again only when it has
taken what was sent, and dismissed when it is silent.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Coroutine
from typing import Any, Final, cast

from fairway.dns.responder import Answer, Later, Responder
from fairway.dns.wire import HEADER
from fairway.objects.authority import authority

log = logging.getLogger(__name__)

BATCH: Final = 64
MAX_DATAGRAM: Final = 4096
RECEIVE_BUFFER: Final = 4 << 20
MAX_LATE: Final = 4096
MAX_CONNECTIONS: Final = 512
MAX_PIPELINED: Final = 64
IDLE_S: Final = 10.0


class Late:
    """Answers that come later; so many at once and no more."""

    def __init__(self, limit: int = MAX_LATE) -> None:
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], inner: Later) -> bool:
        """Do it unless there is too much to do already."""
        if len(self._tasks) >= self._limit:
            work.close()
            inner.close()
            return False
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._landed)
        return True

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()):
            log.error("answering failed", exc_info=fault)

    async def close(self) -> None:
        """Give up what is not done."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class UdpServer:
    """Answers on one bound socket, from now until ``close``."""

    def __init__(self, sock: socket.socket, responder: Responder, late: Late) -> None:
        sock.setblocking(False)
        self._sock, self._responder, self._late = sock, responder, late
        self._family = 1 if sock.family == socket.AF_INET else 2
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock, self._readable)

    def close(self) -> None:
        """Stop; the socket is closed."""
        self._loop.remove_reader(self._sock)
        self._sock.close()

    def _readable(self) -> None:
        began_s = time.perf_counter()
        receive, send = self._sock.recvfrom, self._sock.sendto
        entries = self._responder.prepared.entries
        taken, prepared, place = 0, 0, self._family - 1
        for _ in range(BATCH):
            try:
                message, peer = receive(MAX_DATAGRAM)
            except OSError:
                break
            taken += 1
            ready = entries.get(message[2:].lower())
            if ready is not None:
                head, end, tails, counters = ready
                counters[place][0] += 1
                prepared += 1
                answer: Answer = message[:2] + head + message[HEADER:end] + next(tails)
            else:
                answer = self._answer(message, peer)
            if answer is not None:
                try:
                    send(answer, peer)
                except OSError:
                    continue  # the client is gone, or reads slower than it asks: it will ask again
        if prepared:  # the clock is too dear to be read for each of them
            self._responder.metrics.own_durations.observe((time.perf_counter() - began_s) / taken, prepared)

    def _answer(self, message: bytes, peer: Any) -> Answer:
        found = _respond(self._responder, message, self._family, is_tcp=False)
        if found is None or isinstance(found, bytes):
            return found
        self._late.start(self._later(found, peer), found)
        return None

    async def _later(self, coming: Later, peer: Any) -> None:
        answer = await coming
        if answer is not None and self._sock.fileno() >= 0:
            try:
                self._sock.sendto(answer, peer)
            except OSError:
                return


def _respond(responder: Responder, message: bytes, family: int, *, is_tcp: bool) -> Answer | Later:
    """The answer; a fault of ours costs one answer, not the server."""
    try:
        return responder.respond(message, is_tcp=is_tcp, family=family)
    except Exception:
        responder.metrics.panics += 1
        log.exception("answering failed", extra={"query": message[:512].hex()})
        return None


class TcpServer:
    """Accepts connections on one listening socket."""

    def __init__(self, responder: Responder, late: Late) -> None:
        self.responder, self.late = responder, late
        self.connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, sock: socket.socket) -> None:
        """Accept until ``close``."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), sock=sock)

    def close(self) -> None:
        """End all connections and the socket."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.end()


class _Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, server: TcpServer) -> None:
        self._server = server
        self._received = bytearray()
        self._pending = 0
        self._is_full = False
        self._is_reading = True
        self._is_ending = False
        self._family = 1
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Welcome, or too many."""
        self._transport = cast(asyncio.Transport, transport)
        if len(self._server.connections) >= MAX_CONNECTIONS:
            self._transport.abort()
            return
        own = transport.get_extra_info("socket")
        self._family = 2 if own is not None and own.family == socket.AF_INET6 else 1
        self._server.connections.add(self)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self._server.connections.discard(self)
        self._transport = None
        if self._idle is not None:
            self._idle.cancel()

    def data_received(self, data: bytes) -> None:
        """Bytes of questions."""
        self._received += data
        self._work()

    def eof_received(self) -> bool:
        """The client asks no more; what it asked is still answered."""
        self._is_ending = True
        return self._pending > 0

    def pause_writing(self) -> None:
        """The client does not read."""
        self._is_full = True
        self._balance()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._is_full = False
        self._work()

    def end(self) -> None:
        """Close now."""
        if self._transport is not None:
            self._transport.close()

    def _wait(self) -> None:
        """Give the client some more time."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._silent)

    def _silent(self) -> None:
        if self._transport is not None:
            self._transport.abort() if self._is_full else self._transport.close()

    def _is_busy(self) -> bool:
        return self._is_full or self._pending >= MAX_PIPELINED

    def _work(self) -> None:
        """Answer every whole question there is."""
        received, at = self._received, 0
        while self._transport is not None and not self._is_busy() and len(received) - at >= 2:
            end = at + 2 + int.from_bytes(received[at : at + 2], "big")
            if end > len(received):
                break
            self._answer(bytes(received[at + 2 : end]))
            at = end
        if at:
            del received[:at]
            self._wait()
        self._balance()

    def _balance(self) -> None:
        """Read on only while there is room."""
        if self._transport is None or self._is_reading != self._is_busy():
            return
        self._is_reading = not self._is_reading
        self._transport.resume_reading() if self._is_reading else self._transport.pause_reading()

    def _answer(self, message: bytes) -> None:
        found = _respond(self._server.responder, message, self._family, is_tcp=True)
        if isinstance(found, bytes):
            self._send(found)
        elif found is None:
            self.end()
        else:
            self._pending += 1
            if not self._server.late.start(self._later(found), found):
                self._pending -= 1
                self.end()

    async def _later(self, coming: Later) -> None:
        answer = await coming
        self._pending -= 1
        if answer is not None:
            self._send(answer)
        self._work()
        if self._is_ending and not self._pending:
            self.end()

    def _send(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(len(answer).to_bytes(2, "big") + answer)


_IP_FREEBIND = 15
_SO_RCVBUFFORCE = 33


def _make_room(sock: socket.socket) -> None:
    """Room for bursts, and for what is asked while the process is started anew; the system's limit is for others."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


def bind(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """A bound socket; the address may come later.  Raises: ``OSError``."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    try:
        sock.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        if ":" in host:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            _make_room(sock)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise OSError(error.errno, error.strerror, authority(host, port)) from error
    return sock
