"""Merge patch: a partial object laid over a document."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.objects.errors import StatusError
from fairway.objects.patches import merge_patch

NAMES = st.sampled_from("abc")
VALUES = st.recursive(
    st.integers(0, 2) | st.booleans() | st.text("xy", max_size=1),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=3)
PATCHES = st.dictionaries(NAMES, st.none() | VALUES | st.dictionaries(NAMES, st.none() | VALUES), max_size=3)


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [  # RFC 7386, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": {"foo": "bar"}}, {"a": {"b": None}}, {"a": {"foo": "bar"}}),
        ({"a": "foo"}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
    ],
)
def test_a_patch_is_laid_over_the_document(document: Any, patch: Any, expected: Any) -> None:
    assert merge_patch.apply(document, patch) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, {"a": [{}, None, [{}]]}),
        ({"a": [1]}, {"a": [{}, None, [{}]]}),
        ({"a": None}, {"a": [{}, None, [{}]]}),
        ({"a": {"x": 1}}, {"a": [{"b": None}, None, [{"c": None}]]}),
    ],
)
def test_objects_in_a_list_lose_their_nulls_but_where_an_object_was(document: Any, expected: Any) -> None:
    assert merge_patch.apply(document, {"a": [{"b": None}, None, [{"c": None}]]}) == expected


def test_nothing_is_no_patch() -> None:
    with pytest.raises(StatusError, match="Invalid JSON Patch"):
        merge_patch.apply({}, None)


@given(DOCUMENTS, DOCUMENTS)
def test_the_patch_of_a_difference_makes_the_target(old: Any, new: Any) -> None:
    assert merge_patch.apply(copy.deepcopy(old), merge_patch.diff(old, new)) == new


@given(DOCUMENTS)
def test_equal_documents_do_not_differ(document: Any) -> None:
    assert merge_patch.diff(document, copy.deepcopy(document)) == {}


@given(DOCUMENTS, PATCHES)
def test_a_patch_laid_over_twice_does_no_more(document: Any, patch: Any) -> None:
    once = merge_patch.apply(document, patch)
    assert merge_patch.apply(copy.deepcopy(once), patch) == once


@given(DOCUMENTS, PATCHES)
def test_the_patch_is_neither_changed_nor_shared(document: Any, patch: Any) -> None:
    before = copy.deepcopy(patch)
    patched = merge_patch.apply(document, patch)
    for value in patched.values():
        if isinstance(value, dict | list):
            value.clear()
    assert patch == before


@pytest.mark.parametrize(("patch", "name"), [([], "array"), ("x", "string"), (3, "number")])
def test_a_patch_is_an_object(patch: Any, name: str) -> None:
    with pytest.raises(StatusError) as caught:
        merge_patch.apply({}, patch)
    assert (caught.value.code, caught.value.message) == (
        400,
        f"error decoding patch: json: cannot unmarshal {name} into Go value of type map[string]interface {{}}",
    )
