"""Where node ports answer: the addresses that are set, localhost by choice, and never 127.0.0.0/8 to outsiders."""

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from probes import Met, Probe, ask_again
from programmed_table import SETTINGS, ProgrammedTable, endpoint_slice, service
from service_network import (
    CLIENT_ADDRESS,
    NODE_ADDRESS,
    NODE_ADDRESS6,
    Namespace,
    ServiceNetwork,
    forget_connections,
    needs_root_and_namespaces,
)

from fairway.node.machine import Machine
from fairway.node.pod_network.loopback import close_loopback, keep_loopback, open_loopback
from fairway.node.rtnetlink.connection import Connection
from fairway.proxy.model import TCP, UDP, Settings

pytestmark = needs_root_and_namespaces
ALL_AND_LOCALHOST = ("0.0.0.0/0", "::/0", "127.0.0.0/8")
GATEWAY = "10.244.0.1"


@pytest.fixture(scope="module")
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork(pods=2)
    yield made
    made.close()


@contextlib.contextmanager
def node_ports_at(network: ServiceNetwork, *addresses: str, **spec: str) -> Iterator[ProgrammedTable]:
    table = ProgrammedTable(
        network.node, settings=Settings(SETTINGS.service_cidrs, SETTINGS.pod_cidrs, nodeport_addresses=addresses)
    )
    everyone = [*network.pods, network.remote]
    ports = [
        {"name": "t", "port": 80, "nodePort": 30080},
        {"name": "u", "port": 53, "protocol": "UDP", "nodePort": 30053},
    ]
    targets = [{"name": "t", "port": 8080}, {"name": "u", "port": 8080, "protocol": "UDP"}]
    table.put(
        service("web", "10.96.0.10", "fd96::10", ports=ports, type="NodePort", **spec),
        endpoint_slice("web", everyone, ports=targets),
        endpoint_slice("web", everyone, name="6", ipv6=True, ports=targets),
    )
    try:
        yield table
    finally:
        table.close()
        network.node.sysctl("ipv4/conf/all/route_localnet", "0")
        forget_connections(network.node)


def met(where: Namespace, at: str, port: int = 30080, protocol: int = TCP) -> Met:
    return ask_again(Probe(where, at, port, protocol), timeout_s=0.5)


def test_the_node_itself_reaches_node_ports_at_its_addresses_but_not_on_localhost(network: ServiceNetwork) -> None:
    with node_ports_at(network):
        for at in (NODE_ADDRESS, NODE_ADDRESS6, GATEWAY):
            assert [met(network.node, at).verdict, met(network.node, at, 30053, UDP).verdict] == ["send", "send"]
        assert [met(network.node, at).verdict for at in ("127.0.0.1", "127.0.0.9", "::1")] == ["refuse"] * 3


@pytest.mark.parametrize("policy", ["Cluster", "Local"])
@pytest.mark.parametrize("affinity", ["None", "ClientIP"])
def test_localhost_answers_by_choice_and_leads_to_every_endpoint(
    network: ServiceNetwork, policy: str, affinity: str
) -> None:
    with node_ports_at(network, *ALL_AND_LOCALHOST, externalTrafficPolicy=policy, sessionAffinity=affinity):
        network.node.sysctl("ipv4/conf/all/route_localnet", "1")
        names = set()
        for _ in range(60 if affinity == "None" else 3):
            for at, port, protocol in (("127.0.0.1", 30080, TCP), ("127.0.0.1", 30053, UDP)):
                answer = met(network.node, at, port, protocol)
                assert (answer.verdict, answer.seen) == ("send", GATEWAY), "no pod sees 127.0.0.1"
                names.add(answer.name)
        assert affinity == "ClientIP" or names == {"pod-1:8080", "pod-2:8080", "pod-9:8080"}
        assert met(network.node, NODE_ADDRESS).verdict == "send"
        assert met(network.client, NODE_ADDRESS).verdict == "send"
        assert met(network.node, "127.0.0.1", 30081).verdict == "refuse"


