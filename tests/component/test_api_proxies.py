"""Requests through a proxy subresource, over real sockets on both sides."""

import asyncio
import contextlib
import gzip
import socket
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from component.api_world import ADMIN, NOBODY, World, world
from component.authority import Authority
from fairway.apiserver.settings import NodeTunnel, Settings
from fairway.apiserver.subresources.proxy.target import hands_on
from fairway.transport.interface import Answer, RawConnection, Request, Response, Stream, StreamWriter, TakeOver
from fairway.transport.limits import Limits
from fairway.transport.server import Server, frame, serve
from fairway.transport.tls import server_context

NAMESPACE = "/api/v1/namespaces/default"
WEB = f"{NAMESPACE}/services/web:80/proxy"
MERGE = "application/merge-patch+json"


def own_address() -> str:
    """An address of this machine that is no loopback, which Endpoints may not have; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        return str(probe.getsockname()[0])


HERE = own_address()
pytestmark = pytest.mark.skipif(not HERE, reason="needs an address that is no loopback")


class Backend:
    """An HTTP server that answers as its test says, and remembers the last request."""

    def __init__(self) -> None:
        self.asked: Request
        self.script: Callable[[Request], Answer | Awaitable[Answer]] = lambda _: Response(200, b"hello", "text/plain")

    def handle(self, request: Request) -> Answer | Awaitable[Answer]:
        self.asked = request
        return self.script(request)


@dataclass
class Told:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return ", ".join(value for found, value in self.headers if found.lower() == name)


class Front:
    """A client of the API server's socket."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def open(
        self, method: str, target: str, body: bytes = b"", *headers: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        lines = "".join(f"{line}\r\n" for line in (*headers, f"Content-Length: {len(body)}"))
        writer.write(f"{method} {target} HTTP/1.1\r\nHost: front:6443\r\n{lines}\r\n".encode() + body)
        return reader, writer

    async def ask(self, method: str, target: str, body: bytes = b"", *headers: str) -> Told:
        reader, writer = await self.open(method, target, body, *headers, "Connection: close")
        try:
            head, _, rest = (await asyncio.wait_for(reader.read(-1), 10)).partition(b"\r\n\r\n")
        finally:
            writer.close()
        start, *lines = head.decode().split("\r\n")
        told = Told(int(start.split(" ")[1]), [tuple(line.split(": ", 1)) for line in lines], rest)  # type: ignore[misc]
        if told.header("transfer-encoding") == "chunked" and method != "HEAD":
            told.body = unchunked(rest)
        return told


def unchunked(rest: bytes) -> bytes:
    found = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        found, rest = found + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return found


class Scene:
    def __init__(self, api: World, front: Front, backend: Backend, port: int) -> None:
        self.api, self.front, self.backend, self.port = api, front, backend, port

    async def service(self, name: str, port: int) -> None:
        """A Service, a pod at this machine's own address, and Endpoints that join the two."""
        await self.api.ask("POST", f"{NAMESPACE}/pods", {"metadata": {"name": name}, "spec": SPEC})
        status = {"podIP": HERE, "podIPs": [{"ip": HERE}]}
        await self.api.ask("PATCH", f"{NAMESPACE}/pods/{name}/status", {"status": status}, content_type=MERGE)
        spec = {"ports": [{"name": "http", "port": 80}, {"name": "other", "port": 81}]}
        await self.api.ask("POST", f"{NAMESPACE}/services", {"metadata": {"name": name}, "spec": spec})
        address = {"ip": HERE, "targetRef": {"kind": "Pod", "name": name, "namespace": "default"}}
        found = {"kind": "Endpoints", "apiVersion": "v1", "metadata": {"name": name, "namespace": "default"}}
        subset = {"addresses": [address], "ports": [{"name": "http", "port": port}]}
        made = await self.api.ask("POST", f"{NAMESPACE}/endpoints", {**found, "subsets": [subset]})
        assert made.status == 201, made.body


SPEC = {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 8080}]}]}


