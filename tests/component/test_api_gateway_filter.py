"""fairway proxy lets through what its filter has seen, and nothing beside it."""

import asyncio
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fairway.cli.commands.proxy.filtering import Filter
from fairway.cli.commands.proxy.serving import Gateway, serve
from fairway.cli.failure import Failure

pytestmark = pytest.mark.component
EXEC = "/api/v1/namespaces/default/pods/p/exec"
Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


class Upstream:
    """An API server that writes down all that it is sent, and answers the same each time."""

    server = "http://upstream"

    def __init__(self, answer: bytes) -> None:
        self.got, self._answer = b"", answer
        self.changed = asyncio.Event()

    def opened(self) -> tuple[Any, dict[str, str]]:
        """A connection of the blocking client, with the credentials to send on it."""
        self.socket = socket.create_connection(self.address)
        self.received = bytearray()
        return self, {"Authorization": "Bearer secret"}

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while content := await reader.read(65536):
            self.got += content
            self.changed.set()
            if b"\r\n\r\n" in content:
                writer.write(self._answer)
        writer.close()

    async def until(self, text: bytes) -> None:
        while text not in self.got:
            self.changed.clear()
            await self.changed.wait()


@asynccontextmanager
async def listening(handle: Handle) -> AsyncIterator[tuple[str, int]]:
    """Where ``handle`` is served; all of its connections are over afterwards."""
    serving: set[asyncio.Task[None]] = set()

    async def kept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())  # type: ignore[arg-type]
        await handle(reader, writer)
        await writer.wait_closed()

    async with await asyncio.start_server(kept, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()
        await asyncio.gather(*serving)


@pytest.fixture(params=[PLAIN])
async def upstream(request: pytest.FixtureRequest) -> AsyncIterator[Upstream]:
    made = Upstream(request.param)
    async with listening(made.handle) as made.address:
        yield made


@pytest.fixture
async def place(upstream: Upstream) -> AsyncIterator[tuple[str, int]]:
    rules = Filter(r"^localhost$", "^.*", "^$", "^/api/.*/pods/.*/exec")
    gateway = Gateway(upstream, rules, api_prefix="/", www="", www_prefix="/static/")  # type: ignore[arg-type]
    async with listening(gateway.handle) as found:
        yield found


async def told(place: tuple[str, int], text: str) -> bytes:
    """All that comes back."""
    reader, writer = await asyncio.open_connection(*place)
    writer.write(text.encode())
    async with asyncio.timeout(10):
        found = await reader.read()
    writer.close()
    await writer.wait_closed()
    return found


@pytest.mark.parametrize("path", [EXEC, EXEC.replace("exec", "%65xec"), EXEC.replace("/api", "/%61pi"), f"/{EXEC}?x"])
async def test_a_path_is_rejected_however_it_is_written(upstream: Upstream, place: tuple[str, int], path: str) -> None:
    assert b"403 Forbidden" in await told(place, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert upstream.got == b""


async def test_a_head_that_holds_another_is_none(upstream: Upstream, place: tuple[str, int]) -> None:
    text = f"GET /api HTTP/1.1\r\nHost: localhost\r\nX: a\n\nPOST {EXEC} HTTP/1.1\nHost: x\r\n\r\n"
    assert await told(place, text) == b""
    assert upstream.got == b""


async def test_who_is_refused_an_upgrade_asks_for_nothing_more(upstream: Upstream, place: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*place)
    writer.write(b"GET /api HTTP/1.1\r\nHost: localhost\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
    await upstream.until(b"\r\n\r\n")
    assert await reader.readuntil(b"ok") == PLAIN
    writer.write(f"POST {EXEC} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    assert b"exec" not in upstream.got


@pytest.mark.parametrize("upstream", [SWITCHED], indirect=True)
async def test_who_is_given_another_protocol_speaks_it(upstream: Upstream, place: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*place)
    writer.write(b"GET /x HTTP/1.1\r\nHost: localhost\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nearly")
    assert await reader.readuntil(b"\r\n\r\n") == SWITCHED
    await upstream.until(b"early")
    writer.close()
    await writer.wait_closed()


async def test_a_socket_replaces_no_file(upstream: Upstream, tmp_path: Path) -> None:
    gateway = Gateway(upstream, None, api_prefix="/", www="", www_prefix="/static/")  # type: ignore[arg-type]
    precious = tmp_path / "precious"
    precious.write_text("mine")
    with pytest.raises(Failure, match="address already in use"):
        await serve(gateway, "", 0, str(precious))
    assert precious.read_text() == "mine"


def test_a_socket_is_for_its_user_alone(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "fairway", "proxy", "--server=http://127.0.0.1:1", f"--unix-socket={tmp_path / 's'}"],
        stdout=subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "KUBECONFIG": "/dev/null", "HOME": "/nonexistent"},
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith(b"Starting to serve")
        assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
    assert not (tmp_path / "s").exists()
