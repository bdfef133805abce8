"""Zero-drop: whatever happens to pods and processes, no request is lost, on whichever node its client is."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fairway.cluster import processes

from .clients import Traffic, beyond, hits
from .three_nodes import NUMBERS, ThreeNodes

NAMESPACE = "zero-drop"
HOST, CLIENT = "198.51.100.13", "198.51.100.14"
WEB = {"app": "web"}


@pytest.fixture(scope="module")
def world(three_nodes: ThreeNodes) -> Iterator[ThreeNodes]:
    """Six web servers, which the scheduler spreads."""
    three_nodes.kubectl("create", "namespace", NAMESPACE)
    template = three_nodes.pod(NAMESPACE, "web", 1)
    del template["spec"]["nodeName"]
    spec = {"replicas": 6, "selector": {"matchLabels": WEB}, "template": {"metadata": {"labels": WEB}}}
    spec["template"]["spec"] = template["spec"]  # type: ignore[index]
    meta = {"namespace": NAMESPACE, "name": "web"}
    three_nodes.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})
    three_nodes.service(NAMESPACE, "web", WEB, type="NodePort")
    pods = three_nodes.ready_pods(NAMESPACE, "app=web", 6)
    assert {pod["spec"]["nodeName"] for pod in pods} == {three_nodes.node_name(number) for number in NUMBERS}
    yield three_nodes
    three_nodes.run("delete", "namespace", NAMESPACE, "--wait=false")


def urls(world: ThreeNodes) -> tuple[str, str]:
    """Where clients inside and outside connect; both answer already."""
    spec = world.get("svc", "web", "-n", NAMESPACE)["spec"]
    inside, outside = f"http://{spec['clusterIP']}", f"http://{world.address(3)}:{spec['ports'][0]['nodePort']}"
    for number in NUMBERS:
        world.wait(lambda n=number: hits(world.inside(n), inside) and hits([], outside), "the first answer")
    return inside, outside


def test_a_rolling_update_loses_no_request_from_any_node_or_from_outside(world: ThreeNodes) -> None:
    inside, outside = urls(world)
    with (
        beyond(HOST, CLIENT) as client,
        Traffic(world.inside(1), inside) as one,
        Traffic(world.inside(2), inside) as two,
        Traffic(["ip", "netns", "exec", client], outside) as three,
    ):
        before = {pod["metadata"]["name"] for pod in world.get("pods", "-n", NAMESPACE)["items"]}
        world.kubectl("rollout", "restart", "deployment/web", "-n", NAMESPACE)
        world.kubectl("rollout", "status", "deployment/web", "-n", NAMESPACE, "--timeout=60s")
        after = {pod["metadata"]["name"] for pod in world.ready_pods(NAMESPACE, "app=web", 6)}
    assert not before & after
    assert (one.failures, two.failures, three.failures) == ([], [], [])
    assert min(one.answers, two.answers, three.answers) > 5


def test_control_killed_in_the_middle_of_a_rolling_update_loses_no_request(world: ThreeNodes) -> None:
    inside, outside = urls(world)
    with Traffic(world.inside(2), inside) as one, Traffic([], outside) as two:
        world.kubectl("rollout", "restart", "deployment/web", "-n", NAMESPACE)
        os.kill(processes.find("control", world.name, world.data_dir)[0], signal.SIGKILL)
        world.wait(lambda: world.run("get", "--raw", "/readyz").stdout == "ok", "the API serves again")
        world.kubectl("rollout", "status", "deployment/web", "-n", NAMESPACE, "--timeout=60s")
    assert (one.failures, two.failures) == ([], [])


@contextmanager
def deaf_node_3(world: ThreeNodes, name: str, **annotations: str) -> Iterator[tuple[str, str]]:
    """A pod on node 2 is deleted while node 3 hears of nothing; the URLs of pod and Service."""
    pod = world.pod(NAMESPACE, name, 2)
    pod["metadata"]["annotations"] = annotations
    world.create(pod)
    spec = world.service(NAMESPACE, name, {"app": name})
    address = world.ready_pods(NAMESPACE, f"app={name}", 1)[0]["status"]["podIP"]
    world.wait(lambda: hits(world.inside(3), f"http://{spec['clusterIP']}"), "node 3 leads to it")

    def is_leaving() -> bool:
        slices = world.get("endpointslices", "-n", NAMESPACE, "-l", f"kubernetes.io/service-name={name}")["items"]
        return all(each["conditions"].get("terminating") for found in slices for each in found["endpoints"])

    deaf = processes.find("node-3", world.name, world.data_dir)[0]
    os.kill(deaf, signal.SIGSTOP)
    try:
        world.kubectl("delete", "pod", name, "-n", NAMESPACE, "--wait=false")
        world.wait(is_leaving, "the slices say so")
        yield f"http://{address}:8080", f"http://{spec['clusterIP']}"
    finally:
        os.kill(deaf, signal.SIGCONT)


def test_a_pod_is_not_stopped_before_the_proxy_of_another_node_has_let_go_of_it(world: ThreeNodes) -> None:
    with deaf_node_3(world, "lonely") as (pod, service):
        # Node 3 still leads to it, so it has to go on serving.
        assert hits([], pod, times=30) == ["lonely"] * 30
        assert hits(world.inside(3), service) == ["lonely"]
    world.wait(lambda: not hits([], pod, patience_s=1), "it is stopped")


def test_a_pod_that_wants_to_stop_at_once_waits_for_no_proxy(world: ThreeNodes) -> None:
    with deaf_node_3(world, "hasty", **{"fairway.dev/stop-at-once": "true"}) as (pod, _):
        world.wait(lambda: not hits([], pod, patience_s=1), "it is stopped", 4.5)  # others wait for 5 s
