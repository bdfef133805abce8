"""Bytes become requests, the same ones wherever the bytes are cut; everything ambiguous is refused."""

import asyncio
import itertools
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairway.transport.chunk import LAST_CHUNK, frame
from fairway.transport.interface import Peer, Request
from fairway.transport.limits import Limits
from fairway.transport.parser import Failure, RequestParser

PEER = Peer("192.0.2.1", "kubernetes-admin", ("system:masters",))
SMALL = Limits(target_bytes=64, header_bytes=200, header_count=5, body_bytes=10)
GET = b"GET /api HTTP/1.1\r\nHost: x\r\n\r\n"


def parsed(*parts: bytes, limits: Limits = SMALL) -> RequestParser:
    parser = RequestParser(limits, PEER)
    for part in parts:
        parser.feed(part)
    return parser


def requests(parser: RequestParser) -> list[Request]:
    return [incoming.request for incoming in parser.received]


def test_a_request_is_taken_apart() -> None:
    parser = parsed(b"POST /a%20b?x=1&x=%2F+y HTTP/1.1\r\nHost: h\r\nX-A:  v \r\nContent-Length: 3\r\n\r\nabc")
    assert requests(parser) == [
        Request(
            "POST", "/a b", [("x", "1"), ("x", "/ y")], {"host": "h", "x-a": "v", "content-length": "3"}, b"abc",
            PEER, "/a%20b?x=1&x=%2F+y",
        )
    ]  # fmt: skip


def test_repeated_headers_are_joined() -> None:
    parser = parsed(b"GET / HTTP/1.1\r\nHost: h\r\nAccept: a\r\nAccept: b\r\nCookie: c\r\nCookie: d\r\n\r\n")
    assert requests(parser)[0].headers == {"host": "h", "accept": "a, b", "cookie": "c; d"}


def test_a_chunked_body_is_joined_and_its_trailers_are_forgotten() -> None:
    parser = parsed(
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nHost: evil\r\n\r\n",
    )
    assert [(request.body, request.headers["host"]) for request in requests(parser)] == [(b"abcde", "h")]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
    ],
)
def test_whether_the_connection_is_kept_is_what_the_client_says(sent: bytes, kept: bool) -> None:
    assert parsed(sent).received[0].keep_alive is kept


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n", 400),
        (b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n", 417),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nabcdefghijk\r\n", 413),
        (b"GET /" + b"a" * 64 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 5 + b"\r\n", 431),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc", 400),
    ],
)
def test_what_is_no_proper_request_is_refused(sent: bytes, status: int) -> None:
    parser = parsed(sent)
    assert (parser.failure and parser.failure.status, requests(parser)) == (status, [])


def test_a_body_that_is_too_large_is_refused_in_kubernetes_words() -> None:
    assert parsed(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n").failure == Failure(
        413, "Request entity too large: limit is 10"
    )


