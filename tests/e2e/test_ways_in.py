"""Every way in from outside: load balancer addresses, external IPs, health checks, port-forward and proxy.

The outside world is a client in a network namespace of its own, whose only way is this machine.
"""

import json
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .clients import ANSWER, answered_by, beyond
from .conftest import Cluster, three_pods

NAMESPACE = "ways-in"
HOST, CLIENT = "198.51.100.1", "198.51.100.2"
EXTERNAL_IP = "203.0.113.10"


@pytest.fixture(scope="module")
def kubia(cluster: Cluster) -> Iterator[list[str]]:
    """Three pods in a namespace of this file's own."""
    with three_pods(cluster, NAMESPACE) as names:
        yield names


@pytest.fixture(scope="module")
def outside() -> Iterator[str]:
    """A client beyond this machine."""
    with beyond(HOST, CLIENT) as name:
        yield name


def create(cluster: Cluster, name: str, **spec: Any) -> dict[str, Any]:
    """A Service in front of the pods, as it is once it has its address."""
    wanted = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "type": "LoadBalancer", "selector": {"app": "kubia"}, "ports": [{"port": 80, "targetPort": 8080}], **spec,
        },
    }  # fmt: skip
    cluster.kubectl("create", "-f", "-", text=json.dumps(wanted))
    return found(cluster, name)


def found(cluster: Cluster, name: str) -> dict[str, Any]:
    return cluster.get("svc", name, "-n", NAMESPACE)


def vip(service: dict[str, Any]) -> str:
    (entry,) = service["status"]["loadBalancer"]["ingress"]
    assert entry["ipMode"] == "VIP"
    return str(entry["ip"])


def clients_seen(cluster: Cluster, pods: list[str]) -> set[str]:
    """Who the pods say has asked them."""
    texts = [cluster.run("logs", "-n", NAMESPACE, pod).stdout for pod in pods]
    return {address for text in texts for address in re.findall(r"request from (\S+)", text)}


def test_many_load_balancers_share_a_port_and_answer_on_the_machine_and_outside(
    cluster: Cluster, kubia: list[str], outside: str
) -> None:
    addresses = [vip(create(cluster, f"lb-{number}")) for number in range(3)]
    assert len(set(addresses)) == 3
    for address in addresses:
        cluster.wait(lambda address=address: answered_by(address) in kubia, f"{address} answers on the machine")
        assert answered_by(address, where=outside) in kubia
    row = cluster.kubectl("get", "svc", "lb-0", "-n", NAMESPACE).splitlines()[1].split()
    assert row[3] == addresses[0]

    def reasons() -> set[str]:
        events = cluster.get("events", "-n", NAMESPACE, "--field-selector=involvedObject.name=lb-0")["items"]
        return {event["reason"] for event in events}

    cluster.wait(lambda: reasons() == {"EnsuringLoadBalancer", "EnsuredLoadBalancer"}, "events tell it")


def test_policy_local_keeps_the_clients_address(cluster: Cluster, kubia: list[str], outside: str) -> None:
    cluster.kubectl("create", "-n", NAMESPACE, "-f", "svc-loadbalancer.yaml")
    address = vip(found(cluster, "kubia-loadbalancer"))
    assert CLIENT not in clients_seen(cluster, kubia)
    cluster.wait(lambda: answered_by(address, where=outside) in kubia, "the address answers outside")
    cluster.wait(lambda: CLIENT in clients_seen(cluster, kubia), "a pod has seen the client's own address")
    assert answered_by(address) in kubia


def test_a_pod_and_the_machine_reach_a_load_balancer_and_policy_local_keeps_the_pods_address(
    cluster: Cluster, kubia: list[str]
) -> None:
    """From within the cluster, policy Local is short-circuited: all pods are reached, by the client's own address."""
    asker = cluster.get("pod", kubia[0], "-n", NAMESPACE)["status"]["podIP"]
    addresses = {
        policy: vip(create(cluster, f"from-{policy.lower()}", externalTrafficPolicy=policy))
        for policy in ("Cluster", "Local")
    }
    for policy, address in addresses.items():
        cluster.wait(lambda address=address: answered_by(address) in kubia, f"{address} answers on the machine")
        reached = set()
        for _ in range(40):
            words = ("exec", "-n", NAMESPACE, kubia[0], "--", "curl", "-s", "-m", "3", f"http://{address}")
            reached |= set(ANSWER.findall(cluster.run(*words).stdout))
            if len(reached) == len(kubia):
                break
        assert reached == set(kubia), policy
    assert asker in clients_seen(cluster, [kubia[1], kubia[2]])


