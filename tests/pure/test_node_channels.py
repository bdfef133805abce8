"""Channels, statuses and options of remote commands and port-forward."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.node.streams import channels
from fairway.node.streams.port_forward import wanted_ports
from fairway.node.streams.remote import parse_size
from fairway.node.streams.remote_command import Wanted, spdy_head, wanted
from fairway.node.streams.statuses import encoded, exit_status, failure_status
from fairway.node.streams.websocket import accept_head, offered_protocols


@given(st.sampled_from(channels.COMMAND_PROTOCOLS), st.integers(0, 4), st.binary(max_size=100))
def test_a_message_comes_back_as_it_was(protocol: str, channel: int, content: bytes) -> None:
    found = channels.decode(protocol, channels.encode(protocol, channel, content))
    assert found == channels.Message(channel, content)


def test_version_5_closes_a_channel() -> None:
    assert channels.decode(channels.V5, b"\xff\x00") == channels.Message(0, b"", is_close=True)
    assert channels.decode(channels.V4, b"\xff\x00") == channels.Message(255, b"\x00")


@pytest.mark.parametrize(
    ("protocol", "message"),
    [(channels.V5, b""), (channels.V5, b"\xff"), (channels.BASE64_V1, "x"), (channels.BASE64_V1, "1!!")],
)
def test_a_message_out_of_shape_is_refused(protocol: str, message: bytes | str) -> None:
    with pytest.raises(channels.ChannelProblem):
        channels.decode(protocol, message)


def test_the_client_s_first_known_protocol_is_chosen() -> None:
    assert channels.choose(["v9.channel.k8s.io", channels.V4, channels.V5], channels.COMMAND_PROTOCOLS) == channels.V4
    assert channels.choose(["v9.channel.k8s.io"], channels.COMMAND_PROTOCOLS) is None


def test_exit_codes_are_told_as_kubectl_reads_them() -> None:
    assert exit_status(0) == {"metadata": {}, "status": "Success"}
    assert exit_status(3) == {
        "metadata": {},
        "status": "Failure",
        "message": "command terminated with non-zero exit code: exit status 3",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": "3"}]},
    }


def test_protocols_before_version_4_get_text() -> None:
    assert encoded(exit_status(0), is_plain=True) == b""
    assert encoded(failure_status("no"), is_plain=True) == b"Internal error occurred: no"
    assert encoded(exit_status(0), is_plain=False) == b'{"metadata":{},"status":"Success"}'


def test_the_options_of_a_command_are_read() -> None:
    query = [("command", "sh"), ("command", "-c"), ("stdin", "true"), ("stdout", "1"), ("tty", "false")]
    assert wanted(query) == Wanted(("sh", "-c"), stdin=True, stdout=True)


def test_a_terminal_has_no_stderr_of_its_own() -> None:
    assert Wanted(stdout=True, stderr=True, tty=True).streams == {"stdout", "error"}


@pytest.mark.parametrize(
    ("text", "size"),
    [(b'{"Width":80,"Height":24}', (80, 24)), (b'{"Width":0,"Height":24}', None), (b"x", None), (b"[]", None)],
)
def test_terminal_sizes_are_read(text: bytes, size: tuple[int, int] | None) -> None:
    assert parse_size(text) == size


def test_ports_are_read_in_order() -> None:
    assert wanted_ports([("ports", "80"), ("x", "1"), ("ports", "443,8080")]) == [80, 443, 8080]
    with pytest.raises(ValueError, match="is not a port"):
        wanted_ports([("ports", "99999")])


def test_a_websocket_is_accepted_by_the_rules_of_the_rfc() -> None:
    headers = {"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-protocol": "a, b"}
    assert offered_protocols(headers) == ["a", "b"]
    head = accept_head(headers, "b").decode()
    assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head
    assert "Sec-WebSocket-Protocol: b\r\n" in head


def test_spdy_is_accepted_with_the_version_that_was_chosen() -> None:
    assert spdy_head({"X-Stream-Protocol-Version": "v4.channel.k8s.io"}) == (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
        b"X-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n"
    )
