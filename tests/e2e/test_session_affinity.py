"""Session affinity end to end, in the shapes in which Kubernetes' own tests ask for it: types, switching, time-out.

The contract is docs/session-affinity.md; its sentences are proven in tests/component/test_session_affinity.py.
"""

import json
import time
from collections.abc import Iterator

import pytest

from .clients import ANSWER
from .conftest import Cluster, three_pods

NAMESPACE = "affinity"


@pytest.fixture(scope="module")
def kubia(cluster: Cluster) -> Iterator[list[str]]:
    """Three pods in a namespace of this file's own."""
    with three_pods(cluster, NAMESPACE) as names:
        yield names


def create(cluster: Cluster, type_: str, timeout_s: int = 10800) -> tuple[str, int]:
    """A Service with affinity; the answer is where a pod reaches it in the way of its type."""
    name = f"sticky-{type_.lower()}-{timeout_s}"
    spec = {
        "type": type_, "selector": {"app": "kubia"}, "ports": [{"port": 80, "targetPort": 8080}],
        "sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": timeout_s}},
    }  # fmt: skip
    wanted = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}
    cluster.kubectl("create", "-f", "-", text=json.dumps(wanted))
    made = cluster.get("svc", name, "-n", NAMESPACE)
    if type_ == "NodePort":
        (node,) = cluster.get("nodes")["items"]
        return node["status"]["addresses"][0]["address"], made["spec"]["ports"][0]["nodePort"]
    if type_ == "LoadBalancer":
        return made["status"]["loadBalancer"]["ingress"][0]["ip"], 80
    return made["spec"]["clusterIP"], 80


def met(cluster: Cluster, pod: str, place: tuple[str, int], times: int = 15) -> list[str]:
    """Which pods answer one pod, connection by connection."""
    loop = f"for i in $(seq {times}); do curl -s -m 3 http://{place[0]}:{place[1]}; done"
    return ANSWER.findall(cluster.run("exec", "-n", NAMESPACE, pod, "--", "sh", "-c", loop).stdout)


def switch(cluster: Cluster, type_: str, affinity: str) -> None:
    patch = json.dumps({"spec": {"sessionAffinity": affinity}})
    cluster.kubectl("patch", "svc", f"sticky-{type_.lower()}-10800", "-n", NAMESPACE, "-p", patch)


@pytest.mark.parametrize("type_", ["ClusterIP", "NodePort", "LoadBalancer"])
def test_affinity_works_and_can_be_switched(cluster: Cluster, kubia: list[str], type_: str) -> None:
    place = create(cluster, type_)
    cluster.wait(lambda: len(met(cluster, kubia[0], place)) == 15, f"{type_} answers")
    assert len(set(met(cluster, kubia[0], place))) == 1
    switch(cluster, type_, "None")
    cluster.wait(lambda: len(set(met(cluster, kubia[0], place))) > 1, f"{type_} spreads without affinity")
    switch(cluster, type_, "ClientIP")
    cluster.wait(lambda: len(set(met(cluster, kubia[0], place))) == 1, f"{type_} binds again")
    assert len(set(met(cluster, kubia[0], place, times=30))) == 1


def test_affinity_times_out(cluster: Cluster, kubia: list[str]) -> None:
    place = create(cluster, "ClusterIP", timeout_s=1)
    cluster.wait(lambda: len(met(cluster, kubia[0], place)) == 15, "it answers")
    first = met(cluster, kubia[0], place, times=1)

    def moved() -> bool:
        time.sleep(1.1)  # the time-out itself
        return met(cluster, kubia[0], place, times=1) != first

    cluster.wait(moved, "another pod answers after the time-out")
