"""[sig-api-machinery] CustomResourceFieldSelectors."""

from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from ..hooks import listening
from .asking import Api
from .definitions import defined

GROUP, PLURAL = "stable.example.com", "hostports"
TEXT = {"type": "string"}


def converted(request: dict[str, Any]) -> dict[str, Any]:
    """``hostPort: a:b`` of v1 is ``host: a`` and ``port: b`` in v2."""
    wanted, objects = request["desiredAPIVersion"], []
    for found in request["objects"]:
        made = {name: value for name, value in found.items() if name not in ("host", "port", "hostPort")}
        made["apiVersion"] = wanted
        if wanted.endswith("/v1"):
            made["hostPort"] = f"{found.get('host', '')}:{found.get('port', '')}"
        else:
            made["host"], _, made["port"] = found.get("hostPort", ":").partition(":")
        objects.append(made)
    return {"result": {"status": "Success"}, "convertedObjects": objects}


def two_versions(hook: dict[str, str]) -> dict[str, Any]:
    def version(name: str, *fields: str, is_stored: bool) -> dict[str, Any]:
        return {
            "name": name, "served": True, "storage": is_stored,
            "schema": {"openAPIV3Schema": {"type": "object", "properties": dict.fromkeys(fields, TEXT)}},
            "selectableFields": [{"jsonPath": f".{field}"} for field in fields],
        }  # fmt: skip

    webhook = {"clientConfig": hook, "conversionReviewVersions": ["v1", "v1beta1"]}
    return {
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP, "scope": "Namespaced", "names": {"plural": PLURAL, "kind": "HostPort"},
            "versions": [version("v1", "hostPort", is_stored=True), version("v2", "host", "port", is_stored=False)],
            "conversion": {"strategy": "Webhook", "webhook": webhook},
        },
    }  # fmt: skip


def test_custom_resource_definition_field_selectors_list_watch_register_informers(
    api: Api, namespace: str, tmp_path: Path
) -> None:
    v1, v2 = (f"/apis/{GROUP}/{version}/namespaces/{namespace}/{PLURAL}" for version in ("v1", "v2"))
    of_host, of_both, of_pair = "host=host1", "host=host1,port=80", "hostPort=host1:80"

    def names(where: str, selector: str) -> set[str]:
        found = api.must("GET", where, fieldSelector=selector)["items"]
        return {one["metadata"]["name"] for one in found}

    with ExitStack() as stack:
        stack.enter_context(defined(api, two_versions(stack.enter_context(listening(tmp_path, converted)))))
        watches = [
            stack.enter_context(api.watching(where, fieldSelector=selector))
            for where, selector in ((v2, of_host), (v2, of_both), (v1, of_pair))
        ]
        for name, spec in (("a", {"port": "80"}), ("b", {"port": "8080"}), ("c", {"host": "host2"})):
            body = {
                "apiVersion": f"{GROUP}/v2",
                "kind": "HostPort",
                "metadata": {"name": name},
                "host": "host1",
                **spec,
            }
            api.must("POST", v2, body)
        assert names(v2, of_host) == {"a", "b"}
        assert (names(v2, of_both), names(v1, of_pair), names(v1, "hostPort=host1:8080")) == ({"a"}, {"a"}, {"b"})
        api.must("DELETE", v2, {"gracePeriodSeconds": 0}, fieldSelector=of_both)
        fresh = api.must("GET", f"{v2}/b")
        api.must("PUT", f"{v2}/b", {**fresh, "host": "host2"})
        assert not names(v2, of_host) and not names(v2, of_both)
        counts = (4, 2, 2)
        told = [
            sorted((event["type"], event["object"]["metadata"]["name"]) for event in islice(events, count))
            for events, count in zip(watches, counts, strict=True)
        ]  # fmt: skip
        assert told[0] == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a"), ("DELETED", "b")]
        assert told[1] == told[2] == [("ADDED", "a"), ("DELETED", "a")]
        refused = api.answered(400, "GET", v1, fieldSelector="host=host1")
        assert "field label not supported: host" in refused["message"]
