"""Connections to extension servers: one serves many requests; one that was closed meanwhile costs nobody anything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from component.authority import Authority
from fairway.apiserver.aggregation.asking import Asking
from fairway.apiserver.aggregation.target import Server
from fairway.transport import tls

SPEC = {"insecureSkipTLSVerify": True}


class Backend:
    """Answers every request with its path; counts connections, and closes each after its answer if it ``is_short``."""

    def __init__(self) -> None:
        self.count = 0
        self.is_short = False
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(self.answer)
                if self.is_short:
                    break
        writer.close()


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[tuple[Backend, Server]]:
    mine = Authority(tmp_path, "ca").issue("ext", hosts=("ext.default.svc",))
    made = Backend()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls.server_context(mine.cert, mine.key, None))
    async with server:
        yield made, Server("127.0.0.1", server.sockets[0].getsockname()[1], "ext.default.svc")


async def got(asking: Asking, server: Server, method: str = "GET") -> bytes:
    answer = await asking.ask(server, SPEC, method, "/x", [("Host", "ext")], b"")
    try:
        return await answer.body()
    finally:
        answer.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\nX-Trailer: 1\r\n\r\n",
    ],
    ids=["length", "chunks"],
)
async def test_one_connection_serves_many_requests(backend: tuple[Backend, Server], answer: bytes) -> None:
    made, server = backend
    made.answer = answer
    asking = Asking(None)
    assert [await got(asking, server, method) for method in ("GET", "POST", "GET")] == [b"ok"] * 3
    assert made.count == 1
    asking.close()


async def test_what_is_not_read_to_its_end_or_said_to_be_over_is_not_kept(backend: tuple[Backend, Server]) -> None:
    made, server = backend
    asking = Asking(None)
    (await asking.ask(server, SPEC, "GET", "/x", [("Host", "ext")], b"")).close()
    assert await got(asking, server) == b"ok"
    assert made.count == 2
    made.answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    assert await got(asking, server) == b"ok"
    assert await got(asking, server) == b"ok"
    assert made.count == 3
    asking.close()


async def test_one_that_was_closed_meanwhile_is_made_anew(backend: tuple[Backend, Server]) -> None:
    made, server = backend
    asking = Asking(None)
    made.is_short = True
    for _ in range(3):
        assert await got(asking, server) == b"ok"
    assert made.count == 3
    asking.close()
