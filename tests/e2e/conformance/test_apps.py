"""Specs of sig-apps: the life of workloads, their status and scale, their revisions, budgets and evictions.

Each test bears the release name of its spec, or says what the spec's neighbour asks.
"""

from typing import Any

import pytest

from .asking import (
    JSON_PATCH,
    STRATEGIC,
    Api,
    Object,
    Resource,
    check_discovery,
    check_operations,
    expect,
    label,
)
from .workloads import job, path, template, workload

EVICTION = {"apiVersion": "policy/v1", "kind": "Eviction"}


def replication_controller(app: str, replicas: int = 1) -> Object:
    made = workload(app, replicas)
    made["spec"]["selector"] = {"app": app}
    return made


def cron_job(name: str = "", **spec: Any) -> Object:
    meta = {"name": name} if name else {}
    return {"metadata": meta, "spec": {"schedule": "* */1 * * ?", "jobTemplate": {"spec": job("x")["spec"]}, **spec}}


def unnamed(found: Object) -> Object:
    return {**found, "metadata": {}}


RESOURCES = [
    Resource("apps/v1", "deployments", True, lambda: unnamed(workload("d", 0)), ("status", "scale")),
    Resource("apps/v1", "replicasets", True, lambda: unnamed(workload("r", 0)), ("status", "scale")),
    Resource("apps/v1", "statefulsets", True, lambda: unnamed(workload("s", 0)), ("status", "scale")),
    Resource("apps/v1", "daemonsets", True, lambda: unnamed(workload("e", None)), ("status",)),
    Resource("apps/v1", "controllerrevisions", True, lambda: {"data": {"a": 1}, "revision": 1}),
    Resource("batch/v1", "jobs", True, lambda: unnamed(job("j", suspend=True)), ("status",)),
    Resource("batch/v1", "cronjobs", True, cron_job, ("status",)),
    Resource("policy/v1", "poddisruptionbudgets", True, lambda: {"spec": {"minAvailable": "1%"}}, ("status",)),
    Resource("v1", "replicationcontrollers", True, lambda: unnamed(replication_controller("c", 0)), ("status",)),
    Resource("v1", "podtemplates", True, lambda: {"template": template("t")}),
]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one.plural)
def test_api_of(api: Api, namespace: str, resource: Resource) -> None:
    check_discovery(api, resource)
    statuses = tuple(one for one in resource.subresources if one != "scale")
    check_operations(api, resource._replace(subresources=statuses), namespace)


STATUSES = [
    ("deployments", lambda: workload("w"), {"observedGeneration": 1}),
    ("replicasets", lambda: workload("w"), {"observedGeneration": 1}),
    ("statefulsets", lambda: workload("w", serviceName="w"), {"collisionCount": 0}),
    ("daemonsets", lambda: workload("w", None), {}),
    ("replicationcontrollers", lambda: replication_controller("w"), {}),
]


