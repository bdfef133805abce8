"""Inputs: Services, EndpointSlices and the Node, reduced to what the proxy needs of them.

Shape: an object as on the wire in, a small record of ``model`` out; ``None`` for what the proxy does not serve.  Pure.
Nothing here fails on an odd object: an address that is none is left out, since one bad endpoint must not take a
Service, and one bad Service must not take the table, out of service.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Any, Final, TypeVar

from fairway.kinds.rules import host_ports
from fairway.kinds.well_known import HEADLESS, SERVICE_NAME, SOURCE_RANGES, TRIGGER_TIME, ZONE
from fairway.objects import Object
from fairway.proxy.model import (
    IPV4,
    IPV6,
    PROTOCOLS,
    READY,
    SERVING,
    TERMINATING,
    Address,
    AddressError,
    HostPort,
    NodeView,
    Port,
    Range,
    Service,
    Slice,
    SliceEndpoint,
    SlicePort,
    address,
    address_range,
)

SERVICE_PROXY_NAME: Final = "service.kubernetes.io/service-proxy-name"
TO_BE_DELETED: Final = "ToBeDeletedByClusterAutoscaler"
DEFAULT_AFFINITY_S: Final = 10800

_Ports = TypeVar("_Ports", tuple[Port, ...], tuple[SlicePort, ...])
_FAMILY = {"IPv4": IPV4, "IPv6": IPV6}
_REACHABLE = ("NodePort", "LoadBalancer")


def service_of(found: Object) -> Service | None:
    """What the proxy keeps of a Service; ``None`` if it has no cluster IP or labels keep this proxy off it."""
    spec = found["spec"]
    cluster_ips = _addresses(spec.get("clusterIPs") or [spec.get("clusterIP")])
    if not cluster_ips or spec.get("type") == "ExternalName":
        return None
    labels = found["metadata"].get("labels") or ()
    if SERVICE_PROXY_NAME in labels or HEADLESS in labels:
        return None
    reachable = spec.get("type") in _REACHABLE
    balanced = spec.get("type") == "LoadBalancer"
    external_ips = _addresses(spec.get("externalIPs"))
    external_local = (reachable or bool(external_ips)) and spec.get("externalTrafficPolicy") == "Local"
    return Service(
        ports=_shared(
            tuple(
                Port(
                    intern(port.get("name") or ""),
                    PROTOCOLS[port.get("protocol") or "TCP"],
                    port["port"],
                    (port.get("nodePort") or 0) if reachable else 0,
                )
                for port in spec.get("ports") or ()
            )
        ),
        cluster_ips=cluster_ips,
        external_ips=external_ips,
        ingress_ips=_ingress_ips(found) if balanced else (),
        source_ranges=_source_ranges(found) if balanced else (),
        internal_local=spec.get("internalTrafficPolicy") == "Local",
        external_local=external_local,
        affinity_s=_affinity_s(spec),
        health_check_port=(spec.get("healthCheckNodePort") or 0) if balanced and external_local else 0,
        host_ports=tuple(_host_ports(found)),
    )


def slice_of(found: Object) -> Slice | None:
    """What the proxy keeps of an EndpointSlice; ``None`` if it belongs to no Service or to a headless one."""
    meta = found["metadata"]
    labels = meta.get("labels") or {}
    service = labels.get(SERVICE_NAME)
    family = _FAMILY.get(found.get("addressType") or "")
    if not service or not family or HEADLESS in labels:
        return None
    return Slice(
        service=f"{meta.get('namespace') or ''}/{service}",
        family=family,
        ports=_shared(
            tuple(
                SlicePort(intern(port.get("name") or ""), PROTOCOLS[port.get("protocol") or "TCP"], port["port"])
                for port in found.get("ports") or ()
                if port.get("port")
            )
        ),
        endpoints=tuple(_endpoints(found.get("endpoints") or (), family)),
        triggered_s=_time((meta.get("annotations") or {}).get(TRIGGER_TIME)),
    )


def node_of(found: Object) -> NodeView:
    """What matters of the proxy's own Node."""
    meta, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    cidrs = spec.get("podCIDRs") or [spec.get("podCIDR")]
    known = (entry.get("address") for entry in status.get("addresses") or () if entry.get("type") != "Hostname")
    return NodeView(
        name=meta["name"],
        zone=(meta.get("labels") or {}).get(ZONE, ""),
        addresses=tuple(dict.fromkeys(_addresses(known))),
        pod_cidrs=tuple(cidr for cidr in cidrs if cidr),
        is_eligible=not meta.get("deletionTimestamp")
        and all(taint.get("key") != TO_BE_DELETED for taint in spec.get("taints") or ()),
    )


