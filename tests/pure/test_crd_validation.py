"""Mistakes in definitions of kinds, and the texts that tell of them."""

from copy import deepcopy
from typing import Any

import pytest

from fairway.kinds.custom_resource_definition import CUSTOM_RESOURCE_DEFINITION
from fairway.objects import Object

GOOD: Object = {
    "metadata": {"name": "cs.a.b"},
    "spec": {
        "group": "a.b", "scope": "Namespaced", "names": {"plural": "cs", "kind": "C"},
        "versions": [{
            "name": "v1", "served": True, "storage": True,
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}}},
        }],
    },
}  # fmt: skip
ROOT = "spec.validation.openAPIV3Schema"
SCHEMA = ("spec", "versions", 0, "schema", "openAPIV3Schema")
X = (*SCHEMA, "properties", "x")


def told(*changes: tuple[tuple[Any, ...], Any]) -> list[str]:
    made = deepcopy(GOOD)
    for path, value in changes:
        found: Any = made
        for step in path[:-1]:
            found = found[step]
        if value is None:
            del found[path[-1]]
        else:
            found[path[-1]] = value
    CUSTOM_RESOURCE_DEFINITION.defaults(made)
    CUSTOM_RESOURCE_DEFINITION.prepare(made, None, "")
    return [problem.text for problem in CUSTOM_RESOURCE_DEFINITION.validate(made, None)]


VERSION = GOOD["spec"]["versions"][0]
MISTAKES: list[tuple[tuple[Any, ...], Any, str]] = [
    (("metadata", "name"), "x.a.b", 'metadata.name: Invalid value: "x.a.b": must be spec.names.plural+"."+spec.group'),
    (("spec", "scope"), "Node", 'spec.scope: Unsupported value: "Node": supported values: "Cluster", "Namespaced"'),
    (("spec", "names", "listKind"), "C",
     'spec.names.listKind: Invalid value: "C": kind and listKind may not be the same'),
    (("spec", "preserveUnknownFields"), True,
     "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set "
     "x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"),
    (("spec", "versions", 0, "schema"), None,
     "spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required"),
    ((*SCHEMA, "type"), None, f"{ROOT}.type: Required value: must not be empty at the root"),
    ((*SCHEMA, "type"), "array", f'{ROOT}.type: Invalid value: "array": must be object at the root'),
    (X, {}, f"{ROOT}.properties[x].type: Required value: must not be empty for specified object fields"),
    (X, {"type": "array", "items": {}},
     f"{ROOT}.properties[x].items.type: Required value: must not be empty for specified array items"),
    (X, {"type": "array"}, f"{ROOT}.properties[x].items: Required value: must be specified"),
    (X, {"type": "string", "default": 1},
     f'{ROOT}.properties[x].default: Invalid value: "integer":  in body must be of type string: "integer"'),
    ((*SCHEMA, "properties", "metadata"),
     {"type": "object", "properties": {"name": {"type": "string", "default": "a"}}},
     f"{ROOT}.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata"),
    (X, {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"metadata": {
        "type": "object", "properties": {"labels": {
            "type": "object", "additionalProperties": {"type": "string", "default": "a"}}}}}},
     f"{ROOT}.properties[x].properties[metadata].properties[labels].additionalProperties.default: Forbidden: "
     "must not be set inside additionalProperties applying to object metadata"),
    (X, {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {
        "metadata": {"type": "object", "default": {"name": "a/b"}}}},
     f'{ROOT}.properties[x].properties[metadata].default: Invalid value: {{"name":"a/b"}}: must result in valid '
     "metadata: metadata.name: Invalid value: \"a/b\": may not contain '/'"),
    (X, {"type": "object", "x-kubernetes-embedded-resource": True, "default": {"kind": "A"}},
     f"{ROOT}.properties[x].default.apiVersion: Required value: must not be empty"),
    (X, {"type": "object", "default": {"kind": "A"}},
     f'{ROOT}.properties[x].default: Invalid value: {{"kind":"A"}}: must not have unknown fields'),
    (X, {"type": "string", "default": "x", "x-kubernetes-validations": [{"rule": "self.startsWith('kube')"}]},
     f"{ROOT}.properties[x].default: Invalid value: \"string\": failed rule: self.startsWith('kube')"),
    (X, {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
     f"{ROOT}.properties[x].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity "
     "becomes quadratic"),
    (X, {"type": "string", "x-kubernetes-list-type": "set"},
     f'{ROOT}.properties[x].type: Invalid value: "string": must be array if x-kubernetes-list-type is specified'),
    (X, {"type": "object", "anyOf": [{"type": "object"}]},
     f"{ROOT}.properties[x].anyOf[0].type: Forbidden: must be empty to be structural"),
    (X, {"type": "object", "allOf": [{"x-kubernetes-validations": [{"rule": "true"}]}]},
     f"{ROOT}.properties[x].allOf[0].x-kubernetes-validations: Forbidden: must be empty to be structural"),
    (X, {"type": "array", "items": {"type": "string"}, "anyOf": [{"x-kubernetes-list-type": "set"}]},
     f"{ROOT}.properties[x].anyOf[0].x-kubernetes-list-type: Forbidden: must be undefined to be structural"),
    (X, {"type": "object", "oneOf": [{"nullable": True}]},
     f"{ROOT}.properties[x].oneOf[0].nullable: Forbidden: must be false to be structural"),
    (X, {"type": "object", "anyOf": [{"properties": {"q": {"minimum": 1}}}]},
     f"{ROOT}.properties[x].properties[q]: Required value: because it is defined in "
     f"{ROOT}.properties[x].anyOf[0].properties[q]"),
    (("spec", "versions", 0, "subresources"),
     {"scale": {"specReplicasPath": ".x", "statusReplicasPath": ".status.x"}},
     'spec.subresources.scale.specReplicasPath: Invalid value: ".x": should be a json path under .spec'),
    (("spec", "versions", 0, "additionalPrinterColumns"), [{"name": "a", "type": "text", "jsonPath": ".a"}],
     'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string'),
    (("spec", "versions", 0, "additionalPrinterColumns"), [{"name": "a", "type": "string", "jsonPath": "a"}],
     'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .'),
    (("spec", "versions", 0, "additionalPrinterColumns"), [{"name": "a", "type": "string", "format": "bool"}],
     'spec.additionalPrinterColumns[0].format: Invalid value: "bool": must be one of byte,date,date-time,double,'
     "float,int32,int64,password"),
    (("spec", "versions", 0, "subresources"), {"scale": {"specReplicasPath": "spec.x"}},
     'spec.subresources.scale.specReplicasPath: Invalid value: "spec.x": must be a simple json path starting with .'),
    (("spec", "conversion"), {"strategy": "Webhook"},
     "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook"),
    (X, {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "map"},
     f"{ROOT}.properties[x].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type "
     "is map"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "text"), MISTAKES)
