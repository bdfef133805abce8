"""NodeTunnel: requests from the API server to a node's own HTTPS API, streamed back, or handed over raw.

Shape: ``open_node`` gives a connection on which one request was sent and the head of its answer read.
Source: RFC 9112 (framing of answers).
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from fairway.apiserver.settings import NodeTunnel
from fairway.objects.authority import authority
from fairway.objects.errors import StatusError, internal
from fairway.transport.tls import client_context

CONNECT_S = 10.0
HEAD_MAX_BYTES = 64 * 1024
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """Where a node's API listens, and the name that its certificate must bear."""

    name: str
    host: str
    port: int


@dataclass(slots=True)
class NodeAnswer:
    """An answer whose head was read.  ``raw_head`` is the head as it came.

    ``keep`` takes the connection back once the body is over, if it may be used again; ``is_over`` says that it is.
    """

    status: int
    headers: dict[str, str]
    raw_head: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    keep: Callable[[], None] | None = None
    is_over: bool = False
    is_left: bool = False

    def close(self) -> None:
        """Drop the connection, or leave it to the next request."""
        if self.is_left:
            return
        if self.keep is not None and self.is_over:
            self.is_left = True
            self.keep()
        else:
            self.writer.close()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes.  Raises: ``ConnectionError`` if it breaks off."""
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            async for piece in self._chunks():
                yield piece
            return
        left = int(self.headers["content-length"]) if "content-length" in self.headers else None
        while left is None or left > 0:
            piece = await self.reader.read(_PIECE_BYTES if left is None else min(left, _PIECE_BYTES))
            if not piece:
                if left:
                    raise ConnectionResetError("the node's answer broke off")
                return
            left = None if left is None else left - len(piece)
            yield piece
        self.is_over = True

    async def _chunks(self) -> AsyncIterator[bytes]:
        try:
            while size := int((await self.reader.readline()).partition(b";")[0].strip() or b"x", 16):
                left = size
                while left:
                    piece = await self.reader.read(min(left, _PIECE_BYTES))
                    if not piece:
                        raise ConnectionResetError("the node's answer broke off")
                    left -= len(piece)
                    yield piece
                await self.reader.readline()
            while (await self.reader.readline()).strip():
                pass  # trailers say nothing that is passed on
            self.is_over = True
        except ValueError as error:
            raise ConnectionResetError("the node's answer is malformed") from error

    async def body(self, limit_bytes: int = HEAD_MAX_BYTES) -> bytes:
        """The whole body, cut at ``limit_bytes``."""
        found = b""
        async for piece in self.pieces():
            found += piece
            if len(found) >= limit_bytes:
                break
        return found[:limit_bytes]


@lru_cache(4)
def node_context(tunnel: NodeTunnel) -> ssl.SSLContext:
    """Trusts the cluster's CA and shows the API server's certificate."""
    return client_context(tunnel.ca, tunnel.certificate, tunnel.key)


async def open_node(
    tunnel: NodeTunnel | None, node: NodeAddress, method: str, target: str, headers: Iterable[tuple[str, str]]
) -> NodeAnswer:
    """Connect, ask, read the head.  Raises: ``StatusError`` 500 if the node cannot be reached."""
    if tunnel is None:
        raise internal("this API server has no credentials for nodes")
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(
                node.host, node.port, ssl=node_context(tunnel), server_hostname=node.name, limit=HEAD_MAX_BYTES
            )
    except TimeoutError as error:
        raise _unreachable(node, "i/o timeout") from error
    except (OSError, ssl.SSLError) as error:
        raise _unreachable(node, str(error)) from error
    try:
        return await _ask(reader, writer, node, method, target, headers)
    except BaseException:
        writer.close()
        raise


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, node: NodeAddress,
    method: str, target: str, headers: Iterable[tuple[str, str]],
) -> NodeAnswer:  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    writer.write(
        f"{method} {target} HTTP/1.1\r\nHost: {authority(node.host, node.port)}\r\n{lines}\r\n".encode("latin-1")
    )
    try:
        async with asyncio.timeout(CONNECT_S):
            head = await reader.readuntil(b"\r\n\r\n")
        start, *rest = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in rest if line)
        found = {name.strip().lower(): value.strip() for name, _, value in pairs}
        return NodeAnswer(int(start.split(" ")[1]), found, head, reader, writer)
    except TimeoutError as error:
        raise _unreachable(node, "i/o timeout while waiting for the answer") from error
    except (OSError, EOFError, ValueError, IndexError, asyncio.LimitOverrunError) as error:
        raise _unreachable(node, f"no usable answer: {error}") from error


def _unreachable(node: NodeAddress, why: str) -> StatusError:
    return internal(f"error dialing backend: dial tcp {authority(node.host, node.port)}: {why}")
