"""Slices: spread endpoints over EndpointSlices with the fewest writes.  Pure.

Shape: ``pack`` takes the slices of one family and the endpoints that there should be, grouped by their ports, and says
what to create, update and delete.  Per group of ports:
1. keep what is right where it is; take out what is gone; refresh what changed; drop slices that become empty;
2. fill up slices that are written anyway, the fullest first;
3. put what is left into the one untouched slice that it fits most tightly, else into new slices.
At the end a slice to delete becomes one to create, which saves a write.
Where it is known which pods may have changed, only their endpoints are looked at.
Source: KEP-0752; services.md 6.3.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fairway.controllers.rules.services import ports_key
from fairway.objects import Object

PortsKey = tuple[tuple[str, int, str, str], ...]
EndpointKey = tuple[tuple[str, ...], str]
Dress = Callable[[Object], Object]
"""The metadata that a slice should have, from the metadata that it has."""
Blank = Callable[[list[Object], list[Object]], Object]
"""A new slice of these ports and endpoints."""


@dataclass(slots=True)
class Writes:
    """What to write.  ``update`` and ``delete`` hold whole objects, ``update`` with the resourceVersion they had.

    ``hints``: why the endpoints of a family have no hints in proportion to the zones, empty where they have them.
    """

    create: list[Object] = field(default_factory=list)
    update: list[Object] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)
    hints: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.create or self.update or self.delete)

    def extend(self, other: "Writes") -> None:
        """Add what ``other`` says."""
        self.create += other.create
        self.update += other.update
        self.delete += other.delete


@dataclass(slots=True)
class Group:
    """Endpoints that share ``ports``."""

    ports: list[Object]
    endpoints: list[Object] = field(default_factory=list)


def endpoint_key(endpoint: Object) -> EndpointKey:
    """What makes an endpoint the same one after a change: its addresses and what it stands for."""
    return tuple(endpoint["addresses"]), (endpoint.get("targetRef") or {}).get("uid") or ""


def pack(
    slices: Sequence[Object], groups: Mapping[PortsKey, Group], dress: Dress, blank: Blank, limit: int,
    only: Collection[str] | None = None,
) -> Writes:  # fmt: skip
    """The fewest writes after which every endpoint of ``groups`` is in exactly one slice of at most ``limit``.

    ``slices`` are of one family and one owner.  ``only``: uids of the pods that ``groups`` speak of; the endpoints of
    all others stay as they are.
    """
    by_ports: dict[PortsKey, list[Object]] = {}
    for found in slices:
        by_ports.setdefault(ports_key(found.get("ports") or ()), []).append(found)
    writes = Writes()
    for key, group in groups.items():
        writes.extend(_pack_group(by_ports.pop(key, []), group, dress, blank, limit, only))
    for surplus in by_ports.values():
        if only is None:
            writes.delete += surplus
        else:
            writes.extend(_pack_group(surplus, Group(surplus[0].get("ports") or []), dress, blank, limit, only))
    if not writes.create and len(writes.delete) == len(slices):
        _keep_placeholder(slices, writes, dress, blank)
    return _reuse(writes, dress)


def _pack_group(
    slices: Sequence[Object], group: Group, dress: Dress, blank: Blank, limit: int, only: Collection[str] | None,
) -> Writes:  # fmt: skip
    wanted = {endpoint_key(endpoint): endpoint for endpoint in group.endpoints}
    writes = Writes()
    untouched: list[Object] = []
    touched: list[tuple[Object, list[Object]]] = []
    for found in slices:
        endpoints = found.get("endpoints") or []
        kept = _kept(endpoints, wanted, only)
        kept = kept if len(kept) <= limit else _give_back(kept, limit, wanted)
        if not kept:
            writes.delete.append(found)
        elif kept == endpoints and dress(found["metadata"]) == found["metadata"]:
            untouched.append(found)
        else:
            touched.append((found, kept))
    left = list(wanted.values())
    for _, kept in sorted(touched, key=lambda one: -len(one[1])):
        room = limit - len(kept)
        kept += left[:room]
        del left[:room]
    while left:
        fits = [found for found in untouched if len(found["endpoints"]) + len(left) <= limit]
        if fits:
            tightest = max(fits, key=lambda found: len(found["endpoints"]))
            untouched.remove(tightest)
            touched.append((tightest, tightest["endpoints"] + left))
            break
        writes.create.append(blank(group.ports, left[:limit]))
        del left[:limit]
    writes.update += [_changed(found, found.get("ports") or [], endpoints, dress) for found, endpoints in touched]
    return writes


def _kept(
    endpoints: Sequence[Object], wanted: dict[EndpointKey, Object], only: Collection[str] | None
) -> list[Object]:  # fmt: skip
    """What stays in a slice, as it should be now; it is taken out of ``wanted``."""
    kept = []
    for old in endpoints:
        if only is not None and (old.get("targetRef") or {}).get("uid") not in only:
            kept.append(old)
        elif (endpoint := wanted.pop(endpoint_key(old), None)) is not None:
            kept.append(endpoint)
    return kept


def _give_back(kept: list[Object], limit: int, wanted: dict[EndpointKey, Object]) -> list[Object]:
    """A foreign slice that is too long gives back what is over ``limit``."""
    wanted.update((endpoint_key(endpoint), endpoint) for endpoint in kept[limit:])
    return kept[:limit]


def _changed(found: Object, ports: list[Object], endpoints: list[Object], dress: Dress) -> Object:
    return {**found, "metadata": {**dress(found["metadata"])}, "endpoints": endpoints, "ports": ports}


def _keep_placeholder(
    slices: Sequence[Object], writes: Writes, dress: Dress, blank: Blank,
) -> None:  # fmt: skip
    """Without endpoints one empty slice stays, so that readers can tell "none" from "not yet known"."""
    for found in slices:
        is_empty = not found.get("endpoints") and not found.get("ports")
        if is_empty and dress(found["metadata"]) == found["metadata"]:
            writes.delete = [one for one in writes.delete if one is not found]
            return
    writes.create.append(blank([], []))


def _reuse(writes: Writes, dress: Dress) -> Writes:
    """Pairs of create and delete become updates of what would have been deleted."""
    count = min(len(writes.create), len(writes.delete))
    for new, old in zip(writes.create[:count], writes.delete[:count], strict=True):
        writes.update.append(_changed(old, new["ports"], new["endpoints"], dress))
    del writes.create[:count]
    del writes.delete[:count]
    return writes


def grouped(endpoints: Iterable[tuple[list[Object], Object]]) -> dict[PortsKey, Group]:
    """Pairs of (ports, endpoint) by their ports."""
    groups: dict[PortsKey, Group] = {}
    seen: list[Object] | None = None
    for ports, endpoint in endpoints:
        if ports is not seen:
            seen, key = ports, ports_key(ports)
        if key not in groups:
            groups[key] = Group(ports)
        groups[key].endpoints.append(endpoint)
    return groups
