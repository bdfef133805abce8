"""Records: Services and EndpointSlices, reduced to what is said of them in the DNS.

Shape: an object as on the wire in, a small record out; ``None`` for what has no names.  Pure.
Source: Kubernetes DNS-Based Service Discovery, version 1.1.0.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Any, NamedTuple

from fairway.dns.names import NameFault, dashed, packed_address, wire_name
from fairway.kinds.well_known import MANAGED_BY, SERVICE_NAME, SLICE_CONTROLLER, TRIGGER_TIME
from fairway.objects import Object

_ADDRESS_BYTES = {"IPv4": 4, "IPv6": 16}


class Port(NamedTuple):
    """A port; ``protocol`` in lower case; ``name`` may be empty."""

    name: str
    protocol: str
    number: int


class Service(NamedTuple):
    """Either cluster IPs, packed, or an external name on the wire, or neither: then it is headless."""

    addresses: tuple[bytes, ...]
    ports: tuple[Port, ...]
    external_name: bytes = b""

    @property
    def is_headless(self) -> bool:
        """Whether its endpoints are what its name stands for."""
        return not self.addresses and not self.external_name


class Endpoint(NamedTuple):
    """A ready endpoint; ``hostname`` is its own, or its address with dashes."""

    address: bytes
    hostname: str


class Slice(NamedTuple):
    """The ready endpoints of one slice; ``triggered_s`` is when they changed, or 0.

    ``is_selected`` says that the cluster's own controller made it from the pods of a selector.
    """

    service: str
    ports: tuple[Port, ...]
    endpoints: tuple[Endpoint, ...]
    triggered_s: float = 0.0
    is_selected: bool = False


def service_of(found: Object) -> Service | None:
    """What a Service says; ``None`` if it has no address yet, or an external name that is none."""
    spec = found["spec"]
    if spec.get("type") == "ExternalName":
        external = external_name(spec.get("externalName") or "")
        return Service((), (), external) if external else None
    texts = spec.get("clusterIPs") or [spec.get("clusterIP") or ""]
    if texts[0] == "None":
        return Service((), _ports(spec.get("ports")))
    addresses = tuple(packed for text in texts if (packed := packed_address(text)) is not None)
    return Service(addresses, _ports(spec.get("ports"))) if addresses else None


def external_name(text: str) -> bytes:
    """The wire form of an external name; empty for an address, which is no name, and for nonsense."""
    if not text.strip(".") or packed_address(text) is not None:
        return b""
    try:
        return wire_name(text)
    except NameFault:
        return b""


def slice_of(found: Object) -> Slice | None:
    """What an EndpointSlice says; ``None`` if it belongs to no Service or does not hold addresses."""
    meta = found["metadata"]
    labels = meta.get("labels") or {}
    service = labels.get(SERVICE_NAME)
    size = _ADDRESS_BYTES.get(found.get("addressType") or "")
    if not service or not size:
        return None
    return Slice(
        intern(f"{meta.get('namespace') or ''}/{service}"),
        _ports(found.get("ports")),
        tuple(_ready(found.get("endpoints") or (), size)),
        _time((meta.get("annotations") or {}).get(TRIGGER_TIME)),
        labels.get(MANAGED_BY) == SLICE_CONTROLLER,
    )


def _ready(entries: Iterable[dict[str, Any]], size: int) -> Iterable[Endpoint]:
    """The endpoints that may be told; ready is true unless it is said to be false."""
    for entry in entries:
        if (entry.get("conditions") or {}).get("ready") is False:
            continue
        for text in entry.get("addresses") or ():
            packed = packed_address(text)
            if packed is not None and len(packed) == size:
                yield Endpoint(packed, (entry.get("hostname") or dashed(packed)).lower())


def _ports(entries: Iterable[dict[str, Any]] | None) -> tuple[Port, ...]:
    return _shared(
        tuple(
            Port(intern((entry.get("name") or "").lower()), intern((entry.get("protocol") or "TCP").lower()), number)
            for entry in entries or ()
            if (number := entry.get("port"))
        )
    )


@lru_cache(maxsize=1024)
def _shared(ports: tuple[Port, ...]) -> tuple[Port, ...]:
    """The first of equal ones: most Services have the same few ports."""
    return ports


def _time(text: str | None) -> float:
    if not text:
        return 0.0
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0
