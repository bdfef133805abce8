"""The description of a Service: every field that it has, and the first endpoints of each port."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.page import NONE, UNSET, Page, joined
from fairway.cli.describe.world import Refused, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fairway.cli.describe.world import World
    from fairway.objects import Object

SHOWN = 3
"""Endpoints of a port that are named; the others are counted."""


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    spec = found.get("spec") or {}
    page.head(found["metadata"])
    page.line(0, "Selector:", joined(spec.get("selector")))
    page.line(0, "Type:", spec.get("type", ""))
    for title, value in (*_addresses(spec), *_outside(found)):
        page.line(0, f"{title}:", value)
    slices = of_service(world, found["metadata"].get("namespace", ""), found["metadata"]["name"])
    for port in spec.get("ports") or ():
        _port(page, port, slices)
    page.line(0, "Session Affinity:", spec.get("sessionAffinity", ""))
    for title, value in _policies(spec):
        page.line(0, f"{title}:", value)
    events.write(page, found, world)


def of_service(world: World, namespace: str, name: str) -> list[Object]:
    """The endpoint slices of a Service; none if the API refuses to say."""
    path = within(namespace, "endpointslices", "discovery.k8s.io")
    try:
        return world.list(path, labels=f"kubernetes.io/service-name={name}")
    except Refused:
        return []


def _addresses(spec: Object) -> Iterator[tuple[str, Any]]:
    if spec.get("ipFamilyPolicy") is not None:
        yield "IP Family Policy", spec["ipFamilyPolicy"]
    yield "IP Families", ",".join(spec.get("ipFamilies") or ()) or NONE
    yield "IP", spec.get("clusterIP", "")
    yield "IPs", ",".join(spec.get("clusterIPs") or ()) or NONE


def _outside(found: Object) -> Iterator[tuple[str, Any]]:
    spec = found.get("spec") or {}
    if spec.get("externalIPs"):
        yield "External IPs", ",".join(spec["externalIPs"])
    if spec.get("loadBalancerIP"):
        yield "Desired LoadBalancer IP", spec["loadBalancerIP"]
    if spec.get("externalName"):
        yield "External Name", spec["externalName"]
    balancers = ((found.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    if balancers:
        yield "LoadBalancer Ingress", ", ".join(map(_balancer, balancers))


def _balancer(found: Object) -> str:
    if not found.get("ip"):
        return str(found.get("hostname", ""))
    return f"{found['ip']} ({found['ipMode']})" if found.get("ipMode") is not None else str(found["ip"])


def _port(page: Page, port: Object, slices: list[Object]) -> None:
    name, protocol = port.get("name") or UNSET, port.get("protocol", "")
    page.line(0, "Port:", name, f"{port.get('port', 0)}/{protocol}")
    page.line(0, "TargetPort:", f"{port.get('targetPort', 0)}/{protocol}")
    if port.get("appProtocol") is not None:
        page.line(0, "AppProtocol:", port["appProtocol"])
    if port.get("nodePort"):
        page.line(0, "NodePort:", name, f"{port['nodePort']}/{protocol}")
    page.line(0, "Endpoints:", endpoints(slices, port.get("name") or ""))


def _policies(spec: Object) -> Iterator[tuple[str, Any]]:
    if spec.get("externalTrafficPolicy"):
        yield "External Traffic Policy", spec["externalTrafficPolicy"]
    if spec.get("internalTrafficPolicy") is not None:
        yield "Internal Traffic Policy", spec["internalTrafficPolicy"]
    if spec.get("healthCheckNodePort"):
        yield "HealthCheck NodePort", spec["healthCheckNodePort"]
    if spec.get("loadBalancerSourceRanges"):
        yield "LoadBalancer Source Ranges", ",".join(spec["loadBalancerSourceRanges"])
    if spec.get("trafficDistribution") is not None:
        yield "Traffic Distribution", spec["trafficDistribution"]


def endpoints(slices: list[Object], port: str) -> str:
    """The first ready endpoints of one port, and how many more there are; ``<none>`` without a slice.

    A slice without ports (of a headless Service without any) shows bare addresses.
    """
    if not slices:
        return NONE
    shown: list[str] = []
    is_more, count = False, 0
    for address, is_ready in _candidates(slices, port):
        # kubectl says "more" as soon as it meets one beyond the third, ready or not.
        is_more = is_more or len(shown) == SHOWN
        if not is_ready:
            continue
        if not is_more:
            shown.append(address)
        count += 1
    text = ",".join(shown)
    return f"{text} + {count - SHOWN} more..." if is_more else text


def _candidates(slices: list[Object], port: str) -> Iterator[tuple[str, bool]]:
    for one in slices:
        numbers = [each.get("port") or 0 for each in one.get("ports") or () if (each.get("name") or "") == port]
        for number in numbers if one.get("ports") else (None,):
            for endpoint in one.get("endpoints") or ():
                is_ready = (endpoint.get("conditions") or {}).get("ready") is not False
                address = endpoint["addresses"][0]
                yield address if number is None else host_port(address, number), is_ready


def host_port(host: str, port: object) -> str:
    """``10.0.0.1:80``, ``[fd00::1]:80``."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
