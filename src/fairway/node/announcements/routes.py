"""Routes: each load balancer address in use leads to the gateway device, so that what no Service takes ends there.

Without them a packet for such an address and a port of no Service would be sent back into the LAN that it came from.
They go with the gateway device, and ``node_network_up`` removes those of an earlier life.
"""

import logging
from collections.abc import Iterable, Mapping

from fairway.node.rtnetlink.connection import Connection
from fairway.node.rtnetlink.messages import SCOPE_LINK, Request, add_route, del_route

log = logging.getLogger(__name__)

PORTION = 100
"""Requests that fit into a socket's buffer."""


class Routes:
    """Of one device; ``sources`` are the addresses to come from, by IP version."""

    def __init__(self, device: str, sources: Mapping[int, str]) -> None:
        self._device = device
        self._sources = sources
        self._there: set[str] = set()

    def want(self, addresses: Iterable[str]) -> None:
        """Route these and no others.  What the kernel refuses is told and tried again with the next change."""
        wanted = set(addresses)
        if wanted == self._there:
            return
        try:
            with Connection() as connection:
                link = connection.link(self._device)
                if link is None:
                    return
                requests = [del_route(_network(at), link.index) for at in sorted(self._there - wanted)]
                requests += [self._add(at, link.index) for at in sorted(wanted - self._there)]
                for start in range(0, len(requests), PORTION):
                    connection.run(requests[start : start + PORTION])
        except OSError as error:
            log.warning("load balancer addresses not routed", extra={"device": self._device, "error": str(error)})
            return
        self._there = wanted

    def _add(self, at: str, index: int) -> Request:
        if ":" in at:
            return add_route(_network(at), index, source=self._sources.get(6, ""))
        return add_route(_network(at), index, source=self._sources.get(4, ""), scope=SCOPE_LINK)


def _network(at: str) -> str:
    return f"{at}/{128 if ':' in at else 32}"
