"""Calling: POSTs over HTTPS, to a URL or to a Service's pods, within the webhook's time.

Source: Kubernetes API reference, "WebhookClientConfig v1"; RFC 9112.  The texts of failures are those that users know.
"""

import asyncio
import os
import ssl
from base64 import b64decode
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httptools

from fairway.apiserver.kept_connections import Connection, KeptConnections
from fairway.objects import Object
from fairway.objects.authority import authority

_PIECE_BYTES = 64 * 1024
_ANSWER_MAX_BYTES = 4 * 1024 * 1024
_IDLE_S, _IDLE_MAX = 60.0, 8
"""How long a connection is kept that nobody uses, and how many to one place."""
_REJECTED = {
    400: "the server rejected our request for an unknown reason",
    401: "the server has asked for the client to provide credentials",
    403: "forbidden",
    404: "the server could not find the requested resource",
}


class CallFailed(Exception):
    """No answer that counts; the text says why."""


class Where(NamedTuple):
    """Where to call: what the URL says, what is connected to, and the name that the certificate must bear."""

    url: str
    path: str
    host: str
    port: int
    name: str
    shown_host: str


EndpointOf = Callable[[str, str, int], tuple[str, int]]
"""(namespace, Service, port) -> an address and a port behind it.  Raises: ``LookupError`` with the reason."""


def where(config: Object, timeout_s: int, endpoint_of: EndpointOf) -> Where:
    """What a clientConfig leads to.  Raises: ``CallFailed``."""
    query = f"?timeout={timeout_s}s"
    service = config.get("service")
    if service is None:
        parts = urlsplit(config["url"])
        path = f"{parts.path or '/'}{query}"
        host = parts.hostname or ""
        shown = f"https://{parts.netloc}{parts.path}{query}"
        return Where(shown, path, host, parts.port or 443, host, parts.netloc)
    namespace, name, port = service["namespace"], service["name"], service.get("port") or 443
    server = f"{name}.{namespace}.svc"
    path = f"{service.get('path') or '/'}{query}"
    shown = f"https://{server}:{port}{path}"
    try:
        host, number = endpoint_of(namespace, name, port)
    except LookupError as error:
        raise CallFailed(f'failed to call webhook: Post "{shown}": {error.args[0]}') from error
    return Where(shown, path, host, number, server, f"{server}:{port}")


@lru_cache(64)
def _context(bundle: str) -> ssl.SSLContext:
    """Whom to trust: the bundle's certificates and no others, or without one the machine's."""
    if not bundle:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=b64decode(bundle).decode())
    return context


_Key = tuple[str, int, str, str]


class Calls:
    """Calls over connections that are kept for the next one."""

    def __init__(self) -> None:
        self._kept = KeptConnections(_IDLE_S, _IDLE_MAX)

    def close(self) -> None:
        """Close whatever is open."""
        self._kept.close()

    async def post(self, place: Where, bundle: str, body: bytes, timeout_s: float) -> bytes:
        """The body of a 200.  Raises: ``CallFailed``."""
        told = f'failed to call webhook: Post "{place.url}"'
        try:
            async with asyncio.timeout(timeout_s):
                status, answer = await self._exchange(place, bundle, body)
        except TimeoutError as error:
            raise CallFailed(f"{told}: context deadline exceeded") from error
        except ssl.SSLCertVerificationError as error:
            why = _certificate(error, place)
            raise CallFailed(f"{told}: tls: failed to verify certificate: x509: {why}") from error
        except ssl.SSLError as error:
            raise CallFailed(f"{told}: remote error: tls: {error.reason or error}") from error
        except (OSError, EOFError, ValueError, httptools.HttpParserError) as error:
            raise CallFailed(f"{told}: {_failure(error, place)}") from error
        if status != 200:
            raise CallFailed(f"failed to call webhook: {_rejection(status)}")
        if not answer:
            raise CallFailed(
                "failed to call webhook: 0-length response with status code: 200 and content type: application/json"
            )
        return answer

    async def _exchange(self, place: Where, bundle: str, body: bytes) -> tuple[int, bytes]:
        key = (place.host, place.port, place.name, bundle)
        kept = self._kept.take(key)
        if kept is not None:
            try:
                return await self._over(kept, key, place, body)
            except (ConnectionError, EOFError):
                pass  # it was closed while nobody looked: that says nothing of a new one
        reader, writer = await asyncio.open_connection(
            place.host, place.port, ssl=_context(bundle), server_hostname=place.name, limit=_PIECE_BYTES
        )
        return await self._over(Connection(reader, writer), key, place, body)

    async def _over(self, connection: Connection, key: _Key, place: Where, body: bytes) -> tuple[int, bytes]:
        is_reusable = False
        try:
            status, answer, is_reusable = await _asked(connection, place, body)
        finally:
            if is_reusable:
                self._kept.give(key, connection)
            else:
                connection.writer.close()
        return status, answer


