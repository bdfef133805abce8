"""Structural schemas: laws of pruning and defaulting, and what values may be."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.objects.structural.defaulting import fill
from fairway.objects.structural.formats import has_format, matcher
from fairway.objects.structural.pruning import prune
from fairway.objects.structural.validation import problems

NAMES = st.sampled_from(["a", "b", "c", "d"])
LEAVES = st.sampled_from([
    {"type": "string"}, {"type": "string", "default": "x"}, {"type": "integer", "default": 3}, {"type": "boolean"},
    {"type": "string", "nullable": True}, {"type": "string", "nullable": True, "default": "y"},
    {"x-kubernetes-int-or-string": True}, {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
])  # fmt: skip


def _deeper(below: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.dictionaries(NAMES, below, max_size=3).map(lambda found: {"type": "object", "properties": found}),
        st.dictionaries(NAMES, below, max_size=3).map(
            lambda found: {"type": "object", "properties": found, "default": {}}
        ),
        below.map(lambda found: {"type": "object", "additionalProperties": found}),
        below.map(lambda found: {"type": "array", "items": found}),
    )


SCHEMAS = st.dictionaries(NAMES, st.recursive(LEAVES, _deeper, max_leaves=8), max_size=4).map(
    lambda found: {"type": "object", "properties": found}
)
VALUES = st.recursive(
    st.sampled_from([None, True, 1, "x"]),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(NAMES, below, max_size=3)),
    max_leaves=10,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)


@given(SCHEMAS, OBJECTS)
def test_pruning_twice_is_pruning_once(schema: Any, found: Any) -> None:
    prune(found, schema)
    once = deepcopy(found)
    assert prune(found, schema) == []
    assert found == once


@given(SCHEMAS, OBJECTS)
def test_filling_in_twice_is_filling_in_once(schema: Any, found: Any) -> None:
    fill(found, schema)
    once = deepcopy(found)
    fill(found, schema)
    assert found == once


@given(SCHEMAS, OBJECTS)
def test_defaults_need_no_pruning(schema: Any, found: Any) -> None:
    prune(found, schema)
    fill(found, schema)
    assert prune(found, schema) == []


@given(SCHEMAS, OBJECTS)
def test_what_did_not_change_is_not_judged_again(schema: Any, found: Any) -> None:
    assert list(problems(found, schema, deepcopy(found))) == []


def spec(**schema: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"x": schema}}


NOTHING_VALID = '<nil>: Invalid value: "": "x" must validate one and only one schema (oneOf). Found none valid'
TEXTS: list[tuple[dict[str, Any], Any, list[str]]] = [
    ({"type": "string"}, 1, ['x: Invalid value: "integer": x in body must be of type string: "integer"']),
    ({"type": "integer"}, 1.5, ['x: Invalid value: "number": x in body must be of type integer: "number"']),
    ({"type": "integer"}, 1.0, []),
    ({"type": "number"}, 1, []),
    ({"type": "boolean"}, "true", ['x: Invalid value: "string": x in body must be of type boolean: "string"']),
    ({"type": "object"}, [], ['x: Invalid value: "array": x in body must be of type object: "array"']),
    ({"type": "string"}, None, ['x: Invalid value: "null": x in body must be of type string: "null"']),
    ({"type": "string", "nullable": True}, None, []),
    ({"type": "integer"}, 2.0**60, ['x: Invalid value: "number": x in body must be of type integer: "number"']),
    ({"type": "string", "minLength": 2, "pattern": "^b"}, "a",
     ['x: Invalid value: "a": x in body should be at least 2 chars long']),
    ({"type": "string", "format": "date-time"}, "now",
     ['x: Invalid value: "now": x in body must be of type date-time: "now"']),
    ({"type": "integer", "multipleOf": 3}, 4, ["x: Invalid value: 4: x in body should be a multiple of 3"]),
    ({"type": "integer", "maximum": 3, "exclusiveMaximum": True}, 3,
     ["x: Invalid value: 3: x in body should be less than 3"]),
    ({"type": "array", "items": {"type": "string"}, "maxItems": 1}, ["a", "b"],
     ["x: Too many: 2: must have at most 1 items"]),
    ({"type": "array", "items": {"type": "string"}, "minItems": 1}, [],
     ["x: Invalid value: 0: x in body should have at least 1 items"]),
    ({"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 0}, {"a": "b"},
     ["x: Too many: 1: must have at most 0 items"]),
    ({"type": "integer", "enum": [1, 2]}, 3, ['x: Unsupported value: 3: supported values: "1", "2"']),
    ({"type": "object", "properties": {"a": {}, "b": {}}, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {},
     [NOTHING_VALID, "x.a: Required value"]),
    ({"type": "object", "properties": {"a": {}, "b": {}}, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
     {"a": 1, "b": 1},
     [f'{NOTHING_VALID.removesuffix("none valid")}2 valid alternatives']),
    ({"type": "string", "not": {"enum": ["a"]}}, "a",
     ['<nil>: Invalid value: "": "x" must not validate the schema (not)']),
    ({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}, "::1", []),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "texts"), TEXTS)
def test_what_is_wrong_is_told_in_upstreams_words(schema: dict[str, Any], value: Any, texts: list[str]) -> None:
    assert [problem.text for problem in problems({"x": value}, spec(**schema))] == texts


FORMATS = [
    ("date-time", "2026-01-02T03:04:05Z", "2026-13-02T03:04:05Z"), ("date", "2026-01-02", "2026-1-2"),
    ("duration", "1h30m", "1x"), ("ipv4", "1.2.3.4", "::1"), ("ipv6", "::1", "1.2.3.4"),
    ("cidr", "10.0.0.0/8", "10.0.0.0"), ("hostname", "a.b", "a b"), ("uri", "https://a/b", "a b"),
    ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123"), ("byte", "YQ==", "%"),
    ("email", "a@b.c", "a"), ("mac", "00:11:22:33:44:55", "00"), ("k8s-short-name", "a-b", "A"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "right", "wrong"), FORMATS)
def test_formats(name: str, right: str, wrong: str) -> None:
    assert has_format(right, name)
    assert not has_format(wrong, name)


def test_a_pattern_that_repeats_groups_is_matched_in_bounded_time() -> None:
    assert not matcher("^(a+)+$")("a" * 5000 + "b")
    assert matcher(r"^[a-z]+$")("abc")
    assert not matcher(r"^[a-z]+$")("abc\n")
    with pytest.raises(ValueError, match="missing"):
        matcher("(")
