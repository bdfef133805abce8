"""Names: from inside pods by curl and nslookup, from the host, while Services come, change and go."""

import json
import shutil
import socket
import subprocess
import threading
from typing import Any

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.reversename
import dns.rrset

from .clients import ANSWER
from .conftest import Cluster


def server(cluster: Cluster) -> str:
    """The cluster IP of the DNS."""
    address: str = cluster.get("svc", "kube-dns", "-n", "kube-system")["spec"]["clusterIP"]
    return address


def ask(at: str, *words: str) -> dns.message.Message:
    """One question as one would type it behind ``dig``: ``+tcp``, ``-x``, a name and a type."""
    rest = [word for word in words if word[0] not in "+-"]
    name, kind = rest[0], rest[1] if len(rest) > 1 else "A"
    if "-x" in words:
        name, kind = str(dns.reversename.from_address(name)), "PTR"
    over = dns.query.tcp if "+tcp" in words else dns.query.udp
    return over(dns.message.make_query(name, kind), at, timeout=20)


def dig(cluster: Cluster, *words: str, at: str = "") -> list[str]:
    """The data of the records of an answer, sorted."""
    answer = ask(at or server(cluster), *words).answer
    return sorted(str(data) for rrset in answer for data in rrset)


def status(cluster: Cluster, *words: str) -> tuple[str, int]:
    """The code of the answer and how many records it has."""
    said = ask(server(cluster), *words)
    return dns.rcode.to_text(said.rcode()), sum(map(len, said.answer))


def metrics(cluster: Cluster) -> str:
    return subprocess.run(
        ["curl", "-s", "--max-time", "5", f"http://{server(cluster)}:9153/metrics"], capture_output=True, text=True
    ).stdout


def create(cluster: Cluster, namespace: str, name: str, **spec: Any) -> None:
    made = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": spec}
    cluster.kubectl("create", "-f", "-", text=json.dumps(made))


def test_the_dns_is_a_service_with_an_endpoint(cluster: Cluster) -> None:
    found = cluster.get("svc", "kube-dns", "-n", "kube-system")
    assert [(port["name"], port["port"], port["protocol"]) for port in found["spec"]["ports"]] == [
        ("dns", 53, "UDP"), ("dns-tcp", 53, "TCP"), ("metrics", 9153, "TCP"),
    ]  # fmt: skip
    slices = cluster.get("endpointslices", "-n", "kube-system", "-l", "kubernetes.io/service-name=kube-dns")["items"]
    (address,) = slices[0]["endpoints"][0]["addresses"]
    name = "kubernetes.default.svc.cluster.local"
    (expected,) = dig(cluster, name)
    for transport in ("+notcp", "+tcp"):
        assert dig(cluster, transport, name) == [expected]
        assert dig(cluster, transport, name, at=address) == [expected], "where the Service leads from other nodes"
    assert 'coredns_dns_requests_total{server="dns://:53",zone="cluster.local."' in metrics(cluster)


def test_a_pod_reaches_its_backend_by_every_form_of_its_name_and_nothing_is_tracked(
    cluster: Cluster, namespace: str
) -> None:
    cluster.kubectl("create", "-n", namespace, "-f", "frontend-backend.yaml")
    (backend,) = cluster.ready_pods(namespace, "app=backend", 1)
    frontend = cluster.ready_pods(namespace, "app=frontend", 2)[0]["metadata"]["name"]
    names = [f"backend{rest}" for rest in ("", f".{namespace}", f".{namespace}.svc", f".{namespace}.svc.cluster.local")]
    loop = "for name in " + " ".join(names) + "; do curl -s --max-time 5 http://$name; done"
    said = cluster.kubectl("exec", "-n", namespace, frontend, "--", "sh", "-c", loop)
    assert ANSWER.findall(said) == [backend["metadata"]["name"]] * 4
    address = cluster.get("svc", "backend", "-n", namespace)["spec"]["clusterIP"]
    looked_up = cluster.kubectl("exec", "-n", namespace, frontend, "--", "nslookup", f"{names[3]}.")
    assert f"Address: {address}" in looked_up
    if shutil.which("conntrack"):
        tracked = subprocess.run(["conntrack", "-L", "-d", server(cluster)], capture_output=True, text=True).stdout
        assert " dport=53 " not in tracked


