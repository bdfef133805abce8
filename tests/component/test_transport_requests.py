"""Requests over real sockets: in order, whole, bounded, and in time."""

import asyncio
import logging
import socket
import ssl
import struct
from pathlib import Path

import pytest
from authority import Authority
from http_peer import HttpPeer, render
from loops import on_both_loops, until

from fairway.transport.interface import Answer, Request, Response
from fairway.transport.limits import Limits
from fairway.transport.server import serve
from fairway.transport.tls import client_context, server_context


def echo(request: Request) -> Response:
    return Response(200, f"{request.method} {request.path} ".encode() + request.body, "text/plain")


def as_status(status: int, text: str) -> Response:
    return Response(status, f'{{"kind":"Status","code":{status},"message":"{text}"}}'.encode())


@on_both_loops
async def test_requests_on_one_connection_are_answered() -> None:
    server = await serve(echo)
    async with await HttpPeer.connect(server) as peer:
        first, second = await peer.get("/a"), await peer.get("/b")
    await server.close(1)
    assert (first.body, second.body, first.headers["content-type"]) == (b"GET /a ", b"GET /b ", "text/plain")
    assert set(first.headers) == {"date", "content-type", "content-length"}


@on_both_loops
async def test_an_answer_at_once_costs_no_task() -> None:
    seen = []

    def handler(request: Request) -> Response:
        seen.append(len(asyncio.all_tasks()))
        return Response(200)

    server = await serve(handler)
    before = len(asyncio.all_tasks())
    async with await HttpPeer.connect(server) as peer:
        await peer.get("/")
    await server.close(1)
    assert seen == [before]


@on_both_loops
async def test_pipelined_requests_are_answered_in_order_however_long_each_takes() -> None:
    released = asyncio.Event()
    order = []

    async def slow(request: Request) -> Response:
        await released.wait()
        return echo(request)

    def handler(request: Request) -> Answer | asyncio.Future[Response]:
        order.append(request.path)
        return asyncio.ensure_future(slow(request)) if request.path == "/slow" else echo(request)

    server = await serve(handler)
    async with await HttpPeer.connect(server) as peer:
        await peer.send(render("/1") + render("/slow") + render("/2") + render("/3"))
        first = await peer.answer()
        started = list(order)
        released.set()
        bodies = [first.body, *[(await peer.answer()).body for _ in range(3)]]
    await server.close(1)
    assert started == ["/1", "/slow"]
    assert bodies == [b"GET /1 ", b"GET /slow ", b"GET /2 ", b"GET /3 "]


@on_both_loops
async def test_a_head_request_gets_the_head_of_a_get() -> None:
    server = await serve(echo)
    async with await HttpPeer.connect(server) as peer:
        head, after = await peer.get("/a", method="HEAD"), await peer.get("/b")
    await server.close(1)
    assert (head.headers["content-length"], after.body) == ("8", b"GET /b ")


@on_both_loops
async def test_answers_without_content_have_no_body() -> None:
    server = await serve(lambda request: Response(204))
    async with await HttpPeer.connect(server) as peer:
        answers = [await peer.get("/"), await peer.get("/")]
    await server.close(1)
    assert [(answer.status, "content-length" in answer.headers) for answer in answers] == [(204, False)] * 2


@on_both_loops
async def test_a_client_that_asks_for_it_is_told_to_continue() -> None:
    server = await serve(echo)
    async with await HttpPeer.connect(server) as peer:
        await peer.send(render("/", "Expect: 100-continue", "Content-Length: 3", method="PUT"))
        interim = await peer.head()
        await peer.send(b"abc")
        answer = await peer.answer()
    await server.close(1)
    assert (interim, answer.body) == ((100, {}), b"PUT / abc")


@on_both_loops
async def test_continue_waits_for_its_turn_behind_an_earlier_request() -> None:
    released = asyncio.Event()

    async def handler(request: Request) -> Response:
        await released.wait()
        return echo(request)

    server = await serve(handler)
    async with await HttpPeer.connect(server) as peer:
        put = render("/b", "Expect: 100-continue", "Content-Length: 1", method="PUT")
        await peer.send(render("/a") + put)
        released.set()
        first, interim = await peer.answer(), await peer.head()
        await peer.send(b"x")
        second = await peer.answer()
    await server.close(1)
    assert (first.body, interim[0], second.body) == (b"GET /a ", 100, b"PUT /b x")


@on_both_loops
async def test_a_body_over_the_limit_is_answered_even_while_it_is_still_sent() -> None:
    called: list[Request] = []
    server = await serve(called.append, limits=Limits(body_bytes=1000, error_response=as_status))  # type: ignore[arg-type]
    async with await HttpPeer.connect(server) as peer:
        peer.writer.write(render("/", "Content-Length: 8000000", method="POST") + b"x" * 8_000_000)
        answer = await peer.answer()
    await server.close(1)
    assert (answer.status, answer.headers["connection"], called) == (413, "close", [])
    assert answer.body == b'{"kind":"Status","code":413,"message":"Request entity too large: limit is 1000"}'