@pytest.mark.parametrize(("plural", "new", "_more"), STATUSES, ids=[row[0] for row in STATUSES])
def test_status_sub_resource(api: Api, namespace: str, plural: str, new: Any, _more: Object) -> None:
    place = path(plural, namespace)
    with api.watching(f"{place}?labelSelector=app=w") as events:
        api.create(place, new())
        ready = "numberReady" if plural == "daemonsets" else "readyReplicas"
        api.until(f"{place}/w", lambda found: found["status"].get(ready) == 1)
        assert api.get(f"{place}/w/status")["kind"] == api.get(f"{place}/w")["kind"]

        def update(found: Object) -> None:
            condition = {"type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "Set from e2e test"}
            found["status"].setdefault("conditions", []).append(condition)
            found["spec"]["template"] = {}

        done = api.change(f"{place}/w/status", update)
        assert done["spec"]["template"]["spec"]["containers"]
        expect(events, "MODIFIED", lambda one: has_condition(one, "StatusUpdate"))
        patch = {"status": {"conditions": [{"type": "StatusPatched", "status": "True"}]}}
        patched = api.patch(f"{place}/w/status", patch)
        assert [one["type"] for one in patched["status"]["conditions"]] == ["StatusPatched"]
        expect(events, "MODIFIED", lambda one: has_condition(one, "StatusPatched"))
        assert api.get(f"{place}/w")["metadata"]["generation"] == 1


def has_condition(found: Object, type_: str) -> bool:
    return any(one["type"] == type_ for one in found.get("status", {}).get("conditions") or ())


SCALED = [
    ("deployments", workload), ("replicasets", workload), ("statefulsets", workload),
    ("replicationcontrollers", replication_controller),
]  # fmt: skip


@pytest.mark.parametrize(("plural", "make"), SCALED, ids=[row[0] for row in SCALED])
def test_scale_sub_resource(api: Api, namespace: str, plural: str, make: Any) -> None:
    place = path(plural, namespace)
    api.create(place, make("w", 1))
    api.until(f"{place}/w", lambda found: found["status"].get("readyReplicas") == 1)
    scale = api.get(f"{place}/w/scale")
    assert (scale["kind"], scale["spec"]["replicas"], scale["metadata"]["name"]) == ("Scale", 1, "w")
    assert scale["status"]["selector"] == "app=w"
    updated = api.change(f"{place}/w/scale", lambda found: found.update(spec={"replicas": 2}))
    assert (updated["spec"]["replicas"], api.get(f"{place}/w")["spec"]["replicas"]) == (2, 2)
    patched = api.patch(f"{place}/w/scale", {"spec": {"replicas": 3}}, STRATEGIC)
    assert (patched["spec"]["replicas"], api.get(f"{place}/w")["spec"]["replicas"]) == (3, 3)
    api.until(f"{place}/w", lambda found: found["status"].get("readyReplicas") == 3)
    stale = api.ask("PUT", f"{place}/w/scale", scale)
    assert (stale.status, stale.body["reason"]) == (409, "Conflict")
    wrong = api.ask("PATCH", f"{place}/w/scale", {"spec": {"replicas": -1}}, STRATEGIC)
    assert (wrong.status, "must be greater than or equal to 0" in wrong.body["message"]) == (422, True)


def test_deployment_lifecycle(api: Api, namespace: str) -> None:
    place = path("deployments", namespace)
    with api.watching(f"{place}?labelSelector=spec=lifecycle") as events:
        new = workload("w", 2)
        new["metadata"]["labels"] = {"spec": "lifecycle"}
        api.create(place, new)
        expect(events, "ADDED")
        expect(events, "MODIFIED", lambda one: one["status"].get("readyReplicas") == 2)
        image = {"spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "c", "env": [{"name": "A"}]}]}}}}
        patched = api.patch(f"{place}/w", image, STRATEGIC)
        assert patched["metadata"]["generation"] == 2
        done = expect(
            events, "MODIFIED",
            lambda one: one["status"].get("updatedReplicas") == one["status"].get("readyReplicas") == 2
            and one["status"]["replicas"] == 2 and one["status"].get("observedGeneration") == 2,
        )  # fmt: skip
        assert done["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
        everywhere = api.get("/apis/apps/v1/deployments?labelSelector=spec=lifecycle")["items"]
        assert [one["metadata"]["namespace"] for one in everywhere] == [namespace]
        status = {"metadata": {"labels": {"patched": "status"}}, "status": {"readyReplicas": 2}}
        assert label(api.patch(f"{place}/w/status", status, STRATEGIC), "patched") is None
        wrong = api.ask("PATCH", f"{place}/w/status", {"status": {"readyReplicas": 0}}, STRATEGIC)
        assert (wrong.status, "cannot be greater than readyReplicas" in wrong.body["message"]) == (422, True)
        api.delete(f"{place}?labelSelector=spec=lifecycle")
        expect(events, "DELETED")


def test_replication_controller_lifecycle(api: Api, namespace: str) -> None:
    place = path("replicationcontrollers", namespace)
    with api.watching(f"{place}?labelSelector=spec=lifecycle") as events:
        new = replication_controller("w")
        new["metadata"]["labels"] = {"spec": "lifecycle"}
        api.create(place, new)
        expect(events, "ADDED")
        expect(events, "MODIFIED", lambda one: one["status"].get("readyReplicas") == 1)
        api.patch(f"{place}/w", {"metadata": {"labels": {"patched": "true"}}}, STRATEGIC)
        expect(events, "MODIFIED", lambda one: label(one, "patched"))
        api.patch(f"{place}/w/scale", {"spec": {"replicas": 2}}, STRATEGIC)
        expect(events, "MODIFIED", lambda one: one["status"].get("readyReplicas") == 2)
        api.delete(f"{place}?labelSelector=spec=lifecycle")
        expect(events, "DELETED")


def test_replica_set_adopts_and_releases(api: Api, namespace: str) -> None:
    pods = path("pods", namespace)
    api.create(pods, {**template("w"), "metadata": {"name": "orphan", "labels": {"app": "w"}}})
    made = api.create(path("replicasets", namespace), workload("w"))
    owned = api.until(f"{pods}/orphan", lambda found: found and found["metadata"].get("ownerReferences"))
    assert owned["metadata"]["ownerReferences"] == [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "w", "uid": made["metadata"]["uid"],
         "controller": True, "blockOwnerDeletion": True}
    ]  # fmt: skip
    api.patch(f"{pods}/orphan", {"metadata": {"labels": {"app": "other"}}}, STRATEGIC)
    api.until(f"{pods}/orphan", lambda found: not found["metadata"].get("ownerReferences"))
    api.until(f"{pods}?labelSelector=app=w", lambda found: len(found["items"]) == 1)


@pytest.mark.parametrize(("plural", "make"), [SCALED[1], SCALED[3]], ids=["replicasets", "replicationcontrollers"])
def test_a_failure_is_told_while_a_quota_is_full(api: Api, namespace: str, plural: str, make: Any) -> None:
    quotas = f"/api/v1/namespaces/{namespace}/resourcequotas"
    api.create(quotas, {"metadata": {"name": "two"}, "spec": {"hard": {"pods": "2"}}})
    api.until(f"{quotas}/two", lambda found: (found.get("status") or {}).get("hard"))
    place = f"{path(plural, namespace)}/w"
    api.create(path(plural, namespace), make("w", 3))
    found = api.until(place, lambda one: has_condition(one, "ReplicaFailure"))
    (failure,) = found["status"]["conditions"]
    assert (failure["status"], failure["reason"], "exceeded quota: two" in failure["message"]) == (
        "True", "FailedCreate", True,
    )  # fmt: skip
    api.patch(f"{place}/scale", {"spec": {"replicas": 2}})
    api.until(place, lambda one: not has_condition(one, "ReplicaFailure"))


def test_controller_revision_resource_lifecycle(api: Api, namespace: str) -> None:
    sets, revisions = path("daemonsets", namespace), path("controllerrevisions", namespace)
    made = api.create(sets, workload("w", None))
    where = f"{revisions}?labelSelector=app=w"

    def count(wanted: int) -> list[Object]:
        found: list[Object] = api.until(where, lambda listed: len(listed["items"]) == wanted)["items"]
        return found

    (first,) = count(1)
    name = first["metadata"]["name"]
    assert (first["revision"], label(first, "controller-revision-hash") in name) == (1, True)
    assert first["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    patched = api.patch(f"{revisions}/{name}", {"metadata": {"labels": {name: "patched"}}}, STRATEGIC)
    assert label(patched, name) == "patched"
    owners = first["metadata"]["ownerReferences"]
    second = {
        "metadata": {"name": f"{name}-x", "labels": {"app": "w"}, "ownerReferences": owners},
        "data": first["data"], "revision": first["revision"] + 1,
    }  # fmt: skip
    api.create(revisions, second)
    # The controller finds that the two say the same, and may be faster: the one of the higher number stays.
    assert api.ask("DELETE", f"{revisions}/{name}").status in (200, 404)
    assert [one["metadata"]["name"] for one in count(1)] == [f"{name}-x"]
    api.change(f"{revisions}/{name}-x", lambda found: found["metadata"]["labels"].update(updated="true"))
    api.patch(
        f"{sets}/w", {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 1}}}}, STRATEGIC
    )  # fmt: skip
    count(2)
    api.delete(f"{revisions}?labelSelector=updated=true")
    (last,) = count(1)
    assert last["revision"] == 3
    changed = api.ask("PATCH", f"{revisions}/{last['metadata']['name']}", {"data": {"x": 1}}, STRATEGIC)
    assert (changed.status, "field is immutable" in changed.body["message"]) == (422, True)


