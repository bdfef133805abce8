"""A registry on loopback: the reading half of the v2 API, with or without authentication, and with faults."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from component.image_files import ImageFiles, digest

TOKEN = "a-token-for-pulling"


@dataclass
class Registry:
    """What it holds and how it behaves."""

    port: int = 0
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """By ``repository:tag`` and ``repository@digest``: media type and content."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    authentication: str = ""
    """``bearer``, ``basic`` or none."""
    corrupt: set[str] = field(default_factory=set)
    failures: list[int] = field(default_factory=list)
    """Status codes of the next answers for blobs."""
    redirect_blobs: bool = False
    requests: list[str] = field(default_factory=list)
    authorized: list[tuple[str, str]] = field(default_factory=list)
    """(path, Authorization header) of every request."""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def add(self, repository: str, tag: str, files: ImageFiles) -> None:
        media = "application/vnd.oci.image.manifest.v1+json"
        for name in (f"{repository}:{tag}", f"{repository}@{digest(files.manifest)}"):
            self.manifests[name] = (media, files.manifest)
        for blob in (files.config, *files.blobs):
            self.blobs[digest(blob)] = blob

    def add_list(self, repository: str, tag: str, document: dict[str, object]) -> None:
        data = json.dumps(document).encode()
        self.manifests[f"{repository}:{tag}"] = ("application/vnd.oci.image.index.v1+json", data)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: Registry

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.registry.requests.append(self.path)
        self.registry.authorized.append((url.path, self.headers.get("Authorization", "")))
        if url.path == "/token":
            self._token(parse_qs(url.query))
        elif url.path.startswith("/elsewhere/"):
            self._answer(200, self.registry.blobs[url.path.removeprefix("/elsewhere/")])
        elif not self._allowed():
            self._challenge()
        else:
            self._serve(url.path)

    def _allowed(self) -> bool:
        given = self.headers.get("Authorization", "")
        if self.registry.authentication == "bearer":
            return given == f"Bearer {TOKEN}"
        return self.registry.authentication != "basic" or self._is_user(given)

    def _is_user(self, given: str) -> bool:
        if not given.startswith("Basic "):
            return False
        user, _, password = base64.b64decode(given.removeprefix("Basic ")).decode().partition(":")
        return user in self.registry.users and self.registry.users[user] == password

    def _challenge(self) -> None:
        host = self.registry.host
        asked = 'Basic realm="tests"'
        if self.registry.authentication == "bearer":
            asked = f'Bearer realm="http://{host}/token",service="tests",scope="repository:x:pull"'
        body = json.dumps({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}).encode()
        self._answer(401, body, {"WWW-Authenticate": asked})

    def _token(self, query: dict[str, list[str]]) -> None:
        wrong = self.registry.users and not self._is_user(self.headers.get("Authorization", ""))
        if wrong or query.get("service") != ["tests"]:
            self._answer(401, b"{}")
        else:
            self._answer(200, json.dumps({"token": TOKEN}).encode())

    def _serve(self, path: str) -> None:
        repository, kind, name = path.removeprefix("/v2/").rsplit("/", 2)
        if kind == "manifests":
            found = self.registry.manifests.get(f"{repository}{'@' if ':' in name else ':'}{name}")
            if found is not None:
                self._answer(200, found[1], {"Content-Type": found[0]})
                return
        elif kind == "blobs" and name in self.registry.blobs:
            self._blob(name)
            return
        self._answer(404, json.dumps({"errors": [{"code": "MANIFEST_UNKNOWN", "message": "unknown"}]}).encode())

    def _blob(self, name: str) -> None:
        if self.registry.failures:
            self._answer(self.registry.failures.pop(0), b"")
        elif self.registry.redirect_blobs:
            self._answer(307, b"", {"Location": f"http://localhost:{self.registry.port}/elsewhere/{name}"})
        else:
            data = self.registry.blobs[name]
            spoilt = data[:-1] + bytes([data[-1] ^ 1])
            self._answer(200, spoilt if name in self.registry.corrupt else data)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def registry() -> Iterator[Registry]:
    """A registry, served until the end of the block."""
    found = Registry()
    handler = type("Handler", (_Handler,), {"registry": found})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
