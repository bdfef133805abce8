"""SPDY frames: bytes to records and back.  Pure; header blocks stay compressed here.

Source: SPDY Protocol, Draft 3.1, section 2.2 and 2.6.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

VERSION = 3
FIN = 1
SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9
REFUSED_STREAM, CANCEL = 3, 5
INITIAL_WINDOW_SIZE = 7
MAX_FRAME_BYTES = 0xFFFFFF
_STREAM_MASK = 0x7FFFFFFF


class FrameProblem(Exception):
    """The peer does not speak SPDY/3.1: the connection is lost."""


@dataclass(frozen=True, slots=True)
class Control:
    """A control frame as it is on the wire."""

    kind: int
    flags: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of a stream; ``is_last`` closes the sender's half."""

    stream: int
    content: bytes
    is_last: bool = False


Frame = Control | Data


def encode_control(frame: Control) -> bytes:
    """A control frame as bytes."""
    head = struct.pack(">HHI", 0x8000 | VERSION, frame.kind, frame.flags << 24 | len(frame.payload))
    return head + frame.payload


def encode_data(frame: Data) -> bytes:
    """A data frame as bytes."""
    flags = FIN if frame.is_last else 0
    return struct.pack(">II", frame.stream, flags << 24 | len(frame.content)) + frame.content


@dataclass(slots=True)
class Reader:
    """Cuts what comes into frames, however it was split on the way."""

    limit_bytes: int = 1 << 20
    _buffer: bytearray = field(default_factory=bytearray)

    def receive(self, data: bytes) -> Iterator[Frame]:
        """Every frame that is now complete.  Raises: ``FrameProblem``."""
        self._buffer += data
        offset = 0
        view = self._buffer
        try:
            while len(view) - offset >= 8:
                first, second = struct.unpack_from(">II", view, offset)
                length = second & MAX_FRAME_BYTES
                if length > self.limit_bytes:
                    raise FrameProblem(f"frame of {length} bytes is larger than {self.limit_bytes}")
                end = offset + 8 + length
                if len(view) < end:
                    return
                payload = bytes(view[offset + 8 : end])
                offset = end
                yield _frame(first, second >> 24, payload)
        finally:
            del self._buffer[:offset]


def _frame(first: int, flags: int, payload: bytes) -> Frame:
    if not first & 0x80000000:
        return Data(first, payload, bool(flags & FIN))
    version = first >> 16 & 0x7FFF
    if version != VERSION:
        raise FrameProblem(f"SPDY version {version} is not spoken here")
    return Control(first & 0xFFFF, flags, payload)


def syn_stream(stream: int, block: bytes, *, is_last: bool = False) -> bytes:
    """Open a stream."""
    return encode_control(Control(SYN_STREAM, FIN if is_last else 0, struct.pack(">IIH", stream, 0, 0) + block))


def syn_reply(stream: int, block: bytes, *, is_last: bool = False) -> bytes:
    """Accept a stream."""
    return encode_control(Control(SYN_REPLY, FIN if is_last else 0, struct.pack(">I", stream) + block))


def rst_stream(stream: int, status: int) -> bytes:
    """Break a stream off."""
    return encode_control(Control(RST_STREAM, 0, struct.pack(">II", stream, status)))


def ping(number: int) -> bytes:
    """Ask whether the peer lives, or answer that."""
    return encode_control(Control(PING, 0, struct.pack(">I", number)))


def goaway(last_stream: int, status: int = 0) -> bytes:
    """No new streams, please."""
    return encode_control(Control(GOAWAY, 0, struct.pack(">II", last_stream, status)))


def window_update(stream: int, delta: int) -> bytes:
    """Allow that many more bytes."""
    return encode_control(Control(WINDOW_UPDATE, 0, struct.pack(">II", stream, delta)))


def settings(values: dict[int, int]) -> bytes:
    """Tell settings."""
    entries = b"".join(struct.pack(">II", name, value) for name, value in values.items())
    return encode_control(Control(SETTINGS, 0, struct.pack(">I", len(values)) + entries))


def numbers(payload: bytes, count: int) -> tuple[int, ...]:
    """The leading 32-bit numbers of a control frame, high bit cleared.  Raises: ``FrameProblem``."""
    if len(payload) < 4 * count:
        raise FrameProblem("control frame is cut off")
    return tuple(number & _STREAM_MASK for number in struct.unpack_from(f">{count}I", payload))


def setting_values(payload: bytes) -> dict[int, int]:
    """What a SETTINGS frame says.  Raises: ``FrameProblem``."""
    (count,) = numbers(payload, 1)
    if len(payload) < 4 + 8 * count:
        raise FrameProblem("SETTINGS frame is cut off")
    found = {}
    for index in range(count):
        name, value = struct.unpack_from(">II", payload, 4 + 8 * index)
        found[name & MAX_FRAME_BYTES] = value
    return found
