"""[sig-api-machinery] FieldValidation."""

from typing import Any

from .asking import APPLY, JSON_PATCH, Api
from .definitions import GROUP, defined, definition

PORTS = {
    "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["containerPort", "protocol"],
    "items": {
        "type": "object", "required": ["containerPort", "protocol"],
        "properties": {
            "containerPort": {"type": "integer", "format": "int32"}, "hostIP": {"type": "string"},
            "hostPort": {"type": "integer", "format": "int32"}, "name": {"type": "string"},
            "protocol": {"type": "string"},
        },
    },
}  # fmt: skip
FIELDS: dict[str, Any] = {
    "foo": {"type": "string"}, "ports": PORTS,
    "cronSpec": {"type": "string", "pattern": r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$"},
}  # fmt: skip
STRICT: dict[str, Any] = {
    "type": "object", "properties": {"spec": {"type": "object", "properties": FIELDS}},
}  # fmt: skip
LOOSE: dict[str, Any] = {
    "type": "object",
    "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": FIELDS}},
}  # fmt: skip
EMBEDDED: dict[str, Any] = {
    "type": "object", "x-kubernetes-embedded-resource": True,
    "properties": {
        "metadata": {"type": "object", "properties": {"name": {"type": "string"}}}, "spec": {"type": "object"},
    },
}  # fmt: skip
WITH_TEMPLATE: dict[str, Any] = {
    "type": "object",
    "properties": {"spec": {
        "type": "object", "x-kubernetes-preserve-unknown-fields": True,
        "properties": {**FIELDS, "template": EMBEDDED},
    }},
}  # fmt: skip
DEPLOYMENT = """
{"apiVersion": "apps/v1", "kind": "Deployment",
 "metadata": {"name": "my-dep", %s "labels": {"app": "nginx"}},
 "spec": {%s "selector": {"matchLabels": {"app": "nginx"}},
  "template": {"metadata": {"labels": {"app": "nginx"}},
   "spec": {"containers": [{"name": "nginx", "image": "nginx:latest"}]}}}}
"""
OPTIONS = {"fieldManager": "field_validation_mgr", "fieldValidation": "Strict"}
PORT_LINES = "  ports:\n  - name: x\n    containerPort: 80\n    protocol: TCP"


def applied(api: Api, plural: str, text: str, *, code: int = 201, version: str = "v1beta1") -> Any:
    """What is answered to an object of ``text`` that is applied; with ``code`` 201 it is taken away again."""
    kind = plural.capitalize()
    one = f"/apis/{GROUP}/{version}/{plural}/mytest"
    head = f"\napiVersion: {GROUP}/{version}\nkind: {kind}\nmetadata:\n  name: mytest\n"
    told = api.ask("PATCH", one, head + text, media=APPLY, **OPTIONS)
    assert told.status == code, told.body
    if code == 201:
        api.must("PATCH", one, [{"op": "remove", "path": "/metadata/finalizers"}], media=JSON_PATCH)
        api.must("DELETE", one)
    return told.body


def test_server_side_field_validation_typed_object(api: Api, namespace: str) -> None:
    body = DEPLOYMENT % ("", '"unknownField": "foo", "replicas": 2, "replicas": 3,')
    told = api.answered(400, "POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", body, **OPTIONS)
    assert (
        'strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas"' in told["message"]
    )


def test_server_side_field_validation_typed_unknown_metadata(api: Api, namespace: str) -> None:
    body = DEPLOYMENT % ('"unknownMeta": "foo",', "")
    told = api.answered(400, "POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", body, **OPTIONS)
    assert 'strict decoding error: unknown field "metadata.unknownMeta"' in told["message"]


def test_server_side_field_validation_valid_cr_with_validation_schema(api: Api) -> None:
    with defined(api, definition("validcrs", schema=STRICT)):
        applied(
            api, "validcrs",
            f'  finalizers:\n  - test-finalizer\nspec:\n  foo: foo1\n  cronSpec: "* * * * */5"\n{PORT_LINES}',
        )  # fmt: skip


def test_server_side_field_validation_unknown_fields_cr_no_validation_schema(api: Api) -> None:
    with defined(api, definition("anycrs")):
        applied(
            api, "anycrs",
            f'  finalizers:\n  - test-finalizer\nspec:\n  unknown: uk1\n  cronSpec: "* * * * */5"\n{PORT_LINES}',
        )  # fmt: skip


def test_server_side_field_validation_unknown_fields_cr_fails_validation(api: Api) -> None:
    with defined(api, definition("strictcrs", schema=STRICT)):
        text = f"  finalizers:\n  - test-finalizer\nunknownField: unknown\nspec:\n  foo: foo1\n{PORT_LINES}"
        told = applied(api, "strictcrs", text, code=500)
        assert ".unknownField: field not declared in schema" in told["message"]


def test_server_side_field_validation_unknown_metadata(api: Api) -> None:
    with defined(api, definition("metacrs", schema=WITH_TEMPLATE)):
        template = (
            "  template:\n    apiversion: foo/v1\n    kind: Sub\n    metadata:\n        unknownSubMeta: unknown\n"
            "        name: subobject\n        namespace: default\n"
        )
        text = f"  unknownMeta: unknown\n  finalizers:\n  - test-finalizer\nspec:\n{template}  foo: foo1\n{PORT_LINES}"
        told = applied(api, "metacrs", text, code=500)
        assert ".spec.template.metadata.unknownSubMeta: field not declared in schema" in told["message"]


def test_server_side_field_validation_cr_duplicates(api: Api) -> None:
    with defined(api, definition("doublecrs", schema=LOOSE)):
        text = f"  finalizers:\n  - test-finalizer\nspec:\n  unknown: uk1\n  foo: foo1\n  foo: foo2\n{PORT_LINES}"
        told = applied(api, "doublecrs", text, code=400)
        assert 'line 11: key "foo" already set in map' in told["message"]
