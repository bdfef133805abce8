"""Backend: one request to a pod, an endpoint or a node, with the head of its answer read.

Source: RFC 9112; the texts of dial errors are those that clients of Kubernetes know.
"""

import asyncio
import os
import ssl
from collections.abc import Iterable
from functools import lru_cache

from fairway.apiserver.settings import NodeTunnel
from fairway.apiserver.subresources.node_tunnel import CONNECT_S, HEAD_MAX_BYTES, NodeAnswer, node_context
from fairway.apiserver.subresources.proxy.headers import Header, pairs
from fairway.apiserver.subresources.proxy.target import Target
from fairway.objects.authority import authority as authority_of
from fairway.objects.errors import StatusError, internal, unavailable
from fairway.objects.label_syntax import integer
from fairway.transport.interface import Request, Rest

_PORTS = {"http": "80", "https": "443"}


def authority(target: Target) -> str:
    """Host and port as a URL has them."""
    return authority_of(target.host, target.port)


@lru_cache(1)
def _unverified() -> ssl.SSLContext:
    """For backends: a pod's certificate is its own affair."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def ask(
    target: Target, tunnel: NodeTunnel | None, method: str, path: str, headers: Iterable[Header], request: Request
) -> NodeAnswer:
    """Connect, send, read the head.  ``request`` is whose body goes on.  Raises: ``StatusError`` 503."""
    reader, writer = await _connect(target, tunnel)
    try:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + request.body)
        if request.rest is not None:
            # Beside the answer, which may come before the end: servers echo, and refuse what is too long.
            sending = asyncio.ensure_future(_send(request.rest, writer, is_chunked=length(request) is None))
            _SENDING.add(sending)
            sending.add_done_callback(_SENDING.discard)
        return await read_head(reader, writer)
    except (OSError, EOFError, ValueError, IndexError, asyncio.LimitOverrunError) as error:
        writer.close()
        raise unreachable("EOF" if isinstance(error, EOFError) else str(error)) from error
    except BaseException:
        writer.close()
        raise


_SENDING: set["asyncio.Future[None]"] = set()
"""Bodies under way; each ends with either side of its connection."""


def length(request: Request) -> int | None:
    """Bytes of the body; ``None`` if nobody knows before its end."""
    if request.rest is None:
        return len(request.body)
    told = request.headers.get("content-length", "")
    return int(told) if told.isdigit() else None


async def _send(rest: Rest, writer: asyncio.StreamWriter, *, is_chunked: bool) -> None:
    """Pass a body on at the backend's pace; a client that goes in the middle is the end of the connection."""
    try:
        async for piece in rest.pieces():
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
            await writer.drain()
        if is_chunked:
            writer.write(b"0\r\n\r\n")
            await writer.drain()
    except OSError:
        writer.close()


async def _connect(target: Target, tunnel: NodeTunnel | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = target.port or _PORTS[target.scheme]
    if not 0 < (integer(port) or 0) < 65536:
        raise unreachable(f"dial tcp: lookup tcp/{port}: unknown port")
    context, name = None, None
    if target.node:
        if tunnel is None:
            raise internal("this API server has no credentials for nodes")
        context, name = node_context(tunnel), target.node
    elif target.scheme == "https":
        context, name = _unverified(), target.host
    where = f"dial tcp {authority(target._replace(port=port))}"
    try:
        async with asyncio.timeout(CONNECT_S):
            return await asyncio.open_connection(
                target.host, int(port), ssl=context, server_hostname=name, limit=HEAD_MAX_BYTES
            )
    except TimeoutError as error:
        raise unreachable(f"{where}: i/o timeout") from error
    except ssl.SSLError as error:
        raise unreachable(f"tls: {error.reason or error}") from error
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise unreachable(f"{where}: connect: {why}") from error


async def read_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> NodeAnswer:
    """The head of the final answer; interim ones are passed over.  Raises: ``EOFError``, ``ValueError``."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1][:3])
        if status == 101 or status >= 200:
            found = {name.lower(): value for name, value in pairs(head)}
            return NodeAnswer(status, found, head, reader, writer)


def unreachable(why: str) -> StatusError:
    """503."""
    return unavailable(f"error trying to reach service: {why}")
