"""Watches and logs over WebSocket, for browsers and those who cannot read an endless answer.

Shape: ``upgraded`` turns a ``Stream`` into a ``TakeOver``; ``SocketWriter`` stands where the transport's writer would.
Each event of a watch is one text message, each piece of a log a message in the form that the client has chosen.  The
peer has nothing to say but pings and its goodbye.
Source: RFC 6455; Kubernetes API reference, "Watch" and "Misc" operations; the subprotocols of upstream's wsstream.
"""

import asyncio
import base64
import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from fairway.objects.errors import bad_request
from fairway.transport.chunk import payload
from fairway.transport.interface import RawConnection, Request, Stream, TakeOver

_KEY_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x1, 0x2, 0x8, 0x9, 0xA
_FINAL = 0x80
_NORMAL_CLOSURE = (1000).to_bytes(2, "big")
_INCOMING_MAX_BYTES = 64 * 1024
_PENDING_MAX_BYTES = 16 * 1024 * 1024


def is_asked(request: Request) -> bool:
    """Whether the client wants a WebSocket."""
    return request.headers.get("upgrade", "").lower() == "websocket"


class Form(NamedTuple):
    """How what is written becomes messages; ``protocol`` is what the client has asked for, or empty."""

    messages: Callable[[bytes], bytes]
    protocol: str = ""


def lines_as_text(data: bytes) -> bytes:
    """Each line is a message."""
    return b"".join(message(_TEXT, line) for line in data.splitlines())


EVENTS = Form(lines_as_text)


def _as_binary(data: bytes) -> bytes:
    return message(_BINARY, data)


def _as_base64(data: bytes) -> bytes:
    return message(_TEXT, base64.b64encode(data))


_OF_BYTES = {"": _as_binary, "binary.k8s.io": _as_binary, "base64.binary.k8s.io": _as_base64}


def form_of_bytes(request: Request) -> Form:
    """The form for plain bytes: the first that the client offers and we know.  Raises: ``StatusError`` 400."""
    header = request.headers.get("sec-websocket-protocol", "")
    offered = [name.strip() for name in header.split(",") if name.strip()]
    for protocol in offered or [""]:
        if (messages := _OF_BYTES.get(protocol)) is not None:
            return Form(messages, protocol)
    served = " ".join(filter(None, _OF_BYTES))
    raise bad_request(f"websocket: client supports [{' '.join(offered)}], server supports [{served}]")


def upgraded(request: Request, stream: Stream, form: Form = EVENTS) -> TakeOver:
    """``stream`` as messages.  Raises: ``StatusError`` 400 for a handshake that is none."""
    key = request.headers.get("sec-websocket-key", "")
    if not key or request.headers.get("sec-websocket-version") != "13":
        raise bad_request("websocket: version 13 and a Sec-WebSocket-Key are needed")
    lines = [
        "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_key(key)}",
        *([f"Sec-WebSocket-Protocol: {form.protocol}"] if form.protocol else []),
        *(f"{name}: {value}" for name, value in stream.headers),
    ]  # fmt: skip
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")

    async def run(connection: RawConnection) -> None:
        await _run(connection, head, stream, form)

    return TakeOver(run)


def accept_key(key: str) -> str:
    """The proof that the server has read the handshake (RFC 6455 §4.2.2)."""
    return base64.b64encode(hashlib.sha1(key.encode() + _KEY_SUFFIX, usedforsecurity=False).digest()).decode()


def message(opcode: int, data: bytes) -> bytes:
    """One whole message as a server sends it."""
    size = len(data)
    if size < 126:
        return bytes((_FINAL | opcode, size)) + data
    if size < 1 << 16:
        return bytes((_FINAL | opcode, 126)) + size.to_bytes(2, "big") + data
    return bytes((_FINAL | opcode, 127)) + size.to_bytes(8, "big") + data


class Incoming:
    """Reads what a client sends."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """(opcode, data) of each frame that is complete.  Raises: ``ValueError`` for one that is too long."""
        self._bytes += data
        while (found := self._next()) is not None:
            yield found

    def _next(self) -> tuple[int, bytes] | None:
        held = self._bytes
        if len(held) < 2:
            return None
        size, start = held[1] & 0x7F, 2
        if size > 125:
            width = 2 if size == 126 else 8
            start += width
            if len(held) < start:
                return None
            size = int.from_bytes(held[2:start], "big")
        if size > _INCOMING_MAX_BYTES:
            raise ValueError("nothing long is expected of this peer")
        mask = bytes(held[start : start + 4]) if held[1] & 0x80 else b""
        start += 4 if held[1] & 0x80 else 0
        if len(held) < start + size:
            return None
        opcode, data = held[0] & 0x0F, bytes(held[start : start + size])
        del held[: start + size]
        return opcode, bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)) if mask else data


class SocketWriter:
    """See ``transport.interface.StreamWriter``; what chunks hold goes out as messages."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._waiting: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._sent = asyncio.Event()
        self._sent.set()
        self.pending_bytes = 0
        self.is_closed = False

    def write(self, frame: bytes) -> None:
        """One ready-made chunk; of a watch it is whole lines."""
        self.send(self._form.messages(payload(frame)))

    def send(self, data: bytes) -> None:
        """Ready-made messages."""
        if self.is_closed:
            return
        self._waiting.append(data)
        self.pending_bytes += len(data)
        if self.pending_bytes > _PENDING_MAX_BYTES:
            self.abort()
            return
        self._sent.clear()
        self._changed.set()

    def close(self) -> None:
        """Say goodbye after what is waiting."""
        if not self.is_closed:
            self.send(message(_CLOSE, _NORMAL_CLOSURE))
        self._end()

    def abort(self) -> None:
        """End at once."""
        self._waiting.clear()
        self._end()

    def _end(self) -> None:
        self.is_closed = True
        self._changed.set()
        self._sent.set()

    async def drained(self) -> None:
        """The peer has taken what was waiting, or has gone."""
        await self._sent.wait()

    async def pump(self, connection: RawConnection) -> None:
        """Send until closed.  Raises: ``ConnectionError`` when the peer has gone."""
        while True:
            while self._waiting:
                data = self._waiting.popleft()
                self.pending_bytes -= len(data)
                await connection.write(data)
            if self.is_closed:
                return
            self._sent.set()
            self._changed.clear()
            await self._changed.wait()


async def _run(connection: RawConnection, head: bytes, stream: Stream, form: Form) -> None:
    writer = SocketWriter(form)
    writer.send(head)
    stream.opened(writer)
    listening = asyncio.create_task(_listen(connection, writer))
    try:
        await writer.pump(connection)
    except ConnectionError:
        pass
    finally:
        writer.abort()
        listening.cancel()
        stream.closed()
        connection.close()


async def _listen(connection: RawConnection, writer: SocketWriter) -> None:
    incoming = Incoming()
    while data := await connection.read():
        try:
            for opcode, text in incoming.feed(data):
                if opcode == _PING:
                    writer.send(message(_PONG, text))
                elif opcode == _CLOSE:
                    writer.close()
                    return
        except ValueError:
            break
    writer.abort()
