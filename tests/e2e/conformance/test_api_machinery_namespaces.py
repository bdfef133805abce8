"""[sig-api-machinery] Namespaces, OrderedNamespaceDeletion."""

from typing import Any

from ..conftest import KUBIA, Cluster
from .asking import JSON_PATCH, MERGE, Api, until

FINALIZER = "e2e.example.com/fakeFinalizer"
NAMESPACES = "/api/v1/namespaces"


def condition(found: dict[str, Any], type_: str) -> dict[str, Any]:
    conditions = found["status"].get("conditions", ())
    return next((one for one in conditions if one["type"] == type_), {})


def test_namespace_apply_changes_to_a_namespace_status(api: Api, namespace: str) -> None:
    status = f"{NAMESPACES}/{namespace}/status"
    assert api.must("GET", status)["status"]["phase"] == "Active"
    patch = {
        "metadata": {"annotations": {"e2e-patched-ns-status": namespace}},
        "status": {"conditions": [
            {"type": "StatusPatch", "status": "True", "reason": "E2E", "message": "Patched by an e2e test",
             "lastTransitionTime": None}
        ]},
    }  # fmt: skip
    patched = api.must("PATCH", status, patch, media=MERGE)
    assert patched["metadata"]["annotations"]["e2e-patched-ns-status"] == namespace
    assert condition(patched, "StatusPatch")["message"] == "Patched by an e2e test"
    fresh = api.must("GET", status)
    added = {"type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "Updated by an e2e test"}
    fresh["status"]["conditions"].append(added)
    updated = api.must("PUT", status, fresh)
    assert updated["status"]["conditions"][-1]["type"] == "StatusUpdate"


def test_namespace_apply_update_to_a_namespace(api: Api, namespace: str) -> None:
    fresh = api.must("GET", f"{NAMESPACES}/{namespace}")
    fresh["metadata"]["labels"][namespace] = "updated"
    assert api.must("PUT", f"{NAMESPACES}/{namespace}", fresh)["metadata"]["labels"][namespace] == "updated"


def test_namespace_apply_finalizer_to_a_namespace(api: Api, namespace: str) -> None:
    one = f"{NAMESPACES}/{namespace}"
    found = api.must("GET", one)
    found["spec"]["finalizers"].append(FINALIZER)
    assert FINALIZER in api.must("PUT", f"{one}/finalize", found)["spec"]["finalizers"]
    found = api.must("GET", one)
    found["spec"]["finalizers"].remove(FINALIZER)
    assert api.must("PUT", f"{one}/finalize", found)["spec"]["finalizers"] == ["kubernetes"]


def test_ordered_namespace_deletion(api: Api, cluster: Cluster) -> None:
    """Whatever a pod may need stays until the last pod has gone, and the status says what is waited for."""
    name = "ordered-deletion"
    one, inside = f"{NAMESPACES}/{name}", f"/api/v1/namespaces/{name}"
    api.must("POST", NAMESPACES, {"metadata": {"name": name}})
    held = {
        "metadata": {"name": "held", "finalizers": ["e2e.example.com/finalizer"]},
        "spec": {"containers": [{"name": "web", "image": KUBIA}], "terminationGracePeriodSeconds": 1},
    }
    cluster.wait(lambda: api.is_there(f"{inside}/serviceaccounts/default"), "the default account")
    api.must("POST", f"{inside}/pods", held)
    api.must("POST", f"{inside}/configmaps", {"metadata": {"name": "kept"}, "data": {"key": "value"}})
    with api.watching(NAMESPACES, fieldSelector=f"metadata.name={name}") as events:
        api.must("DELETE", one)
        told = until(
            events,
            lambda event: condition(event["object"], "NamespaceContentRemaining").get("status") == "True",
            "the namespace told what is left",
        )["object"]
    assert told["status"]["phase"] == "Terminating"
    assert condition(told, "NamespaceDeletionContentFailure")["status"] == "False"
    assert condition(told, "NamespaceContentRemaining")["message"] == (
        "Some resources are remaining: pods. has 1 resource instances"
    )
    assert condition(told, "NamespaceFinalizersRemaining")["message"] == (
        "Some content in the namespace has finalizers remaining: e2e.example.com/finalizer in 1 resource instances"
    )
    pod = api.must("GET", f"{inside}/pods/held")
    assert pod["metadata"]["deletionTimestamp"] and api.is_there(f"{inside}/configmaps/kept")
    late = api.answered(403, "POST", f"{inside}/configmaps", {"metadata": {"name": "late"}})
    assert late["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    with api.watching(NAMESPACES, fieldSelector=f"metadata.name={name}") as events:
        api.must(
            "PATCH", f"{inside}/pods/held", [{"op": "remove", "path": "/metadata/finalizers"}], media=JSON_PATCH
        )  # fmt: skip
        until(events, lambda event: event["type"] == "DELETED", "the namespace went")
    assert not api.is_there(f"{inside}/configmaps/kept")
