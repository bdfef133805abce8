"""Names on every node: each has a DNS of its own, at the address that all pods know, and none is tracked."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fairway.cluster import processes

from .three_nodes import NUMBERS, ThreeNodes

NAMESPACE = "named"
ASK = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.connect((sys.argv[1], 53))
    sock.settimeout(30)
    labels = b"".join(bytes((len(each),)) + each.encode() for each in sys.argv[2].split("."))
    sock.send(b"\\0\\7\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + labels + b"\\0\\0\\1\\0\\1")
    print(socket.inet_ntoa(sock.recv(512)[-4:]))
"""


@pytest.fixture(scope="module")
def world(three_nodes: ThreeNodes) -> Iterator[ThreeNodes]:
    """A pod on each node behind a headless Service, and a Service with an address."""
    three_nodes.kubectl("create", "namespace", NAMESPACE)
    pods = [three_nodes.pod(NAMESPACE, f"web-{n}", n, tier="web") for n in NUMBERS]
    for number, pod in zip(NUMBERS, pods, strict=True):
        pod["spec"] |= {"hostname": f"host-{number}", "subdomain": "hosts"}
    three_nodes.create(*pods)
    three_nodes.service(NAMESPACE, "web", {"tier": "web"})
    three_nodes.service(NAMESPACE, "hosts", {"tier": "web"}, clusterIP="None")
    three_nodes.ready_pods(NAMESPACE, "tier=web", 3)
    yield three_nodes
    three_nodes.run("delete", "namespace", NAMESPACE, "--wait=false")


def test_pods_of_every_node_find_services_and_each_other(world: ThreeNodes) -> None:
    own = f"{NAMESPACE}.svc.cluster.local"
    address = world.get("svc", "web", "-n", NAMESPACE)["spec"]["clusterIP"]
    ips = {n: world.get("pod", f"web-{n}", "-n", NAMESPACE)["status"]["podIP"] for n in NUMBERS}
    wanted = {f"web.{own}": address} | {f"host-{n}.hosts.{own}": ips[n] for n in NUMBERS}

    def knows(at: int) -> bool:
        said = {name: world.exec(NAMESPACE, f"web-{at}", "nslookup", f"{name}.") for name in wanted}
        return all(f"Address: {wanted[name]}\n" in text for name, text in said.items())

    for at in NUMBERS:
        world.wait(lambda at=at: knows(at), f"all names are known on node {at}")  # type: ignore[misc]
        other = f"host-{at % 3 + 1}"
        said = world.exec(NAMESPACE, f"web-{at}", "curl", "-s", "-m", "3", f"http://{other}.hosts:8080")
        assert said == f"You've hit {other}\n"
        if shutil.which("conntrack"):
            dns = world.get("svc", "kube-dns", "-n", "kube-system")["spec"]["clusterIP"]
            listed = [*world.inside(at), "conntrack", "-L", "-d", dns]
            assert " dport=53 " not in subprocess.run(listed, capture_output=True, text=True).stdout


def test_a_question_on_a_further_node_survives_its_process(world: ThreeNodes) -> None:
    dns = world.get("svc", "kube-dns", "-n", "kube-system")["spec"]["clusterIP"]
    address = world.get("svc", "web", "-n", NAMESPACE)["spec"]["clusterIP"]
    (process,) = processes.find("node-2", world.name, world.data_dir)
    handle = os.pidfd_open(process)
    os.kill(process, signal.SIGKILL)
    processes.wait_gone([handle], 10)
    os.close(handle)
    words = [*world.inside(2), sys.executable, "-c", ASK, dns, f"web.{NAMESPACE}.svc.cluster.local"]
    said = subprocess.run(words, capture_output=True, text=True)
    assert (said.stdout, said.stderr) == (f"{address}\n", "")
