"""Exchange: one question to one other server and its answer, over UDP, and over TCP where it does not fit.

Every question goes out from a socket of its own, so that the kernel draws a port for it, and with a drawn id: who
cannot see the question has 2**32 answers to guess from (RFC 5452).
"""

import asyncio
import secrets
import struct
from typing import Any, Final, NamedTuple

from fairway.dns.received import Received, ReceivedFault, read_answer
from fairway.dns.wire import CHECKING_DISABLED, EDNS_LIMIT, FORMERR, IN, NOTIMP, OPT, WANTS_RECURSION
from fairway.objects.authority import authority

PORT: Final = 53
_IS_DNSSEC_OK: Final = 0x8000


class Ask(NamedTuple):
    """A question to others.  ``name`` is in lower case."""

    name: bytes
    type: int
    class_: int = IN
    is_dnssec_ok: bool = False
    is_checking_disabled: bool = False

    @property
    def question(self) -> bytes:
        """The question section."""
        return self.name + struct.pack(">HH", self.type, self.class_)


class Upstream(NamedTuple):
    """Another server."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        return authority(self.host, self.port)


class UpstreamFault(OSError):
    """A server that did not answer as a server does."""


def query_of(ask: Ask, number: int, *, has_edns: bool = True) -> bytes:
    """The message that asks."""
    flags = WANTS_RECURSION | (CHECKING_DISABLED if ask.is_checking_disabled else 0)
    edns = struct.pack(">BHHIH", 0, OPT, EDNS_LIMIT, _IS_DNSSEC_OK if ask.is_dnssec_ok else 0, 0) if has_edns else b""
    return struct.pack(">6H", number, flags, 1, 0, 0, int(has_edns)) + ask.question + edns


async def exchange(upstream: Upstream, ask: Ask) -> Received:
    """What the server says.  Raises: ``OSError`` (``UpstreamFault`` for nonsense)."""
    received = await _over_udp(upstream, ask, has_edns=True)
    if received.rcode in (FORMERR, NOTIMP):
        received = await _over_udp(upstream, ask, has_edns=False)
    return await _over_tcp(upstream, ask) if received.is_truncated else received


class _Waiting(asyncio.DatagramProtocol):
    """Waits for the one answer that matches; what does not is not from whom it seems to be, and is left aside."""

    def __init__(self, answer: asyncio.Future[Received], number: bytes, question: bytes) -> None:
        self._answer, self._number, self._question = answer, number, question

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Take it if it is the answer."""
        if self._answer.done() or data[:2] != self._number:
            return
        try:
            self._answer.set_result(read_answer(data, self._question))
        except ReceivedFault:
            return

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there."""
        if not self._answer.done():
            self._answer.set_exception(UpstreamFault(str(exc)))


async def _over_udp(upstream: Upstream, ask: Ask, *, has_edns: bool) -> Received:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Received] = loop.create_future()
    number = secrets.randbelow(1 << 16)
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Waiting(answer, number.to_bytes(2, "big"), ask.question), remote_addr=upstream
    )
    try:
        transport.sendto(query_of(ask, number, has_edns=has_edns))
        return await answer
    finally:
        transport.close()


async def _over_tcp(upstream: Upstream, ask: Ask) -> Received:
    reader, writer = await asyncio.open_connection(*upstream)
    try:
        number = secrets.randbelow(1 << 16)
        message = query_of(ask, number)
        writer.write(len(message).to_bytes(2, "big") + message)
        data = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        if data[:2] != number.to_bytes(2, "big"):
            raise UpstreamFault("answer with another id")
        return read_answer(data, ask.question)
    except (asyncio.IncompleteReadError, ReceivedFault) as fault:
        raise UpstreamFault(str(fault)) from fault
    finally:
        writer.close()
