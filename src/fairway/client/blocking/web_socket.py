"""WebSocket: messages over a connection that was upgraded.

Shape: ``send(bytes)``, ``receive() -> bytes | None`` (``None``: closed by the other side), ``close()``.  One thread
may not read while another writes where the connection is TLS; wait with ``select`` on ``fileno()`` after
``has_more()`` is False.
Source: RFC 6455; frames by wsproto.
"""

import base64
import hashlib
import os
from collections import deque
from collections.abc import Sequence

from wsproto.connection import Connection as Frames
from wsproto.connection import ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from fairway.client.blocking.connection import Closed, Connection, Head

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def asking(protocols: Sequence[str]) -> tuple[str, dict[str, str]]:
    """A new key, and the headers that ask for an upgrade with it."""
    key = base64.b64encode(os.urandom(16)).decode()
    return key, {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Protocol": ", ".join(protocols),
    }  # fmt: skip


class WebSocket:
    """One side of a WebSocket.  ``protocol`` is what the server chose."""

    def __init__(self, connection: Connection, head: Head, key: str) -> None:
        expected = base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()
        if head.headers.get("sec-websocket-accept") != expected:
            raise Closed("the server answers the upgrade with a wrong key")
        self.connection = connection
        self.protocol = head.headers.get("sec-websocket-protocol", "")
        self.close_code: int | None = None
        self._frames = Frames(ConnectionType.CLIENT)
        self._messages: deque[bytes] = deque()
        self._part = bytearray()
        self._answers = bytearray()
        if connection.received:
            self.connection.socket.sendall(self.take(bytes(connection.received)))
            connection.received.clear()

    def fileno(self) -> int:
        """For ``select``; ask ``has_more`` first."""
        return int(self.connection.socket.fileno())

    def has_more(self) -> bool:
        """Whether ``receive`` gives something without waiting for the network."""
        pending = getattr(self.connection.socket, "pending", None)
        return bool(self._messages) or self.close_code is not None or bool(pending and pending())

    def send(self, message: bytes) -> None:
        """Send one binary message."""
        self.connection.socket.sendall(self._frames.send(BytesMessage(data=message)))

    def receive(self) -> bytes | None:
        """The next message, waited for; ``None`` after the other side has closed."""
        while not self._messages:
            if self.close_code is not None:
                return None
            self.read()
        return self._messages.popleft()

    def read(self) -> None:
        """Read once from the network, when ``select`` says so; messages that it completes are there at once."""
        got = self.connection.socket.recv(1 << 16)
        if got:
            self.connection.socket.sendall(self.take(got))
        else:
            self.close_code = 1006 if self.close_code is None else self.close_code

    def next_message(self) -> bytes | None:
        """A message that is there already, else ``None``."""
        return self._messages.popleft() if self._messages else None

    def framed(self, message: bytes) -> bytes:
        """The bytes of one binary message, for those who send them without waiting."""
        return self._frames.send(BytesMessage(data=message))

    def take(self, got: bytes) -> bytes:
        """Take what a caller has read itself; the bytes that he must send in answer."""
        self._take(got)
        answers, self._answers = bytes(self._answers), bytearray()
        return answers

    def close(self, code: int = 1000) -> None:
        """Say goodbye and close; a connection that is gone is fine."""
        try:
            if self.close_code is None:
                self.connection.socket.sendall(self._frames.send(CloseConnection(code=code)))
        except OSError:
            pass
        self.connection.close()

    def _take(self, got: bytes) -> None:
        self._frames.receive_data(got)
        for event in self._frames.events():
            if isinstance(event, BytesMessage | TextMessage):
                data = event.data
                self._part += data.encode() if isinstance(data, str) else data
                if event.message_finished:
                    self._messages.append(bytes(self._part))
                    self._part.clear()
            elif isinstance(event, Ping):
                self._answers += self._frames.send(event.response())
            elif isinstance(event, CloseConnection):
                self.close_code = int(event.code)
