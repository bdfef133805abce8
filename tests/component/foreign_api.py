"""An API server that is not ours: answers as kube-apiserver does, on a real socket, and as strictly.

It shares no code with the program: its own HTTP, its own selectors, its own history.  Faults on demand: pages that
expire, history that is compacted, watches that are cut in the middle of a line or trickle byte by byte, 429, 401, 403.
"""

import asyncio
import base64
import json
import ssl
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

PATHS = {
    "/api/v1/services": ("", "services", "ServiceList", "v1"),
    "/apis/discovery.k8s.io/v1/endpointslices": ("discovery.k8s.io", "endpointslices", "EndpointSliceList", "v1"),
    "/api/v1/nodes": ("", "nodes", "NodeList", "v1"),
    "/apis/networking.k8s.io/v1/servicecidrs": ("networking.k8s.io", "servicecidrs", "ServiceCIDRList", "v1"),
}
NODE_PROXIER = {(group, resource) for group, resource, _, _ in PATHS.values()}
PARAMETERS = {
    "labelSelector", "fieldSelector", "limit", "continue", "watch", "resourceVersion", "allowWatchBookmarks",
    "timeoutSeconds", "resourceVersionMatch", "sendInitialEvents",
}  # fmt: skip
FIELDS = {"services": {"metadata.name", "metadata.namespace", "spec.clusterIP", "spec.type"}}
OLDER_FIELDS: dict[str, set[str]] = {}
"""What kube-apiserver 1.20 selects Services by: name and namespace."""
Found = dict[str, Any]


@dataclass
class Request:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch") in ("true", "1")


@dataclass(eq=False)
class Watch:
    """One open watch: what it has yet to send, and who may cut it."""

    resource: str
    labels: str
    fields: str
    writer: asyncio.StreamWriter
    wants_bookmarks: bool
    lines: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)


