"""DaemonSets on three nodes: real pods, told, rolled, undone and restarted by the real kubectl; drains leave them."""

from collections.abc import Iterator
from typing import Any

import pytest

from .clients import hits
from .three_nodes import NUMBERS, ThreeNodes

NAMESPACE = "daemons"
HERE = ("-n", NAMESPACE)
SELECTOR = "app=agent"
COLUMNS = "NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE SELECTOR AGE".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def world(three_nodes: ThreeNodes) -> Iterator[ThreeNodes]:
    """An agent on every node, behind a Service."""
    three_nodes.kubectl("create", "namespace", NAMESPACE)
    container = {
        "name": "web", "image": "luksa/kubia", "imagePullPolicy": "IfNotPresent",
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
    }  # fmt: skip
    pod = {"terminationGracePeriodSeconds": 2, "containers": [container]}
    template = {"metadata": {"labels": {"app": "agent"}}, "spec": pod}
    three_nodes.create({
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"namespace": NAMESPACE, "name": "agent"},
        "spec": {"selector": {"matchLabels": {"app": "agent"}}, "template": template},
    })  # fmt: skip
    three_nodes.service(NAMESPACE, "agent", {"app": "agent"}, internalTrafficPolicy="Local")
    rolled_out(three_nodes)
    yield three_nodes
    three_nodes.run("delete", "namespace", NAMESPACE, "--wait=false")


def rolled_out(world: ThreeNodes) -> None:
    text = world.kubectl("rollout", "status", "ds/agent", *HERE, "--timeout=60s")
    assert text.endswith('daemon set "agent" successfully rolled out\n')


def pods(world: ThreeNodes) -> dict[str, dict[str, Any]]:
    """The ready pods by node; three of them."""
    return {pod["spec"]["nodeName"]: pod for pod in world.ready_pods(NAMESPACE, SELECTOR, 3)}


def revisions(world: ThreeNodes) -> list[str]:
    lines = world.kubectl("rollout", "history", "ds/agent", *HERE).splitlines()
    return [line.split()[0] for line in lines[2:] if line.strip()]


def settings(world: ThreeNodes) -> set[str]:
    """The environment of the containers that run."""
    return {str(pod["spec"]["containers"][0].get("env")) for pod in pods(world).values()}


def test_every_node_runs_one_and_a_local_service_finds_it(world: ThreeNodes) -> None:
    found = pods(world)
    assert set(found) == {world.node_name(number) for number in NUMBERS}
    header, row = world.kubectl("get", "ds", *HERE).splitlines()
    assert header.split() == COLUMNS
    assert row.split()[:7] == ["agent", "3", "3", "3", "3", "3", "<none>"]
    everything = world.kubectl("get", "all", *HERE)
    assert "daemonset.apps/agent" in everything
    assert "Pods Status:  3 Running / 0 Waiting / 0 Succeeded / 0 Failed" in world.kubectl("describe", "ds", *HERE)
    address = world.get("svc", "agent", *HERE)["spec"]["clusterIP"]
    for number in NUMBERS:
        name = found[world.node_name(number)]["metadata"]["name"]
        world.wait(lambda n=number: hits(world.inside(n), f"http://{address}"), "the first answer")
        assert set(hits(world.inside(number), f"http://{address}", times=5)) == {name}


def test_an_update_is_rolled_told_undone_and_restarted(world: ThreeNodes) -> None:
    before = {pod["metadata"]["uid"] for pod in pods(world).values()}
    world.kubectl("set", "env", "ds/agent", *HERE, "COLOUR=green")
    rolled_out(world)
    assert settings(world) == {"[{'name': 'COLOUR', 'value': 'green'}]"}
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in pods(world).values())
    assert revisions(world) == ["1", "2"]
    assert "COLOUR" in world.kubectl("rollout", "history", "ds/agent", *HERE, "--revision=2")
    assert world.kubectl("rollout", "undo", "ds/agent", *HERE) == "daemonset.apps/agent rolled back\n"
    rolled_out(world)
    assert settings(world) == {"None"}
    assert revisions(world) == ["2", "3"]
    assert "daemonset.apps/agent" in world.kubectl("get", "controllerrevisions", *HERE)
    world.kubectl("rollout", "restart", "ds/agent", *HERE)
    rolled_out(world)
    assert revisions(world) == ["2", "3", "4"]


def test_a_drain_leaves_daemons_where_they_are(world: ThreeNodes) -> None:
    node = world.node_name(3)
    before = pods(world)[node]["metadata"]["uid"]
    refused = world.run("drain", node, "--pod-selector=app=agent", "--timeout=20s")
    try:
        assert "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)" in refused.stderr
        done = world.run("drain", node, "--pod-selector=app=agent", "--ignore-daemonsets", "--timeout=20s")
        assert done.returncode == 0, done.stderr
        assert "Ignoring DaemonSet-managed Pods" in done.stderr or "ignoring DaemonSet-managed Pods" in done.stderr
        assert pods(world)[node]["metadata"]["uid"] == before
        world.kubectl("delete", "pod", *HERE, pods(world)[node]["metadata"]["name"])
        assert pods(world)[node]["metadata"]["uid"] != before  # a cordoned node gets its daemon all the same
    finally:
        world.kubectl("uncordon", node)
