"""Departures: who waits until an address of this node is behind no Service any more.

Shape: slices go in as they change; ``settle`` is called when the dataplane has caught up with them, and ends the waits
that are over.  This is what lets the node agent stop a pod only after the last new connection to it.
Source: Kubernetes docs, "Termination of Pods": removal from Services and the stop signal race upstream.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator

from fairway.proxy.model import READY, TERMINATING, Address, Slice


class Departures:
    """The addresses of one node that take new connections, and the waits for some of them to stop."""

    def __init__(self, node_name: str) -> None:
        self._node = node_name
        self._taking: Counter[Address] = Counter()
        self._waits: list[tuple[frozenset[Address], asyncio.Future[None]]] = []

    def put_slice(self, old: Slice | None, new: Slice | None) -> None:
        """A slice came, changed or went."""
        self._taking.subtract(self._open(old))
        self._taking.update(self._open(new))
        for address in set(self._open(old)):
            if self._taking[address] <= 0:
                del self._taking[address]

    def _open(self, found: Slice | None) -> Iterator[Address]:
        """Addresses that are ready and not leaving; a leaving one is used only where nothing better is left."""
        for endpoint in found.endpoints if found is not None else ():
            if endpoint.node == self._node and endpoint.state & READY and not endpoint.state & TERMINATING:
                yield endpoint.address

    def is_open(self, addresses: Iterable[Address]) -> bool:
        """Whether a slice still sends new connections to one of them."""
        return any(address in self._taking for address in addresses)

    async def wait(self, addresses: frozenset[Address]) -> None:
        """Return when none of them is open and the dataplane has been told so."""
        wait = (addresses, asyncio.get_running_loop().create_future())
        self._waits.append(wait)
        try:
            await wait[1]
        finally:
            if wait in self._waits:
                self._waits.remove(wait)

    def settle(self) -> None:
        """The dataplane holds what the slices say: end the waits that are over."""
        over = [wait for wait in self._waits if not self.is_open(wait[0])]
        for wait in over:
            self._waits.remove(wait)
            if not wait[1].done():
                wait[1].set_result(None)
