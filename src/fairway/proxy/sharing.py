"""Sharing: elements that more than one Service may want, of which the kernel holds one.

Shape: Services join and leave; ``differences`` tells what the kernel held before and holds after.  Pure.
Two Services may list the same external IP and port.  The kernel takes one word per frontend, so one of them has it:
a cluster IP before a load balancer's address before an external IP, a node port before a host port, then the one whose
name sorts first.  The winner never depends on who came first, so a restarted proxy decides alike.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fairway.proxy import words
from fairway.proxy.model import CLUSTER_IP, FrontendKey, Range, frontend_parts
from fairway.proxy.words import Elements


class Claim(NamedTuple):
    """A service port wants this frontend.  The smallest claim has it."""

    kind: int
    service: str
    key: FrontendKey
    word: bytes
    source_ranges: tuple[Range, ...]


class Sharing:
    """Who wants what, and what the kernel holds of it."""

    def __init__(self) -> None:
        self._claims: dict[FrontendKey, Claim | list[Claim]] = {}
        self._counts: dict[str, dict[bytes, int]] = {words.CLUSTER_IPS: {}, words.HAIRPIN: {}}
        self._before: dict[FrontendKey, Claim | None] = {}
        self._counts_before: dict[tuple[str, bytes], int] = {}

    def begin(self) -> None:
        """Remember from here on what the kernel held."""
        self._before = {}
        self._counts_before = {}

    def join(self, claims: Iterable[Claim], hairpin: Iterable[bytes]) -> None:
        """A service port wants these."""
        for claim in claims:
            known = self._claims.get(claim.key)
            self._before.setdefault(claim.key, winner(known))
            if known is None:
                self._claims[claim.key] = claim
            elif isinstance(known, list):
                known.append(claim)
            else:
                self._claims[claim.key] = [known, claim]
            if claim.kind == CLUSTER_IP:
                self._count(words.CLUSTER_IPS, claim.key[:-8], 1)
        for at in hairpin:
            self._count(words.HAIRPIN, at + at, 1)

    def leave(self, claims: Iterable[Claim], hairpin: Iterable[bytes]) -> None:
        """A service port wants these no longer."""
        for claim in claims:
            known = self._claims[claim.key]
            self._before.setdefault(claim.key, winner(known))
            if isinstance(known, list):
                known.remove(claim)
                if len(known) == 1:
                    self._claims[claim.key] = known[0]
            else:
                del self._claims[claim.key]
            if claim.kind == CLUSTER_IP:
                self._count(words.CLUSTER_IPS, claim.key[:-8], -1)
        for at in hairpin:
            self._count(words.HAIRPIN, at + at, -1)

    def differences(self, before: Elements, after: Elements) -> None:
        """Add to both what was touched since ``begin``."""
        for frontend, had in self._before.items():
            _claim_elements(had, before)
            _claim_elements(self.holder(frontend), after)
        for (name, key), had_count in self._counts_before.items():
            if had_count:
                before.setdefault(name, {})[key] = b""
            if self._counts[name].get(key):
                after.setdefault(name, {})[key] = b""

    def holder(self, key: FrontendKey) -> Claim | None:
        """Who has this frontend."""
        return winner(self._claims.get(key))

    def parts(self) -> Iterator[Elements]:
        """Everything that the kernel should hold, in parts that have no element in common."""
        for claims in self._claims.values():
            held: Elements = {}
            _claim_elements(winner(claims), held)
            yield held
        for name, counts in self._counts.items():
            yield {name: dict.fromkeys(counts, b"")}

    def _count(self, name: str, key: bytes, step: int) -> None:
        counts = self._counts[name]
        had = counts.get(key, 0)
        self._counts_before.setdefault((name, key), had)
        if had + step:
            counts[key] = had + step
        else:
            del counts[key]


def winner(claims: Claim | list[Claim] | None) -> Claim | None:
    """The claim that the kernel holds."""
    return min(claims) if isinstance(claims, list) else claims


def _claim_elements(claim: Claim | None, into: Elements) -> None:
    if claim is None:
        return
    name = words.FRONTENDS if frontend_parts(claim.key)[0] else words.NODE_PORTS
    into.setdefault(name, {})[claim.key] = claim.word
    if claim.source_ranges:
        ranges = into.setdefault(words.SOURCE_RANGES, {})
        for first, last in claim.source_ranges:
            ranges[claim.key + first + claim.key + last] = b""
