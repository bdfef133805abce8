"""Endpoints (core/v1): the addresses behind a Service in one object; EndpointSlice is its successor.

Source: Kubernetes docs, "Service", "Endpoints"; KEP-4974 (deprecation).
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.address_forms import address_hint
from fairway.kinds.rules.addresses import ip, reachable_ip
from fairway.kinds.rules.cells import AGE, NONE, limited
from fairway.kinds.rules.values import (
    PROTOCOLS,
    dns_label,
    dns_subdomain,
    drop_null,
    one_of,
    port_number,
    qualified_name,
)
from fairway.objects import Object
from fairway.objects.authority import authority
from fairway.objects.errors import Problem, required

DEPRECATED = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"


def defaults(new: Object) -> None:
    """Ports are TCP."""
    drop_null(new, "subsets")
    for subset in new.get("subsets") or ():
        drop_null(subset, "addresses", "notReadyAddresses", "ports")
        for port in subset.get("ports") or ():
            if not port.get("protocol"):
                port["protocol"] = "TCP"


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule; subsets and addresses as they were are not judged again."""
    subsets = new.get("subsets") or []
    if old is not None and subsets == (old.get("subsets") or []):
        return
    known = {} if old is None else {address.get("ip") or "": address for address in _addresses(old)}
    for index, subset in enumerate(subsets):
        yield from _subset(f"subsets[{index}]", subset, known)


def _addresses(found: Object) -> Iterator[Object]:
    for subset in found.get("subsets") or ():
        yield from subset.get("addresses") or ()
        yield from subset.get("notReadyAddresses") or ()


def _subset(path: str, subset: Object, known: dict[str, Object]) -> Iterator[Problem]:
    if not subset.get("addresses") and not subset.get("notReadyAddresses"):
        yield required(path, "must specify `addresses` or `notReadyAddresses`")
    for name in ("addresses", "notReadyAddresses"):
        for index, address in enumerate(subset.get(name) or ()):
            if known.get(address.get("ip") or "") != address:
                yield from _address(f"{path}.{name}[{index}]", address, known)
    ports = subset.get("ports") or []
    for index, port in enumerate(ports):
        yield from _port(f"{path}.ports[{index}]", port, has_others=len(ports) > 1)


def _address(path: str, address: Object, known: dict[str, Object]) -> Iterator[Problem]:
    value = address.get("ip") or ""
    faults = list(ip(f"{path}.ip", value, known))
    yield from faults
    if hostname := address.get("hostname"):
        yield from dns_label(f"{path}.hostname", hostname)
    if (node := address.get("nodeName")) is not None:
        yield from dns_subdomain(f"{path}.nodeName", node)
    if not faults:
        yield from reachable_ip(f"{path}.ip", value)


def _port(path: str, port: Object, *, has_others: bool) -> Iterator[Problem]:
    name = port.get("name")
    if name:
        yield from dns_label(f"{path}.name", name)
    elif has_others:
        yield required(f"{path}.name")
    yield from port_number(f"{path}.port", port.get("port") or 0)
    yield from one_of(f"{path}.protocol", port["protocol"], PROTOCOLS)
    if (protocol := port.get("appProtocol")) is not None:
        yield from qualified_name(f"{path}.appProtocol", protocol)


def _shown(endpoints: Object, _now: float) -> str:
    subsets = endpoints.get("subsets")
    return limited(_backends(subsets)) if subsets else NONE


def _backends(subsets: list[Object]) -> Iterator[str]:
    for subset in subsets:
        ips = [address.get("ip") or "" for address in subset.get("addresses") or ()]
        ports = subset.get("ports")
        if not ports:
            yield from ips
        for port in ports or ():
            yield from (authority(each, port["port"]) for each in ips)


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Forms of addresses that will not last."""
    for index, subset in enumerate(new.get("subsets") or ()):
        for field in ("addresses", "notReadyAddresses"):
            for place, address in enumerate(subset.get(field) or ()):
                yield from address_hint(f"subsets[{index}].{field}[{place}].ip", address.get("ip") or "")


ENDPOINTS = Kind(
    group="", version="v1", name="Endpoints", plural="endpoints",
    singular="endpoints",
    short_names=("ep",),
    columns=(Column("Endpoints", _shown), AGE),
    defaults=defaults,
    validate=validate,
    warnings=warnings,
    deprecated=DEPRECATED,
    create_on_update=True,
)  # fmt: skip
