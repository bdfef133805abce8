"""EndpointSlice (discovery.k8s.io/v1): some of the addresses behind a Service.

Source: Kubernetes docs, "EndpointSlices"; KEP-752.
"""

from collections.abc import Collection, Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.addresses import IPV4, IPV6, family, ip, parsed, reachable_ip
from fairway.kinds.rules.cells import AGE, UNSET, at, limited
from fairway.kinds.rules.values import (
    PROTOCOLS,
    dns_label,
    dns_subdomain,
    each,
    fill,
    one_of,
    qualified_name,
    unchanged,
)
from fairway.objects import Object, names
from fairway.objects.errors import Problem, duplicate, invalid_value, required, too_many
from fairway.objects.labels import validate_labels

_TYPES = ("FQDN", IPV4, IPV6)
_ENDPOINTS_MAX, _ADDRESSES_MAX, _PORTS_MAX, _HINTS_MAX, _TOPOLOGY_MAX = 1000, 100, 20000, 8, 16


def defaults(new: Object) -> None:
    """Ports have an empty name and are TCP."""
    for name in ("endpoints", "ports"):
        if new.get(name) is None:
            new[name] = []
    for port in new["ports"]:
        fill(port, name="", protocol="TCP")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """The generation counts changes of all but annotations."""
    if old is not None and _content(new) != _content(old):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def _content(found: Object) -> list[object]:
    labels = found["metadata"].get("labels")
    return [labels, found.get("addressType"), found.get("endpoints"), found.get("ports")]


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule; endpoints as they were are not judged again."""
    type_ = new.get("addressType") or ""
    yield from one_of("addressType", type_, _TYPES)
    known = {} if old is None else {a: one for one in old.get("endpoints") or () for a in one.get("addresses") or ()}
    is_same_type = old is not None and old.get("addressType") == type_
    endpoints = new.get("endpoints") or []
    if len(endpoints) > _ENDPOINTS_MAX:
        yield too_many("endpoints", len(endpoints), _ENDPOINTS_MAX)
    else:
        for index, endpoint in enumerate(endpoints):
            addresses = endpoint.get("addresses")
            if is_same_type and addresses and known.get(addresses[0]) == endpoint:
                continue
            yield from _endpoint(f"endpoints[{index}]", endpoint, type_, known)
    yield from _ports(new.get("ports") or [])
    if old is not None:
        yield from unchanged("addressType", type_, old.get("addressType"))


def _endpoint(path: str, endpoint: Object, type_: str, known: Collection[str]) -> Iterator[Problem]:
    found = endpoint.get("addresses") or []
    if not found:
        yield required(f"{path}.addresses", "must contain at least 1 address")
    elif len(found) > _ADDRESSES_MAX:
        yield too_many(f"{path}.addresses", len(found), _ADDRESSES_MAX)
    for index, address in enumerate(found):
        yield from _address(f"{path}.addresses", index, address, type_, known)
    if (node := endpoint.get("nodeName")) is not None:
        yield from dns_subdomain(f"{path}.nodeName", node)
    topology = endpoint.get("deprecatedTopology") or {}
    if len(topology) > _TOPOLOGY_MAX:
        yield too_many(f"{path}.deprecatedTopology", len(topology), _TOPOLOGY_MAX)
    yield from validate_labels(topology, f"{path}.deprecatedTopology")
    if (hostname := endpoint.get("hostname")) is not None:
        yield from dns_label(f"{path}.hostname", hostname)
    for name in ("forZones", "forNodes"):
        yield from _hints(f"{path}.hints.{name}", (endpoint.get("hints") or {}).get(name) or [])


def _address(path: str, index: int, address: str, type_: str, known: Collection[str]) -> Iterator[Problem]:
    if type_ == "FQDN":
        yield from _domain(f"{path}[{index}]", address)
    elif type_ in (IPV4, IPV6):
        faults = list(ip(f"{path}[{index}]", address, known))
        yield from faults
        if faults:
            return
        if family(address) != type_:
            yield invalid_value(path, address, f"must be an {type_} address")
        yield from reachable_ip(f"{path}[{index}]", address)


def _domain(path: str, value: str) -> Iterator[Problem]:
    name = value.removesuffix(".")
    if not name:
        yield required(path)
    elif "." not in name:
        yield invalid_value(path, name, "should be a domain with at least two segments separated by dots")
    else:
        for label in name.split("."):
            yield from dns_label(path, label)


def _hints(path: str, hints: list[Object]) -> Iterator[Problem]:
    if len(hints) > _HINTS_MAX:
        yield too_many(path, len(hints), _HINTS_MAX)
        return
    seen: set[str] = set()
    for index, hint in enumerate(hints):
        name = hint.get("name") or ""
        if name in seen:
            yield duplicate(f"{path}[{index}].name", name)
        seen.add(name)
        yield from each(f"{path}[{index}].name", name, names.label_value(name))


def _ports(ports: list[Object]) -> Iterator[Problem]:
    if len(ports) > _PORTS_MAX:
        yield too_many("ports", len(ports), _PORTS_MAX)
        return
    seen: set[str] = set()
    for index, port in enumerate(ports):
        path, name = f"ports[{index}]", port["name"]
        if name:
            yield from dns_label(f"{path}.name", name)
        if name in seen:
            yield duplicate(f"{path}.name", name)
        seen.add(name)
        yield from one_of(f"{path}.protocol", port["protocol"], PROTOCOLS)
        if (protocol := port.get("appProtocol")) is not None:
            yield from qualified_name(f"{path}.appProtocol", protocol)


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Forms of addresses that will not last."""
    if new.get("addressType") == "FQDN":
        yield "addressType: FQDN endpoints are deprecated"
    if new.get("addressType") != IPV6:
        return
    for index, endpoint in enumerate(new.get("endpoints") or ()):
        for place, address in enumerate(endpoint.get("addresses") or ()):
            if address != str(parsed(address)):
                yield (
                    f'endpoints[{index}].addresses[{place}]: IPv6 address "{address}" should be in RFC 5952 canonical'
                    f' format ("{parsed(address)}")'
                )


def _ports_shown(found: Object, _now: float) -> str:
    ports = found.get("ports") or ()
    return limited(str(port["port"]) if port.get("port") else port.get("name") or "*" for port in ports) or UNSET


def _endpoints_shown(found: Object, _now: float) -> str:
    return limited(a for one in found.get("endpoints") or () for a in one.get("addresses") or ()) or UNSET


ENDPOINT_SLICE = Kind(
    group="discovery.k8s.io", version="v1", name="EndpointSlice", plural="endpointslices",
    columns=(
        Column("AddressType", at("addressType")),
        Column("Ports", _ports_shown),
        Column("Endpoints", _endpoints_shown),
        AGE,
    ),
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    warnings=warnings,
    has_generation=True,
)  # fmt: skip