class ForeignApi:
    """Serves one port of 127.0.0.1.  ``async with ForeignApi(...) as api``."""

    def __init__(self, *, page: int = 0, context: ssl.SSLContext | None = None) -> None:
        self.page = page
        """At most so many items a page, whatever is asked for; 0: as asked."""
        self.tokens = {"first"}
        self.allowed = set(NODE_PROXIER)
        self.served = set(PATHS)
        self.fields = FIELDS
        self.busy: deque[tuple[int, str]] = deque()
        """Answers of the next requests instead of a real one: code and Retry-After."""
        self.gone_as_event = True
        """A watch from too old a revision: 200 and an ERROR event, or HTTP 410."""
        self.trickle = False
        self.expired_pages = 0
        """How many of the next pages are asked for too late."""
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self._context = context
        self._objects: dict[str, dict[str, Found]] = {resource: {} for _, resource, _, _ in PATHS.values()}
        self._history: dict[str, list[tuple[int, Found | None, Found | None]]] = {name: [] for name in self._objects}
        self._compacted = 0
        self.revision = 100
        self._watches: set[Watch] = set()
        self._snapshots: dict[tuple[str, int], list[Found]] = {}
        self.arrived = asyncio.Condition()

    async def __aenter__(self) -> "ForeignApi":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()

    # What tests do to it

    def put(self, resource: str, new: Found) -> None:
        """Create or replace."""
        self.revision += 1
        stored = json.loads(json.dumps(new))
        stored.pop("kind", None)
        stored.pop("apiVersion", None)
        meta = stored["metadata"]
        meta.setdefault("uid", f"uid-{self.revision}")
        meta["resourceVersion"] = str(self.revision)
        key = f"{meta.get('namespace', '')}/{meta['name']}"
        old = self._objects[resource].get(key)
        if old is not None:
            meta["uid"] = old["metadata"]["uid"]
        self._objects[resource][key] = stored
        self._tell(resource, old, stored)

    def remove(self, resource: str, key: str) -> None:
        """Delete ``namespace/name``."""
        self.revision += 1
        self._tell(resource, self._objects[resource].pop(key), None)

    def compact(self) -> None:
        """Forget all history and all pages that were begun."""
        self._compacted = self.revision
        self._snapshots.clear()
        for history in self._history.values():
            history.clear()

    def bookmark(self) -> None:
        """Tell every watch that asked for it how far it is."""
        for watch in self._watches:
            if watch.wants_bookmarks:
                mark = {"kind": watch.resource, "metadata": {"resourceVersion": str(self.revision)}}
                watch.lines.put_nowait(_line("BOOKMARK", mark))

    def cut(self, half: bytes = b"") -> None:
        """Reset every watch, after the beginning of a line."""
        for watch in list(self._watches):
            if half:
                watch.writer.write(_chunk(half))
            watch.lines.put_nowait(None)

    def watches(self, resource: str) -> int:
        """How many are open."""
        return sum(each.resource == resource for each in self._watches)

    async def until(self, condition: Any) -> None:
        """Return when ``condition()``, asked after every request, holds."""
        async with self.arrived:
            await self.arrived.wait_for(condition)

    def lists(self, resource: str) -> list[Request]:
        """The lists of a resource that were asked for."""
        return [each for each in self.requests if each.path.endswith(f"/{resource}") and not each.is_watch]

    # HTTP

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _read(reader):
                self.requests.append(request)
                await self._answer(request, writer)
                async with self.arrived:
                    self.arrived.notify_all()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if self.busy:
            code, after = self.busy.popleft()
            return _send(writer, code, _status(code, "TooManyRequests", "slow down"), f"Retry-After: {after}")
        refusal = self._refusal(request)
        if refusal is not None:
            return _send(writer, refusal["code"], refusal)
        resource = PATHS[request.path][1]
        if request.is_watch:
            await self._watch(request, resource, writer)
        else:
            code, body = self._list(request, resource)
            _send(writer, code, body)
        return None

    def _refusal(self, request: Request) -> Found | None:
        """Authentication, then authorization, then what is served, then the form of the request."""
        self._judge(request)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _status(401, "Unauthorized", "Unauthorized")
        group, resource, _, _ = PATHS.get(request.path, ("", request.path, "", ""))
        if (group, resource) not in self.allowed:
            verb = "watch" if request.is_watch else "list"
            name = f"{resource}.{group}" if group else resource
            text = f'{name} is forbidden: User "proxy" cannot {verb} resource "{resource}" in API group "{group}"'
            return _status(403, "Forbidden", f"{text} at the cluster scope")
        if request.path not in self.served:
            return _status(404, "NotFound", "the server could not find the requested resource")
        known = self.fields.get(resource, {"metadata.name", "metadata.namespace"})
        for name, _, _ in _terms(request.query.get("fieldSelector", "")):
            if name not in known:
                text = f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"'
                return _status(400, "BadRequest", text)
        return None

    def _judge(self, request: Request) -> None:
        """What a well-behaved client does not do."""
        strange = set(request.query) - PARAMETERS
        if strange:
            self.violations.append(f"unknown parameters {sorted(strange)}")
        if request.method != "GET" or "host" not in request.headers or "user-agent" not in request.headers:
            self.violations.append(f"bad request {request}")
        if "application/json" not in request.headers.get("accept", ""):
            self.violations.append("does not accept JSON")
        if request.is_watch and not request.query.get("resourceVersion"):
            self.violations.append("watch from nowhere")

    # Lists and watches

    def _list(self, request: Request, resource: str) -> tuple[int, Found]:
        query = request.query
        start, revision = 0, self.revision
        if query.get("continue"):
            token = json.loads(base64.urlsafe_b64decode(query["continue"]))
            start, revision = token["start"], token["revision"]
            self.expired_pages -= 1
            if (resource, revision) not in self._snapshots or self.expired_pages >= 0:
                return 410, _status(410, "Expired", "The provided continue parameter is too old")
            found = self._snapshots[resource, revision]
        else:
            labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
            everything = self._objects[resource]
            found = [everything[key] for key in sorted(everything) if _matches(everything[key], labels, fields)]
        size = int(query.get("limit") or 0) or len(found)
        size = min(size, self.page) if self.page and query.get("limit") else size
        meta: Found = {"resourceVersion": str(revision)}
        if start + size < len(found):
            self._snapshots[resource, revision] = found
            token = json.dumps({"start": start + size, "revision": revision}).encode()
            meta |= {"continue": base64.urlsafe_b64encode(token).decode()}
            meta |= {"remainingItemCount": len(found) - start - size}
        _, _, kind, version = PATHS[request.path]
        return 200, {"kind": kind, "apiVersion": version, "metadata": meta, "items": found[start : start + size]}

    async def _watch(self, request: Request, resource: str, writer: asyncio.StreamWriter) -> None:
        query = request.query
        since = int(query["resourceVersion"])
        is_gone = since < self._compacted
        gone = _status(410, "Expired", f"too old resource version: {since} ({self._compacted})")
        if is_gone and not self.gone_as_event:
            return _send(writer, 410, gone)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        if is_gone:
            writer.write(_chunk(_line("ERROR", gone)) + b"0\r\n\r\n")
            return None
        watch = Watch(
            resource, query.get("labelSelector", ""), query.get("fieldSelector", ""), writer,
            query.get("allowWatchBookmarks") == "true",
        )  # fmt: skip
        for revision, old, new in self._history[resource]:
            if revision > since:
                self._show(watch, revision, old, new)
        self._watches.add(watch)
        async with self.arrived:
            self.arrived.notify_all()
        try:
            while (line := await watch.lines.get()) is not None:
                for part in [line[at : at + 1] for at in range(len(line))] if self.trickle else [line]:
                    writer.write(_chunk(part))
                    await writer.drain()
            writer.transport.abort()
        finally:
            self._watches.discard(watch)
        return None

    def _tell(self, resource: str, old: Found | None, new: Found | None) -> None:
        self._history[resource].append((self.revision, old, new))
        for watch in self._watches:
            if watch.resource == resource:
                self._show(watch, self.revision, old, new)

    def _show(self, watch: Watch, revision: int, old: Found | None, new: Found | None) -> None:
        """An object that no longer matches is DELETED for this watch, and one that does now is ADDED."""
        was = old is not None and _matches(old, watch.labels, watch.fields)
        has = new is not None and _matches(new, watch.labels, watch.fields)
        if has:
            watch.lines.put_nowait(_line("MODIFIED" if was else "ADDED", new))
        elif was and old is not None:
            last = json.loads(json.dumps(old))
            last["metadata"]["resourceVersion"] = str(revision)
            watch.lines.put_nowait(_line("DELETED", last))


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
    url = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(url.query, strict_parsing=bool(url.query)).items()}
    return Request(method, url.path, query, headers)


