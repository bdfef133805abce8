"""The pods' network with IPv6, alone and beside IPv4, in the real kernel."""

import asyncio
import socket
import struct
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from component.own_network import in_own_network, machine_in, needs, swept
from component.pod_links import inside, ip, links, listener_in, reaches, run, seen_from
from fairway.cluster.surroundings import lacks_family
from fairway.node.machine import Machine
from fairway.node.names import gateway_device, pod_device
from fairway.node.pod_network.masquerade import render
from fairway.node.pod_network.network import PodNetwork
from fairway.node.pod_network.node import node_network_up, wanted_sysctls
from fairway.node.pod_network.sysctls import sysctl_path

pytestmark = needs("nft", "ip")
DUAL = {
    "pod_cidrs": ("10.213.0.0/24", "fd00:213::/64"), "cluster_cidrs": ("10.213.0.0/16", "fd00:213::/56"),
    "gateways": ("10.213.0.1", "fd00:213::1"), "dns_addresses": ("10.212.0.10", "fd00:212::a"),
    "service_cidrs": ("10.212.0.0/16", "fd00:212::/112"),
}  # fmt: skip
ALONE = {name: values[1:] for name, values in DUAL.items()}
TURNED = {name: values[::-1] for name, values in DUAL.items()}


def setting(name: str, new: str = "") -> str:
    """A setting of this network namespace, set first if ``new`` says so."""
    if new:
        sysctl_path(name).write_text(new)
    return sysctl_path(name).read_text().strip()


@pytest.mark.parametrize("families", [DUAL, TURNED, ALONE], ids=["dual", "turned", "alone"])
def test_a_pod_has_an_address_of_each_family_the_primary_first(
    tmp_path: Path, families: dict[str, tuple[str, ...]]
) -> None:
    second = {"10.213.0.0/24": "10.213.0.2", "fd00:213::/64": "fd00:213::2"}
    wanted = tuple(second[cidr] for cidr in families["pod_cidrs"])

    async def scenario(machine: Machine, network: PodNetwork) -> None:
        assert await network.attach("u1", {}) == wanted
        for address, gateway in zip(wanted, machine.gateways, strict=True):
            family = "-6" if ":" in address else "-4"
            assert f"dev {pod_device(machine.cluster, 'u1')}" in ip(family, "route", "get", address)
            assert f"via {gateway}" in ip(family, "route", netns=network.netns("u1"))
            with listener_in(network.netns("u1"), address, 8080) as listener:
                assert await reaches(address, 8080, listener) == gateway
        shown = ip("-6", "addr", "show", "eth0", netns=network.netns("u1"))
        assert "fd00:213::2/128" in shown
        assert "tentative" not in shown
        again = PodNetwork(machine)
        await again.open()
        assert again.ips("u1") == wanted
        again.close()

    run(tmp_path, scenario, **families)


