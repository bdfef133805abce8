"""gRPC health check: one call of grpc.health.v1.Health/Check over HTTP/2 without TLS, and no more of either.

Shape: ``request_bytes`` and ``Reply`` are pure; ``check_health`` connects, sends and reads.
Sources: RFC 9113 (HTTP/2), RFC 7541 (HPACK, of which only literals without indexing are written and nothing is read),
the gRPC health checking protocol; Kubernetes docs, "Define a gRPC liveness probe".
"""

import asyncio
import struct
from dataclasses import dataclass, field

from fairway.node.probes.outcome import WELL, Outcome
from fairway.objects import Object
from fairway.objects.authority import authority

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
SERVING = 1
STATUS_NAMES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
MAX_FRAME_BYTES = 16384


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One HTTP/2 frame."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _literal(name: str, value: str) -> bytes:
    return b"\0" + _string(name) + _string(value)


def _string(text: str) -> bytes:
    raw = text.encode()
    if len(raw) < 127:
        return bytes([len(raw)]) + raw
    rest, length = len(raw) - 127, bytearray([127])
    while rest >= 128:
        length.append(rest % 128 + 128)
        rest //= 128
    length.append(rest)
    return bytes(length) + raw


def request_bytes(authority: str, service: str) -> bytes:
    """Preface, settings, headers and message of the one call."""
    headers = [
        (":method", "POST"), (":scheme", "http"), (":path", "/grpc.health.v1.Health/Check"), (":authority", authority),
        ("content-type", "application/grpc"), ("user-agent", "kube-probe/1.36"), ("te", "trailers"),
    ]  # fmt: skip
    block = b"".join(_literal(name, value) for name, value in headers)
    raw = service.encode()
    message = b"\x0a" + _varint(len(raw)) + raw if raw else b""
    body = struct.pack(">BI", 0, len(message)) + message
    return (
        PREFACE + frame(SETTINGS, 0, 0, b"") + frame(HEADERS, END_HEADERS, 1, block)
        + frame(DATA, END_STREAM, 1, body)
    )  # fmt: skip


def _varint(number: int) -> bytes:
    made = bytearray()
    while number >= 128:
        made.append(number % 128 + 128)
        number //= 128
    made.append(number)
    return bytes(made)


@dataclass(slots=True)
class Reply:
    """What the server has answered so far.  ``is_over`` once the call has ended; ``answers`` are bytes to send back."""

    body: bytearray = field(default_factory=bytearray)
    answers: bytearray = field(default_factory=bytearray)
    is_over: bool = False
    has_failed: bool = False
    _buffer: bytearray = field(default_factory=bytearray)

    def receive(self, data: bytes) -> None:
        """Take bytes as they come."""
        self._buffer += data
        while len(self._buffer) >= 9 and not self.is_over:
            length = int.from_bytes(self._buffer[:3], "big")
            if len(self._buffer) < 9 + length:
                return
            kind, flags, stream = struct.unpack(">BBI", self._buffer[3:9])
            payload = bytes(self._buffer[9 : 9 + length])
            del self._buffer[: 9 + length]
            self._take(kind, flags, stream & 0x7FFFFFFF, payload)

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            self.answers += frame(SETTINGS, ACK, 0, b"")
        elif kind == PING and not flags & ACK:
            self.answers += frame(PING, ACK, 0, payload)
        elif kind == GOAWAY or (kind == RST_STREAM and stream == 1):
            self.is_over = self.has_failed = True
        elif stream == 1 and kind in (DATA, HEADERS):
            if kind == DATA:
                self.body += payload[1 : len(payload) - payload[0]] if flags & PADDED else payload
            self.is_over = bool(flags & END_STREAM)

    def status(self) -> int | None:
        """The serving status, or ``None`` if the call failed (no such service, not a health server)."""
        if self.has_failed or len(self.body) < 5:
            return None
        length = struct.unpack(">I", self.body[1:5])[0]
        message = self.body[5 : 5 + length]
        if not message:
            return 0
        return message[1] if len(message) > 1 and message[0] == 0x08 else None


async def check_health(address: str, handler: Object, timeout_s: float) -> Outcome:
    """Ask the server on the pod's ``address`` once."""
    port, service = int(handler["port"]), handler.get("service") or ""
    place = authority(address, port)
    try:
        async with asyncio.timeout(timeout_s):
            status = await _call(address, port, request_bytes(place, service))
    except TimeoutError:
        return Outcome(False, f'timeout: failed to connect service "{place}" within {timeout_s:g}s')
    except (OSError, EOFError):
        return Outcome(False, f'error: failed to connect service at "{place}": connection error')
    if status is None:
        return Outcome(False, f'error: health rpc failed at "{place}"')
    if status != SERVING:
        shown = STATUS_NAMES.get(status, str(status))
        return Outcome(False, f"service unhealthy (responded with {shown!r})".replace("'", '"'))
    return WELL


async def _call(address: str, port: int, request: bytes) -> int | None:
    reader, writer = await asyncio.open_connection(address, port)
    reply = Reply()
    try:
        writer.write(request)
        while not reply.is_over:
            data = await reader.read(MAX_FRAME_BYTES)
            if not data:
                break
            reply.receive(data)
            if reply.answers:
                writer.write(bytes(reply.answers))
                reply.answers.clear()
        return reply.status()
    finally:
        writer.transport.abort()
