"""Topology: endpoints are shared out among zones in proportion to the CPUs that are ready there.  Pure.

Source: KEP-2433, "Topology Aware Hints"; the texts are those of upstream's Events.
"""

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from fairway.kinds.well_known import ZONE
from fairway.objects import Object, quantity
from fairway.objects.conditions import is_true

CONTROL_PLANE = frozenset({"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"})
OVERLOAD = 0.2
"""How much more than its share a zone's endpoints may have to bear."""

ENABLED = "Topology Aware Hints has been enabled"
DISABLED = "Topology Aware Hints has been disabled"
NO_NODE_INFO = "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes"
ONE_ZONE = "Nodes only ready in one zone"
TOO_FEW = "Insufficient number of endpoints"
OVERLOADED = "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold"
NO_ZONE = "One or more endpoints do not have a zone specified"

_TINY = 1e-9
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Zones:
    """The share of every zone in the CPUs of all, adding up to 1; ``why_not`` says why there are none."""

    shares: Mapping[str, float]
    why_not: str = ""


def zone_of(node: Object | None) -> str:
    """The zone that a node says it is in; empty if it says nothing."""
    return "" if node is None else (node["metadata"].get("labels") or {}).get(ZONE) or ""


def weight(node: Object) -> tuple[str, int] | None:
    """(zone, CPU) that a node counts for; ``None`` if it does not count, an empty part if it does not say."""
    if not is_true(node, "Ready") or (node["metadata"].get("labels") or {}).keys() & CONTROL_PLANE:
        return None
    amount = ((node.get("status") or {}).get("allocatable") or {}).get("cpu")
    return zone_of(node), quantity.parse(str(amount)).nano if amount else 0


def zones_among(nodes: Iterable[Object]) -> Zones:
    """The zones of the nodes that are ready and no control plane, by their CPUs."""
    cpus: dict[str, int] = {}
    for counted in map(weight, nodes):
        if counted is None:
            continue
        zone, cpu = counted
        if not zone or not cpu:
            return Zones({}, NO_NODE_INFO)
        cpus[zone] = cpus.get(zone, 0) + cpu
    if not cpus:
        return Zones({}, NO_NODE_INFO)
    if len(cpus) == 1:
        return Zones({}, ONE_ZONE)
    total = sum(cpus.values())
    return Zones({zone: cpu / total for zone, cpu in sorted(cpus.items())})


def allocate(zones: Zones, present: Mapping[K, str], homes: Mapping[K, str]) -> tuple[dict[K, str], str]:
    """The zone that each endpoint is for, and why there is none (empty: there is).

    ``present`` is where each stands now, ``homes`` where it runs.  Nothing moves while every zone has the least that
    keeps it below the overload threshold; what has to move goes back home first.
    """
    if zones.why_not:
        return {}, zones.why_not
    count = len(present)
    if len(zones.shares) > count:
        return {}, TOO_FEW
    desired = {zone: share * count for zone, share in zones.shares.items()}
    least: dict[str, float] = {zone: math.ceil(share / (1 + OVERLOAD) - _TINY) for zone, share in desired.items()}
    if sum(least.values()) > count:
        return {}, OVERLOADED
    held: dict[str, list[K]] = {zone: [] for zone in desired}
    for key, zone in present.items():
        held.setdefault(zone, []).append(key)
    _leave_lost_zones(held, desired)
    for zone in desired:
        _fill(zone, held, desired, least, homes)
    return {key: zone for zone, keys in held.items() for key in keys}, ""


def _leave_lost_zones(held: dict[str, list[K]], desired: Mapping[str, float]) -> None:
    """What stands for a zone without ready nodes goes where most is lacking."""
    for zone in [zone for zone in held if zone not in desired]:
        for key in held.pop(zone):
            held[max(desired, key=lambda one: desired[one] - len(held[one]))].append(key)


def _fill(
    zone: str,
    held: dict[str, list[K]],
    desired: Mapping[str, float],
    least: Mapping[str, float],
    homes: Mapping[K, str],
) -> None:
    """Bring a zone that has less than its least near to what it should have, from those that have too much."""
    if len(held[zone]) >= least[zone]:
        return
    goal = max(least[zone], math.floor(desired[zone] + _TINY))
    while len(held[zone]) < goal:
        floor = least if len(held[zone]) < least[zone] else desired
        givers = [one for one in desired if one != zone and len(held[one]) - 1 >= floor[one] - _TINY]
        if not givers:
            return
        giver = max(givers, key=lambda one: len(held[one]) - desired[one])
        given = next((key for key in reversed(held[giver]) if homes[key] == zone), held[giver][-1])
        held[giver].remove(given)
        held[zone].append(given)
