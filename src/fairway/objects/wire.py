"""Wire: the fields of one protobuf message, without knowing what they mean.

Pure.  Source: Protocol Buffers docs, "Encoding".
"""

from collections.abc import Iterator
from functools import lru_cache

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_VARINT_MAX_BYTES = 10


class Malformed(ValueError):
    """The bytes are no protobuf message."""


def fields(message: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    """(number, wire type, value) of each field in order; a varint is a number, everything else its bytes."""
    at, end = 0, len(message)
    while at < end:
        tag, at = read_varint(message, at, end)
        after = passed(message, tag, at, end)
        wire_type = tag & 7
        if wire_type == VARINT:
            yield tag >> 3, wire_type, read_varint(message, at, end)[0]
        else:
            if wire_type == BYTES:
                _, at = read_varint(message, at, end)
            yield tag >> 3, wire_type, message[at:after]
        at = after


def read_varint(message: bytes | memoryview, at: int, end: int) -> tuple[int, int]:
    """(value, where what is behind it begins), of a message that ends at ``end``.  Raises: ``Malformed``."""
    value = 0
    for place in range(_VARINT_MAX_BYTES):
        if at + place >= end:
            raise Malformed("unexpected EOF")
        byte = message[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at + place + 1
    raise Malformed("a number is too long")


def passed(message: bytes | memoryview, tag: int, at: int, end: int) -> int:
    """Where a field ends whose value begins at ``at``.  Raises: ``Malformed``."""
    wire_type = tag & 7
    if tag >> 3 == 0:
        raise Malformed("field number 0")
    if wire_type == VARINT:
        return read_varint(message, at, end)[1]
    if wire_type == BYTES:
        size, at = read_varint(message, at, end)
    elif wire_type in (FIXED64, FIXED32):
        size = 8 if wire_type == FIXED64 else 4
    else:
        raise Malformed(f"wire type {wire_type}")
    if size > end - at:
        raise Malformed("unexpected EOF")
    return at + size


def signed(value: int) -> int:
    """A varint as the 64 bit number that it stands for."""
    return value - (1 << 64) if value >> 63 else value


_BYTES = tuple(bytes([value]) for value in range(0x80))
"""Most numbers are small: these are their own bytes."""


def varint(value: int) -> bytes:
    """A number of 64 bits; a negative one takes all ten bytes."""
    if 0 <= value <= 0x7F:
        return _BYTES[value]
    value &= 0xFFFF_FFFF_FFFF_FFFF
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


@lru_cache(1024)
def tag(number: int, wire_type: int) -> bytes:
    """What a field begins with."""
    return varint(number << 3 | wire_type)


def delimited(number: int, content: bytes) -> bytes:
    """A field of bytes: a text, or a message."""
    size = len(content)
    return tag(number, BYTES) + (_BYTES[size] if size <= 0x7F else varint(size)) + content
