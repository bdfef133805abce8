"""Real IPv6 packets through the real kernel: what the other file shows of IPv4 alone, and both families together."""

import socket
import struct
from collections.abc import Iterator

import pytest
from programmed_table import ProgrammedTable, endpoint_slice, service
from service_network import (
    CLIENT_ADDRESS,
    CLIENT_ADDRESS6,
    NODE_ADDRESS,
    NODE_ADDRESS6,
    Namespace,
    ServiceNetwork,
    ask,
    ask_udp,
    connect,
    needs_root_and_namespaces,
    spread,
)

pytestmark = needs_root_and_namespaces
IP, IP6 = "10.96.0.10", "fd96::10"
UDP_53 = {"name": "dns", "port": 53, "protocol": "UDP"}
UDP_8080 = {"name": "dns", "port": 8080, "protocol": "UDP"}
NODE_PORT = [{"port": 80, "nodePort": 30080}]


@pytest.fixture(scope="module")
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork()
    for route, via in (("10.96.0.0/16", NODE_ADDRESS), ("fd96::/112", NODE_ADDRESS6), ("fd99::/112", NODE_ADDRESS6)):
        made.client.ip("route", "replace", route, "via", via)
    yield made
    made.close()


def test_what_nobody_answers_is_refused_by_icmp_or_reset_and_an_unknown_address_dropped(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    pod = network.pods[0].namespace
    table.put(service("dns", IP6, ports=[UDP_53]), service("web", "fd96::11"))
    table.put(endpoint_slice("web", network.pods, ipv6=True))
    for where in (pod, network.client):
        with pytest.raises(ConnectionRefusedError):
            ask_udp(where, IP6, 53)
    with pytest.raises(ConnectionRefusedError):
        ask(pod, "fd96::11", 81)
    with pytest.raises(TimeoutError):
        ask(pod, "fd96::99", 80, timeout_s=0.3)


def test_external_policy_local_keeps_the_clients_address_and_drops_without_an_endpoint_here(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    local = service("web", IP6, ports=NODE_PORT, externalTrafficPolicy="Local", internalTrafficPolicy="Local")
    table.put(local, endpoint_slice("web", [network.pods[0], network.remote], ipv6=True))
    assert {ask(network.client, NODE_ADDRESS6, 30080) for _ in range(20)} == {("pod-1:8080", CLIENT_ADDRESS6)}
    assert set(spread(network.pods[1].namespace, NODE_ADDRESS6, 30080)) == {"pod-1:8080", "pod-9:8080"}
    assert set(spread(network.pods[1].namespace, IP6, 80)) == {"pod-1:8080"}
    table.put(endpoint_slice("web", [network.remote], ipv6=True))
    for where, address, port in ((network.client, NODE_ADDRESS6, 30080), (network.pods[0].namespace, IP6, 80)):
        with pytest.raises(TimeoutError):
            ask(where, address, port, timeout_s=0.3)


def test_an_external_address_and_udp_node_ports_answer(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(
        service("web", IP6, externalIPs=["fd99::8"]), endpoint_slice("web", network.pods, ipv6=True),
        service("dns", "fd96::11", ports=[{**UDP_53, "nodePort": 30053}]),
        endpoint_slice("dns", network.pods, ipv6=True, ports=[UDP_8080]),
    )  # fmt: skip
    for where in (network.client, network.pods[0].namespace):
        assert ask(where, "fd99::8", 80)[0].startswith("pod-")
        assert ask_udp(where, NODE_ADDRESS6, 30053)[0].startswith("pod-")


def test_a_bound_client_moves_once_when_its_endpoint_goes(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(service("web", IP6, sessionAffinity="ClientIP"), endpoint_slice("web", network.pods, ipv6=True))
    first = ask(network.client, IP6, 80)[0]
    table.put(endpoint_slice("web", [pod for pod in network.pods if not first.startswith(pod.name)], ipv6=True))
    after = spread(network.client, IP6, 80, times=20)
    assert len(after) == 1
    assert first not in after


def test_a_connection_outlives_its_endpoint_and_a_removed_service_leaves_nothing(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    empty = table.dump()
    table.put(service("web", IP6, ports=NODE_PORT), endpoint_slice("web", [network.pods[0]], ipv6=True))
    with connect(network.client, IP6, 80) as made:
        assert made.recv(100).startswith(b"pod-1")
        table.put(endpoint_slice("web", [network.pods[1]], ipv6=True))
        made.send(b"still here")
        assert made.recv(100) == b"still here"
    assert ask(network.client, IP6, 80)[0] == "pod-2:8080"
    table.remove("web", "web-1")
    assert table.dump() == empty


def test_each_family_has_endpoints_of_its_own(network: ServiceNetwork, table: ProgrammedTable) -> None:
    """The address of one family says nothing of the other's: no pod of IPv4 yet, one of IPv6 here and one there."""
    table.put(
        service("web", IP, IP6, ports=NODE_PORT, externalTrafficPolicy="Local"),
        endpoint_slice("web", [network.pods[0], network.remote], name="6", ipv6=True),
    )
    with pytest.raises(ConnectionRefusedError):
        ask(network.client, IP, 80)
    assert set(spread(network.pods[1].namespace, IP6, 80)) == {"pod-1:8080", "pod-9:8080"}
    assert ask(network.client, NODE_ADDRESS6, 30080) == ("pod-1:8080", CLIENT_ADDRESS6)
    table.put(endpoint_slice("web", [network.pods[1]], name="4"))
    assert ask(network.client, NODE_ADDRESS, 30080) == ("pod-2:8080", CLIENT_ADDRESS)
    table.put(service("web", IP6, ports=NODE_PORT, externalTrafficPolicy="Local"))
    with pytest.raises(TimeoutError):
        ask(network.client, IP, 80, timeout_s=0.3)
    assert ask(network.client, IP6, 80)[0].startswith("pod-")


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("who", ["pod", "node", "client"])
def test_a_datagram_of_several_fragments_arrives_whole(
    network: ServiceNetwork, table: ProgrammedTable, who: str, family: int
) -> None:
    table.put(
        service("dns", IP, IP6, ports=[UDP_53]), endpoint_slice("dns", network.pods, ports=[UDP_8080]),
        endpoint_slice("dns", network.pods, name="6", ipv6=True, ports=[UDP_8080]),
    )  # fmt: skip
    where = {"pod": network.pods[0].namespace, "node": network.node, "client": network.client}[who]
    with where.entered():
        made = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    with made:
        made.settimeout(30)
        made.connect((IP if family == 4 else IP6, 53))
        made.send(bytes(9000))
        assert made.recv(100).startswith(b"pod-")


def test_a_path_that_takes_only_small_packets_is_learned_through_a_service(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    """A router on the way says "packet too big" of a packet to the endpoint; the client hears it of the cluster IP."""
    pod = network.pods[0]
    table.put(service("web", IP6), endpoint_slice("web", [pod], ipv6=True))
    network.node.ip("link", "set", "p1", "mtu", "1280")
    try:
        with connect(network.client, IP6, 80) as made:
            assert made.recv(100).startswith(b"pod-1")
            made.sendall(bytes(1900))
            received = 0
            while received < 1900:
                received += len(made.recv(2000))
    finally:
        network.node.ip("link", "set", "p1", "mtu", "1500")


# SCTP: a kernel without its sockets still translates its packets

SCTP = socket.IPPROTO_SCTP
INIT = struct.pack(">BBHIIHHI", 1, 0, 20, 0x1234, 65536, 1, 1, 7)
"""Source: RFC 9260, section 3.3.2."""


def _crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def _init(source: int, port: int) -> bytes:
    """A packet with the chunk that asks for an association."""
    head = struct.pack(">HHI", source, port, 0)
    return head + struct.pack("<I", _crc32c(head + bytes(4) + INIT)) + INIT


def _raw(where: Namespace, family: int) -> socket.socket:
    with where.entered():
        made = socket.socket(family, socket.SOCK_RAW, SCTP)
    made.settimeout(30)
    return made


@pytest.mark.parametrize(("family", "ip"), [(socket.AF_INET, IP), (socket.AF_INET6, IP6)])
def test_an_association_is_asked_for_at_the_endpoints_own_port(
    network: ServiceNetwork, table: ProgrammedTable, family: int, ip: str
) -> None:
    pod, client = network.pods[0], network.pods[1]
    ports = [{"name": "s", "port": 3868, "protocol": "SCTP"}]
    targets = [{"name": "s", "port": 9999, "protocol": "SCTP"}]
    table.put(
        service("diameter", IP, IP6, ports=ports), endpoint_slice("diameter", [pod], ports=targets),
        endpoint_slice("diameter", [pod], name="6", ipv6=True, ports=targets),
    )  # fmt: skip
    with _raw(pod.namespace, family) as server, _raw(client.namespace, family) as asking:
        asking.sendto(_init(4000, 3868), (ip, 0))
        packet, peer = server.recvfrom(2000)
        head = packet[20:] if family == socket.AF_INET else packet
        assert peer[0] == (client.ip if family == socket.AF_INET else client.ip6)
        assert struct.unpack_from(">HH", head) == (4000, 9999)
        assert head[12:] == INIT
