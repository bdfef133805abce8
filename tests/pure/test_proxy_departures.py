"""Who waits for an address to be behind no Service any more."""

import asyncio

from fairway.proxy.departures import Departures
from fairway.proxy.model import IPV4, READY, SERVING, TERMINATING, Slice, SliceEndpoint, address

POD = address("10.244.0.5")


def slice_with(state: int, node: str = "n1") -> Slice:
    return Slice("default/web", IPV4, (), (SliceEndpoint(POD, node, state),))


def test_an_address_is_open_while_a_slice_has_it_ready() -> None:
    departures = Departures("n1")
    departures.put_slice(None, slice_with(READY | SERVING))
    assert departures.is_open([POD])
    departures.put_slice(slice_with(READY | SERVING), slice_with(SERVING | TERMINATING))
    assert not departures.is_open([POD])


def test_two_slices_must_both_let_it_go() -> None:
    departures = Departures("n1")
    for _ in range(2):
        departures.put_slice(None, slice_with(READY))
    departures.put_slice(slice_with(READY), None)
    assert departures.is_open([POD])
    departures.put_slice(slice_with(READY), None)
    assert not departures.is_open([POD])


def test_addresses_of_other_nodes_and_leaving_ones_do_not_count() -> None:
    departures = Departures("n1")
    departures.put_slice(None, slice_with(READY, node="n2"))
    departures.put_slice(None, slice_with(READY | TERMINATING))
    assert not departures.is_open([POD])


async def test_a_wait_ends_when_the_dataplane_has_caught_up() -> None:
    departures = Departures("n1")
    departures.put_slice(None, slice_with(READY))
    waiting = asyncio.create_task(departures.wait(frozenset([POD])))
    await asyncio.sleep(0)
    departures.settle()
    await asyncio.sleep(0)
    assert not waiting.done()
    departures.put_slice(slice_with(READY), slice_with(0))
    await asyncio.sleep(0)
    assert not waiting.done()
    departures.settle()
    await asyncio.wait_for(waiting, 1)


async def test_a_wait_that_is_given_up_is_forgotten() -> None:
    departures = Departures("n1")
    departures.put_slice(None, slice_with(READY))
    waiting = asyncio.create_task(departures.wait(frozenset([POD])))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    departures.put_slice(slice_with(READY), None)
    departures.settle()
