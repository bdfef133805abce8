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
    (X, {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True,
         "default": {"kind": "A"}},
     f"{ROOT}.properties[x].default.apiVersion: Required value: must not be empty"),
    (X, {"type": "object", "default": {"kind": "A"}},
     f'{ROOT}.properties[x].default: Invalid value: {{"kind":"A"}}: must not have unknown fields'),
    (X, {"type": "string", "default": "x", "x-kubernetes-validations": [{"rule": "self.startsWith('kube')"}]},
     f"{ROOT}.properties[x].default: Invalid value: \"x\": failed rule: self.startsWith('kube')"),
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
    ((*SCHEMA, "anyOf"), [{"properties": {"q": {"minimum": 1}}}],
     f"{ROOT}.properties[q]: Required value: because it is defined in {ROOT}.anyOf[0].properties[q]"),
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
    (("spec", "conversion"), {}, "spec.conversion.strategy: Required value"),
    (("spec", "conversion"), {"strategy": "Webhook"},
     "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook"),
    (X, {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "map"},
     f"{ROOT}.properties[x].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type "
     "is map"),
    ((*SCHEMA, "additionalProperties"), True, f"{ROOT}.additionalProperties: Forbidden: must not be used at the root"),
    (X, {"type": "object", "x-kubernetes-embedded-resource": True},
     f"{ROOT}.properties[x].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true "
     "without x-kubernetes-preserve-unknown-fields"),
    (X, {"type": "object", "$schema": "s"}, f'{ROOT}: Invalid value: "": OpenAPIV3Schema \'schema\' is not supported'),
    (X, {"type": "null"}, f"{ROOT}.properties[x].type: Forbidden: type cannot be set to null, use nullable as an "
     "alternative"),
    ((*SCHEMA, "default"), {"x": {}}, f"{ROOT}.default.kind: Required value: must not be empty"),
    ((*SCHEMA, "properties", "apiVersion"), {"type": "integer"},
     f'{ROOT}.properties[apiVersion].type: Invalid value: "integer": must be string'),
    ((*SCHEMA, "properties", "metadata"), {"type": "object", "description": "d"},
     f"{ROOT}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but "
     "metadata is implicitly specified"),
    ((*SCHEMA, "properties", "metadata"),
     {"type": "object", "properties": {"name": {"type": "string", "default": "n"}}},
     f"{ROOT}.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata"),
    (X, {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "string"}, {"type": "integer"}]},
     f"{ROOT}.properties[x].anyOf[0].type: Forbidden: must be empty to be structural"),
    (X, {"x-kubernetes-int-or-string": True, "x-kubernetes-preserve-unknown-fields": True},
     f"{ROOT}.properties[x].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if "
     "x-kubernetes-int-or-string is true"),
    (X, {"type": "object", "x-kubernetes-preserve-unknown-fields": False},
     f"{ROOT}.properties[x].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined"),
    (X, {"type": "object", "not": {"properties": {"metadata": {}}}},
     f"{ROOT}.properties[x].not.properties[metadata]: Forbidden: must not be specified in a nested context"),
    (X, {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "set"},
     f"{ROOT}.properties[x].items.x-kubernetes-map-type: Invalid value: \"null\": must be atomic as item of a list "
     "with x-kubernetes-list-type=set"),
    (X, {"type": "array", "items": {"type": "string", "nullable": True}, "x-kubernetes-list-type": "set"},
     f"{ROOT}.properties[x].items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is set"),
    (X, {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "map",
         "x-kubernetes-list-map-keys": ["a"]},
     f"{ROOT}.properties[x].items.type: Invalid value: \"string\": must be object if parent array's "
     "x-kubernetes-list-type is map"),
    (X, {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "object"}}, "required": ["a"]},
         "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"]},
     f"{ROOT}.properties[x].items.properties[a].type: Invalid value: \"object\": must be a scalar type if parent "
     "array's x-kubernetes-list-type is map"),
    (X, {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-map-keys": ["a"]},
     f"{ROOT}.properties[x].x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is "
     "non-empty"),
    (X, {"type": "array", "items": {"type": "string"}, "x-kubernetes-map-type": "atomic"},
     f'{ROOT}.properties[x].type: Invalid value: "array": must be object if x-kubernetes-map-type is specified'),
    (X, {"type": "string", "pattern": "(?!a)b"},
     f'{ROOT}.properties[x].pattern: Invalid value: "(?!a)b": must be a valid regular expression, but isn\'t: error '
     "parsing regexp: invalid or unsupported Perl syntax: `(?!`"),
    (X, {"type": "string", "pattern": "a)"},
     f'{ROOT}.properties[x].pattern: Invalid value: "a)": must be a valid regular expression, but isn\'t: error '
     "parsing regexp: unexpected ): `a)`"),
    (X, {"type": "object", "x-kubernetes-validations": [{"rule": "true", "reason": "No"}]},
     f'{ROOT}.properties[x].x-kubernetes-validations[0].reason: Unsupported value: "No": supported values: '
     '"FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"'),
    (X, {"type": "object", "x-kubernetes-embedded-resource": True,
         "properties": {"metadata": {"type": "object", "default": {"labels": {"a": "?"}}}}},
     f'{ROOT}.properties[x].properties[metadata].default: Invalid value: {{"labels":{{"a":"?"}}}}: must result in '
     "valid metadata: metadata.labels: Invalid value: \"?\": a valid label must be an empty string or consist of "
     "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
     "'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?"
     "[A-Za-z0-9])?')"),
    (("spec", "versions", 0, "deprecationWarning"), "w",
     'spec.versions[0].deprecationWarning: Invalid value: "w": can only be set for deprecated versions'),
    (("spec", "versions", 0), {**VERSION, "deprecated": True, "deprecationWarning": "a\nb"},
     'spec.versions[0].deprecationWarning: Invalid value: "a\\nb": must only contain printable UTF-8 characters; '
     "non-printable character found at index 1"),
    (("spec", "versions", 0, "selectableFields"), [{"jsonPath": ".nowhere"}],
     'spec.selectableFields[0].jsonPath: Invalid value: ".nowhere": is an invalid path: does not refer to a valid '
     "field"),
    (("spec", "versions", 0, "selectableFields"), [{"jsonPath": ".spec"}],
     'spec.selectableFields[0].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or '
     "integer. Enum string fields and strings with formats are allowed."),
    (("spec", "conversion"), {"strategy": "None", "webhook": {"clientConfig": {"url": "https://a"}}},
     "spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook"),
    (("spec", "conversion"), {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1", "v1"],
                                                                "clientConfig": {"url": "https://u@a"}}},
     'spec.conversion.webhookClientConfig.url: Invalid value: "u": user information is not permitted in the URL'),
    (("spec", "conversion"), {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1", "v1"]}},
     'spec.conversion.conversionReviewVersions[1]: Invalid value: "v1": duplicate version'),
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


FINE: list[tuple[tuple[Any, ...], Any]] = [
    (X, {"type": "object", "additionalProperties": False}),
    (X, {"type": "object", "anyOf": [{"properties": {"q": {"minimum": 1}}}]}),
    (X, {"type": "integer", "x-kubernetes-int-or-string": True}),
    (X, {"x-kubernetes-int-or-string": True, "allOf": [{"anyOf": [{"type": "integer"}, {"type": "string"}]}]}),
    (X, {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True,
         "default": {"apiVersion": "v1", "kind": "K"}}),
    (X, {"type": "object", "x-kubernetes-embedded-resource": True,
         "properties": {"metadata": {"type": "object", "default": {"labels": {"a": "b"}, "unknown": 1}}}}),
    (("spec", "versions", 0, "subresources"),
     {"scale": {"specReplicasPath": ".spec.a[0]", "statusReplicasPath": ".status.x"}}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), FINE)
def test_what_only_looks_wrong_is_taken(path: tuple[Any, ...], value: Any) -> None:
    assert told((path, value)) == []
