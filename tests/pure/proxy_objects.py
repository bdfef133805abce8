"""Builders of Services, slices and resolved ports for the proxy's tests."""

from typing import Any

from fairway.proxy.model import (
    CLUSTER_IP,
    EXTERNAL_IP,
    NODE_PORT,
    READY,
    SERVING,
    TCP,
    Address,
    Endpoint,
    Frontend,
    NodeView,
    Port,
    Service,
    ServicePort,
    Settings,
    Slice,
    SliceEndpoint,
    SlicePort,
    address,
    endpoint,
    frontend_key,
)

UP = READY | SERVING
NODE = NodeView("here", zone="a", addresses=(address("192.0.2.1"),))
SETTINGS = Settings(service_cidrs=("10.96.0.0/16",), pod_cidrs=("10.244.0.0/24", "fd44::/112"))


def at(text: str) -> Endpoint:
    """``10.0.0.1:80`` as an endpoint."""
    host, _, port = text.rpartition(":")
    return endpoint(address(host.strip("[]")), int(port))


def service(*ips: str, ports: tuple[Port, ...] = (Port("", TCP, 80, 0),), **more: Any) -> Service:
    return Service(ports, tuple(address(ip) for ip in ips or ("10.96.0.10",)), **more)


def member(ip: str, node: str = "here", state: int = UP, **hints: Any) -> SliceEndpoint:
    return SliceEndpoint(address(ip), node, state, **hints)


def made_slice(*members: SliceEndpoint, ports: tuple[SlicePort, ...] = (SlicePort("", TCP, 8080),)) -> Slice:
    family = 6 if members and len(members[0].address) == 16 else 4
    return Slice("default/web", family, ports, members)


def service_port(
    *endpoints: str, ip: str = "10.96.0.10", port: int = 80, flags: int = 1, local: tuple[str, ...] | None = None,
    affinity_s: int = 0, node_port: int = 0, external_ip: str = "", hairpin: tuple[str, ...] = (), protocol: int = TCP,
) -> ServicePort:  # fmt: skip
    frontends = [Frontend(frontend_key(address(ip), protocol, port), CLUSTER_IP, flags)]
    if node_port:
        frontends.append(Frontend(frontend_key(b"", protocol, node_port), NODE_PORT, 2))
    if external_ip:
        frontends.append(Frontend(frontend_key(address(external_ip), protocol, port), EXTERNAL_IP, 2))
    found = tuple(at(each) for each in endpoints)
    return ServicePort(
        protocol, port, tuple(frontends), found, None if local is None else tuple(at(each) for each in local),
        affinity_s, tuple(Address(address(each)) for each in hairpin), None if protocol == TCP else frozenset(found),
    )  # fmt: skip
