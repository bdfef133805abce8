"""Port-forward: connections to ports of a pod, over SPDY streams, SPDY in WebSocket messages, or WebSocket channels.

Shape: over SPDY each connection is a pair of streams (error, then data) that carry the same ``requestid``; over plain
WebSocket each port has two channels, whose first bytes are the port's number.
Source: services.md 11.9; KEP-4006.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from fairway.node.streams import channels
from fairway.node.streams.remote_command import TEXT, spdy_head
from fairway.node.streams.spdy.connection import ByteConnection, SpdyConnection, SpdyStream
from fairway.node.streams.websocket import WebSocket, WebSocketBytes, accept_head, is_upgrade, offered_protocols
from fairway.objects.label_syntax import integer
from fairway.transport.interface import Answer, RawConnection, Request, Response, TakeOver

PROTOCOL = "portforward.k8s.io"
TUNNEL = "SPDY/3.1+portforward.k8s.io"
WEBSOCKET_PROTOCOLS = (TUNNEL, channels.V4, channels.BASE64_V4)
PIECE_BYTES = 64 * 1024
AHEAD = 16

Dial = Callable[[int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
"""Connects to a port of the pod.  Raises: ``OSError``."""


@dataclass(frozen=True, slots=True)
class Pod:
    """Whose ports these are, for messages."""

    name: str
    namespace: str
    uid: str
    dial: Dial

    def failure(self, port: int, error: OSError) -> str:
        """What the error stream says when a port cannot be reached."""
        why = "connection refused" if isinstance(error, ConnectionRefusedError) else str(error)
        return (
            f"an error occurred forwarding {port} -> {port}: error forwarding port {port} to pod {self.uid}, "
            f"uid : failed to connect to localhost:{port} inside pod {self.name}_{self.namespace}: "
            f"dial tcp 127.0.0.1:{port}: connect: {why}"
        )


def answer(request: Request, pod: Pod) -> Answer:
    """Take over the connection, or say why not."""
    if is_upgrade(request.headers):
        return _websocket(request, pod)
    if request.headers.get("upgrade", "").lower() != "spdy/3.1":
        return Response(400, b"Upgrade request required", TEXT)
    offered = request.headers.get("x-stream-protocol-version", "")
    if offered and PROTOCOL not in [name.strip() for name in offered.split(",")]:
        text = f"unable to negotiate protocol: client supports [{offered}], server supports [{PROTOCOL}]"
        return Response(403, text.encode(), TEXT)

    async def run(raw: RawConnection) -> None:
        with suppress(ConnectionError):
            await raw.write(spdy_head({"X-Stream-Protocol-Version": PROTOCOL}))
            await forward_spdy(raw, pod)
        raw.close()

    return TakeOver(run)


def _websocket(request: Request, pod: Pod) -> Answer:
    offered = offered_protocols(request.headers)
    protocol = channels.choose(offered, WEBSOCKET_PROTOCOLS)
    if protocol is None and offered:
        return Response(403, f"unable to negotiate protocol: client supports {offered}".encode(), TEXT)
    try:
        ports = wanted_ports(request.query)
    except ValueError as error:
        return Response(400, str(error).encode(), TEXT)
    if protocol != TUNNEL and not ports:
        return Response(400, b'query parameter "ports" is required', TEXT)

    async def run(raw: RawConnection) -> None:
        with suppress(ConnectionError):
            await raw.write(accept_head(request.headers, protocol or ""))
            if protocol == TUNNEL:
                await forward_spdy(WebSocketBytes(raw), pod)
            else:
                await forward_channels(WebSocket(raw), protocol or channels.V4, ports, pod)
        raw.close()

    return TakeOver(run)


def wanted_ports(query: Sequence[tuple[str, str]]) -> list[int]:
    """The ports of a WebSocket request, in the order of their channels.  Raises: ``ValueError``.  Pure."""
    found = []
    for name, value in query:
        if name not in ("ports", "port"):
            continue
        for text in value.split(","):
            if not 0 < (integer(text) or 0) < 65536:
                raise ValueError(f'query parameter "{name}" is not valid: {text!r} is not a port')
            found.append(int(text))
    return found


# SPDY


@dataclass(slots=True)
class _Pair:
    error: SpdyStream | None = None
    data: SpdyStream | None = None


@dataclass(slots=True)
class _Forwarding:
    """All connections of one SPDY connection."""

    pod: Pod
    serving: set[asyncio.Task[None]] = field(default_factory=set)
    pairs: dict[str, _Pair] = field(default_factory=dict)
    connection: SpdyConnection | None = None

    def opened(self, stream: SpdyStream) -> None:
        """Join the two streams of a connection by their request."""
        key = stream.headers.get("requestid") or str((stream.number + 1) // 4)
        pair = self.pairs.setdefault(key, _Pair())
        if stream.headers.get("streamtype") == "error":
            pair.error = stream
        else:
            pair.data = stream
        if pair.error is not None and pair.data is not None:
            del self.pairs[key]
            task = asyncio.create_task(self.serve(pair.error, pair.data))
            self.serving.add(task)
            task.add_done_callback(self.serving.discard)

    async def serve(self, error: SpdyStream, data: SpdyStream) -> None:
        """One connection to its end."""
        with suppress(ConnectionError):
            await self._serve(error, data)
        assert self.connection is not None
        self.connection.forget(error)
        self.connection.forget(data)

    async def _serve(self, error: SpdyStream, data: SpdyStream) -> None:
        text = data.headers.get("port", "")
        if not 0 < (integer(text) or 0) < 65536:
            await error.write(f'"port" header {text!r} is not a port'.encode())
            await error.finish()
            await data.reset()
            return
        port = int(text)
        try:
            reader, writer = await self.pod.dial(port)
        except OSError as failure:
            await error.write(self.pod.failure(port, failure).encode())
            await error.finish()
            await data.reset()
            return
        await carry(data.read, data.write, data.finish, reader, writer)
        await error.finish()


async def forward_spdy(raw: ByteConnection, pod: Pod) -> None:
    """Serve every connection that the client opens, until it goes."""
    forwarding = _Forwarding(pod)
    connection = forwarding.connection = SpdyConnection(raw, forwarding.opened)
    try:
        await connection.run()
    finally:
        await _end(forwarding.serving)


async def carry(
    read: Callable[[], Awaitable[bytes]], write: Callable[[bytes], Awaitable[None]],
    finish: Callable[[], Awaitable[None]], reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
) -> None:  # fmt: skip
    """Carry bytes between a client's stream and a connection, half-closes too, until both ways have ended."""

    async def to_pod() -> None:
        while content := await read():
            writer.write(content)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    async def to_client() -> None:
        while content := await reader.read(PIECE_BYTES):
            await write(content)
        await finish()

    ways = [asyncio.ensure_future(to_pod()), asyncio.ensure_future(to_client())]
    try:
        # What the pod has to say decides: when it has ended, nothing that the client sends can be answered.
        await asyncio.wait(ways[1:])
    finally:
        # Closed before anything is waited for: a second cancellation must not leave the connection open.
        writer.close()
        await _end(ways)