def test_names_of_a_service_its_ports_and_its_addresses(cluster: Cluster, namespace: str) -> None:
    create(cluster, namespace, "web", selector={"app": "web"}, ports=[{"name": "http", "port": 80}])
    own = f"web.{namespace}.svc.cluster.local"
    address = cluster.get("svc", "web", "-n", namespace)["spec"]["clusterIP"]
    cluster.wait(lambda: dig(cluster, own) == [address], "the name is known")
    assert dig(cluster, f"_http._tcp.{own}", "SRV") == [f"0 100 80 {own}."]
    assert dig(cluster, "-x", address) == [f"{own}."]
    assert status(cluster, own, "AAAA") == ("NOERROR", 0)
    assert status(cluster, f"none.{namespace}.svc.cluster.local") == ("NXDOMAIN", 0)
    assert status(cluster, f"{namespace}.svc.cluster.local") == ("NOERROR", 0)
    assert dig(cluster, "dns-version.cluster.local", "TXT") == ['"1.1.0"']
    assert dig(cluster, f"10-1-2-3.{namespace}.pod.cluster.local") == ["10.1.2.3"]
    cluster.kubectl("delete", "svc", "web", "-n", namespace)
    cluster.wait(lambda: status(cluster, own) == ("NXDOMAIN", 0), "the name is gone")


def test_a_headless_service_names_its_pods(cluster: Cluster, namespace: str) -> None:
    ports = [{"name": "http", "port": 8080}]
    create(cluster, namespace, "pods", clusterIP="None", selector={"app": "named"}, ports=ports)
    own = f"pods.{namespace}.svc.cluster.local"
    assert status(cluster, own) == ("NXDOMAIN", 0)
    for number in range(2):
        container = {"name": "kubia", "image": "luksa/kubia", "imagePullPolicy": "IfNotPresent"}
        pod = {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": f"named-{number}", "namespace": namespace, "labels": {"app": "named"}},
            "spec": {"hostname": f"host-{number}", "subdomain": "pods", "containers": [container]},
        }  # fmt: skip
        cluster.kubectl("create", "-f", "-", text=json.dumps(pod))
    found = cluster.ready_pods(namespace, "app=named", 2)
    ips = {pod["spec"]["hostname"]: pod["status"]["podIP"] for pod in found}
    cluster.wait(lambda: dig(cluster, own) == sorted(ips.values()), "both pods are told")
    for host, ip in ips.items():
        assert dig(cluster, f"{host}.{own}") == [ip]
        assert dig(cluster, "-x", ip) == [f"{host}.{own}."]
    assert dig(cluster, f"_http._tcp.{own}", "SRV") == [f"0 50 8080 host-{number}.{own}." for number in range(2)]
    said = cluster.kubectl("exec", "-n", namespace, "named-0", "--", "curl", "-s", "http://host-1.pods:8080")
    assert ANSWER.findall(said)
    measured = "coredns_kubernetes_dns_programming_duration_seconds"
    values = dict(line.rsplit(" ", 1) for line in metrics(cluster).splitlines() if line.startswith(measured))
    count = int(values[f'{measured}_count{{service_kind="headless_with_selector"}}'])
    assert count > 0
    assert 0 < float(values[f'{measured}_sum{{service_kind="headless_with_selector"}}']) / count < 60  # seconds
    cluster.kubectl("delete", "pod", "named-0", "-n", namespace, "--wait=false")
    cluster.wait(lambda: dig(cluster, own) == [ips["host-1"]], "the pod that leaves is told no more")


