"""The life of small kinds as Kubernetes' tests go through it: ConfigMap, Secret, PodTemplate, Lease, Event and more."""

from typing import Any

import pytest

from .asking import MERGE, STRATEGIC, Api, until
from .operations import Row, discovered, exercised

POD = {"containers": [{"name": "e2e", "image": "nginx"}]}


def test_config_map_lifecycle(api: Api, namespace: str) -> None:
    """[sig-node] ConfigMap should run through a ConfigMap lifecycle."""
    where, selector = f"/api/v1/namespaces/{namespace}/configmaps", "test-configmap-static=true"
    with api.watching(where, labelSelector=selector) as events:
        labels = {"test-configmap-static": "true"}
        api.must("POST", where, {"metadata": {"name": "test", "labels": labels}, "data": {"valueName": "value"}})
        until(events, lambda event: event["type"] == "ADDED", "it was added")
        patch = {"metadata": {"labels": {"test-configmap": "patched"}}, "data": {"valueName": "value1"}}
        api.must("PATCH", f"{where}/test", patch, media=STRATEGIC)
        until(events, lambda event: event["type"] == "MODIFIED", "it was changed")
        found = api.must("GET", f"{where}/test")
        assert found["data"]["valueName"] == "value1" and found["metadata"]["labels"]["test-configmap"] == "patched"
        everywhere = api.must("GET", "/api/v1/configmaps", labelSelector=selector)["items"]
        assert [one["metadata"]["name"] for one in everywhere] == ["test"]
        api.must("DELETE", where, labelSelector=selector)
        until(events, lambda event: event["type"] == "DELETED", "it went")
    assert not api.must("GET", where, labelSelector=selector)["items"]


@pytest.mark.parametrize("plural", ["configmaps", "secrets"])
def test_fail_to_create_with_empty_key(api: Api, namespace: str, plural: str) -> None:
    """[sig-node] ConfigMap / Secrets should fail to create due to empty key."""
    told = api.answered(
        422, "POST", f"/api/v1/namespaces/{namespace}/{plural}", {"metadata": {"name": "empty"}, "data": {"": ""}}
    )
    assert told["details"]["causes"][0]["field"] == "data[]"


def test_secret_patch(api: Api, namespace: str) -> None:
    """[sig-node] Secrets should patch a secret."""
    where = f"/api/v1/namespaces/{namespace}/secrets"
    labels = {"testsecret-constant": "true"}
    api.must(
        "POST", where, {"metadata": {"name": "s", "labels": labels}, "data": {"key": "dmFsdWU="}, "type": "Opaque"}
    )
    listed = api.must("GET", "/api/v1/secrets", labelSelector="testsecret-constant=true")["items"]
    assert [one["metadata"]["name"] for one in listed] == ["s"]
    patch = {"metadata": {"labels": {"testsecret": "true"}}, "data": {"key": "dmFsdWUx"}}
    api.must("PATCH", f"{where}/s", patch, media=STRATEGIC)
    found = api.must("GET", f"{where}/s")
    assert (found["metadata"]["labels"]["testsecret"], found["data"]["key"]) == ("true", "dmFsdWUx")
    api.must("DELETE", where, labelSelector="testsecret=true")
    assert not api.is_there(f"{where}/s")


def test_immutable_config_maps_and_secrets(api: Api, namespace: str) -> None:
    """[sig-storage] ConfigMap / Secrets should be immutable if `immutable` field is set."""
    for plural, data in (("configmaps", "value-1"), ("secrets", "dmFsdWUtMQ==")):
        one = f"/api/v1/namespaces/{namespace}/{plural}/fixed"
        found = api.must("POST", one.removesuffix("/fixed"), {"metadata": {"name": "fixed"}, "data": {"data-1": data}})
        found["data"]["data-2"] = data
        found = api.must("PUT", one, found)
        found = api.must("PUT", one, {**found, "immutable": True})
        api.answered(422, "PUT", one, {**found, "data": {"data-1": "dmFsdWUtMw=="}})
        api.answered(422, "PUT", one, {**found, "immutable": False})
        labelled = {**found, "metadata": {**found["metadata"], "labels": {"label1": "value1"}}}
        assert api.must("PUT", one, labelled)["metadata"]["labels"] == {"label1": "value1"}
        api.must("DELETE", one)


