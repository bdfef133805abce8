"""SPDY/3.1: what was sent arrives, however the bytes were split on the way."""

import itertools
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.node.streams.spdy import frames
from fairway.node.streams.spdy.headers import DICTIONARY, Compressor, Decompressor, HeaderProblem, decode, encode
from fairway.node.streams.spdy.session import (
    WINDOW_BYTES,
    Accepted,
    Event,
    GoneAway,
    Opened,
    Pinged,
    Received,
    Reset,
    Session,
    SessionProblem,
)

HEADERS = st.dictionaries(st.text("abcdef-", min_size=1, max_size=8), st.text(max_size=20), max_size=5)
CONTENT = st.binary(max_size=200)


def split(content: bytes, cuts: list[int]) -> list[bytes]:
    """``content`` cut at some places."""
    places = sorted({cut % (len(content) + 1) for cut in cuts} | {0, len(content)})
    return [content[start:end] for start, end in itertools.pairwise(places)]


def carried(sender: Session, receiver: Session, cuts: list[int] | None = None) -> list[Event]:
    """Bring everything from one side to the other."""
    return [event for piece in split(sender.data_to_send(), cuts or []) for event in receiver.receive(piece)]


def joined() -> tuple[Session, Session, int]:
    """A client and a server with one open stream."""
    client, server = Session(is_client=True), Session()
    number = client.open({"streamtype": "data"})
    carried(client, server)
    server.accept(number)
    carried(server, client)
    return client, server, number


def test_the_dictionary_is_that_of_the_specification() -> None:
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


@given(st.lists(HEADERS, max_size=6))
def test_headers_survive_compression_in_order(blocks: list[dict[str, str]]) -> None:
    sender, receiver = Compressor(), Decompressor()
    assert [receiver.decompress(sender.compress(block)) for block in blocks] == blocks


@given(HEADERS, st.integers(0, 200))
def test_a_cut_off_header_block_is_refused(headers: dict[str, str], length: int) -> None:
    block = encode(headers)
    if length < len(block):
        with pytest.raises(HeaderProblem):
            decode(block[:length])


def test_a_header_block_that_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(HeaderProblem, match="larger than"):
        Decompressor().decompress(Compressor().compress({"a": "x" * 100_000}))


@given(st.lists(st.tuples(CONTENT, st.booleans()), max_size=8), st.lists(st.integers(0, 10_000), max_size=20))
def test_frames_survive_any_splitting(parts: list[tuple[bytes, bool]], cuts: list[int]) -> None:
    sent = [frames.Data(1, content, is_last) for content, is_last in parts]
    sent_bytes = b"".join(map(frames.encode_data, sent)) + frames.ping(7)
    reader = frames.Reader()
    found = [frame for piece in split(sent_bytes, cuts) for frame in reader.receive(piece)]
    assert found == [*sent, frames.Control(frames.PING, 0, b"\0\0\0\x07")]


def test_a_frame_that_is_too_large_is_refused_before_it_has_come() -> None:
    with pytest.raises(frames.FrameProblem, match="larger than"):
        list(frames.Reader(limit_bytes=10).receive(b"\0\0\0\x01\0\0\0\x0b"))


def test_another_version_is_not_spoken() -> None:
    with pytest.raises(SessionProblem, match="SPDY version 2"):
        Session().receive(b"\x80\x02\0\x06\0\0\0\x04\0\0\0\x01")


@given(HEADERS, st.lists(CONTENT, max_size=6), st.lists(st.integers(0, 10_000), max_size=20))
def test_a_stream_carries_headers_and_bytes(headers: dict[str, str], contents: list[bytes], cuts: list[int]) -> None:
    client, server = Session(is_client=True), Session()
    number = client.open(headers)
    for content in contents:
        assert client.send(number, content) == len(content)
    client.finish(number)
    events = carried(client, server, cuts)
    assert events[0] == Opened(number, headers, False)
    assert b"".join(event.content for event in events if isinstance(event, Received)) == b"".join(contents)
    assert events[-1] == Received(number, b"", True)


def test_a_half_closed_stream_still_carries_the_other_way() -> None:
    client, server, number = joined()
    client.finish(number)
    assert carried(client, server) == [Received(number, b"", True)]
    server.send(number, b"answer")
    server.finish(number)
    assert carried(server, client) == [Received(number, b"answer", False), Received(number, b"", True)]
    with pytest.raises(SessionProblem, match="is closed"):
        server.send(number, b"more")


def test_an_accepted_stream_is_told_to_the_one_who_opened_it() -> None:
    client, server = Session(is_client=True), Session()
    number = client.open({})
    carried(client, server)
    server.accept(number, {"a": "b"})
    assert carried(server, client) == [Accepted(number, {"a": "b"}, False)]


def test_pings_are_answered() -> None:
    client, server = Session(is_client=True), Session()
    client.ping(1)
    assert carried(client, server) == []
    assert carried(server, client) == [Pinged(1)]


def test_a_reset_ends_a_stream_both_ways() -> None:
    client, server, number = joined()
    client.reset(number)
    assert carried(client, server) == [Reset(number, frames.CANCEL)]
    with pytest.raises(SessionProblem):
        server.send(number, b"x")


def test_going_away_is_told() -> None:
    client, server, _ = joined()
    server.go_away()
    assert carried(server, client) == [GoneAway()]


@pytest.mark.parametrize("number", [0, 2])
def test_a_stream_with_a_number_that_is_not_the_client_s_is_refused(number: int) -> None:
    with pytest.raises(SessionProblem, match="cannot be opened"):
        Session().receive(frames.syn_stream(number, Compressor().compress({})))


def test_a_number_is_used_once() -> None:
    server, compressor = Session(), Compressor()
    server.receive(frames.syn_stream(3, compressor.compress({})))
    with pytest.raises(SessionProblem, match="stream 3 cannot be opened"):
        server.receive(frames.syn_stream(3, compressor.compress({})))


def test_what_was_consumed_is_given_back_to_the_sender() -> None:
    client, server, number = joined()
    client.send(number, bytes(WINDOW_BYTES))
    carried(client, server)
    server.consumed(number, WINDOW_BYTES)
    updates = list(frames.Reader().receive(server.data_to_send()))
    assert [frames.numbers(frame.payload, 2) for frame in updates if isinstance(frame, frames.Control)] == [
        (number, WINDOW_BYTES),
        (0, WINDOW_BYTES),
    ]


def test_a_peer_that_keeps_no_windows_is_sent_everything() -> None:
    _, server, number = joined()
    assert server.send(number, bytes(3 * WINDOW_BYTES)) == 3 * WINDOW_BYTES


def test_the_windows_of_a_peer_that_keeps_them_are_respected() -> None:
    _, server, number = joined()
    server.receive(frames.settings({frames.INITIAL_WINDOW_SIZE: 1000}))
    assert server.send(number, bytes(5000)) == 1000
    assert server.send(number, bytes(5000)) == 0
    server.receive(frames.window_update(number, 300))
    assert server.send(number, bytes(5000)) == 300


@given(st.binary(max_size=300))
def test_garbage_ends_a_connection_and_nothing_else(garbage: bytes) -> None:
    session = Session()
    try:
        session.receive(garbage)
    except SessionProblem:
        return