def test_an_external_name_flips_to_a_cluster_ip_and_back(cluster: Cluster, namespace: str) -> None:
    create(cluster, namespace, "flip", type="ExternalName", externalName="example.org")
    own = f"flip.{namespace}.svc.cluster.local"
    cluster.wait(lambda: dig(cluster, own, "CNAME") == ["example.org."], "the alias is told")
    there = {"spec": {"type": "ClusterIP", "externalName": None, "ports": [{"port": 80}]}}
    cluster.kubectl("patch", "svc", "flip", "-n", namespace, "--type=merge", "-p", json.dumps(there))
    address = cluster.get("svc", "flip", "-n", namespace)["spec"]["clusterIP"]
    cluster.wait(lambda: dig(cluster, own) == [address], "the address is told")
    assert dig(cluster, own, "CNAME") == []
    inner = {"spec": {"type": "ExternalName", "externalName": "kubernetes.default.svc.cluster.local", "clusterIP": ""}}
    cluster.kubectl("patch", "svc", "flip", "-n", namespace, "--type=merge", "-p", json.dumps(inner))
    (expected,) = dig(cluster, "kubernetes.default.svc.cluster.local")
    cluster.wait(
        lambda: dig(cluster, own) == sorted([expected, "kubernetes.default.svc.cluster.local."]),
        "the alias is followed",
    )


class NameServer(threading.Thread):
    """A name server on loopback that knows one address for every name; ``asked`` are the names."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.asked: list[str] = []
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self.port: int = self._sock.getsockname()[1]

    def run(self) -> None:
        while True:
            data, peer = self._sock.recvfrom(4096)
            if not data:
                self._sock.close()
                return
            query = dns.message.from_wire(data)
            question = query.question[0]
            self.asked.append(str(question.name))
            answer = dns.message.make_response(query, recursion_available=True)
            if question.rdtype == dns.rdatatype.A:
                answer.answer = [dns.rrset.from_text(question.name, 60, "IN", "A", "192.0.2.7")]
            self._sock.sendto(answer.to_wire(), peer)

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"", ("127.0.0.1", self.port))
        self.join()


def test_other_names_are_asked_of_the_name_server_that_was_set(cluster: Cluster, namespace: str) -> None:
    other = NameServer()
    other.start()
    try:
        cluster.fairway("up", "--dns-upstreams", f"127.0.0.1:{other.port}")
        cluster.wait(lambda: dig(cluster, "www.example.org") == ["192.0.2.7"], "the other server's answer is given on")
        assert dig(cluster, "+tcp", "www.example.org") == ["192.0.2.7"]
        assert other.asked.count("www.example.org.") == 1
        create(cluster, namespace, "out", type="ExternalName", externalName="out.example.org")
        own = f"out.{namespace}.svc.cluster.local"
        cluster.wait(lambda: dig(cluster, own) == ["192.0.2.7", "out.example.org."], "the alias is followed out")
        assert not [name for name in other.asked if name.endswith("cluster.local.")]
    finally:
        cluster.fairway("up", "--dns-upstreams", "")
        other.stop()


def test_names_are_answered_while_the_control_plane_is_away(cluster: Cluster, namespace: str) -> None:
    create(cluster, namespace, "web", selector={"app": "web"}, ports=[{"port": 80}])
    own = f"web.{namespace}.svc.cluster.local"
    address = cluster.get("svc", "web", "-n", namespace)["spec"]["clusterIP"]
    at = server(cluster)
    cluster.wait(lambda: dig(cluster, own) == [address], "the name is known")
    found = subprocess.run(
        ["pgrep", "-f", f"fairway.cluster.control.*--data-dir {cluster.data_dir}"], capture_output=True, text=True
    )
    (control,) = found.stdout.split()
    subprocess.run(["kill", "-STOP", control], check=True)
    try:
        assert dig(cluster, own, at=at) == [address]
    finally:
        subprocess.run(["kill", "-CONT", control], check=True)
