"""A node, its pods, another node's pod and a client outside, each in a network namespace of its own.

Everything runs in the test's own process: a socket belongs to the namespace in which it was made.
"""

import contextlib
import ctypes
import os
import secrets
import selectors
import shutil
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from fairway.proxy.dataplanes.nftables.netlink import NetlinkSocket, message

_T = TypeVar("_T")
_CLONE_NEWNET = 0x40000000
_DELETE_CONNECTIONS = 1 << 8 | 2  # IPCTNL_MSG_CT_DELETE; without a tuple it means all
_libc = ctypes.CDLL(None, use_errno=True)

needs_root_and_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None, reason="needs root and iproute2 (apt install iproute2)"
)
NODE_ADDRESS, CLIENT_ADDRESS = "192.168.77.1", "192.168.77.2"
NODE_ADDRESS6, CLIENT_ADDRESS6 = "fd77::1", "fd77::2"


class Namespace:
    """One network namespace by name."""

    def __init__(self, name: str) -> None:
        self.name = name
        subprocess.run(["ip", "netns", "add", name], check=True)
        for of in ("all", "default"):
            # No waiting for the proof that nobody else has an IPv6 address.
            self.sysctl(f"ipv6/conf/{of}/accept_dad", "0")
        self.ip("link", "set", "lo", "up")

    def ip(self, *words: str) -> None:
        subprocess.run(["ip", "-n", self.name, *words], check=True, capture_output=True)

    def remove(self) -> None:
        subprocess.run(["ip", "netns", "del", self.name], check=True)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread is in the namespace until the end."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            _enter(there)
            try:
                yield
            finally:
                _enter(home)
        finally:
            os.close(home)
            os.close(there)

    def call(self, work: Callable[[], _T]) -> _T:
        with self.entered():
            return work()

    def sysctl(self, name: str, value: str) -> None:
        self.call(lambda: Path("/proc/sys/net", name).write_text(value))


def forget_connections(where: Namespace) -> None:
    """Connection tracking begins anew: clients take ports again that others had before."""
    with where.entered():
        made = NetlinkSocket()
    assert made.send_all([message(_DELETE_CONNECTIONS, 0, 0, b"")]) == [0]
    made.close()


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@dataclass
class Pod:
    """A pod's namespace and addresses; it answers connections and packets with its name and who asks."""

    name: str
    node: str
    namespace: Namespace
    ip: str
    ip6: str
    servers: list[socket.socket] = field(default_factory=list)


class ServiceNetwork:
    """The topology; ``node`` is where the proxy works."""

    def __init__(self, pods: int = 3) -> None:
        self.mark = secrets.token_hex(3)
        self._namespaces: list[Namespace] = []
        self._server = Server()
        try:
            self._build(pods)
        except BaseException:
            self.close()
            raise

    def _build(self, pods: int) -> None:
        self.node = self._namespace("node")
        self.client = self._namespace("client")
        for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            self.node.sysctl(name, "1")
        # The kernel refuses a client's UDP packets by ICMP only once a second otherwise.
        self.node.sysctl("ipv4/icmp_ratelimit", "0")
        self.node.sysctl("ipv6/icmp/ratelimit", "0")
        with contextlib.suppress(FileNotFoundError):
            self.node.sysctl("ipv4/icmp_msgs_burst", "10000")  # of the whole machine before Linux 6.12
        self._link("cl", self.client, (NODE_ADDRESS, CLIENT_ADDRESS), (NODE_ADDRESS6, CLIENT_ADDRESS6))
        self.node.ip("route", "add", "default", "via", CLIENT_ADDRESS)
        self.node.ip("-6", "route", "add", "default", "via", CLIENT_ADDRESS6)
        self.node.ip("addr", "add", "10.244.0.1/32", "dev", "lo")
        self.node.ip("-6", "addr", "add", "fd44::1/128", "dev", "lo")
        self.pods = [self._pod(number, "here") for number in range(1, pods + 1)]
        self.remote = self._pod(9, "there")
        for pod in [*self.pods, self.remote]:
            self.serve(pod, 8080)

    def guest(self, device: str, ipv4: tuple[str, str], ipv6: tuple[str, str]) -> Pod:
        """Somebody else's container or virtual machine on this node: the node's address and its own, per family."""
        made = Pod("guest", "here", self._namespace("guest"), ipv4[1], ipv6[1])
        self._link(device, made.namespace, ipv4, ipv6)
        self.serve(made, 8080)
        return made

    def serve(self, pod: Pod, port: int, *, only_there: bool = False) -> None:
        """The pod answers at a port; ``only_there``: at its addresses, which its answers then come from."""
        with pod.namespace.entered():
            for family in (socket.AF_INET, socket.AF_INET6):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    made = socket.socket(family, kind)
                    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    if family == socket.AF_INET6:
                        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    own = pod.ip if family == socket.AF_INET else pod.ip6
                    made.bind((own if only_there else "", port))
                    self._server.add(made, f"{pod.name}:{port}")
                    pod.servers.append(made)

    def close(self) -> None:
        self._server.close()
        for namespace in self._namespaces:
            namespace.remove()

    def _namespace(self, name: str) -> Namespace:
        made = Namespace(f"fwt-{self.mark}-{name}")
        self._namespaces.append(made)
        return made

    def _link(self, device: str, there: Namespace, ipv4: tuple[str, str], ipv6: tuple[str, str]) -> None:
        """A routed veth: host addresses on both ends, nothing in between."""
        self.node.ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", there.name)
        for end, name, own, other in ((self.node, device, 0, 1), (there, "eth0", 1, 0)):
            end.ip("link", "set", name, "up")
            end.ip("addr", "add", f"{ipv4[own]}/32", "dev", name)
            end.ip("-6", "addr", "add", f"{ipv6[own]}/128", "dev", name, "nodad")
            end.ip("route", "add", f"{ipv4[other]}/32", "dev", name, "scope", "link")
            end.ip("-6", "route", "add", f"{ipv6[other]}/128", "dev", name)
        there.ip("route", "add", "default", "via", ipv4[0])
        there.ip("-6", "route", "add", "default", "via", ipv6[0])

    def _pod(self, number: int, node: str) -> Pod:
        inside = self._namespace(f"p{number}")
        block = 0 if node == "here" else 1
        pod = Pod(f"pod-{number}", node, inside, f"10.244.{block}.{10 + number}", f"fd44::{block + 1}:{10 + number:x}")
        self._link(f"p{number}", inside, ("10.244.0.1", pod.ip), ("fd44::1", pod.ip6))
        return pod


