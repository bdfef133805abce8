"""What a node may write: itself, its Lease, the pods that run on it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import ADMIN, NODE, World, world

NODES, PODS = "/api/v1/nodes", "/api/v1/namespaces/default/pods"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
MERGE = {"content_type": "application/merge-patch+json"}


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        for name in ("n1", "n2"):
            assert (await made.ask("POST", NODES, {"metadata": {"name": name}})).status == 201
        yield made


async def patched(api: World, path: str, patch: Any) -> Any:
    return await api.ask("PATCH", path, patch, peer=NODE, **MERGE)


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ({"metadata": {"labels": {"example.com/a": "b", "node.kubernetes.io/a": "b"}}}, ""),
        ({"metadata": {"labels": {"kubernetes.io/arch": "b", "kubelet.kubernetes.io/a": "b"}}}, ""),
        (
            {"metadata": {"labels": {"foo.kubernetes.io/a": "b", "node-restriction.kubernetes.io/c": "d"}}},
            "is not allowed to modify labels: foo.kubernetes.io/a, node-restriction.kubernetes.io/c",
        ),
        ({"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}}, "is not allowed to modify taints"),
        (
            {"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}]}},
            "is not allowed to modify ownerReferences",
        ),
    ],
)  # fmt: skip
async def test_a_node_says_of_itself_only_what_is_the_kubelets_to_say(api: World, patch: Any, why: str) -> None:
    told = await patched(api, f"{NODES}/n1", patch)
    if why:
        assert (told.status, told.message) == (403, f'nodes "n1" is forbidden: node "n1" {why}')
    else:
        assert told.status == 200, told.body


async def test_a_node_makes_no_other_node(api: World) -> None:
    told = await api.ask("POST", NODES, {"metadata": {"name": "n3"}}, peer=NODE)
    why = 'nodes "n3" is forbidden: node "n1" is not allowed to modify node "n3"'
    assert (told.status, told.message) == (403, why)


async def test_a_node_tells_the_status_of_its_own_pods(api: World) -> None:
    for name, where in (("mine", "n1"), ("other", "n2")):
        spec = {"nodeName": where, "containers": [{"name": "c", "image": "x"}]}
        await api.ask("POST", PODS, {"metadata": {"name": name}, "spec": spec})
    status = {"status": {"phase": "Running"}}
    assert (await patched(api, f"{PODS}/mine/status", status)).status == 200
    told = await patched(api, f"{PODS}/other/status", status)
    assert told.message.endswith("can only update pod status for pods with spec.nodeName set to itself")
    told = await patched(api, f"{PODS}/mine/status", {"metadata": {"labels": {"a": "b"}}})
    assert told.message.endswith("cannot update labels through pod status")
    told = await api.ask("DELETE", f"{PODS}/other", peer=NODE)
    assert told.message.endswith("can only delete pods with spec.nodeName set to itself")
    assert (await api.ask("DELETE", f"{PODS}/mine", {"gracePeriodSeconds": 0}, peer=NODE)).status == 200


async def test_a_node_makes_mirror_pods_only(api: World) -> None:
    new: dict[str, Any] = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    told = await api.ask("POST", PODS, new, peer=NODE)
    assert (told.status, "can only create mirror pods" in told.message) == (403, True)
    new["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "hash"}
    new["spec"]["nodeName"] = "n2"
    told = await api.ask("POST", PODS, new, peer=NODE)
    assert (told.status, "spec.nodeName set to itself" in told.message) == (403, True)
    new["spec"]["nodeName"] = "n1"
    uid = (await api.ask("GET", f"{NODES}/n1")).body["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": uid, "controller": True}
    new["metadata"]["ownerReferences"] = [owner]
    made = await api.ask("POST", PODS, new, peer=NODE)
    assert (made.status, made.body["spec"].get("serviceAccountName")) == (201, None), made.body


async def test_a_node_has_the_lease_of_its_name(api: World) -> None:
    await api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "kube-node-lease"}}, peer=ADMIN)
    assert (await api.ask("POST", LEASES, {"metadata": {"name": "n1"}}, peer=NODE)).status == 201
    told = await api.ask("POST", LEASES, {"metadata": {"name": "n2"}}, peer=NODE)
    assert told.message.endswith("can only access node lease with the same name as the requesting node")
    told = await api.ask("POST", LEASES.replace("kube-node-lease", "default"), {"metadata": {"name": "n1"}}, peer=NODE)
    assert told.message.endswith('can only access leases in the "kube-node-lease" system namespace')
