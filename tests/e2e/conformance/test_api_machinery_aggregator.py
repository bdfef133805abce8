"""[sig-api-machinery] Aggregator: what is asked of an APIService itself.

That an extension server answers behind one is asked in ``component/test_aggregation.py``.
"""

from typing import Any

from .asking import MERGE, STRATEGIC, Api, until
from .operations import changed

WHERE = "/apis/apiregistration.k8s.io/v1/apiservices"
NAME = "v1alpha1.wardle.example.com"


def types(found: dict[str, Any]) -> set[str]:
    return {one["type"] for one in found["status"].get("conditions") or ()}


def test_aggregator_supports_the_sample_apiserver(api: Api, namespace: str) -> None:
    one, label = f"{WHERE}/{NAME}", {"e2e": namespace}
    service = {"namespace": namespace, "name": "sample-api", "port": 7443}
    spec = {
        "group": "wardle.example.com", "version": "v1alpha1", "service": service, "insecureSkipTLSVerify": True,
        "groupPriorityMinimum": 2000, "versionPriority": 200,
    }  # fmt: skip
    api.must("POST", WHERE, {"metadata": {"name": NAME}, "spec": spec})
    try:
        with api.watching(WHERE, fieldSelector=f"metadata.name={NAME}") as events:
            told = until(events, lambda event: "Available" in types(event["object"]), "the server looked at it")
            (condition,) = told["object"]["status"]["conditions"]
            assert (condition["status"], condition["reason"]) == ("False", "ServiceNotFound")
            assert api.must("GET", f"{one}/status")["kind"] == "APIService"
            patched = api.must("PATCH", one, {"spec": {"versionPriority": 400}}, media=STRATEGIC)
            assert patched["spec"]["versionPriority"] == 400
            api.must("PATCH", one, {"metadata": {"labels": label}}, media=MERGE)
            listed = api.must("GET", WHERE, labelSelector=f"e2e={namespace}")["items"]
            assert [found["metadata"]["name"] for found in listed] == [NAME]
            added = {"type": "StatusUpdated", "status": "True", "reason": "E2E", "message": "Set by e2e test"}
            changed(api, one, f"{one}/status", lambda fresh: fresh["status"]["conditions"].append(added))
            until(events, lambda event: "StatusUpdated" in types(event["object"]), "the status was written")
            added = {**added, "type": "StatusPatched"}
            patch = {"status": {"conditions": [added]}}
            patched = api.must("PATCH", f"{one}/status", patch, media=STRATEGIC)
            assert {"Available", "StatusUpdated", "StatusPatched"} <= types(patched)
            updated = changed(api, one, one, lambda fresh: fresh["metadata"]["labels"].update({NAME: "updated"}))
            assert updated["metadata"]["labels"][NAME] == "updated"
            api.answered(503, "GET", "/apis/wardle.example.com/v1alpha1/flunders")
            api.must("DELETE", WHERE, labelSelector=f"{NAME}=updated")
            until(events, lambda event: event["type"] == "DELETED", "it went")
    finally:
        api.ask("DELETE", one)
    assert api.ask("GET", "/apis/wardle.example.com/v1alpha1/flunders").status == 404
