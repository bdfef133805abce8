"""Heads of answers: right dates, right lines, and nothing that breaks out of its line."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.transport.chunk import frame, payload
from fairway.transport.head import Heads, http_date, render_headers
from fairway.transport.interface import Response

LENGTH = b"Content-Length: 0\r\n"


@given(st.integers(0, 4_000_000_000))
def test_dates_are_those_of_the_standard_library(unix_s: int) -> None:
    assert http_date(unix_s) == formatdate(unix_s, usegmt=True)


def test_a_head_is_rendered_in_order() -> None:
    heads = Heads(now=lambda: 784111777.5)
    answer = Response(404, b"", headers=[("Warning", '299 - "a"'), ("Warning", '299 - "b"')])
    assert heads.render(answer, LENGTH, keep_alive=True) == (
        b"HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/json\r\n"
        b'Content-Length: 0\r\nWarning: 299 - "a"\r\nWarning: 299 - "b"\r\n\r\n'
    )


def test_the_date_follows_the_clock() -> None:
    clock = iter([0.0, 0.9, 1.0])
    heads = Heads(now=lambda: next(clock))
    rendered = [heads.render(Response(200), LENGTH, keep_alive=True) for _ in range(3)]
    assert [b"00:00:00" in head for head in rendered] == [True, True, False]


@pytest.mark.parametrize(
    ("keep_alive", "is_chunkable", "end"),
    [
        (True, True, b"\r\nContent-Length: 0\r\n\r\n"),
        (True, False, b"\r\nConnection: keep-alive\r\n\r\n"),
        (False, True, b"\r\nConnection: close\r\n\r\n"),
        (False, False, b"\r\nConnection: close\r\n\r\n"),
    ],
)
def test_the_client_is_told_whether_the_connection_is_kept(keep_alive: bool, is_chunkable: bool, end: bytes) -> None:
    assert Heads().render(Response(200), LENGTH, keep_alive=keep_alive, is_chunkable=is_chunkable).endswith(end)


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x", "a\nb", "a\rb"])
def test_a_header_cannot_break_out_of_its_line(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        render_headers([("X", value)])


@given(st.binary(min_size=1, max_size=300))
def test_a_frame_carries_what_it_was_made_of(data: bytes) -> None:
    size, rest = frame(data).split(b"\r\n", 1)
    assert (int(size, 16), rest, payload(frame(data))) == (len(data), data + b"\r\n", data)


def test_an_empty_frame_would_end_the_stream() -> None:
    with pytest.raises(ValueError):
        frame(b"")
