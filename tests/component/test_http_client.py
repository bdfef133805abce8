"""The HTTP client against our server and against servers that misbehave, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from authority import Authority
from loops import on_both_loops, until

from fairway.client.http import HttpClient
from fairway.client.interface import JSON_PATCH, WatchEvent
from fairway.kinds.kind import Kind
from fairway.objects.errors import StatusError, conflict, expired
from fairway.transport.interface import Answer, Request, Response, Stream, StreamWriter
from fairway.transport.server import Server, frame, serve
from fairway.transport.tls import client_context, server_context

SERVICE = Kind(group="", version="v1", name="Service", plural="services")


def url(server: Server, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{server.addresses[0][1]}"


def reflect(request: Request) -> Response:
    """The request, as an object."""
    seen = {
        "method": request.method, "target": request.target, "headers": request.headers, "body": request.body.decode(),
        "user": request.peer.common_name,
    }  # fmt: skip
    return Response(200, orjson.dumps(seen))


@asynccontextmanager
async def speaking(
    handler: Callable[[Request], Answer | Awaitable[Answer]], **options: Any
) -> AsyncIterator[HttpClient]:
    """A client of a server with ``handler``."""
    server = await serve(handler)
    client = HttpClient(url(server), **options)
    try:
        yield client
    finally:
        await client.close()
        await server.close(1)


@on_both_loops
async def test_every_verb_goes_where_the_api_expects_it() -> None:
    web = {"metadata": {"name": "web", "namespace": "ns"}}
    async with speaking(reflect, agent="fairway-node/0.1", token="secret") as client:
        seen = [
            await client.get(SERVICE, "ns", "web"),
            await client.create(SERVICE, web),
            await client.create(SERVICE, web, subresource="binding", name="web"),
            await client.update(SERVICE, web, subresource="status"),
            await client.patch(SERVICE, "ns", "web", [{"op": "remove", "path": "/a"}], content_type=JSON_PATCH),
            await client.delete(SERVICE, "ns", "web"),
            await client.delete(SERVICE, "ns", "web", options={"gracePeriodSeconds": 0}),
        ]
    at = "/api/v1/namespaces/ns/services"
    assert [(one["method"], one["target"], one["body"]) for one in seen] == [
        ("GET", f"{at}/web", ""),
        ("POST", at, '{"metadata":{"name":"web","namespace":"ns"}}'),
        ("POST", f"{at}/web/binding", '{"metadata":{"name":"web","namespace":"ns"}}'),
        ("PUT", f"{at}/web/status", '{"metadata":{"name":"web","namespace":"ns"}}'),
        ("PATCH", f"{at}/web", '[{"op":"remove","path":"/a"}]'),
        ("DELETE", f"{at}/web", ""),
        ("DELETE", f"{at}/web", '{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0}'),
    ]
    assert {one["headers"]["user-agent"] for one in seen} == {"fairway-node/0.1"}
    assert {one["headers"]["authorization"] for one in seen} == {"Bearer secret"}
    assert seen[4]["headers"]["content-type"] == "application/json-patch+json"


@on_both_loops
async def test_a_token_is_asked_for_anew_for_every_request() -> None:
    tokens = iter(["first", "second"])
    async with speaking(reflect, token=lambda: next(tokens)) as client:
        seen = [(await client.get(SERVICE, "ns", "web"))["headers"]["authorization"] for _ in range(2)]
    assert seen == ["Bearer first", "Bearer second"]


@on_both_loops
async def test_the_client_certificate_is_shown(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    node = authority.issue("system:node:n1", "system:nodes")
    server = await serve(reflect, ssl_context=server_context(*authority.issue("server"), authority.ca))
    client = HttpClient(url(server, "https"), ssl_context=client_context(authority.ca, *node))
    seen = await client.get(SERVICE, "ns", "web")
    await client.close()
    await server.close(1)
    assert seen["user"] == "system:node:n1"


@on_both_loops
async def test_a_server_whose_certificate_is_not_trusted_gives_no_answer(tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    server = await serve(reflect, ssl_context=server_context(*authority.issue("server")))
    client = HttpClient(url(server, "https"), ssl_context=client_context(stranger.ca))
    with pytest.raises(ConnectionError, match="certificate verify failed"):
        await client.get(SERVICE, "ns", "web")
    await server.close(1)


@on_both_loops
async def test_a_refusal_is_a_status_error() -> None:
    error = conflict("", "services", "web")
    async with speaking(lambda request: Response(409, orjson.dumps(error.status()))) as client:
        with pytest.raises(StatusError) as raised:
            await client.update(SERVICE, {"metadata": {"name": "web"}})
    assert raised.value == error


@on_both_loops
async def test_a_large_list_is_read_whole_and_in_pages() -> None:
    items = [{"metadata": {"name": f"web-{number}"}, "data": "x" * 900} for number in range(5000)]

    def handler(request: Request) -> Response:
        start = int(dict(request.query).get("continue", 0))
        meta = {"resourceVersion": "77", "continue": str(start + 4000) if start + 4000 < len(items) else ""}
        return Response(200, orjson.dumps({"metadata": meta, "items": items[start : start + 4000]}))

    async with speaking(handler) as client:
        found, revision = await client.list(SERVICE, labels="app=web", fields="metadata.name!=a")
    assert ([item["metadata"] for item in found], revision) == ([item["metadata"] for item in items], "77")
    assert (found[0]["kind"], found[0]["apiVersion"]) == ("Service", "v1")


@on_both_loops
async def test_several_requests_run_at_once_and_connections_are_used_again() -> None:
    connections = set()
    running = most = 0
    are_four = asyncio.Event()

    async def handler(request: Request) -> Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        connections.add(id(request.peer))
        if running == 4:
            are_four.set()
        await are_four.wait()
        running -= 1
        return Response(200, b"{}")

    async with speaking(handler, connections=4) as client:
        await asyncio.gather(*(client.get(SERVICE, "ns", str(number)) for number in range(40)))
    assert (most, len(connections)) == (4, 4)


@on_both_loops
async def test_a_watch_gives_events_until_the_server_ends_it() -> None:
    targets = []

    def opened(writer: StreamWriter) -> None:
        writer.write(frame(b'{"type":"ADDED","object":{"a":1}}\n{"type":"MODI'))
        writer.write(frame(b'FIED","object":{"a":2}}\n{"type":"BOOKMARK","object":{"a":3}}\n'))
        writer.close()

    def handler(request: Request) -> Stream:
        targets.append(request.target)
        return Stream(opened)

    async with speaking(handler) as client:
        events = [event async for event in client.watch(SERVICE, "ns", revision="5", labels="a=b")]
    assert events == [WatchEvent("ADDED", {"a": 1}), WatchEvent("MODIFIED", {"a": 2}), WatchEvent("BOOKMARK", {"a": 3})]
    assert targets == [
        "/api/v1/namespaces/ns/services?watch=true&resourceVersion=5&allowWatchBookmarks=true&labelSelector=a%3Db"
    ]


@pytest.mark.parametrize("is_late", [False, True], ids=["at-once", "in-the-stream"])
@on_both_loops
async def test_a_watch_that_is_too_old_is_a_410(is_late: bool) -> None:
    status = orjson.dumps(expired("too old resource version: 1 (5)").status())

    def opened(writer: StreamWriter) -> None:
        writer.write(frame(b'{"type":"ERROR","object":' + status + b"}\n"))

    async with speaking(lambda request: Stream(opened) if is_late else Response(410, status)) as client:
        with pytest.raises(StatusError) as raised:
            await anext(client.watch(SERVICE, revision="1"))
    assert raised.value.code == 410


@on_both_loops
async def test_a_watch_that_nobody_reads_any_more_is_ended() -> None:
    closed = asyncio.Event()

    def opened(writer: StreamWriter) -> None:
        writer.write(frame(b'{"type":"ADDED","object":{}}\n'))

    async with speaking(lambda request: Stream(opened, closed.set)) as client:
        async with aclosing(client.watch(SERVICE, revision="1")) as events:  # type: ignore[type-var]
            await anext(events)
        await closed.wait()


@on_both_loops
async def test_a_watch_whose_reader_is_slow_pushes_back() -> None:
    writers: list[StreamWriter] = []
    event = frame(orjson.dumps({"type": "ADDED", "object": {"a": "x" * 65536}}) + b"\n")
    async with speaking(lambda request: Stream(writers.append)) as client:
        events = client.watch(SERVICE, revision="1")
        reading = asyncio.ensure_future(anext(events))
        await until(lambda: bool(writers))
        writers[0].write(event)
        await reading
        count = 0
        while writers[0].pending_bytes < 2 << 20:
            writers[0].write(event)
            count += 1
            await asyncio.sleep(0)
        writers[0].close()
        assert [len(event.object["a"]) async for event in events] == [65536] * count


@asynccontextmanager
async def acting(*acts: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """A server that does one of ``acts`` with each connection, in turn."""
    left = list(acts)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await left.pop(0)(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    assert left == []


def say(*answers: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Answer one request after the other with these bytes, then close."""

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()

    return act


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@on_both_loops
async def test_a_kept_connection_that_died_is_replaced_for_a_get() -> None:
    async def read_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await say(OK)(reader, writer)
        await reader.readuntil(b"\r\n\r\n")

    async with acting(read_and_close, say(OK)) as server:
        client = HttpClient(server)
        assert [await client.get(SERVICE, "ns", "web"), await client.get(SERVICE, "ns", "web")] == [{}, {}]
        await client.close()