def test_a_mistake_is_told(path: tuple[Any, ...], value: Any, text: str) -> None:
    assert text in told((path, value))


def test_what_is_right_is_not_refused() -> None:
    assert told() == []


def test_versions_that_differ_are_told_at_their_own_place() -> None:
    other = {**deepcopy(VERSION), "name": "v2", "storage": False, "schema": {"openAPIV3Schema": {"type": "string"}}}
    assert told((("spec", "versions"), [VERSION, other])) == [
        'spec.versions[1].schema.openAPIV3Schema.type: Invalid value: "string": must be object at the root'
    ]


@pytest.mark.parametrize(
    ("storages", "is_wrong"), [((True, False), False), ((False, False), True), ((True, True), True)]
)
def test_one_version_is_stored(storages: tuple[bool, bool], is_wrong: bool) -> None:
    versions = [{**deepcopy(VERSION), "name": f"v{n}", "storage": storage} for n, storage in enumerate(storages, 1)]
    found = told((("spec", "versions"), versions))
    assert any("must have exactly one version marked as storage version" in text for text in found) is is_wrong


@pytest.mark.parametrize(
    ("approval", "text"),
    [
        ("https://github.com/kubernetes/enhancements/pull/1", ""),
        ("unapproved, experimental", ""),
        ("", "protected groups must have approval annotation"),
        ("yes", "with either a URL or a reason starting with"),
    ],
)
def test_kubernetes_own_groups_need_an_approval(approval: str, text: str) -> None:
    annotations = {"api-approved.kubernetes.io": approval} if approval else {}
    changes = [
        (("metadata",), {"name": "cs.x.k8s.io", "annotations": annotations}),
        (("spec", "group"), "x.k8s.io"),
    ]
    found = told(*changes)
    assert found == [] if not text else text in found[0]
