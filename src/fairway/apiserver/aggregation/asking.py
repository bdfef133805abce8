"""Asking: requests to extension servers, over TLS, as whom the client is.

Source: Kubernetes docs, "Configure the Aggregation Layer", "Authentication Flow".
"""

import asyncio
import base64
import binascii
import os
import ssl
from collections.abc import Hashable, Iterable
from functools import lru_cache
from urllib.parse import quote

from fairway.apiserver.aggregation.target import Server
from fairway.apiserver.call import User
from fairway.apiserver.kept_connections import Connection, KeptConnections
from fairway.apiserver.settings import NodeTunnel
from fairway.apiserver.subresources.node_tunnel import CONNECT_S, HEAD_MAX_BYTES, NodeAnswer
from fairway.apiserver.subresources.proxy.backend import read_head
from fairway.apiserver.subresources.proxy.headers import Header
from fairway.objects import Object
from fairway.objects.authority import authority
from fairway.transport.tls import client_context

REMOTE = "x-remote-"
_IDLE_S, _IDLE_MAX = 90.0, 25
"""How long connections are kept, and how many a server, as upstream does."""
_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")


@lru_cache(64)
def _context(bundle: str, is_unchecked: bool, front: NodeTunnel | None) -> ssl.SSLContext:
    """Raises: ``OSError`` for a CA or a pair that cannot be read."""
    pair = (front.certificate, front.key) if front is not None else (None, None)
    context = client_context(None, *pair)
    if is_unchecked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif bundle:
        try:
            context.load_verify_locations(cadata=base64.b64decode(bundle).decode())
        except (binascii.Error, ValueError) as error:
            raise OSError(f"unable to load root certificates: {error}") from error
    return context


def remote_headers(user: User) -> list[Header]:
    """Who the client is, as the front proxy says it.  Raises: ``ValueError`` for a name that no header can hold."""
    said = [("X-Remote-User", user.name)]
    if user.uid:
        said.append(("X-Remote-Uid", user.uid))
    said += [("X-Remote-Group", group) for group in user.groups]
    for key, values in user.extra.items():
        said += [(f"X-Remote-Extra-{quote(key.lower(), safe='')}", value) for value in values]
    if any(sign in value for _, value in said for sign in "\r\n\0"):
        raise ValueError("invalid header field value for the user's name or groups")
    # UTF-8 on the wire: a name of other letters must not become another user's.
    return [(name, value.encode().decode("latin-1")) for name, value in said]


class Asking:
    """Requests over connections that are kept for the next one to the same server; ``front`` is whom they show."""

    def __init__(self, front: NodeTunnel | None) -> None:
        self._front = front
        self._kept = KeptConnections(_IDLE_S, _IDLE_MAX)

    def close(self) -> None:
        """Close whatever is open."""
        self._kept.close()

    async def ask(
        self, server: Server, spec: Object, method: str, path: str, headers: Iterable[Header], body: bytes
    ) -> NodeAnswer:
        """Send, and read the head.  Raises: ``OSError``, and ``EOFError`` or ``ValueError`` for no proper answer."""
        trust = (spec.get("caBundle") or "", bool(spec.get("insecureSkipTLSVerify")), self._front)
        place = (server, trust)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        sent = f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1", "replace") + body
        kept = self._kept.take(place)
        if kept is not None:
            try:
                return await self._over(kept, place, sent)
            except (ConnectionError, EOFError):
                # It was closed while nobody looked; what changes nothing can be asked anew.
                if method not in _SAFE:
                    raise
        return await self._over(await _opened(server, _context(*trust)), place, sent)

    async def _over(self, connection: Connection, place: Hashable, sent: bytes) -> NodeAnswer:
        reader, writer = connection
        try:
            writer.write(sent)
            answer = await read_head(reader, writer)
        except BaseException:
            writer.close()
            raise
        if is_kept(answer):
            answer.keep = lambda: self._kept.give(place, connection)
        return answer


def is_kept(answer: NodeAnswer) -> bool:
    """Whether the server leaves the connection open, as far as the head tells (RFC 9112, 9.3)."""
    named = answer.headers.get("connection", "").lower()
    return answer.status != 101 and answer.raw_head.startswith(b"HTTP/1.1 ") and "close" not in named


async def _opened(server: Server, context: ssl.SSLContext) -> Connection:
    """Raises: ``OSError``."""
    where = authority(server.host, str(server.port))
    try:
        async with asyncio.timeout(CONNECT_S):
            return Connection(*await asyncio.open_connection(
                server.host, server.port, ssl=context, server_hostname=server.name, limit=HEAD_MAX_BYTES
            ))  # fmt: skip
    except TimeoutError as error:
        raise OSError(f"dial tcp {where}: i/o timeout") from error
    except ssl.SSLError as error:
        raise OSError(f"tls: {error.reason or error}") from error
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise OSError(f"dial tcp {where}: connect: {why}") from error
