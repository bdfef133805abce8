"""The frames of the command line's WebSocket against a library on the other side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from fairway.client.blocking import frames

_CONTENTS = st.one_of(st.binary(max_size=300), st.sampled_from([bytes(125), bytes(126), bytes(65535), bytes(65536)]))


@given(st.lists(_CONTENTS, max_size=5), st.binary(min_size=4, max_size=4))
def test_what_we_send_is_understood(contents: list[bytes], mask: bytes) -> None:
    server = Connection(ConnectionType.SERVER)
    server.receive_data(b"".join(frames.framed(frames.BINARY, content, mask) for content in contents))
    got: list[bytes] = []
    part = b""
    for event in server.events():
        assert isinstance(event, BytesMessage)
        part += bytes(event.data)
        if event.message_finished:
            got.append(part)
            part = b""
    assert got == contents


@given(st.lists(_CONTENTS, max_size=5), st.integers(1, 7))
def test_what_a_server_sends_is_understood_however_it_is_split(contents: list[bytes], piece: int) -> None:
    server = Connection(ConnectionType.SERVER)
    sent = b"".join(server.send(BytesMessage(data=content)) for content in contents)
    reader = frames.Reader()
    size = piece if len(sent) < 3000 else 1000 * piece
    got = [frame for at in range(0, len(sent), size) for frame in reader.receive(sent[at : at + size])]
    assert got == [(frames.BINARY, True, content) for content in contents]


def test_control_frames_and_texts() -> None:
    server = Connection(ConnectionType.SERVER)
    sent = server.send(Ping(payload=b"here?")) + server.send(TextMessage(data="ä"))
    sent += server.send(CloseConnection(code=1000))
    assert list(frames.Reader().receive(sent)) == [
        (frames.PING, True, b"here?"), (frames.TEXT, True, "ä".encode()), (frames.CLOSE, True, b"\x03\xe8"),
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [b"\xc2\x00", b"\x82\x80abcd"])
def test_what_is_no_servers_frame_is_refused(wrong: bytes) -> None:
    with pytest.raises(frames.FrameError):
        list(frames.Reader().receive(wrong))
