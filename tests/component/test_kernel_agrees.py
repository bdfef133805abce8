"""The specification, the elements and the kernel say the same of every packet: random Services, clients, frontends.

Three statements are held against each other: ``service_oracle`` (objects in), ``packet_tracer`` (elements in) and real
packets of both families.
"""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from probes import SILENCE, Met, Probe, ask_again, ask_all
from programmed_table import NODE, SETTINGS, ProgrammedTable
from service_network import (
    CLIENT_ADDRESS,
    CLIENT_ADDRESS6,
    NODE_ADDRESS,
    NODE_ADDRESS6,
    Namespace,
    ServiceNetwork,
    forget_connections,
    needs_root_and_namespaces,
)

from fairway.proxy.model import TCP, UDP, Endpoint, address, endpoint_text

sys.path.append(str(Path(__file__).resolve().parent.parent / "pure"))
from packet_tracer import Fate, Packet, everything_is_used, fate
from service_oracle import expected
from service_worlds import (
    EXTERNAL,
    TARGETS,
    UNUSED,
    Here,
    Member,
    World,
    balancer_ips,
    cluster_ips,
    node_ports,
    worlds,
)

pytestmark = needs_root_and_namespaces
HERE = Here(NODE.name, NODE.zone, (NODE_ADDRESS, NODE_ADDRESS6), SETTINGS.pod_cidrs)
LOOPBACK = ("127.0.0.1", "::1")
SOURCES = (
    f"{CLIENT_ADDRESS}/32", f"{NODE_ADDRESS}/32", "10.244.0.0/16", "0.0.0.0/0", f"{CLIENT_ADDRESS6}/128", "fd44::/64",
)  # fmt: skip
ENOUGH = 300
"""Draws after which an endpoint out of four that was never met is none."""


@pytest.fixture(scope="module")
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork()
    for pod in [*made.pods, made.remote]:
        made.serve(pod, TARGETS[1])
    for route in ("10.96.0.0/16", "192.0.2.0/24"):
        made.client.ip("route", "replace", route, "via", NODE_ADDRESS)
    for route in ("fd96::/112", "fd99::/64"):
        made.client.ip("route", "replace", route, "via", NODE_ADDRESS6)
    yield made
    made.close()


@pytest.fixture(scope="module")
def table(network: ServiceNetwork) -> Iterator[ProgrammedTable]:
    made = ProgrammedTable(network.node, cluster="agree")
    yield made
    made.close()


class Client:
    """Who asks: a namespace and its addresses; ``is_node`` for the node itself."""

    def __init__(self, where: Namespace, ips: tuple[str, str], *, is_node: bool = False) -> None:
        self.where, self.ips, self.is_node = where, ips, is_node


def _clients(network: ServiceNetwork) -> Iterator[Client]:
    for pod in (network.pods[0], network.pods[2], network.remote):
        yield Client(pod.namespace, (pod.ip, pod.ip6))
    yield Client(network.client, (CLIENT_ADDRESS, CLIENT_ADDRESS6))
    yield Client(network.node, (NODE_ADDRESS, NODE_ADDRESS6), is_node=True)


def _targets(place: int) -> Iterator[tuple[str, int, int]]:
    """Address, protocol and port."""
    for number in (1, 2, 3):
        for at in (cluster_ips(number)[place], balancer_ips(number)[place]):
            yield at, TCP, 80
            yield at, UDP, 53
        for protocol, port in zip((TCP, UDP), node_ports(number), strict=True):
            yield HERE.addresses[place], protocol, port
    yield LOOPBACK[place], TCP, node_ports(1)[0]
    yield EXTERNAL[place], TCP, 80
    yield UNUSED[place], TCP, 80
    yield cluster_ips(1)[place], TCP, 81


def _probes(network: ServiceNetwork) -> Iterator[tuple[Probe, Packet]]:
    for client in _clients(network):
        for place in (0, 1):
            for at, protocol, port in _targets(place):
                if at == LOOPBACK[place] and not client.is_node:
                    continue
                is_own = at in (HERE.addresses[place], LOOPBACK[place])
                packet = Packet(address(client.ips[place]), address(at), protocol, port, client.is_node, is_own)
                yield Probe(client.where, at, port, protocol), packet


def _put(table: ProgrammedTable, world: World, before: World | None) -> None:
    """From one set of objects to the next, as one change."""
    names = {each["metadata"]["name"] for each in (*world.services, *world.slices)}
    for each in (*before.services, *before.slices) if before else ():
        if each["metadata"]["name"] not in names:
            table.forget(each["metadata"]["name"])
    table.put(*world.services, *world.slices)
    table.sweep()


class Judge:
    """Holds what was met against what was expected."""

    def __init__(self, network: ServiceNetwork) -> None:
        self._names = {
            f"{ip}:{port}": f"{pod.name}:{port}"
            for pod in [*network.pods, network.remote] for ip in (pod.ip, f"[{pod.ip6}]") for port in TARGETS
        }  # fmt: skip

    def name(self, at: Endpoint) -> str:
        return self._names[endpoint_text(at)]

    def check(self, probe: Probe, packet: Packet, wanted: Fate, met: Met) -> None:
        context = (probe, wanted, met)
        if wanted.verdict == "pass":
            assert met.verdict != "send", context
            return
        if met.verdict == "denied":
            assert wanted.verdict in ("refuse", "drop"), context
            return
        assert met.verdict == wanted.verdict, context
        if met.verdict == "send":
            by_name = {self.name(each): each for each in wanted.endpoints}
            assert met.name in by_name, context
            is_kept = address(met.seen) == packet.source
            assert is_kept != (by_name[met.name] in wanted.masqueraded), context

    def check_spread(self, probe: Probe, wanted: Fate) -> None:
        """Every endpoint is met sooner or later; with affinity, one alone."""
        everyone = {self.name(each) for each in wanted.endpoints}
        met: set[str] = set()
        for _ in range(3 if wanted.affinity_s else ENOUGH):
            met.add(ask_again(probe).name)
            if not wanted.affinity_s and met == everyone:
                break
        assert len(met) == 1 if wanted.affinity_s else met == everyone, (probe, wanted, met)


def test_the_specification_the_elements_and_the_kernel_agree(network: ServiceNetwork, table: ProgrammedTable) -> None:
    members = tuple(Member(pod.node, (pod.ip, pod.ip6)) for pod in [*network.pods, network.remote])
    judge, before, draw = Judge(network), list[World](), random.Random(0)

    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
    @given(worlds(members, HERE, SOURCES))
    def agree(world: World) -> None:
        _put(table, world, before.pop() if before else None)
        before.append(world)
        held = table.dump()
        assert all(everything_is_used(each) for each in held.values())
        fates: dict[Probe, tuple[Packet, Fate]] = {}
        for probe, packet in _probes(network):
            wanted = expected(world, packet)
            assert fate(held[4 if len(packet.source) == 4 else 6], packet) == wanted, packet
            fates[probe] = packet, wanted
        for probe, met in ask_all(fates).items():
            packet, wanted = fates[probe]
            is_late = met == SILENCE and wanted.verdict in ("send", "refuse")
            judge.check(probe, packet, wanted, ask_again(probe) if is_late else met)
        several = [probe for probe, (_, wanted) in fates.items() if len(wanted.endpoints) > 1]
        for probe in draw.sample(several, min(4, len(several))):
            judge.check_spread(probe, fates[probe][1])

    agree()
    forget_connections(network.node)
