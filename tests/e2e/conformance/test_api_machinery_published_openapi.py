"""[sig-api-machinery] CustomResourcePublishOpenAPI: what kubectl makes of published schemas.

That documents follow definitions is asked in ``component/test_api_crds.py``; here the kubectl of the path is the judge.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from ..conftest import Cluster
from .asking import Api
from .definitions import ANYTHING, defined, definition

TEXT = {"type": "string"}
BAR = {
    "type": "object", "required": ["name"],
    "properties": {
        "name": {**TEXT, "description": "Name of Bar."}, "age": {**TEXT, "description": "Age of Bar."},
        "feeling": {**TEXT, "enum": ["Great", "Down"], "description": "Whether Bar is feeling great."},
        "bazs": {"type": "array", "items": TEXT, "description": "List of Bazs."},
    },
}  # fmt: skip
FOO = {
    "type": "object", "description": "Foo CRD for Testing",
    "properties": {
        "spec": {
            "type": "object", "description": "Specification of Foo",
            "properties": {
                "bars": {"type": "array", "items": BAR, "description": "List of Bars and their specs."},
            },
        },
        "status": {"type": "object", "description": "Status of Foo", "properties": {"bars": {"type": "integer"}}},
    },
}  # fmt: skip
NESTED = {
    "type": "object", "description": "preserve-unknown-properties in nested field for Testing",
    "properties": {"spec": {**ANYTHING, "description": "Specification of Waldo"}},
}  # fmt: skip
EXPLAINED = {
    "": r"DESCRIPTION:.*Foo CRD for Testing.*FIELDS:.*apiVersion.*<string>.*APIVersion defines.*spec.*<Object>"
    r".*Specification of Foo",
    ".metadata": r"DESCRIPTION:.*Standard object's metadata.*FIELDS:.*creationTimestamp.*<string>"
    r".*CreationTimestamp is a timestamp",
    ".spec": r"DESCRIPTION:.*Specification of Foo.*FIELDS:.*bars.*<\[\]Object>.*List of Bars and their specs",
    ".spec.bars": r"(FIELD|RESOURCE):.*bars.*<\[\]Object>.*DESCRIPTION:.*List of Bars and their specs.*FIELDS:.*bazs"
    r".*<\[\]string>.*List of Bazs.*name.*<string>.*Name of Bar",
}


@pytest.fixture
def foos(api: Api) -> Iterator[str]:
    with defined(api, definition("foos", schema=FOO, scope="Namespaced")) as found:
        yield str(found["metadata"]["name"])


def written(cluster: Cluster, namespace: str, verb: str, plural: str, body: dict[str, Any]) -> Any:
    head = {"apiVersion": "mygroup.example.com/v1", "kind": plural.capitalize(), "metadata": {"name": "test"}}
    return cluster.run(verb, "-n", namespace, "-f", "-", text=json.dumps({**head, **body}))


def taken(cluster: Cluster, namespace: str, plural: str, body: dict[str, Any]) -> None:
    """kubectl creates and applies it."""
    for verb in ("create", "apply"):
        done = written(cluster, namespace, verb, plural, body)
        assert done.returncode == 0, done.stderr
        cluster.kubectl("delete", "-n", namespace, f"{plural}.mygroup.example.com", "test")


def test_custom_resource_openapi_publish_with_validation_schema(cluster: Cluster, namespace: str, foos: str) -> None:
    taken(cluster, namespace, "foos", {"spec": {"bars": [{"name": "test-bar", "age": "10"}]}})
    bad = written(
        cluster, namespace, "create", "foos", {"spec": {"bars": [{"name": "x", "feeling": "NonExistentValue"}]}}
    ).stderr
    assert 'Unsupported value: "NonExistentValue": supported values: "Great", "Down"' in bad
    for verb in ("create", "apply"):
        assert 'unknown field "spec.foo"' in written(cluster, namespace, verb, "foos", {"spec": {"foo": True}}).stderr
        unnamed = written(cluster, namespace, verb, "foos", {"spec": {"bars": [{"age": "10"}]}})
        assert "spec.bars[0].name: Required value" in unnamed.stderr
    for place, pattern in EXPLAINED.items():
        shown = cluster.kubectl("explain", f"{foos}{place}")
        assert re.search(pattern, shown, re.DOTALL), shown
    missing = cluster.run("explain", f"{foos}.spec.bars2")
    assert missing.returncode == 1 and 'field "bars2" does not exist' in missing.stderr


def test_custom_resource_openapi_publish_with_unknown_fields_in_object(
    api: Api, cluster: Cluster, namespace: str
) -> None:
    for plural, schema, body, pattern in (
        ("empties", {"type": "object", "x-kubernetes-preserve-unknown-fields": True}, {"a": {"b": [{"c": "d"}]}},
         r"DESCRIPTION:.*<empty>"),
        ("roots", {**ANYTHING, "description": "preserve-unknown-properties at root for Testing"},
         {"a": {"b": [{"c": "d"}]}}, r"KIND:.*Roots"),
        ("nesteds", NESTED, {"spec": {"a": None, "b": [{"c": "d"}]}},
         r"DESCRIPTION:.*preserve-unknown-properties in nested field for Testing"),
    ):  # fmt: skip
        with defined(api, definition(plural, schema=schema, scope="Namespaced")) as found:
            taken(cluster, namespace, plural, body)
            if schema.get("x-kubernetes-preserve-unknown-fields"):
                told = api.must("GET", "/openapi/v2")["definitions"][f"com.example.mygroup.v1.{plural.capitalize()}"]
                assert told.keys() == {"type", "x-kubernetes-group-version-kind"}
            shown = cluster.kubectl("explain", found["metadata"]["name"])
            assert re.search(pattern, shown, re.DOTALL), shown
