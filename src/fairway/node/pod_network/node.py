"""Node: what the machine needs before the first pod: addresses of its own, routes, forwarding, masquerade.

The gateway address and that of the DNS sit on a dummy device named for the cluster.  The service ranges are routed
through it with the gateway as source, so that the machine itself reaches cluster addresses even where it has no default
route.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

from fairway.node.machine import Machine
from fairway.node.names import cluster_alias, gateway_device
from fairway.node.pod_network import masquerade, sysctls
from fairway.node.pod_network.host_ports import publishing
from fairway.node.pod_network.loopback import close_loopback
from fairway.node.propagation import make_shared
from fairway.node.rtnetlink.connection import Connection, RtnetlinkRefusal
from fairway.node.rtnetlink.messages import (
    RTPROT_RA,
    SCOPE_LINK,
    Link,
    Request,
    Route,
    add_address,
    add_route,
    add_unreachable,
    del_link,
    del_route,
    del_unreachable,
    dump_routes,
    new_device,
    no_link_local,
    parse_route,
    set_alias,
    set_up,
)
from fairway.node.runtimes.interface import RuntimeFailure

GONE = (errno.ENODEV,)
ROUTE_LOCALNET = "net.ipv4.conf.all.route_localnet"
CONNECTIONS = "net.netfilter.nf_conntrack_max"
TIMEOUTS = {
    "net.netfilter.nf_conntrack_tcp_timeout_established": "86400",
    "net.netfilter.nf_conntrack_tcp_timeout_close_wait": "3600",
}
"""In seconds, as kube-proxy's defaults."""


def sysctl_records(machine: Machine) -> Path:
    """Where the clusters of one machine keep what they changed of its settings."""
    return machine.run_path.parent / ".sysctls"


def wanted_sysctls(machine: Machine, advertised: Iterable[str]) -> dict[str, str]:
    """The settings without which no packet is forwarded, in the order in which they are to be set.

    ``advertised`` are the devices whose default route came by a router's advertisement: a machine that forwards hears
    of routers only where ``accept_ra`` is 2, and forgets the others at once.
    Source: Linux, Documentation/networking/ip-sysctl.
    """
    wanted = {"net.ipv4.ip_forward": "1"}
    if machine.has_ipv6:
        wanted |= {sysctls.of_device("ipv6", device, "accept_ra"): "2" for device in advertised}
        wanted["net.ipv6.conf.all.forwarding"] = "1"
    return wanted


def gateway_requests(machine: Machine, index: int) -> list[Request]:
    """Address and routes of the gateway device."""
    requests = [
        set_alias(index, cluster_alias(machine.cluster)),
        no_link_local(index),
    ]
    for address in (*machine.gateways, *machine.dns_addresses):
        requests.append(add_address(index, f"{address}/{128 if ':' in address else 32}", (errno.EEXIST,)))
    requests += [set_up(index), *map(add_unreachable, machine.pod_cidrs)]
    for cidr in machine.service_cidrs:
        scope = 0 if ":" in cidr else SCOPE_LINK
        requests.append(add_route(cidr, index, source=machine.gateway_for(cidr), scope=scope))
    return requests


def stale_routes(routes: Iterable[Route], index: int, machine: Machine) -> list[str]:
    """Where the gateway device leads though no range of the cluster is there any more.  Pure."""
    return [
        each.destination
        for each in routes
        if each.index == index and each.destination not in machine.service_cidrs and not _is_own(each, machine)
    ]


def _is_own(route: Route, machine: Machine) -> bool:
    """Whether the kernel made the route for an IPv6 address of the device; those of IPv4 are in another table."""
    address, _, prefix = route.destination.partition("/")
    return prefix == "128" and address in (*machine.gateways, *machine.dns_addresses)


def gateway_up(machine: Machine, connection: Connection) -> Link:
    """The device with the node's own addresses, made if it is not there; repeating it is harmless."""
    link = connection.link(gateway_device(machine.cluster)) or _make_gateway(connection, machine.cluster)
    connection.run(gateway_requests(machine, link.index))
    return link