def test_the_localhost_of_ipv6_answers_by_choice(network: ServiceNetwork) -> None:
    with node_ports_at(network, *ALL_AND_LOCALHOST, "::1/128"):
        assert met(network.node, "::1").verdict == "drop", "what the routes are for"
        with network.node.entered(), Connection() as connection:
            open_loopback(connection, "t")
            open_loopback(connection, "another")
            close_loopback(connection, "another")
            names = set()
            for _ in range(60):
                for port, protocol in ((30080, TCP), (30053, UDP)):
                    answer = met(network.node, "::1", port, protocol)
                    assert (answer.verdict, answer.seen) == ("send", "fd44::1"), "no pod sees ::1"
                    names.add(answer.name)
            assert names == {"pod-1:8080", "pod-2:8080", "pod-9:8080"}
            assert met(network.node, "::1", 30081).verdict == "refuse"
            close_loopback(connection, "t")
        local = ["ip", "-n", network.node.name, "-6", "route", "show", "table", "local", "::1"]
        assert subprocess.run(local, capture_output=True, text=True, check=True).stdout.split()[:4] == [
            "local", "::1", "dev", "lo",
        ]  # fmt: skip
        assert len(subprocess.run(local, capture_output=True, text=True, check=True).stdout.splitlines()) == 1


async def test_the_routes_of_localhost_follow_the_devices(network: ServiceNetwork, tmp_path: Path) -> None:
    machine = Machine(cluster="t", data_dir=tmp_path, loopback=(6,))

    def routes() -> set[str]:
        listed = ["ip", "-n", network.node.name, "-6", "route", "show", "table", "local", "::1"]
        lines = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.splitlines()
        return {line.split()[3] for line in lines}

    async def until(device: str, *, is_there: bool) -> None:
        async with asyncio.timeout(30):
            while (device in routes()) != is_there:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    with network.node.entered():
        keeping = asyncio.create_task(keep_loopback(machine))
        await until("cl", is_there=True)
        network.node.ip("link", "add", "late", "type", "veth", "peer", "name", "etal")
        network.node.ip("link", "set", "late", "up")
        network.node.ip("link", "set", "etal", "up")
        await until("late", is_there=True)
        network.node.ip("link", "set", "late", "down")
        await until("late", is_there=False)
        network.node.ip("link", "set", "late", "up")
        await until("late", is_there=True)
        network.node.ip("link", "del", "late")
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        none = asyncio.create_task(keep_loopback(replace(machine, loopback=())))
        await until("cl", is_there=False)
        none.cancel()
        await asyncio.gather(none, return_exceptions=True)
    assert routes() == {"lo"}


def test_outsiders_and_pods_stay_out_of_localhost(network: ServiceNetwork) -> None:
    """Packets that only a neighbour can send who forges its routes."""
    with network.node.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as private:
        private.bind(("127.0.0.1", 5353))
        private.settimeout(0.3)
        neighbours = (
            (network.client, NODE_ADDRESS, CLIENT_ADDRESS),
            (network.pods[0].namespace, GATEWAY, network.pods[0].ip),
        )
        for where, via, source in neighbours:
            for route in ("127.0.0.0/8", "127.0.0.1"):
                where.ip("route", "del", "local", route, "dev", "lo", "table", "local")
            where.ip("route", "add", "127.0.0.0/8", "via", via, "src", source)
            where.sysctl("ipv4/conf/all/route_localnet", "1")
        network.node.sysctl("ipv4/conf/all/route_localnet", "1")
        for where, _, _ in neighbours:
            _send(where, 5353)
            assert private.recv(10) == b"?", "so it is without the guard"
        with node_ports_at(network, *ALL_AND_LOCALHOST):
            network.node.sysctl("ipv4/conf/all/route_localnet", "1")
            for where, _, _ in neighbours:
                _send(where, 5353)
                with pytest.raises(TimeoutError):
                    private.recv(10)
                assert met(where, "127.0.0.1", 30053, UDP).verdict == "drop"
            assert met(network.node, "127.0.0.1").verdict == "send"


def _send(where: Namespace, port: int) -> None:
    with where.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.sendto(b"?", ("127.0.0.1", port))


def test_only_the_addresses_that_are_set_answer(network: ServiceNetwork) -> None:
    with node_ports_at(network, "primary"):
        assert [met(network.client, at).verdict for at in (NODE_ADDRESS, NODE_ADDRESS6)] == ["send", "send"]
        assert met(network.pods[0].namespace, GATEWAY).verdict == "refuse"
    with node_ports_at(network, f"{GATEWAY}/32"):
        assert met(network.client, NODE_ADDRESS).verdict == "refuse"
        assert met(network.pods[0].namespace, GATEWAY).verdict == "send"
        assert met(network.client, NODE_ADDRESS6).verdict == "refuse"
    with node_ports_at(network, "127.0.0.0/8"):
        network.node.sysctl("ipv4/conf/all/route_localnet", "1")
        assert met(network.client, NODE_ADDRESS).verdict == "refuse"
        assert met(network.node, "127.0.0.1").verdict == "send"
