"""DaemonSets on the real API server with the real scheduler, and kubelets that only say they work."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from component.controlled_cluster import ControlledCluster, controlled_cluster
from fairway.kinds import CONTROLLER_REVISION, DAEMON_SET, EVENT, NODE, POD
from fairway.objects import Object

NODES = ("n1", "n2", "n3")
HASH = "controller-revision-hash"


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[ControlledCluster]:
    async with controlled_cluster(tmp_path, nodes=NODES) as made:
        yield made


def daemon_set(**spec: Any) -> Object:
    container = {"name": "c", "image": "v1"}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    return {
        "kind": "DaemonSet", "apiVersion": "apps/v1", "metadata": {"namespace": "default", "name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
    }  # fmt: skip


def settled(count: int, generation: int = 0) -> Callable[[Object], bool]:
    def condition(found: Object) -> bool:
        status = found["status"]
        names = ("desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable", "currentNumberScheduled")
        is_seen = status.get("observedGeneration", 0) >= max(generation, found["metadata"]["generation"])
        return is_seen and all(status.get(name) == count for name in names)

    return condition


def nodes_of(pods: list[Object]) -> list[str]:
    return sorted(pod["spec"].get("nodeName") or "" for pod in pods)


async def patch(cluster: ControlledCluster, found: Object) -> Object:
    return await cluster.client.patch(DAEMON_SET, "default", "web", found)


def image(name: str) -> Object:
    return {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": name}]}}}}


async def test_every_node_gets_one_pod_also_those_that_come_later(cluster: ControlledCluster) -> None:
    await cluster.client.create(DAEMON_SET, daemon_set())
    found = await cluster.wait_one(DAEMON_SET, "web", settled(3))
    assert found["status"] == {
        "currentNumberScheduled": 3, "desiredNumberScheduled": 3, "numberMisscheduled": 0, "numberReady": 3,
        "numberAvailable": 3, "updatedNumberScheduled": 3, "observedGeneration": 1,
    }  # fmt: skip
    assert nodes_of(await cluster.wait(POD, lambda pods: len(pods) == 3)) == list(NODES)
    await cluster.wait(
        EVENT, lambda all_: sum(one.get("count", 1) for one in all_ if one["reason"] == "SuccessfulCreate") == 3
    )
    ready = [{"type": "Ready", "status": "True"}]
    node = await cluster.client.create(NODE, {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n4"}})
    await cluster.client.update(NODE, {**node, "status": {"conditions": ready}}, subresource="status")
    pods = await cluster.wait(POD, lambda pods: len(pods) == 4 and all(pod["spec"].get("nodeName") for pod in pods))
    assert nodes_of(pods) == [*NODES, "n4"]


async def test_nodes_come_and_go_by_their_labels(cluster: ControlledCluster) -> None:
    new = daemon_set()
    new["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "ssd"}
    await cluster.client.create(DAEMON_SET, new)
    await cluster.wait_one(DAEMON_SET, "web", lambda found: found["status"].get("observedGeneration") == 1)
    await cluster.client.patch(NODE, None, "n2", {"metadata": {"labels": {"disk": "ssd"}}})
    await cluster.wait_one(DAEMON_SET, "web", settled(1))
    assert nodes_of(await cluster.wait(POD, lambda pods: len(pods) == 1)) == ["n2"]
    await cluster.client.patch(NODE, None, "n2", {"metadata": {"labels": {"disk": None}}})
    await cluster.wait(POD, lambda pods: not pods)
    await cluster.wait(EVENT, lambda all_: any(one["reason"] == "SuccessfulDelete" for one in all_))


@pytest.mark.parametrize("limits", [{"maxUnavailable": 1}, {"maxUnavailable": 0, "maxSurge": 1}])
async def test_an_update_rolls_over_all_nodes_and_can_be_undone(cluster: ControlledCluster, limits: Object) -> None:
    await cluster.client.create(DAEMON_SET, daemon_set(updateStrategy={"rollingUpdate": limits}))
    await cluster.wait_one(DAEMON_SET, "web", settled(3))
    await patch(cluster, image("v2"))
    await cluster.wait_one(DAEMON_SET, "web", settled(3, 2))
    pods = await cluster.wait(POD, lambda pods: len(pods) == 3)
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {"v2"}
    assert nodes_of(pods) == list(NODES)
    revisions = await cluster.wait(CONTROLLER_REVISION, lambda all_: len(all_) == 2)
    first = next(one for one in revisions if one["revision"] == 1)
    undo = "application/strategic-merge-patch+json"
    await cluster.client.patch(DAEMON_SET, "default", "web", first["data"], content_type=undo)
    await cluster.wait_one(DAEMON_SET, "web", settled(3, 3))
    pods = await cluster.wait(POD, lambda pods: len(pods) == 3)
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {"v1"}
    assert {pod["metadata"]["labels"][HASH] for pod in pods} == {first["metadata"]["labels"][HASH]}
    revisions = await cluster.wait(CONTROLLER_REVISION, lambda all_: max(one["revision"] for one in all_) == 3)
    assert sorted(one["revision"] for one in revisions) == [2, 3]


async def test_history_is_cut_to_its_limit(cluster: ControlledCluster) -> None:
    await cluster.client.create(DAEMON_SET, daemon_set(revisionHistoryLimit=1))
    for number in range(2, 5):
        await cluster.wait_one(DAEMON_SET, "web", settled(3, number - 1))
        await patch(cluster, image(f"v{number}"))
    await cluster.wait(CONTROLLER_REVISION, lambda all_: sorted(one["revision"] for one in all_) == [3, 4])


async def test_on_delete_waits_for_somebody_to_delete_a_pod(cluster: ControlledCluster) -> None:
    await cluster.client.create(DAEMON_SET, daemon_set(updateStrategy={"type": "OnDelete"}))
    await cluster.wait_one(DAEMON_SET, "web", settled(3))
    await patch(cluster, image("v2"))
    await cluster.wait_one(DAEMON_SET, "web", lambda found: found["status"]["observedGeneration"] == 2)
    pods = await cluster.wait(POD, lambda pods: len(pods) == 3)
    await cluster.client.delete(POD, "default", pods[0]["metadata"]["name"])
    await cluster.wait_one(
        DAEMON_SET, "web", lambda found: (
            (found["status"].get("updatedNumberScheduled"), found["status"].get("numberAvailable")) == (1, 3)
        )
    )  # fmt: skip


async def test_a_failed_pod_is_told_and_replaced(cluster: ControlledCluster) -> None:
    await cluster.client.create(DAEMON_SET, daemon_set())
    await cluster.wait_one(DAEMON_SET, "web", settled(3))
    pods = await cluster.wait(POD, lambda pods: len(pods) == 3)
    failed = pods[0]
    await cluster.kubelets[0].report(failed, phase="Failed", ready="False")
    pods = await cluster.wait(
        POD, lambda all_: len(all_) == 3 and failed["metadata"]["uid"] not in {one["metadata"]["uid"] for one in all_}
    )
    assert len(pods) == 3
    (event,) = [
        one
        for one in await cluster.wait(EVENT, lambda all_: any(one["reason"] == "FailedDaemonPod" for one in all_))
        if one["reason"] == "FailedDaemonPod"
    ]
    name, node = failed["metadata"]["name"], failed["spec"]["nodeName"]
    assert event["message"] == f"Found failed daemon pod default/{name} on node {node}, will try to kill it"


async def test_pods_and_revisions_left_behind_are_adopted(cluster: ControlledCluster) -> None:
    await cluster.client.create(DAEMON_SET, daemon_set())
    await cluster.wait_one(DAEMON_SET, "web", settled(3))
    before = {pod["metadata"]["uid"] for pod in await cluster.wait(POD, lambda pods: len(pods) == 3)}
    options = {"propagationPolicy": "Orphan"}
    await cluster.client.delete(DAEMON_SET, "default", "web", options=options)
    await cluster.wait(DAEMON_SET, lambda all_: not all_)
    pods = await cluster.wait(POD, lambda all_: not any(pod["metadata"].get("ownerReferences") for pod in all_))
    assert {pod["metadata"]["uid"] for pod in pods} == before
    made = await cluster.client.create(DAEMON_SET, daemon_set())
    await cluster.wait_one(DAEMON_SET, "web", settled(3))
    uid = made["metadata"]["uid"]

    def adopted(all_: list[Object]) -> bool:
        return all(uid in {owner["uid"] for owner in one["metadata"].get("ownerReferences") or ()} for one in all_)

    pods = await cluster.wait(POD, adopted)
    assert {pod["metadata"]["uid"] for pod in pods} == before
    assert len(await cluster.wait(CONTROLLER_REVISION, adopted)) == 1
    await cluster.client.delete(DAEMON_SET, "default", "web", options={"propagationPolicy": "Background"})
    await cluster.wait(POD, lambda all_: not all_)
    await cluster.wait(CONTROLLER_REVISION, lambda all_: not all_)


async def test_a_name_that_is_taken_asks_for_another_hash(cluster: ControlledCluster) -> None:
    made = await cluster.client.create(DAEMON_SET, daemon_set(updateStrategy={"type": "OnDelete"}))
    (revision,) = await cluster.wait(CONTROLLER_REVISION, lambda all_: len(all_) == 1)
    await cluster.client.delete(DAEMON_SET, "default", "web", options={"propagationPolicy": "Background"})
    await cluster.wait(CONTROLLER_REVISION, lambda all_: not all_)
    name = revision["metadata"]["name"]
    stranger = {"kind": "ControllerRevision", "apiVersion": "apps/v1", "metadata": {"namespace": "default"}}
    stranger["metadata"]["name"] = name
    await cluster.client.create(CONTROLLER_REVISION, {**stranger, "data": {"other": True}, "revision": 1})
    again = await cluster.client.create(DAEMON_SET, daemon_set(updateStrategy={"type": "OnDelete"}))
    assert again["metadata"]["uid"] != made["metadata"]["uid"]
    found = await cluster.wait_one(DAEMON_SET, "web", settled(3))
    assert found["status"]["collisionCount"] == 1


async def test_minimal_readiness_delays_availability(tmp_path: Path) -> None:
    moment = [1_767_225_601.0]
    async with controlled_cluster(tmp_path, nodes=NODES, now=lambda: moment[0]) as cluster:
        await cluster.client.create(DAEMON_SET, daemon_set(minReadySeconds=10))
        found = await cluster.wait_one(DAEMON_SET, "web", lambda found: found["status"]["numberReady"] == 3)
        assert found["status"]["numberUnavailable"] == 3
        assert "numberAvailable" not in found["status"]
        moment[0] += 20
        await patch(cluster, {"metadata": {"labels": {"look": "again"}}})
        await cluster.wait_one(DAEMON_SET, "web", settled(3))