@on_both_loops
async def test_a_chunked_body_over_the_limit_is_refused() -> None:
    server = await serve(echo, limits=Limits(body_bytes=1000))
    async with await HttpPeer.connect(server) as peer:
        await peer.send(render("/", "Transfer-Encoding: chunked", method="POST"))
        await peer.send(b"200\r\n" + b"x" * 512 + b"\r\n" + b"200\r\n" + b"x" * 512 + b"\r\n")
        answer = await peer.answer()
    await server.close(1)
    assert answer.status == 413


@pytest.mark.parametrize(
    ("garbage", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (render("/", "Transfer-Encoding: chunked", method="POST") + b"zz\r\n", 400),
        (render("/", "X: " + "a" * 3000), 431),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
    ],
    ids=["tls-to-plain", "bad-chunk", "long-header", "no-host"],
)
@on_both_loops
async def test_what_is_no_request_is_refused_after_those_before_it_were_answered(garbage: bytes, status: int) -> None:
    server = await serve(echo, limits=Limits(header_bytes=2000, linger_s=0.1))
    async with await HttpPeer.connect(server) as peer:
        await peer.send(render("/a") + render("/b") + garbage)
        answers = [await peer.answer() for _ in range(3)]
        rest = await peer.rest()
    await server.close(1)
    assert [answer.status for answer in answers] == [200, 200, status]
    assert rest == b""


@pytest.mark.parametrize("sent", [b"GET / HTT", render("/", "Content-Length: 5", method="POST") + b"abc"])
@on_both_loops
async def test_half_a_request_reaches_nobody(sent: bytes) -> None:
    called: list[Request] = []
    server = await serve(called.append)  # type: ignore[arg-type]
    async with await HttpPeer.connect(server) as peer:
        await peer.send(sent)
        peer.writer.write_eof()
        rest = await peer.rest()
    await server.close(1)
    assert (rest, called) == (b"", [])


@pytest.mark.parametrize(
    "start", [b"GET / HTTP/1.1\r\nX", render("/", "Content-Length: 5", method="POST") + b"a"], ids=["head", "body"]
)
@on_both_loops
async def test_a_slow_sender_is_answered_408_however_steadily_it_drips(start: bytes) -> None:
    server = await serve(echo, limits=Limits(header_timeout_s=0.3, body_timeout_s=0.3, linger_s=0.05))

    async def drip(peer: HttpPeer) -> None:
        while True:
            await peer.send(b"a" if b"POST" not in start else b"")
            await asyncio.sleep(0.05)

    async with await HttpPeer.connect(server) as peer:
        await peer.send(render("/first"))
        first = await peer.answer()
        await peer.send(start)
        dripping = asyncio.ensure_future(drip(peer))
        answer = await peer.answer()
        rest = await peer.rest()
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
    await server.close(1)
    assert (first.status, answer.status, rest) == (200, 408, b"")


@on_both_loops
async def test_a_connection_without_requests_is_closed_without_a_word() -> None:
    server = await serve(echo, limits=Limits(idle_timeout_s=0.1, header_timeout_s=0.1))
    async with await HttpPeer.connect(server) as used, await HttpPeer.connect(server) as unused:
        await used.get("/")
        rest = [await used.rest(), await unused.rest()]
    await server.close(1)
    assert rest == [b"", b""]


@on_both_loops
async def test_a_request_under_way_outlives_the_idle_time() -> None:
    async def handler(request: Request) -> Response:
        await asyncio.sleep(0.3)  # three times all limits
        return echo(request)

    server = await serve(handler, limits=Limits(idle_timeout_s=0.1, header_timeout_s=0.1, body_timeout_s=0.1))
    async with await HttpPeer.connect(server) as peer:
        answer = await peer.get("/a")
    await server.close(1)
    assert answer.body == b"GET /a "


@on_both_loops
async def test_a_flood_of_requests_is_left_to_the_kernel_while_one_is_handled() -> None:
    released = asyncio.Event()
    handled = []

    async def handler(request: Request) -> Response:
        handled.append(request.path)
        await released.wait()
        return Response(200, b"", "")

    server = await serve(handler)
    flood = render("/a", "X: " + "a" * 900) * 32768
    async with await HttpPeer.connect(server) as peer:
        peer.writer.write(flood)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await peer.writer.drain()
        held = len(flood) - peer.writer.transport.get_write_buffer_size()
        during = len(handled)
    await server.close(1)
    # What left the client is in the buffers of the two kernels, and little of it in the server.
    assert (during, held < len(flood) * 0.6) == (1, True)


@on_both_loops
async def test_a_client_that_takes_no_answers_is_given_no_more_and_dropped() -> None:
    handled = []

    def handler(request: Request) -> Response:
        handled.append(request.path)
        return Response(200, b"x" * 1_000_000)

    server = await serve(handler, limits=Limits(write_timeout_s=0.3))
    async with await HttpPeer.connect(server, limit=1024) as peer:
        await peer.send(render("/a") * 100)
        await until(lambda: server.connection_count == 0)
    await server.close(1)
    assert 0 < len(handled) < 20


