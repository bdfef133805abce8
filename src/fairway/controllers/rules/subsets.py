"""Subsets: the addresses and ports of an Endpoints object in their canonical, smallest form.  Pure.

Source: Kubernetes API reference, "Endpoints v1 core"; services.md 5.3, 5.4.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fairway.controllers.rules.services import ports_key
from fairway.objects import Object

MAX_ADDRESSES = 1000

AddressKey = tuple[str, str]
PortKey = tuple[str, int, str, str]
NO_PORT: PortKey = ("", -1, "", "")
"""Stands for "an address without ports", which a headless Service may have."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One address that offers ``ports``.  ``address`` is an EndpointAddress."""

    address: Object
    ports: Sequence[Object]
    is_ready: bool


def repack(offers: Iterable[Offer]) -> list[Object]:
    """The fewest subsets: ports that the same addresses offer in the same state stand together.

    An address that is both ready and not ready for a port is not ready.
    """
    addresses: dict[AddressKey, Object] = {}
    ports: dict[PortKey, Object] = {}
    states: dict[PortKey, dict[AddressKey, bool]] = {}
    seen: Sequence[Object] | None = None
    for offer in offers:
        key = (offer.address["ip"], (offer.address.get("targetRef") or {}).get("uid") or "")
        addresses[key] = offer.address
        if offer.ports is not seen:
            seen, keys = offer.ports, ports_key(offer.ports)
            ports.update(zip(keys, sorted(offer.ports, key=_port_key), strict=True))
        for port_key in keys:
            found = states.setdefault(port_key, {})
            found[key] = offer.is_ready and found.get(key, True)
        if not offer.ports:
            states.setdefault(NO_PORT, {})[key] = offer.is_ready
    together: list[tuple[dict[AddressKey, bool], list[PortKey]]] = []
    for port_key, found in states.items():
        alike = next((keys for known, keys in together if known == found), None)
        if alike is None:
            together.append((found, [port_key]))
        else:
            alike.append(port_key)
    subsets = [
        _subset(sorted(found.items()), addresses, [ports[key] for key in sorted(keys) if key != NO_PORT])
        for found, keys in together
    ]
    return sorted(subsets, key=_subset_key)


def _port_key(port: Object) -> PortKey:
    return ports_key([port])[0]


def _subset(
    states: Iterable[tuple[AddressKey, bool]], addresses: dict[AddressKey, Object], ports: list[Object]
) -> Object:
    subset: Object = {}
    for key, is_ready in states:
        subset.setdefault("addresses" if is_ready else "notReadyAddresses", []).append(addresses[key])
    if ports:
        subset["ports"] = [_port(port) for port in ports]
    return subset


def _port(port: Object) -> Object:
    """An EndpointPort of this older kind: a port without a name has none, where a slice's has an empty one."""
    return port if port.get("name") else {field: value for field, value in port.items() if field != "name"}


def _subset_key(subset: Object) -> tuple[object, ...]:
    first = (subset.get("addresses") or subset["notReadyAddresses"])[0]
    return (*ports_key(subset.get("ports") or ()), first["ip"])


def truncate(subsets: Sequence[Object], limit: int = MAX_ADDRESSES) -> tuple[list[Object], bool]:
    """At most ``limit`` addresses, ready ones first, taken from every subset in proportion; and whether any was cut."""
    ready = sum(len(subset.get("addresses") or ()) for subset in subsets)
    not_ready = sum(len(subset.get("notReadyAddresses") or ()) for subset in subsets)
    if ready + not_ready <= limit:
        return list(subsets), False
    left = {"addresses": min(ready, limit), "notReadyAddresses": max(0, limit - ready)}
    shares = {
        "addresses": left["addresses"] / max(ready, 1),
        "notReadyAddresses": left["notReadyAddresses"] / max(not_ready, 1),
    }
    cut = []
    for subset in subsets:
        kept = {name: value for name, value in subset.items() if name not in left}
        for name, share in shares.items():
            found = subset.get(name) or []
            count = min(math.ceil(len(found) * share), left[name])
            left[name] -= count
            if count:
                kept[name] = found[:count]
        if kept.keys() & left.keys():
            cut.append(kept)
    return cut, True
