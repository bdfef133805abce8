"""Claims: what a write takes and gives back beside the object itself: cluster addresses, node ports, shadows.

Shape: ``allocate`` asks the pure plan of the kind; ``Reservations`` keeps two writers of this process from picking the
same thing in the same moment.  The store has the last word: a claim is a key that must not exist yet.
"""

import random
from collections.abc import Iterable, Iterator
from time import perf_counter

from fairway.apiserver.allocate import Allocation, held, node_port_key, plan
from fairway.apiserver.allocator_metrics import DYNAMIC, STATIC, AllocatorMetrics, range_of
from fairway.apiserver.cache import Cache
from fairway.apiserver.settings import Settings
from fairway.kinds import ENDPOINTS, IP_ADDRESS, SERVICE, SERVICE_CIDR
from fairway.kinds.kind import Claim, Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError

NOTHING = Allocation()
_NODE_PORTS = node_port_key(0).removesuffix("0")


class Claims:
    """What is claimed: in the store, as the cache knows it, or by a write under way."""

    def __init__(self, cache: Cache, settings: Settings, chance: random.Random) -> None:
        self._cache = cache
        self._chance = chance
        self._metrics = AllocatorMetrics()
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
        began_s = perf_counter()
        try:
            found = plan(
                new, old,
                cidrs=self.cidrs(), node_ports=self._ports,
                is_ip_taken=self._is_address_taken, is_port_taken=self._is_port_taken,
                rng=self._chance, dry_run=dry_run,
            )  # fmt: skip
        except StatusError as error:
            self._count_failure(new, error)
            raise
        if found.claims:
            self._metrics.lasted(perf_counter() - began_s)
            for claim in found.claims:
                self._count(claim)
        return found

    def _count(self, claim: Claim) -> None:
        scope = STATIC if claim.problem is not None else DYNAMIC
        if claim.body is None:
            self._metrics.took_port(scope)
        else:
            self._metrics.took_address(range_of(claim.body["metadata"]["name"], self.cidrs()), scope)

    def _count_failure(self, new: Object, error: StatusError) -> None:
        """Allocation failed, unless ``error`` is about something else, such as families."""
        scope = DYNAMIC if "range is full" in error.message else STATIC
        if "failed to allocate a serviceIP" in error.message or "failed to allocate IP" in error.message:
            asked = next(filter(None, new["spec"].get("clusterIPs") or ()), "")
            self._metrics.failed(range_of(asked, self.cidrs()) or next(iter(self.cidrs()), ""), scope)
        elif "odePort" in error.message and ("allocate" in error.message or "provided port" in error.message):
            self._metrics.failed_port(scope)

    def metrics(self) -> Iterator[str]:
        """What is taken and left, in the text format of Prometheus."""
        names = (key[len(IP_ADDRESS.prefix) :] for key in self._addresses.live)
        ports = sum(1 for key in self._cache.claims if key.startswith(_NODE_PORTS))
        return self._metrics.lines(self.cidrs(), names, self._ports, ports)

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