class Server:
    """Answers on many sockets from one thread: ``NAME CLIENT-ADDRESS`` for a connection or a packet."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def add(self, made: socket.socket, name: str) -> None:
        if made.type == socket.SOCK_STREAM:
            made.listen(1024)
        made.setblocking(False)
        self._selector.register(made, selectors.EVENT_READ, name)
        self._wake.send(b"+")

    def close(self) -> None:
        self._wake.close()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                made: socket.socket = key.fileobj  # type: ignore[assignment]
                if key.data is None:
                    if not made.recv(100):
                        return
                    continue
                with contextlib.suppress(OSError):
                    _answer(made, key.data, self._selector)


def _answer(made: socket.socket, name: str, selector: selectors.BaseSelector) -> None:
    if made.type == socket.SOCK_DGRAM:
        _, peer = made.recvfrom(2000)
        made.sendto(f"{name} {peer[0]}\n".encode(), peer)
    elif name.startswith("echo "):
        received = b""
        with contextlib.suppress(OSError):
            received = made.recv(2000)
        if received:
            made.send(received)
        else:
            selector.unregister(made)
            made.close()
    else:
        connection, peer = made.accept()
        connection.send(f"{name} {peer[0]}\n".encode())
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ, f"echo {name}")


def connect(where: Namespace, address: str, port: int, *, timeout_s: float = 30.0) -> socket.socket:
    """A TCP connection from a namespace."""
    with where.entered():
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    made.settimeout(timeout_s)
    try:
        made.connect((address, port))
    except BaseException:
        made.close()
        raise
    return made


def ask(where: Namespace, address: str, port: int, *, timeout_s: float = 30.0) -> tuple[str, str]:
    """Who answers a TCP connection (``pod-1:8080``), and the client address that he sees."""
    with connect(where, address, port, timeout_s=timeout_s) as made:
        name, seen = made.recv(200).decode().split()
    return name, seen


def ask_udp(where: Namespace, address: str, port: int, *, timeout_s: float = 30.0) -> tuple[str, str]:
    """As ``ask``, with one packet each way."""
    with where.entered():
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    with made:
        made.settimeout(timeout_s)
        made.connect((address, port))
        made.send(b"?")
        name, seen = made.recv(200).decode().split()
    return name, seen


def spread(where: Namespace, address: str, port: int, *, times: int = 40, udp: bool = False) -> Counter[str]:
    """How often each endpoint answers."""
    one = ask_udp if udp else ask
    return Counter(one(where, address, port)[0] for _ in range(times))
