"""What the conformance suite asks of the DNS from inside a pod: names in part and in full, over both transports."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .conftest import Cluster

NAME_SERVER = Path(__file__).parent / "one_name_server.py"

needs_dig = pytest.mark.skipif(shutil.which("dig") is None, reason="needs dig")


def make(cluster: Cluster, namespace: str, kind: str, name: str, spec: Any, **meta: Any) -> None:
    made = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace, **meta}, "spec": spec}
    cluster.kubectl("create", "-f", "-", text=json.dumps(made))


def pod(cluster: Cluster, namespace: str, name: str, **spec: Any) -> dict[str, Any]:
    """A pod that runs, as the API shows it."""
    container = {"name": "kubia", "image": "luksa/kubia", "imagePullPolicy": "IfNotPresent"}
    make(cluster, namespace, "Pod", name, {"containers": [container], **spec}, labels={"app": name})
    (found,) = cluster.ready_pods(namespace, f"app={name}", 1)
    return found


def network_of(cluster: Cluster, found: dict[str, Any]) -> str:
    return f"--net=/run/fairway/{cluster.name}/netns/{found['metadata']['uid']}"


class Inside:
    """The machine's dig in a pod's network, with the pod's own resolv.conf."""

    def __init__(self, cluster: Cluster, found: dict[str, Any], folder: Path) -> None:
        meta = found["metadata"]
        self.text = cluster.kubectl("exec", "-n", meta["namespace"], meta["name"], "--", "cat", "/etc/resolv.conf")
        own = folder / f"{meta['name']}.conf"
        own.write_text(self.text)
        entering = f'mount --bind {own} /etc/resolv.conf && exec nsenter {network_of(cluster, found)} "$@"'
        self._words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", entering, "inside"]

    def dig(self, *words: str) -> list[str]:
        said = subprocess.run(
            [*self._words, "dig", "+short", "+search", "+time=5", "+tries=1", *words],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        return sorted(said.splitlines())

    def both(self, *words: str) -> list[str]:
        """Over UDP and over TCP, which must agree."""
        udp, tcp = self.dig("+notcp", *words), self.dig("+tcp", *words)
        assert udp == tcp, words
        return udp


PAIRS = """
import socket, struct, sys
server, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
labels = b"".join(bytes((len(each),)) + each.encode() for each in name.split(".")) + bytes(1)
for number in range(count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((server, 53))
        sock.settimeout(30)
        for kind in (1, 28):
            sock.send(struct.pack(">6H", kind, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">2H", kind, 1))
        found = {sock.recv(512)[1] for _ in range(2)}
        assert found == {1, 28}, found
"""
TRACKED = Path("/proc/net/nf_conntrack")


def test_a_resolvers_two_questions_at_once_are_never_lost_nor_tracked(cluster: Cluster, namespace: str) -> None:
    """What costs five seconds elsewhere: A and AAAA of one socket in one moment clash in the connection table."""
    found = pod(cluster, namespace, "pairs")
    dns, ip = cluster.get("svc", "kube-dns", "-n", "kube-system")["spec"]["clusterIP"], found["status"]["podIP"]
    asking = [
        "nsenter",
        network_of(cluster, found),
        "python3",
        "-c",
        PAIRS,
        dns,
        "kubernetes.default.svc.cluster.local",
    ]
    many = [subprocess.Popen([*asking, "500"]) for _ in range(3)]
    assert [each.wait(timeout=240) for each in many] == [0, 0, 0], "none waited for an answer that never came"
    if TRACKED.exists():
        cluster.kubectl("exec", "-n", namespace, "pairs", "--", "curl", "-sk", "-m", "5", "https://kubernetes.default")
        with TRACKED.open() as table:
            own = [line for line in table if f"src={ip} " in line]
        assert [line for line in own if "dport=443 " in line], "what is tracked can be seen"
        assert [line for line in own if "dport=53 " in line] == []


@needs_dig
def test_dns_for_the_cluster_and_for_services(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    found = pod(cluster, namespace, "probe")
    inside = Inside(cluster, found, tmp_path)
    searches = ["search", f"{namespace}.svc.cluster.local", "svc.cluster.local", "cluster.local"]
    assert inside.text.split("\n")[0].split()[:4] == searches
    assert "options ndots:5" in inside.text
    address = cluster.get("svc", "kubernetes", "-n", "default")["spec"]["clusterIP"]
    for name in ("kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"):
        assert inside.both(name, "A") == [address]
    ip = found["status"]["podIP"]
    assert inside.both(f"{ip.replace('.', '-')}.{namespace}.pod.cluster.local", "A") == [ip]

    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    make(cluster, namespace, "Service", "one", {"selector": {"app": "probe"}, "ports": ports})
    make(cluster, namespace, "Service", "two", {"selector": {"app": "probe"}, "ports": ports, "clusterIP": "None"})
    own = cluster.get("svc", "one", "-n", namespace)["spec"]["clusterIP"]
    cluster.wait(lambda: inside.dig("two") == [ip] and inside.dig("one") == [own], "both Services have their names")
    host = ip.replace(".", "-")
    for rest in ("", f".{namespace}", f".{namespace}.svc", f".{namespace}.svc.cluster.local"):
        assert inside.both(f"one{rest}", "A") == [own]
        assert inside.both(f"two{rest}", "A") == [ip]
        assert inside.both(f"_http._tcp.one{rest}", "SRV") == [f"0 100 80 one.{namespace}.svc.cluster.local."]
        assert inside.both(f"_http._tcp.two{rest}", "SRV") == [
            f"0 100 8080 {host}.two.{namespace}.svc.cluster.local."
        ]  # fmt: skip
    assert inside.both("-x", own) == [f"one.{namespace}.svc.cluster.local."]
    assert inside.both("-x", ip) == [f"{host}.two.{namespace}.svc.cluster.local."]


@needs_dig
def test_dns_for_a_pod_with_a_hostname_and_subdomain(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    make(cluster, namespace, "Service", "sub", {"selector": {"app": "named"}, "clusterIP": "None"})
    found = pod(cluster, namespace, "named", hostname="querier", subdomain="sub")
    inside, ip = Inside(cluster, found, tmp_path), found["status"]["podIP"]
    full = f"querier.sub.{namespace}.svc.cluster.local"
    cluster.wait(lambda: inside.dig(full) == [ip], "the pod has its name")
    for name in ("querier.sub", f"querier.sub.{namespace}", f"querier.sub.{namespace}.svc", full):
        assert inside.both(name, "A") == [ip]
    assert inside.both(f"sub.{namespace}.svc.cluster.local") == [ip]
    hosts = cluster.kubectl("exec", "-n", namespace, "named", "--", "cat", "/etc/hosts")
    assert [ip, full, "querier"] in [line.split() for line in hosts.splitlines()]
    assert cluster.kubectl("exec", "-n", namespace, "named", "--", "hostname").strip() == "querier"


@contextmanager
def name_server_in(cluster: Cluster, found: dict[str, Any], name: str, address: str) -> Iterator[None]:
    """A name server in a pod's network that knows one name."""
    words = ["nsenter", network_of(cluster, found), "python3", str(NAME_SERVER), name, address]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin and server.stdout
        assert server.stdout.readline() == "ready\n"
        try:
            yield
        finally:
            server.stdin.close()


@needs_dig
def test_a_pod_may_have_name_servers_and_searches_of_its_own(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    serving = pod(cluster, namespace, "serving")
    at = serving["status"]["podIP"]
    config = {
        "nameservers": [at], "searches": ["resolv.conf.local"], "options": [{"name": "ndots", "value": "2"}]
    }  # fmt: skip
    asking = pod(cluster, namespace, "asking", dnsPolicy="None", dnsConfig=config)
    inside = Inside(cluster, asking, tmp_path)
    assert inside.text == f"search resolv.conf.local\nnameserver {at}\noptions ndots:2\n"
    with name_server_in(cluster, serving, "notexistname.resolv.conf.local", "1.1.1.1"):
        assert inside.dig("notexistname", "A") == ["1.1.1.1"]
        said = cluster.kubectl("exec", "-n", namespace, "asking", "--", "nslookup", "notexistname.resolv.conf.local")
        assert "Address: 1.1.1.1" in said
    added = pod(cluster, namespace, "added", dnsConfig=config)
    lines = Inside(cluster, added, tmp_path).text.splitlines()
    assert lines[0].split()[1] == f"{namespace}.svc.cluster.local"
    assert lines[0].split()[-1] == "resolv.conf.local"
    assert lines[-2:] == [f"nameserver {at}", "options ndots:2"]