def as_admin(api: World) -> Callable[[Request], Answer | Awaitable[Answer]]:
    def handle(request: Request) -> Answer | Awaitable[Answer]:
        request.peer = ADMIN
        return api.server.handler(request)

    return handle


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    backend = Backend()
    listening = await serve(backend.handle, host=HERE)
    async with world() as api:
        front = await serve(as_admin(api), limits=Limits(hands_on=hands_on))
        made = Scene(api, Front(front.addresses[0][1]), backend, listening.addresses[0][1])
        try:
            await made.service("web", made.port)
            yield made
        finally:
            await front.close(grace_s=0.1)
            await listening.close(grace_s=0.1)


async def test_a_request_reaches_the_endpoint_as_the_client_wrote_it(scene: Scene) -> None:
    told = await scene.front.ask("GET", f"{WEB}/a%2Fb//c/?x=1&y=%20", b"", "Authorization: Basic xyz", "X-Own: yes")
    asked = scene.backend.asked
    assert (told.status, told.body, told.header("content-type")) == (200, b"hello", "text/plain")
    assert (asked.method, asked.target) == ("GET", "/a%2Fb//c/?x=1&y=%20")
    assert "authorization" not in asked.headers
    assert (asked.headers["x-own"], asked.headers["x-forwarded-uri"]) == ("yes", f"{WEB}/a%2Fb//c/")
    assert told.header("audit-id")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("is_pod", [False, True], ids=["service", "pod"])
async def test_every_method_passes_with_its_body(scene: Scene, method: str, is_pod: bool) -> None:
    scene.backend.script = lambda request: Response(202, request.method.encode() + request.body, "text/plain")
    target = f"{NAMESPACE}/pods/web:{scene.port}/proxy" if is_pod else WEB
    told = await scene.front.ask(method, f"{target}/x", b" body")
    assert (told.status, told.body) == (202, method.encode() + b" body")


async def test_head_has_the_headers_and_no_body(scene: Scene) -> None:
    told = await scene.front.ask("HEAD", f"{WEB}/x")
    assert (told.status, told.body, scene.backend.asked.method) == (200, b"", "HEAD")


async def test_the_bare_proxy_leads_to_its_root(scene: Scene) -> None:
    told = await scene.front.ask("GET", f"{WEB}?a=b")
    assert (told.status, told.header("location")) == (301, f"{WEB}/?a=b")
    assert (await scene.front.ask("POST", WEB)).status == 200
    assert scene.backend.asked.target == "/"


async def test_redirects_and_links_stay_below_the_proxy(scene: Scene) -> None:
    scene.backend.script = lambda _: Response(302, b"", "", [("Location", "/login")])
    assert (await scene.front.ask("GET", f"{WEB}/")).header("location") == f"{WEB}/login"
    page = b'<a href="/rewriteme">test</a>'
    seen = f'<a href="{WEB}/rewriteme">test</a>'.encode()
    scene.backend.script = lambda _: Response(200, page, "text/html; charset=utf-8")
    assert (await scene.front.ask("GET", f"{WEB}/")).body == seen
    packed = Response(200, gzip.compress(page), "text/html", [("Content-Encoding", "gzip")])
    scene.backend.script = lambda _: packed
    told = await scene.front.ask("GET", f"{WEB}/")
    assert (told.body, told.header("content-encoding")) == (seen, "")
    for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        coder = zlib.compressobj(wbits=window)
        body = coder.compress(page) + coder.flush()
        scene.backend.script = lambda _, body=body: Response(200, body, "text/html", [("Content-Encoding", "deflate")])
        assert (await scene.front.ask("GET", f"{WEB}/")).body == seen
    scene.backend.script = lambda _: Response(302, page, "text/html", [("Location", "http://front:6443/login?a=b")])
    told = await scene.front.ask("GET", f"{WEB}/")
    assert (told.header("location"), told.body) == (f"http://front:6443{WEB}/login?a=b", page)
    scene.backend.script = lambda _: Response(200, page, "text/plain")
    assert (await scene.front.ask("GET", f"{WEB}/")).body == page


