"""The kernel does with packets what the model says: random Services, every client, every frontend."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from programmed_table import ProgrammedTable, endpoint_slice, service
from service_network import (
    CLIENT_ADDRESS,
    NODE_ADDRESS,
    Namespace,
    ServiceNetwork,
    ask,
    ask_udp,
    needs_root_and_namespaces,
)

from fairway.proxy.model import PROTOCOLS, TCP, address, endpoint_text

sys.path.append(str(Path(__file__).resolve().parent.parent / "pure"))
from packet_tracer import Packet, everything_is_used, fate

pytestmark = needs_root_and_namespaces
EXTERNAL = "192.0.2.9"
VIP = "192.0.2.10"


@pytest.fixture(scope="module")
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork()
    for route in ("10.96.0.0/16", "192.0.2.0/24"):
        made.client.ip("route", "replace", route, "via", NODE_ADDRESS)
    yield made
    made.close()


def _world(draw: random.Random, network: ServiceNetwork) -> Iterator[dict[str, Any]]:
    everyone = [*network.pods, network.remote]
    for number in range(1, 5):
        ports = [
            {"name": "t", "port": 80, "nodePort": 30000 + number * 10},
            {"name": "u", "port": 53, "protocol": "UDP", "nodePort": 30001 + number * 10},
        ]
        spec: dict[str, Any] = {
            "sessionAffinity": draw.choice(["None", "ClientIP"]),
            "internalTrafficPolicy": draw.choice(["Cluster", "Cluster", "Local"]),
            "externalTrafficPolicy": draw.choice(["Cluster", "Local"]),
            "type": draw.choice(["ClusterIP", "NodePort", "LoadBalancer"]),
        }
        if number == 1:
            spec["externalIPs"] = [EXTERNAL]
        if number == 2:
            spec |= {"type": "LoadBalancer", "status": {"loadBalancer": {"ingress": [{"ip": VIP}]}}}
            spec["loadBalancerSourceRanges"] = [draw.choice([f"{CLIENT_ADDRESS}/32", "10.244.0.0/16", "0.0.0.0/0"])]
        yield service(f"s{number}", f"10.96.0.{number}", ports=ports, **spec)
        chosen = draw.sample(everyone, draw.randint(0, 4))
        targets = [{"name": "t", "port": 8080}, {"name": "u", "port": 8080, "protocol": "UDP"}]
        yield endpoint_slice(f"s{number}", chosen, ports=targets)


def _targets() -> Iterator[tuple[str, int, int]]:
    for number in (1, 2, 3, 4):
        for at, tcp, udp in (
            (f"10.96.0.{number}", 80, 53), (NODE_ADDRESS, 30000 + number * 10, 30001 + number * 10),
        ):  # fmt: skip
            yield at, tcp, TCP
            yield at, udp, PROTOCOLS["UDP"]
    for at in (EXTERNAL, VIP, "10.96.0.77"):
        yield at, 80, TCP
    yield "10.96.0.1", 81, TCP


def _met(where: Namespace, at: str, port: int, protocol: int) -> tuple[str, str, str]:
    one = ask if protocol == TCP else ask_udp
    try:
        name, seen = one(where, at, port, timeout_s=0.25)
    except ConnectionRefusedError:
        return "refuse", "", ""
    except PermissionError:  # what the node itself gets for a packet of its own, dropped or rejected
        return "denied", "", ""
    except TimeoutError:
        return "drop", "", ""
    return "send", name, seen


@pytest.mark.parametrize("seed", range(6))
def test_the_kernel_and_the_model_agree(network: ServiceNetwork, seed: int) -> None:
    draw = random.Random(seed)
    table = ProgrammedTable(network.node, cluster=f"agree{seed}")
    try:
        for _ in range(draw.randint(1, 3)):
            table.put(*_world(draw, network))
        held = table.dump()[4]
        assert everything_is_used(held)
        names = {f"{pod.ip}:8080": f"{pod.name}:8080" for pod in [*network.pods, network.remote]}
        clients = [
            (network.pods[0].namespace, network.pods[0].ip, False), (network.client, CLIENT_ADDRESS, False),
            (network.node, NODE_ADDRESS, True),
        ]  # fmt: skip
        for (at, port, protocol), (where, source, from_node) in (
            (target, client) for target in _targets() for client in clients
        ):
            packet = Packet(address(source), address(at), protocol, port, from_node, at == NODE_ADDRESS)
            expected = fate(held, packet)
            if expected.verdict == "pass":
                continue
            verdict, name, seen = _met(where, at, port, protocol)
            context = (at, port, protocol, source, expected)
            if verdict == "denied":
                assert expected.verdict != "send", context
                continue
            assert verdict == expected.verdict, context
            if verdict == "send":
                by_name = {names[endpoint_text(each)]: each for each in expected.endpoints}
                assert name in by_name, context
                if not from_node:
                    assert (seen != source) == (by_name[name] in expected.masqueraded), (seen, name, *context)
    finally:
        table.close()
        subprocess.run(["ip", "netns", "exec", network.node.name, "conntrack", "-F"], capture_output=True, check=False)
