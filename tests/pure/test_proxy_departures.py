"""Who waits until nothing new is sent to an address any more."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fairway.proxy.departures import Departures, Leaving
from fairway.proxy.model import IPV4, READY, SERVING, TERMINATING, Slice, SliceEndpoint, SlicePort, address

POD, OTHER = address("10.244.0.5"), address("10.244.1.6")
LEAVING = Leaving(frozenset([POD]))


def slice_with(state: int, at: bytes = POD, node: str = "n1", port: int = 8080) -> Slice:
    return Slice("default/web", IPV4, (SlicePort("", 6, port),), (SliceEndpoint(at, node, state),))


class World:
    """Slices by name, and the waits for them."""

    def __init__(self, **slices: Slice) -> None:
        self.slices, self.departures = dict(slices), Departures()

    def put(self, name: str, new: Slice | None) -> None:
        self.slices.pop(name, None)
        if new is not None:
            self.slices[name] = new
        self.departures.put_slice(name, new)

    async def begin(self, leaving: Leaving = LEAVING, *, is_settled: bool = True) -> asyncio.Task[None]:
        wait = self.departures.wait(leaving, list(self.slices.items()), is_settled=is_settled)
        task = asyncio.create_task(wait)
        await asyncio.sleep(0)
        return task


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 30))


def test_what_a_slice_has_ready_is_held_on_whichever_node_it_is() -> None:
    assert LEAVING.is_held_by(slice_with(READY | SERVING))
    assert LEAVING.is_held_by(slice_with(READY, node="n2"))
    assert not LEAVING.is_held_by(slice_with(SERVING | TERMINATING))
    assert not LEAVING.is_held_by(slice_with(READY | TERMINATING))
    assert not LEAVING.is_held_by(slice_with(READY, at=OTHER))
    assert not LEAVING.is_held_by(None)


def test_at_an_address_that_others_share_only_the_own_ports_count() -> None:
    assert Leaving(frozenset([POD]), frozenset([8080])).is_held_by(slice_with(READY))
    assert not Leaving(frozenset([POD]), frozenset([9090])).is_held_by(slice_with(READY))


def test_nobody_waits_for_what_nothing_holds() -> None:
    async def scenario() -> None:
        world = World(a=slice_with(READY, at=OTHER))
        await (await world.begin())

    run(scenario())


def test_what_the_dataplane_has_not_yet_is_waited_for() -> None:
    async def scenario() -> None:
        world = World()
        waiting = await world.begin(is_settled=False)
        assert not waiting.done()
        world.departures.settle()
        await waiting

    run(scenario())


def test_the_last_of_several_slices_ends_the_wait_once_it_is_programmed() -> None:
    async def scenario() -> None:
        world = World(a=slice_with(READY), b=slice_with(READY))
        waiting = await world.begin()
        world.put("a", None)
        world.departures.settle()
        await asyncio.sleep(0)
        assert not waiting.done()
        world.put("b", slice_with(SERVING | TERMINATING))
        await asyncio.sleep(0)
        assert not waiting.done(), "the dataplane does not have it yet"
        world.departures.settle()
        await waiting

    run(scenario())


def test_a_wait_that_is_given_up_is_forgotten() -> None:
    async def scenario() -> None:
        world = World(a=slice_with(READY))
        waiting = await world.begin()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        world.put("a", None)
        world.departures.settle()

    run(scenario())


STATES = st.sampled_from([0, READY, READY | SERVING, SERVING | TERMINATING, READY | TERMINATING])
CHANGES = st.lists(
    st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.tuples(STATES, st.sampled_from([POD, OTHER])))),
    max_size=20,
)  # fmt: skip


@given(CHANGES, CHANGES)
def test_a_wait_is_over_exactly_when_no_slice_holds_the_address(
    before: list[tuple[str, Any]], after: list[tuple[str, Any]]
) -> None:
    async def scenario() -> None:
        world = World()
        for name, change in before:
            world.put(name, change and slice_with(*change))
        waiting = await world.begin()
        is_over = not any(map(LEAVING.is_held_by, world.slices.values()))
        for name, change in after:
            assert waiting.done() == is_over
            world.put(name, change and slice_with(*change))
            world.departures.settle()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            is_over |= not any(map(LEAVING.is_held_by, world.slices.values()))
        assert waiting.done() == is_over
        waiting.cancel()

    run(scenario())
