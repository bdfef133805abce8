"""What workloads ask of the API itself: evictions, deletions that leave pods, priorities, classes of storage."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import World, world
from fairway.objects import Object

DEFAULT = "/api/v1/namespaces/default"
PODS, CLAIMS = f"{DEFAULT}/pods", f"{DEFAULT}/persistentvolumeclaims"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"
MERGE = {"content_type": "application/merge-patch+json"}
EVICTION = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


async def running_pod(api: World) -> None:
    pod = {"metadata": {"name": "p", "labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    assert (await api.ask("POST", PODS, pod)).status == 201
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    told = await api.ask("PATCH", f"{PODS}/p/status", {"status": ready}, **MERGE)
    assert told.status == 200, told.body


async def budget(api: World, name: str, allowed: int) -> None:
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    assert (await api.ask("POST", BUDGETS, {"metadata": {"name": name}, "spec": spec})).status == 201
    counts = {"disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 1, "observedGeneration": 1}
    assert (await api.ask("PATCH", f"{BUDGETS}/{name}/status", {"status": counts}, **MERGE)).status == 200


async def evict(api: World, query: str = "", **more: Any) -> Any:
    return await api.ask("POST", f"{PODS}/p/eviction{query}", {**EVICTION, **more})


async def test_an_eviction_is_granted_once_and_takes_one_from_the_budget(api: World) -> None:
    await running_pod(api)
    await budget(api, "b", 1)
    tried = await evict(api, "?dryRun=All")
    assert tried.status == 201
    assert (await api.ask("GET", f"{BUDGETS}/b")).body["status"]["disruptionsAllowed"] == 1
    told = await evict(api)
    assert (told.status, told.body["status"]) == (201, "Success")
    status = (await api.ask("GET", f"{BUDGETS}/b")).body["status"]
    assert (status["disruptionsAllowed"], list(status["disruptedPods"])) == (0, ["p"])
    assert (await api.ask("GET", f"{PODS}/p")).status == 404


async def test_an_eviction_is_refused_with_its_cause(api: World) -> None:
    await running_pod(api)
    await budget(api, "b", 0)
    told = await evict(api)
    assert (told.status, told.body["reason"]) == (429, "TooManyRequests")
    assert told.message == "Cannot evict pod as it would violate the pod's disruption budget."
    why = "The disruption budget b needs 1 healthy pods and has 1 currently"
    assert told.body["details"]["causes"] == [{"reason": "DisruptionBudget", "message": why}]
    await budget(api, "c", 1)
    two = await evict(api)
    assert (two.status, two.message) == (
        500, "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"metadata": {"name": "q"}}, 400), ({"apiVersion": "apps/v1"}, 400), ({"kind": "Pod"}, 400),
        ({"deleteOptions": {"preconditions": {"uid": "other"}}}, 409), ({"deleteOptions": {"dryRun": ["All"]}}, 201),
    ],
)  # fmt: skip
async def test_what_an_eviction_may_say(api: World, more: Object, code: int) -> None:
    await running_pod(api)
    assert (await evict(api, **more)).status == code
    assert (await api.ask("GET", f"{PODS}/p")).status == 200


async def test_a_job_leaves_its_pods_unless_told_otherwise(api: World) -> None:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}
    for name in ("a", "b"):
        await api.ask("POST", JOBS, {"metadata": {"name": name}, "spec": {"template": {"spec": pod}}})
    told = await api.ask("DELETE", f"{JOBS}/a")
    assert "child pods are preserved by default when jobs are deleted" in told.warnings[0]
    left = await api.ask("GET", f"{JOBS}/a")
    assert left.body["metadata"]["finalizers"] == ["orphan"]
    told = await api.ask("DELETE", f"{JOBS}/b?propagationPolicy=Background")
    assert (told.warnings, (await api.ask("GET", f"{JOBS}/b")).status) == ([], 404)


async def test_pods_are_given_the_priority_of_their_class(api: World) -> None:
    await api.ask("POST", CLASSES, {"metadata": {"name": "low"}, "value": 7, "globalDefault": True})
    told = await api.ask("POST", CLASSES, {"metadata": {"name": "other"}, "value": 8, "globalDefault": True})
    assert (told.status, "PriorityClass low is already marked as default" in told.message) == (403, True)
    spec = {"containers": [{"name": "c", "image": "x"}]}
    made = (await api.ask("POST", PODS, {"metadata": {"name": "p"}, "spec": spec})).body["spec"]
    assert (made["priority"], made["priorityClassName"]) == (7, "low")
    told = await api.ask("POST", PODS, {"metadata": {"name": "q"}, "spec": {**spec, "priorityClassName": "none"}})
    assert (told.status, "no PriorityClass with name none was found" in told.message) == (403, True)


async def test_a_pod_is_replaced_by_its_manifest(api: World) -> None:
    """What the server filled in of the cluster's defaults is filled in again."""
    spec = {"containers": [{"name": "c", "image": "x"}], "serviceAccountName": "default"}
    body = {"metadata": {"name": "p"}, "spec": {**spec, "automountServiceAccountToken": False}}
    made = (await api.ask("POST", PODS, body)).body["spec"]
    told = await api.ask("PUT", f"{PODS}/p", {**body, "metadata": {"name": "p", "labels": {"status": "replaced"}}})
    assert (told.status, told.body["spec"]) == (200, made)


async def test_a_claim_without_a_class_gets_the_default_one_and_grows_only_where_it_may(api: World) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    made = (await api.ask("POST", CLAIMS, {"metadata": {"name": "a"}, "spec": spec})).body
    assert (made["spec"]["storageClassName"], made["status"]["phase"]) == ("standard", "Pending")
    none = await api.ask("POST", CLAIMS, {"metadata": {"name": "b"}, "spec": {**spec, "storageClassName": ""}})
    assert none.body["spec"]["storageClassName"] == ""
    bound = {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}
    await api.ask("PATCH", f"{CLAIMS}/a/status", bound, **MERGE)
    larger = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    told = await api.ask("PATCH", f"{CLAIMS}/a", larger, **MERGE)
    assert (told.status, "must support resize" in told.message) == (403, True)
    await api.ask(
        "PATCH", "/apis/storage.k8s.io/v1/storageclasses/standard", {"allowVolumeExpansion": True}, **MERGE
    )  # fmt: skip
    assert (await api.ask("PATCH", f"{CLAIMS}/a", larger, **MERGE)).status == 200
