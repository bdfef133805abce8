"""Killed processes: no acknowledged write lost, no connection refused, nothing left behind."""

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import dns.message
import pytest

from fairway.cluster import processes

from .clients import Traffic
from .conftest import IMAGE, Cluster, name_of, need_machine, up
from .kernel_tables import kernel_tables


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A second cluster beside the session's, to be hurt."""
    hurt = Cluster(name_of("faults"), tmp_path_factory.mktemp("faults"))
    with up(hurt):
        hurt.kubectl("create", "-f", "svc.yaml")
        hurt.kubectl("replace", "-f", "svc-fixed.yaml")
        hurt.ready_pods("default", "app=kubia", 3)
        yield hurt


def pids(cluster: Cluster, role: str) -> list[int]:
    return processes.find(role, cluster.name, cluster.data_dir)


def url(cluster: Cluster) -> str:
    address = f"http://{cluster.get('svc', 'kubia')['spec']['clusterIP']}/"
    cluster.wait(lambda: subprocess.run(["curl", "-s", "-m", "2", address], capture_output=True).stdout, "first answer")
    return address


def containers(cluster: Cluster) -> dict[str, str]:
    """Container ids of the pods: a restart would change them."""
    pods = cluster.get("pods", "-l", "app=kubia")["items"]
    return {pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["containerID"] for pod in pods}


@pytest.mark.parametrize(
    "roles", [("control",), ("node",), ("supervisor",), ("supervisor", "control", "node")], ids="-".join
)
def test_killed_processes_cost_no_connection_and_no_pod(fragile: Cluster, roles: tuple[str, ...]) -> None:
    before, address = containers(fragile), url(fragile)
    with Traffic([], address) as traffic:
        old = [pid for role in roles for pid in pids(fragile, role)]
        assert len(old) == len(roles)
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        if "supervisor" in roles:
            fragile.fairway("up")
        fragile.wait(lambda: all(set(pids(fragile, role)) - set(old) for role in roles), "started again")
        fragile.wait(lambda: fragile.run("get", "--raw", "/readyz").stdout == "ok", "the API serves again")
        fragile.kubectl("scale", "rs", "kubia", "--replicas=4")
        fragile.ready_pods("default", "app=kubia", 4)
        fragile.kubectl("scale", "rs", "kubia", "--replicas=3")
        fragile.ready_pods("default", "app=kubia", 3)
    assert traffic.answers > 10
    assert traffic.failures == []
    kept = set(before.items()) & set(containers(fragile).items())
    assert len(kept) >= 2, "running containers were started again"


def test_a_name_asked_while_the_node_process_is_dead_is_answered_by_the_next(fragile: Cluster) -> None:
    """The supervisor holds the sockets: the question waits there, and nobody is told that there is no server."""
    at = fragile.get("svc", "kube-dns", "-n", "kube-system")["spec"]["clusterIP"]
    address = fragile.get("svc", "kubia")["spec"]["clusterIP"]
    query = dns.message.make_query("kubia.default.svc.cluster.local", "A").to_wire()
    for _ in range(2):
        (node,) = pids(fragile, "node")
        handle = os.pidfd_open(node)
        os.kill(node, signal.SIGKILL)
        processes.wait_gone([handle], 10)
        os.close(handle)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.create_connection((at, 53)) as tcp:
            udp.connect((at, 53))
            udp.settimeout(30)
            tcp.settimeout(30)
            udp.send(query)
            tcp.sendall(len(query).to_bytes(2, "big") + query)
            for answer in (udp.recv(4096), tcp.recv(4096)[2:]):
                assert [str(data) for data in dns.message.from_wire(answer).answer[0]] == [address]


def test_an_acknowledged_write_survives_a_kill_under_load(fragile: Cluster) -> None:
    acknowledged: list[str] = []
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"kept-{number}"}})
            if fragile.run("create", "-f", "-", text=body).returncode == 0:
                acknowledged.append(f"kept-{number}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            count = len(acknowledged)
            fragile.wait(lambda count=count: len(acknowledged) > count + 3, "writes are acknowledged")
            os.kill(pids(fragile, "control")[0], signal.SIGKILL)
    finally:
        fragile.wait(lambda: fragile.run("get", "--raw", "/readyz").stdout == "ok", "the API serves again")
        done.set()
        writer.join()
    there = set(fragile.kubectl("get", "configmaps", "-o", "name").split())
    assert [name for name in acknowledged if f"configmap/{name}" not in there] == []


def test_down_after_a_crash_leaves_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    need_machine()
    doomed = Cluster(name_of("doomed"), tmp_path_factory.mktemp("doomed"))
    try:
        doomed.fairway("image", "import", str(IMAGE))
        doomed.fairway("up")
        doomed.kubectl("create", "-f", "svc.yaml")
        doomed.ready_pods("default", "app=kubia", 3)
        for role in processes.ROLES:
            for pid in pids(doomed, role):
                os.kill(pid, signal.SIGKILL)
    finally:
        doomed.fairway("down", "--purge")
    assert leftovers(doomed.name, doomed.data_dir) == []


def leftovers(name: str, data_dir: str) -> list[str]:
    """Whatever of a cluster is still on the machine."""
    found = [f"process {pid}" for role in processes.ROLES for pid in processes.find(role, name, data_dir)]
    found += [line for line in Path("/proc/mounts").read_text().splitlines() if f"/{name}/" in line]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/fairway/{name}")]
    found += [str(path) for path in (Path(data_dir, name), Path("/run/fairway", name)) if path.exists()]
    found += [path.parent.name for path in Path("/sys/class/net").glob("*/ifalias") if f"{name}" in path.read_text()]
    found += [table for table in kernel_tables() if table.startswith(f"fairway-{name}")]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text()
        except OSError:
            continue
        if f"/{name}/" in words and "pytest" not in words:
            found.append(f"process {folder.name}: {words!r}")
    return found
