"""Uplink: how a further node of the same machine gets a network of its own: a namespace, and a routed link out of it.

Shape: a veth pair, no bridge.  Inside, ``eth0`` bears the node's /32 address and the default route; the machine routes
that address, and the node's range of pods, through its end.  Next hops are permanent neighbours, so nobody asks by ARP.
The namespace is kept alive by a bind mount and needs no process; entering it is the first thing that the node does.
"""

import errno
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fairway.node.names import node_alias, node_device
from fairway.node.pod_network.network import LOOPBACK, hardware_address
from fairway.node.pod_network.node import default_mtu
from fairway.node.rtnetlink.connection import Connection
from fairway.node.rtnetlink.messages import (
    SCOPE_LINK,
    Link,
    Request,
    VethEnd,
    add_address,
    add_neighbour,
    add_route,
    del_link,
    dump_routes,
    new_veth,
    no_link_local,
    parse_route,
    set_alias,
    set_up,
)
from fairway.node.syscalls import CLONE_NEWNET, CLONE_NEWUTS, MS_BIND, is_namespace, mount, setns, umount, unshare

OWN_NETNS = "/proc/thread-self/ns/net"
INSIDE = "eth0"
HOST_NAME_MAX = 64
"""Linux's __NEW_UTS_LEN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """What is made for one further node.

    ``host_name`` is what it calls itself, ``netns`` is where the namespace is kept.  Of each family, the primary one
    first: the node's ``addresses``, the ranges of its pods, and as ``gateways`` the machine's own addresses among the
    pods.  ``machine_addresses`` are those of the first node; a family may be missing.
    """

    cluster: str
    number: int
    host_name: str
    netns: Path
    addresses: tuple[str, ...]
    pod_cidrs: tuple[str, ...]
    gateways: tuple[str, ...]
    machine_addresses: tuple[str, ...]

    @property
    def mac(self) -> bytes:
        """Of the node's end."""
        return hardware_address(self.addresses[0])

    @property
    def machine_mac(self) -> bytes:
        """Of the machine's end."""
        return hardware_address(self.gateways[0])


def enter(uplink: Uplink) -> None:
    """Move the calling thread, and all it will start, into the node's namespace; what is missing of it is made.

    Its host name is its own, too: pods with ``hostNetwork`` are called after their node.
    The machine must have the gateway address already, and mounts below the folder of ``netns`` must be shared.
    Raises: ``OSError``.
    """
    uplink.netns.parent.mkdir(parents=True, exist_ok=True)
    with Connection() as machine:
        _move_in(uplink.netns)
        with Connection() as inside:
            device = node_device(uplink.cluster, uplink.number)
            _remove_other(uplink, machine)
            if machine.link(device) is None:
                _connect(uplink, machine)
            link, end = machine.link(device), inside.link(INSIDE)
            if link is None or end is None:
                raise OSError(errno.ENODEV, "it vanished while it was made", device)
            inside.run(inside_requests(uplink, end.index))
            machine.run(outside_requests(uplink, link.index))
    unshare(CLONE_NEWUTS)
    socket.sethostname(uplink.host_name[:HOST_NAME_MAX])


def _move_in(netns: Path) -> None:
    if is_namespace(str(netns)):
        descriptor = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
        try:
            setns(descriptor, CLONE_NEWNET)
        finally:
            os.close(descriptor)
        return
    netns.touch()
    unshare(CLONE_NEWNET)
    mount(OWN_NETNS, str(netns), flags=MS_BIND)


def _remove_other(uplink: Uplink, machine: Connection) -> None:
    """Take away a link with other addresses than are wanted now; the pods inside keep theirs."""
    link = machine.link(node_device(uplink.cluster, uplink.number))
    if link is not None and not _routes(uplink, link, machine) <= wanted_routes(uplink):
        machine.run([del_link(link.index, (errno.ENODEV,))])


def _routes(uplink: Uplink, link: Link, machine: Connection) -> set[str]:
    """Where the machine's end leads now."""
    families = {socket.AF_INET6 if ":" in address else socket.AF_INET for address in uplink.addresses}
    listed = [parse_route(each) for family in families for each in machine.dump(dump_routes(family))]
    return {route.destination for route in listed if route is not None and route.index == link.index}


def repair(uplink: Uplink) -> bool:
    """Put back the machine's routes to a node where another program took them away; whether any was gone.

    A node without a link is about to make it.  Raises: ``OSError``.
    """
    with Connection() as machine:
        link = machine.link(node_device(uplink.cluster, uplink.number))
        if link is None or wanted_routes(uplink) <= _routes(uplink, link, machine):
            return False
        machine.run(outside_requests(uplink, link.index))
        return True


def wanted_routes(uplink: Uplink) -> set[str]:
    """Where the machine's end leads.  Pure."""
    return {f"{address}/{_family(address)[0]}" for address in uplink.addresses} | set(uplink.pod_cidrs)


def _connect(uplink: Uplink, machine: Connection) -> None:
    """Make the pair; the calling thread is inside already."""
    mtu = default_mtu(machine)
    descriptor = os.open(OWN_NETNS, os.O_RDONLY | os.O_CLOEXEC)
    try:
        end = VethEnd(node_device(uplink.cluster, uplink.number), uplink.machine_mac, mtu)
        peer = VethEnd(INSIDE, uplink.mac, mtu, netns=descriptor)
        machine.run([new_veth(end, peer)])
    finally:
        os.close(descriptor)


def inside_requests(uplink: Uplink, index: int) -> list[Request]:
    """What the node's namespace is asked to set up; repeating it is harmless.  Pure."""
    requests = [set_up(LOOPBACK), no_link_local(index), set_up(index)]
    for address, gateway in zip(uplink.addresses, uplink.gateways, strict=True):
        bits, everything, scope = _family(address)
        requests += [
            add_address(index, f"{address}/{bits}", (errno.EEXIST,)),
            add_neighbour(index, gateway, uplink.machine_mac),
            add_route(f"{gateway}/{bits}", index, scope=scope),
            add_route(everything, index, gateway=gateway),
        ]
    return requests


def outside_requests(uplink: Uplink, index: int) -> list[Request]:
    """What the machine is asked to set up for the node; repeating it is harmless.  Pure."""
    requests = [set_alias(index, node_alias(uplink.cluster, uplink.number)), no_link_local(index), set_up(index)]
    for address, gateway, pods in zip(uplink.addresses, uplink.gateways, uplink.pod_cidrs, strict=True):
        bits, _, scope = _family(address)
        own = next((each for each in uplink.machine_addresses if (":" in each) == (":" in address)), gateway)
        requests += [
            add_neighbour(index, address, uplink.mac),
            add_route(f"{address}/{bits}", index, source=own, scope=scope),
            add_route(pods, index, gateway=address, source=gateway),
        ]
    return requests


def _family(address: str) -> tuple[int, str, int]:
    """Of an address's family: bits of an address, the default route, the scope of a route without a next hop."""
    return (128, "::/0", 0) if ":" in address else (32, "0.0.0.0/0", SCOPE_LINK)


def remove(cluster: str, number: int, netns: Path) -> list[str]:
    """Take link and namespace away, and with them all that is inside; what was removed.  May be repeated."""
    removed = []
    with Connection() as machine:
        link = machine.link(node_device(cluster, number))
        if link is not None and link.alias in ("", node_alias(cluster, number)):
            machine.run([del_link(link.index, (errno.ENODEV,))])
            removed.append(f"link of node {number}")
    with suppress(FileNotFoundError):
        umount(str(netns))
        netns.unlink()
        removed.append(f"namespace of node {number}")
    return removed
