"""Network: gives each pod a namespace of its own, an address and a link to the machine, and takes them back.

The pod's end is ``eth0`` with a /32 address; its one next hop is the gateway, known by a permanent neighbour entry,
so neither side ever asks by ARP.  The machine's end has a /32 route to the pod.  What exists is read from the kernel
(devices by their alias, routes by their device): there is no second record that could be wrong.
"""

import asyncio
import errno
import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

from fairway.node.machine import Machine
from fairway.node.names import is_pod_alias, pod_alias, pod_device, pod_device_prefix
from fairway.node.pod_network.addresses import highest, next_address
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
from fairway.node.runtimes.interface import RuntimeFailure
from fairway.node.syscalls import CLONE_NEWNET, MS_BIND, is_namespace, mount, setns, umount, unshare

T = TypeVar("T")
log = logging.getLogger(__name__)
LOOPBACK, ETH0 = 1, 2
"""Device indexes inside a new namespace; eth0's is chosen by us."""


def hardware_address(address: str) -> bytes:
    """A locally administered MAC that says whose it is: 0a:58 and the last four bytes of the address."""
    return b"\x0a\x58" + ip_address(address).packed[-4:]


class PodNetwork:
    """Not shared between processes: one agent owns the pods' network of its cluster."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._executor = ThreadPoolExecutor(2, thread_name_prefix="pod-network")
        self._lock = threading.Lock()
        self._ips: dict[str, tuple[str, ...]] = {}
        self._last: dict[str, str] = {}
        self._own = threading.local()
        self._connections: list[Connection] = []
        self._host_netns = -1
        self._mtu = 0

    async def open(self) -> None:
        """Read what exists."""
        await self._run(self._open)

    async def attach(self, pod_uid: str, sysctls: Mapping[str, str]) -> tuple[str, ...]:
        """Namespace, link and address; those that are there if the pod has them.  Raises: ``RuntimeFailure``."""
        return await self._run(lambda: self._attach(pod_uid, sysctls))

    async def detach(self, pod_uid: str) -> None:
        """Take everything back; harmless when there is nothing."""
        await self._run(lambda: self._detach(pod_uid))

    def ips(self, pod_uid: str) -> tuple[str, ...]:
        """The addresses of a pod, none if it is not attached."""
        return self._ips.get(pod_uid, ())

    def attached(self) -> list[str]:
        """The uids of all pods that have a network."""
        return list(self._ips)

    def netns(self, pod_uid: str) -> Path:
        """Where the pod's namespace is kept."""
        return self._machine.netns_path / pod_uid

    async def repair(self) -> None:
        """Put back the routes to pods that another program has taken away, or the loss of their source address."""
        await self._run(self._repair)

    def close(self) -> None:
        """Let go of threads and sockets; the pods keep their network."""
        self._executor.shutdown(wait=True)
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        if self._host_netns >= 0:
            os.close(self._host_netns)
            self._host_netns = -1

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _connection(self) -> Connection:
        """The calling thread's socket in the machine's own namespace."""
        self._open()
        found = getattr(self._own, "connection", None)
        if not isinstance(found, Connection):
            found = self._own.connection = Connection()
            self._connections.append(found)
        return found

    def _open(self) -> None:
        with self._lock:
            if self._host_netns >= 0:
                return
            self._machine.netns_path.mkdir(parents=True, exist_ok=True)
            with Connection() as host:
                self._mtu = self._machine.mtu or default_mtu(host)
                self._ips = pods_of(self._machine, host)
            for cidr in self._machine.pod_cidrs:
                used = [ip for ips in self._ips.values() for ip in ips if (":" in ip) == (":" in cidr)]
                self._last[cidr] = highest(used)
            self._host_netns = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def _attach(self, pod_uid: str, sysctls: Mapping[str, str]) -> tuple[str, ...]:
        self._open()
        present = self._ips.get(pod_uid)
        is_whole = present is not None and len(present) == len(self._machine.pod_cidrs)
        if present and is_whole and is_namespace(str(self.netns(pod_uid))):
            return present
        if present is not None or self.netns(pod_uid).exists():
            self._detach(pod_uid)
        ips = self._take(pod_uid)
        try:
            self._wire(pod_uid, ips, sysctls)
        except OSError as error:
            self._detach(pod_uid)
            what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            raise RuntimeFailure("FailedCreatePodSandBox", f"setting up the pod's network failed: {what}") from error
        return ips

    def _repair(self) -> None:
        host = self._connection()
        for pod_uid, there in pods_of(self._machine, host).items():
            ips = self._ips.get(pod_uid, ())
            link = host.link(pod_device(self._machine.cluster, pod_uid))
            if link is not None and not set(ips) <= set(there):
                host.run(outside_requests(self._machine, pod_uid, ips, link.index))
                log.warning("routes to a pod were gone and are back", extra={"pod_uid": pod_uid})

    def _take(self, pod_uid: str) -> tuple[str, ...]:
        with self._lock:
            taken = {ip for ips in self._ips.values() for ip in ips}
            taken.update(self._machine.gateways)
            ips = []
            for cidr in self._machine.pod_cidrs:
                address = next_address(cidr, taken, self._last.get(cidr, ""))
                if address is None:
                    raise RuntimeFailure("FailedCreatePodSandBox", f"no address is free in the node's pod range {cidr}")
                self._last[cidr] = address
                ips.append(address)
            self._ips[pod_uid] = tuple(ips)
            return tuple(ips)

    def _wire(self, pod_uid: str, ips: tuple[str, ...], sysctls: Mapping[str, str]) -> None:
        """Make the namespace on this thread, then come back: a thread left behind would make later pods wrong."""
        netns = str(self.netns(pod_uid))
        os.close(os.open(netns, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o444))
        unshare(CLONE_NEWNET)
        try:
            mount("/proc/thread-self/ns/net", netns, flags=MS_BIND)
            for name, value in sysctls.items():
                if name.startswith("net."):
                    Path("/proc/sys", *name.split(".")).write_text(value)
            inside = Connection()
        finally:
            setns(self._host_netns, CLONE_NEWNET)
        with inside:
            self._link(pod_uid, ips, netns, inside)

    def _link(self, pod_uid: str, ips: tuple[str, ...], netns: str, inside: Connection) -> None:
        machine, host = self._machine, self._connection()
        host_mac = hardware_address(machine.gateways[0])
        name = pod_device(machine.cluster, pod_uid)
        descriptor = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
        try:
            end = VethEnd(name, host_mac, self._mtu)
            peer = VethEnd("eth0", hardware_address(ips[0]), self._mtu, netns=descriptor, index=ETH0)
            host.run([new_veth(end, peer)])
            link = host.link(name)
        finally:
            os.close(descriptor)
        if link is None:
            raise OSError(errno.ENODEV, "it vanished while it was made", name)
        inside.run(inside_requests(machine, ips, host_mac))
        host.run(outside_requests(machine, pod_uid, ips, link.index))

    def _detach(self, pod_uid: str) -> None:
        host = self._connection()
        link = host.link(pod_device(self._machine.cluster, pod_uid))
        if link is not None and link.alias in ("", pod_alias(self._machine.cluster, pod_uid)):
            host.run([del_link(link.index, (errno.ENODEV,))])
        path = self.netns(pod_uid)
        with suppress(FileNotFoundError):
            umount(str(path))
            path.unlink()
        self._ips.pop(pod_uid, None)