def test_pods_reach_each_other_the_machine_and_the_service_range_by_ipv6(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        one, other = [(await network.attach(uid, {}))[0] for uid in ("u1", "u2")]
        with listener_in(network.netns("u2"), other, 80) as server:
            assert seen_from(network.netns("u1"), server) == one
        with socket.create_server((machine.gateways[0], 6443), family=socket.AF_INET6) as server:
            assert seen_from(network.netns("u1"), server) == one
        told = ip("-6", "route", "get", "fd00:212::99")
        assert f"dev {gateway_device(machine.cluster)}" in told
        assert f"src {machine.gateways[0]}" in told
        with socket.socket(socket.AF_INET6) as client, pytest.raises(OSError, match="No route to host"):
            client.connect(("fd00:213::200", 80))

    run(tmp_path, scenario, **ALONE)


def test_a_pod_with_one_address_of_two_is_made_again(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        await network.attach("u1", {})
        ip("-6", "route", "del", "fd00:213::2/128")
        again = PodNetwork(machine)
        assert await again.attach("u1", {}) == ("10.213.0.3", "fd00:213::2")
        again.close()

    run(tmp_path, scenario, **DUAL)


def test_a_range_that_is_no_longer_the_clusters_loses_its_route_and_the_nodes_addresses_stay(
    tmp_path: Path,
) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        assert "fd00:97::/112 dev" in ip("-6", "route")
        await node_network_up(replace(machine, service_cidrs=("fd00:212::/112",)))
        left = ip("-6", "route")
        assert "fd00:97::/112" not in left
        for kept in ("fd00:212::/112", "fd00:213::1", "fd00:212::a"):
            assert f"{kept} dev {gateway_device(machine.cluster)}" in left

    run(tmp_path, scenario, **{**ALONE, "service_cidrs": ("fd00:212::/112", "fd00:97::/112")})


def test_the_world_sees_the_node_and_the_cluster_sees_the_pod(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        await network.attach("u1", {})
        with World(machine) as world:
            ip("addr", "add", "2001:db8::1/64", "dev", "out", "nodad")
            ip("addr", "add", "2001:db8::9/64", "dev", "in", "nodad", netns=world.netns)
            with listener_in(world.netns, "2001:db8::9", 80) as server:
                assert seen_from(network.netns("u1"), server) == "2001:db8::1"

    run(tmp_path, scenario, **DUAL)


class World:
    """A network namespace on the other end of a device of the machine, ``out``."""

    def __init__(self, machine: Machine) -> None:
        self.name = f"world-{machine.cluster}"
        self.netns = Path("/run/netns", self.name)

    def __enter__(self) -> "World":
        ip("netns", "add", self.name)
        inside(self.netns, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
        setting("net.ipv6.conf.default.accept_dad", "0")
        ip("link", "add", "out", "type", "veth", "peer", "name", "in", "netns", self.name)
        ip("link", "set", "in", "up", netns=self.netns)
        ip("link", "set", "out", "up")
        return self

    def __exit__(self, *_: object) -> None:
        ip("link", "del", "out")
        ip("netns", "del", self.name)

    def advertise(self) -> None:
        """Say to everybody on the link that this is a router.  Source: RFC 4861, section 4.2."""
        message = struct.pack(">BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
        code = (
            "import socket, sys; s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6);"
            "s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255);"
            "s.sendto(bytes.fromhex(sys.argv[1]), ('ff02::1%in', 0))"
        )
        inside(self.netns, sys.executable, "-c", code, message.hex())


async def advertised_route(world: World) -> str:
    """The default route, as soon as the advertisement has been heard."""
    deadline_s = time.monotonic() + 10
    while not (found := ip("-6", "route", "show", "default")):
        assert time.monotonic() < deadline_s
        world.advertise()
        await asyncio.sleep(0.05)
    return found


def test_routers_are_heard_as_before_while_a_cluster_is_up(tmp_path: Path) -> None:
    """A machine that forwards hears no more of routers, and is cut off when what it heard runs out."""

    async def scenario() -> None:
        setting("net.ipv6.conf.all.forwarding", "0")
        with machine_in(tmp_path, **DUAL) as machine, World(machine) as world:
            found = await advertised_route(world)
            assert "proto ra" in found
            await node_network_up(machine)
            assert setting("net.ipv6.conf.all.forwarding") == "1"
            assert "proto ra" in ip("-6", "route", "show", "default")
            ip("-6", "route", "del", "default")
            assert "proto ra" in await advertised_route(world)
            await swept(machine)
            assert setting("net.ipv6.conf.all.forwarding") == "0"
            assert setting("net.ipv6.conf.out.accept_ra") == "1"
        assert links() == ["lo"]

    in_own_network(scenario)
    assert not (tmp_path / "run" / ".sysctls").exists()


@pytest.mark.parametrize("of", ["all", "default"])
def test_a_kernel_that_was_told_not_to_speak_ipv6_is_seen(of: str) -> None:
    async def scenario() -> tuple[bool, bool, bool]:
        before = lacks_family(6)
        setting(f"net.ipv6.conf.{of}.disable_ipv6", "1")
        return before, lacks_family(6), lacks_family(4)

    assert in_own_network(scenario) == (False, True, False)


def test_settings_of_a_device_that_is_gone_are_no_obstacle(tmp_path: Path) -> None:
    async def scenario() -> None:
        with machine_in(tmp_path, **DUAL) as machine, World(machine) as world:
            ip("link", "set", "out", "name", "out.7")
            await advertised_route(world)
            await node_network_up(machine)
            assert setting("net.ipv6.conf.out/7.accept_ra") == "2"
            ip("link", "set", "out.7", "name", "out")
            await swept(machine)

    in_own_network(scenario)
    assert not (tmp_path / "run" / ".sysctls").exists()


def test_a_cluster_without_ipv6_leaves_its_settings_and_tables_alone(tmp_path: Path) -> None:
    machine = Machine(cluster="t", data_dir=tmp_path)
    assert wanted_sysctls(machine, ["eth0"]) == {"net.ipv4.ip_forward": "1"}
    assert "ip6" not in render(machine)
    both = render(Machine(cluster="t", data_dir=tmp_path, **DUAL))
    for rule in (
        "ip saddr 10.213.0.0/24 ip daddr != 10.213.0.0/16 masquerade", "ip daddr 10.212.0.10 udp dport 53 notrack",
        "ip6 saddr fd00:213::/64 ip6 daddr != fd00:213::/56 masquerade", "ip6 daddr fd00:212::a udp dport 53 notrack",
    ):  # fmt: skip
        assert rule in both
