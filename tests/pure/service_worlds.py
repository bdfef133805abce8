"""Random sets of Services with their slices, as objects of the API, and what is known beside them.

Shape: ``worlds(members)`` is a strategy of ``World``; a member is a pod that may stand in a slice.  Both families.
"""

from typing import Any, NamedTuple

from hypothesis import strategies as st

from fairway.objects import Object

SERVICE_CIDRS = ("10.96.0.0/16", "fd96::/112")
EXTERNAL = ("192.0.2.9", "fd99::9")
UNUSED = ("10.96.0.77", "fd96::77")
TARGETS = (8080, 8081)
PROXY_NAME = {"service.kubernetes.io/service-proxy-name": "another"}
HEADLESS = {"service.kubernetes.io/headless": ""}


class Member(NamedTuple):
    """A pod that may answer: its node and its address in each family."""

    node: str
    ips: tuple[str, str]


class Here(NamedTuple):
    """The node that the proxy works on."""

    name: str
    zone: str
    addresses: tuple[str, ...]
    pod_cidrs: tuple[str, ...]
    node_port_addresses: tuple[str, ...] = ()


class World(NamedTuple):
    """Everything that decides about a packet."""

    services: tuple[Object, ...]
    slices: tuple[Object, ...]
    here: Here


def cluster_ips(number: int) -> tuple[str, str]:
    return f"10.96.0.{number}", f"fd96::{number}"


def balancer_ips(number: int) -> tuple[str, str]:
    return f"192.0.2.{100 + number}", f"fd99::{100 + number}"


def node_ports(number: int) -> tuple[int, int]:
    """For TCP and for UDP."""
    return 30000 + number * 10, 30001 + number * 10


_CONDITIONS: tuple[dict[str, bool | None] | None, ...] = (
    None,
    {"ready": True, "serving": True, "terminating": False},
    {"ready": True, "serving": None, "terminating": None},
    {"ready": False, "serving": False, "terminating": False},
    {"ready": False, "serving": True, "terminating": True},
    {"ready": False, "serving": True, "terminating": True},
    {"ready": False, "serving": False, "terminating": True},
    {"ready": True, "serving": True, "terminating": True},
)


@st.composite
def worlds(draw: st.DrawFn, members: tuple[Member, ...], here: Here, sources: tuple[str, ...]) -> World:
    """Up to three Services; ``sources`` are CIDRs that source ranges may name."""
    numbers = range(1, draw(st.integers(1, 3)) + 1)
    services = tuple(draw(_services(number, sources)) for number in numbers)
    slices = tuple(
        draw(_slices(number, place, family, members))
        for number in numbers
        for family in (0, 1)
        for place in range(draw(st.integers(0, 2)))
    )
    return World(services, slices, here)


@st.composite
def _services(draw: st.DrawFn, number: int, sources: tuple[str, ...]) -> Object:
    type_ = draw(st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer", "LoadBalancer"]))
    has_node_ports = type_ == "NodePort" or (type_ == "LoadBalancer" and draw(st.booleans()))
    ports: list[dict[str, Any]] = [{"name": "t", "port": 80}, {"name": "u", "port": 53, "protocol": "UDP"}]
    if has_node_ports:
        for port, node_port in zip(ports, node_ports(number), strict=True):
            port["nodePort"] = node_port
    spec: dict[str, Any] = {
        "type": type_, "clusterIP": cluster_ips(number)[0], "clusterIPs": list(cluster_ips(number)), "ports": ports,
        "sessionAffinity": draw(st.sampled_from(["None", "None", "ClientIP"])),
        "internalTrafficPolicy": draw(st.sampled_from(["Cluster", "Cluster", "Local"])),
    }  # fmt: skip
    if draw(st.integers(0, 3)) == 0:
        spec["externalIPs"] = list(EXTERNAL)
    if type_ != "ClusterIP" or "externalIPs" in spec:
        spec["externalTrafficPolicy"] = draw(st.sampled_from(["Cluster", "Local"]))
    made: Object = {"metadata": {"namespace": "default", "name": f"s{number}"}, "spec": spec, "status": {}}
    if type_ == "LoadBalancer":
        mode = draw(st.sampled_from([{}, {"ipMode": "VIP"}, {"ipMode": "Proxy"}]))
        made["status"] = {"loadBalancer": {"ingress": [{"ip": ip, **mode} for ip in balancer_ips(number)]}}
        ranges = draw(st.lists(st.sampled_from(sources), unique=True, max_size=3))
        if ranges:
            spec["loadBalancerSourceRanges"] = ranges
    if draw(st.integers(0, 7)) == 0:
        made["metadata"]["labels"] = dict(PROXY_NAME)
    return made


@st.composite
def _slices(draw: st.DrawFn, number: int, place: int, family: int, members: tuple[Member, ...]) -> Object:
    target = draw(st.sampled_from(TARGETS))
    ports: list[dict[str, Any]] = [{"name": "t", "port": target}, {"name": "u", "port": target, "protocol": "UDP"}]
    if draw(st.integers(0, 5)) == 0:
        ports.pop()
    labels = {"kubernetes.io/service-name": f"s{number}"}
    if draw(st.integers(0, 9)) == 0:
        labels |= HEADLESS
    chosen = draw(st.lists(st.sampled_from(members), unique=True, max_size=len(members)))
    return {
        "metadata": {"namespace": "default", "name": f"s{number}-{family}-{place}", "labels": labels},
        "addressType": ("IPv4", "IPv6")[family],
        "ports": ports,
        "endpoints": [draw(_endpoints(member, family)) for member in chosen],
    }


@st.composite
def _endpoints(draw: st.DrawFn, member: Member, family: int) -> dict[str, Any]:
    made: dict[str, Any] = {"addresses": [member.ips[family]], "nodeName": member.node}
    conditions = draw(st.sampled_from(_CONDITIONS))
    if conditions is not None:
        made["conditions"] = dict(conditions)
    hints: dict[str, Any] = {}
    zones = draw(st.sampled_from([(), ("a",), ("a",), ("b",), ("a", "b")]))
    nodes = draw(st.sampled_from([(), (), (member.node,)]))
    if zones:
        hints["forZones"] = [{"name": zone} for zone in zones]
    if nodes:
        hints["forNodes"] = [{"name": node} for node in nodes]
    if hints:
        made["hints"] = hints
    return made
