"""[sig-api-machinery] ResourceQuota."""

from typing import Any

from .asking import MERGE, STRATEGIC, Api, until


def quota(name: str, **hard: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"e2e-rq-label": name}}, "spec": {"hard": hard}}


def test_resource_quota_manage_lifecycle_of_a_resource_quota(api: Api, namespace: str) -> None:
    where, name = f"/api/v1/namespaces/{namespace}/resourcequotas", "e2e-quota-life"
    selector = f"e2e-rq-label={name}"
    made = api.must("POST", where, quota(name, cpu="1", memory="500Mi"))
    assert api.must("GET", f"{where}/{name}")["spec"]["hard"] == {"cpu": "1", "memory": "500Mi"}
    assert len(api.must("GET", "/api/v1/resourcequotas", labelSelector=selector)["items"]) == 1
    patch = {"metadata": {"labels": {name: "patched"}}, "spec": {"hard": {"memory": "750Mi"}}}
    patched = api.must("PATCH", f"{where}/{name}", patch, media=STRATEGIC)
    assert patched["metadata"]["labels"][name] == "patched"
    assert patched["spec"]["hard"] == {"cpu": "1", "memory": "750Mi"}
    assert int(patched["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    api.must("DELETE", where, labelSelector=selector)
    assert not api.is_there(f"{where}/{name}")


def test_resource_quota_apply_changes_to_a_resource_quota_status(api: Api, namespace: str) -> None:
    where, name = f"/api/v1/namespaces/{namespace}/resourcequotas", "e2e-rq-status"
    one, selector = f"{where}/{name}", f"e2e-rq-label={name}"
    revision = api.must("GET", "/api/v1/resourcequotas", labelSelector=selector)["metadata"]["resourceVersion"]

    def settled(hard: dict[str, str], since: str) -> dict[str, Any]:
        with api.watching(where, labelSelector=selector, resourceVersion=since) as events:
            told = until(events, lambda event: event["object"]["status"].get("hard") == hard, f"the status is {hard}")
        found: dict[str, Any] = told["object"]
        return found

    api.must("POST", where, quota(name, cpu="500m", memory="500Mi"))
    settled({"cpu": "500m", "memory": "500Mi"}, revision)
    fresh = api.must("GET", one)
    fresh["status"] = {"hard": fresh["spec"]["hard"]}
    updated = api.must("PUT", f"{one}/status", fresh)
    assert updated["status"]["hard"] == updated["spec"]["hard"]
    api.must("PATCH", one, {"spec": {"hard": {"cpu": "1", "memory": "1Gi"}}}, media=STRATEGIC)
    wanted = {"cpu": "1", "memory": "1Gi"}
    api.must("PATCH", f"{one}/status", {"status": {"hard": wanted}}, media=STRATEGIC)
    settled(wanted, updated["metadata"]["resourceVersion"])
    assert api.must("GET", f"{one}/status")["status"]["hard"] == wanted
    other = {"cpu": "2", "memory": "2Gi"}
    patched = api.must("PATCH", f"{one}/status", {"status": {"hard": other}}, media=MERGE)
    assert (patched["status"]["hard"], patched["spec"]["hard"]) == (other, wanted)
    # Who keeps the books puts it right.
    back = settled(wanted, patched["metadata"]["resourceVersion"])
    assert back["spec"]["hard"] == wanted and back["status"]["used"] == {"cpu": "0", "memory": "0"}


def test_a_quota_counts_custom_resources_as_soon_as_there_are_any(api: Api, namespace: str) -> None:
    """``count/...`` of a kind that comes later is in use from then on, and not before."""
    where, name = f"/api/v1/namespaces/{namespace}/resourcequotas", "counted"
    counted = "count/quotaed.e2e.example.com"
    api.must("POST", where, quota(name, **{counted: "1", "configmaps": "5"}))
    with api.watching(where, fieldSelector=f"metadata.name={name}") as events:
        told = until(events, lambda event: event["object"]["status"].get("used"), "the quota was counted")
        assert counted not in told["object"]["status"]["used"]
        definition = {
            "metadata": {"name": "quotaed.e2e.example.com"},
            "spec": {
                "group": "e2e.example.com", "scope": "Namespaced",
                "names": {"plural": "quotaed", "singular": "quotaing", "kind": "Quotaed"},
                "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                    "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}],
            },
        }  # fmt: skip
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        api.must("POST", path, definition)
        try:
            until(events, lambda event: event["object"]["status"]["used"].get(counted) == "0", "the kind is counted")
            things = f"/apis/e2e.example.com/v1/namespaces/{namespace}/quotaed"
            thing = {"apiVersion": "e2e.example.com/v1", "kind": "Quotaed", "metadata": {"name": "one"}}
            api.must("POST", things, thing)
            until(events, lambda event: event["object"]["status"]["used"].get(counted) == "1", "one is in use")
            more = api.answered(403, "POST", things, {**thing, "metadata": {"name": "two"}})
            assert more["message"] == (
                'quotaed.e2e.example.com "two" is forbidden: exceeded quota: counted, requested: '
                f"{counted}=1, used: {counted}=1, limited: {counted}=1"
            )
            api.must("DELETE", f"{things}/one")
            until(events, lambda event: event["object"]["status"]["used"].get(counted) == "0", "it is free again")
        finally:
            api.must("DELETE", f"{path}/quotaed.e2e.example.com")
