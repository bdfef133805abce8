"""JSON patch: every operation, and the one answer to whatever does not fit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.objects.errors import StatusError
from fairway.objects.patches import json_patch

REJECTED = "the server rejected our request due to an error in our request"


@pytest.mark.parametrize(
    ("document", "operation", "expected"),
    [
        ({"a": 1}, {"op": "add", "path": "/b", "value": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"op": "add", "path": "/a", "value": None}, {"a": None}),
        ({"a": [1, 3]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2, 3]}),
        ({"a": [1]}, {"op": "add", "path": "/a/-", "value": 2}, {"a": [1, 2]}),
        ({"a": [1]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2]}),
        ({"a": 1}, {"op": "replace", "path": "", "value": {"b": 1}}, {"b": 1}),
        ({"a": 1, "b": 2}, {"op": "remove", "path": "/a"}, {"b": 2}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/0"}, {"a": [2]}),
        ({"a": 1}, {"op": "replace", "path": "/a", "value": 2}, {"a": 2}),
        ({"a": [1]}, {"op": "replace", "path": "/a/0", "value": 2}, {"a": [2]}),
        ({"a": {"b": 1}}, {"op": "move", "from": "/a/b", "path": "/c"}, {"a": {}, "c": 1}),
        ({"a": [1, 2, 3]}, {"op": "move", "from": "/a/0", "path": "/a/2"}, {"a": [2, 3, 1]}),
        ({"a": [1]}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": [1], "b": [1]}),
        ({"a/b": {"c~d": 1}}, {"op": "replace", "path": "/a~1b/c~0d", "value": 2}, {"a/b": {"c~d": 2}}),
        ({"": 1}, {"op": "replace", "path": "/", "value": 2}, {"": 2}),
        ({"a": {"b": [1]}}, {"op": "test", "path": "/a", "value": {"b": [1]}}, {"a": {"b": [1]}}),
        ({"a": 1}, {"op": "test", "path": "/b", "value": None}, {"a": 1}),
        ({"a": 1}, {"op": "test", "path": "/b"}, {"a": 1}),
        ({"a": 1}, {"op": "test", "path": "", "value": {"a": 1}}, {"a": 1}),
    ],
)
def test_an_operation_changes_one_place(document: Any, operation: Any, expected: Any) -> None:
    assert json_patch.apply(document, [operation]) == expected


@pytest.mark.parametrize(
    ("document", "operation", "expected"),
    [
        ({"a": 1}, {"op": "replace", "path": "/b", "value": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"op": "add", "path": "/a"}, {"a": None}),
        ({"a": 1}, {"op": "copy", "from": "/b", "path": "/c"}, {"a": 1, "c": None}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/-1"}, {"a": [1]}),
        ({"a": [1, 2]}, {"op": "replace", "path": "/a/-2", "value": 3}, {"a": [3, 2]}),
        ({"a": [1, 2]}, {"op": "add", "path": "/a/-1", "value": 3}, {"a": [1, 2, 3]}),
        ({"a": [1, 2]}, {"op": "add", "path": "/a/-3", "value": 3}, {"a": [3, 1, 2]}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/+01"}, {"a": [1]}),
        ({"a": [1, 2]}, {"op": "test", "path": "/a/-1", "value": 2}, {"a": [1, 2]}),
        ({"a": 1}, {"op": "replace", "path": "metadata/a", "value": 2}, {"a": 2}),
        ({"a": [[1], [2]]}, {"op": "move", "from": "/a/0", "path": "/a/0/0"}, {"a": [[[1], 2]]}),
    ],
)
def test_upstream_is_more_lenient_than_the_rfc(document: Any, operation: Any, expected: Any) -> None:
    assert json_patch.apply(document, [operation]) == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "sing", "path": "/a"},
        {"path": "/a"},
        {"op": "add", "path": "a", "value": 1},
        {"op": "add", "path": "", "value": {}},
        {"op": "add", "path": "/x/y", "value": 1},
        {"op": "add", "path": "/l/3", "value": 1},
        {"op": "add", "path": "/l/-3", "value": 1},
        {"op": "add", "path": "/l/1.0", "value": 1},
        {"op": "remove", "path": "/l/-2"},
        {"op": "remove", "path": "/l/" + "9" * 5000},
        {"op": "add", "path": "/a/b", "value": 1},
        {"op": "remove", "path": "/x"},
        {"op": "remove", "path": ""},
        {"op": "replace", "path": "/x/y", "value": 1},
        {"op": "replace", "path": "", "value": 5},
        {"op": "replace", "path": ""},
        {"op": "replace", "path": "/l/-", "value": 1},
        {"op": "move", "from": "/o", "path": "/o/i"},
        {"op": "copy", "from": "/x/z", "path": "/y"},
        {"op": "copy", "from": "/l/5", "path": "/y"},
        {"op": "copy", "from": "", "path": "/y"},
        {"op": "test", "path": "/a", "value": True},
        {"op": "test", "path": "/a", "value": 1.0},
        {"op": "test", "path": "/a"},
        {"op": "test", "path": "/x/y"},
        {"op": "test", "path": "/l/5"},
        {"op": "test", "path": "/x", "value": 1},
        "add",
    ],
)
def test_what_does_not_fit_is_rejected(operation: Any) -> None:
    with pytest.raises(StatusError) as caught:
        json_patch.apply({"a": 1, "l": [1], "o": {}}, [operation])
    assert (caught.value.code, caught.value.reason, caught.value.message) == (422, "Invalid", REJECTED)
    assert caught.value.details == {}


def test_a_patch_is_a_list() -> None:
    with pytest.raises(StatusError) as caught:
        json_patch.apply({}, {"op": "add"})
    assert caught.value.code == 400
    assert json_patch.apply({"a": 1}, None) == {"a": 1}


def test_a_patch_has_at_most_10000_operations() -> None:
    with pytest.raises(StatusError) as caught:
        json_patch.apply({}, [{"op": "add", "path": "/a", "value": 1}] * 10_001)
    assert caught.value.code == 413
    assert caught.value.message == (
        "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001"
    )


def test_the_patch_is_left_as_it_is() -> None:
    patch = [{"op": "add", "path": "/a", "value": {}}, {"op": "add", "path": "/a/b", "value": 1}]
    assert json_patch.apply({}, patch) == {"a": {"b": 1}}
    assert patch[0] == {"op": "add", "path": "/a", "value": {}}


VALUES = st.recursive(
    st.integers() | st.text("xy~", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("a/~", max_size=2), inner, max_size=2),
    max_leaves=5,
)
DOCUMENTS = st.dictionaries(st.text("a/~", max_size=2), VALUES, max_size=4)


def pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


@given(DOCUMENTS, DOCUMENTS)
def test_removing_and_adding_every_field_makes_the_target(old: Any, new: Any) -> None:
    patch = [{"op": "remove", "path": pointer(name)} for name in old]
    patch += [{"op": "add", "path": pointer(name), "value": value} for name, value in new.items()]
    patch += [{"op": "test", "path": pointer(name), "value": value} for name, value in new.items()]
    assert json_patch.apply(dict(old), patch) == new
