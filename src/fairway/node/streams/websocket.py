"""WebSocket: the server's side of an upgraded connection, in messages.

Source: RFC 6455.  Frames are wsproto's work; pings are answered here and messages are put together here.
"""

from collections.abc import Mapping, Sequence

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError, generate_accept_token

from fairway.transport.interface import RawConnection

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
NORMAL_CLOSURE = 1000


class TooLarge(ConnectionError):
    """A message exceeds what is kept."""


def offered_protocols(headers: Mapping[str, str]) -> list[str]:
    """The subprotocols that the client asks for, in its order.  Pure."""
    return [name.strip() for name in headers.get("sec-websocket-protocol", "").split(",") if name.strip()]


def is_upgrade(headers: Mapping[str, str]) -> bool:
    """Whether a request asks for WebSocket.  Pure."""
    return headers.get("upgrade", "").lower() == "websocket" and bool(headers.get("sec-websocket-key"))


def accept_head(headers: Mapping[str, str], protocol: str) -> bytes:
    """The 101 that accepts.  Pure."""
    token = generate_accept_token(headers["sec-websocket-key"].encode()).decode()
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    lines.append(f"Sec-WebSocket-Accept: {token}")
    if protocol:
        lines.append(f"Sec-WebSocket-Protocol: {protocol}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class WebSocket:
    """Messages over ``raw``, after ``accept_head`` was sent."""

    def __init__(self, raw: RawConnection) -> None:
        self._raw = raw
        self._frames = Connection(ConnectionType.SERVER)
        self._ready: list[bytes | str] = []
        self._parts: list[bytes | str] = []
        self._size_bytes = 0
        self.is_closed = False

    async def receive(self) -> bytes | str | None:
        """The next whole message; ``None`` when the peer has closed or gone."""
        while not self._ready:
            if self.is_closed:
                return None
            data = await self._raw.read()
            try:
                self._frames.receive_data(data or None)
                for event in self._frames.events():
                    await self._take(event)
            except RemoteProtocolError:
                self.is_closed = True
            if not data:
                self.is_closed = True
        return self._ready.pop(0)

    async def _take(self, event: object) -> None:
        match event:
            case BytesMessage() | TextMessage():
                self._part(event.data, is_last=event.message_finished)
            case Ping():
                await self._raw.write(self._frames.send(event.response()))
            case CloseConnection():
                self.is_closed = True
                try:
                    await self._raw.write(self._frames.send(event.response()))
                except (LocalProtocolError, ConnectionError):
                    return
            case Pong() | _:
                return

    def _part(self, content: bytes | bytearray | str, *, is_last: bool) -> None:
        self._parts.append(content if isinstance(content, str) else bytes(content))
        self._size_bytes += len(content)
        if self._size_bytes > MAX_MESSAGE_BYTES:
            raise TooLarge(f"a message exceeds {MAX_MESSAGE_BYTES} bytes")
        if is_last:
            self._ready.append(_joined(self._parts))
            self._parts, self._size_bytes = [], 0

    async def send(self, message: bytes | str) -> None:
        """Send one message, waiting while the peer is slow.  Raises: ``ConnectionError``."""
        if self.is_closed:
            raise ConnectionResetError("the peer has closed the WebSocket")
        event = TextMessage(data=message) if isinstance(message, str) else BytesMessage(data=message)
        await self._raw.write(self._frames.send(event))

    async def close(self) -> None:
        """Send the close frame.  Raises: ``ConnectionError``."""
        if not self.is_closed:
            await self._raw.write(self._frames.send(CloseConnection(code=NORMAL_CLOSURE)))


def _joined(parts: Sequence[bytes | str]) -> bytes | str:
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], str):
        return "".join(part for part in parts if isinstance(part, str))
    return b"".join(part for part in parts if isinstance(part, bytes))


class WebSocketBytes:
    """A ``ByteConnection`` whose bytes travel in binary messages (``SPDY/3.1+portforward.k8s.io``)."""

    def __init__(self, raw: RawConnection) -> None:
        self._raw = raw
        self._socket = WebSocket(raw)

    async def read(self) -> bytes:
        """See ``ByteConnection``."""
        while True:
            message = await self._socket.receive()
            if message is None:
                return b""
            if message:
                return message.encode() if isinstance(message, str) else message

    async def write(self, data: bytes) -> None:
        """See ``ByteConnection``."""
        await self._socket.send(data)

    def close(self) -> None:
        """See ``ByteConnection``."""
        self._raw.close()
