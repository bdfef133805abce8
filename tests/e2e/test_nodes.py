"""Three nodes: what is remote is remote, what is local is local, and no address is translated without need."""

import ipaddress
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fairway.cluster import processes

from .clients import Traffic, beyond, hits
from .three_nodes import NUMBERS, ThreeNodes

NAMESPACE = "several"
HOST, CLIENT = "198.51.100.9", "198.51.100.10"
EVERYWHERE = {"tier": "web"}


@pytest.fixture(scope="module")
def world(three_nodes: ThreeNodes) -> Iterator[ThreeNodes]:
    """A web server on each node: web-1, web-2, web-3."""
    three_nodes.kubectl("create", "namespace", NAMESPACE)
    three_nodes.create(*(three_nodes.pod(NAMESPACE, f"web-{n}", n, **EVERYWHERE) for n in NUMBERS))
    three_nodes.service(NAMESPACE, "web", EVERYWHERE)
    three_nodes.ready_pods(NAMESPACE, "tier=web", 3)
    yield three_nodes
    three_nodes.run("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture(scope="module")
def outside() -> Iterator[list[str]]:
    """What to put before a command so that it runs beyond the machine."""
    with beyond(HOST, CLIENT) as name:
        yield ["ip", "netns", "exec", name]


def ip_of(world: ThreeNodes, number: int) -> str:
    found: str = world.get("pod", f"web-{number}", "-n", NAMESPACE)["status"]["podIP"]
    return found


def sources(world: ThreeNodes, number: int) -> str:
    """Who talked to a web server last."""
    return world.kubectl("logs", f"web-{number}", "-n", NAMESPACE, "--tail=1")


def test_each_node_has_addresses_of_its_own_and_its_pods_lie_in_its_range(world: ThreeNodes) -> None:
    nodes = {node["metadata"]["name"]: node for node in world.get("nodes")["items"]}
    assert set(nodes) == {world.node_name(number) for number in NUMBERS}
    assert len({world.address(number) for number in NUMBERS}) == 3
    for number in NUMBERS:
        pods = ipaddress.ip_network(nodes[world.node_name(number)]["spec"]["podCIDR"])
        assert ipaddress.ip_address(ip_of(world, number)) in pods
        pod = world.get("pod", f"web-{number}", "-n", NAMESPACE)
        assert pod["status"]["hostIP"] == world.address(number)
    status = world.fairway("status").stdout
    assert all(f"✓ {part}" in status for part in ("node-2", "node-3", f"node {world.node_name(3)}"))


def test_links_between_nodes_carry_packets_as_large_as_the_machines_own(world: ThreeNodes) -> None:
    def mtu(*words: str) -> int:
        told = subprocess.run([*words, "ip", "-j", "route", "get", CLIENT], capture_output=True, text=True).stdout
        device = json.loads(told)[0]["dev"]
        shown = subprocess.run([*words, "ip", "-j", "link", "show", device], capture_output=True, text=True).stdout
        found: int = json.loads(shown)[0]["mtu"]
        return found

    default = subprocess.run(["ip", "-j", "route", "show", "default"], capture_output=True, text=True).stdout
    if not json.loads(default):
        pytest.skip("the machine has no way out")
    shown = subprocess.run(["ip", "-j", "link", "show", json.loads(default)[0]["dev"]], capture_output=True, text=True)
    assert {mtu(*world.inside(number)) for number in (2, 3)} == {json.loads(shown.stdout)[0]["mtu"]}


def test_a_service_answers_every_pod_and_every_node_and_leads_to_all_nodes(world: ThreeNodes) -> None:
    url = f"http://{world.get('svc', 'web', '-n', NAMESPACE)['spec']['clusterIP']}"
    for number in NUMBERS:
        world.wait(lambda n=number: hits(world.inside(n), url), "the first answer")
        found = hits(world.inside(number), url, times=30)
        assert (len(found), set(found)) == (30, {"web-1", "web-2", "web-3"})
        many = f"for i in 1 2 3 4 5 6 7 8 9 10; do curl -s -m 3 {url} || echo failed; done"
        answers = world.exec(NAMESPACE, f"web-{number}", "sh", "-c", many).split("\n")[:-1]
        assert len(answers) == 10
        assert all("You've hit web-" in answer for answer in answers)


@pytest.mark.parametrize(("at", "to"), [(1, 3), (3, 1), (2, 3), (2, 2)])
def test_pods_of_any_nodes_see_each_others_addresses(world: ThreeNodes, at: int, to: int) -> None:
    assert "web-" in world.exec(NAMESPACE, f"web-{at}", "curl", "-s", "-m", "3", f"http://{ip_of(world, to)}:8080")
    assert sources(world, to) == f"request from {ip_of(world, at)}\n"


@pytest.mark.parametrize(("at", "to"), [(1, 2), (2, 1), (3, 2)])
def test_nodes_reach_the_pods_of_others_with_an_address_of_theirs(world: ThreeNodes, at: int, to: int) -> None:
    assert hits(world.inside(at), f"http://{ip_of(world, to)}:8080") == [f"web-{to}"]
    pods = ipaddress.ip_network(world.get("node", world.node_name(at))["spec"]["podCIDR"])
    assert sources(world, to) in {f"request from {each}\n" for each in (world.address(at), pods[1])}


def test_names_are_resolved_on_every_node_and_the_api_is_reached(world: ThreeNodes) -> None:
    for number in NUMBERS:
        assert "You've hit" in world.exec(
            NAMESPACE, f"web-{number}", "curl", "-s", "-m", "3", f"http://web.{NAMESPACE}"
        )
        version = world.exec(NAMESPACE, f"web-{number}", "curl", "-ks", "-m", "3", "https://kubernetes.default/version")
        assert '"gitVersion"' in version


def test_a_node_port_answers_at_every_node_from_the_machine_and_from_outside(
    world: ThreeNodes, outside: list[str]
) -> None:
    port = world.service(NAMESPACE, "everywhere", EVERYWHERE, type="NodePort")["ports"][0]["nodePort"]
    for number in NUMBERS:
        url = f"http://{world.address(number)}:{port}"
        world.wait(lambda url=url: hits([], url), "the first answer")
        for where in ([], outside):
            assert len(hits(where, url, times=10)) == 10
        for other in NUMBERS:
            assert hits(world.inside(other), url), f"from node {other}"


def test_local_external_traffic_meets_endpoints_of_that_node_only_and_keeps_its_source(
    world: ThreeNodes, outside: list[str]
) -> None:
    spec = world.service(NAMESPACE, "local", {"app": "web-2"}, type="NodePort", externalTrafficPolicy="Local")
    urls = {number: f"http://{world.address(number)}:{spec['ports'][0]['nodePort']}" for number in NUMBERS}
    world.wait(lambda: hits(outside, urls[2]), "the first answer")
    assert hits(outside, urls[2], times=5) == ["web-2"] * 5
    assert sources(world, 2) == f"request from {CLIENT}\n"
    for number in (1, 3):
        assert hits(outside, urls[number], patience_s=1) == []
    # Whoever is in the cluster is no outsider: every node leads to it.
    assert hits([], f"http://{spec['clusterIP']}") == ["web-2"]


def test_a_pod_is_seen_by_its_own_address_at_a_node_port_of_another_node(world: ThreeNodes) -> None:
    spec = world.service(NAMESPACE, "seen", {"app": "web-2"}, type="NodePort", externalTrafficPolicy="Local")
    url = f"http://{world.address(2)}:{spec['ports'][0]['nodePort']}"
    world.wait(lambda: hits([], url), "the first answer")
    for number in (1, 3):
        assert "web-2" in world.exec(NAMESPACE, f"web-{number}", "curl", "-s", "-m", "3", url)
        assert sources(world, 2) == f"request from {ip_of(world, number)}\n"


def test_a_pod_reaches_itself_by_every_way_there_is(world: ThreeNodes) -> None:
    world.service(NAMESPACE, "self", {"app": "web-2"}, type="LoadBalancer")
    world.kubectl("wait", "svc/self", "-n", NAMESPACE, "--for=jsonpath={.status.loadBalancer.ingress}", "--timeout=10s")
    service = world.get("svc", "self", "-n", NAMESPACE)
    spec, ingress = service["spec"], service["status"]["loadBalancer"]["ingress"][0]["ip"]
    ways = [f"http://{spec['clusterIP']}", f"http://{ingress}"]
    ways += [f"http://{world.address(number)}:{spec['ports'][0]['nodePort']}" for number in NUMBERS]
    for url in ways:
        world.wait(lambda url=url: hits([], url), f"{url} answers")
        assert "web-2" in world.exec(NAMESPACE, "web-2", "curl", "-s", "-m", "3", url), url


def test_the_api_server_reaches_pods_services_and_nodes_wherever_they_are(world: ThreeNodes) -> None:
    for number in NUMBERS:
        way = f"/api/v1/namespaces/{NAMESPACE}/pods/web-{number}:8080/proxy/"
        assert world.kubectl("get", "--raw", way) == f"You've hit web-{number}\n"
        listed = world.kubectl("get", "--raw", f"/api/v1/nodes/{world.node_name(number)}/proxy/healthz")
        assert listed == "ok"
    assert "You've hit" in world.kubectl("get", "--raw", f"/api/v1/namespaces/{NAMESPACE}/services/web/proxy/")


def test_local_internal_traffic_stays_on_its_node(world: ThreeNodes) -> None:
    spec = world.service(NAMESPACE, "inner", {"app": "web-2"}, internalTrafficPolicy="Local")
    url = f"http://{spec['clusterIP']}"
    world.wait(lambda: hits(world.inside(2), url, patience_s=1), "the first answer")
    assert "web-2" in world.exec(NAMESPACE, "web-2", "curl", "-s", "-m", "3", url)
    for number in (1, 3):
        assert hits(world.inside(number), url, patience_s=1) == []
        assert world.exec(NAMESPACE, f"web-{number}", "curl", "-s", "-m", "1", url) == ""


def test_a_load_balancer_leads_outsiders_to_pods_of_any_node(world: ThreeNodes, outside: list[str]) -> None:
    world.service(NAMESPACE, "balanced", {"app": "web-3"}, type="LoadBalancer")

    def address() -> str:
        ingress = world.get("svc", "balanced", "-n", NAMESPACE)["status"]["loadBalancer"].get("ingress")
        return ingress[0]["ip"] if ingress else ""

    at = world.wait(address, "an address")
    world.wait(lambda: hits(outside, f"http://{at}"), "the first answer")
    assert hits(outside, f"http://{at}", times=3) == ["web-3"] * 3


@pytest.mark.parametrize("near", ["PreferSameNode", "PreferSameZone"])
def test_traffic_stays_near_where_it_is_asked_for_and_goes_far_where_nothing_is_near(
    world: ThreeNodes, near: str
) -> None:
    zones = {1: "a", 2: "b", 3: "b"}
    for number, zone in zones.items():
        world.kubectl("label", "node", world.node_name(number), f"topology.kubernetes.io/zone={zone}", "--overwrite")
    name = near.lower()
    spec = world.service(NAMESPACE, name, {"tier": "web"}, trafficDistribution=near)
    url, wanted = f"http://{spec['clusterIP']}", {1: {"web-1"}, 2: {"web-2"}, 3: {"web-3"}}
    if near == "PreferSameZone":
        wanted |= {2: {"web-2", "web-3"}, 3: {"web-2", "web-3"}}
    try:
        for number in NUMBERS:
            where = world.inside(number)
            world.wait(lambda n=number, w=where: set(hits(w, url, times=12)) == wanted[n], f"near to node {number}")
        world.kubectl("patch", "svc", name, "-n", NAMESPACE, "-p", '{"spec":{"selector":{"app":"web-1","tier":"web"}}}')
        for number in NUMBERS:
            where = world.inside(number)
            world.wait(lambda w=where: hits(w, url) == ["web-1"], "the only one, however far")
    finally:
        for number in NUMBERS:
            world.kubectl("label", "node", world.node_name(number), "topology.kubernetes.io/zone-")


def test_load_balancers_are_told_which_nodes_have_endpoints(world: ThreeNodes) -> None:
    spec = world.service(NAMESPACE, "checked", {"app": "web-3"}, type="LoadBalancer", externalTrafficPolicy="Local")

    def endpoints(number: int) -> str:
        words = ["curl", "-s", "-m", "2", f"http://{world.address(number)}:{spec['healthCheckNodePort']}"]
        text = subprocess.run(words, capture_output=True, text=True).stdout
        return str(json.loads(text)["localEndpoints"]) if text else "silent"

    world.wait(lambda: [endpoints(number) for number in NUMBERS] == ["0", "0", "1"], "node 3 has one, the others none")


def test_a_client_keeps_its_pod_wherever_that_is(world: ThreeNodes) -> None:
    spec = world.service(NAMESPACE, "sticky", EVERYWHERE, sessionAffinity="ClientIP")
    url = f"http://{spec['clusterIP']}"
    world.wait(lambda: hits(world.inside(2), url), "the first answer")
    for number in NUMBERS:
        assert len(set(hits(world.inside(number), url, times=8))) == 1


def test_a_pod_in_its_nodes_network_has_the_nodes_address_and_name(world: ThreeNodes) -> None:
    pod = world.pod(NAMESPACE, "bare", 3)
    pod["spec"]["hostNetwork"] = True
    pod["spec"]["containers"][0]["env"] = [{"name": "KUBIA_PORTS", "value": "8091"}]
    world.create(pod)
    world.ready_pods(NAMESPACE, "app=bare", 1)
    assert world.get("pod", "bare", "-n", NAMESPACE)["status"]["podIP"] == world.address(3)
    url = f"http://{world.address(3)}:8091"
    world.wait(lambda: hits([], url), "it listens")
    for number in NUMBERS:
        assert hits(world.inside(number), url) == [world.node_name(3)]


def test_the_machine_leads_outsiders_to_endpoints_of_any_node_with_their_source_kept(
    world: ThreeNodes, outside: list[str]
) -> None:
    spec = world.service(NAMESPACE, "kept", {"app": "web-3"}, type="LoadBalancer", externalTrafficPolicy="Local")

    def address() -> str:
        ingress = world.get("svc", "kept", "-n", NAMESPACE)["status"]["loadBalancer"].get("ingress")
        return ingress[0]["ip"] if ingress else ""

    url = f"http://{world.wait(address, 'an address')}"
    world.wait(lambda: hits(outside, url, patience_s=1), "the first answer")
    assert hits(outside, url, times=5) == ["web-3"] * 5
    assert sources(world, 3) == f"request from {CLIENT}\n"
    for number in NUMBERS:
        assert hits(world.inside(number), url) == ["web-3"]
    # A node port is no load balancer: where there is no endpoint, there is no answer.
    port = spec["ports"][0]["nodePort"]
    assert hits(outside, f"http://{world.address(1)}:{port}", patience_s=1) == []


LISTENER = """
import socket
with socket.create_server(("", 8123)) as server:
    print("listens", flush=True)
    print(server.accept()[1][0], flush=True)
"""


@pytest.mark.parametrize("number", NUMBERS)
def test_what_leaves_the_cluster_has_the_address_of_the_machine(
    world: ThreeNodes, outside: list[str], number: int
) -> None:
    with subprocess.Popen([*outside, sys.executable, "-c", LISTENER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "listens\n"
        world.exec(NAMESPACE, f"web-{number}", "curl", "-s", "-m", "3", f"http://{CLIENT}:8123")
        assert server.stdout.readline() == f"{HOST}\n"


def test_a_port_of_a_pod_on_another_node_is_forwarded(world: ThreeNodes) -> None:
    words = ["port-forward", "-n", NAMESPACE, "pod/web-3", ":8080", "--address=127.0.0.1"]
    command = [world.kubectl_program, *words]
    with subprocess.Popen(command, env=world.environment, stdout=subprocess.PIPE, text=True) as forwarding:
        try:
            assert forwarding.stdout is not None
            line = forwarding.stdout.readline()
            assert hits([], f"http://{line.split()[2]}") == ["web-3"]
        finally:
            forwarding.terminate()


def test_a_killed_node_process_comes_back_and_its_pods_and_rules_go_on(world: ThreeNodes) -> None:
    url = f"http://{world.get('svc', 'web', '-n', NAMESPACE)['spec']['clusterIP']}"
    before = world.get("pod", "web-2", "-n", NAMESPACE)["status"]["containerStatuses"][0]["containerID"]
    old = processes.find("node-2", world.name, world.data_dir)
    assert len(old) == 1
    with Traffic(world.inside(2), url) as here, Traffic(world.inside(3), url) as there:
        os.kill(old[0], signal.SIGKILL)
        new = world.wait(
            lambda: [pid for pid in processes.find("node-2", world.name, world.data_dir) if pid != old[0]],
            "the supervisor starts it again",
        )
        world.wait(lambda: "You've hit" in world.exec(NAMESPACE, "web-2", "curl", "-s", url), "exec works again")
    assert processes.find("node-2", world.name, world.data_dir) == new
    assert (here.failures, there.failures) == ([], [])
    assert here.answers > 5
    assert world.get("pod", "web-2", "-n", NAMESPACE)["status"]["containerStatuses"][0]["containerID"] == before


def test_a_drained_node_gives_its_pods_away(world: ThreeNodes) -> None:
    template = world.pod(NAMESPACE, "moving", 1)["spec"] | {"nodeName": ""}
    labels = {"app": "moving"}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}
    spec["template"]["spec"] = template  # type: ignore[index]
    meta = {"namespace": NAMESPACE, "name": "moving"}
    world.create({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": spec})
    nodes = {pod["spec"]["nodeName"] for pod in world.ready_pods(NAMESPACE, "app=moving", 3)}
    assert nodes == {world.node_name(number) for number in NUMBERS}, "spread over all nodes"
    drained = world.node_name(2)
    try:
        world.kubectl("drain", drained, "--force", "--ignore-daemonsets", "--pod-selector=app=moving", "--timeout=30s")
        nodes = {pod["spec"]["nodeName"] for pod in world.ready_pods(NAMESPACE, "app=moving", 3)}
        assert drained not in nodes
    finally:
        world.kubectl("uncordon", drained)
