"""Bodies of creates and updates, and what the server writes into metadata."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.apiserver import bodies, metadata, yaml_form, yaml_text
from fairway.apiserver.call import ANONYMOUS, Call
from fairway.apiserver.decode import check_name, take_object
from fairway.kinds import CONFIG_MAP, NAMESPACE, REPLICA_SET
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError

NOW = 1_767_225_600.0


def call(body: Any, kind: Kind = CONFIG_MAP, **more: Any) -> Call:
    raw = orjson.dumps(body)
    namespace = "default" if kind.namespaced else None
    return Call("create", kind, ANONYMOUS, namespace=namespace, body=orjson.loads(raw), raw=raw, **more)


def test_kind_version_and_namespace_are_filled_in() -> None:
    assert take_object(call({"metadata": {"name": "a"}})) == {
        "kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "default"},
    }  # fmt: skip
    assert take_object(call({}, NAMESPACE)) == {"kind": "Namespace", "apiVersion": "v1", "metadata": {}}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse "
         "error: json: cannot unmarshal null into Go value of type struct { APIVersion string "
         '"json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (6e756c6c)'),
        ({"kind": 5}, "json: cannot unmarshal number into Go struct field .kind of type string"),
        ({"kind": "Gadget"}, 'Gadget in version "v1" cannot be handled as a ConfigMap: no kind "Gadget" is registered '
         'for version "v1"'),
        ({"apiVersion": "v2"}, "the API version in the data (v2) does not match the expected API version (v1)"),
        ({"metadata": {"namespace": "x"}}, "the namespace of the provided object does not match the namespace sent on "
         "the request"),
    ],
)  # fmt: skip
def test_what_is_no_object_of_the_kind_is_refused(body: Any, message: str) -> None:
    with pytest.raises(StatusError) as refused:
        take_object(call(body))
    assert refused.value.code == 400
    assert message in refused.value.message


def test_an_old_version_is_turned_into_the_stored_one() -> None:
    served = next(one for one in REPLICA_SET.also if one.version == "v1beta1")
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": []}}
    body = {"kind": "ReplicaSet", "apiVersion": "extensions/v1beta1", "spec": {"template": template}}
    found = take_object(call(body, REPLICA_SET, served=served))
    assert (found["apiVersion"], found["spec"]["selector"]) == ("apps/v1", {"matchLabels": {"a": "b"}})
    with pytest.raises(StatusError, match="does not match the expected API version"):
        take_object(call({**body, "apiVersion": "apps/v1"}, REPLICA_SET, served=served))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("b", "the name of the object (b) does not match the name on the URL (a)"),
        ("", "the name of the object (a based on URL) was undeterminable: name must be provided"),
    ],
)
def test_an_update_bears_the_name_of_its_url(name: str, message: str) -> None:
    with pytest.raises(StatusError) as refused:
        check_name(call({}, name="a"), {"metadata": {"name": name}})
    assert refused.value.message == message


def read(text: bytes, media: str = "application/yaml") -> Any:
    return bodies.read(Call("create", CONFIG_MAP, ANONYMOUS, raw=text, content_type=media))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a: 2026-01-01", {"a": "2026-01-01"}),
        (b"a: 010", {"a": 8}),
        (b"1: x\ntrue: y", {"1": "x", "true": True}),
        (b"a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        (b"a: &x {k: v}\nb:\n  <<: *x\n  l: w", {"a": {"k": "v"}, "b": {"k": "v", "l": "w"}}),
        (b"", None),
    ],
)
def test_yaml_means_what_json_can_say(text: bytes, expected: Any) -> None:
    assert read(text) == expected


@pytest.mark.parametrize("text", [b"? [a]\n: b", b"a: !!python/name:os.system", b"{" * 5000, b"\xff\xfe\x00"])
def test_yaml_that_json_cannot_say_is_a_400(text: bytes) -> None:
    with pytest.raises(StatusError) as refused:
        read(text)
    assert refused.value.code == 400


def test_of_keys_that_stand_twice_a_few_are_told_and_the_last_value_counts() -> None:
    doubled: list[str] = []
    assert yaml_form.load(b"a: 1\n" * 1000, doubled) == {"a": 1}
    assert doubled[:1] == ['line 2: key "a" already set in map'] and len(doubled) == 100
    with pytest.raises(ValueError, match='line 2: key "a" already set in map'):
        yaml_form.load(b"a: 1\na: 2")


WORDS = st.sampled_from((
    *"~.-#='\"\\%@`|>/\t\x85\x7f\u2028\ufeff\ufffe\U0001f600[]", "", "a", "yes", "No", "null", "on", "0x1f", "1e3",
    "1_000", "v1", "_1", "e1", "{}", ".inf", "12:30:45", "2026-01-01", "- a", "a: b", "a:b", "a #b", "<<", "!x", "&a",
    "*a", " a ", "a\n b\n", "ü: -\n", "k" * 600, "ü " * 300, "f:a/b.c",
))  # fmt: skip
TEXTS = WORDS | st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
SCALARS = TEXTS | st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1)
KEYS = TEXTS.filter(lambda text: text != "<<")
VALUES = st.recursive(
    SCALARS | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=15,
)  # fmt: skip


@given(VALUES)
def test_what_is_written_as_yaml_is_read_back(found: Any) -> None:
    assert yaml_form.load(yaml_text.dump(found)) == found
    items = yaml_text.dump_item(found) + yaml_text.dump_item([found])
    assert yaml_form.load(b"items:\n" + items)["items"] == [found, [found]]


def test_yaml_looks_as_it_does_elsewhere() -> None:
    found = {"b": {"y": [{"name": "x", "on": "off"}, [1, "1"]], "e": {}, "l": []}, "a": "10m", "c": None, "t": "a\nb"}
    assert yaml_text.dump(found).decode().splitlines() == [
        "a: 10m", "b:", "  e: {}", "  l: []", '  "y":', "  - name: x", '    "on": "off"', "  - - 1", '    - "1"',
        "c: null", "t: |-", "  a", "  b",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", '""'), ("207", '"207"'), ("1e3", '"1e3"'), ("0o7", '"0o7"'), ("1:30", '"1:30"'), ("y", '"y"'),
        ("2026-01-01T00:00:00Z", '"2026-01-01T00:00:00Z"'), ("a: b", "'a: b'"), ("_1", "_1"), ("1a", "1a"),
        ("two\nlines\n", "|\n  two\n  lines"), ("null", '"null"'),
    ],
)  # fmt: skip
def test_texts_are_quoted_as_upstream_quotes_them(text: str, written: str) -> None:
    """Seen side by side with kube-apiserver; members stand in the order of their names."""
    assert yaml_text.dump({"b": text, "a": 1}).decode() == f"a: 1\nb: {written}\n"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"a: b: c", "mapping values are not allowed in this context"),
        (b"a: b\n c: d", "line 2: mapping values are not allowed in this context"),
        (b"a:\n\t- b", "line 2: found character that cannot start any token"),
        (b"{a: 1", "line 1: did not find expected ',' or '}'"), (b"a: *b", "unknown anchor 'b' referenced"),
        (b"- a\nb: c", "line 1: did not find expected '-' indicator"), (b"%", "could not find expected directive name"),
        (b"<<: [a]", "map merge requires map or sequence of maps as the value"),
    ],
)  # fmt: skip
def test_faults_of_yaml_are_told_in_the_words_of_upstreams_library(raw: bytes, told: str) -> None:
    with pytest.raises(ValueError, match="yaml") as error:
        yaml_form.load(raw)
    assert str(error.value) == f"yaml: {told}"


def test_of_several_documents_the_first_one_counts() -> None:
    assert yaml_form.load(b"a: 1\n---\na: 2") == {"a": 1}


def begun(kind: Kind, **given: Any) -> Object:
    new: Object = {"metadata": given}
    metadata.begin(new, kind, uid="u", now_s=NOW)
    found: Object = new["metadata"]
    return found


def test_a_new_object_gets_its_identity_and_loses_what_it_may_not_say() -> None:
    assert begun(CONFIG_MAP, labels={}, name="a", uid="mine", generation=4, deletionTimestamp="x") == {
        "name": "a", "uid": "u", "generation": 4, "creationTimestamp": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    assert begun(REPLICA_SET, name="a")["generation"] == 1


def test_a_generated_name_is_cut_so_that_its_ending_fits() -> None:
    new = {"metadata": {"generateName": "x" * 70}}
    metadata.generate_name(new, "bcdfg")
    assert new["metadata"]["name"] == "x" * 58 + "bcdfg"
    assert metadata.ending(lambda letters: letters[-1]) == "99999"


def test_an_update_keeps_what_it_may_not_change() -> None:
    old = {
        "name": "a", "uid": "u", "resourceVersion": "7", "generation": 2, "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "m", "operation": "Update"}],
    }  # fmt: skip
    new: Object = {"metadata": {"name": "a", "generation": 9, "labels": {"x": "y"}}}
    metadata.carry(new, {"metadata": old})
    assert new["metadata"] == {**old, "labels": {"x": "y"}}


def test_the_generation_grows_with_the_spec_alone() -> None:
    old = {"metadata": {"generation": 3}, "spec": {"replicas": 1}}
    same: Object = {"metadata": {"generation": 3}, "spec": {"replicas": 1}, "status": {}}
    other: Object = {"metadata": {"generation": 3}, "spec": {"replicas": 2}}
    metadata.grow(same, old)
    metadata.grow(other, old)
    assert (same["metadata"]["generation"], other["metadata"]["generation"]) == (3, 4)


@pytest.mark.parametrize(
    ("raw", "is_plain"),
    [
        (b'{"a": 1, "b": ["x", null, true, 1.5]}', True), (b'{"a": "\\u00fc"}', True), (b"a: 1\n", False),
        (b'{"a": {"<<": {"b": 1}}}', False), (b'{"a": 1, "a": 2}', False), (b"{a: 1}", False), (b'{"a": yes}', False),
        (b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}", False),
    ],
)  # fmt: skip
def test_what_is_applied_as_json_is_read_as_json_where_yaml_sees_the_same(raw: bytes, is_plain: bool) -> None:
    found = bodies._plain_json(raw)
    assert (found is not None) is is_plain
    if is_plain:
        assert found == bodies.read_yaml(raw, [])