async def test_an_answer_streams_as_it_comes(scene: Scene) -> None:
    writers: list[StreamWriter] = []
    scene.backend.script = lambda _: Stream(writers.append, content_type="text/plain")
    reader, writer = await scene.front.open("GET", f"{WEB}/events")
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    for word in (b"first", b"second"):
        writers[0].write(frame(word))
        assert await asyncio.wait_for(reader.readuntil(word + b"\r\n"), 30)
    writers[0].close()
    assert await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 30)
    writer.close()


async def test_a_large_answer_arrives_whole(scene: Scene) -> None:
    body = bytes(range(256)) * 8192
    scene.backend.script = lambda _: Response(200, body, "application/octet-stream")
    assert (await scene.front.ask("GET", f"{WEB}/large")).body == body


class Counting:
    """A bare server that reads a request's body, however it is framed, and tells how long it was."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = 0
        if "Transfer-Encoding: chunked" in self.head:
            while count := int(await reader.readline(), 16):
                size += len(await reader.readexactly(count + 2)) - 2
        else:
            left = int(self.head.partition("Content-Length: ")[2].partition("\r")[0])
            while left and (part := await reader.read(min(left, 65536))):
                size, left = size + len(part), left - len(part)
        told = str(size).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told))
        writer.close()


@pytest.fixture
async def counting(scene: Scene) -> AsyncIterator[Counting]:
    found = Counting()
    server = await asyncio.start_server(found.serve, HERE, 0)
    await scene.service("count", server.sockets[0].getsockname()[1])
    yield found
    server.close()


COUNT = f"{NAMESPACE}/services/count:http/proxy/upload"
MANY = 9 * 1024 * 1024


async def test_a_body_of_any_length_goes_on_as_it_comes(scene: Scene, counting: Counting) -> None:
    told = await scene.front.ask("PUT", COUNT, bytes(MANY))
    assert (told.status, told.body) == (200, str(MANY).encode())
    assert f"Content-Length: {MANY}" in counting.head
    assert (await scene.front.ask("GET", f"{WEB}/x")).status == 200
    refused = await scene.front.ask("POST", f"{NAMESPACE}/configmaps", bytes(MANY))
    assert refused.status == 413


async def test_a_body_of_unknown_length_stays_one(scene: Scene, counting: Counting) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.front._port)
    writer.write(
        f"POST {COUNT} HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    )
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30) == b"HTTP/1.1 100 Continue\r\n\r\n"
    for _ in range(100):
        writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        await asyncio.wait_for(writer.drain(), 10)
    writer.write(b"0\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(-1), 10)
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(str(100 * 0x10000).encode())
    assert "Content-Length" not in counting.head and "Expect" not in counting.head
    writer.close()


async def test_who_goes_in_the_middle_of_a_body_leaves_no_request_behind(scene: Scene) -> None:
    gone = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while await reader.read(65536):
                pass
        gone.set()
        writer.close()

    server = await asyncio.start_server(take, HERE, 0)
    await scene.service("take", server.sockets[0].getsockname()[1])
    _, writer = await asyncio.open_connection("127.0.0.1", scene.front._port)
    path = f"{NAMESPACE}/services/take:http/proxy/x"
    writer.write(f"PUT {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {MANY}\r\n\r\nbegun".encode())
    await writer.drain()
    writer.transport.abort()
    await asyncio.wait_for(gone.wait(), 10)
    server.close()


async def test_an_upgrade_is_tunnelled_both_ways(scene: Scene) -> None:
    async def echo(connection: RawConnection) -> None:
        await connection.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        while data := await connection.read():
            await connection.write(data.upper())

    scene.backend.script = lambda _: TakeOver(echo)
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.front._port)
    writer.write(f"GET {WEB}/ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n".encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    assert head.startswith(b"HTTP/1.1 101 ")
    for word in (b"first", b"second"):
        writer.write(word)
        assert await asyncio.wait_for(reader.readexactly(len(word)), 30) == word.upper()
    writer.close()


async def test_a_refused_upgrade_is_an_answer_like_any_other(scene: Scene) -> None:
    scene.backend.script = lambda _: Response(426, b"no", "text/plain")
    told = await scene.front.ask("GET", f"{WEB}/ws", b"", "Upgrade: websocket")
    assert (told.status, told.body) == (426, b"no")


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("services/ftp:web:80/proxy/", 400, 'invalid service request "ftp:web:80"'),
        ("services/web:99/proxy/", 503, 'no service port 99 found for service "web"'),
        ("services/web:81/proxy/", 503, 'no endpoints available for service "web:81"'),
        ("services/gone/proxy/", 404, 'services "gone" not found'),
        ("services/gone:80/proxy/", 404, 'services "gone" not found'),
        ("services/web:%C2%B2/proxy/", 503, 'no endpoints available for service "web:²"'),
        ("pods/gone/proxy/", 404, 'pods "gone" not found'),
        ("pods/a:b:c:d/proxy/", 400, 'invalid pod request "a:b:c:d"'),
        ("pods/bare/proxy/", 400, "address not allowed"),
    ],
)
async def test_what_leads_nowhere_is_told_in_upstreams_words(
    scene: Scene, path: str, status: int, message: str
) -> None:
    await scene.api.ask("POST", f"{NAMESPACE}/pods", {"metadata": {"name": "bare"}, "spec": SPEC})
    told = await scene.api.ask("GET", f"{NAMESPACE}/{path}")
    assert (told.status, told.message) == (status, message)


async def test_a_backend_that_is_not_there_is_named(scene: Scene) -> None:
    await scene.service("down", 1)
    told = await scene.api.ask("GET", f"{NAMESPACE}/services/down:http/proxy/")
    why = f"error trying to reach service: dial tcp {HERE}:1: connect: connection refused"
    assert (told.status, told.body["reason"], told.message) == (503, "ServiceUnavailable", why)


async def test_only_who_may_do_everything_may_proxy(scene: Scene) -> None:
    nobody = await scene.api.ask("GET", f"{WEB}/", peer=NOBODY)
    why = (
        'services "web:80" is forbidden: User "system:anonymous" cannot get resource "services/proxy" '
        'in API group "" in the namespace "default"'
    )
    assert (nobody.status, nobody.message) == (403, why)


# TLS


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[tuple[Scene, list[str]]]:
    """A node's own API and a backend with a certificate that nobody knows, at one port."""
    authority = Authority(tmp_path)
    client, server = authority.issue("kube-apiserver-kubelet-client"), authority.issue("localhost")
    callers: list[str] = []

    def handle(request: Request) -> Response:
        callers.append(request.peer.common_name)
        return Response(200, request.target.encode(), "text/plain")

    listening: Server = await serve(
        handle, host=HERE, ssl_context=server_context(server.cert, server.key, authority.ca)
    )
    settings = Settings(node_tunnel=NodeTunnel(client.cert, client.key, authority.ca))
    async with world(settings) as api:
        try:
            yield Scene(api, Front(0), Backend(), listening.addresses[0][1]), callers
        finally:
            await listening.close(grace_s=0.1)


async def test_an_https_backend_is_not_verified_and_learns_no_identity(secure: tuple[Scene, list[str]]) -> None:
    scene, callers = secure
    await scene.service("web", scene.port)
    told = await scene.api.ask("GET", f"{NAMESPACE}/services/https:web:http/proxy/x")
    assert (told.status, told.raw, callers) == (200, b"/x", [""])


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_node_is_asked_as_the_api_server(secure: tuple[Scene, list[str]], method: str) -> None:
    scene, callers = secure
    await scene.api.ask("POST", "/api/v1/nodes", {"metadata": {"name": "localhost"}})
    status: dict[str, Any] = {
        "addresses": [{"type": "InternalIP", "address": HERE}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": scene.port}},
    }
    await scene.api.ask("PATCH", "/api/v1/nodes/localhost/status", {"status": status}, content_type=MERGE)
    told = await scene.api.ask(method, "/api/v1/nodes/localhost/proxy/healthz?verbose=1")
    assert (told.status, told.raw, callers) == (200, b"/healthz?verbose=1", ["kube-apiserver-kubelet-client"])
