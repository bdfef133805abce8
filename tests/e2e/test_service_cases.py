"""Services on three nodes as Kubernetes' own tests of the network ask for them, where no other file does."""

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .clients import hits
from .test_host_ports import ECHO
from .three_nodes import NUMBERS, ThreeNodes

NAMESPACE = "cases"
PROXY_NAME = "service.kubernetes.io/service-proxy-name"
HEADLESS = "service.kubernetes.io/headless"


@pytest.fixture(scope="module")
def world(three_nodes: ThreeNodes) -> Iterator[ThreeNodes]:
    """One web server, on the second node."""
    three_nodes.kubectl("create", "namespace", NAMESPACE)
    three_nodes.create(three_nodes.pod(NAMESPACE, "web", 2))
    three_nodes.ready_pods(NAMESPACE, "app=web", 1)
    yield three_nodes
    three_nodes.run("delete", "namespace", NAMESPACE, "--wait=false")


def answers(world: ThreeNodes, url: str, pod: str, *numbers: int) -> Callable[[], bool]:
    """Whether ``pod`` answers on exactly these nodes."""
    return lambda: all(
        hits(world.inside(number), url, patience_s=10 if number in numbers else 1) == [pod] * (number in numbers)
        for number in NUMBERS
    )


def test_a_pod_on_its_way_out_serves_for_as_long_as_nothing_else_does(world: ThreeNodes) -> None:
    leaving = world.pod(NAMESPACE, "leaving", 2)
    leaving["spec"]["terminationGracePeriodSeconds"] = 60
    waiting = ["sh", "-c", "while [ ! -e /go ]; do sleep 0.05; done"]
    leaving["spec"]["containers"][0]["lifecycle"] = {"preStop": {"exec": {"command": waiting}}}
    world.create(leaving)
    world.ready_pods(NAMESPACE, "app=leaving", 1)
    chosen = {"app": "leaving"}
    inner = world.service(NAMESPACE, "inner", chosen)
    inner_local = world.service(NAMESPACE, "inner-local", chosen, internalTrafficPolicy="Local")
    outer = world.service(NAMESPACE, "outer", chosen, type="NodePort")
    local = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    outer_local = world.service(NAMESPACE, "outer-local", chosen, **local)
    at, other = world.address(2), world.address(3)
    serving = {
        "cluster IP": answers(world, f"http://{inner['clusterIP']}", "leaving", *NUMBERS),
        "cluster IP, Local": answers(world, f"http://{inner_local['clusterIP']}", "leaving", 2),
        "node port": answers(world, f"http://{other}:{outer['ports'][0]['nodePort']}", "leaving", *NUMBERS),
        "node port, Local": answers(world, f"http://{at}:{outer_local['ports'][0]['nodePort']}", "leaving", *NUMBERS),
    }
    elsewhere = f"http://{other}:{outer_local['ports'][0]['nodePort']}"

    def health() -> str:
        url = f"http://{at}:{outer_local['healthCheckNodePort']}/healthz"
        words = ["curl", "-s", "-m", "2", "-o", "/dev/null", "-w", "%{http_code}", url]
        return subprocess.run(words, capture_output=True, text=True).stdout

    for what, is_so in serving.items():
        world.wait(is_so, what)
    world.wait(lambda: health() == "200", "the balancer is led to the node")
    world.kubectl("delete", "pod", "leaving", "-n", NAMESPACE, "--wait=false")
    world.wait(lambda: health() == "503", "the balancer is led away")
    for what, is_so in serving.items():
        assert is_so(), what
    assert hits(world.inside(1), elsewhere, patience_s=1) == []
    world.kubectl("exec", "leaving", "-n", NAMESPACE, "--", "touch", "/go")
    world.wait(answers(world, f"http://{inner['clusterIP']}", "leaving"), "it has stopped")


def test_a_gate_decides_which_of_two_pods_serves(world: ThreeNodes) -> None:
    def gated(name: str, number: int) -> dict[str, Any]:
        made = world.pod(NAMESPACE, name, number, tier="gated")
        made["spec"]["readinessGates"] = [{"conditionType": "example.com/live"}]
        return made

    def gate(name: str, status: str) -> None:
        patch = json.dumps({"status": {"conditions": [{"type": "example.com/live", "status": status}]}})
        words = ["--subresource=status", "--type=strategic", "-p", patch]
        world.kubectl("patch", "pod", name, "-n", NAMESPACE, *words)

    world.create(gated("blue", 1), gated("green", 3))
    url = f"http://{world.service(NAMESPACE, 'live', {'tier': 'gated'})['clusterIP']}"
    running = ("get", "pods", "-n", NAMESPACE, "-l", "tier=gated", "--field-selector=status.phase=Running")
    world.wait(lambda: len(world.get(*running[1:])["items"]) == 2, "both run")
    assert hits(world.inside(2), url) == []
    gate("blue", "True")
    world.wait(answers(world, url, "blue", *NUMBERS), "blue serves")
    gate("green", "True")
    world.wait(lambda: set(hits(world.inside(2), url, times=12)) == {"blue", "green"}, "both serve")
    gate("blue", "False")
    world.wait(lambda: hits(world.inside(2), url, times=8) == ["green"] * 8, "green alone serves")


