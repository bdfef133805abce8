"""fairway explain: to the letter as kubectl explain, for documents with all that a document may hold."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from canned_api import CannedApi
from described_objects import make

from fairway.objects import Object

pytestmark = pytest.mark.component
LONG = (
    "A text that is longer than one line, so that it must be broken, and  has two  spaces and a "
    + "w" * 90
    + " in it. "
)


def ref(name: str) -> Object:
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS: Object = {
    "com.example.v1.Widget": {
        "description": "A widget.\nIn two lines.",
        "type": "object",
        "required": ["spec"],
        "externalDocs": {"description": LONG, "url": "https://example.com"},
        "properties": {
            "spec": {"allOf": [ref("com.example.v1.WidgetSpec")], "default": {}},
            "kind": {"type": "string", "description": LONG * 3},
            "color": {"type": "string", "enum": ["red", "", "blue"], "description": "Its colour."},
            "size": {"type": "string", "enum": ["a", "b", "c", "d", "e"]},
            "plain": {"type": "object"},
            "outside": {"type": "string", "externalDocs": {"description": LONG, "url": "https://example.com/o"}},
            "link": {"type": "string", "externalDocs": {"url": "https://example.com/l"}},
        },
        "x-kubernetes-group-version-kind": [{"group": "example.com", "kind": "Widget", "version": "v1"}],
    },
    "com.example.v1.WidgetSpec": {
        "description": LONG,
        "properties": {
            "parts": {"type": "array", "items": ref("com.example.v1.Part"), "description": "Parts."},
            "byName": {"type": "object", "additionalProperties": ref("com.example.v1.Part")},
            "words": {"type": "array", "items": {"type": "array", "items": {"type": "string", "default": ""}}},
            "free": {"type": "object", "additionalProperties": True},
            "numbers": {"type": "object", "additionalProperties": {"type": "integer"}},
            "amount": {"allOf": [ref("com.example.v1.Amount")]},
            "missing": ref("com.example.v1.Missing"),
            "both": {"allOf": [ref("com.example.v1.Part"), ref("com.example.v1.Amount")], "description": "Both."},
            "inline": {
                "type": "object",
                "required": ["b"],
                "properties": {"b": {"type": "boolean"}, "a": {"type": "number"}},
            },
        },
    },
    "com.example.v1.Part": {
        "description": "A part, which has parts.",
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "description": ""},
            "parts": {"type": "array", "items": ref("com.example.v1.Part")},
            "mode": {"type": "string", "enum": ["x", "y"], "description": "One or the other."},
        },
    },
    "com.example.v1.Amount": {"description": "How much.", "type": "string"},
}
KIND = {"group": "example.com", "kind": "Widget", "version": "v1"}
DOCUMENTS: dict[str, Object] = {
    "/openapi/v3": {"paths": {"apis/example.com/v1": {"serverRelativeURL": "/openapi/v3/apis/example.com/v1?hash=1"}}},
    "/openapi/v3/apis/example.com/v1": {
        "openapi": "3.0.0",
        "info": {"title": "x", "version": "1"},
        "paths": {
            "/apis/example.com/v1/namespaces/{namespace}/widgets/{name}": {
                "get": {"x-kubernetes-group-version-kind": KIND}
            }
        },
        "components": {"schemas": SCHEMAS},
    },
}


@pytest.fixture(scope="module")
def api() -> Iterator[CannedApi]:
    with CannedApi([make("Widget", "w", "example.com/v1")], DOCUMENTS) as served:
        yield served


@pytest.mark.parametrize(
    "form",
    [
        "widgets",
        "widgets --recursive",
        "widget.spec",
        "widget.spec --recursive",
        "widgets.example.com.spec.parts",
        "widgets.spec.parts.parts.parts.name",
        "widgets.spec.parts.mode",
        "widgets.spec.byName.mode",
        "widgets.spec.words",
        "widgets.spec.free",
        "widgets.spec.free.x",
        "widgets.spec.numbers",
        "widgets.spec.amount",
        "widgets.spec.missing",
        "widgets.spec.both",
        "widgets.spec.both.name",
        "widgets.spec.inline",
        "widgets.color",
        "widgets.size",
        "widgets.plain",
        "widgets.outside",
        "widgets.kind",
        "widgets.nope",
        "widgets.spec.nope.deeper",
        "widgets --api-version=example.com/v1",
        "widgets --api-version=example.com/v2",
        "widgets --api-version=a/b/c",
        "widgets --output=html",
        "widgets widgets",
        "gadgets",
        "widgets..spec",
        ".widgets",
        "widgets.spec.parts[0]",
        "",
    ],
)
def test_a_form_of_arguments_means_what_it_means_to_kubectl(api: CannedApi, form: str) -> None:
    theirs, ours = (
        subprocess.run(
            [*program, "explain", *form.split(), f"--server={api.url}"],
            capture_output=True,
            text=True,
            timeout=30,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "KUBECONFIG": "/dev/null", "HOME": "/nonexistent"},
        )
        for program in (["kubectl"], [sys.executable, "-m", "fairway"])
    )
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout)
    assert ours.stderr == theirs.stderr.replace("kubectl", "fairway")
