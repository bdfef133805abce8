"""Hints: which clients an endpoint is meant for, by zone or by node.  Pure.

Two ways exist.  ``spec.trafficDistribution`` names a preference, and every ready endpoint is for its own zone or node.
The annotation ``service.kubernetes.io/topology-mode: Auto`` shares out endpoints by the CPUs of the zones
(``topology``); where it stands, it decides alone.
Source: KEP-4444, KEP-3015 (trafficDistribution), KEP-2433 (Auto); services.md 6.4.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from fairway.controllers.endpoint_slice.topology import NO_ZONE, Zones, allocate
from fairway.controllers.rules.slices import EndpointKey, endpoint_key
from fairway.kinds.well_known import TOPOLOGY_MODES
from fairway.objects import Object

Offer = tuple[list[Object], Object]
"""The ports and the endpoint that one pod stands for."""


def is_proportional(service: Object) -> bool:
    """Whether hints follow the CPUs of the zones."""
    annotations = service["metadata"].get("annotations") or {}
    mode = next((annotations[name] for name in TOPOLOGY_MODES if name in annotations), "")
    return mode in ("Auto", "auto")


def distribution(service: Object) -> Callable[[str, str], Object]:
    """What makes the hints of a ready endpoint from its zone and its node, by ``spec.trafficDistribution``."""
    wish = service["spec"].get("trafficDistribution") or ""
    if is_proportional(service):
        wish = ""
    by_node = wish == "PreferSameNode"
    by_zone = by_node or wish in ("PreferSameZone", "PreferClose")

    def hint(zone: str, node_name: str) -> Object:
        hints: Object = {}
        if by_zone and zone:
            hints["forZones"] = [{"name": zone}]
        if by_node and node_name:
            hints["forNodes"] = [{"name": node_name}]
        return hints

    return hint


def share_out(offers: Sequence[Offer], slices: Iterable[Object], zones: Zones) -> tuple[list[Offer], str]:
    """``offers`` of one family with hints by the shares of ``zones``, and why there are none (empty: there are).

    What the present ``slices`` hint stays as long as no zone is overloaded by it, so that few slices change.
    """
    ready = {endpoint_key(one): one for _, one in offers if one["conditions"]["ready"]}
    if not all(one.get("zone") for one in ready.values()):
        return list(offers), NO_ZONE
    hinted = _hinted(slices, zones.shares)
    homes = {key: one["zone"] for key, one in ready.items()}
    found, why_not = allocate(zones, {key: hinted.get(key, home) for key, home in homes.items()}, homes)
    if why_not:
        return list(offers), why_not
    return [(ports, _with_hint(endpoint, found.get(endpoint_key(endpoint)))) for ports, endpoint in offers], ""


def _hinted(slices: Iterable[Object], shares: Mapping[str, float]) -> dict[EndpointKey, str]:
    """The zone that each endpoint is for now, where that zone still counts."""
    found = {}
    for one in slices:
        for endpoint in one.get("endpoints") or ():
            zones = (endpoint.get("hints") or {}).get("forZones") or []
            if len(zones) == 1 and zones[0]["name"] in shares:
                found[endpoint_key(endpoint)] = zones[0]["name"]
    return found


def _with_hint(endpoint: Object, zone: str | None) -> Object:
    return {**endpoint, "hints": {"forZones": [{"name": zone}]}} if zone else endpoint