def test_pod_template_lifecycle_and_collection_and_replace(api: Api, namespace: str) -> None:
    """[sig-node] PodTemplates should run the lifecycle of, replace, and delete a collection of pod templates."""
    where = f"/api/v1/namespaces/{namespace}/podtemplates"
    labels = {"podtemplate-set": "true"}
    for number in range(3):
        template = {"metadata": {"labels": labels}, "spec": POD}
        api.must("POST", where, {"metadata": {"name": f"p{number}", "labels": labels}, "template": template})
    patch = {"metadata": {"labels": {"podtemplate": "patched"}}}
    assert api.must("PATCH", f"{where}/p0", patch, media=STRATEGIC)["metadata"]["labels"]["podtemplate"] == "patched"
    found = api.must("GET", f"{where}/p1")
    found["metadata"]["annotations"] = {"updated": "true"}
    found["template"]["spec"]["containers"][0]["image"] = "busybox"
    replaced = api.must("PUT", f"{where}/p1", found)
    assert replaced["metadata"]["annotations"] == {"updated": "true"}
    assert replaced["template"]["spec"]["containers"][0]["image"] == "busybox"
    assert api.must("DELETE", f"{where}/p0")["metadata"]["name"] == "p0"
    api.must("DELETE", where, labelSelector="podtemplate-set=true")
    assert not api.must("GET", where, labelSelector="podtemplate-set=true")["items"]


def test_lease_api_should_be_available(api: Api, namespace: str) -> None:
    """[sig-node] Lease lease API should be available."""
    where = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    time = "2026-01-02T03:04:05.678901Z"
    spec = {"holderIdentity": "holder", "leaseDurationSeconds": 30, "acquireTime": time, "leaseTransitions": 0}
    found = api.must("POST", where, {"metadata": {"name": "lease"}, "spec": spec})
    assert found["spec"] == spec
    spec = {"holderIdentity": "holder2", "leaseDurationSeconds": 10, "acquireTime": time, "leaseTransitions": 1}
    assert api.must("PUT", f"{where}/lease", {**found, "spec": spec})["spec"] == spec
    patch = {"spec": {"leaseDurationSeconds": 60, "renewTime": time}}
    found = api.must("PATCH", f"{where}/lease", patch, media=STRATEGIC)
    assert found["spec"] == {**spec, **patch["spec"]}
    other = {"metadata": {"name": "two", "labels": {"deletecollection": "true"}}, "spec": spec}
    api.must("POST", where, other)
    assert len(api.must("GET", where)["items"]) == 2
    api.must("DELETE", where, labelSelector="deletecollection=true")
    assert [one["metadata"]["name"] for one in api.must("GET", where)["items"]] == ["lease"]
    api.must("DELETE", f"{where}/lease")
    assert not api.is_there(f"{where}/lease")


def event(name: str, namespace: str, **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "events.k8s.io/v1", "kind": "Event",
        "metadata": {"name": name, "labels": {"testevent-set": "true"}},
        "eventTime": "2026-01-02T03:04:05.678901Z", "type": "Normal", "action": "Do", "reason": "Test",
        "note": "This is a test", "reportingController": "test-controller", "reportingInstance": "test-node",
        "regarding": {"namespace": namespace, "name": "x", "kind": "Pod"}, **more,
    }  # fmt: skip


def test_new_event_resource_lifecycle(api: Api, namespace: str) -> None:
    """[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed."""
    where = f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"
    core = f"/api/v1/namespaces/{namespace}/events"
    api.must("POST", where, event("event-test", namespace))
    everywhere = api.must("GET", "/apis/events.k8s.io/v1/events", labelSelector="testevent-set=true")["items"]
    assert "event-test" in [one["metadata"]["name"] for one in everywhere]
    selected = api.must("GET", core, fieldSelector="reportingComponent=test-controller")["items"]
    assert [one["metadata"]["name"] for one in selected] == ["event-test"]
    found = api.must("GET", f"{where}/event-test")
    series = {"count": 2, "lastObservedTime": "2026-01-02T03:04:06.000001Z"}
    patched = api.must("PATCH", f"{where}/event-test", {"series": series}, media=STRATEGIC)
    assert patched["series"] == series
    series = {"count": 100, "lastObservedTime": "2026-01-02T03:04:07.000001Z"}
    updated = api.must("PUT", f"{where}/event-test", {**patched, "series": series})
    assert updated["series"] == series and updated["metadata"]["uid"] == found["metadata"]["uid"]
    api.must("DELETE", f"{where}/event-test")
    assert not api.is_there(f"{core}/event-test")


