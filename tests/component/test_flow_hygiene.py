"""No flow without connection outlives the endpoint that it leads to, whatever becomes of its Service.

Clients keep sending from the same sockets, as resolvers and games do, while Services and slices change.
"""

import asyncio
import contextlib
import selectors
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programmed_table import ProgrammedTable, endpoint_slice, service
from service_network import (
    NODE_ADDRESS,
    NODE_ADDRESS6,
    Namespace,
    Pod,
    ServiceNetwork,
    ask_udp,
    forget_connections,
    needs_root_and_namespaces,
)

from fairway.objects import Object
from fairway.proxy.delta import FlowRule
from fairway.proxy.model import UDP, address, endpoint_text

sys.path.append(str(Path(__file__).resolve().parent.parent / "pure"))
from packet_tracer import Packet, fate

pytestmark = needs_root_and_namespaces
IPS = (("10.96.0.10", "fd96::10"), ("10.96.0.11", "fd96::11"))
VIP = ("192.0.2.7", "fd99::7")
NODE_IPS = (NODE_ADDRESS, NODE_ADDRESS6)
GATEWAYS = ("10.244.0.1", "fd44::1")
NODE_PORTS = (30053, 30054)


@pytest.fixture(scope="module")
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork()
    for pod in made.pods:
        made.serve(pod, 8081)
    for route in ("10.96.0.0/16", "192.0.2.0/24", "fd96::/112", "fd99::/64"):
        made.client.ip("route", "replace", route, "via", NODE_ADDRESS6 if ":" in route else NODE_ADDRESS)
    yield made
    made.close()


def dns(name: str = "dns", which: int = 0, node_port: int = 30053, **spec: Any) -> Object:
    """A Service of every type at once: cluster IP, node port and load balancer's address, for UDP."""
    ports = [{"name": "dns", "port": 53, "protocol": "UDP", **({"nodePort": node_port} if node_port else {})}]
    ingress = [{"ip": ip} for ip in VIP] if which == 0 else []
    wanted = {"type": "LoadBalancer", "status": {"loadBalancer": {"ingress": ingress}}, **spec}
    return service(name, *IPS[which], ports=ports, **wanted)


def behind(
    pods: Iterable[Pod], of: str = "dns", port: int = 8080, slice_: str = "1", **conditions: bool
) -> list[Object]:
    """A slice in each family."""
    ports = [{"name": "dns", "port": port, "protocol": "UDP"}]
    return [
        endpoint_slice(of, pods, name=f"{slice_}-{ipv6}", ipv6=ipv6, ports=ports, conditions=conditions)
        for ipv6 in (False, True)
    ]