@on_both_loops
async def test_a_write_is_never_sent_twice() -> None:
    async def read_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await say(OK)(reader, writer)
        await reader.readuntil(b"\r\n\r\n")

    async with acting(read_and_close) as server:
        client = HttpClient(server)
        await client.get(SERVICE, "ns", "web")
        with pytest.raises(ConnectionError, match="before its answer was complete"):
            await client.create(SERVICE, {"metadata": {"name": "web"}})
        await client.close()


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}", "before its answer was complete"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "before its answer was complete"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "is no HTTP"),
        (b"SSH-2.0-OpenSSH\r\n", "is no HTTP"),
        (b"", "before its answer was complete"),
    ],
)
@on_both_loops
async def test_an_answer_that_is_cut_or_no_http_is_no_answer(answer: bytes, text: str) -> None:
    async with acting(say(answer)) as server:
        client = HttpClient(server)
        with pytest.raises(ConnectionError, match=text):
            await client.get(SERVICE, "ns", "web")
        await client.close()


@on_both_loops
async def test_a_watch_that_breaks_off_is_a_connection_error() -> None:
    start = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1e\r\n{"type":"ADDED","object":{}}\r\n\r\n'
    async with acting(say(start)) as server:
        client = HttpClient(server)
        events = client.watch(SERVICE, revision="1")
        assert await anext(events) == WatchEvent("ADDED", {})
        with pytest.raises(ConnectionError):
            await anext(events)
        await client.close()


