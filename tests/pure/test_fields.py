"""Field selectors: their text, their meaning, and what is said of broken ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.objects import fields
from fairway.objects.errors import StatusError

POD = {"metadata": {"name": "a", "namespace": "n"}, "spec": {"nodeName": "m"}}
READERS = {"spec.nodeName": lambda pod: pod["spec"].get("nodeName", "")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("metadata.name=a", True),
        ("metadata.name==a,metadata.namespace=n", True),
        ("metadata.name=a,spec.nodeName!=m", False),
        ("spec.nodeName=", False),
        (",metadata.name!=b,,", True),
        ("=", True),
        ("!=", True),
        ("==,metadata.name=b", False),
    ],
)
def test_all_comparisons_must_hold(text: str, expected: bool) -> None:
    assert fields.select(text, READERS).matches(POD) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("foo=1", "field label not supported: foo"),
        ("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
        ("metadata.name=a=b", "invalid field selector: unescaped character in value: 61"),
        ("metadata.name=a\\", "invalid field selector: invalid escape sequence: \\"),
        (r"metadata.name=a\b", r"invalid field selector: invalid escape sequence: \b"),
    ],
)
def test_a_broken_selector_is_refused(text: str, message: str) -> None:
    with pytest.raises(StatusError) as caught:
        fields.select(text, READERS)
    assert (caught.value.code, caught.value.message) == (400, message)


@given(st.text("ab\\,=", max_size=8))
def test_any_value_survives_its_text(value: str) -> None:
    term = fields.Term("metadata.name", True, value)
    assert list(fields.terms(str(term))) == [term]


def test_the_exact_value_of_a_field_is_known() -> None:
    selector = fields.select("metadata.name=a,metadata.namespace!=b", {})
    assert selector.exact("metadata.name") == "a"
    assert selector.exact("metadata.namespace") is None
    assert not fields.EVERYTHING
