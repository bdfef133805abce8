"""Asking: one request to an extension server, over TLS, as whom the client is.

Source: Kubernetes docs, "Configure the Aggregation Layer", "Authentication Flow".
"""

import asyncio
import base64
import binascii
import os
import ssl
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

from fairway.apiserver.aggregation.target import Server
from fairway.apiserver.call import User
from fairway.apiserver.settings import NodeTunnel
from fairway.apiserver.subresources.node_tunnel import CONNECT_S, HEAD_MAX_BYTES, NodeAnswer
from fairway.apiserver.subresources.proxy.backend import read_head
from fairway.apiserver.subresources.proxy.headers import Header
from fairway.objects import Object
from fairway.objects.authority import authority
from fairway.transport.tls import client_context

REMOTE = "x-remote-"


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


async def ask(
    server: Server,
    spec: Object,
    front: NodeTunnel | None,
    method: str,
    path: str,
    headers: Iterable[Header],
    body: bytes,
) -> NodeAnswer:
    """Connect, send, read the head.  Raises: ``OSError``, and ``EOFError`` or ``ValueError`` for no proper answer."""
    where = authority(server.host, str(server.port))
    context = _context(spec.get("caBundle") or "", bool(spec.get("insecureSkipTLSVerify")), front)
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(
                server.host, server.port, ssl=context, server_hostname=server.name, limit=HEAD_MAX_BYTES
            )
    except TimeoutError as error:
        raise OSError(f"dial tcp {where}: i/o timeout") from error
    except ssl.SSLError as error:
        raise OSError(f"tls: {error.reason or error}") from error
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise OSError(f"dial tcp {where}: connect: {why}") from error
    try:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1", "replace") + body)
        return await read_head(reader, writer)
    except BaseException:
        writer.close()
        raise
