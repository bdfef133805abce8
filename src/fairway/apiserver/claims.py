"""Claims: what a write takes and gives back beside the object itself: cluster addresses, node ports, shadows.

Shape: ``allocate`` asks the pure plan of the kind; ``Reservations`` keeps two writers of this process from picking the
same thing in the same moment.  The store has the last word: a claim is a key that must not exist yet.
"""

import random
from collections.abc import Iterable

from fairway.apiserver.allocate import Allocation, held, node_port_key, plan
from fairway.apiserver.cache import Cache
from fairway.apiserver.settings import Settings
from fairway.kinds import ENDPOINTS, IP_ADDRESS, SERVICE, SERVICE_CIDR
from fairway.kinds.kind import Kind
from fairway.objects import Object

NOTHING = Allocation()


class Claims:
    """What is claimed: in the store, as the cache knows it, or by a write under way."""

    def __init__(self, cache: Cache, settings: Settings, chance: random.Random) -> None:
        self._cache = cache
        self._chance = chance
        self._ports = range(settings.node_port_range[0], settings.node_port_range[1] + 1)
        self._reserved: set[str] = set()
        self._addresses = cache.of(IP_ADDRESS)
        self._ranges = cache.of(SERVICE_CIDR)
        self._cidrs: tuple[int, tuple[str, ...]] = (-1, ())

    def has_claims(self, kind: Kind) -> bool:
        """Whether objects of ``kind`` claim anything."""
        return kind is SERVICE

    def allocate(self, new: Object, old: Object | None, *, dry_run: bool) -> Allocation:
        """Complete ``new`` and tell what it takes.  Raises: ``StatusError``."""
        return plan(
            new, old,
            cidrs=self.cidrs(), node_ports=self._ports,
            is_ip_taken=self._is_address_taken, is_port_taken=self._is_port_taken,
            rng=self._chance, dry_run=dry_run,
        )  # fmt: skip

    def cidrs(self) -> tuple[str, ...]:
        """The ranges that addresses are taken from: of the ServiceCIDRs that are not going away."""
        changed, known = self._cidrs
        if changed != self._ranges.changed:
            found = [state.object for state in self._ranges.live.values()]
            usable = [one for one in found if not one["metadata"].get("deletionTimestamp")]
            # The cluster's own range decides which family comes first.
            usable.sort(key=lambda one: (one["metadata"]["name"] != "kubernetes", one["metadata"]["name"]))
            known = tuple(cidr for one in usable for cidr in one["spec"]["cidrs"])
            self._cidrs = (self._ranges.changed, known)
        return known

    def _is_address_taken(self, address: str) -> bool:
        key = IP_ADDRESS.key(None, address)
        return key in self._addresses.live or key in self._reserved

    def _is_port_taken(self, number: int) -> bool:
        key = node_port_key(number)
        return key in self._cache.claims or key in self._reserved

    def reserve(self, keys: Iterable[str]) -> None:
        """Others of this process pick something else until ``release``."""
        self._reserved.update(keys)

    def release(self, keys: Iterable[str]) -> None:
        """The write is over."""
        self._reserved.difference_update(keys)

    def owned(self, kind: Kind, found: Object) -> list[str]:
        """Every other store key that goes when ``found`` goes: its claims, and the Endpoints that are its shadow."""
        if kind is not SERVICE:
            return []
        metadata = found["metadata"]
        keys = held(found)
        shadow = ENDPOINTS.key(metadata["namespace"], metadata["name"])
        if shadow in self._cache.of(ENDPOINTS).live:
            keys.append(shadow)
        return keys