@on_both_loops
async def test_a_failing_handler_is_a_500_and_the_connection_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def later() -> Response:
        raise LookupError("later")

    def handler(request: Request) -> Answer | asyncio.Task[Response]:
        if request.path == "/now":
            raise LookupError("now")
        return asyncio.ensure_future(later()) if request.path == "/later" else echo(request)

    server = await serve(handler, limits=Limits(error_response=as_status))
    async with await HttpPeer.connect(server) as peer:
        answers = [await peer.get(path) for path in ("/now", "/later", "/fine")]
    await server.close(1)
    assert [answer.status for answer in answers] == [500, 500, 200]
    assert answers[0].body == b'{"kind":"Status","code":500,"message":"Internal Server Error"}'
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == [
        "handler failed on GET /now", "handler failed on GET /later",
    ]  # fmt: skip


@on_both_loops
async def test_an_answer_for_a_client_that_left_is_dropped() -> None:
    started, released = asyncio.Event(), asyncio.Event()
    finished = []

    async def handler(request: Request) -> Response:
        started.set()
        await released.wait()
        finished.append(request.path)
        return echo(request)

    server = await serve(handler)
    async with await HttpPeer.connect(server) as peer:
        await peer.send(render("/a"))
        await started.wait()
        # A reset: a mere end of what it sends would leave it the right to its answer.
        no_linger = struct.pack("ii", 1, 0)
        peer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
    await until(lambda: server.connection_count == 0)
    released.set()
    await server.close(1)
    assert finished == ["/a"]


@on_both_loops
async def test_a_client_that_closed_its_side_still_gets_its_answers() -> None:
    async def handler(request: Request) -> Response:
        await asyncio.sleep(0.05)
        return echo(request)

    server = await serve(handler)
    async with await HttpPeer.connect(server) as peer:
        await peer.send(render("/a") + render("/b"))
        peer.writer.write_eof()
        answers = [await peer.answer(), await peer.answer()]
        rest = await peer.rest()
    await server.close(1)
    assert ([answer.body for answer in answers], rest) == ([b"GET /a ", b"GET /b "], b"")


@on_both_loops
async def test_an_old_client_is_told_whether_its_connection_is_kept() -> None:
    server = await serve(echo)
    async with await HttpPeer.connect(server) as peer:
        kept = await peer.get("/a", "Connection: keep-alive", version="1.0")
        closed = await peer.get("/a", version="1.0")
        rest = await peer.rest()
    await server.close(1)
    assert (kept.headers["connection"], closed.headers["connection"], rest) == ("keep-alive", "close", b"")


@on_both_loops
async def test_for_a_connection_over_the_limit_an_idle_one_makes_room() -> None:
    server = await serve(echo, limits=Limits(connections=1))
    async with await HttpPeer.connect(server) as first:
        assert (await first.get("/")).status == 200
        async with await HttpPeer.connect(server) as second:
            assert (await second.get("/")).status == 200
            assert await first.rest() == b""
    await server.close(1)


@on_both_loops
async def test_sockets_of_the_caller_are_served() -> None:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [sock.getsockname()[1] for sock in sockets]
    server = await serve(echo, sockets=sockets)
    async with await HttpPeer.connect(server) as peer:
        answer = await peer.get("/a")
    await server.close(1)
    assert ([port for _, port in server.addresses], answer.status) == (ports, 200)


@on_both_loops
async def test_large_answers_arrive_whole_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    body = bytes(range(256)) * 8192
    server = await serve(lambda request: Response(200, body), ssl_context=server_context(*authority.issue("server")))
    async with await HttpPeer.connect(server, client_context(authority.ca)) as peer:
        answers = [await peer.get("/"), await peer.get("/")]
    await server.close(1)
    assert [answer.body == body for answer in answers] == [True, True]


def whoami(request: Request) -> Response:
    return Response(200, f"{request.peer.common_name} {' '.join(request.peer.organizations)}".encode())


@on_both_loops
async def test_the_client_certificate_names_the_peer(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    admin = authority.issue("kubernetes-admin", "system:masters", "other")
    server = await serve(whoami, ssl_context=server_context(*authority.issue("server"), authority.ca))
    bodies = []
    for context in (client_context(authority.ca, *admin), client_context(authority.ca)):
        async with await HttpPeer.connect(server, context) as peer:
            bodies.append((await peer.get("/")).body)
    await server.close(1)
    assert bodies == [b"kubernetes-admin system:masters other", b" "]


@on_both_loops
async def test_a_certificate_of_another_authority_is_refused(tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    server = await serve(whoami, ssl_context=server_context(*authority.issue("server"), authority.ca))
    context = client_context(authority.ca, *stranger.issue("mallory", "system:masters"))
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        async with await HttpPeer.connect(server, context) as peer:
            await peer.get("/")
    await server.close(1)


@on_both_loops
async def test_tls_older_than_1_2_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = await serve(echo, ssl_context=server_context(*authority.issue("server")))
    context = client_context(authority.ca)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await HttpPeer.connect(server, context)
    await server.close(1)