def _rejection(status: int) -> str:
    """What a client says of an answer that is no success and no Status."""
    if known := _REJECTED.get(status):
        return known
    if status >= 500:
        return 'an error on the server ("unknown") has prevented the request from succeeding'
    return f"the server responded with the status code {status} but did not return more information"


def _certificate(error: ssl.SSLCertVerificationError, place: Where) -> str:
    match error.verify_code:
        case 62 | 64:
            return f"certificate is not valid for the name {place.name}"
        case 10:
            return "certificate has expired or is not yet valid"
    return "certificate signed by unknown authority"


def _failure(error: Exception, place: Where) -> str:
    if isinstance(error, EOFError):
        return "EOF"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return f"dial tcp {authority(place.host, place.port)}: connect: {os.strerror(error.errno).lower()}"
    if isinstance(error, OSError):
        return f"dial tcp: lookup {place.host}: no such host"
    return str(error)


async def _asked(connection: Connection, place: Where, body: bytes) -> tuple[int, bytes, bool]:
    """(status, body, whether the connection may be used again)"""
    head = (
        f"POST {place.path} HTTP/1.1\r\nHost: {place.shown_host}\r\nUser-Agent: kube-apiserver-admission\r\n"
        f"Accept: application/json, */*\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.writer.write(head.encode("latin-1") + body)
    answer = _Answer()
    parser = answer.parser = httptools.HttpResponseParser(answer)
    while not answer.is_complete:
        piece = await connection.reader.read(_PIECE_BYTES)
        if not piece:
            if not answer.has_head:
                raise EOFError
            break
        parser.feed_data(piece)
    return parser.get_status_code(), b"".join(answer.pieces), answer.keeps_open


class _Answer:
    """What the parser finds."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.has_head = self.is_complete = self.keeps_open = False
        self.parser: Any = None
        self._size = 0

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > _ANSWER_MAX_BYTES:
            raise ValueError(f"the answer is larger than {_ANSWER_MAX_BYTES} bytes")
        self.pieces.append(piece)

    def on_message_complete(self) -> None:
        self.is_complete = True
        self.keeps_open = self.parser.should_keep_alive()  # later it no longer knows


Endpoint = tuple[str, int]
Choose = Callable[[list[Any]], Any]


def ready_endpoint(service: Object, endpoints: Object | None, port: int, choose: Choose) -> Endpoint:
    """A ready address behind a Service's port.  Raises: ``LookupError``."""
    name = service["metadata"]["name"]
    wanted = next((one for one in service["spec"].get("ports") or () if one["port"] == port), None)
    if wanted is None:
        raise LookupError(f'no service port {port} found for service "{name}"')
    found = [
        (address["ip"], one["port"])
        for subset in (endpoints or {}).get("subsets") or ()
        for one in subset.get("ports") or ()
        if (one.get("name") or "") == (wanted.get("name") or "")
        for address in subset.get("addresses") or ()
    ]
    if not found:
        raise LookupError(f'no endpoints available for service "{name}"')
    chosen: Endpoint = choose(found)
    return chosen