def test_a_service_changes_its_type_and_answers_in_every_one(cluster: Cluster, kubia: list[str]) -> None:
    """As the network tests have it: "should be able to change the type from X to Y", all of them in one walk."""
    ports = [{"port": 80, "targetPort": 8080, "protocol": "TCP"}]
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "turns", "namespace": NAMESPACE}}
    spec = {"type": "ExternalName", "externalName": "example.com", "selector": {"app": "kubia"}}
    cluster.kubectl("create", "-f", "-", text=json.dumps({**body, "spec": spec}))

    def turn(type_: str) -> dict[str, Any]:
        """As client-go does it: read, change, put back."""
        service = found(cluster, "turns")
        had = service["spec"]
        had["type"] = type_
        if type_ == "ExternalName":
            had["externalName"] = "example.com"
        else:
            had.pop("externalName", None)
            had.setdefault("ports", ports)
        cluster.kubectl("replace", "-f", "-", text=json.dumps(service))
        return found(cluster, "turns")

    for type_ in (
        "ClusterIP",
        "ExternalName",
        "NodePort",
        "ClusterIP",
        "NodePort",
        "ExternalName",
        "LoadBalancer",
        "ClusterIP",
        "LoadBalancer",
        "NodePort",
        "LoadBalancer",
        "ExternalName",
    ):
        service = turn(type_)["spec"]
        if type_ == "ExternalName":
            assert "clusterIP" not in service
            continue
        cluster.wait(lambda at=service["clusterIP"]: answered_by(at) in kubia, f"{type_}: the cluster IP answers")
        assert ("nodePort" in service["ports"][0]) == (type_ != "ClusterIP")
        if type_ == "LoadBalancer":
            cluster.wait(lambda: found(cluster, "turns")["status"]["loadBalancer"], "an address")
            address = vip(found(cluster, "turns"))
            cluster.wait(lambda at=address: answered_by(at) in kubia, "the load balancer answers")
    left = cluster.wait(
        lambda: (one := found(cluster, "turns")) and not one["metadata"].get("finalizers") and one, "the finalizer goes"
    )
    assert left["status"] == {"loadBalancer": {}}
    assert answered_by(address, patience_s=0.5) == ""


def test_source_ranges_keep_others_out(cluster: Cluster, kubia: list[str], outside: str) -> None:
    address = vip(create(cluster, "guarded", loadBalancerSourceRanges=[f"{CLIENT}/32"]))
    cluster.wait(lambda: answered_by(address, where=outside) in kubia, "the client is let in")
    assert answered_by(address, patience_s=0.5) == ""
    patch = json.dumps({"spec": {"loadBalancerSourceRanges": ["198.51.100.4/30"]}})
    cluster.kubectl("patch", "svc", "guarded", "-n", NAMESPACE, "-p", patch)
    cluster.wait(lambda: answered_by(address, where=outside, patience_s=0.3) == "", "the client is kept out")


def test_external_ips_answer_outside_and_inside(cluster: Cluster, kubia: list[str], outside: str) -> None:
    said = cluster.run("create", "-n", NAMESPACE, "-f", "svc-external-ips.yaml")
    assert "spec.externalIPs is deprecated" in said.stderr
    cluster.wait(lambda: answered_by(EXTERNAL_IP, where=outside) in kubia, "the external IP answers outside")
    assert answered_by(EXTERNAL_IP) in kubia
    inside = cluster.run("exec", "-n", NAMESPACE, kubia[0], "--", "curl", "-s", "-m", "3", f"http://{EXTERNAL_IP}")
    assert ANSWER.search(inside.stdout)


def test_a_load_balancer_needs_no_node_ports(cluster: Cluster, kubia: list[str], outside: str) -> None:
    service = create(cluster, "portless", allocateLoadBalancerNodePorts=False)
    assert "nodePort" not in service["spec"]["ports"][0]
    cluster.wait(lambda: answered_by(vip(service), where=outside) in kubia, "it answers without a node port")


def test_ip_mode_proxy_is_not_served_on_the_node(cluster: Cluster, kubia: list[str]) -> None:
    address = vip(create(cluster, "proxied"))
    cluster.wait(lambda: answered_by(address) in kubia, "it answers as a VIP")
    status = {"status": {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "Proxy"}]}}}
    words = ("patch", "svc", "proxied", "-n", NAMESPACE, "--subresource=status", "--type=merge")
    cluster.kubectl(*words, "-p", json.dumps(status))
    cluster.wait(lambda: answered_by(address, patience_s=0.3) == "", "packets are left to the load balancer")
    assert found(cluster, "proxied")["status"] == status["status"]


