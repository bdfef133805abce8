"""Chunk: the frame in which a part of a streamed answer travels.  Pure.

Source: RFC 9112 section 7.1.
"""

from collections.abc import Sequence

LAST_CHUNK = b"0\r\n\r\n"


def frame(data: bytes) -> bytes:
    """One chunk ready for any number of streams.  Raises: ``ValueError`` on no data, which would end a stream."""
    if not data:
        raise ValueError("an empty chunk would end the stream")
    return b"%x\r\n%b\r\n" % (len(data), data)


def frame_of(parts: Sequence[bytes | memoryview]) -> bytes:
    """The same of data in parts, copied once."""
    return b"".join((b"%x\r\n" % sum(map(len, parts)), *parts, b"\r\n"))


def payload(framed: bytes) -> bytes:
    """What ``frame`` was given: for peers that understand no chunks."""
    return framed[framed.index(b"\n") + 1 : -2]
