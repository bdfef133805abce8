"""Nodes that fall silent or vanish, and what passes with time, on the real API server."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from component.controlled_cluster import ControlledCluster, controlled_cluster
from fairway.controllers import Settings
from fairway.kinds import EVENT, LEASE, NODE, POD, REPLICA_SET
from fairway.objects import Object

QUICK = Settings(node_grace_s=0.4, vanished_node_s=0.2)


def pod(name: str, **spec: object) -> Object:
    container = {"name": "c", "image": "v1"}
    meta = {"namespace": "default", "name": name}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": {"containers": [container], **spec}}


def ready(found: Object) -> str:
    conditions = (found.get("status") or {}).get("conditions") or ()
    return next((str(one["status"]) for one in conditions if one["type"] == "Ready"), "")


def taint_keys(node: Object) -> list[str]:
    return [one["key"].rpartition("/")[2] for one in node["spec"].get("taints") or ()]


@asynccontextmanager
async def heard(cluster: ControlledCluster) -> AsyncIterator[None]:
    """The node tells of itself all the while."""

    async def tell() -> None:
        for count in itertools.count():
            said = {"spec": {"renewTime": f"2026-01-01T00:00:00.{count:06}Z"}}
            await cluster.client.patch(LEASE, "kube-node-lease", "n1", said)
            node = await cluster.client.get(NODE, None, "n1")
            if ready(node) != "True":
                well = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
                await cluster.client.patch(NODE, None, "n1", well, subresource="status")
            await asyncio.sleep(0.05)  # a heartbeat, as nodes have it

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def test_a_silent_node_is_unknown_tainted_and_its_pods_are_not_ready(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path, settings=QUICK) as cluster:
        async with heard(cluster):
            await cluster.client.create(POD, pod("a"))
            await cluster.wait_one(POD, "a", lambda one: ready(one) == "True")
        node = await cluster.wait_one(NODE, "n1", lambda one: ready(one) == "Unknown" and bool(taint_keys(one)))
        assert taint_keys(node) == ["unreachable", "unreachable"]
        await cluster.wait_one(POD, "a", lambda one: ready(one) == "False")
        async with heard(cluster):
            await cluster.wait_one(NODE, "n1", lambda one: taint_keys(one) == [])


async def test_pods_leave_a_lost_node_when_they_no_longer_tolerate_it(tmp_path: Path) -> None:
    patient = {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"}
    async with controlled_cluster(tmp_path, settings=QUICK) as cluster:
        async with heard(cluster):
            await cluster.client.create(POD, pod("stays", tolerations=[patient]))
            await cluster.client.create(POD, pod("goes", tolerations=[{**patient, "tolerationSeconds": 1}]))
            await cluster.wait(POD, lambda found: len(found) == 2 and all(ready(one) == "True" for one in found))
        await cluster.wait(POD, lambda found: [one["metadata"]["name"] for one in found] == ["stays"])
        await cluster.wait(EVENT, lambda found: any(one["reason"] == "TaintManagerEviction" for one in found))


async def test_pods_of_a_vanished_node_are_failed_and_replaced_elsewhere(tmp_path: Path) -> None:
    settings = Settings(vanished_node_s=0.2)
    async with controlled_cluster(tmp_path, nodes=("n1", "n2"), settings=settings) as cluster:
        template = {"metadata": {"labels": {"app": "web"}}, "spec": pod("x")["spec"]}
        meta = {"namespace": "default", "name": "web"}
        spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
        await cluster.client.create(
            REPLICA_SET, {"kind": "ReplicaSet", "apiVersion": "apps/v1", "metadata": meta, "spec": spec}
        )
        pods = await cluster.wait(POD, lambda found: len(found) == 2 and all(ready(one) == "True" for one in found))
        assert sorted(one["spec"]["nodeName"] for one in pods) == ["n1", "n2"]
        await cluster.client.delete(NODE, None, "n1")
        await cluster.wait(
            POD, lambda found: len(found) == 2 and all(one["spec"].get("nodeName") == "n2" for one in found)
        )


async def test_a_cordoned_node_takes_no_new_pods_and_keeps_its_own(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path) as cluster:
        await cluster.client.create(POD, pod("before"))
        await cluster.wait_one(POD, "before", lambda one: ready(one) == "True")
        await cluster.client.patch(NODE, None, "n1", {"spec": {"unschedulable": True}})
        await cluster.wait_one(NODE, "n1", lambda one: taint_keys(one) == ["unschedulable"])
        await cluster.client.create(POD, pod("after"))
        found = await cluster.wait_one(POD, "after", lambda one: bool((one.get("status") or {}).get("conditions")))
        assert found["status"]["conditions"][0]["message"].startswith(
            "0/1 nodes are available: 1 node(s) were unschedulable."
        )
        await cluster.client.patch(NODE, None, "n1", {"spec": {"unschedulable": None}})
        await cluster.wait(POD, lambda found: all(ready(one) == "True" for one in found))


async def test_events_are_removed_when_their_time_is_over(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path, settings=Settings(event_ttl_s=1.5)) as cluster:
        await cluster.client.create(POD, pod("a"))
        await cluster.wait(EVENT, lambda found: any(one["reason"] == "Scheduled" for one in found))
        await cluster.wait(EVENT, lambda found: not found)


async def test_only_so_many_ended_pods_are_kept(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path, settings=Settings(terminated_pods=2)) as cluster:
        for number in range(4):
            await cluster.client.create(POD, pod(f"p{number}"))
            found = await cluster.wait_one(POD, f"p{number}", lambda one: ready(one) == "True")
            await cluster.kubelets[0].report(found, ready="False", phase="Succeeded")
        await cluster.wait(POD, lambda found: len(found) == 2)


@pytest.mark.parametrize("foreign", ["uid", "kind"])
async def test_what_never_had_a_real_owner_goes_unless_nobody_can_tell(tmp_path: Path, foreign: str) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "not-this-one"}
    if foreign == "kind":
        owner |= {"apiVersion": "example.com/v1", "kind": "Unknown"}
    async with controlled_cluster(tmp_path) as cluster:
        found = pod("a")
        found["metadata"]["ownerReferences"] = [owner]
        await cluster.client.create(POD, found)
        if foreign == "uid":
            await cluster.wait(POD, lambda found: not found)
        else:
            await cluster.wait_one(POD, "a", lambda one: ready(one) == "True")
