"""Answers: what is said to a question about a name of ours, and the answers that are kept ready to be sent.

Shape: ``say`` is pure; ``Prepared`` is a cache from the bytes of a query to those of its answer, from which every
answer that a change touches is taken out.
Source: RFC 1034 section 4.3.2; RFC 2308 (SOA with a negative answer); RFC 8482 (a part is enough for ANY).
"""

from collections.abc import Iterable, Iterator
from itertools import cycle, repeat
from typing import Final, NamedTuple

from fairway.dns.wire import AAAA, ANY, CNAME, NS, NXDOMAIN, SERVFAIL, SOA, SRV, A, RRset, Sections
from fairway.dns.zone import DEFAULT_TTL_S, Node, Place, Topic, Zone

MAX_CHAIN: Final = 8
MAX_PREPARED: Final = 16_384
MAX_PREPARED_BYTES: Final = 32 << 20
MAX_ROTATIONS: Final = 16
_MAX_ADDITIONAL = 64


class Said(NamedTuple):
    """What is known; where the chain of aliases leaves our zones, ``elsewhere`` is the name to ask others for."""

    sections: Sections
    topics: frozenset[Topic]
    elsewhere: bytes = b""


def say(zone: Zone, name: bytes, kind: int, place: Place) -> Said:
    """Everything about ``name``, which lies at ``place``."""
    chain: list[RRset] = []
    topics: set[Topic] = set()
    found: Place | None = place
    while found is not None:
        topics.add(zone.topic_of(name))
        node = found.node
        if node and CNAME in node and kind not in (CNAME, ANY):
            chain.append(RRset(name, CNAME, DEFAULT_TTL_S, node[CNAME]))
            if len(chain) > MAX_CHAIN:
                return Said(Sections(SERVFAIL), frozenset(topics))
            name = node[CNAME][0]
            found = zone.find(name)
            continue
        return Said(_sections(zone, name, kind, found, chain), frozenset(topics))
    return Said(Sections(answer=tuple(chain)), frozenset(topics), name)


def _sections(zone: Zone, name: bytes, kind: int, place: Place, chain: list[RRset]) -> Sections:
    node = place.node
    if kind == ANY and node:
        kind = next(iter(node))
    rdatas = node.get(kind) if node else None
    if rdatas:
        answer = (*chain, RRset(name, kind, DEFAULT_TTL_S, rdatas))
        return Sections(answer=answer, additional=tuple(_additional(zone, kind, rdatas)))
    authority = RRset(place.apex, SOA, DEFAULT_TTL_S, [zone.soa(place.apex)])
    return Sections(NXDOMAIN if node is None else 0, tuple(chain), (authority,))


def _additional(zone: Zone, kind: int, rdatas: Iterable[bytes]) -> Iterator[RRset]:
    """The addresses of what the records point to."""
    if kind not in (SRV, NS):
        return
    targets = dict.fromkeys(rdata[6:] if kind == SRV else rdata for rdata in rdatas)
    for target, _ in zip(targets, range(_MAX_ADDITIONAL), strict=False):
        place = zone.find(target)
        node: Node = (place.node if place else None) or {}
        for each in (A, AAAA):
            if each in node:
                yield RRset(target, each, DEFAULT_TTL_S, node[each])


def rotations(sections: Sections) -> Iterator[Sections]:
    """The same in other orders, so that clients which take the first record spread."""
    size = max((len(rrset.rdatas) for rrset in sections.answer), default=1)
    count = min(size, MAX_ROTATIONS)
    for turn in range(count):
        yield sections._replace(answer=tuple(_rotated(rrset, turn * size // count) for rrset in sections.answer))


def _rotated(rrset: RRset, by: int) -> RRset:
    rdatas = list(rrset.rdatas)
    return rrset._replace(rdatas=rdatas[by:] + rdatas[:by]) if by and len(rdatas) > 1 else rrset


class Ready(NamedTuple):
    """An answer but for its id and question: ``head``, the question up to ``end`` of the query, the next of ``tails``.

    ``counters`` hold how often it was given over IPv4 and over IPv6.
    """

    head: bytes
    end: int
    tails: Iterator[bytes]
    counters: tuple[list[int], list[int]]


def tails(bodies: list[bytes]) -> Iterator[bytes]:
    """Each in turn, for ever."""
    return cycle(bodies) if len(bodies) > 1 else repeat(bodies[0])


class Prepared:
    """Answers by the bytes of the query after its id, in lower case."""

    def __init__(self, limit: int = MAX_PREPARED, limit_bytes: int = MAX_PREPARED_BYTES) -> None:
        self.entries: dict[bytes, Ready] = {}
        self._limit, self._limit_bytes = limit, limit_bytes
        self._put_bytes = 0
        self._topics: dict[Topic, set[bytes]] = {}

    def put(self, key: bytes, ready: Ready, topics: Iterable[Topic], size: int) -> None:
        """Keep an answer, ``size`` bytes long in all its turns, until one of its topics is touched.

        A full cache starts anew; what was dropped counts as if it were there, which is only ever too careful.
        """
        self._put_bytes += size
        if len(self.entries) >= self._limit or self._put_bytes > self._limit_bytes:
            self.clear()
            self._put_bytes = size
        self.entries[key] = ready
        for topic in topics:
            self._topics.setdefault(topic, set()).add(key)

    def drop(self, topics: Iterable[Topic]) -> None:
        """Forget what depends on any of these."""
        for topic in topics:
            for key in self._topics.pop(topic, ()):
                self.entries.pop(key, None)

    def clear(self) -> None:
        """Forget all.  The dictionary stays the same one, since servers hold it."""
        self.entries.clear()
        self._topics.clear()
