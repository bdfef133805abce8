"""Logs and upgraded connections through the API server to a node that speaks TLS with client certificates."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from component.api_world import ADMIN, Taker, World, world
from component.authority import Authority
from fairway.apiserver.settings import NodeTunnel, Settings
from fairway.apiserver.web_socket import Incoming
from fairway.transport.interface import Response, Stream, TakeOver

PODS = "/api/v1/namespaces/default/pods"
MERGE = "application/merge-patch+json"
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Node:
    """A node's API that answers as its test says, and remembers what it was asked and by whom."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.headers: dict[str, str] = {}
        self.peer = ""
        self.script: Script = self.refuse
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            start, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            self.asked.append(start)
            self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest if line)}
            subject = dict(pair for names in writer.get_extra_info("peercert")["subject"] for pair in names)
            self.peer = subject["commonName"]
            await self.script(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.ended.set()

    async def refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await say(writer, b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone")


async def say(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


class Wire:
    """The client's end of a connection that was handed over."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[bytes] = asyncio.Queue()
        self.got = b""
        self._changed = asyncio.Event()
        self.is_closed = False

    async def read(self) -> bytes:
        return await self.sent.get()

    async def write(self, data: bytes) -> None:
        self.got += data
        self._changed.set()

    async def until(self, end: bytes) -> None:
        """Return when what was got ends so."""
        async with asyncio.timeout(30):
            while not self.got.endswith(end):
                self._changed.clear()
                await self._changed.wait()

    def write_eof(self) -> None: ...

    def close(self) -> None:
        self.is_closed = True


class Scene:
    def __init__(self, api: World, node: Node) -> None:
        self.api, self.node = api, node

    async def read(self, target: str) -> str:
        """The body of a stream, whole."""
        found = await self.api.answer("GET", target)
        assert isinstance(found, Stream), getattr(found, "body", found)
        return "".join(part.decode() for part in await Texts(found).ended())


class Texts(Taker):
    """Not JSON but text."""

    @property
    def lines(self) -> list[Any]:
        return [self._text]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    authority = Authority(tmp_path)
    client, server = authority.issue("kube-apiserver-kubelet-client"), authority.issue("localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.ca))
    context.load_cert_chain(server.cert, server.key)
    context.verify_mode = ssl.CERT_REQUIRED
    node = Node()
    listening = await asyncio.start_server(node.serve, "127.0.0.1", 0, ssl=context)
    port = listening.sockets[0].getsockname()[1]
    settings = Settings(node_tunnel=NodeTunnel(client.cert, client.key, authority.ca))
    async with world(settings) as api:
        await api.ask("POST", "/api/v1/nodes", {"metadata": {"name": "localhost"}})
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        await api.ask("PATCH", "/api/v1/nodes/localhost/status", {"status": status}, content_type=MERGE)
        await make_pod(api, "p")
        yield Scene(api, node)
    listening.close()


async def make_pod(api: World, name: str, *containers: str, node: str = "localhost") -> None:
    names = containers or ("c",)
    spec = {"containers": [{"name": one, "image": "i"} for one in names]}
    await api.ask("POST", PODS, {"metadata": {"name": name}, "spec": spec})
    if node:
        binding = {"metadata": {"name": name}, "target": {"kind": "Node", "name": node}}
        await api.ask("POST", f"{PODS}/{name}/binding", binding)
        running = [
            {"name": one, "ready": True, "restartCount": 0, "image": "i", "imageID": "", "state": {"running": {}}}
            for one in names
        ]
        status = {"phase": "Running", "containerStatuses": running}
        await api.ask("PATCH", f"{PODS}/{name}/status", {"status": status}, content_type=MERGE)


async def test_a_log_is_passed_on_as_it_comes(scene: Scene) -> None:
    async def log(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await say(writer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await say(writer, b"4;x=y\r\n two\r\n0\r\n\r\n")

    scene.node.script = log
    assert await scene.read(f"{PODS}/p/log?follow=true&tailLines=5&timestamps=1") == "one two"
    assert scene.node.asked == ["GET /containerLogs/default/p/c?tailLines=5&follow=true&timestamps=true HTTP/1.1"]
    assert scene.node.peer == "kube-apiserver-kubelet-client"


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"HTTP/1.1 200 OK\r\n\r\nhello"]
)
async def test_a_log_may_be_of_known_length_or_end_with_the_connection(scene: Scene, answer: bytes) -> None:
    scene.node.script = lambda _, writer: say(writer, answer)
    assert await scene.read(f"{PODS}/p/log") == "hello"


HANDSHAKE = {"upgrade": "websocket", "sec_websocket_version": "13", "sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ=="}


@pytest.mark.parametrize(
    ("offered", "chosen", "messages"),
    [
        ("binary.k8s.io", "binary.k8s.io", [(2, b"one\ntwo\n"), (2, b"\xff")]),
        ("base64.binary.k8s.io, binary.k8s.io", "base64.binary.k8s.io", [(1, b"b25lCnR3bwo="), (1, b"/w==")]),
        ("", "", [(2, b"one\ntwo\n"), (2, b"\xff")]),
    ],
)
async def test_a_log_over_a_web_socket(scene: Scene, offered: str, chosen: str, messages: list[Any]) -> None:
    async def log(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await say(writer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\none\ntwo\n\r\n")
        await say(writer, b"1\r\n\xff\r\n0\r\n\r\n")

    scene.node.script = log
    asked = HANDSHAKE | ({"sec_websocket_protocol": offered} if offered else {})
    answer = await scene.api.answer("GET", f"{PODS}/p/log?container=c", **asked)
    assert isinstance(answer, TakeOver)
    wire = Wire()
    async with asyncio.timeout(30):
        await answer.run(wire)
    head, _, frames = wire.got.partition(b"\r\n\r\n")
    assert (f"Sec-WebSocket-Protocol: {chosen}".encode() in head.split(b"\r\n")) == bool(chosen)
    got = list(Incoming().feed(frames))
    assert got[-1] == (8, b"\x03\xe8")
    joined = [(opcode, data) for opcode, data in got[:-1] if data]
    if joined != messages:
        # The pieces of a body may come together.
        assert joined in ([(2, b"one\ntwo\n\xff")], [(1, b"b25lCnR3bwr/")])
    assert scene.node.asked[0].startswith("GET /containerLogs/default/p/c ")


async def test_a_log_in_a_form_that_nobody_knows_is_refused(scene: Scene) -> None:
    told = await scene.api.ask("GET", f"{PODS}/p/log", **HANDSHAKE, sec_websocket_protocol="chat, soap")
    assert (told.status, told.message) == (
        400, "websocket: client supports [chat soap], server supports [binary.k8s.io base64.binary.k8s.io]",
    )  # fmt: skip


async def test_a_follower_that_leaves_ends_the_nodes_work(scene: Scene) -> None:
    async def forever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await say(writer, b"HTTP/1.1 200 OK\r\n\r\nline\n")
        await reader.read()

    scene.node.script = forever
    taker = Texts(await scene.api.answer("GET", f"{PODS}/p/log?follow=true"))
    taker.close()
    await asyncio.wait_for(scene.node.ended.wait(), 30)


@pytest.mark.parametrize(
    ("target", "status", "message"),
    [
        ("none/log", 404, 'pods "none" not found'),
        ("p/log?container=x", 400, "container x is not valid for pod p"),
        ("two/log", 400, "a container name must be specified for pod two, choose one of: [a b]"),
        ("p/log?previous=true", 400, 'previous terminated container "c" in pod "p" not found'),
        ("p/log?tailLines=-1", 422, "must be greater than or equal to 0"),
        ("p/log?tailLines=x", 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("p/log?tailLines=-9223372036854775809", 400, "value out of range"),
        ("p/log?sinceSeconds=%C2%B2", 400, "invalid syntax"),
        ("p/portforward?ports=%C2%B2", 400, ""),
        ("lost/log", 404, 'nodes "elsewhere" not found'),
        ("p/exec?stdout=1", 400, "you must specify at least 1 command for the container"),
        ("p/exec?command=ls", 400, "you must specify at least one of stdin, stdout, stderr"),
        ("p/exec?command=ls&stdout=1", 400, "Upgrade request required"),
    ],
)
async def test_what_cannot_be_is_refused_before_the_node_is_asked(
    scene: Scene, target: str, status: int, message: str
) -> None:
    await make_pod(scene.api, "two", "a", "b")
    await make_pod(scene.api, "lost", node="elsewhere")
    told = await scene.api.ask("GET", f"{PODS}/{target}")
    assert (told.status, message in told.message, scene.node.asked) == (status, True, [])


async def test_a_container_that_has_not_started_has_no_log(scene: Scene) -> None:
    waiting = {"name": "c", "state": {"waiting": {"reason": "ContainerCreating"}}}
    body = {"status": {"containerStatuses": [waiting]}}
    await scene.api.ask("PATCH", f"{PODS}/p/status", body, content_type=MERGE)
    told = await scene.api.ask("GET", f"{PODS}/p/log")
    assert told.message == 'container "c" in pod "p" is waiting to start: ContainerCreating'


async def test_an_upgraded_connection_is_joined_byte_for_byte(scene: Scene) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await say(writer, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\n\r\n")
        while data := await reader.read(100):
            await say(writer, data.upper())

    scene.node.script = echo
    found = await scene.api.answer(
        "POST", f"{PODS}/p/exec?command=sh&command=-c&stdin=true&stdout=true&container=c", peer=ADMIN,
        upgrade="SPDY/3.1", connection="Upgrade", x_stream_protocol_version="v4.channel.k8s.io",
    )  # fmt: skip
    assert isinstance(found, TakeOver)
    wire = Wire()
    running = asyncio.ensure_future(found.run(wire))
    await wire.sent.put(b"\x00abc")
    await wire.until(b"\x00ABC")
    await wire.sent.put(b"")
    await asyncio.wait_for(running, 30)
    assert wire.got.startswith(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\n\r\n")
    assert wire.is_closed
    assert scene.node.asked == ["POST /exec/default/p/c?command=sh&command=-c&stdin=true&stdout=true HTTP/1.1"]
    assert scene.node.headers["x-stream-protocol-version"] == "v4.channel.k8s.io"
    await asyncio.wait_for(scene.node.ended.wait(), 30)


@pytest.mark.parametrize(("method", "protocol"), [("POST", "SPDY/3.1"), ("GET", "SPDY/3.1"), ("GET", "websocket")])
@pytest.mark.parametrize(
    ("target", "asked"),
    [
        ("attach?stdin=true&container=c", "/attach/default/p/c?stdin=true"),
        ("exec?command=sh&stdout=true&container=c", "/exec/default/p/c?command=sh&stdout=true"),
        ("portforward?ports=80", "/portForward/default/p?ports=80"),
    ],
    ids=["attach", "exec", "portforward"],
)
async def test_each_stream_can_be_asked_for_in_each_way(
    scene: Scene, method: str, protocol: str, target: str, asked: str
) -> None:
    async def switched(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await say(writer, f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {protocol}\r\n\r\nhello".encode())

    scene.node.script = switched
    headers = HANDSHAKE if protocol == "websocket" else {"upgrade": protocol}
    found = await scene.api.answer(method, f"{PODS}/p/{target}", peer=ADMIN, connection="Upgrade", **headers)
    assert isinstance(found, TakeOver), found
    wire = Wire()
    await wire.sent.put(b"")
    await asyncio.wait_for(found.run(wire), 30)
    assert wire.got.startswith(b"HTTP/1.1 101 Switching Protocols\r\n") and wire.got.endswith(b"hello")
    assert [line.split(" ")[:2] for line in scene.node.asked] == [[method, asked]]


async def test_a_node_that_does_not_switch_answers_the_client_itself(scene: Scene) -> None:
    scene.node.script = lambda _, writer: say(
        writer, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 15\r\n\r\nunable to speak"
    )
    found = await scene.api.answer("GET", f"{PODS}/p/portforward?ports=80", upgrade="websocket")
    assert isinstance(found, Response)
    assert (found.status, found.body) == (403, b"unable to speak")
    assert scene.node.asked == ["GET /portForward/default/p?ports=80 HTTP/1.1"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("stdout=True&stdin=False&tty=0&stderr=FALSE", "stdout=true"),
        ("stdout=yes&stderr&tty=", "stdout=true&stderr=true&tty=true"),
        ("stdout=1&stdout=false", "stdout=true"),
    ],
)
async def test_a_flag_is_what_is_there_and_does_not_say_no(scene: Scene, asked: str, told: str) -> None:
    """As Go's clients, Python's str(True) and people write it."""
    scene.node.script = lambda _, writer: say(writer, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await scene.api.answer("GET", f"{PODS}/p/exec?command=ls&{asked}", upgrade="websocket")
    assert scene.node.asked == [f"GET /exec/default/p/c?command=ls&{told} HTTP/1.1"]


async def test_a_pod_that_has_ended_cannot_be_entered(scene: Scene) -> None:
    await scene.api.ask("PATCH", f"{PODS}/p/status", {"status": {"phase": "Succeeded"}}, content_type=MERGE)
    told = await scene.api.ask("GET", f"{PODS}/p/exec?command=ls&stdout=1", upgrade="websocket")
    assert told.message == "cannot exec a container in a completed pod; current phase is Succeeded"


async def test_a_node_that_cannot_be_reached_is_a_500_that_says_why(scene: Scene) -> None:
    status = {"daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}
    await scene.api.ask("PATCH", "/api/v1/nodes/localhost/status", {"status": status}, content_type=MERGE)
    told = await scene.api.ask("GET", f"{PODS}/p/log")
    assert (told.status, told.body["reason"]) == (500, "InternalError")
    assert "error dialing backend: dial tcp 127.0.0.1:1: " in told.message


async def test_a_node_with_a_strangers_certificate_is_not_trusted(scene: Scene, tmp_path: Path) -> None:
    await scene.api.ask("POST", "/api/v1/nodes", {"metadata": {"name": "other"}})
    node = (await scene.api.ask("GET", "/api/v1/nodes/localhost")).body
    await scene.api.ask("PATCH", "/api/v1/nodes/other/status", {"status": node["status"]}, content_type=MERGE)
    await make_pod(scene.api, "q", node="other")
    told = await scene.api.ask("GET", f"{PODS}/q/log")
    assert (told.status, "certificate" in told.message) == (500, True)
    assert scene.node.asked == []
