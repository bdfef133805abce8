"""Frames: the frames of a WebSocket's client, bytes to records and back.  Pure.

Own code, not a library's, since every ``exec`` would pay for its import with a third of its time; the library stands on
the other side in the tests.
Source: RFC 6455, section 5.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_FINAL, _MASKED = 0x80, 0x80


class FrameError(ConnectionError):
    """The other side does not speak the protocol."""


def framed(kind: int, content: bytes, mask: bytes) -> bytes:
    """One whole message, or a control frame; ``mask`` is four bytes that nobody can foresee."""
    size = len(content)
    if size < 126:
        head = bytes((_FINAL | kind, _MASKED | size))
    elif size < 1 << 16:
        head = bytes((_FINAL | kind, _MASKED | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((_FINAL | kind, _MASKED | 127)) + size.to_bytes(8, "big")
    return head + mask + masked(content, mask)


def masked(content: bytes, mask: bytes) -> bytes:
    """``content`` with every byte combined with that of the mask; twice is nothing."""
    size = len(content)
    repeated = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(content, "little") ^ int.from_bytes(repeated, "little")).to_bytes(size, "little")


class Reader:
    """Cuts what comes into frames, however it was split on the way."""

    def __init__(self) -> None:
        self._held = bytearray()

    def receive(self, data: bytes) -> "Iterator[tuple[int, bool, bytes]]":
        """Kind, whether it ends its message, and content of every frame that is now complete.

        Raises: ``FrameError``.
        """
        self._held += data
        while (found := self._head()) is not None:
            start, size = found
            first = self._held[0]
            if len(self._held) < start + size:
                return
            content = bytes(self._held[start : start + size])
            del self._held[: start + size]
            yield first & 0x0F, bool(first & _FINAL), content

    def _head(self) -> tuple[int, int] | None:
        """Where the content begins and how long it is, as soon as that is known."""
        held = self._held
        if len(held) < 2:
            return None
        if held[0] & 0x70 or held[1] & _MASKED:
            raise FrameError("malformed WebSocket frame")
        size = held[1] & 0x7F
        if size < 126:
            return 2, size
        end = 4 if size == 126 else 10
        return (end, int.from_bytes(held[2:end], "big")) if len(held) >= end else None