def inside_requests(machine: Machine, ips: tuple[str, ...], host_mac: bytes) -> list[Request]:
    """What a pod's own namespace is asked to set up."""
    requests = [set_up(LOOPBACK), no_link_local(ETH0), set_up(ETH0)]
    for ip in ips:
        version_6 = ":" in ip
        gateway = machine.gateway_for(ip)
        bits, everything = (128, "::/0") if version_6 else (32, "0.0.0.0/0")
        requests += [
            add_address(ETH0, f"{ip}/{bits}"),
            add_neighbour(ETH0, gateway, host_mac),
            add_route(f"{gateway}/{bits}", ETH0, scope=0 if version_6 else SCOPE_LINK),
            add_route(everything, ETH0, gateway=gateway),
        ]
    return requests


def outside_requests(machine: Machine, pod_uid: str, ips: tuple[str, ...], index: int) -> list[Request]:
    """What the machine's namespace is asked to set up for one pod."""
    pod_mac = hardware_address(ips[0])
    requests = [set_alias(index, pod_alias(machine.cluster, pod_uid)), no_link_local(index), set_up(index)]
    for ip in ips:
        version_6 = ":" in ip
        source, bits = machine.gateway_for(ip), 128 if version_6 else 32
        requests += [
            add_neighbour(index, ip, pod_mac),
            add_route(f"{ip}/{bits}", index, source=source, scope=0 if version_6 else SCOPE_LINK),
        ]
    return requests


def remove_links(cluster: str) -> int:
    """Remove the devices of all pods of a cluster, labelled or not yet; returns how many there were."""
    with Connection() as host:
        links = [link for link in host.links() if _is_pods(cluster, link)]
        for link in links:
            host.run([del_link(link.index, (errno.ENODEV,))])
    return len(links)


def _is_pods(cluster: str, link: Link) -> bool:
    nameless = not link.alias and link.kind == "veth" and link.name.startswith(pod_device_prefix(cluster))
    return nameless or is_pod_alias(cluster, link.alias)


def pods_of(machine: Machine, host: Connection) -> dict[str, tuple[str, ...]]:
    """Pods with a link and their addresses, primary first, as the kernel has them."""
    pods = {link.index: uid_of(link) for link in host.links() if is_pod_alias(machine.cluster, link.alias)}
    found: dict[str, list[str]] = {uid: [] for uid in pods.values()}
    families = [socket.AF_INET6 if ":" in cidr else socket.AF_INET for cidr in machine.pod_cidrs if pods]
    for family in families:
        for payload in host.dump(dump_routes(family)):
            route = parse_route(payload)
            if route is not None and route.index in pods and not route.gateway:
                address, _, prefix = route.destination.partition("/")
                if prefix in ("32", "128"):
                    found[pods[route.index]].append(address)
    return {uid: tuple(ips) for uid, ips in found.items()}


def uid_of(link: Link) -> str:
    """The pod whose device this is, from the alias."""
    return link.alias.rpartition(" ")[2]