# WebSocket channels


class _Channel:
    """The data channel of one port."""

    def __init__(self, socket: WebSocket, protocol: str, number: int) -> None:
        self._socket = socket
        self._protocol = protocol
        self._number = number
        self.arrived: asyncio.Queue[bytes] = asyncio.Queue(AHEAD)

    async def read(self) -> bytes:
        return await self.arrived.get()

    async def write(self, content: bytes) -> None:
        await self._socket.send(channels.encode(self._protocol, self._number, content))

    async def write_error(self, content: bytes) -> None:
        await self._socket.send(channels.encode(self._protocol, self._number + 1, content))

    async def finish(self) -> None:
        """These channels have no end of their own."""


async def forward_channels(socket: WebSocket, protocol: str, ports: Sequence[int], pod: Pod) -> None:
    """Two channels for each port, one connection each, until the client goes or the last connection has ended.

    Channels have no end of their own: the end of the WebSocket is how the client learns that the pod has finished.
    """
    found = [_Channel(socket, protocol, 2 * index) for index in range(len(ports))]
    serving: list[asyncio.Future[None]] = []
    try:
        for channel, port in zip(found, ports, strict=True):
            number = struct.pack("<H", port)
            await channel.write(number)
            await channel.write_error(number)
            serving.append(asyncio.ensure_future(_serve_channel(channel, port, pod)))
        serving.append(asyncio.ensure_future(_take_messages(socket, protocol, found)))
        *connections, taking = serving
        all_over = asyncio.ensure_future(_over(connections))
        await asyncio.wait([all_over, taking], return_when=asyncio.FIRST_COMPLETED)
        all_over.cancel()
        if not taking.done():
            await socket.close()
    finally:
        await _end(serving)


async def _over(connections: Collection[asyncio.Future[None]]) -> None:
    await asyncio.wait(connections)


async def _take_messages(socket: WebSocket, protocol: str, found: Sequence[_Channel]) -> None:
    """What the client sends, until it goes."""
    with suppress(channels.ChannelProblem):
        while (message := await socket.receive()) is not None:
            decoded = channels.decode(protocol, message)
            if decoded.channel % 2 == 0 and decoded.channel // 2 < len(found) and decoded.content:
                await found[decoded.channel // 2].arrived.put(decoded.content)


async def _serve_channel(channel: _Channel, port: int, pod: Pod) -> None:
    with suppress(ConnectionError):
        try:
            reader, writer = await pod.dial(port)
        except OSError as failure:
            await channel.write_error(pod.failure(port, failure).encode())
            return
        await carry(channel.read, channel.write, channel.finish, reader, writer)


async def _end(tasks: Collection[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
