"""Departures: who waits until no Service sends anything new to an address any more.

Shape: a wait begins with a look at all slices and keeps the names of those that hold it; changed slices are looked at
again as they come; ``settle`` is called when the dataplane has caught up, and ends the waits that nothing holds.  While
nobody waits, nothing is kept and nothing costs.
Source: Kubernetes docs, "Termination of Pods": removal from Services and the stop signal race upstream.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from fairway.proxy.model import READY, TERMINATING, Address, Slice

_address_of = attrgetter("address")


class Leaving(NamedTuple):
    """What is about to stop: addresses, and the ports in question where others live there too (empty: all)."""

    addresses: frozenset[Address]
    ports: frozenset[int] = frozenset()

    def is_held_by(self, found: Slice | None) -> bool:
        """Whether a slice sends new connections there; a leaving endpoint gets them only where none better is left."""
        # Nearly every slice ends here, and at scale there are thousands: one call for all endpoints of it.
        if found is None or self.addresses.isdisjoint(map(_address_of, found.endpoints)):
            return False
        if self.ports and not any(port.port in self.ports for port in found.ports):
            return False
        return any(
            endpoint.address in self.addresses and endpoint.state & READY and not endpoint.state & TERMINATING
            for endpoint in found.endpoints
        )


@dataclass(slots=True, eq=False)
class _Wait:
    leaving: Leaving
    holders: set[str]
    over: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Departures:
    """The waits."""

    def __init__(self) -> None:
        self._waits: set[_Wait] = set()

    async def wait(self, leaving: Leaving, slices: Iterable[tuple[str, Slice]], *, is_settled: bool) -> None:
        """Return when no slice holds it and the dataplane has been told so.

        ``slices`` are all that are known, by name; ``is_settled`` says that the dataplane holds them.
        """
        holders = {name for name, each in slices if leaving.is_held_by(each)}
        if not holders and is_settled:
            return
        wait = _Wait(leaving, holders)
        self._waits.add(wait)
        try:
            await wait.over
        finally:
            self._waits.discard(wait)

    def put_slice(self, name: str, new: Slice | None) -> None:
        """A slice came, changed or went."""
        for wait in self._waits:
            if wait.leaving.is_held_by(new):
                wait.holders.add(name)
            else:
                wait.holders.discard(name)

    def settle(self) -> None:
        """The dataplane holds what the slices say: end the waits that are over."""
        for wait in self._waits:
            if not wait.holders and not wait.over.done():
                wait.over.set_result(None)
