"""JSON with the bytes of Go's encoder."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.apiserver import go_json, pretty
from fairway.apiserver.protobuf import decode
from fairway.apiserver.protobuf.encoding import content, ends
from fairway.apiserver.stored import encode, splice

TEXTS = st.text(st.sampled_from('<>&\u2028\u2029\u2027ab\\"ä\n'), max_size=12)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"a<b": "<none>"}, rb'{"a\u003cb":"\u003cnone\u003e"}'), (["a && b"], rb'["a \u0026\u0026 b"]'),
        ("\u2028ä\u2029", '"\\u2028ä\\u2029"'.encode()), ("\u2027 \\u003c", '"\u2027 \\\\u003c"'.encode()),
    ],
)  # fmt: skip
def test_what_go_escapes_is_escaped(value: Any, written: bytes) -> None:
    assert go_json.dumps(value) == written


@given(st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8))
def test_it_says_the_same(value: Any) -> None:
    made = go_json.dumps(value)
    assert orjson.loads(made) == value == orjson.loads(pretty.spread(made))
    assert not set(made) & set(b"<>&") and b"\xe2\x80\xa8" not in made
    assert go_json.escaped(made) == made


@given(TEXTS)
def test_stored_objects_go_out_so_in_protobuf_too(text: str) -> None:
    found = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}, "data": {"b": text}}
    wire = splice(encode({**found, "metadata": {"name": "a"}}), 7)
    assert wire == go_json.dumps({**found, "metadata": {"resourceVersion": "7", "name": "a"}})
    head, tail = ends("v1", "ConfigMap")
    assert decode(b"".join((head, content("core.v1.ConfigMap", wire), tail)))["data"] == {"b": text}