def test_new_event_resource_delete_a_collection(api: Api, namespace: str) -> None:
    """[sig-instrumentation] Events API should delete a collection of events."""
    where = f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"
    for name in ("a", "b", "c"):
        api.must("POST", where, event(name, namespace))
    assert len(api.must("GET", where, labelSelector="testevent-set=true")["items"]) == 3
    api.must("DELETE", where, labelSelector="testevent-set=true")
    assert not api.must("GET", where, labelSelector="testevent-set=true")["items"]


def test_event_resource_lifecycle(api: Api, namespace: str) -> None:
    """[sig-instrumentation] Events should manage the lifecycle of an event."""
    where = f"/api/v1/namespaces/{namespace}/events"
    labels = {"testevent-constant": "true"}
    body = {
        "metadata": {"name": "event-test", "labels": labels}, "reason": "Test", "type": "Normal", "message": "This is",
        "involvedObject": {"kind": "Event", "name": "event-test", "namespace": namespace},
    }  # fmt: skip
    api.must("POST", where, body)
    patch = {"message": "This is a test event - patched"}
    assert api.must("PATCH", f"{where}/event-test", patch, media=STRATEGIC)["message"] == patch["message"]
    fresh = api.must("GET", f"{where}/event-test")
    fresh["series"] = {"count": 100, "lastObservedTime": "2026-01-02T03:04:05.000000Z"}
    assert api.must("PUT", f"{where}/event-test", fresh)["series"] == fresh["series"]
    api.must("DELETE", where, labelSelector="testevent-constant=true")
    assert not api.must("GET", "/api/v1/events", labelSelector="testevent-constant=true")["items"]


ROWS = {
    "RuntimeClass API": Row(
        "node.k8s.io", "runtimeclasses", "RuntimeClass", {},
        {"metadata": {"labels": {"test": "patched"}}}, {"metadata": {"labels": {"test": "updated"}}},
        has_status=False, more={"handler": "e2e-fake-handler"},
    ),
    "PriorityClass": Row(
        "scheduling.k8s.io", "priorityclasses", "PriorityClass", {},
        {"description": "patched"}, {"description": "updated"}, has_status=False, more={"value": 7},
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_small_kind_supports_all_operations(api: Api, row: Row) -> None:
    discovered(api, row)
    exercised(api, row)


def test_limit_range_list_patch_and_delete_by_collection(api: Api, namespace: str) -> None:
    """[sig-scheduling] LimitRange should list, patch and delete a LimitRange by collection."""
    where = f"/api/v1/namespaces/{namespace}/limitranges"
    limits = [{"type": "Container", "min": {"cpu": "50m"}, "max": {"cpu": "1"}}]
    api.must("POST", where, {"metadata": {"name": "lr", "labels": {"e2e": "lr"}}, "spec": {"limits": limits}})
    listed = api.must("GET", "/api/v1/limitranges", labelSelector="e2e=lr")["items"]
    assert [one["metadata"]["name"] for one in listed] == ["lr"]
    patch = {
        "metadata": {"labels": {"lr": "patched"}},
        "spec": {"limits": [{"type": "Container", "min": {"cpu": "5m"}}]},
    }
    found = api.must("PATCH", f"{where}/lr", patch, media=MERGE)
    assert found["spec"]["limits"][0]["min"] == {"cpu": "5m"} and found["metadata"]["labels"]["lr"] == "patched"
    api.must("DELETE", where, labelSelector="lr=patched")
    assert not api.must("GET", "/api/v1/limitranges", labelSelector="lr=patched")["items"]
