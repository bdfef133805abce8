"""Manifests: the values of a JSON stream are Python's, and its faults are told without falling over."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.cli.arguments.heads import refused
from fairway.cli.arguments.json_stream import values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.lists(JSON, max_size=3))
def test_values_are_those_that_were_written(written: list[object]) -> None:
    assert list(values("\n".join(map(json.dumps, written)))) == written


@given(JSON.map(json.dumps), st.data())
def test_any_fault_is_told_with_its_place(text: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(text)))
    broken = "{" + text[:cut] + data.draw(st.text("{}[]:,\"'\\x01-tfn\n", max_size=3)) + text[cut:]
    try:
        list(values(broken))
    except ValueError as error:
        assert str(error) == "unexpected EOF" or str(error).startswith("json: offset "), broken


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("foo", "json: cannot unmarshal string into Go value of type unstructured.detector"),
        (
            {"kind": "A", "metadata": {"name": True}},
            "cannot unmarshal bool into Go struct field ObjectMeta.metadata.name",
        ),
        ({"kind": "A", "metadata": {"labels": {"a": 1}}}, "ObjectMeta.metadata.labels of type string"),
        ({"kind": "A", "metadata": {"labels": {"a": None}}}, ""),
        ({"apiVersion": "v1"}, "Object 'Kind' is missing in '{\"apiVersion\":\"v1\"}'"),
    ],
)
def test_what_is_no_object_is_refused(document: object, said: str) -> None:
    assert said in refused(document)
    assert bool(said) == bool(refused(document))
