"""Host ports in the real kernel, on a machine that is a network namespace of its own."""

import asyncio
import contextlib
import os
import socket
import subprocess
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from component.own_network import in_own_network, machine_in, needs, swept
from fairway.node.machine import Machine
from fairway.node.names import host_ports_table, masquerade_table, pod_device
from fairway.node.pod_network.host_ports.publishing import HostPorts
from fairway.node.pod_network.keeping import keep
from fairway.node.pod_network.network import PodNetwork
from fairway.node.pod_network.node import node_network_up
from fairway.node.pod_network.tables import is_there
from fairway.node.runtimes.interface import HostPort, RuntimeFailure
from fairway.node.syscalls import CLONE_NEWNET, setns

pytestmark = needs("nft", "ip", "nsenter")

NODE, OUTSIDER = "10.211.0.1", "10.211.0.2"
LIMIT_S = 30


class World:
    """A node with two addresses of its own, its pods, and somebody outside."""

    def __init__(self, machine: Machine, network: PodNetwork, outside: Path) -> None:
        self.machine, self.network, self.outside = machine, network, outside
        self.ports = HostPorts(machine)

    async def pod(self, uid: str, *ports: HostPort) -> str:
        ips = await self.network.attach(uid, {})
        self.ports.publish(uid, ports, ips)
        return ips[0]

    def table(self, family: str = "ip") -> str:
        words = ["nft", "-a", "list", "table", family, host_ports_table(self.machine.cluster)]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout


Scenario = Callable[[World], Coroutine[Any, Any, None]]


def run(folder: Path, scenario: Scenario, **fields: Any) -> None:
    async def whole() -> None:
        with machine_in(folder, **fields) as machine, outsider(folder) as outside:
            await node_network_up(machine)
            network = PodNetwork(machine)
            await network.open()
            world = World(machine, network, outside)
            try:
                await scenario(world)
            finally:
                network.close()
                await swept(machine)
            assert world.table() == world.table(family="ip6") == ""

    in_own_network(whole)


def command(*words: str) -> None:
    subprocess.run(words, check=True)


@contextmanager
def outsider(folder: Path) -> Iterator[Path]:
    """A namespace at the other end of a cable: the node has 10.211.0.1 and .3, it has .2."""
    place = folder / "outside"
    place.touch()
    holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec sleep 1000"], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        for words in (
            f"ip link add cable type veth peer name eth0 netns {holder.pid}", "ip addr add 10.211.0.1/24 dev cable",
            "ip addr add 10.211.0.3/24 dev cable", "ip link set cable up",
            f"nsenter -t {holder.pid} -n ip addr add 10.211.0.2/24 dev eth0", "ip addr add fd11::1/64 dev cable nodad",
            f"nsenter -t {holder.pid} -n ip addr add fd11::2/64 dev eth0 nodad",
            f"nsenter -t {holder.pid} -n ip link set eth0 up", f"nsenter -t {holder.pid} -n ip link set lo up",
        ):  # fmt: skip
            command(*words.split())
        yield Path(f"/proc/{holder.pid}/ns/net")
    finally:
        holder.kill()
        holder.wait()
        assert holder.stdout is not None
        holder.stdout.close()


@contextmanager
def within(netns: Path) -> Iterator[None]:
    """This thread in another namespace; sockets made there stay there."""
    with contextlib.ExitStack() as stack:
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        stack.callback(os.close, own)
        other = os.open(netns, os.O_RDONLY)
        stack.callback(os.close, other)
        setns(other, CLONE_NEWNET)
        stack.callback(setns, own, CLONE_NEWNET)
        yield


def bound(kind: int, address: str, port: int, netns: Path | None = None) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with within(netns) if netns is not None else contextlib.nullcontext():
        made = socket.socket(family, kind)
    made.settimeout(LIMIT_S)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    return made


def server_in(world: World, uid: str, port: int, kind: int = socket.SOCK_STREAM, place: int = 0) -> socket.socket:
    made = bound(kind, world.network.ips(uid)[place], port, world.network.netns(uid))
    if kind == socket.SOCK_STREAM:
        made.listen()
    return made


