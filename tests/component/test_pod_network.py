"""The pods' network in the real kernel, on a machine that is a network namespace of its own."""

import asyncio
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from component.own_network import in_own_network, machine_in, needs, swept
from component.pod_links import inside, ip, listener_in, reaches, run, seen_from
from fairway.node.machine import Machine
from fairway.node.names import gateway_device, node_device, pod_device
from fairway.node.pod_network.keeping import keep
from fairway.node.pod_network.network import PodNetwork
from fairway.node.pod_network.node import (
    CONNECTIONS,
    ROUTE_LOCALNET,
    TIMEOUTS,
    connection_sysctls,
    node_network_up,
    settle_connections,
)
from fairway.node.pod_network.sysctls import read
from fairway.node.rtnetlink.connection import Connection
from fairway.node.rtnetlink.messages import VethEnd, add_address, new_device, new_veth, set_up
from fairway.node.runtimes.interface import RuntimeFailure
from fairway.node.uplink import Uplink, repair

pytestmark = needs("nft", "ip")


def forwarding(new: str = "") -> str:
    """Whether this network namespace forwards, set first if ``new`` says so."""
    path = Path("/proc/sys/net/ipv4/ip_forward")
    if new:
        path.write_text(new)
    return path.read_text().strip()


def test_a_pod_has_an_address_and_the_machine_reaches_it_as_the_gateway(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        ips = await network.attach("u1", {"net.core.somaxconn": "77"})
        assert ips == ("10.213.0.2",)
        with listener_in(network.netns("u1"), ips[0], 8080) as listener:
            assert await reaches(ips[0], 8080, listener) == "10.213.0.1"
        shown = ip("addr", "show", "eth0", netns=network.netns("u1"))
        assert "inet 10.213.0.2/32" in shown
        assert "inet6" not in shown
        assert "127.0.0.1/8" in ip("addr", "show", "lo", netns=network.netns("u1"))
        assert inside(network.netns("u1"), "cat", "/proc/sys/net/core/somaxconn") == "77\n"

    run(tmp_path, scenario)


def test_pods_reach_each_other_and_the_machine(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        one, other = [(await network.attach(uid, {}))[0] for uid in ("u1", "u2")]
        with listener_in(network.netns("u2"), other, 80) as server:
            assert seen_from(network.netns("u1"), server) == one
        with socket.create_server((machine.gateways[0], 6443)) as server:
            assert seen_from(network.netns("u1"), server) == one

    run(tmp_path, scenario)


def test_an_address_of_the_range_that_no_pod_has_is_unreachable_at_once(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        with socket.socket() as client, pytest.raises(OSError, match="No route to host"):
            client.connect(("10.213.0.200", 80))

    run(tmp_path, scenario)


def test_the_service_range_is_routed_with_the_gateway_as_source(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        told = ip("route", "get", "10.212.0.1")
        assert f"dev {gateway_device(machine.cluster)}" in told
        assert "src 10.213.0.1" in told
        await node_network_up(machine)
        assert "10.213.0.1/32" in ip("addr", "show", gateway_device(machine.cluster))

    run(tmp_path, scenario)


def test_a_range_that_is_no_longer_the_clusters_loses_its_route(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        assert "10.212.0.0/16 dev" in ip("route")
        assert "10.97.0.0/16 dev" in ip("route")
        await node_network_up(replace(machine, service_cidrs=("10.212.0.0/16", "10.98.0.0/24")))
        assert "10.97.0.0/16" not in ip("route")
        assert "10.212.0.0/16 dev" in ip("route")
        assert "10.98.0.0/24 dev" in ip("route")

    run(tmp_path, scenario, service_cidrs=("10.212.0.0/16", "10.97.0.0/16"))


def test_a_gateway_device_that_was_deleted_comes_back_with_addresses_and_all_routes(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        repaired = asyncio.Event()

        async def repair() -> None:
            await network.repair()
            repaired.set()

        (early,) = await network.attach("u0", {})
        device = gateway_device(machine.cluster)
        before = ip("route", "show", "dev", device)
        assert "10.212.0.0/16" in before
        keeping = asyncio.create_task(keep(machine, repair, period_s=0.02))
        try:
            ip("link", "del", device)
            for _ in range(2):  # A turn that began before the device was deleted may end after it.
                repaired.clear()
                async with asyncio.timeout(30):
                    await repaired.wait()
            assert ip("route", "show", "dev", device) == before
            with listener_in(network.netns("u0"), early, 8080) as listener:
                assert await reaches(early, 8080, listener) == machine.gateways[0]
            with socket.create_server((machine.gateways[0], 6443)) as server:
                one, *_ = await network.attach("u1", {})
                assert seen_from(network.netns("u1"), server) == one
        finally:
            keeping.cancel()

    run(tmp_path, scenario)


def test_attaching_again_gives_the_same_address_and_a_new_pod_another(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        assert await network.attach("u1", {}) == await network.attach("u1", {}) == ("10.213.0.2",)
        await network.detach("u1")
        await network.detach("u1")
        assert await network.attach("u2", {}) == ("10.213.0.3",)

    run(tmp_path, scenario)


def test_a_new_agent_finds_every_pod_and_gives_no_address_twice(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        before = {uid: await network.attach(uid, {}) for uid in ("u1", "u2", "u3")}
        await network.detach("u2")
        again = PodNetwork(machine)
        await again.open()
        assert {uid: again.ips(uid) for uid in again.attached()} == {"u1": before["u1"], "u3": before["u3"]}
        assert await again.attach("u4", {}) == ("10.213.0.5",)
        again.close()

    run(tmp_path, scenario)


def test_many_pods_at_once_have_an_address_each(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        found = await asyncio.gather(*(network.attach(f"u{number}", {}) for number in range(30)))
        assert len({ips[0] for ips in found}) == 30
        await asyncio.gather(*(network.detach(f"u{number}") for number in range(30)))
        assert network.attached() == []
        assert list(machine.netns_path.iterdir()) == []

    run(tmp_path, scenario)


def test_a_full_range_is_told(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        await network.attach("u1", {})
        with pytest.raises(RuntimeFailure, match=r"no address is free in the node's pod range 10\.213\.0\.0/30"):
            await network.attach("u2", {})

    run(tmp_path, scenario, pod_cidrs=("10.213.0.0/30",))


def test_a_sysctl_that_the_kernel_refuses_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        with pytest.raises(RuntimeFailure) as refusal:
            await network.attach("u1", {"net.core.nonsense": "1"})
        assert refusal.value.reason == "FailedCreatePodSandBox"
        assert "/proc/sys/net/core/nonsense" in str(refusal.value)
        assert network.attached() == []
        assert list(machine.netns_path.iterdir()) == []

    run(tmp_path, scenario)


def test_what_a_crash_left_half_made_is_made_again(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        await network.attach("u1", {})
        ip("route", "del", "10.213.0.2/32")
        again = PodNetwork(machine)
        assert await again.attach("u1", {}) == ("10.213.0.2",)
        network.netns("u2").touch()
        ip("link", "add", pod_device(machine.cluster, "u2"), "type", "veth", "peer", "name", "x")
        assert await again.attach("u2", {}) == ("10.213.0.3",)
        again.close()

    run(tmp_path, scenario)


def test_the_world_sees_the_node_and_the_cluster_sees_the_pod(tmp_path: Path) -> None:
    """A device of the machine plays the world: what leaves through it carries the machine's address."""

    async def scenario(machine: Machine, network: PodNetwork) -> None:
        await network.attach("u1", {})
        ip("netns", "add", f"world-{machine.cluster}")
        try:
            world = Path(f"/run/netns/world-{machine.cluster}")
            ip("link", "add", "out", "type", "veth", "peer", "name", "in", "netns", f"world-{machine.cluster}")
            ip("addr", "add", "192.0.2.1/24", "dev", "out")
            ip("link", "set", "out", "up")
            ip("addr", "add", "192.0.2.9/24", "dev", "in", netns=world)
            ip("link", "set", "in", "up", netns=world)
            with listener_in(world, "192.0.2.9", 80) as server:
                assert seen_from(network.netns("u1"), server) == "192.0.2.1"
        finally:
            ip("link", "del", "out")
            ip("netns", "del", f"world-{machine.cluster}")

    run(tmp_path, scenario)


HAIRPIN = """
table ip service {
\tchain before {
\t\ttype nat hook prerouting priority -105; policy accept;
\t\tip daddr 10.212.0.9 tcp dport 80 dnat to 10.213.0.2:8080
\t}
\tchain after {
\t\ttype nat hook postrouting priority 95; policy accept;
\t\tip saddr . ip daddr { 10.213.0.2 . 10.213.0.2 } masquerade
\t}
}
"""


def load(rules: str) -> None:
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


def filter_strictly() -> None:
    for path in Path("/proc/sys/net/ipv4/conf").glob("*/rp_filter"):
        path.write_text("1")


def test_a_pod_reaches_itself_through_a_service_even_with_strict_reverse_path_filtering(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        (address,) = await network.attach("u1", {})
        filter_strictly()
        load(HAIRPIN)
        with listener_in(network.netns("u1"), address, 8080) as server:
            inside(network.netns("u1"), "bash", "-c", "exec 3<>/dev/tcp/10.212.0.9/80")
            accepted, peer = server.accept()
            accepted.close()
            assert peer[0] == machine.gateways[0]

    run(tmp_path, scenario)


def test_settings_go_back_when_the_last_cluster_goes(tmp_path: Path) -> None:
    async def scenario() -> None:
        forwarding("0")
        other = {"pod_cidrs": ("10.214.0.0/24",), "cluster_cidrs": ("10.214.0.0/16",), "gateways": ("10.214.0.1",)}
        with machine_in(tmp_path) as one, machine_in(tmp_path, service_cidrs=("10.211.0.0/16",), **other) as two:
            await node_network_up(one)
            await node_network_up(two)
            await swept(one)
            assert forwarding() == "1"
            await swept(two)
            assert forwarding() == "0"

    in_own_network(scenario)
    assert not (tmp_path / "run" / ".sysctls").exists()


def routed() -> str:
    return read(ROUTE_LOCALNET)


def test_loopback_is_routed_only_while_node_ports_answer_there(tmp_path: Path) -> None:
    async def scenario() -> None:
        assert routed() == "0"
        with machine_in(tmp_path, loopback=(4,)) as machine:
            await node_network_up(machine)
            assert routed() == "0", "not before outsiders are kept out"
            settle_connections(machine)
            assert routed() == "1"
            await node_network_up(machine)
            assert routed() == "1"
            otherwise = replace(machine, loopback=())
            await node_network_up(otherwise)
            settle_connections(otherwise)
            assert routed() == "0"
            settle_connections(machine)
            await swept(machine)
            assert routed() == "0"

    in_own_network(scenario)
    assert not (tmp_path / "run" / ".sysctls").exists()


def test_connections_are_remembered_as_long_as_kube_proxy_has_them_and_as_before_afterwards(tmp_path: Path) -> None:
    async def scenario() -> None:
        with machine_in(tmp_path) as machine:
            await node_network_up(machine)
            before = {name: read(name) for name in (*TIMEOUTS, CONNECTIONS)}
            settle_connections(machine)
            assert {name: read(name) for name in TIMEOUTS} == TIMEOUTS
            assert read(CONNECTIONS) == before[CONNECTIONS], "which only the first namespace may set"
            await swept(machine)
        assert {name: read(name) for name in before} == before
        assert connection_sysctls(machine, 100000, lambda name: name == CONNECTIONS) == {CONNECTIONS: "3276800000"}
        assert connection_sysctls(machine, 1, lambda name: False) == {}

    in_own_network(scenario)


def test_a_kernel_s_refusal_names_what_was_asked() -> None:
    async def scenario() -> None:
        with Connection() as connection:
            connection.run([new_device("d0", "bridge")])
            link = connection.link("d0")
            assert link is not None
            connection.run([set_up(link.index), add_address(link.index, "10.0.0.1/32")])
            with pytest.raises(OSError, match="File exists") as refusal:
                connection.run([add_address(link.index, "10.0.0.1/32"), set_up(link.index)])
            assert refusal.value.filename == f"add address 10.0.0.1/32 to device {link.index}"
            assert connection.link("nothing") is None

    in_own_network(scenario)


def test_routes_to_a_further_node_come_back(tmp_path: Path) -> None:
    async def scenario(machine: Machine, network: PodNetwork) -> None:
        there = Uplink(
            cluster=machine.cluster, number=2, host_name="n-2", netns=tmp_path / "n-2", addresses=("10.98.0.2",),
            pod_cidrs=("10.244.1.0/24",), gateways=machine.gateways, machine_addresses=machine.gateways,
        )  # fmt: skip
        assert not repair(there)  # There is no link yet: the node will make it.
        device = node_device(machine.cluster, 2)
        with Connection() as connection:
            ends = VethEnd(device, there.machine_mac, 1500), VethEnd("n2", there.mac, 1500)
            connection.run([new_veth(*ends)])
        assert repair(there)
        before = ip("route", "show", "dev", device)
        assert ("10.98.0.2 " in before, "10.244.1.0/24 via 10.98.0.2 " in before, repair(there)) == (True, True, False)
        ip("link", "del", gateway_device(machine.cluster))
        assert ip("route", "show", "dev", device) == ""
        await node_network_up(machine)
        assert repair(there)
        assert ip("route", "show", "dev", device) == before
        ip("link", "del", device)

    run(tmp_path, scenario)
