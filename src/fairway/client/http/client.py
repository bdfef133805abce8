"""HttpClient: the Client interface over HTTP/1.1, for every process that is not the API server's own.

Source: Kubernetes API concepts; RFC 9112; RFC 6750 (bearer tokens).
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from fairway.client.http.answers import Lines, status_error, watch_event
from fairway.client.http.credentials import Credentials, Token
from fairway.client.http.paths import collection_path, object_path, with_query
from fairway.client.http.pool import Address, Pool
from fairway.client.interface import MERGE_PATCH, WatchEvent
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError

JSON = "application/json"
PAGE = "500"
"""How many objects to ask for at once, where only a part of each is kept."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A response of any status.  Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """A ``Client`` of the API at ``server`` (``https://127.0.0.1:6443``).

    ``ssl_context`` holds whom to trust and the client certificate; ``token`` is a bearer token, or gives the newest.
    What the server refuses with 401 is asked once more if there is a newer token by then.
    ``agent`` is the User-Agent: its part before ``/`` names the component in managedFields.
    """

    def __init__(
        self,
        server: str,
        *,
        ssl_context: ssl.SSLContext | None = None,
        token: str | Callable[[], str] | Credentials = "",
        agent: str = "fairway",
        server_name: str = "",
        timeout_s: float = 60.0,
        connect_timeout_s: float = 10.0,
        connections: int = 32,
    ) -> None:
        url = urlsplit(server if "://" in server else f"https://{server}")
        is_tls = url.scheme == "https"
        if url.hostname is None or url.scheme not in ("http", "https"):
            raise ValueError(f"server {server!r} is no http or https address")
        if is_tls and ssl_context is None:
            ssl_context = ssl.create_default_context()
        port = url.port or (443 if is_tls else 80)
        self.server = server
        self._root = url.path.rstrip("/")
        self._timeout_s = timeout_s
        self._credentials = Token(token) if isinstance(token, str) or callable(token) else token
        self._head = f"Host: {url.netloc.rpartition('@')[2]}\r\nUser-Agent: {agent}\r\n"
        address = Address(url.hostname, port, ssl_context if is_tls else None, server_name)
        self._pool = Pool(address, connections, connect_timeout_s)

    # Any request.

    async def _render(self, method: str, target: str, body: bytes, content_type: str, accept: str) -> bytes:
        head = f"{method} {self._root}{target} HTTP/1.1\r\n{self._head}Accept: {accept}\r\n"
        if token := await self._credentials.token():
            head += f"Authorization: Bearer {token}\r\n"
        if body:
            head += f"Content-Type: {content_type}\r\n"
        if body or method not in ("GET", "HEAD"):
            head += f"Content-Length: {len(body)}\r\n"
        return f"{head}\r\n".encode("latin-1") + body

    async def request(
        self,
        method: str,
        target: str,
        *,
        body: bytes = b"",
        content_type: str = JSON,
        accept: str = JSON,
        timeout_s: float | None = None,
    ) -> HttpAnswer:
        """Any request to any path (``target``: path and query, encoded).  Raises: ``ConnectionError``."""
        wait_s = timeout_s or self._timeout_s
        request = await self._render(method, target, body, content_type, accept)
        found = await self._asked(request, method, wait_s)
        if found.status == 401 and await self._renewed():
            found = await self._asked(await self._render(method, target, body, content_type, accept), method, wait_s)
        return found

    async def _asked(self, request: bytes, method: str, timeout_s: float) -> HttpAnswer:
        try:
            async with asyncio.timeout(timeout_s):
                exchange, answer = await self._pool.whole(request, is_repeatable=method in ("GET", "HEAD"))
        except TimeoutError as error:
            raise ConnectionError(f"no answer from {self.server} within {timeout_s:g} s") from error
        return HttpAnswer(exchange.status, exchange.headers, answer)

    async def _renewed(self) -> bool:
        """Whether there are new credentials; connections made with the old ones are not used again."""
        if not await self._credentials.renew():
            return False
        self._pool.forget_idle()
        return True

    async def _call(self, method: str, target: str, body: Any = None, content_type: str = JSON) -> Object:
        encoded = b"" if body is None else orjson.dumps(body)
        answer = await self.request(method, target, body=encoded, content_type=content_type)
        if not 200 <= answer.status < 300:
            raise status_error(answer.status, answer.headers, answer.body)
        found: Object = orjson.loads(answer.body) if answer.body else {}
        return found

    # The verbs.

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        """See ``Client``."""
        return await self._call("GET", object_path(kind, namespace, name))

    async def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = "",
        keep: Callable[[Object], Object] | None = None,
    ) -> tuple[list[Object], str]:  # fmt: skip
        """See ``Client``.  A server that answers in pages is asked for all of them; with ``keep`` it is asked to."""
        path, token = collection_path(kind, namespace), ""
        parameters = {"labelSelector": labels, "fieldSelector": fields, "limit": PAGE if keep else ""}
        items: list[Object] = []
        while True:
            try:
                found = await self._call("GET", with_query(path, {**parameters, "continue": token}))
            except StatusError as error:
                if error.code != 410 or not token:
                    raise
                # The pages took longer than the server remembers: all of it at once cannot be too late.
                parameters, items, token = {**parameters, "limit": ""}, [], ""
                continue
            for item in found.get("items") or ():
                # Servers leave these out of the items of a typed list.
                item.setdefault("kind", kind.name)
                item.setdefault("apiVersion", kind.api_version)
                items.append(keep(item) if keep else item)
            token = found["metadata"].get("continue") or ""
            if not token:
                return items, found["metadata"].get("resourceVersion", "")

    async def watch(
        self, kind: Kind, namespace: str | None = None, *, revision: str, labels: str = "", fields: str = ""
    ) -> AsyncIterator[WatchEvent]:
        """See ``Client``.  Asks for bookmarks.  Raises: ``ConnectionError`` if the stream breaks off."""
        parameters = {
            "watch": "true", "resourceVersion": revision, "allowWatchBookmarks": "true",
            "labelSelector": labels, "fieldSelector": fields,
        }  # fmt: skip
        target = with_query(collection_path(kind, namespace), parameters)
        lines = Lines()
        for is_last_try in (False, True):
            request = await self._render("GET", target, b"", "", JSON)
            async with self._pool.stream(request, self._timeout_s) as exchange:
                if exchange.status != 200:
                    error = status_error(exchange.status, exchange.headers, await exchange.whole())
                    if error.code != 401 or is_last_try or not await self._renewed():
                        raise error
                    continue
                while part := await exchange.next_part():
                    for line in lines.feed(part):
                        type_, changed = watch_event(line)
                        yield WatchEvent(type_, changed)  # type: ignore[arg-type]
                return

    async def create(self, kind: Kind, new: Object, *, subresource: str = "", name: str = "") -> Object:
        """See ``Client``."""
        namespace = new["metadata"].get("namespace")
        if subresource:
            return await self._call("POST", object_path(kind, namespace, name, subresource), new)
        return await self._call("POST", collection_path(kind, namespace or "default"), new)

    async def update(self, kind: Kind, new: Object, *, subresource: str = "") -> Object:
        """See ``Client``."""
        meta = new["metadata"]
        return await self._call("PUT", object_path(kind, meta.get("namespace"), meta["name"], subresource), new)

    async def patch(
        self, kind: Kind, namespace: str | None, name: str, patch: Any, *,
        content_type: str = MERGE_PATCH, subresource: str = "",
    ) -> Object:  # fmt: skip
        """See ``Client``."""
        return await self._call("PATCH", object_path(kind, namespace, name, subresource), patch, content_type)

    async def delete(
        self, kind: Kind, namespace: str | None, name: str, *, options: Mapping[str, Any] | None = None
    ) -> Object:
        """See ``Client``."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", **options} if options else None
        return await self._call("DELETE", object_path(kind, namespace, name), body)

    async def close(self) -> None:
        """See ``Client``."""
        await self._pool.close()