def test_a_wanted_address_is_given_and_a_taken_one_is_said(cluster: Cluster, kubia: list[str]) -> None:
    first = vip(create(cluster, "first"))
    wanted = re.sub(r"\d+$", "200", first)
    assert vip(create(cluster, "chosen", loadBalancerIP=wanted)) == wanted
    refused = create(cluster, "refused", loadBalancerIP=wanted)
    (condition,) = cluster.wait(lambda: found(cluster, "refused")["status"].get("conditions"), "the reason is said")
    assert condition["message"] == f"{wanted} is in use by Service {NAMESPACE}/chosen"
    assert refused["status"]["loadBalancer"] == {}
    cluster.kubectl("delete", "svc", "chosen", "-n", NAMESPACE)
    cluster.wait(lambda: found(cluster, "refused")["status"]["loadBalancer"].get("ingress"), "it has its turn")
    assert vip(found(cluster, "refused")) == wanted
    cluster.wait(lambda: answered_by(wanted) in kubia, "and answers")


def health(port: int) -> tuple[int, str]:
    """Status and weight."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20) as answer:
            return answer.status, answer.headers["X-Load-Balancing-Endpoint-Weight"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["X-Load-Balancing-Endpoint-Weight"]
    except OSError:
        return 0, ""


def test_the_health_check_port_follows_the_local_pods(cluster: Cluster, kubia: list[str]) -> None:
    port = create(cluster, "checked", externalTrafficPolicy="Local")["spec"]["healthCheckNodePort"]
    cluster.wait(lambda: health(port) == (200, "3"), "three local endpoints")
    none = json.dumps({"spec": {"selector": {"app": "nobody"}}})
    cluster.kubectl("patch", "svc", "checked", "-n", NAMESPACE, "-p", none)
    cluster.wait(lambda: health(port) == (503, "0"), "no local endpoint")
    cluster.kubectl("delete", "svc", "checked", "-n", NAMESPACE)
    cluster.wait(lambda: health(port) == (0, ""), "the listener is gone")


def test_the_proxy_tells_its_own_health(cluster: Cluster, kubia: list[str]) -> None:
    with open(f"{cluster.data_dir}/{cluster.name}/config.json") as file:
        config = json.load(file)
    with urllib.request.urlopen(f"http://127.0.0.1:{config['proxy_health_port']}/healthz", timeout=20) as answer:
        assert json.load(answer)["healthy"] is True
    with urllib.request.urlopen(f"http://127.0.0.1:{config['proxy_metrics_port']}/proxyMode", timeout=20) as answer:
        assert answer.read() == b"nftables"


def test_a_deleted_load_balancer_no_longer_answers(cluster: Cluster, kubia: list[str]) -> None:
    address = vip(create(cluster, "brief"))
    cluster.wait(lambda: answered_by(address) in kubia, "it answers")
    cluster.kubectl("delete", "svc", "brief", "-n", NAMESPACE, "--timeout=10s")
    cluster.wait(lambda: answered_by(address, patience_s=0.3) == "", "nobody answers any more")


@contextmanager
def running(cluster: Cluster, *words: str) -> Iterator[int]:
    """A kubectl that listens; the port that it says it has."""
    process = subprocess.Popen(
        [cluster.kubectl_program, *words], env=cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        port = re.search(r"127\.0\.0\.1:(\d+)", said)
        assert port, said
        yield int(port[1])
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def test_port_forward_to_a_service(cluster: Cluster, kubia: list[str]) -> None:
    cluster.kubectl("expose", "rs", "kubia", "-n", NAMESPACE, "--name=inner", "--port=80", "--target-port=8080")
    with running(cluster, "port-forward", "-n", NAMESPACE, "svc/inner", ":80") as port:
        assert {answered_by("127.0.0.1", port) in kubia for _ in range(3)} == {True}


def test_kubectl_proxy_opens_the_api(cluster: Cluster, kubia: list[str]) -> None:
    with running(cluster, "proxy", "--port=0") as port:
        url = f"http://127.0.0.1:{port}/api/v1/namespaces/{NAMESPACE}/pods"
        with urllib.request.urlopen(url, timeout=20) as answer:
            assert {pod["metadata"]["name"] for pod in json.load(answer)["items"]} == set(kubia)
