"""``fairway proxy`` and ``fairway dns`` for a node of their own, a network namespace, with a restricted account."""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .conftest import KUBIA, Cluster

HOST, THERE = "192.168.78.1", "192.168.78.2"
NODE = "second"


def manifest(namespace: str) -> str:
    pod = {
        "metadata": {"labels": {"app": "far"}},
        "spec": {
            "containers": [
                {"name": "kubia", "image": KUBIA, "imagePullPolicy": "Never", "ports": [{"containerPort": 8080}]}
            ]
        },
    }
    services = [
        {"metadata": {"name": name, "namespace": namespace}, "spec": {
            "selector": {"app": "far"}, "ports": [{"port": 80, "targetPort": 8080}], "internalTrafficPolicy": policy,
        }} for name, policy in (("every", "Cluster"), ("local", "Local"))
    ]  # fmt: skip
    items: list[dict[str, Any]] = [
        {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": namespace}},
        {"kind": "ReplicaSet", "apiVersion": "apps/v1", "metadata": {"name": "far", "namespace": namespace}, "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": "far"}}, "template": pod,
        }},
        {"kind": "Node", "apiVersion": "v1", "metadata": {"name": NODE}, "spec": {
            "podCIDRs": ["192.168.78.0/24"], "podCIDR": "192.168.78.0/24", "unschedulable": True,
        }},
        *({"kind": "Service", "apiVersion": "v1", **each} for each in services),
        *({"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": name, "namespace": "kube-system"}}
          for name in ("kube-proxy", "coredns")),
    ]  # fmt: skip
    return json.dumps({"kind": "List", "apiVersion": "v1", "items": items})


