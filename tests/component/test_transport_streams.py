"""Streams, upgrades and the end of a server, over real sockets."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from authority import Authority
from http_peer import HttpPeer, render
from loops import on_both_loops

from fairway.transport.interface import Answer, RawConnection, Request, Response, Stream, StreamWriter, TakeOver
from fairway.transport.limits import Limits
from fairway.transport.server import frame, serve
from fairway.transport.tls import client_context, server_context

UPGRADE = render("/exec", "Connection: Upgrade", "Upgrade: SPDY/3.1", method="POST")
Contexts = tuple[ssl.SSLContext | None, ssl.SSLContext | None]


@pytest.fixture(params=["plain", "tls"])
def contexts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Contexts]:
    """Of server and client."""
    if request.param == "plain":
        yield None, None
    else:
        authority = Authority(tmp_path)
        yield server_context(*authority.issue("server")), client_context(authority.ca)


class Streams:
    """A handler that opens a stream for every request below ``/watch`` and keeps its writer."""

    def __init__(self) -> None:
        self.writers: list[StreamWriter] = []
        self.closed = asyncio.Event()

    def __call__(self, request: Request) -> Answer:
        if not request.path.startswith("/watch"):
            return Response(200, request.path.encode())
        return Stream(self.writers.append, self.closed.set)


@on_both_loops
async def test_frames_arrive_and_the_connection_serves_on(contexts: Contexts) -> None:
    streams = Streams()
    server = await serve(streams, ssl_context=contexts[0])
    async with await HttpPeer.connect(server, contexts[1]) as peer:
        await peer.send(render("/watch"))
        status, headers = await peer.head()
        writer = streams.writers[0]
        for event in (b"one\n", b"two\n"):
            writer.write(frame(event))
        received = [await peer.chunk(), await peer.chunk()]
        writer.write(frame(b"three\n"))
        writer.close()
        received += [await peer.chunk(), await peer.chunk()]
        writer.write(frame(b"late\n"))
        after = await peer.get("/after")
    await server.close(1)
    assert (status, headers["transfer-encoding"]) == (200, "chunked")
    assert received == [b"one\n", b"two\n", b"three\n", b""]
    assert (after.body, writer.is_closed, streams.closed.is_set()) == (b"/after", True, True)


@on_both_loops
async def test_a_handler_may_end_its_stream_before_it_returns() -> None:
    def opened(writer: StreamWriter) -> None:
        writer.write(frame(b"all\n"))
        writer.close()

    server = await serve(lambda request: Stream(opened))
    async with await HttpPeer.connect(server) as peer:
        await peer.send(render("/1") + render("/2"))
        bodies = [(await peer.answer()).body, (await peer.answer()).body]
    await server.close(1)
    assert bodies == [b"all\n", b"all\n"]


@on_both_loops
async def test_a_client_that_leaves_ends_its_stream(contexts: Contexts) -> None:
    streams = Streams()
    server = await serve(streams, ssl_context=contexts[0])
    async with await HttpPeer.connect(server, contexts[1]) as peer:
        await peer.send(render("/watch"))
        await peer.head()
    await streams.closed.wait()
    streams.writers[0].write(frame(b"nobody"))
    await streams.writers[0].drained()
    assert (streams.writers[0].is_closed, streams.writers[0].pending_bytes) == (True, 0)
    await server.close(1)


@on_both_loops
async def test_a_slow_client_is_dropped_and_holds_up_nobody(contexts: Contexts) -> None:
    streams = Streams()
    server = await serve(streams, ssl_context=contexts[0], limits=Limits(stream_pending_bytes=1 << 20))
    event = frame(b"x" * 65535 + b"\n")
    async with (
        await HttpPeer.connect(server, contexts[1], limit=1024) as slow,
        await HttpPeer.connect(server, contexts[1]) as quick,
    ):
        await slow.send(render("/watch/slow"))
        await slow.head()
        await quick.send(render("/watch/quick"))
        await quick.head()
        count = 0
        while not streams.writers[0].is_closed:
            for writer in streams.writers:
                writer.write(event)
            count += 1
            assert len(await quick.chunk()) == 65536
        assert (streams.closed.is_set(), streams.writers[1].is_closed) == (True, False)
    await server.close(1)
    assert count * 65536 < 32 << 20


@on_both_loops
async def test_a_writer_can_wait_for_a_slow_client() -> None:
    streams = Streams()
    server = await serve(streams)
    async with await HttpPeer.connect(server, limit=1024) as peer:
        await peer.send(render("/watch"))
        await peer.head()
        writer = streams.writers[0]
        while not writer.pending_bytes > 1 << 20:
            writer.write(frame(b"x" * 65536))
            await asyncio.sleep(0)
        waiting = asyncio.ensure_future(writer.drained())
        await asyncio.sleep(0.05)
        was_done = waiting.done()
        while not waiting.done():
            await peer.reader.read(65536)
        assert (was_done, writer.is_closed) == (False, False)
    await server.close(1)


@on_both_loops
async def test_an_old_client_gets_a_stream_without_chunks() -> None:
    streams = Streams()
    server = await serve(streams)
    async with await HttpPeer.connect(server) as peer:
        await peer.send(render("/watch", "Connection: keep-alive", version="1.0"))
        _, headers = await peer.head()
        streams.writers[0].write(frame(b"one\n"))
        streams.writers[0].close()
        rest = await peer.rest()
    await server.close(1)
    assert ("transfer-encoding" in headers, headers["connection"], rest) == (False, "close", b"one\n")


@on_both_loops
async def test_a_head_request_opens_no_stream() -> None:
    streams = Streams()
    server = await serve(streams)
    async with await HttpPeer.connect(server) as peer:
        head, after = await peer.get("/watch", method="HEAD"), await peer.get("/after")
    await server.close(1)
    assert (head.status, streams.writers, streams.closed.is_set(), after.body) == (200, [], True, b"/after")


@on_both_loops
async def test_an_upgraded_connection_carries_any_bytes_both_ways(contexts: Contexts) -> None:
    async def shout(raw: RawConnection) -> None:
        await raw.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n")
        while received := await raw.read():
            await raw.write(received.upper())

    server = await serve(lambda request: TakeOver(shout), ssl_context=contexts[0])
    async with await HttpPeer.connect(server, contexts[1]) as peer:
        await peer.send(UPGRADE + b"first")
        status, _ = await peer.head()
        received = await peer.reader.readexactly(5)
        await peer.send(b"second")
        received += await peer.reader.readexactly(6)
        if contexts[1] is None:
            peer.writer.write_eof()
            assert await peer.rest() == b""
    await server.close(1)
    assert (status, received) == (101, b"FIRSTSECOND")


@on_both_loops
async def test_an_upgraded_connection_pushes_back_both_ways() -> None:
    released = asyncio.Event()
    total = 16 << 20
    counted = 0

    async def handler(raw: RawConnection) -> None:
        nonlocal counted
        await raw.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        await released.wait()
        while counted < total:
            counted += len(await raw.read())
        for _ in range(16):
            await raw.write(b"y" * (1 << 20))

    server = await serve(lambda request: TakeOver(handler))
    async with await HttpPeer.connect(server) as peer:
        await peer.send(UPGRADE)
        await peer.head()
        peer.writer.write(b"x" * total)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await peer.writer.drain()
        released.set()
        back = await peer.reader.readexactly(total)
    await server.close(1)
    assert (counted, len(back)) == (total, total)


@on_both_loops
async def test_writing_to_a_peer_that_left_is_a_connection_error(contexts: Contexts) -> None:
    ended: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    async def handler(raw: RawConnection) -> None:
        await raw.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        try:
            assert await raw.read() == b""
            while True:
                await raw.write(b"x" * 65536)
        except ConnectionError as error:
            ended.set_result(error)
            raise

    server = await serve(lambda request: TakeOver(handler), ssl_context=contexts[0])
    async with await HttpPeer.connect(server, contexts[1]) as peer:
        await peer.send(UPGRADE)
        await peer.head()
    assert isinstance(await ended, ConnectionError)
    await server.close(1)


@on_both_loops
async def test_http_goes_on_where_an_upgrade_is_not_taken() -> None:
    async def handler(request: Request) -> Response:
        await asyncio.sleep(0)
        return Response(200, request.path.encode())

    server = await serve(handler)
    async with await HttpPeer.connect(server) as peer:
        await peer.send(UPGRADE + render("/after"))
        bodies = [(await peer.answer()).body, (await peer.answer()).body, (await peer.get("/last")).body]
    await server.close(1)
    assert bodies == [b"/exec", b"/after", b"/last"]


@on_both_loops
async def test_closing_ends_streams_finishes_requests_and_refuses_new_ones(contexts: Contexts) -> None:
    started, released = asyncio.Event(), asyncio.Event()
    streams = Streams()

    async def slow() -> Response:
        started.set()
        await released.wait()
        return Response(200, b"finished")

    def handler(request: Request) -> Answer | asyncio.Task[Response]:
        return asyncio.ensure_future(slow()) if request.path == "/slow" else streams(request)

    server = await serve(handler, ssl_context=contexts[0])
    async with (
        await HttpPeer.connect(server, contexts[1]) as watching,
        await HttpPeer.connect(server, contexts[1]) as running,
        await HttpPeer.connect(server, contexts[1]) as idle,
    ):
        await watching.send(render("/watch"))
        await watching.head()
        await idle.get("/idle")
        await running.send(render("/slow"))
        await started.wait()
        closing = asyncio.ensure_future(server.close(10))
        ended = [await watching.chunk(), await watching.rest(), await idle.rest()]
        released.set()
        answer = await running.answer()
        rest = await running.rest()
        await closing
    assert ended == [b"", b"", b""]
    assert (answer.body, answer.headers["connection"], rest) == (b"finished", "close", b"")
    with pytest.raises(OSError):
        await HttpPeer.connect(server, contexts[1])


@on_both_loops
async def test_what_is_not_over_after_the_grace_time_is_dropped(contexts: Contexts) -> None:
    cancelled = []
    started = asyncio.Event()

    async def forever(raw: RawConnection) -> None:
        try:
            await raw.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
            await asyncio.Event().wait()
        finally:
            cancelled.append("upgraded")

    async def never() -> Response:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append("request")
        return Response(200)

    def handler(request: Request) -> Answer | asyncio.Task[Response]:
        return TakeOver(forever) if request.path == "/exec" else asyncio.ensure_future(never())

    server = await serve(handler, ssl_context=contexts[0])
    async with (
        await HttpPeer.connect(server, contexts[1]) as upgraded,
        await HttpPeer.connect(server, contexts[1]) as running,
    ):
        await upgraded.send(UPGRADE)
        await upgraded.head()
        await running.send(render("/slow"))
        await started.wait()
        await server.close(0.1)
        assert (server.connection_count, sorted(cancelled)) == (0, ["request", "upgraded"])
