"""Upstreams: the servers behind one port of a Service, as Service and EndpointSlices say.  Pure.

Rules: ready endpoints serve; where there is none, those that terminate and still serve do (KEP-1669).  Of a Service
with both families its IPv4 endpoints are used, or else those of IPv6.
Source: Kubernetes docs, "EndpointSlices", "Service", "Application protocol"; KEP-3726 (kubernetes.io/h2c, ws, wss).
"""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from fairway.ingress.model import Backend, Protocol, Server, Upstream
from fairway.kinds.well_known import SERVICE_NAME
from fairway.objects import Object

DEFAULT_AFFINITY_S: Final = 10800
PROTOCOLS: Final[Mapping[str, Protocol]] = {
    "kubernetes.io/h2c": "h2c", "h2c": "h2c", "grpc": "h2c", "http2": "h2c",
    "https": "https", "kubernetes.io/wss": "https", "wss": "https", "grpcs": "grpcs",
}  # fmt: skip
"""By a Service port's ``appProtocol``, in lower case; all others are HTTP/1.1."""


class ServicePort(NamedTuple):
    """One port of a Service."""

    name: str
    number: int
    protocol: str
    app_protocol: str


class Service(NamedTuple):
    """What is needed of a Service."""

    type: str
    ports: tuple[ServicePort, ...]
    affinity_s: int


class Endpoint(NamedTuple):
    """One address of a slice."""

    host: str
    is_ready: bool
    is_serving: bool
    is_terminating: bool


class Slice(NamedTuple):
    """What is needed of an EndpointSlice; ``ports`` are names and numbers of TCP."""

    service: str
    family: str
    ports: tuple[tuple[str, int], ...]
    endpoints: tuple[Endpoint, ...]
    triggered: str = ""


class Fault(NamedTuple):
    """Why nothing is behind a backend.  ``is_early``: perhaps not yet."""

    reason: str
    message: str
    is_early: bool = False


def service_of(found: Object) -> Service:
    """What is needed of a Service."""
    spec = found["spec"]
    ports = tuple(
        ServicePort(
            port.get("name") or "", port["port"], port.get("protocol") or "TCP", (port.get("appProtocol") or "").lower()
        )
        for port in spec.get("ports") or ()
    )
    return Service(spec.get("type") or "ClusterIP", ports, _affinity_s(spec))


def _affinity_s(spec: Mapping[str, Any]) -> int:
    if spec.get("sessionAffinity") != "ClientIP":
        return 0
    client_ip = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    return client_ip.get("timeoutSeconds") or DEFAULT_AFFINITY_S


def slice_of(found: Object) -> Slice | None:
    """What is needed of an EndpointSlice; ``None`` if it belongs to no Service."""
    meta = found["metadata"]
    service = (meta.get("labels") or {}).get(SERVICE_NAME)
    if not service:
        return None
    ports = tuple(
        (port.get("name") or "", port["port"])
        for port in found.get("ports") or ()
        if port.get("port") and (port.get("protocol") or "TCP") == "TCP"
    )
    triggered = (meta.get("annotations") or {}).get("endpoints.kubernetes.io/last-change-trigger-time") or ""
    endpoints = tuple(_endpoint(one) for one in found.get("endpoints") or () if _is_address(one))
    return Slice(
        f"{meta.get('namespace') or ''}/{service}", found.get("addressType") or "", ports, endpoints, triggered
    )


def _is_address(endpoint: Mapping[str, Any]) -> bool:
    try:
        found = ipaddress.ip_address(endpoint["addresses"][0])
    except (LookupError, TypeError, ValueError):
        return False
    # A zone may be any text, and what is taken here becomes a word of the engine's commands.
    return getattr(found, "scope_id", None) is None


def _endpoint(endpoint: Mapping[str, Any]) -> Endpoint:
    conditions = endpoint.get("conditions") or {}
    is_ready = conditions.get("ready") is not False
    serving = conditions.get("serving")
    is_serving = is_ready if serving is None else bool(serving)
    return Endpoint(endpoint["addresses"][0], is_ready, is_serving, bool(conditions.get("terminating")))


def resolve(backend: Backend, service: Service | None, slices: Iterable[Slice]) -> tuple[Upstream, Fault | None]:
    """The servers behind a backend, and what is wrong with it."""
    name = backend.service
    if not name:
        return Upstream(), None
    if service is None:
        return Upstream(), Fault("ServiceNotFound", f'Service "{name}" does not exist: its paths answer 503', True)
    if service.type == "ExternalName":
        text = f'Service "{name}" is of type ExternalName, which has no endpoints: its paths answer 503'
        return Upstream(), Fault("ExternalName", text)
    port = find_port(service, backend.port)
    if port is None:
        return Upstream(), Fault("PortNotFound", _port_missing(backend, service))
    if port.protocol != "TCP":
        text = f'port {backend.port} of Service "{name}" is {port.protocol}, HTTP needs TCP: its paths answer 503'
        return Upstream(), Fault("PortNotTcp", text)
    servers, is_leaving = _servers(port.name, slices)
    found = Upstream(PROTOCOLS.get(port.app_protocol, "http"), service.affinity_s, servers, is_leaving)
    if servers:
        return found, None
    return found, Fault("NoEndpoints", f'Service "{name}" has no ready endpoint: its paths answer 503', True)


def find_port(service: Service, wanted: str) -> ServicePort | None:
    """The port of that name, or of that number; of one number with several protocols that of TCP."""
    found = [port for port in service.ports if wanted in (port.name, str(port.number)) and wanted]
    return next((port for port in found if port.protocol == "TCP"), found[0] if found else None)


def _port_missing(backend: Backend, service: Service) -> str:
    there = ", ".join(f"{port.name} ({port.number})" if port.name else str(port.number) for port in service.ports)
    what = "number" if backend.port.isdecimal() else "name"
    return (
        f'Service "{backend.service}" has no port with the {what} {backend.port}, it has {there or "none"}: '
        "its paths answer 503"
    )


def _servers(port_name: str, slices: Iterable[Slice]) -> tuple[frozenset[Server], bool]:
    by_family: dict[str, list[tuple[Endpoint, int]]] = {}
    for each in slices:
        numbers = [number for name, number in each.ports if name == port_name]
        if each.family in ("IPv4", "IPv6") and numbers:
            by_family.setdefault(each.family, []).extend((one, number) for one in each.endpoints for number in numbers)
    for choose in (_is_good, _still_serves):
        for family in sorted(by_family):
            if chosen := frozenset(Server(one.host, number) for one, number in by_family[family] if choose(one)):
                return chosen, choose is _still_serves
    return frozenset(), False


def _is_good(endpoint: Endpoint) -> bool:
    return endpoint.is_ready and not endpoint.is_terminating


def _still_serves(endpoint: Endpoint) -> bool:
    return endpoint.is_serving and endpoint.is_terminating
