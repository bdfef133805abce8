"""What a server's responses mean to a client."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.client.http.answers import Lines, status_error, watch_event
from fairway.objects.errors import StatusError, not_found, too_many_requests


def test_a_status_is_read_back_as_the_error_it_was() -> None:
    error = not_found("", "services", "web")
    assert status_error(404, {}, orjson.dumps(error.status())) == error


def test_what_is_no_status_is_still_an_error_with_a_reason() -> None:
    assert status_error(503, {}, b"upstream is down\n") == StatusError(503, "ServiceUnavailable", "upstream is down")
    assert status_error(418, {}, b"") == StatusError(418, "", "the server answered 418 and no more")
    assert status_error(403, {}, b'{"kind":"Other"}') == StatusError(403, "Forbidden", '{"kind":"Other"}')
    assert len(status_error(500, {}, b"x" * 10_000).message) == 512


def test_when_to_try_again_comes_from_the_header_or_the_status() -> None:
    assert status_error(429, {"retry-after": "7"}, b"").retry_after_s == 7
    assert status_error(429, {"retry-after": "7"}, orjson.dumps(too_many_requests("no", 3).status())).retry_after_s == 3
    assert status_error(503, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"").retry_after_s is None


def test_an_error_event_is_raised() -> None:
    with pytest.raises(StatusError) as raised:
        watch_event(b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}')
    assert (raised.value.code, raised.value.reason) == (410, "Expired")
    assert watch_event(b'{"type":"ADDED","object":{"a":1}}') == ("ADDED", {"a": 1})


@given(st.lists(st.binary(min_size=1, max_size=20).map(lambda line: line.replace(b"\n", b".")), max_size=10), st.data())
def test_lines_are_the_same_wherever_they_are_cut(expected: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(line + b"\n" for line in expected)
    lines, found, start = Lines(), list[bytes](), 0
    while start < len(whole):
        end = data.draw(st.integers(start + 1, len(whole)))
        found += lines.feed(whole[start:end])
        start = end
    assert found == expected


def test_a_line_that_is_not_ended_is_kept_back() -> None:
    lines = Lines()
    assert [lines.feed(b"a\nb"), lines.feed(b"c"), lines.feed(b"\n\n")] == [[b"a"], [], [b"bc"]]