def caller(server: socket.socket, to: tuple[str, int], source: str = "", netns: Path | None = None) -> str:
    """Connect to ``to``; the address that ``server`` sees.  Raises: ``OSError`` if it is somebody else."""
    with bound(socket.SOCK_STREAM, source, 0, netns) as client:
        client.connect(to)
        accepted, peer = server.accept()
        with accepted:
            assert peer[1] != to[1]
            accepted.sendall(b"hello")
        assert client.recv(5) == b"hello"
    return str(peer[0])


def test_three_pods_share_a_port_by_address_and_protocol(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.pod("u1", HostPort("127.0.0.1", "TCP", 54323, 8080))
        await world.pod("u2", HostPort(NODE, "TCP", 54323, 8080))
        await world.pod("u3", HostPort(NODE, "UDP", 54323, 8080))
        with server_in(world, "u1", 8080) as one, server_in(world, "u2", 8080) as two:
            assert caller(one, ("127.0.0.1", 54323)) == NODE
            assert caller(one, ("127.0.0.1", 54323), source=NODE) == NODE
            assert caller(two, (NODE, 54323)) == NODE
            assert caller(two, (NODE, 54323), netns=world.outside) == OUTSIDER
        with server_in(world, "u3", 8080, socket.SOCK_DGRAM) as three, bound(socket.SOCK_DGRAM, "", 0) as client:
            client.sendto(b"who", (NODE, 54323))
            heard, peer = three.recvfrom(10)
            three.sendto(b"three", peer)
            assert (heard, client.recvfrom(10)) == (b"who", (b"three", (NODE, 54323)))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("10.211.0.3", 54323), LIMIT_S)

    run(tmp_path, scenario)


