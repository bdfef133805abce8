"""WebSocket: messages over a connection that was upgraded.

Shape: it waits for nothing itself.  Its owner hands it what came (``take`` gives what is to be sent in answer,
``next_message() -> bytes | None`` what is complete) and sends what ``framed(bytes)`` makes of a message.
Source: RFC 6455.
"""

import binascii
import hashlib
import os
from collections import deque

from fairway.client.blocking import frames
from fairway.client.blocking.connection import Closed, Connection, Head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def _base64(content: bytes) -> str:
    return binascii.b2a_base64(content, newline=False).decode()


def asking(protocols: "Sequence[str]") -> tuple[str, dict[str, str]]:
    """A new key, and the headers that ask for an upgrade with it."""
    key = _base64(os.urandom(16))
    return key, {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Protocol": ", ".join(protocols),
    }  # fmt: skip


class WebSocket:
    """One side of a WebSocket.  ``protocol`` is what the server chose."""

    def __init__(self, connection: Connection, head: Head, key: str) -> None:
        expected = _base64(hashlib.sha1(key.encode() + _GUID).digest())
        if head.headers.get("sec-websocket-accept") != expected:
            raise Closed("the server answers the upgrade with a wrong key")
        self.connection = connection
        self.protocol = head.headers.get("sec-websocket-protocol", "")
        self.close_code: int | None = None
        self._frames = frames.Reader()
        self._messages: deque[bytes] = deque()
        self._part = bytearray()
        self._answers = bytearray()
        if connection.received:
            self.connection.socket.sendall(self.take(bytes(connection.received)))
            connection.received.clear()

    def next_message(self) -> bytes | None:
        """A message that is there already, else ``None``."""
        return self._messages.popleft() if self._messages else None

    def framed(self, message: bytes) -> bytes:
        """The bytes of one binary message, for those who send them without waiting."""
        return frames.framed(frames.BINARY, message, os.urandom(4))

    def take(self, got: bytes) -> bytes:
        """Take what a caller has read itself; the bytes that he must send in answer."""
        self._take(got)
        answers, self._answers = bytes(self._answers), bytearray()
        return answers

    def _take(self, got: bytes) -> None:
        for kind, is_final, content in self._frames.receive(got):
            if kind in (frames.CONTINUATION, frames.TEXT, frames.BINARY):
                self._part += content
                if is_final:
                    self._messages.append(bytes(self._part))
                    self._part.clear()
            elif kind == frames.PING:
                self._answers += frames.framed(frames.PONG, content, os.urandom(4))
            elif kind == frames.CLOSE:
                self.close_code = int.from_bytes(content[:2], "big") if len(content) > 1 else 1005
                self._answers += frames.framed(frames.CLOSE, content[:2], os.urandom(4))
