"""Ports of the machine that lead to a Service: from outside, from the machine and its localhost, and from pods."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
from probes import Met, Probe, ask_again
from programmed_table import ProgrammedTable, endpoint_slice, service
from service_network import (
    CLIENT_ADDRESS,
    NODE_ADDRESS,
    NODE_ADDRESS6,
    Namespace,
    ServiceNetwork,
    forget_connections,
    needs_root_and_namespaces,
)

from fairway.kinds.rules.host_ports import ANNOTATION
from fairway.node.pod_network.loopback import close_loopback, open_loopback
from fairway.node.rtnetlink.connection import Connection
from fairway.proxy.host_ports import HostPorts
from fairway.proxy.inputs import service_of
from fairway.proxy.model import TCP, UDP, HostPort, Service

pytestmark = needs_root_and_namespaces


@pytest.fixture(scope="module")
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork(pods=2)
    yield made
    made.close()


@pytest.fixture
def table(network: ServiceNetwork) -> Iterator[ProgrammedTable]:
    made = ProgrammedTable(network.node)
    yield made
    made.close()
    network.node.sysctl("ipv4/conf/all/route_localnet", "0")
    forget_connections(network.node)


def put(table: ProgrammedTable, network: ServiceNetwork, host_ports: str, **spec: str) -> None:
    everyone = [*network.pods, network.remote]
    ports = [{"name": "t", "port": 80}, {"name": "u", "port": 53, "protocol": "UDP"}]
    targets = [{"name": "t", "port": 8080}, {"name": "u", "port": 8080, "protocol": "UDP"}]
    web = service("web", "10.96.0.10", "fd96::10", ports=ports, **spec)
    web["metadata"]["annotations"] = {ANNOTATION: host_ports}
    table.put(
        web,
        endpoint_slice("web", everyone, ports=targets),
        endpoint_slice("web", everyone, name="6", ipv6=True, ports=targets),
    )


def met(where: Namespace, at: str, port: int = 8080, protocol: int = TCP) -> Met:
    return ask_again(Probe(where, at, port, protocol), timeout_s=0.5)


def test_every_address_of_the_machine_answers(network: ServiceNetwork, table: ProgrammedTable) -> None:
    put(table, network, "8080:t,53:u/UDP")
    network.node.sysctl("ipv4/conf/all/route_localnet", "1")
    for where in (network.client, network.node, network.pods[0].namespace):
        for at in (NODE_ADDRESS, NODE_ADDRESS6):
            assert [met(where, at).verdict, met(where, at, 53, UDP).verdict] == ["send", "send"]
    assert [met(network.node, "127.0.0.1").verdict, met(network.node, "127.0.0.9", 53, UDP).verdict] == ["send"] * 2
    assert met(network.client, NODE_ADDRESS, 8081).verdict == "refuse"
    with network.node.entered(), Connection() as connection:
        open_loopback(connection, "t")
        assert [met(network.node, "::1").verdict, met(network.node, "::1", 53, UDP).verdict] == ["send", "send"]
        close_loopback(connection, "t")


def test_one_address_answers_and_no_other(network: ServiceNetwork, table: ProgrammedTable) -> None:
    put(table, network, f"127.0.0.1:8080:t,{NODE_ADDRESS}:8081:t")
    network.node.sysctl("ipv4/conf/all/route_localnet", "1")
    assert met(network.node, "127.0.0.1").verdict == "send"
    assert met(network.client, NODE_ADDRESS).verdict == "refuse"
    assert met(network.client, NODE_ADDRESS, 8081).verdict == "send"
    assert met(network.node, "127.0.0.1", 8081).verdict == "refuse"


def test_the_external_policy_counts_and_the_annotation_may_change(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    put(table, network, "8080:t", externalTrafficPolicy="Local", type="NodePort")
    answers = {met(network.client, NODE_ADDRESS) for _ in range(20)}
    assert {answer.seen for answer in answers} == {CLIENT_ADDRESS}
    assert {answer.name for answer in answers} <= {"pod-1:8080", "pod-2:8080"}
    put(table, network, "8082:t")
    assert met(network.client, NODE_ADDRESS).verdict == "refuse"
    assert met(network.client, NODE_ADDRESS, 8082).verdict == "send"
    assert table.restart() == 0, "a new process finds everything right"
    table.remove("web")
    assert met(network.client, NODE_ADDRESS, 8082).verdict == "refuse"


def test_outsiders_stay_out_of_localhost(network: ServiceNetwork, table: ProgrammedTable) -> None:
    put(table, network, "8080:t")
    network.node.sysctl("ipv4/conf/all/route_localnet", "1")
    for route in ("127.0.0.0/8", "127.0.0.1"):
        network.client.ip("route", "del", "local", route, "dev", "lo", "table", "local")
    network.client.ip("route", "add", "127.0.0.0/8", "via", NODE_ADDRESS, "src", CLIENT_ADDRESS)
    network.client.sysctl("ipv4/conf/all/route_localnet", "1")
    assert met(network.client, "127.0.0.1").verdict == "drop"
    assert met(network.client, NODE_ADDRESS).verdict == "send"


def _kept(host_ports: str) -> Service:
    found = service("web", "10.96.0.10")
    found["metadata"]["annotations"] = {ANNOTATION: host_ports}
    kept = service_of(found)
    assert kept is not None
    return kept


async def test_a_port_of_another_program_is_told_and_taken_when_it_is_free(network: ServiceNetwork) -> None:
    told: list[tuple[str, int]] = []
    freed = asyncio.Event()
    with network.node.entered(), socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ports = HostPorts(lambda key, each, _: told.append((key, each.host_port)), lambda _: freed.set())
        trying = asyncio.create_task(ports.run())
        wanted = _kept(f"{port}:80,{port + 1}:80")
        granted = ports.granted("default/web", wanted)
        assert granted is not None
        assert granted.host_ports == (HostPort(b"", TCP, port + 1, 80),)
        assert told == [("default/web", port)]
        assert ports.loopback == {4}
        with socket.socket() as late, pytest.raises(OSError, match="in use"):
            late.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            late.bind(("127.0.0.1", port + 1))
            late.listen()
        other.close()
        async with asyncio.timeout(30):
            await freed.wait()
        assert ports.granted("default/web", wanted) == wanted
        assert told == [("default/web", port)]
        assert ports.granted("default/web", None) is None
        assert ports.loopback == frozenset()
        with socket.create_server(("127.0.0.1", port + 1)):
            pass
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)