def _send(writer: asyncio.StreamWriter, code: int, body: Found, *headers: str) -> None:
    text = json.dumps(body).encode()
    head = [f"HTTP/1.1 {code} X", "Content-Type: application/json", f"Content-Length: {len(text)}", *headers, "", ""]
    writer.write("\r\n".join(head).encode() + text)


def _status(code: int, reason: str, message: str) -> Found:
    return {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": reason, "code": code,
    }  # fmt: skip


def _line(type_: str, found: Any) -> bytes:
    return json.dumps({"type": type_, "object": found}).encode() + b"\n"


def _chunk(part: bytes) -> bytes:
    return f"{len(part):x}\r\n".encode() + part + b"\r\n"


def _terms(selector: str) -> list[tuple[str, str, str]]:
    """``(name, operator, value)``: exists, does not exist, equal, not equal."""
    found = []
    for term in filter(None, selector.split(",")):
        if "!=" in term:
            name, _, value = term.partition("!=")
            found.append((name, "!=", value))
        elif "=" in term:
            name, _, value = term.partition("=")
            found.append((name, "=", value.removeprefix("=")))
        else:
            found.append((term.removeprefix("!"), "!" if term.startswith("!") else "exists", ""))
    return found


def _matches(found: Found, labels: str, fields: str) -> bool:
    held = found["metadata"].get("labels") or {}
    for name, operator, value in _terms(labels):
        if operator in ("exists", "!") and (name in held) == (operator == "!"):
            return False
        if (operator == "=" and held.get(name) != value) or (operator == "!=" and held.get(name) == value):
            return False
    for name, operator, value in _terms(fields):
        at: Any = found
        for part in name.split("."):
            at = (at or {}).get(part) or ""
        if (at == value) != (operator == "="):
            return False
    return True
