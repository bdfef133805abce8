"""The smallest transactions: literal ones, and properties over histories of random Services."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packet_tracer import Fate, Packet, everything_is_used, fate
from proxy_objects import NODE, SETTINGS, at, service_port

from fairway.proxy import words
from fairway.proxy.dataplanes.memory import MemoryDataplane
from fairway.proxy.delta import FlowRule, Table, Transaction, difference
from fairway.proxy.fixed import fixed_elements
from fairway.proxy.model import TCP, UDP, ServicePort, address, frontend_key
from fairway.proxy.words import Elements, pack_word, pack_words

WEB = frontend_key(address("10.96.0.10"), TCP, 80)
LIST_1 = 1 << 9


def sizes(change: Transaction) -> tuple[dict[str, int], dict[str, int]]:
    return (
        {name: len(held) for name, held in change.deletes.items()},
        {name: len(held) for name, held in change.adds.items()},
    )  # fmt: skip


def test_a_new_service() -> None:
    change = Table().change({"default/web": [service_port("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80")]})
    assert change == Transaction(
        deletes={},
        adds={
            words.LISTS: {pack_word(LIST_1): pack_word(LIST_1 | 4)},
            words.SLOTS: {pack_words(LIST_1, slot): at(f"10.0.0.{slot + 1}:80") for slot in range(3)},
            words.FRONTENDS: {WEB: pack_word(LIST_1 | 1)},
            words.CLUSTER_IPS: {address("10.96.0.10"): b""},
        },
    )


def web(*endpoints: str, table: Table | None = None, **more: object) -> Transaction:
    return (Table() if table is None else table).change({"default/web": [service_port(*endpoints, **more)]})  # type: ignore[arg-type]


def test_nothing_changed_is_nothing_done() -> None:
    table = Table()
    web("10.0.0.1:80", table=table)
    assert web("10.0.0.1:80", table=table) == Transaction({}, {})


def test_one_more_endpoint_is_one_slot_until_a_power_of_two_is_full() -> None:
    table = Table()
    web("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", table=table)
    four = [f"10.0.0.{number}:80" for number in range(1, 5)]
    assert sizes(web(*four, table=table)) == ({}, {words.SLOTS: 1})
    assert sizes(web(*four, "10.0.0.5:80", table=table)) == ({words.LISTS: 1}, {words.LISTS: 1, words.SLOTS: 1})


def test_a_removed_endpoint_is_replaced_by_the_last() -> None:
    table = Table()
    web(*(f"10.0.0.{number}:80" for number in range(1, 5)), table=table)
    change = web("10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80", table=table)
    assert change == Transaction(
        deletes={words.SLOTS: {pack_words(LIST_1, 0): at("10.0.0.1:80"), pack_words(LIST_1, 3): at("10.0.0.4:80")}},
        adds={words.SLOTS: {pack_words(LIST_1, 0): at("10.0.0.4:80")}},
    )


def test_the_last_endpoint_that_goes_leaves_a_list_that_refuses() -> None:
    table = Table()
    web("10.0.0.1:80", table=table)
    change = web(table=table)
    assert change.adds == {words.LISTS: {pack_word(LIST_1): pack_word(LIST_1)}}
    assert sizes(change)[0] == {words.LISTS: 1, words.SLOTS: 1}


def test_a_removed_service_takes_everything_with_it() -> None:
    table = Table()
    added = web("10.0.0.1:80", table=table, node_port=30080, local=("10.0.0.1:80",), hairpin=("10.0.0.1",))
    assert table.change({"default/web": []}) == Transaction(deletes=added.adds, adds={})
    assert len(table) == 0


def test_a_frontend_more_is_one_element_whatever_the_endpoints() -> None:
    table = Table()
    endpoints = [f"10.0.0.{number}:80" for number in range(100)]
    web(*endpoints, table=table)
    assert sizes(web(*endpoints, table=table, node_port=30080)) == ({}, {words.NODE_PORTS: 1})


def test_affinity_adds_its_timeout_once() -> None:
    table = Table()
    assert sizes(web("10.0.0.1:80", table=table, affinity_s=60))[1] == {
        words.LISTS: 1, words.AFFINITY_LISTS: 1, words.AFFINITY_SLOTS: 1, words.ENDPOINTS: 1, words.LIVE: 1,
        words.FRONTENDS: 1, words.CLUSTER_IPS: 1, words.TIMEOUTS: 1,
    }  # fmt: skip
    other = table.change({"default/other": [service_port(ip="10.96.0.11", affinity_s=60)]})
    assert words.TIMEOUTS not in other.adds


def test_the_number_of_an_endpoint_that_left_rests() -> None:
    table = Table()
    web("10.0.0.1:80", table=table, affinity_s=60)
    web("10.0.0.2:80", table=table, affinity_s=60)
    change = web("10.0.0.3:80", table=table, affinity_s=60)
    assert list(change.adds[words.LIVE]) == [pack_word(words.AFFINITY | 1 << 14 | 3)]


def test_more_timeouts_than_numbers_share_the_nearest() -> None:
    table = Table()
    for seconds in range(1, words.TIMEOUT_LIMIT + 1):
        web("10.0.0.1:80", table=table, affinity_s=seconds)
    web("10.0.0.1:80", table=table, affinity_s=86400)
    assert fate(table.elements(), _packet("10.96.0.10", 80)).affinity_s == words.TIMEOUT_LIMIT


def test_a_local_list_without_endpoints_drops_while_there_are_others_and_else_refuses() -> None:
    for endpoints, verdict in ((("10.0.0.1:80",), "drop"), ((), "refuse")):
        table = Table()
        web(*endpoints, table=table, local=(), flags=1 | words.LOCAL_LIST)
        assert fate(table.elements(), _packet("10.96.0.10", 80)).verdict == verdict


def test_numbers_of_what_is_gone_are_free_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "AFFINITY_LIMIT", 3)
    monkeypatch.setattr(words, "LIST_LIMIT", 3)
    table = Table()
    for _ in range(5):
        web("10.0.0.1:80", table=table, affinity_s=60, local=("10.0.0.1:80",))
        table.change({"default/web": []})
        web("10.0.0.1:80", table=table, affinity_s=60, local=("10.0.0.1:80",))
        web("10.0.0.1:80", table=table)
    assert fate(table.elements(), _packet("10.96.0.10", 80)).endpoints == {at("10.0.0.1:80")}


def test_two_services_with_one_external_address_share_it_in_a_fixed_order() -> None:
    first = service_port("10.0.0.1:80", ip="10.96.0.1", external_ip="192.0.2.9")
    second = service_port("10.0.0.2:80", ip="10.96.0.2", external_ip="192.0.2.9")
    for order in (("a", "b"), ("b", "a")):
        table = Table()
        for name in order:
            table.change({f"default/{name}": [first if name == "a" else second]})
        assert _sent(table, "192.0.2.9") == {at("10.0.0.1:80")}
        table.change({"default/a": []})
        assert _sent(table, "192.0.2.9") == {at("10.0.0.2:80")}


def test_a_cluster_ip_that_moves_in_one_transaction_moves_at_once() -> None:
    table = Table()
    table.change({"default/a": [service_port("10.0.0.1:80")]})
    change = table.change({"default/a": [], "default/b": [service_port("10.0.0.2:80")]})
    assert WEB in change.deletes[words.FRONTENDS]
    assert WEB in change.adds[words.FRONTENDS]
    assert words.CLUSTER_IPS not in change.deletes


def test_a_pod_behind_two_services_loops_until_both_are_gone() -> None:
    table = Table()
    for name, ip in (("a", "10.96.0.1"), ("b", "10.96.0.2")):
        table.change({f"default/{name}": [service_port("10.0.0.1:80", ip=ip, hairpin=("10.0.0.1",))]})
    assert words.HAIRPIN not in table.change({"default/a": []}).deletes
    assert words.HAIRPIN in table.change({"default/b": []}).deletes


def test_flow_rules_are_for_changed_connectionless_frontends_only() -> None:
    table = Table()
    table.change({"default/web": [service_port("10.0.0.1:80")]})
    assert table.flow_rules() == []
    key = frontend_key(address("10.96.0.10"), UDP, 53)

    def dns(*endpoints: str) -> list[FlowRule]:
        table.change({"default/dns": [service_port(*endpoints, protocol=UDP, port=53)]})
        return table.flow_rules()

    assert dns("10.0.0.1:53") == [FlowRule(key, frozenset([at("10.0.0.1:53")]))]
    assert dns("10.0.0.1:53") == []
    assert dns() == [FlowRule(key, frozenset())]
    table.change({"default/dns": []})
    assert table.flow_rules() == [FlowRule(key, frozenset())]


# Properties

_ips = st.integers(1, 6).map(lambda number: f"10.0.0.{number}:80")
_lists = st.lists(_ips, unique=True, max_size=6).map(tuple)


@st.composite
def _ports(draw: st.DrawFn, number: int) -> Sequence[ServicePort]:
    if draw(st.integers(0, 4)) == 0:
        return []
    ports = []
    for port in draw(st.lists(st.sampled_from([80, 443, 53]), unique=True, min_size=1, max_size=3)):
        endpoints = draw(_lists)
        local = draw(st.none() | st.just(endpoints[:1]) | st.just(()))
        made = service_port(
            *endpoints, ip=f"10.96.0.{number}", port=port, local=local,
            flags=draw(st.sampled_from([1, 3, 1 | words.LOCAL_LIST])) if local is not None else 1,
            affinity_s=draw(st.sampled_from([0, 0, 10, 20])),
            node_port=draw(st.sampled_from([0, 30000 + number * 100 + port % 100])),
            external_ip=draw(st.sampled_from(["", "192.0.2.9"])),
            hairpin=draw(st.sampled_from([(), ("10.0.0.1",)])),
            protocol=UDP if port == 53 else TCP,
        )  # fmt: skip
        ports.append(made)
    return ports


_step = st.dictionaries(st.integers(1, 3), st.integers(0, 10**6), min_size=1, max_size=3).flatmap(
    lambda chosen: st.fixed_dictionaries({f"default/s{number}": _ports(number) for number in chosen})
)
_histories = st.lists(_step, min_size=1, max_size=6)


def _packet(ip: str, port: int, **more: bool) -> Packet:
    return Packet(address("10.244.0.5"), address(ip), UDP if port == 53 else TCP, port, **more)


def _sent(table: Table, ip: str) -> frozenset[bytes]:
    return fate(table.elements(), _packet(ip, 80)).endpoints


def _fates(elements: Elements) -> list[Fate]:
    """What becomes of every packet that could matter."""
    targets = [_packet(f"10.96.0.{number}", port) for number in (1, 2, 3) for port in (80, 443, 53, 99)]
    targets += [_packet("192.0.2.9", port) for port in (80, 443, 53)]
    targets += [
        _packet("192.0.2.1", 30000 + number * 100 + port % 100, to_node=True)._replace(
            protocol=UDP if port == 53 else TCP
        )
        for number in (1, 2, 3)
        for port in (80, 443, 53)
    ]
    sources = [("10.244.0.5", False), ("10.0.0.1", False), ("198.51.100.1", False), ("192.0.2.1", True)]
    return [
        fate(elements, target._replace(source=address(source), from_node=from_node))
        for target in targets
        for source, from_node in sources
    ]


def _history(
    steps: Sequence[dict[str, Sequence[ServicePort]]],
) -> tuple[Table, MemoryDataplane, dict[str, Sequence[ServicePort]]]:
    """Each step as a transaction on a dataplane that refuses what the kernel refuses."""
    table, dataplane = Table(), MemoryDataplane()
    asyncio.run(dataplane.commit({4: table.fix(fixed_elements(4, NODE, SETTINGS))}))
    final: dict[str, Sequence[ServicePort]] = {}
    for step in steps:
        asyncio.run(dataplane.commit({4: table.change(step)}))
        final |= step
    return table, dataplane, final


@given(_histories)
@settings(max_examples=150, deadline=None)
def test_a_history_of_changes_ends_where_a_fresh_load_does(steps: list[dict[str, Sequence[ServicePort]]]) -> None:
    table, dataplane, final = _history(steps)
    fresh = Table()
    fresh.fix(fixed_elements(4, NODE, SETTINGS))
    fresh.change(final)
    held = asyncio.run(dataplane.dump())[4]
    assert _fates(held) == _fates(fresh.elements())
    assert {name: each for name, each in table.elements().items() if each} == held
    assert everything_is_used(held)


@given(_histories)
@settings(max_examples=100, deadline=None)
def test_a_restarted_proxy_finds_nothing_to_do(steps: list[dict[str, Sequence[ServicePort]]]) -> None:
    _, dataplane, final = _history(steps)
    held = asyncio.run(dataplane.dump())[4]
    restarted = Table(held)
    restarted.fix(fixed_elements(4, NODE, SETTINGS))
    assert restarted.start(final, held) == Transaction({}, {})


@given(_histories, _histories)
@settings(max_examples=100, deadline=None)
def test_a_restarted_proxy_repairs_what_became_wrong(
    before: list[dict[str, Sequence[ServicePort]]], after: list[dict[str, Sequence[ServicePort]]]
) -> None:
    _, dataplane, _ = _history(before)
    _, _, final = _history(after)
    held = asyncio.run(dataplane.dump())[4]
    restarted = Table(held)
    restarted.fix(fixed_elements(4, NODE, SETTINGS))
    asyncio.run(dataplane.commit({4: restarted.start(final, held)}))
    fresh = Table()
    fresh.fix(fixed_elements(4, NODE, SETTINGS))
    fresh.change(final)
    assert _fates(asyncio.run(dataplane.dump())[4]) == _fates(fresh.elements())
    assert everything_is_used(asyncio.run(dataplane.dump())[4])


@given(_histories, st.data())
@settings(max_examples=100, deadline=None)
def test_any_damage_is_repaired(steps: list[dict[str, Sequence[ServicePort]]], data: st.DataObject) -> None:
    table, dataplane, _ = _history(steps)
    held = asyncio.run(dataplane.dump())[4]
    for name in list(held):
        keys = data.draw(st.lists(st.sampled_from(sorted(held[name])), unique=True))
        for key in keys:
            if data.draw(st.booleans()):
                held[name][key] = bytes(len(held[name][key]))
            else:
                del held[name][key]
    dataplane.held[4] = held
    asyncio.run(dataplane.commit({4: table.repair(asyncio.run(dataplane.dump())[4])}))
    assert asyncio.run(dataplane.dump())[4] == {name: each for name, each in table.elements().items() if each}


@given(_histories)
@settings(max_examples=60, deadline=None)
def test_a_change_is_exactly_the_difference_of_all_elements(steps: list[dict[str, Sequence[ServicePort]]]) -> None:
    table = Table()
    for step in steps:
        before = table.elements()
        assert table.change(step) == difference(before, table.elements())


MANY = tuple(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}:80" for number in range(words.MAX_ENDPOINTS + 100))


@pytest.mark.parametrize("affinity_s", [0, 60], ids=["plain", "affinity"])
def test_a_list_takes_as_many_endpoints_as_the_frame_spreads_over(affinity_s: int) -> None:
    assert words.MAX_ENDPOINTS >= 10_000 and words.class_of(words.MAX_ENDPOINTS) == words.SPREAD + words.MAX_POWER
    table = Table()
    web(*MANY[: words.MAX_ENDPOINTS], table=table, affinity_s=affinity_s)
    one = web(*MANY[1 : words.MAX_ENDPOINTS + 1], table=table, affinity_s=affinity_s)
    assert one.size <= 8, "one endpoint came for one that left"
    replaced = web(*MANY[100:], table=table, affinity_s=affinity_s)
    assert replaced.size <= 8 * 100
    other = tuple(f"11.{number >> 16}.{number >> 8 & 255}.{number & 255}:80" for number in range(words.MAX_ENDPOINTS))
    web(*other, table=table, affinity_s=affinity_s)
    slots = table.elements()[words.AFFINITY_SLOTS if affinity_s else words.SLOTS]
    assert len(slots) == words.MAX_ENDPOINTS
