"""The blocking client against a peer that says what a test tells it to: framing, keep-alive, warnings, refusals."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from fairway.client.blocking import Api, ApiError, Unreachable
from fairway.client.kubeconfig.selection import Access


@contextmanager
def peer(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives one answer a request, on as many connections as it takes; and what it was asked."""
    listening = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def serve() -> None:
        left = list(answers)
        while left:
            connection, _ = listening.accept()
            with connection:
                while left and (request := received(connection)):
                    asked.append(request)
                    answer = left.pop(0)
                    connection.sendall(answer)
                    if b"Connection: close" in answer or (b"Length" not in answer and b"chunked" not in answer):
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
    finally:
        listening.close()
        thread.join(5)


def received(connection: socket.socket) -> bytes:
    held = b""
    while b"\r\n\r\n" not in held:
        got = connection.recv(65536)
        if not got:
            return b""
        held += got
    head, _, body = held.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def chunked(*pieces: bytes) -> bytes:
    body = b"".join(b"%x;x=y\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nTrailer: x\r\n\r\n"
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body


def test_one_connection_serves_many_requests_and_a_closed_one_is_replaced() -> None:
    with peer(answer(b'{"a":1}'), chunked(b'{"a"', b":2}"), answer(b'{"a":3}', "Connection: close"), answer(b"{}")) as (
        url,
        asked,
    ):
        with closing(Api(Access(url, token="t"), agent="test")) as api:
            found = [api.get("/x", {"q": "a b", "none": "", "list": ["1", "2"]}) for _ in range(4)]
        assert found == [
            {"a": 1}, {"a": 2}, {"a": 3}, {},
        ]  # fmt: skip
    assert asked[0].startswith(b"GET /x?q=a%20b&list=1&list=2 HTTP/1.1\r\n")
    assert b"Authorization: Bearer t" in asked[0]


def test_a_body_that_ends_with_the_connection() -> None:
    with peer(b'HTTP/1.1 200 OK\r\n\r\n{"a":1}') as (url, _):
        assert Api(Access(url)).get("/") == {"a": 1}


def test_warnings_are_told() -> None:
    told: list[str] = []
    headers = ('Warning: 299 - "first \\"one\\""', 'Warning: 299 - "second"')
    with peer(answer(b"{}", *headers)) as (url, _), closing(Api(Access(url), warn=told.append)) as api:
        api.get("/")
    assert told == ['first "one"', "second"]


def test_refusals_are_statuses_or_made_into_such() -> None:
    status = b'{"kind":"Status","reason":"Conflict","message":"no","code":409}'
    with ExitStack() as stack:
        url, _ = stack.enter_context(
            peer(answer(status, status="409 Conflict"), answer(b"nothing", status="404 Not Found"))
        )
        api = stack.enter_context(closing(Api(Access(url))))
        for reason, message in (("Conflict", "no"), ("NotFound", "the server could not find the requested resource")):
            with pytest.raises(ApiError) as failed:
                api.replace("/x", {})
            assert (failed.value.reason, failed.value.message) == (reason, message)


def test_a_watch_gives_events_and_ends_with_the_answer() -> None:
    lines = (b'{"type":"ADDED","object":{"n":1}}\n{"type":"MOD', b'IFIED","object":{"n":2}}\n')
    error = b'{"type":"ERROR","object":{"kind":"Status","reason":"Expired","code":410}}\n'
    with peer(chunked(*lines), chunked(error)) as (url, asked):
        api = Api(Access(url))
        assert list(api.watch("/x")) == [("ADDED", {"n": 1}), ("MODIFIED", {"n": 2})]
        with pytest.raises(ApiError):
            list(api.watch("/x"))
    assert b"watch=true" in asked[0]


def test_what_is_written_arrives_whole() -> None:
    with peer(answer(b"{}", status="201 Created")) as (url, asked), closing(Api(Access(url))) as api:
        api.create("/x", {"ä": "b" * 100_000})
    assert asked[0].endswith('{"ä":"'.encode() + b"b" * 100_000 + b'"}')


def test_nobody_there_is_told_as_kubectl_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable) as failed:
        Api(Access(f"http://127.0.0.1:{port}")).get("/")
    assert str(failed.value) == (
        f"The connection to the server 127.0.0.1:{port} was refused - did you specify the right host or port?"
    )


def test_a_silent_server_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        api = Api(Access(f"http://127.0.0.1:{silent.getsockname()[1]}"), timeout_s=0.05)
        with pytest.raises(Unreachable, match="Timeout exceeded"):
            api.get("/")


def test_what_is_no_http_is_told() -> None:
    with peer(b"SSH-2.0-x\r\n\r\n") as (url, _), pytest.raises(Unreachable, match="malformed HTTP response"):
        Api(Access(url)).get("/")


def test_something_else_that_listens_there_is_told_as_that() -> None:
    with ExitStack() as stack:
        url, _ = stack.enter_context(peer(answer(b"You are here\n")))
        api = stack.enter_context(closing(Api(Access(url))))
        stack.enter_context(pytest.raises(Unreachable, match="error: invalid character 'Y' looking for"))
        api.get("/api/v1/pods")