def test_daemon_set_retries_failed_pods(api: Api, namespace: str) -> None:
    api.create(path("daemonsets", namespace), workload("w", None))
    pods = path("pods", namespace)

    def running(found: Object) -> list[Object]:
        return [one for one in found["items"] if one["status"].get("phase") == "Running"]

    (first,) = running(api.until(f"{pods}?labelSelector=app=w", running))
    api.patch(f"{pods}/{first['metadata']['name']}/status", {"status": {"phase": "Failed"}})
    api.until(
        f"{pods}?labelSelector=app=w",
        lambda found: any(one["metadata"]["uid"] != first["metadata"]["uid"] for one in running(found)),
    )


def test_stateful_set_patch_and_collection(api: Api, namespace: str) -> None:
    place = path("statefulsets", namespace)
    api.create(place, workload("w", serviceName="w"))
    api.until(f"{place}/w", lambda found: found["status"].get("readyReplicas") == 1)
    inner = {"spec": {"terminationGracePeriodSeconds": 1}}
    patch = {"metadata": {"labels": {"patched": "true"}}, "spec": {"replicas": 2, "template": inner}}
    api.patch(f"{place}/w", patch, STRATEGIC)
    done = api.until(
        f"{place}/w",
        lambda found: (
            found["status"].get("readyReplicas") == found["status"].get("updatedReplicas") == 2
            and found["status"]["currentRevision"] == found["status"]["updateRevision"]
        ),
    )
    assert done["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 1
    pod = api.get(f"{path('pods', namespace)}/w-1")
    assert label(pod, "apps.kubernetes.io/pod-index") == "1"
    assert label(pod, "statefulset.kubernetes.io/pod-name") == "w-1"
    api.delete(f"{place}?labelSelector=patched=true")
    api.until(f"{place}?labelSelector=patched=true", lambda found: found["items"] == [])


def test_pod_template_lifecycle(api: Api, namespace: str) -> None:
    place = path("podtemplates", namespace)
    api.create(place, {"metadata": {"name": "one", "labels": {"spec": "lifecycle"}}, "template": template("w")})
    listed = api.get("/api/v1/podtemplates?labelSelector=spec=lifecycle")["items"]
    assert namespace in [one["metadata"]["namespace"] for one in listed]
    api.patch(f"{place}/one", {"metadata": {"labels": {"patched": "true"}}}, STRATEGIC)
    api.change(f"{place}/one", lambda found: found["metadata"].update(annotations={"updated": "true"}))
    found = api.get(f"{place}/one")
    assert (label(found, "patched"), found["metadata"]["annotations"]) == ("true", {"updated": "true"})
    api.delete(f"{place}?labelSelector=spec=lifecycle")
    api.until(f"{place}/one", lambda one: one is None)


def test_a_budget_blocks_an_eviction_until_it_is_updated(api: Api, namespace: str) -> None:
    pods, budgets = path("pods", namespace), path("poddisruptionbudgets", namespace)
    api.create(path("replicasets", namespace), workload("w", 2))
    api.create(
        budgets, {"metadata": {"name": "b"}, "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "w"}}}}
    )
    api.until(f"{budgets}/b", lambda found: (found.get("status") or {}).get("currentHealthy") == 2)
    status = api.get(f"{budgets}/b")["status"]
    assert (status["disruptionsAllowed"], status["desiredHealthy"], status["expectedPods"]) == (0, 2, 2)
    name = api.get(f"{pods}?labelSelector=app=w")["items"][0]["metadata"]["name"]
    eviction = {**EVICTION, "metadata": {"name": name, "namespace": namespace}}
    refused = api.ask("POST", f"{pods}/{name}/eviction", eviction)
    assert (refused.status, refused.body["details"]["causes"][0]["reason"]) == (429, "DisruptionBudget")
    api.change(f"{budgets}/b", lambda found: found["spec"].update(minAvailable=1))
    api.until(f"{budgets}/b", lambda found: found["status"]["disruptionsAllowed"] == 1)
    api.create(f"{pods}/{name}/eviction", eviction)
    api.until(f"{pods}/{name}", lambda found: found is None)
    api.until(f"{budgets}/b", lambda found: found["status"]["currentHealthy"] == 2)


def test_budget_status(api: Api, namespace: str) -> None:
    budgets = path("poddisruptionbudgets", namespace)
    api.create(
        budgets, {"metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "w"}}}}
    )
    api.until(f"{budgets}/b", lambda found: (found.get("status") or {}).get("observedGeneration") == 1)
    stamp = "2026-01-01T00:00:00Z"
    updated = api.change(f"{budgets}/b/status", lambda found: found["status"].update(disruptedPods={"a": stamp}))
    assert updated["status"]["disruptedPods"] == {"a": stamp}
    patch = [{"op": "add", "path": "/status/disruptedPods", "value": {"b": stamp}}]
    assert api.patch(f"{budgets}/b/status", patch, JSON_PATCH)["status"]["disruptedPods"] == {"b": stamp}
