"""A packet that connection tracking cannot place must not break the connection that it looks like.

It is not translated back, so the client would answer a stranger with a reset, which ends the server's side.
"""

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
    Pod,
    ServiceNetwork,
    connect,
    forget_connections,
    needs_root_and_namespaces,
)

pytestmark = needs_root_and_namespaces
IPS = ("10.96.0.10", "fd96::10")
FAR = 1 << 30
"""Further than any window."""


@pytest.fixture(scope="module")
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork(pods=2)
    for route, via in (("10.96.0.0/16", NODE_ADDRESS), ("fd96::/112", NODE_ADDRESS6)):
        made.client.ip("route", "replace", route, "via", via)
    yield made
    made.close()


@pytest.fixture
def table(network: ServiceNetwork) -> Iterator[ProgrammedTable]:
    made = ProgrammedTable(network.node)
    made.put(
        service("web", *IPS, ports=[{"port": 80, "nodePort": 30080}], externalTrafficPolicy="Cluster"),
        service(
            "local", "10.96.0.11", "fd96::11", ports=[{"port": 80, "nodePort": 30081}], externalTrafficPolicy="Local"
        ),
        *(endpoint_slice(name, network.pods[:1]) for name in ("web", "local")),
        *(endpoint_slice(name, network.pods[:1], name="6", ipv6=True) for name in ("web", "local")),
    )
    yield made
    made.close()
    forget_connections(network.node)


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("place", [0, 1], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("way", ["pod to cluster IP", "outside to policy Local", "outside, masqueraded"])
def test_a_stray_packet_of_the_server_resets_no_connection(network: ServiceNetwork, way: str, place: int) -> None:
    server, node = network.pods[0], (NODE_ADDRESS, NODE_ADDRESS6)[place]
    pod, outside = network.pods[1], (CLIENT_ADDRESS, CLIENT_ADDRESS6)[place]
    where, at, port, seen = {
        "pod to cluster IP": (pod.namespace, IPS[place], 80, (pod.ip, pod.ip6)[place]),
        "outside to policy Local": (network.client, node, 30081, outside),
        "outside, masqueraded": (network.client, node, 30080, ("10.244.0.1", "fd44::1")[place]),
    }[way]
    with _raw(server, seen) as listening, connect(where, at, port) as made:
        assert made.recv(100).startswith(b"pod-1")
        made.send(b"one")
        assert made.recv(100) == b"one"
        client_port, sequence, acknowledged = _last_heard(listening, seen)
        _send_stray(server, seen, client_port, acknowledged + FAR, sequence)
        made.send(b"two")
        assert made.recv(100) == b"two"


def _raw(server: Pod, client: str) -> socket.socket:
    with server.namespace.entered():
        return socket.socket(socket.AF_INET6 if ":" in client else socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)


def _last_heard(listening: socket.socket, client: str) -> tuple[int, int, int]:
    """The client's port, where its next byte stands, and what it has acknowledged, by what it sent last."""
    listening.settimeout(0.3)
    port = following = acknowledged = 0
    while True:
        try:
            packet, peer = listening.recvfrom(2000)
        except TimeoutError:
            assert port
            return port, following, acknowledged
        if peer[0] != client:
            continue
        head = 0 if ":" in client else 20  # only a raw socket of IPv4 is given the IP header
        port, _, sequence, acknowledged, offset = struct.unpack_from(">HHIIB", packet, head)
        following = sequence + len(packet) - head - (offset >> 4) * 4


def _send_stray(server: Pod, client: str, client_port: int, sequence: int, acknowledged: int) -> None:
    """Data of a live connection, but from far outside its window (RFC 9293, section 3.10.7.4)."""
    head = struct.pack(
        ">HHIIBBHHH", 8080, client_port, sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF, 5 << 4, 0x18, 1000, 0, 0
    )
    packet = head + b"boom"
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    source = server.ip6 if ":" in client else server.ip
    addresses = socket.inet_pton(family, source) + socket.inet_pton(family, client)
    summed = addresses + struct.pack(">HH", socket.IPPROTO_TCP, len(packet)) + packet
    total = sum(struct.unpack(f">{len(summed) // 2}H", summed))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    with _raw(server, client) as made:
        made.sendto(packet[:16] + struct.pack(">H", ~total & 0xFFFF) + packet[18:], (client, 0))
