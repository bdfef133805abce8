"""What every dataplane must do, asked of each driver."""

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
from service_network import Namespace, needs_root_and_namespaces

from fairway.proxy import words
from fairway.proxy.dataplanes.interface import Dataplane, DataplaneError, Found
from fairway.proxy.dataplanes.memory import MemoryDataplane
from fairway.proxy.dataplanes.nftables import NftablesDataplane
from fairway.proxy.delta import FlowRule, Transaction
from fairway.proxy.model import UDP, address, frontend_key

LIST = words.pack_word(512)
KEY = frontend_key(address("10.96.0.1"), UDP, 53)
FULL = {
    words.FRONTENDS: {KEY: LIST},
    words.NODE_PORTS: {frontend_key(b"", UDP, 30053): LIST},
    words.LISTS: {LIST: LIST},
    words.SLOTS: {LIST + b"\0\0\0\0": bytes(8)},
    words.TIMEOUTS: {words.pack_word(0): words.pack_word(77)},
    words.AFFINITY_LISTS: {LIST: LIST},
    words.AFFINITY_SLOTS: {LIST * 2: LIST},
    words.ENDPOINTS: {LIST: bytes(8)},
    words.LIVE: {LIST: b""},
    words.CLUSTER_IPS: {address("10.96.0.1"): b""},
    words.HAIRPIN: {bytes(8): b""},
    words.SOURCE_RANGES: {KEY + bytes(4) + KEY + b"\x0a\0\0\xff": b""},
    words.SERVICE_CIDRS: {address("10.96.0.0") + address("10.96.255.255"): b""},
    words.NODE_PORT_ADDRESSES: {address("128.0.0.0") + address("255.255.255.255"): b""},
}


@pytest.fixture(params=["memory", pytest.param("nftables", marks=needs_root_and_namespaces)])
def driver(request: pytest.FixtureRequest) -> Iterator[tuple[str, Namespace | None]]:
    if request.param == "memory":
        yield "memory", None
        return
    where = Namespace(f"fwt-{secrets.token_hex(3)}")
    yield "nftables", where
    where.remove()


@pytest.fixture
async def dataplane(driver: tuple[str, Namespace | None]) -> AsyncIterator[Dataplane]:
    name, where = driver
    made: Dataplane
    if where is None:
        made = MemoryDataplane()
        await made.open()
    else:
        made = NftablesDataplane("t")
        with where.entered():
            await made.open()
    assert name
    yield made
    made.close()


async def test_what_is_added_is_there_and_what_is_deleted_is_not(dataplane: Dataplane) -> None:
    await dataplane.commit({4: Transaction({}, FULL)})
    assert (await dataplane.dump())[4] == FULL
    await dataplane.commit({4: Transaction(FULL, {})})
    assert (await dataplane.dump())[4] == {}


async def test_a_value_is_changed_by_delete_and_add(dataplane: Dataplane) -> None:
    await dataplane.commit({4: Transaction({}, FULL)})
    other = {words.LISTS: {LIST: words.pack_word(513)}}
    await dataplane.commit({4: Transaction({words.LISTS: FULL[words.LISTS]}, other)})
    assert (await dataplane.dump())[4] == FULL | other


@pytest.mark.parametrize(
    "change",
    [
        Transaction({words.LISTS: {bytes(4): b""}}, {words.CLUSTER_IPS: {bytes(4): b""}}),
        Transaction({}, {words.CLUSTER_IPS: {bytes(4): b""}, words.LISTS: {LIST: bytes(4)}}),
    ],
    ids=["a delete of what is not there", "another value without a delete"],
)
async def test_a_refused_commit_changes_nothing(dataplane: Dataplane, change: Transaction) -> None:
    await dataplane.commit({4: Transaction({}, FULL)})
    with pytest.raises(DataplaneError):
        await dataplane.commit({4: change})
    assert (await dataplane.dump())[4] == FULL


async def test_an_equal_element_may_be_added_again(dataplane: Dataplane) -> None:
    await dataplane.commit({4: Transaction({}, FULL)})
    await dataplane.commit({4: Transaction({}, {words.LISTS: FULL[words.LISTS]})})
    assert (await dataplane.dump())[4] == FULL


async def test_families_are_apart_and_committed_together(dataplane: Dataplane) -> None:
    both = {words.LISTS: {LIST: LIST}}
    await dataplane.commit({4: Transaction({}, both), 6: Transaction({}, both)})
    with pytest.raises(DataplaneError):
        await dataplane.commit({4: Transaction(both, {}), 6: Transaction({words.LISTS: {bytes(4): b""}}, {})})
    assert await dataplane.dump() == {4: both, 6: both}


async def test_forgetting_flows_where_there_are_none(dataplane: Dataplane) -> None:
    await dataplane.commit({4: Transaction({}, FULL)})
    assert await dataplane.forget_flows({4: [FlowRule(KEY, frozenset())], 6: []}) == 0
    assert await dataplane.forget_flows({}) == 0


async def test_what_was_removed_is_gone(dataplane: Dataplane, driver: tuple[str, Namespace | None]) -> None:
    await dataplane.commit({4: Transaction({}, FULL)})
    where = driver[1]
    if where is None:
        await dataplane.remove()
        assert await dataplane.open() == Found({4: {}, 6: {}}, is_fresh=True)
        return
    await dataplane.remove()
    with where.entered():
        assert await dataplane.open() == Found({4: {}, 6: {}}, is_fresh=True)
