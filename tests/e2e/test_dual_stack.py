"""A cluster of both families on two nodes and one of IPv6 alone: real pods, kubectl, names, a client outside."""

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .clients import ANSWER, answered_by, beyond
from .conftest import Cluster, name_of, up
from .kernel_tables import kernel_tables

HOST, CLIENT = "fd98:e2e::1", "fd98:e2e::2"


@contextmanager
def started(name: str, folder: Any, *settings: str) -> Iterator[Cluster]:
    """A cluster with three pods of the kubia image, gone without a trace at the end."""
    running = Cluster(name_of(name), folder)
    with up(running, *settings):
        running.kubectl("create", "-f", "svc.yaml")
        running.ready_pods("default", "app=kubia", 3)
        yield running
    assert [table for table in kernel_tables() if table.startswith(f"fairway-{running.name}")] == []


@pytest.fixture(scope="module")
def dual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started("dual", tmp_path_factory.mktemp("dual"), "--ip-family", "dual", "--nodes", "2") as running:
        yield running


@pytest.fixture(scope="module")
def ipv6(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started("v6", tmp_path_factory.mktemp("v6"), "--ip-family", "ipv6", "--bind-address", "::") as running:
        yield running


@pytest.fixture(scope="module")
def outside() -> Iterator[str]:
    """A client beyond this machine, with IPv6 alone."""
    with beyond(HOST, CLIENT) as name:
        yield name


def spec(cluster: Cluster, name: str, namespace: str = "default") -> dict[str, Any]:
    found: dict[str, Any] = cluster.get("svc", name, "-n", namespace)["spec"]
    return found


def create(cluster: Cluster, name: str, **wanted: Any) -> dict[str, Any]:
    base = {"selector": {"app": "kubia"}, "ports": [{"port": 80, "targetPort": 8080}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {**base, **wanted}}
    cluster.kubectl("create", "-f", "-", text=json.dumps(service))
    return spec(cluster, name)


def balancers(cluster: Cluster, name: str) -> list[str]:
    return [each["ip"] for each in cluster.get("svc", name)["status"]["loadBalancer"].get("ingress") or ()]


def pods(cluster: Cluster) -> dict[str, list[str]]:
    """The addresses of each pod."""
    found = cluster.ready_pods("default", "app=kubia", 3)
    return {pod["metadata"]["name"]: [each["ip"] for each in pod["status"]["podIPs"]] for pod in found}


def inside(cluster: Cluster, *command: str) -> str:
    """What a command in a pod says."""
    return cluster.kubectl("exec", next(iter(pods(cluster))), "--", *command)


def node_addresses(node: dict[str, Any]) -> list[str]:
    return [each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP"]


def families(addresses: list[str]) -> list[int]:
    return [6 if ":" in each else 4 for each in addresses]


def test_pods_and_node_have_both_families_and_kubectl_shows_them(dual: Cluster) -> None:
    found = pods(dual)
    assert [families(addresses) for addresses in found.values()] == [[4, 6]] * 3
    name, addresses = next(iter(found.items()))
    hosts, resolver = inside(dual, "cat", "/etc/hosts"), inside(dual, "cat", "/etc/resolv.conf")
    assert all(f"{address}\t{name}\n" in hosts for address in addresses)
    assert families(re.findall(r"nameserver (\S+)", resolver)) == [4, 6]
    described = dual.kubectl("describe", "pod", name)
    assert re.findall(r"^ *IP: +(\S+)$", described, re.M) == [addresses[0], *addresses]
    for node in dual.get("nodes")["items"]:
        assert families(node["spec"]["podCIDRs"]) == families(node_addresses(node)) == [4, 6]
    (ranges,) = dual.get("servicecidrs")["items"]
    assert families(ranges["spec"]["cidrs"]) == [4, 6]


def test_a_service_of_both_families_answers_at_every_address_and_by_every_record(dual: Cluster) -> None:
    made = create(dual, "both", type="LoadBalancer", ipFamilyPolicy="RequireDualStack", ipFamilies=["IPv6", "IPv4"])
    assert (made["ipFamilies"], families(made["clusterIPs"])) == (["IPv6", "IPv4"], [6, 4])
    given = dual.wait(lambda: balancers(dual, "both"), "addresses of the load balancer")
    assert families(given) == [6, 4]
    assert dual.kubectl("get", "svc", "both").splitlines()[1].split()[2:4] == [
        made["clusterIPs"][0],
        ",".join(sorted(given)),
    ]
    described = dual.kubectl("describe", "svc", "both")
    assert re.search(r"^IP Families: +IPv6,IPv4$", described, re.M)
    assert re.search(rf"^IPs: +{','.join(made['clusterIPs'])}$", described, re.M)
    known = set(pods(dual))
    for address in (*made["clusterIPs"], *given):
        dual.wait(lambda address=address: answered_by(address) in known, f"{address} answers")
        assert {answered_by(address) for _ in range(30)} == known, "pods of both nodes answer"
    name = "both.default.svc.cluster.local"
    said = inside(dual, "nslookup", name)
    assert all(f"Address: {address}\n" in said for address in made["clusterIPs"])
    for address in made["clusterIPs"]:
        assert f"name = {name}" in inside(dual, "nslookup", address)
    for server in spec(dual, "kube-dns", "kube-system")["clusterIPs"]:
        assert f"Address: {made['clusterIPs'][0]}\n" in inside(dual, "nslookup", name, server)
        family = "ipv6" if ":" in server else "ipv4"
        if shutil.which("conntrack"):
            tracked = subprocess.run(["conntrack", "-L", "-f", family, "-d", server], capture_output=True, text=True)
            assert " dport=53 " not in tracked.stdout
    for family in ("-4", "-6"):
        assert ANSWER.search(inside(dual, "curl", "-s", family, "-m", "3", "http://both"))


def test_a_second_family_comes_and_goes_by_the_policy(dual: Cluster) -> None:
    single = create(dual, "switch", type="LoadBalancer")
    assert (single["ipFamilyPolicy"], families(single["clusterIPs"])) == ("SingleStack", [4])
    dual.wait(lambda: balancers(dual, "switch"), "an address of the load balancer")

    def switched(policy: str, wanted: list[int]) -> list[str]:
        dual.kubectl("patch", "svc", "switch", "-p", json.dumps({"spec": {"ipFamilyPolicy": policy}}))
        found = spec(dual, "switch")
        assert families(found["clusterIPs"]) == wanted
        dual.wait(lambda: families(balancers(dual, "switch")) == wanted, "load balancer addresses follow")
        dual.wait(lambda: _endpoints(dual, "switch") == {4: 3, 6: 3 if 6 in wanted else 0}, "endpoints follow")
        ips: list[str] = found["clusterIPs"]
        return ips

    first, second = switched("PreferDualStack", [4, 6])
    dual.wait(lambda: answered_by(second), "the new address answers")
    assert switched("SingleStack", [4]) == [first] == single["clusterIPs"]
    dual.wait(lambda: not answered_by(second, patience_s=1), "the address that was given back is silent")
    assert answered_by(first)
    assert dual.run("get", "ipaddress", second).returncode != 0


def _endpoints(cluster: Cluster, name: str) -> dict[int, int]:
    """How many endpoints a Service has in each family."""
    found = cluster.get("endpointslices", "-l", f"kubernetes.io/service-name={name}")["items"]
    counts = {4: 0, 6: 0}
    for each in found:
        counts[int(each["addressType"][-1])] += len(each["endpoints"] or ())
    return counts


def test_a_node_port_answers_a_client_outside_over_ipv6_with_its_own_address(dual: Cluster, outside: str) -> None:
    made = create(dual, "port", type="NodePort", ipFamilyPolicy="PreferDualStack", externalTrafficPolicy="Local")
    address = node_addresses(dual.get("nodes")["items"][0])[1]
    port = made["ports"][0]["nodePort"]
    answering = dual.wait(lambda: answered_by(address, port, where=outside), f"[{address}]:{port} answers outside")
    assert CLIENT in dual.kubectl("logs", answering)


def test_the_walk_through_a_cluster_of_ipv6_alone(ipv6: Cluster, outside: str) -> None:
    found = pods(ipv6)
    assert [families(addresses) for addresses in found.values()] == [[6]] * 3
    made = create(ipv6, "front")
    assert (made["ipFamilies"], made["ipFamilyPolicy"]) == (["IPv6"], "SingleStack")
    ipv6.wait(lambda: answered_by(made["clusterIP"]) in found, "the cluster IP answers")
    assert {answered_by(made["clusterIP"]) for _ in range(30)} == set(found)
    assert ANSWER.search(inside(ipv6, "curl", "-gs", "-m", "3", f"http://[{made['clusterIP']}]"))
    assert ANSWER.search(inside(ipv6, "curl", "-s", "-m", "3", "http://front.default.svc.cluster.local"))
    ipv6.kubectl("delete", "pod", next(iter(found)))
    fresh = pods(ipv6)
    assert len(set(fresh) - set(found)) == 1
    own = create(ipv6, "own", selector={"only": "one"})["clusterIP"]
    name = next(iter(fresh))
    ipv6.kubectl("label", "pod", name, "only=one")
    ipv6.wait(lambda: answered_by(own) == name, "the only endpoint answers")
    assert f"You've hit {name}" in ipv6.kubectl("exec", name, "--", "curl", "-gs", "-m", "3", f"http://[{own}]")
    environment = inside(ipv6, "env")
    assert "KUBERNETES_PORT=tcp://[" in environment
    ask = 'curl -gs -m 3 --cacert $0/ca.crt -H "Authorization: Bearer $(cat $0/token)" https://[$KUBERNETES_SERVICE_HOST]/version'
    said = inside(ipv6, "sh", "-c", ask, "/var/run/secrets/kubernetes.io/serviceaccount")
    assert json.loads(said)["major"] == "1", "a pod finds the API server, and its certificate has the address"
    outer = create(ipv6, "outer", type="LoadBalancer")
    (given,) = ipv6.wait(lambda: balancers(ipv6, "outer"), "an address of the load balancer")
    for address, port in (
        (given, 80),
        (node_addresses(ipv6.get("nodes")["items"][0])[0], outer["ports"][0]["nodePort"]),
    ):
        ipv6.wait(lambda at=(address, port): answered_by(*at, where=outside), f"{address} answers outside")
    refused = ipv6.run("create", "-f", "-", text=json.dumps(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "no"},
         "spec": {"ports": [{"port": 80}], "ipFamilyPolicy": "RequireDualStack"}}
    ))  # fmt: skip
    assert "this cluster is not configured for dual-stack services" in refused.stderr


def test_the_api_server_reaches_into_pods_of_ipv6(ipv6: Cluster) -> None:
    name = next(iter(pods(ipv6)))
    create(ipv6, "reached")
    for path in ("services/reached:", f"pods/{name}:8080"):
        words = ("get", "--raw", f"/api/v1/namespaces/default/{path}/proxy/")
        ipv6.wait(lambda words=words: ANSWER.search(ipv6.run(*words).stdout), f"{path} answers")
    words = [ipv6.kubectl_program, "port-forward", f"pod/{name}", ":8080"]
    forwarding = subprocess.Popen(words, env=ipv6.environment, stdout=subprocess.PIPE, text=True)
    try:
        assert forwarding.stdout is not None
        line = forwarding.stdout.readline()
        port = re.search(r"127\.0\.0\.1:(\d+)", line)
        assert port, line
        assert answered_by("127.0.0.1", int(port[1])) == name
    finally:
        forwarding.send_signal(signal.SIGTERM)
        forwarding.communicate()
