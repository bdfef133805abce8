"""Load balancers announced on a LAN: a machine of the LAN reaches them without any route, by real packets.

The LAN is a bridge of the test's own; its other machines are network namespaces.
"""

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator

import pytest

from fairway.cluster import processes
from fairway.objects.authority import authority

from .clients import answered_by
from .conftest import Cluster, name_of, need_machine, up

BRIDGE = f"fwl{os.getpid()}"[:15]
CLIENT, RIVAL = f"fw-lan-{os.getpid()}-c", f"fw-lan-{os.getpid()}-r"
HOST_AT, CLIENT_AT, RIVAL_AT = "198.19.50.1", "198.19.50.2", "198.19.50.200"
HOST_AT_6, CLIENT_AT_6, RIVAL_AT_6 = "fd50:19::1", "fd50:19::2", "fd50:19::200"
POOL = "198.19.50.200-198.19.50.207,fd50:19::200-fd50:19::207"


def ip(words: str) -> str:
    return subprocess.run(["ip", *words.split()], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def lan() -> Iterator[None]:
    """The machine, a client without any route, and a machine that has the first address of the pool."""
    need_machine()
    try:
        ip(f"link add {BRIDGE} type bridge forward_delay 0")
        ip(f"addr add {HOST_AT}/24 dev {BRIDGE}")
        ip(f"addr add {HOST_AT_6}/64 dev {BRIDGE} nodad")
        ip(f"link set {BRIDGE} up")
        machines = (CLIENT, CLIENT_AT, CLIENT_AT_6), (RIVAL, RIVAL_AT, RIVAL_AT_6)
        for number, (name, at, at_6) in enumerate(machines):
            ip(f"netns add {name}")
            ip(f"link add {BRIDGE[:13]}p{number} master {BRIDGE} type veth peer name eth0 netns {name}")
            ip(f"link set {BRIDGE[:13]}p{number} up")
            ip(f"-n {name} addr add {at}/24 dev eth0")
            ip(f"-n {name} addr add {at_6}/64 dev eth0 nodad")
            ip(f"-n {name} link set eth0 up")
        yield
    finally:
        for name in (CLIENT, RIVAL):
            subprocess.run(["ip", "netns", "del", name], check=False)
        subprocess.run(["ip", "link", "del", BRIDGE], check=False)


@pytest.fixture(scope="module")
def announced(lan: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    running = Cluster(name_of("lan"), tmp_path_factory.mktemp("lan"))
    with up(running, "--ip-family", "dual", "--load-balancer-cidr", POOL, "--load-balancer-announce", BRIDGE):
        running.kubectl("create", "-f", "svc.yaml")
        running.ready_pods("default", "app=kubia", 3)
        yield running


def balancer(cluster: Cluster, name: str, **spec: object) -> list[str]:
    """A load balancer of both families in front of the pods; its addresses."""
    wanted = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {
            "type": "LoadBalancer", "selector": {"app": "kubia"}, "ports": [{"port": 80, "targetPort": 8080}],
            "ipFamilyPolicy": "RequireDualStack", **spec,
        },
    }  # fmt: skip
    cluster.kubectl("create", "-f", "-", text=json.dumps(wanted))
    cluster.kubectl("wait", f"svc/{name}", "--for=jsonpath={.status.loadBalancer.ingress}", "--timeout=10s")
    return [entry["ip"] for entry in cluster.get("svc", name)["status"]["loadBalancer"]["ingress"]]


def test_a_machine_of_the_lan_reaches_each_address_until_its_service_is_gone(announced: Cluster) -> None:
    first, second = balancer(announced, "first"), balancer(announced, "second", externalTrafficPolicy="Local")
    assert not {RIVAL_AT, RIVAL_AT_6} & {*first, *second}, "another machine has them"
    assert "default" not in ip(f"-n {CLIENT} route show") + ip(f"-n {CLIENT} -6 route show")
    device = json.loads(ip(f"-j link show {BRIDGE}"))[0]["address"]
    for address in (*first, *second):
        announced.wait(lambda address=address: answered_by(address, where=CLIENT), f"{address} answers on the LAN")
        assert answered_by(address), "on the machine itself"
        inside = announced.kubectl("exec", "rs/kubia", "--", "curl", "-s", "-m", "3", f"http://{authority(address)}")
        assert re.search("You've hit", inside), "and in a pod"
        assert json.loads(ip(f"-n {CLIENT} -j neigh show {address}"))[0]["lladdr"] == device
    pods = [pod["metadata"]["name"] for pod in announced.ready_pods("default", "app=kubia", 3)]
    logs = "".join(announced.kubectl("logs", name) for name in pods)
    assert f"request from {CLIENT_AT}" in logs, "policy Local keeps the client's address"
    assert f"request from {CLIENT_AT_6}" in logs
    announced.kubectl("delete", "svc", "first")
    ip(f"-n {CLIENT} neigh flush all")
    for address in first:
        family = "-6 " if ":" in address else ""
        announced.wait(lambda a=address, f=family: ip(f"{f}route show {a}") == "", f"{address} is not routed any more")
        assert answered_by(address, where=CLIENT, patience_s=1) == ""
        (neighbour,) = json.loads(ip(f"-n {CLIENT} -j neigh show {address}"))
        assert "lladdr" not in neighbour
    assert all(answered_by(address, where=CLIENT) for address in second)


def test_addresses_answer_through_a_killed_control_and_soon_after_a_killed_node_process(announced: Cluster) -> None:
    addresses = balancer(announced, "steady")
    for address in addresses:
        announced.wait(lambda address=address: answered_by(address, where=CLIENT), f"{address} answers on the LAN")
    (control,) = processes.find("control", announced.name, announced.data_dir)
    os.kill(control, signal.SIGSTOP)
    try:
        ip(f"-n {CLIENT} neigh flush all")
        assert all(answered_by(address, where=CLIENT) for address in addresses)
    finally:
        os.kill(control, signal.SIGKILL)
    ip(f"-n {CLIENT} neigh flush all")
    assert all(answered_by(address, where=CLIENT) for address in addresses)
    (node,) = processes.find("node", announced.name, announced.data_dir)
    os.kill(node, signal.SIGKILL)
    ip(f"-n {CLIENT} neigh flush all")
    for address in addresses:
        announced.wait(lambda address=address: answered_by(address, where=CLIENT), f"{address} answers again", 60)


def test_an_address_of_another_machine_is_said_and_that_machine_stays_reachable(announced: Cluster) -> None:
    wanted = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "wants"},
        "spec": {"type": "LoadBalancer", "loadBalancerIP": RIVAL_AT, "ports": [{"port": 80}]},
    }  # fmt: skip
    announced.kubectl("create", "-f", "-", text=json.dumps(wanted))
    announced.kubectl(
        "wait", "svc/wants", "--for=jsonpath={.status.conditions[0].reason}=AddressInUse", "--timeout=10s"
    )
    mac = json.loads(ip(f"-n {RIVAL} -j link show eth0"))[0]["address"]
    told = announced.kubectl("describe", "svc", "wants")
    assert f"{RIVAL_AT} is in use by {mac} on {BRIDGE}" in told
    with pytest.raises(ConnectionRefusedError):  # by that machine itself
        socket.create_connection((RIVAL_AT, 9), timeout=30)