@pytest.mark.parametrize("label", [PROXY_NAME, HEADLESS])
def test_labels_keep_the_proxy_off_a_service(world: ThreeNodes, label: str) -> None:
    name = label.rpartition("/")[2]
    url = f"http://{world.service(NAMESPACE, name, {'app': 'web'})['clusterIP']}"
    world.wait(answers(world, url, "web", *NUMBERS), "it serves")
    world.kubectl("label", "service", name, "-n", NAMESPACE, f"{label}=")
    world.wait(answers(world, url, "web"), "nobody serves it")
    world.kubectl("label", "service", name, "-n", NAMESPACE, f"{label}-")
    world.wait(answers(world, url, "web", *NUMBERS), "it serves again")


def test_a_port_of_two_protocols_may_lose_either(world: ThreeNodes) -> None:
    both = world.pod(NAMESPACE, "both", 3)
    both["spec"]["containers"].append({**both["spec"]["containers"][0], "name": "echo", "command": list(ECHO)})
    world.create(both)
    world.ready_pods(NAMESPACE, "app=both", 1)
    ports = [{"name": name, "protocol": name.upper(), "port": 80, "targetPort": 8080} for name in ("tcp", "udp")]
    at = world.service(NAMESPACE, "both", {"app": "both"}, ports=ports)["clusterIP"]

    def open_ports() -> list[bool]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(1)
            try:
                client.sendto(b"there?", (at, 80))
                hears = client.recv(100) == b"there?"
            except OSError:
                hears = False
        return [hits([], f"http://{at}", patience_s=1) == ["both"], hears]

    for left, expected in ((ports, [True, True]), (ports[:1], [True, False]), (ports[1:], [False, True])):
        patch = json.dumps([{"op": "replace", "path": "/spec/ports", "value": left}])
        world.kubectl("patch", "svc", "both", "-n", NAMESPACE, "--type=json", "-p", patch)
        world.wait(lambda expected=expected: open_ports() == expected, f"TCP and UDP: {expected}")  # type: ignore[misc]


def test_slices_written_by_hand_lead_each_port_where_they_say(world: ThreeNodes) -> None:
    two = world.pod(NAMESPACE, "two", 3)
    two["spec"]["containers"][0]["env"] = [{"name": "KUBIA_PORTS", "value": "8090 9090"}]
    world.create(two)
    world.ready_pods(NAMESPACE, "app=two", 1)
    ports = [{"name": "first", "port": 80}, {"name": "second", "port": 81}]
    meta = {"name": "by-hand", "namespace": NAMESPACE}
    world.create({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": ports}})
    at = world.get("svc", "by-hand", "-n", NAMESPACE)["spec"]["clusterIP"]
    ips = {name: world.get("pod", name, "-n", NAMESPACE)["status"]["podIP"] for name in ("web", "two")}

    def written(pod: str, port: str, number: int) -> dict[str, Any]:
        labels = {"kubernetes.io/service-name": "by-hand", "endpointslice.kubernetes.io/managed-by": "a-test"}
        return {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"generateName": "by-hand-", "namespace": NAMESPACE, "labels": labels}, "addressType": "IPv4",
            "endpoints": [{"addresses": [ips[pod]], "conditions": {"ready": True}}],
            "ports": [{"name": port, "port": number, "protocol": "TCP"}],
        }  # fmt: skip

    for first, second in (
        (written("two", "first", 8090), written("two", "second", 9090)),
        (written("two", "first", 9090), written("web", "second", 8080)),
    ):
        world.create(first, second)
        behind = "web" if second["ports"][0]["port"] == 8080 else "two"
        world.wait(answers(world, f"http://{at}:80", "two", *NUMBERS), "the first port")
        world.wait(answers(world, f"http://{at}:81", behind, *NUMBERS), "the second port")
        world.kubectl("delete", "endpointslices", "-n", NAMESPACE, "-l", "kubernetes.io/service-name=by-hand")
    world.wait(answers(world, f"http://{at}:80", "two"), "nothing is behind it any more")


def test_a_service_of_a_further_range_answers_everywhere(world: ThreeNodes) -> None:
    ranges = {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "further"}}
    world.create({**ranges, "spec": {"cidrs": ["203.0.113.0/24"]}})
    try:
        world.kubectl("wait", "--for=condition=Ready", "servicecidr/further", "--timeout=10s")
        spec = world.service(NAMESPACE, "further", {"app": "web"}, type="NodePort", clusterIP="203.0.113.10")
        for url in (
            "http://203.0.113.10",
            *(f"http://{world.address(n)}:{spec['ports'][0]['nodePort']}" for n in NUMBERS),
        ):
            world.wait(answers(world, url, "web", *NUMBERS), url)
    finally:
        world.run("delete", "service", "further", "-n", NAMESPACE)
        world.kubectl("delete", "servicecidr", "further", "--wait=false")