class Flow:
    """A client that sends from one socket for ever."""

    def __init__(self, where: Namespace, at: str, port: int) -> None:
        self.at, self.port = at, port
        with where.entered():
            self.socket = socket.socket(socket.AF_INET6 if ":" in at else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        with contextlib.suppress(OSError):
            self.socket.connect((at, port))

    def send(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.send(b"?")

    def drain(self) -> None:
        """Forget what came late, and a refusal that was kept for the next call."""
        for _ in range(3):
            with contextlib.suppress(OSError):
                self.socket.recv(200)

    def answer(self) -> str:
        try:
            return self.socket.recv(200).decode().split()[0]
        except OSError:
            return ""

    def close(self) -> None:
        self.socket.close()


PATIENT_S, SILENCE_S = 30.0, 0.2
"""For an answer that is to come, and for one that is not."""


def answers(flows: list[Flow], *, patience_s: float = PATIENT_S) -> list[str]:
    """Who answers each flow; empty where nobody does, or not ``patience_s`` after the last one that did."""
    found = dict.fromkeys(flows, "")
    with selectors.DefaultSelector() as waiting:
        for flow in flows:
            flow.drain()
            waiting.register(flow.socket, selectors.EVENT_READ, flow)
            flow.send()
        while waiting.get_map() and (ready := waiting.select(patience_s)):
            for key, _ in ready:
                found[key.data] = key.data.answer()
                waiting.unregister(key.fileobj)
    return list(found.values())


Steps = Callable[[ServiceNetwork, ProgrammedTable], None]


def _to_zero(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(*behind([]))


def _service_deleted(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.remove("dns")


def _external_name(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(service("dns", "", type="ExternalName", externalName="example.org"))


def _target_port(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(*behind(network.pods[:1], port=8081))


def _endpoint_replaced(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(*behind(network.pods[1:2]))


def _endpoint_moves_to_another_slice(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(*behind([]), *behind(network.pods[:2], slice_="2"))


def _terminates(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(*behind(network.pods[:1], ready=False, serving=True, terminating=True),
              *behind(network.pods[1:2], slice_="2"))  # fmt: skip


def _no_longer_serves(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(*behind(network.pods[:1], ready=False, serving=False), *behind(network.pods[1:2], slice_="2"))


def _reused(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.forget("dns")
    table.put(dns("other"), *behind(network.pods[2:3], of="other"))


def _restarted_meanwhile(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.inventory.put_service("default/dns", None)
    table.restart()


def _became_another_proxys(network: ServiceNetwork, table: ProgrammedTable) -> None:
    other = dns()
    other["metadata"]["labels"] = {"service.kubernetes.io/service-proxy-name": "another"}
    table.put(other)


@pytest.mark.parametrize("place", [0, 1], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize(
    ("change", "after"),
    [
        (_to_zero, ""), (_service_deleted, ""), (_external_name, ""), (_target_port, "pod-1:8081"),
        (_endpoint_replaced, "pod-2:8080"), (_endpoint_moves_to_another_slice, "pod-1:8080"),
        (_terminates, "pod-1:8080"), (_no_longer_serves, "pod-2:8080"), (_reused, "pod-3:8080"),
        (_restarted_meanwhile, ""), (_became_another_proxys, ""),
    ],
)  # fmt: skip
def test_a_flow_goes_where_its_service_leads_after_every_transition(
    network: ServiceNetwork, table: ProgrammedTable, change: Steps, after: str, place: int
) -> None:
    table.put(dns(), *behind(network.pods[:1]))
    table.sweep()
    targets = [(IPS[0][place], 53), (NODE_IPS[place], 30053), (GATEWAYS[place], 30053), (VIP[place], 53)]
    flows = [
        Flow(where, *target)
        for target in targets
        for where in (network.client, network.pods[2].namespace, network.node)
        if target[0] != GATEWAYS[place] or where is not network.client
    ]
    with contextlib.ExitStack() as open_flows:
        for flow in flows:
            open_flows.callback(flow.close)
        assert set(answers(flows)) == {"pod-1:8080"}
        change(network, table)
        for flow in flows:
            flow.send()
        table.sweep()
        found = answers(flows, patience_s=PATIENT_S if after else SILENCE_S)
        assert [answer for answer in found if answer != after] == [], list(
            zip([flow.at for flow in flows], found, strict=True)
        )
        assert table.sweep() == 0


@pytest.mark.parametrize("place", [0, 1], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("without", ["service", "endpoints"])
def test_a_flow_that_began_too_early_is_served_once_there_is_an_endpoint(
    network: ServiceNetwork, table: ProgrammedTable, without: str, place: int
) -> None:
    if without == "endpoints":
        table.put(dns())
    table.sweep()
    targets = [(IPS[0][place], 53), (NODE_IPS[place], 30053), (VIP[place], 53), (GATEWAYS[place], 30053)]
    where = network.pods[2].namespace
    flows = [Flow(where, *target) for target in targets]
    assert answers(flows, patience_s=SILENCE_S) == [""] * 4
    table.put(dns(), *behind(network.pods[:1]))
    table.sweep()
    assert answers(flows) == ["pod-1:8080"] * 4
    for flow in flows:
        flow.close()


def test_no_packet_under_way_keeps_a_flow_to_an_endpoint_that_is_gone(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    """Clients that never pause, on another processor, while the endpoint changes and flows are swept."""
    table.put(dns(), *behind(network.pods[:1]))
    table.sweep()
    flows = [Flow(network.client, at, 53) for at in (*IPS[0], VIP[0]) for _ in range(10)]
    is_over = threading.Event()

    def send() -> None:
        while not is_over.is_set():
            for flow in flows:
                flow.send()

    sending = threading.Thread(target=send)
    sending.start()
    missed = 0
    for number in range(6):
        table.put(*behind([network.pods[number % 2]]))
        table.sweep()
        missed += _missed(table)
    is_over.set()
    sending.join()
    for flow in flows:
        flow.close()
    assert missed == 0


def _missed(table: ProgrammedTable) -> int:
    """How many flows lead to endpoints that no Service has, by a second look at every frontend."""
    rules = {}
    for family, each in table.tables.items():
        entries = [entry for held in each.entries.values() for entry in held if entry.flows is not None]
        rules[family] = [
            FlowRule(front.key, entry.flows or frozenset()) for entry in entries for front in entry.frontends
        ]
    return asyncio.run(table.dataplane.forget_flows(rules))


def test_a_flow_to_a_node_port_that_was_given_back_ends(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(dns(), *behind(network.pods[:1]))
    table.sweep()
    flow = Flow(network.client, NODE_ADDRESS, 30053)
    assert answers([flow]) == ["pod-1:8080"]
    table.put(dns(node_port=30054))
    assert table.sweep() == 1
    assert answers([flow], patience_s=SILENCE_S) == [""]
    assert ask_udp(network.client, NODE_ADDRESS, 30054)[0] == "pod-1:8080"
    flow.close()


def test_a_flow_to_another_services_port_of_the_same_number_stays(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    same = service("same", IPS[1][0], ports=[{"name": "dns", "port": 30053, "protocol": "UDP"}])
    table.put(dns(), *behind(network.pods[:1]), same, *behind(network.pods[1:2], of="same"))
    table.sweep()
    flow = Flow(network.client, IPS[1][0], 30053)
    assert answers([flow]) == ["pod-2:8080"]
    table.put(*behind([]))
    assert table.sweep() == 0
    flow.close()


def test_an_association_of_sctp_ends_with_its_endpoint(network: ServiceNetwork, table: ProgrammedTable) -> None:
    ports = [{"name": "s", "port": 99, "protocol": "SCTP"}]
    targets = [{"name": "s", "port": 9999, "protocol": "SCTP"}]
    table.put(service("s", IPS[0][0], ports=ports), endpoint_slice("s", network.pods[:1], ports=targets))
    table.sweep()
    with network.client.entered(), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_SCTP) as made:
        made.sendto(_sctp_init(7777, 99), (IPS[0][0], 0))
    table.put(endpoint_slice("s", network.pods[1:2], ports=targets))
    assert table.sweep() == 1


def _sctp_init(source: int, destination: int) -> bytes:
    """The first packet of an association (RFC 9260, section 3.3.2) with its CRC32c."""
    chunk = struct.pack(">BBHIIHHI", 1, 0, 20, 0x1234, 65536, 1, 1, 1)
    packet = struct.pack(">HHII", source, destination, 0, 0) + chunk
    crc = 0xFFFFFFFF
    for byte in packet:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return packet[:8] + struct.pack("<I", crc ^ 0xFFFFFFFF) + packet[12:]


# Property: any history

_conditions = st.sampled_from([
    {}, {}, {"ready": False, "serving": True, "terminating": True}, {"ready": False, "serving": False},
])  # fmt: skip
_part = st.tuples(st.sets(st.integers(0, 2)), st.sampled_from([8080, 8081]), _conditions)
_one = st.tuples(st.sampled_from(["absent", "external", "present", "present", "present"]), st.lists(_part, max_size=2))
_step = st.tuples(st.booleans(), st.booleans(), _one, _one)
"""Whether the two Services swap cluster IPs, and node ports; what each of them is."""


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(st.lists(_step, min_size=2, max_size=4))
def test_no_flow_outlives_its_endpoint_in_any_history(
    network: ServiceNetwork, steps: list[tuple[bool, bool, Any, Any]]
) -> None:
    table = ProgrammedTable(network.node)
    targets = [(IPS[0][0], 53), (IPS[1][1], 53), (NODE_ADDRESS, 30053), (NODE_ADDRESS6, 30054), (GATEWAYS[0], 30054)]
    clients = (network.client, network.pods[2].namespace)
    flows = [Flow(where, *target) for target in targets for where in clients
             if target[0] != GATEWAYS[0] or where is not network.client]  # fmt: skip
    try:
        for swaps_ips, swaps_ports, *services in steps:
            present = _step_to(network, table, swaps_ips, swaps_ports, services)
            for flow in flows:
                flow.send()
            table.sweep()
            for flow, answer in zip(flows, answers(flows, patience_s=SILENCE_S), strict=True):
                _check(network, table, flow, answer, present)
            assert table.sweep() == 0
    finally:
        for flow in flows:
            flow.close()
        table.close()
        forget_connections(network.node)


def _step_to(
    network: ServiceNetwork, table: ProgrammedTable, swaps_ips: bool, swaps_ports: bool, services: list[Any]
) -> dict[tuple[str, int], set[str]]:
    """Make it so; the answer is, per frontend, who is there to answer, ready or not."""
    present: dict[tuple[str, int], set[str]] = {}
    objects: list[Object] = []
    for which, (kind, parts) in enumerate(services):
        name, ips, node_port = f"s{which}", IPS[which ^ swaps_ips], NODE_PORTS[which ^ swaps_ports]
        names = set[str]()
        for place in (0, 1):
            pods, port, conditions = parts[place] if place < len(parts) else (set(), 8080, {})
            chosen = [network.pods[each] for each in sorted(pods)]
            objects += behind(chosen, of=name, port=port, slice_=str(place), **conditions)
            names |= {f"{pod.name}:{port}" for pod in chosen}
        if kind == "absent":
            table.forget(name)
            continue
        made = dns(name, which ^ swaps_ips, node_port) if kind == "present" else service(name, "", type="ExternalName")
        objects.append(made)
        if kind == "present":
            fronts = [(ip, 53) for ip in ips] + [(ip, node_port) for ip in (*NODE_IPS, *GATEWAYS)]
            present |= dict.fromkeys(fronts, names)
    table.put(*objects)
    return present


def _check(
    network: ServiceNetwork, table: ProgrammedTable, flow: Flow, answer: str, present: dict[tuple[str, int], set[str]]
) -> None:
    own = (*NODE_IPS, *GATEWAYS)
    source = network.pods[2].ip6 if ":" in flow.at else network.pods[2].ip
    packet = Packet(address(source), address(flow.at), UDP, flow.port, to_node=flow.at in own)
    wanted = fate(table.tables[6 if ":" in flow.at else 4].elements(), packet)
    if wanted.verdict == "send" and not answer:
        (answer,) = answers([flow])  # the machine may have been busy
    context = (flow.at, flow.port, wanted.verdict, [endpoint_text(each) for each in wanted.endpoints], answer)
    if wanted.verdict == "send":
        assert answer in present[flow.at, flow.port], context
    else:
        assert answer in {"", *present.get((flow.at, flow.port), ())}, context
