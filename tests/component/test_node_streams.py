"""Streams for clients other than kubectl: WebSocket versions, legacy port-forward; and ports inside pods."""

import asyncio
import base64
import json
import os
import shutil
import struct
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, TextMessage

from component.host_commands import HostRuntime
from component.node_world import World, is_ready, node_world, pod
from fairway.kinds import POD
from fairway.node.server import NodeServer
from fairway.node.streams.pod_connection import connect

needs_netns = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None, reason="network namespaces need root and ip(8)"
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with node_world(tmp_path, runtime=HostRuntime(tmp_path / "logs")) as made:
        await made.create(pod())
        await made.until(is_ready)
        yield made


@pytest.fixture
async def port(world: World) -> AsyncIterator[int]:
    server = await NodeServer(world.agent.workers, replace(world.settings, port=0), is_open=True).start()
    yield server.addresses[0][1]
    await server.close(0.2)


class Client:
    """A WebSocket client that keeps whole messages."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.frames = Connection(ConnectionType.CLIENT)
        self.messages: list[bytes | str] = []

    async def send(self, message: bytes | str) -> None:
        event = TextMessage(data=message) if isinstance(message, str) else BytesMessage(data=message)
        self.writer.write(self.frames.send(event))
        await self.writer.drain()

    async def until_closed(self) -> list[bytes | str]:
        async with asyncio.timeout(10):
            while data := await self.reader.read(65536):
                self.frames.receive_data(data)
                for event in self.frames.events():
                    if isinstance(event, BytesMessage | TextMessage):
                        self.messages.append(event.data if isinstance(event.data, str) else bytes(event.data))
                    elif isinstance(event, CloseConnection):
                        self.writer.close()
                        return self.messages
        self.writer.close()
        return self.messages

    async def next(self) -> bytes | str:
        async with asyncio.timeout(10):
            while not self.messages:
                self.frames.receive_data(await self.reader.read(65536))
                for event in self.frames.events():
                    if isinstance(event, BytesMessage | TextMessage):
                        self.messages.append(event.data if isinstance(event.data, str) else bytes(event.data))
        return self.messages.pop(0)


async def upgrade(port: int, path: str, protocol: str = "") -> tuple[bytes, Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    offered = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offered}\r\n".encode()
    )
    return await reader.readuntil(b"\r\n\r\n"), Client(reader, writer)


OUT = "/exec/default/web/kubia?command=sh&command=-c&command=echo+hi%3Bexit+2&stdout=true&stderr=true"


async def test_version_4_ends_with_a_status(port: int) -> None:
    head, client = await upgrade(port, OUT, "v4.channel.k8s.io")
    assert b"Sec-WebSocket-Protocol: v4.channel.k8s.io" in head
    messages = await client.until_closed()
    assert messages[:2] == [b"\x01", b"\x01hi\n"]
    assert isinstance(messages[-1], bytes)
    assert json.loads(messages[-1][1:])["details"]["causes"] == [{"reason": "ExitCode", "message": "2"}]


async def test_base64_is_text(port: int) -> None:
    _, client = await upgrade(port, OUT, "base64.channel.k8s.io")
    assert (await client.until_closed())[1] == "1" + base64.b64encode(b"hi\n").decode()


async def test_no_protocol_means_the_first_one(port: int) -> None:
    _, client = await upgrade(port, OUT)
    messages = await client.until_closed()
    assert messages[1] == b"\x01hi\n"
    assert messages[-1] == b"\x03command terminated with non-zero exit code: exit status 2"


async def test_an_unknown_protocol_is_refused(port: int) -> None:
    head, client = await upgrade(port, OUT, "v9.channel.k8s.io")
    assert head.startswith(b"HTTP/1.1 403")
    client.writer.close()


async def test_version_5_closes_stdin(port: int) -> None:
    _, client = await upgrade(port, "/exec/default/web/kubia?command=cat&stdin=true&stdout=true", "v5.channel.k8s.io")
    await client.send(b"\x00abc")
    await client.send(b"\xff\x00")
    assert b"\x01abc" in await client.until_closed()


async def test_a_command_without_streams_is_refused(port: int) -> None:
    head, client = await upgrade(port, "/exec/default/web/kubia?command=true", "v4.channel.k8s.io")
    assert head.startswith(b"HTTP/1.1 400")
    client.writer.close()


async def test_legacy_port_forward_begins_each_channel_with_its_port(port: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello " + await reader.read(100))
        await writer.drain()
        writer.close()

    inside = await asyncio.start_server(answer, "127.0.0.1", 0)
    wanted = inside.sockets[0].getsockname()[1]
    _, client = await upgrade(port, f"/portForward/default/web?ports={wanted}", "v4.channel.k8s.io")
    number = struct.pack("<H", wanted)
    assert await client.next() == b"\x00" + number
    assert await client.next() == b"\x01" + number
    await client.send(b"\x00you")
    assert await client.next() == b"\x00hello you"
    # The pod has finished: the WebSocket ends, which is all that a channel can say of it.
    async with asyncio.timeout(30):
        assert await client.reader.read(2) == b"\x88\x02"
    client.writer.close()
    inside.close()


async def test_strangers_are_refused(world: World) -> None:
    server = await NodeServer(world.agent.workers, replace(world.settings, port=0)).start()
    reader, writer = await asyncio.open_connection(*server.addresses[0])
    writer.write(b"GET /pods HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 401")
    writer.close()
    await server.close(0.2)


@pytest.fixture
def netns() -> Iterator[str]:
    name = f"fairway-test-{uuid.uuid4().hex[:8]}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    yield f"/run/netns/{name}"
    subprocess.run(["ip", "netns", "delete", name], check=True)


@needs_netns
async def test_a_port_inside_a_pod_s_network_is_reached_from_outside(netns: str) -> None:
    script = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True);"
        "c, _ = s.accept(); c.sendall(b'inside'); c.close()"
    )
    server = await asyncio.create_subprocess_exec(
        "nsenter", f"--net={netns}", "python3", "-c", script, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    inside = int(await server.stdout.readline())
    reader, writer = await connect(netns, inside)
    assert await reader.read() == b"inside"
    writer.close()
    await server.communicate()
    with pytest.raises(ConnectionRefusedError):
        await connect(netns, inside)


def write_log(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"2026-01-02T03:04:05.000000001Z stdout F {text}\n")


async def test_a_name_means_the_pod_that_has_it_now(world: World, port: int) -> None:
    """Deleted by force and made anew: the one before it may still be ending on the node."""
    world.runtime.deaf.add("kubia")
    before = await world.get()
    await world.client.delete(POD, "default", "web", options={"gracePeriodSeconds": 0})
    await world.create(pod())
    now = await world.until(is_ready)
    for found, text in ((before, "old"), (now, "new")):
        write_log(Path(world.runtime.log_path(found["metadata"]["uid"], "kubia", 0)), text)
    assert len(world.agent.workers) == 2
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /containerLogs/default/web/kubia HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"new\n" in await asyncio.wait_for(reader.read(-1), 10)
    writer.close()
