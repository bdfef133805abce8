"""Probes against real servers on loopback."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from component.node_world import free_port
from fairway.node.probes.grpc_health import DATA, END_STREAM, HEADERS, SETTINGS, frame
from fairway.node.probes.handlers import Target, handle
from fairway.node.runtimes.memory import MemoryRuntime

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return Target(MemoryRuntime(tmp_path, time.time), "uid", {"name": "main"}, "127.0.0.1")


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[int]:
    async def quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(quiet, "127.0.0.1", 0)
    yield listening.sockets[0].getsockname()[1]
    listening.close()


def answering(head: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        await writer.drain()

    return serve


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1000)
    await asyncio.sleep(5)  # then it hangs up, which is told otherwise


@pytest.mark.parametrize(
    ("head", "text"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", ""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", ""),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "HTTP probe failed with statuscode: 503"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://far.example/\r\n\r\n", "Probe terminated redirects, Response body: "),
    ],
)  # fmt: skip
async def test_an_http_server_is_judged_by_its_status(target: Target, head: bytes, text: str) -> None:
    async with server(answering(head)) as port:
        assert (await handle(target, {"httpGet": {"port": port}}, 2)).text == text


async def test_redirects_on_the_same_host_are_followed(target: Target) -> None:
    seen = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
        seen.append(path)
        head = b"HTTP/1.1 200 OK\r\n\r\n" if path == b"/b" else b"HTTP/1.1 301 Moved\r\nLocation: /b\r\n\r\n"
        writer.write(head)
        await writer.drain()

    async with server(serve) as port:
        assert (await handle(target, {"httpGet": {"port": port, "path": "/a"}}, 2)).is_success
    assert seen == [b"/a", b"/b"]


async def test_a_closed_port_is_told_as_users_know_it(target: Target) -> None:
    port = free_port()
    outcome = await handle(target, {"httpGet": {"port": port}}, 2)
    assert outcome.text == (f'Get "http://127.0.0.1:{port}/": dial tcp 127.0.0.1:{port}: connect: connection refused')
    outcome = await handle(target, {"tcpSocket": {"port": port}}, 2)
    assert outcome.text == f"dial tcp 127.0.0.1:{port}: connect: connection refused"


async def test_a_server_that_says_nothing_fails_in_time(target: Target) -> None:
    async with server(silent) as port:
        outcome = await handle(target, {"httpGet": {"port": port}}, 0.2)
    why = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    assert outcome.text == f'Get "http://127.0.0.1:{port}/": {why}'


async def test_an_open_port_is_enough_for_tcp(target: Target) -> None:
    async with server(silent) as port:
        assert (await handle(target, {"tcpSocket": {"port": port}}, 1)).is_success


@pytest.mark.parametrize(("status", "text"), [(1, ""), (2, 'service unhealthy (responded with "NOT_SERVING")')])
async def test_a_grpc_server_is_asked_for_its_health(target: Target, status: int, text: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        body = b"\0\0\0\0\x02\x08" + bytes((status,))
        writer.write(frame(SETTINGS, 0, 0, b"") + frame(HEADERS, 4, 1, b"\x88") + frame(DATA, 0, 1, body))
        writer.write(frame(HEADERS, 4 | END_STREAM, 1, b"\x88"))
        await writer.drain()
        await reader.read(1000)

    async with server(serve) as port:
        assert (await handle(target, {"grpc": {"port": port}}, 2)).text == text


async def test_a_command_fails_with_what_it_said(tmp_path: Path) -> None:
    runtime = MemoryRuntime(tmp_path, time.time, command=lambda command: (1, b"out", b"err"))
    outcome = await handle(Target(runtime, "uid", {"name": "main"}, ""), {"exec": {"command": ["x"]}}, 1)
    assert (outcome.is_success, outcome.text) == (False, "outerr")