def _up(machine: Machine) -> None:
    machine.netns_path.mkdir(parents=True, exist_ok=True)
    make_shared(machine.run_path)
    with Connection() as connection:
        wanted = wanted_sysctls(machine, _advertised(connection))
        sysctls.hold(sysctl_records(machine), machine.cluster, wanted)
        link = gateway_up(machine, connection)
        listed = [each for family in _families(machine) for each in connection.dump(dump_routes(family))]
        found = filter(None, map(parse_route, listed))
        connection.run([del_route(each, link.index) for each in stale_routes(found, link.index, machine)])
    masquerade.load(machine)


def _advertised(connection: Connection) -> list[str]:
    """Devices with a default route that a router advertised."""
    routes = filter(None, map(parse_route, connection.dump(dump_routes(socket.AF_INET6))))
    indexes = {each.index for each in routes if each.protocol == RTPROT_RA and not each.destination}
    return [link.name for link in connection.links() if link.index in indexes] if indexes else []


def _families(machine: Machine) -> list[int]:
    """The address families of which the machine may have routes of ours; IPv4's go with IPv4's ranges alone."""
    return [socket.AF_INET, *([socket.AF_INET6] if machine.has_ipv6 else [])]


def _make_gateway(connection: Connection, cluster: str) -> Link:
    """A dummy device; where the kernel has none (small cloud kernels), a bridge without ports does as well."""
    device = gateway_device(cluster)
    try:
        connection.run([new_device(device, "dummy")])
    except RtnetlinkRefusal as refusal:
        if refusal.errno == errno.EOPNOTSUPP:
            connection.run([new_device(device, "bridge")])
        elif refusal.errno != errno.EEXIST:  # Another node of this machine may be making it, too.
            raise
    link = connection.link(device)
    if link is None:
        raise RuntimeFailure("NetworkNotReady", f"device {device} vanished while it was made")
    return link


async def node_network_up(machine: Machine) -> None:
    """Make the machine ready for pods; repeating it is harmless.  Raises: ``RuntimeFailure``."""
    try:
        await asyncio.to_thread(_up, machine)
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise RuntimeFailure("NetworkNotReady", f"preparing the node's network failed: {what}") from error


def connection_sysctls(machine: Machine, processors: int, is_writable: Callable[[str], bool]) -> dict[str, str]:
    """What connections to Services need, beside forwarding; the values of connection tracking are kube-proxy's.

    ``is_writable`` tells whether a setting is there and ours to set: some belong to the first network namespace alone.
    The size of the connection table is a floor.
    """
    wanted = {name: value for name, value in TIMEOUTS.items() if is_writable(name)}
    if is_writable(CONNECTIONS) and int(sysctls.read(CONNECTIONS)) < (most := max(131072, 32768 * processors)):
        wanted[CONNECTIONS] = str(most)
    if 4 in machine.loopback:
        wanted[ROUTE_LOCALNET] = "1"
    return wanted


def settle_connections(machine: Machine) -> None:
    """Set them; to be called when the proxy's rules are in force, since they keep outsiders from 127.0.0.0/8."""
    wanted = connection_sysctls(machine, os.cpu_count() or 1, sysctls.is_writable)
    unwanted = () if 4 in machine.loopback else (ROUTE_LOCALNET,)
    sysctls.hold(sysctl_records(machine), machine.cluster, wanted, unwanted)


def gateway_down(machine: Machine) -> list[str]:
    """Remove device, routes, table and settings; returns what was removed."""
    removed = []
    device = gateway_device(machine.cluster)
    with Connection() as connection:
        link = connection.link(device)
        if link is not None and link.alias in ("", cluster_alias(machine.cluster)):
            connection.run([del_link(link.index, GONE)])
            removed.append(f"device {device}")
        connection.run([del_unreachable(cidr) for cidr in machine.pod_cidrs])
        close_loopback(connection, machine.cluster)
    if masquerade.unload(machine.cluster):
        removed.append("masquerade table")
    if publishing.unload(machine.cluster):
        removed.append("host ports")
    restored = sysctls.release(sysctl_records(machine), machine.cluster)
    return removed + [f"setting {name}" for name in restored]


def default_mtu(connection: Connection) -> int:
    """The MTU of the device with the default route; 1500 without one."""
    links = {link.index: link.mtu for link in connection.links()}
    for family in (socket.AF_INET, socket.AF_INET6):
        for payload in connection.dump(dump_routes(family)):
            route = parse_route(payload)
            if route is not None and not route.destination and route.index in links:
                return links[route.index]
    return 1500