@pytest.mark.parametrize(
    ("start", "drop", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"a", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX", b"a", 431),
        (b"", b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a", 431),
    ],
)
def test_a_line_that_never_ends_is_cut_off(start: bytes, drop: bytes, status: int) -> None:
    parser = parsed(start)
    for _ in range(400):
        parser.feed(drop)
    assert parser.failure is not None and parser.failure.status == status


def test_chunks_that_are_mostly_frame_are_cut_off() -> None:
    parser = parsed(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", limits=Limits())
    for _ in range(1000):
        parser.feed(b"1;" + b"e" * 100 + b"\r\na\r\n")
    assert parser.failure == Failure(400, "malformed HTTP request: chunks carry too little")


def test_requests_before_garbage_are_kept() -> None:
    parser = parsed(GET + GET + b"GARBAGE\r\n")
    assert (len(parser.received), parser.failure and parser.failure.status) == (2, 400)


def test_nothing_is_taken_after_a_failure() -> None:
    parser = parsed(b"GARBAGE\r\n", GET)
    assert requests(parser) == []


def test_what_follows_an_upgrade_is_left_for_the_other_protocol() -> None:
    parser = parsed(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: spdy\r\n\r\n\x80\x03", b"\x00")
    assert (parser.received[0].is_upgrade, parser.is_upgraded, parser.leftover) == (True, True, b"\x80\x03\x00")


def test_http_goes_on_after_an_upgrade_that_was_not_taken() -> None:
    parser = parsed(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: spdy\r\n\r\n" + GET)
    parser.resume()
    parser.feed(GET)
    assert [request.path for request in requests(parser)] == ["/", "/api", "/api"]


def test_the_phase_tells_what_is_awaited() -> None:
    parser = parsed()
    phases = [parser.phase]
    for part in (b"PO", b"ST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n", b"a", b"b"):
        parser.feed(part)
        phases.append(parser.phase)
    assert phases == ["idle", "head", "body", "body", "idle"]


def test_a_client_that_waits_for_100_continue_is_noticed() -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    assert (parsed(head).awaits_continue, parsed(head + b"a").awaits_continue) == (True, False)


TOKENS = st.text("abcdefghij-", min_size=1, max_size=8)


@st.composite
def rendered_requests(draw: st.DrawFn) -> tuple[bytes, tuple[str, str, dict[str, str], bytes]]:
    method = draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]))
    path = "/" + draw(st.text("abc/", max_size=10))
    headers = {"host": "h"} | draw(st.dictionaries(TOKENS.map(lambda name: f"x-{name}"), TOKENS, max_size=4))
    body = draw(st.binary(max_size=40))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    if draw(st.booleans()):
        cut = draw(st.integers(0, len(body)))
        parts = [part for part in (body[:cut], body[cut:]) if part]
        framed = b"".join(frame(part) for part in parts) + LAST_CHUNK
        headers["transfer-encoding"] = "chunked"
        head = f"{method} {path} HTTP/1.1\r\n{lines}Transfer-Encoding: chunked\r\n\r\n"
    else:
        framed = body
        headers["content-length"] = str(len(body))
        head = f"{method} {path} HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + framed, (method, path, headers, body)


@settings(max_examples=150)
@given(st.lists(rendered_requests(), min_size=1, max_size=4), st.lists(st.integers(0, 1000), max_size=12))
def test_where_the_bytes_are_cut_makes_no_difference(
    sent: list[tuple[bytes, tuple[str, str, dict[str, str], bytes]]], cuts: list[int]
) -> None:
    stream = b"".join(rendered for rendered, _ in sent)
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    parts = [stream[start:end] for start, end in itertools.pairwise(places)]
    parser = parsed(*parts, limits=Limits())
    found = [(request.method, request.path, request.headers, request.body) for request in requests(parser)]
    assert (found, parser.failure) == ([expected for _, expected in sent], None)


@settings(max_examples=150)
@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes_are_parsed_or_refused(data: bytes, cut: int) -> None:
    whole, split = parsed(data), parsed(data[:cut], data[cut:])
    assert requests(whole) == requests(split)
    assert (whole.failure and whole.failure.status) == (split.failure and split.failure.status)


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=5))
def test_frames_are_read_back_as_the_body(parts: list[bytes]) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    parser = parsed(head + b"".join(frame(part) for part in parts) + LAST_CHUNK, limits=Limits())
    assert [request.body for request in requests(parser)] == [b"".join(parts)]


OPEN = Limits(body_bytes=10, hands_on=lambda target: target == b"/open")
LONG = bytes(range(256)) * 4


@given(st.lists(st.integers(0, 1200), max_size=6), st.booleans())
def test_a_body_that_is_handed_on_comes_whole_wherever_it_is_cut(cuts: list[int], is_chunked: bool) -> None:
    framing = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % len(LONG)
    body = b"400\r\n%b\r\n0\r\n\r\n" % LONG if is_chunked else LONG
    data = b"PUT /open HTTP/1.1\r\nHost: h\r\n%b\r\n\r\n%bGET /next HTTP/1.1\r\nHost: h\r\n\r\n" % (framing, body)

    async def parsed() -> tuple[list[str], bytes]:
        parser = RequestParser(OPEN, Peer())
        edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
        for start, end in pairwise(edges):
            parser.feed(data[start:end])
        assert parser.failure is None and parser.open_body is None
        rest = parser.received[0].request.rest
        assert rest is not None and not parser.received[0].keep_alive
        return [each.request.path for each in parser.received], b"".join([part async for part in rest.pieces()])

    assert asyncio.run(parsed()) == (["/open", "/next"], LONG)


def test_a_body_that_breaks_off_is_told_as_such() -> None:
    async def read() -> None:
        parser = RequestParser(OPEN, Peer())
        parser.feed(b"PUT /open HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\nbegun")
        parser.lose()
        rest = parser.received[0].request.rest
        assert rest is not None
        with pytest.raises(ConnectionResetError):
            async for part in rest.pieces():
                assert part == b"begun"

    asyncio.run(read())
