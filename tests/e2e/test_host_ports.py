"""Ports of the node that lead to single pods, with real pods."""

import json
import socket
import subprocess
from typing import Any

from .conftest import Cluster
from .test_pods import create, events, pod

PORT = 54323
ECHO = (
    "/usr/bin/python3", "-I", "-S", "-c",
    "import _socket as s; u = s.socket(s.AF_INET, s.SOCK_DGRAM); u.bind(('', 8080))\n"
    "while True: u.sendto(*u.recvfrom(100))",
)  # fmt: skip


def publishing(name: str, protocol: str, address: str, *command: str, **spec: Any) -> dict[str, Any]:
    port = {"containerPort": 8080, "hostPort": PORT, "hostIP": address, "protocol": protocol}
    return pod(name, *command, container={"ports": [port]}, **spec)


def node_ip(cluster: Cluster) -> str:
    [node] = cluster.get("nodes")["items"]
    return next(each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP")


def table(cluster: Cluster) -> str:
    words = ["nft", "list", "table", "ip", f"fairway-{cluster.name}-host-ports"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def asked_by_udp(address: str, text: bytes) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(30)
        client.sendto(text, (address, PORT))
        return client.recv(100)


def test_pods_share_a_host_port_by_address_and_protocol(cluster: Cluster, namespace: str) -> None:
    """What the conformance test "validates that there is no conflict between pods with same hostPort" asks for."""
    ip = node_ip(cluster)
    create(
        cluster, namespace, publishing("one", "TCP", "127.0.0.1"), publishing("two", "TCP", ip),
        publishing("three", "UDP", ip, *ECHO), pod("host", "sleep", "100", hostNetwork=True),
    )  # fmt: skip
    cluster.kubectl("wait", "-n", namespace, "--for=condition=Ready", "pod", "--all", "--timeout=30s")

    def curl(*words: str) -> str:
        return cluster.kubectl("exec", "-n", namespace, "host", "--", "curl", "-s", "-m", "5", *words).strip()

    assert curl("--interface", ip, f"http://127.0.0.1:{PORT}/hostname") == "You've hit one"
    assert curl(f"http://127.0.0.1:{PORT}/hostname") == "You've hit one"
    assert curl(f"http://{ip}:{PORT}/hostname") == "You've hit two"
    assert asked_by_udp(ip, b"three?") == b"three?"
    own = cluster.kubectl("exec", "-n", namespace, "two", "--", "curl", "-s", "-m", "5", f"http://{ip}:{PORT}").strip()
    assert own == "You've hit two"

    # The scheduler finds no place for one more, and the node refuses what has not met the scheduler.
    refused = publishing("refused", "TCP", ip, nodeName=cluster.get("nodes")["items"][0]["metadata"]["name"])
    create(cluster, namespace, publishing("waits", "TCP", ""), refused)
    cluster.kubectl("wait", "-n", namespace, "--for=jsonpath={.status.phase}=Failed", "pod/refused", "--timeout=20s")
    status = cluster.get("pod", "refused", "-n", namespace)["status"]
    assert status["reason"] == "NodePorts"
    assert status["message"].startswith("Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports")
    cluster.wait(lambda: events(cluster, namespace, "waits", "FailedScheduling"), "event for the pod that waits")
    assert cluster.get("pod", "waits", "-n", namespace)["status"]["phase"] == "Pending"

    # Whoever waits gets the port when the others have gone.
    before = table(cluster)
    assert before.count(str(PORT)) == 3
    cluster.kubectl("delete", "pod", "-n", namespace, "one", "two", "refused")
    cluster.kubectl("wait", "-n", namespace, "--for=condition=Ready", "pod/waits", "--timeout=30s")
    for address in ("127.0.0.1", ip):
        assert curl(f"http://{address}:{PORT}/hostname") == "You've hit waits"
    cluster.kubectl("delete", "pod", "-n", namespace, "waits", "three")
    assert str(PORT) not in table(cluster)


def test_a_port_of_another_program_is_not_taken(cluster: Cluster, namespace: str) -> None:
    with socket.create_server((node_ip(cluster), PORT)):
        create(cluster, namespace, publishing("p", "TCP", ""))
        [told, *_] = cluster.wait(
            lambda: events(cluster, namespace, "p", "FailedCreatePodSandBox"), "an event that names the port"
        )
        assert f"hostPort {node_ip(cluster)}:{PORT}/TCP is in use by another program" in told
    cluster.kubectl("wait", "-n", namespace, "--for=condition=Ready", "pod/p", "--timeout=30s")
    described = json.dumps(cluster.get("pod", "p", "-n", namespace)["status"]["hostIPs"])
    assert node_ip(cluster) in described
