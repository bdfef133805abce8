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
    NODE_ADDRESS,
    Pod,
    ServiceNetwork,
    connect,
    forget_connections,
    needs_root_and_namespaces,
)

pytestmark = needs_root_and_namespaces
IP = "10.96.0.10"
FAR = 1 << 30
"""Further than any window."""


@pytest.fixture(scope="module")
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork(pods=2)
    made.client.ip("route", "replace", "10.96.0.0/16", "via", NODE_ADDRESS)
    yield made
    made.close()


@pytest.fixture
def table(network: ServiceNetwork) -> Iterator[ProgrammedTable]:
    made = ProgrammedTable(network.node)
    made.put(
        service("web", IP, ports=[{"port": 80, "nodePort": 30080}], externalTrafficPolicy="Cluster"),
        service("local", "10.96.0.11", ports=[{"port": 80, "nodePort": 30081}], externalTrafficPolicy="Local"),
        endpoint_slice("web", network.pods[:1]),
        endpoint_slice("local", network.pods[:1]),
    )
    yield made
    made.close()
    forget_connections(network.node)


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("way", ["pod to cluster IP", "outside to policy Local", "outside, masqueraded"])
def test_a_stray_packet_of_the_server_resets_no_connection(network: ServiceNetwork, way: str) -> None:
    server = network.pods[0]
    where, at, port, seen = {
        "pod to cluster IP": (network.pods[1].namespace, IP, 80, network.pods[1].ip),
        "outside to policy Local": (network.client, NODE_ADDRESS, 30081, CLIENT_ADDRESS),
        "outside, masqueraded": (network.client, NODE_ADDRESS, 30080, "10.244.0.1"),
    }[way]
    with server.namespace.entered():
        listening = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    with listening, connect(where, at, port) as made:
        assert made.recv(100).startswith(b"pod-1")
        made.send(b"one")
        assert made.recv(100) == b"one"
        client_port, sequence, acknowledged = _last_heard(listening, seen)
        _send_stray(server, seen, client_port, acknowledged + FAR, sequence)
        made.send(b"two")
        assert made.recv(100) == b"two"


def _last_heard(listening: socket.socket, client: str) -> tuple[int, int, int]:
    """The client's port, where its next byte stands, and what it has acknowledged, by what it sent last."""
    listening.settimeout(0.3)
    port = following = acknowledged = 0
    while True:
        try:
            packet = listening.recv(2000)
        except TimeoutError:
            assert port
            return port, following, acknowledged
        if packet[12:16] != socket.inet_aton(client):
            continue
        port, _, sequence, acknowledged, offset = struct.unpack_from(">HHIIB", packet, 20)
        following = sequence + len(packet) - 20 - (offset >> 4) * 4


def _send_stray(server: Pod, client: str, client_port: int, sequence: int, acknowledged: int) -> None:
    """Data of a live connection, but from far outside its window (RFC 9293, section 3.10.7.4)."""
    head = struct.pack(
        ">HHIIBBHHH", 8080, client_port, sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF, 5 << 4, 0x18, 1000, 0, 0
    )
    pseudo = socket.inet_aton(server.ip) + socket.inet_aton(client) + struct.pack(">BBH", 0, 6, len(head) + 4)
    total = sum(struct.unpack(f">{(len(pseudo) + len(head) + 4) // 2}H", pseudo + head + b"boom"))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    packet = head[:16] + struct.pack(">H", ~total & 0xFFFF) + head[18:] + b"boom"
    with server.namespace.entered(), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as made:
        made.sendto(packet, (client, 0))
