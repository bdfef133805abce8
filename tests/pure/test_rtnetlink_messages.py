"""Netlink messages as bytes."""

import socket
import struct

from hypothesis import given
from hypothesis import strategies as st

from fairway.node.rtnetlink import messages


@given(st.lists(st.tuples(st.integers(0, 0x3FFF), st.binary(max_size=20)), max_size=6))
def test_attributes_are_read_as_written(pairs: list[tuple[int, bytes]]) -> None:
    raw = b"".join(messages.attribute(kind, value) for kind, value in pairs)
    assert len(raw) % 4 == 0
    assert list(messages.attributes(raw)) == pairs


@given(st.binary(max_size=60))
def test_any_bytes_can_be_read(raw: bytes) -> None:
    list(messages.attributes(raw))
    list(messages.answers(raw))


def test_a_message_carries_its_length_kind_and_number() -> None:
    raw = messages.message(messages.RTM_GETLINK, messages.NLM_F_ACK, b"\x01\x02\x03\x04", 9)
    assert struct.unpack_from("=IHHII", raw) == (20, 18, 5, 9, 0)


def test_a_refusal_is_a_positive_number() -> None:
    raw = struct.pack("=IHHIIi", 20, messages.NLMSG_ERROR, 0, 3, 0, -17)
    (answer,) = messages.answers(raw)
    assert (answer.sequence, answer.error) == (3, 17)


def test_a_pod_s_address_is_its_whole_prefix() -> None:
    request = messages.add_address(2, "10.244.0.5/32")
    assert struct.unpack_from("=BBBBI", request.payload) == (socket.AF_INET, 32, 0, 0, 2)
    assert dict(messages.attributes(request.payload[8:])) == {1: b"\x0a\xf4\x00\x05", 2: b"\x0a\xf4\x00\x05"}


def test_a_route_is_read_as_it_was_asked_for() -> None:
    request = messages.add_route("10.96.0.0/16", 7, gateway="10.244.0.1")
    assert messages.parse_route(request.payload) == messages.Route("10.96.0.0/16", 7, "10.244.0.1")


def test_the_default_route_has_no_destination() -> None:
    request = messages.add_route("0.0.0.0/0", 7, gateway="10.244.0.1")
    assert messages.parse_route(request.payload) == messages.Route("", 7, "10.244.0.1")


def test_routes_of_other_tables_are_not_ours() -> None:
    payload = struct.pack("=BBBBBBBBI", socket.AF_INET, 32, 0, 0, 255, 2, 0, 2, 0)
    assert messages.parse_route(payload) is None


def test_a_link_is_read_with_name_alias_and_kind() -> None:
    payload = struct.pack("=BxHiII", 0, 1, 42, 0, 0)
    payload += messages.attribute(messages.IFLA_IFNAME, b"fw0\0") + messages.attribute(messages.IFLA_MTU, b"\xdc\5\0\0")
    payload += messages.attribute(messages.IFLA_IFALIAS, b"fairway a pod b\0")
    payload += messages.attribute(messages.IFLA_LINKINFO, messages.attribute(messages.IFLA_INFO_KIND, b"veth\0"))
    assert messages.parse_link(payload) == messages.Link(42, "fw0", "fairway a pod b", 1500, "veth")


def test_an_address_is_read_as_it_was_given() -> None:
    for text in ("10.244.0.5", "fd00::5"):
        request = messages.add_address(7, f"{text}/{128 if ':' in text else 32}")
        assert messages.parse_address(request.payload) == messages.Address(text, 7)