def service_cidrs_of(found: Object) -> tuple[str, ...]:
    """The ranges of a ServiceCIDR."""
    return tuple(found["spec"].get("cidrs") or ())


@lru_cache(maxsize=4096)
def _shared(ports: _Ports) -> _Ports:
    """The same ports, once in memory: most Services have those that many others have."""
    return ports


def _addresses(texts: Iterable[str | None] | None) -> tuple[Address, ...]:
    packed = []
    for text in texts or ():
        try:
            packed.append(address(text or ""))
        except AddressError:
            continue  # "", "None", a host name
    return tuple(packed)


def _affinity_s(spec: dict[str, Any]) -> int:
    if spec.get("sessionAffinity") != "ClientIP":
        return 0
    client_ip = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    return client_ip.get("timeoutSeconds") or DEFAULT_AFFINITY_S


def _host_ports(found: Object) -> Iterator[HostPort]:
    for each in host_ports.host_ports_of(found):
        port = host_ports.port_of(each, found["spec"].get("ports") or ())
        if port is not None:
            at = address(each.address) if each.address else b""
            yield HostPort(at, PROTOCOLS[each.protocol], each.host_port, port["port"])


def _ingress_ips(found: Object) -> tuple[Address, ...]:
    balancer = (found.get("status") or {}).get("loadBalancer") or {}
    return _addresses(
        ingress.get("ip") for ingress in balancer.get("ingress") or () if ingress.get("ipMode") != "Proxy"
    )


def _source_ranges(found: Object) -> tuple[Range, ...]:
    texts = found["spec"].get("loadBalancerSourceRanges")
    if not texts:
        annotations = found["metadata"].get("annotations") or {}
        texts = [text for text in annotations.get(SOURCE_RANGES, "").split(",") if text.strip()]
    ranges = []
    for text in texts:
        try:
            ranges.append(address_range(text))
        except AddressError:
            continue
    return tuple(ranges)


def _endpoints(found: Iterable[dict[str, Any]], family: int) -> Iterable[SliceEndpoint]:
    for entry in found:
        try:
            packed = address(entry["addresses"][0])
        except (AddressError, LookupError, TypeError):
            continue
        if len(packed) != (4 if family == IPV4 else 16):
            continue
        hints = entry.get("hints") or {}
        yield SliceEndpoint(
            packed,
            intern(entry.get("nodeName") or ""),
            _state(entry.get("conditions") or {}),
            _names(hints.get("forZones")),
            _names(hints.get("forNodes")),
        )


def _state(conditions: dict[str, Any]) -> int:
    """The three conditions; ready and serving are true unless they are said to be false."""
    state = 0
    ready = conditions.get("ready")
    serving = conditions.get("serving")
    if ready is None or ready:
        state |= READY
    if serving or (serving is None and state & READY):
        state |= SERVING
    if conditions.get("terminating"):
        state |= TERMINATING
    return state


def _names(hints: Iterable[dict[str, Any]] | None) -> tuple[str, ...]:
    return tuple(intern(hint["name"]) for hint in hints) if hints else ()


def _time(text: str | None) -> float:
    if not text:
        return 0.0
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0