def test_a_port_without_address_answers_at_every_address_of_the_node(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        own = await world.pod("u1", HostPort("", "TCP", 80, 8080))
        other = await world.pod("u2")
        with server_in(world, "u1", 8080) as server:
            assert caller(server, ("127.0.0.1", 80)) == NODE
            assert caller(server, (NODE, 80), netns=world.outside) == OUTSIDER
            assert caller(server, ("10.211.0.3", 80), netns=world.outside) == OUTSIDER
            assert caller(server, (NODE, 80), netns=world.network.netns("u2")) == other
            assert caller(server, (world.machine.gateways[0], 80), netns=world.network.netns("u2")) == other
            # A pod that reaches itself sees the node, or it would answer itself past the translation.
            assert caller(server, (NODE, 80), netns=world.network.netns("u1")) not in (own, other)

    run(tmp_path, scenario)


BOTH = {
    "pod_cidrs": ("10.213.0.0/24", "fd13::/112"), "cluster_cidrs": ("10.213.0.0/16", "fd13::/64"),
    "gateways": ("10.213.0.1", "fd13::1"), "service_cidrs": ("10.212.0.0/16", "fd12::/112"),
}  # fmt: skip


def test_both_families(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.pod("u1", HostPort("", "TCP", 80, 8080), HostPort("", "UDP", 80, 8080))
        await world.pod("u2", HostPort("fd11::1", "TCP", 81, 8080))
        with server_in(world, "u1", 8080) as server:
            assert caller(server, (NODE, 80), netns=world.outside) == OUTSIDER
        with server_in(world, "u1", 8080, place=1) as server:
            assert caller(server, ("fd11::1", 80), source="::", netns=world.outside) == "fd11::2"
            own = world.network.ips("u1")[1]
            assert caller(server, ("fd11::1", 80), source="::", netns=world.network.netns("u1")) != own
        with server_in(world, "u2", 8080, place=1) as server:
            assert caller(server, ("fd11::1", 81), source="::", netns=world.network.netns("u1")) == own
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("::1", 80), LIMIT_S)
        with bound(socket.SOCK_DGRAM, "::", 4000, world.outside) as client:
            client.connect(("fd11::1", 80))
            with server_in(world, "u1", 8080, socket.SOCK_DGRAM, place=1) as server:
                client.send(b"hello")
                assert server.recvfrom(10)[0] == b"hello"
            world.ports.withdraw("u1")
            await world.pod("u3", HostPort("", "UDP", 80, 8080))
            with server_in(world, "u3", 8080, socket.SOCK_DGRAM, place=1) as server:
                client.send(b"again")
                assert server.recvfrom(10)[0] == b"again"
        HostPorts(world.machine).adopt({})

    run(tmp_path, scenario, **BOTH)


def test_nobody_outside_reaches_loopback(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.pod("u1", HostPort("127.0.0.1", "TCP", 80, 8080))
        settings = Path("/proc/sys/net/ipv4/conf")
        assert (settings / pod_device(world.machine.cluster, "u1") / "route_localnet").read_text() == "1\n"
        assert [(settings / name / "route_localnet").read_text() for name in ("all", "cable")] == ["0\n", "0\n"]
        (settings / "cable" / "route_localnet").write_text("1")
        secret = bound(socket.SOCK_STREAM, "127.0.0.1", 7777)
        secret.listen()
        for netns, route in (
            (world.outside, f"ip route add 127.0.0.0/8 via {NODE} dev eth0 table local"),
            (world.network.netns("u1"), "ip route add 127.0.0.0/8 dev eth0 table local"),
        ):
            within_it = ("nsenter", f"--net={netns}")
            command(*within_it, "sysctl", "-qw", "net.ipv4.conf.eth0.route_localnet=1")
            command(*within_it, "ip", "addr", "flush", "dev", "lo")
            command(*within_it, *route.split())
            if netns != world.outside:
                neighbour = "ip neigh add 127.0.0.1 lladdr 0a:58:0a:d5:00:01 dev eth0"
                command(*within_it, *neighbour.split())
            for port in (80, 7777):
                with bound(socket.SOCK_STREAM, "", 0, netns) as client:
                    client.settimeout(0.3)
                    with pytest.raises(OSError, match=r"timed out|unreachable|No route"):
                        client.connect(("127.0.0.1", port))
        with bound(socket.SOCK_STREAM, "", 0) as client:
            client.connect(("127.0.0.1", 7777))
        secret.close()

    run(tmp_path, scenario)


def test_a_client_that_never_pauses_follows_the_port(tmp_path: Path) -> None:
    """UDP: to nobody, to the first pod, to nobody, to the second pod, all by one socket."""

    async def scenario(world: World) -> None:
        with bound(socket.SOCK_DGRAM, "", 4000, world.outside) as client:
            client.connect((NODE, 5353))
            for uid in ("u1", "u2"):
                client.send(b"early")
                with pytest.raises(ConnectionRefusedError):
                    client.recv(10)
                await world.pod(uid, HostPort("", "UDP", 5353, 53))
                with server_in(world, uid, 53, socket.SOCK_DGRAM) as server:
                    client.send(b"hello")
                    assert server.recvfrom(10) == (b"hello", (OUTSIDER, 4000))
                world.ports.withdraw(uid)

    run(tmp_path, scenario)


def test_flows_of_other_ports_go_on(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.pod("u1", HostPort("", "UDP", 5353, 53))
        with (
            server_in(world, "u1", 53, socket.SOCK_DGRAM) as server, bound(socket.SOCK_DGRAM, "", 0) as client
        ):  # fmt: skip
            client.connect((NODE, 5353))
            client.send(b"one")
            _, peer = server.recvfrom(10)
            await world.pod("u2", HostPort("", "UDP", 5354, 53))
            world.ports.withdraw("u2")
            server.sendto(b"late", peer)
            assert client.recv(10) == b"late"

    run(tmp_path, scenario)


def test_what_is_right_is_left_alone_and_what_is_wrong_is_repaired(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        ports = (HostPort("", "TCP", 80, 8080), HostPort(NODE, "UDP", 81, 8081))
        await world.pod("u1", *ports)
        await world.pod("gone", HostPort("", "TCP", 99, 8080))
        world.ports.withdraw("gone")
        known = {"u1": (ports, world.network.ips("u1"))}
        before = world.table()
        HostPorts(world.machine).adopt(known)
        assert world.table() == before
        name = f"ip {host_ports_table(world.machine.cluster)}"
        for damage in (
            f"flush map {name} host-ports", f"add element {name} host-ports {{ tcp . 99 : 10.213.0.9 . 1 }}",
            f"flush ruleset; add table {name}; add map {name} host-ports {{ type mark : mark ; }}",
            f"delete table {name}",
        ):  # fmt: skip
            command("nft", damage)
            HostPorts(world.machine).adopt(known)
            with server_in(world, "u1", 8080) as server:
                assert caller(server, (NODE, 80), netns=world.outside) == OUTSIDER
            assert "99" not in world.table().partition("set pods")[0]
        HostPorts(world.machine).adopt({})
        assert world.table() == ""

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("listening", "told"),
    [("", "127.0.0.1:22/TCP"), ("127.0.0.1", "127.0.0.1:22/TCP"), ("10.211.0.3", "10.211.0.3:22/TCP")],
)
def test_a_port_that_a_program_has_is_not_taken_from_it(tmp_path: Path, listening: str, told: str) -> None:
    async def scenario(world: World) -> None:
        with bound(socket.SOCK_STREAM, listening, 22) as program:
            program.listen()
            with pytest.raises(RuntimeFailure, match=f"hostPort {told} is in use by another program"):
                await world.pod("u1", HostPort("", "TCP", 22, 22))
            await world.pod("u1", HostPort("", "UDP", 22, 22), HostPort(NODE, "TCP", 23, 22))
        assert world.table() != ""
        await world.pod("u1", HostPort("", "TCP", 22, 22))

    run(tmp_path, scenario)


def test_the_clusters_own_dns_does_not_stand_in_the_way(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        with bound(socket.SOCK_DGRAM, world.machine.gateways[0], 53):
            await world.pod("u1", HostPort("", "UDP", 53, 53))
            with server_in(world, "u1", 53, socket.SOCK_DGRAM) as server, bound(socket.SOCK_DGRAM, "", 0) as client:
                client.sendto(b"hello", (NODE, 53))
                assert server.recvfrom(10)[0] == b"hello"

    run(tmp_path, scenario)


def test_an_address_that_is_none_is_told(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(RuntimeFailure, match="hostIP: 'nowhere' does not appear to be an IPv4 or IPv6 address"):
            await world.pod("u1", HostPort("nowhere", "TCP", 80, 80))
        await world.pod("u1", HostPort("192.0.2.200", "TCP", 80, 80))

    run(tmp_path, scenario)


def test_sctp(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.pod("u1", HostPort("", "SCTP", 80, 8080))
        with within(world.network.netns("u1")):
            server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)
        with within(world.outside):
            client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)
        with server, client:
            server.settimeout(LIMIT_S)
            client.settimeout(LIMIT_S)
            server.bind((world.network.ips("u1")[0], 8080))
            server.listen()
            client.connect((NODE, 80))
            accepted, peer = server.accept()
            accepted.close()
        assert peer[0] == OUTSIDER

    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132).close()
    except OSError:
        pytest.skip("the kernel has no SCTP")
    run(tmp_path, scenario)


def test_the_younger_of_two_pods_has_the_port(tmp_path: Path) -> None:
    """A pod that has ended keeps its sandbox until it is deleted; its successor may be here before that."""

    async def scenario(world: World) -> None:
        port = HostPort("", "TCP", 80, 8080)
        await world.pod("old", port)
        await world.pod("new", port)
        with server_in(world, "new", 8080) as server:
            assert caller(server, (NODE, 80)) == NODE
            world.ports.withdraw("old")
            assert caller(server, (NODE, 80)) == NODE
        await asyncio.sleep(0)
        world.ports.withdraw("new")
        assert world.table() == ""

    run(tmp_path, scenario)


def test_a_table_that_another_program_takes_away_comes_back(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.pod("u1", HostPort("", "TCP", 80, 8080))

        repaired = asyncio.Event()

        async def repair() -> None:
            await asyncio.to_thread(world.ports.repair)
            repaired.set()

        before = world.table()
        await repair()
        assert world.table() == before
        keeping = asyncio.create_task(keep(world.machine, repair, period_s=0.02))
        masquerade = masquerade_table(world.machine.cluster)
        try:
            command("nft", "flush ruleset")
            for _ in range(2):  # A turn that began before the flush may end after it.
                repaired.clear()
                async with asyncio.timeout(30):
                    await repaired.wait()
            assert is_there(masquerade, 4)
        finally:
            keeping.cancel()
        assert not is_there(masquerade, 6)
        with server_in(world, "u1", 8080) as server:
            assert caller(server, (NODE, 80), netns=world.outside) == OUTSIDER

    run(tmp_path, scenario)