class SecondNode:
    """A namespace that is routed to the machine and runs no agent, and programs in it."""

    def __init__(self, cluster: Cluster, folder: Path, namespace: str) -> None:
        self.cluster, self.folder, self.namespace = cluster, folder, namespace
        self.name = f"fwe-{secrets.token_hex(3)}"
        config = json.loads(Path(cluster.data_dir, cluster.name, "config.json").read_text())
        gateway = config["pod_cidr"].split(",")[0].rsplit(".", 1)[0] + ".1"
        self.server = f"https://{gateway}:{config['api_port']}"

    def up(self) -> None:
        ip("netns", "add", self.name)
        ip("link", "add", f"{self.name}h", "type", "veth", "peer", "name", "eth0", "netns", self.name)
        ip("addr", "add", f"{HOST}/24", "dev", f"{self.name}h")
        ip("link", "set", f"{self.name}h", "up")
        for words in (("addr", "add", f"{THERE}/24", "dev", "eth0"), ("link", "set", "eth0", "up"),
                      ("link", "set", "lo", "up"), ("route", "add", "default", "via", HOST)):  # fmt: skip
            ip("-n", self.name, *words)

    def down(self) -> None:
        ip("netns", "del", self.name)

    def kubeconfig(self, account: str) -> str:
        """With a token of a service account and nothing else."""
        token = self.cluster.kubectl("create", "token", account, "-n", "kube-system").strip()
        cluster = self.cluster.kubectl("config", "view", "--raw", "--minify", "-o", "json")
        ca = json.loads(cluster)["clusters"][0]["cluster"]["certificate-authority-data"]
        (self.folder / account).write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": self.server, "certificate-authority-data": ca}}],
            "users": [{"name": "u", "user": {"token": token}}],
        }))  # fmt: skip
        return str(self.folder / account)

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ip", "netns", "exec", self.name, *words], capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def fairway(self, *words: str) -> str:
        done = self.call(sys.executable, "-m", "fairway", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def program(self, ready: str, *words: str) -> Iterator[subprocess.Popen[str]]:
        command = ["ip", "netns", "exec", self.name, sys.executable, "-m", "fairway", *words]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                seen = []
                for line in process.stderr:
                    seen.append(line)
                    if ready in line:
                        break
                assert seen and ready in seen[-1], "".join(seen)
                yield process
                process.send_signal(signal.SIGTERM)
                assert process.wait(10) == 0
            finally:
                process.kill()

    def answer(self, service: str) -> str:
        """What a Service says to this node; empty if it does not let itself be reached within a second."""
        at = self.cluster.get("service", service, "-n", self.namespace)["spec"]["clusterIP"]
        return self.call("curl", "-s", "--max-time", "1", f"http://{at}").stdout


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def second(cluster: Cluster, tmp_path: Path) -> Iterator[SecondNode]:
    namespace = f"far-{secrets.token_hex(3)}"
    node = SecondNode(cluster, tmp_path, namespace)
    cluster.kubectl("create", "-f", "-", text=manifest(namespace))
    try:
        node.up()
        cluster.ready_pods(namespace, "app=far", 1)
        yield node
    finally:
        node.down()
        cluster.kubectl("delete", "namespace", namespace, "--wait=false")
        cluster.kubectl("delete", "node", NODE)
        cluster.kubectl("delete", "serviceaccount", "kube-proxy", "coredns", "-n", "kube-system")


def test_a_second_node_is_served_by_a_proxy_of_its_own(second: SecondNode) -> None:
    kubeconfig = second.kubeconfig("kube-proxy")
    refused = second.cluster.run("--kubeconfig", kubeconfig, "get", "secrets", "-A")
    assert refused.returncode == 1 and "Forbidden" in refused.stderr
    flags = ("proxy", "--kubeconfig", kubeconfig, "--node-name", NODE)
    assert "+ frontends" in second.fairway(*flags, "--dry-run")

    with second.program("proxy is ready", *flags):
        assert "You've hit far-" in second.answer("every")
        assert second.answer("local") == "", "no endpoint is on this node: its own proxy drops"
        second.cluster.kubectl("expose", "rs", "far", "-n", second.namespace, "--name=late", "--port=80",
                               "--target-port=8080")  # fmt: skip
        second.cluster.wait(lambda: second.answer("late"), "a Service that came later")
        at = second.cluster.get("service", "every", "-n", second.namespace)["spec"]["clusterIP"]
        probed = second.fairway("probe", at, "--count", "3", "--interval", "0", "--metrics-port", "0")
        assert probed.startswith("3 pings, 0 failed; first packet p50 ")
        healthy = second.call("curl", "-s", "-o", os.devnull, "-w", "%{http_code}", "http://127.0.0.1:10256/healthz")
        assert healthy.stdout == "200"

    assert "You've hit far-" in second.answer("every") and second.answer("local") == "", "the rules stay"
    assert second.fairway(*flags, "--dry-run") == "nothing would change\n"
    second.fairway("proxy", "--cleanup")
    assert "fairway" not in second.call("nft", "list", "tables").stdout
    assert "You've hit far-" in second.answer("local"), "no rule of ours stands in the way any more"


def test_a_second_node_has_a_dns_of_its_own(second: SecondNode) -> None:
    at = second.cluster.get("service", "every", "-n", second.namespace)["spec"]["clusterIP"]
    with second.program("cluster DNS knows", "dns", "--kubeconfig", second.kubeconfig("coredns"), "--listen", THERE):
        script = (
            "import socket,struct,sys\n"
            "name = b''.join(bytes((len(p),)) + p.encode() for p in sys.argv[2].split('.')) + b'\\0'\n"
            "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(30)\n"
            "s.sendto(struct.pack('>6H', 1, 256, 1, 0, 0, 0) + name + struct.pack('>2H', 1, 1), (sys.argv[1], 53))\n"
            "print(socket.inet_ntoa(s.recv(512)[-4:]))\n"
        )
        name = f"every.{second.namespace}.svc.cluster.local"
        assert second.call(sys.executable, "-c", script, THERE, name).stdout.strip() == at
