"""The bytes for the kernel: attributes, elements there and back, the frame's shape."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.proxy import words
from fairway.proxy.dataplanes.nftables import frame, load
from fairway.proxy.dataplanes.nftables.dataplane import table_name
from fairway.proxy.dataplanes.nftables.netlink import attribute, attributes, first, message, nested, text
from fairway.proxy.dataplanes.nftables.schema import SetCodec, affinity_chain, affinity_timeout, element_lists, sets
from fairway.proxy.delta import Transaction
from fairway.proxy.model import ADDRESS_BYTES, FAMILIES


def test_an_attribute_is_padded_to_words() -> None:
    assert attribute(3, b"abcde") == b"\x09\x00\x03\x00abcde\0\0\0"
    assert text(1, "ab") == b"\x07\x00\x01\x00ab\0\0"
    assert nested(2, attribute(1, b"")) == b"\x08\x00\x02\x80\x04\x00\x01\x00"


def test_attributes_are_read_back() -> None:
    packed = attribute(1, b"abc") + nested(2, attribute(5, b"x"))
    assert [(kind, packed[start:end]) for kind, start, end in attributes(packed, 0, len(packed))] == [
        (1, b"abc"), (2, b"\x05\x00\x05\x00x\0\0\0"),
    ]  # fmt: skip
    assert first(packed, 0, len(packed), 3) is None


@given(st.binary(max_size=40))
def test_no_answer_makes_the_reader_fail_or_hang(junk: bytes) -> None:
    assert len(list(attributes(junk, 0, len(junk)))) <= 10


def _samples(name: str, key_bytes: int) -> dict[bytes, bytes]:
    if name == words.TIMEOUTS:
        return {words.pack_word(0): words.pack_word(10800), words.pack_word(32): words.pack_word(7)}
    data_bytes = {schema.name: _bytes(schema.data) for schema in sets(4)}[name]
    return {bytes([number] * key_bytes): bytes([number + 100] * data_bytes) for number in range(3)}


def _bytes(parts: tuple[int, ...]) -> int:
    return sum({7: 4, 8: 16}.get(part, 4) for part in parts)


@pytest.mark.parametrize(
    "name", [schema.name for schema in sets(4) if not schema.is_dynamic and not schema.is_interval]
)
def test_elements_are_read_back_as_they_were_written(name: str) -> None:
    codec = load.codecs(4)[name]
    held = _samples(name, _bytes(codec.schema.key))
    dumped = [message(1, 0, 2, nested(3, *codec.added(held)))]
    assert codec.parsed(dumped) == held


@pytest.mark.parametrize("family", FAMILIES)
def test_ranges_are_read_back_as_they_were_written(family: int) -> None:
    size = ADDRESS_BYTES[family]
    held = {
        bytes(size) + bytes([9] * size): b"",
        bytes([200] * size) + b"\xff" * size: b"",
        bytes([20] * size) * 2: b"",
    }
    codec = load.codecs(family)[words.SERVICE_CIDRS]
    assert codec.parsed([message(1, 0, 2, nested(3, *codec.added(held)))]) == held


def test_ranges_of_concatenations_are_read_back_as_they_were_written() -> None:
    codec = load.codecs(4)[words.SOURCE_RANGES]
    held = {bytes([1] * 16) + bytes([2] * 16): b""}
    assert codec.parsed([message(1, 0, 2, nested(3, *codec.added(held)))]) == held


def test_long_lists_are_cut() -> None:
    codec = SetCodec(sets(4)[0])
    elements = codec.added({number.to_bytes(12, "big"): b"\0\0\0\1" for number in range(5000)})
    parts = list(element_lists(elements))
    assert [len(each) <= 65535 for each in parts] == [True] * 3
    assert sum(len(each) - 4 for each in parts) == sum(map(len, elements))


def test_chains_are_named_by_their_timeout() -> None:
    assert affinity_chain(125) == "affinity-125s"
    assert affinity_timeout("affinity-125s") == 125
    assert affinity_timeout("affinity-find") == 0


def test_deletes_come_before_adds_and_what_is_pointed_to_before_what_points() -> None:
    key = words.pack_word(512)
    change = Transaction({words.LISTS: {key: key}}, {words.FRONTENDS: {bytes(12): key}, words.LISTS: {key: key}})
    kinds = [(each[4], b"lists" in each) for each in load.changed_elements(4, "t", change)]
    assert kinds == [(load.DELETE_ELEMENT, True), (load.NEW_ELEMENT, True), (load.NEW_ELEMENT, False)]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_chain_that_is_named_exists(family: int) -> None:
    known = frame.chains(family)
    names = {chain.name.encode() for chain in known}
    rules = [rule for chain in known for rule in chain.rules] + list(frame.affinity_rules(family, 1))
    targets = {chain.encode() for rule in rules if rule.choices for _, _, chain in rule.choices.verdicts if chain}
    assert targets <= names
    assert len(names) == len(known)


def test_an_even_list_is_tried_until_an_endpoint_is_certain() -> None:
    assert frame.moduli(0) == (1, 1, 1, 1)
    assert frame.moduli(1) == (2, 2, 1, 1)
    assert frame.moduli(3) == (*(8,) * 10, 4, 1, 1)


def test_the_digest_differs_between_families_and_is_stable() -> None:
    assert load.rules_comment(4) != load.rules_comment(6)
    assert load.comment_text(load.comment(load.table_comment(4))) == load.table_comment(4)
    assert load.comment_text(b"") == ""


def test_a_long_cluster_name_is_cut_and_marked() -> None:
    assert table_name("demo") == "fairway-demo"
    assert len(table_name("x" * 63)) == 63
    assert table_name("x" * 63) != table_name("x" * 62 + "y")