@on_both_loops
async def test_interim_and_endless_answers_are_understood() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" + OK
    until_closed = b"HTTP/1.0 200 OK\r\n\r\n{}"
    async with acting(
        say(interim, b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"), say(until_closed)
    ) as server:
        client = HttpClient(server)
        assert [await client.get(SERVICE, "ns", "web") for _ in range(3)] == [{}, {}, {}]
        await client.close()


@on_both_loops
async def test_a_server_that_does_not_answer_in_time_gives_no_answer() -> None:
    async def handler(request: Request) -> Response:
        await asyncio.Event().wait()
        return Response(200, b"{}")

    async with speaking(handler, timeout_s=0.1) as client:
        with pytest.raises(ConnectionError, match=r"no answer from .* within 0\.1 s"):
            await client.get(SERVICE, "ns", "web")
        with pytest.raises(ConnectionError, match=r"no answer from .* within 0\.1 s"):
            await anext(client.watch(SERVICE, revision="1"))


@on_both_loops
async def test_a_server_that_is_not_there_gives_no_answer() -> None:
    server = await serve(reflect)
    address = url(server)
    await server.close(0)
    client = HttpClient(address)
    with pytest.raises(ConnectionRefusedError, match="cannot connect to 127"):
        await client.get(SERVICE, "ns", "web")
    await client.close()
    with pytest.raises(ConnectionError, match="the client is closed"):
        await client.get(SERVICE, "ns", "web")


@on_both_loops
async def test_an_abandoned_request_does_not_spoil_the_next() -> None:
    started, may_end = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        started.set()
        if request.path.endswith("slow"):
            await may_end.wait()
        return Response(200, orjson.dumps({"path": request.path}))

    async with speaking(handler, connections=1) as client:
        abandoned = asyncio.ensure_future(client.get(SERVICE, "ns", "slow"))
        await started.wait()
        abandoned.cancel()
        asyncio.get_running_loop().call_soon(may_end.set)
        assert (await client.get(SERVICE, "ns", "web"))["path"] == "/api/v1/namespaces/ns/services/web"


@pytest.mark.parametrize("server", ["ftp://host", "https://"])
def test_a_server_that_is_no_address_is_refused(server: str) -> None:
    with pytest.raises(ValueError, match="is no http or https address"):
        HttpClient(server)
