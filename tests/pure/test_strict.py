"""Field validation: what is kept, what is dropped, and what is said."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.objects import Object, strict
from fairway.objects.errors import StatusError
from fairway.objects.strict.duplicates import has_duplicates
from fairway.objects.strict.shapes import fits

SERVICE: Object = {
    "kind": "Service",
    "apiVersion": "v1",
    "metadata": {"name": "web", "labels": {"app": "web"}, "annotations": {"note": 'say "hi" \\ bye'}},
    "spec": {"ports": [{"port": 80, "targetPort": "http"}], "selector": {"app": "web"}},
}


def service(text: str) -> Object:
    """A Service whose spec is ``text``."""
    return {"raw": b'{"kind":"Service","apiVersion":"v1","metadata":{"name":"web"},"spec":' + text.encode() + b"}"}


def check(raw: bytes, mode: strict.Mode = "Strict", kind: str = "Service", api_version: str = "v1") -> list[str]:
    return strict.check(orjson.loads(raw), raw, api_version=api_version, kind=kind, validation=mode)


def refusal(raw: bytes, mode: strict.Mode = "Strict", kind: str = "Service") -> str:
    with pytest.raises(StatusError) as caught:
        check(raw, mode, kind)
    assert (caught.value.code, caught.value.reason) == (400, "BadRequest")
    prefix = f'{kind} in version "v1" cannot be handled as a {kind}: '
    assert caught.value.message.startswith(prefix)
    return caught.value.message.removeprefix(prefix)


def test_a_good_body_passes_the_fast_way_and_is_unchanged() -> None:
    body = orjson.loads(orjson.dumps(SERVICE))
    assert fits(body, "v1", "Service")
    assert strict.check(body, orjson.dumps(SERVICE), api_version="v1", kind="Service") == []
    assert body == SERVICE


def test_unknown_and_duplicate_fields_are_told_in_the_order_of_the_text() -> None:
    raw = service('{"foo":1,"ports":[{"port":80,"bar":2,"port":81}],"ports":[]}')["raw"]
    assert refusal(raw) == (
        'strict decoding error: unknown field "spec.foo", unknown field "spec.ports[0].bar", '
        'duplicate field "spec.ports[0].port", duplicate field "spec.ports"'
    )


def test_warn_returns_each_problem_and_drops_unknown_fields() -> None:
    raw = service('{"foo":1,"type":"ClusterIP","type":"NodePort"}')["raw"]
    body = orjson.loads(raw)
    warnings = strict.check(body, raw, api_version="v1", kind="Service", validation="Warn")
    assert warnings == ['unknown field "spec.foo"', 'duplicate field "spec.type"']
    assert body["spec"] == {"type": "NodePort"}


def test_ignore_drops_silently() -> None:
    raw = service('{"foo":1,"type":"ClusterIP"}')["raw"]
    body = orjson.loads(raw)
    assert strict.check(body, raw, api_version="v1", kind="Service", validation="Ignore") == []
    assert body["spec"] == {"type": "ClusterIP"}


def test_keys_of_maps_are_free_but_not_doubled() -> None:
    raw = b'{"metadata":{"labels":{"a/b":"1","a/b":"2"}}}'
    assert refusal(raw) == 'strict decoding error: duplicate field "metadata.labels.a/b"'


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ('{"ports":[{"port":"x"}]}', "string into Go struct field ServicePort.spec.ports.port of type int32"),
        ('{"ports":[{"port":1.5}]}', "number 1.5 into Go struct field ServicePort.spec.ports.port of type int32"),
        ('{"ports":[{"port":true}]}', "bool into Go struct field ServicePort.spec.ports.port of type int32"),
        (
            '{"ports":[{"port":3000000000}]}',
            "number 3000000000 into Go struct field ServicePort.spec.ports.port of type int32",
        ),
        (
            '{"ports":[{"targetPort":true}]}',
            "bool into Go struct field ServicePort.spec.ports.targetPort of type int32",
        ),
        ('{"ports":[{"name":1}]}', "number into Go struct field ServicePort.spec.ports.name of type string"),
        (
            '{"ports":[{"protocol":1}]}',
            "number into Go struct field ServicePort.spec.ports.protocol of type v1.Protocol",
        ),
        ('{"ports":{}}', "object into Go struct field ServiceSpec.spec.ports of type []v1.ServicePort"),
        ('{"ports":[1]}', "number into Go struct field ServiceSpec.spec.ports of type v1.ServicePort"),
        ('{"selector":{"a":1}}', "number into Go struct field ServiceSpec.spec.selector of type string"),
        ('{"selector":[]}', "array into Go struct field ServiceSpec.spec.selector of type map[string]string"),
        ('{"externalIPs":"x"}', "string into Go struct field ServiceSpec.spec.externalIPs of type []string"),
        ('"x"', "string into Go struct field Service.spec of type v1.ServiceSpec"),
        (
            '{"foo":1,"publishNotReadyAddresses":"x"}',
            "string into Go struct field ServiceSpec.spec.publishNotReadyAddresses of type bool",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("mode", ["Strict", "Ignore"])
def test_a_wrong_type_is_refused_in_every_mode(spec: str, message: str, mode: strict.Mode) -> None:
    assert refusal(service(spec)["raw"], mode) == f"json: cannot unmarshal {message}"


def test_only_the_first_wrong_type_is_told() -> None:
    assert refusal(service('{"type":1,"ports":2}')["raw"]).endswith("ServiceSpec.spec.type of type v1.ServiceType")


def test_null_means_absent() -> None:
    raw = b'{"metadata":{"name":"web","creationTimestamp":null},"spec":{"type":null,"ports":[{"port":1,"name":null}]}}'
    body = orjson.loads(raw)
    assert strict.check(body, raw, api_version="v1", kind="Service") == []
    assert body == {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 1}]}}


def test_null_in_lists_and_maps_is_the_zero_value() -> None:
    body: Object = {"metadata": {"labels": {"a": None}}, "spec": {"ports": [None], "externalIPs": [None]}}
    strict.check(body, b"", api_version="v1", kind="Service")
    assert body == {"metadata": {"labels": {"a": ""}}, "spec": {"ports": [{}], "externalIPs": [""]}}


def test_the_null_creation_time_of_go_clients_stays_on_the_fast_way() -> None:
    body: Object = {"metadata": {"name": "web", "creationTimestamp": None}}
    assert fits(body, "v1", "Service")
    assert body == {"metadata": {"name": "web"}}


def pod(resources: Any) -> Object:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "resources": resources}]}}


def test_amounts_become_canonical() -> None:
    body = pod({"limits": {"cpu": 1, "memory": "1024Mi"}, "requests": {"cpu": 0.5, "memory": "128Mi"}})
    strict.check(body, b"", api_version="v1", kind="Pod")
    assert body == pod({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m", "memory": "128Mi"}})


def test_what_is_no_amount_is_refused() -> None:
    raw = orjson.dumps(pod({"limits": {"cpu": "lots"}}))
    assert refusal(raw, kind="Pod").startswith("quantities must match the regular expression")


@pytest.mark.parametrize(
    ("stamp", "message"),
    [
        ("x", 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'),
        (
            "2026-01-02 03:04:05Z",
            'parsing time "2026-01-02 03:04:05Z" as "2006-01-02T15:04:05Z07:00": cannot parse " 03:04:05Z" as "T"',
        ),
        ("2026-02-31T03:04:05Z", 'parsing time "2026-02-31T03:04:05Z": day out of range'),
        ("2026-01-02T03:04:05Zx", 'parsing time "2026-01-02T03:04:05Zx": extra text: "x"'),
    ],
)
def test_what_is_no_time_is_refused(stamp: str, message: str) -> None:
    assert refusal(orjson.dumps({"metadata": {"creationTimestamp": stamp}})) == message


@pytest.mark.parametrize("stamp", ["2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05.7Z"])
def test_times_become_whole_seconds_of_utc(stamp: str) -> None:
    body: Object = {"metadata": {"creationTimestamp": stamp}}
    strict.check(body, b"", api_version="v1", kind="Service")
    assert body == {"metadata": {"creationTimestamp": "2026-01-02T03:04:05Z"}}


def test_a_lease_keeps_microseconds() -> None:
    body: Object = {"spec": {"renewTime": "2026-01-02T03:04:05Z"}}
    strict.check(body, b"", api_version="coordination.k8s.io/v1", kind="Lease")
    assert body == {"spec": {"renewTime": "2026-01-02T03:04:05.000000Z"}}


def test_secrets_hold_base64() -> None:
    assert check(b'{"data":{"a":"aGk="}}', kind="Secret") == []
    assert refusal(b'{"data":{"a":"a*"}}', kind="Secret") == "illegal base64 data at input byte 1"


def test_a_kind_that_is_not_built_in_keeps_all_its_fields() -> None:
    body: Object = {"spec": {"anything": [1, None]}}
    assert strict.check(body, b"", api_version="example.com/v1", kind="Gizmo") == []
    assert body == {"spec": {"anything": [1, None]}}


def test_at_most_a_hundred_problems_are_told() -> None:
    raw = service("{" + ",".join(f'"x{number}":1' for number in range(200)) + "}")["raw"]
    assert refusal(raw).count("unknown field") == 100


@pytest.mark.parametrize("depth", [300, 900])
def test_deep_nesting_is_refused_and_not_a_crash(depth: int) -> None:
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    raw = b'{"metadata":{"managedFields":[{"fieldsV1":' + deep + b'}]},"metadata":{}}'
    assert "duplicate field" in refusal(raw) or "exceeded max depth" in refusal(raw)
    assert refusal(raw.replace(b',"metadata":{}', b"")) == "json: exceeded max depth"


def test_the_outcome_of_a_patch_is_refused_as_invalid() -> None:
    with pytest.raises(StatusError) as caught:
        strict.check_patched({"spec": {"foo": 1}}, {"spec": {"foo": 1}}, api_version="v1", kind="Service")
    assert caught.value.code == 422
    assert caught.value.message == (
        ' "" is invalid: patch: Invalid value: "map[spec:map[foo:1]]": strict decoding error: unknown field "spec.foo"'
    )
    with pytest.raises(StatusError) as caught:
        strict.check_patched({"spec": 1}, None, api_version="v1", kind="Service", validation="Ignore")
    assert caught.value.message.startswith(r' "" is invalid: patch: Invalid value: "{\"spec\":1}": json: cannot')


@pytest.mark.parametrize(("value", "expected"), [(None, "Warn"), ("", "Warn"), ("Strict", "Strict")])
def test_the_mode_is_warn_unless_said_otherwise(value: str | None, expected: str) -> None:
    assert strict.mode(value) == expected


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(StatusError) as caught:
        strict.mode("foo")
    assert caught.value.code == 422
    assert 'fieldValidation: Unsupported value: "foo": supported values: "", "Ignore", "Strict", "Warn"' in str(
        caught.value
    )


TEXTS = st.text(st.sampled_from('ab"\\/é\n:,{}'), max_size=4)
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(-5, 5), st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.booleans(), st.sampled_from(["", " ", "\n  "]))
def test_no_text_without_duplicates_is_suspected(body: Object, is_ascii: bool, blank: str) -> None:
    import json

    raw = json.dumps(body, ensure_ascii=is_ascii, separators=("," + blank, ":" + blank)).encode()
    assert not has_duplicates(raw, orjson.loads(raw))


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), st.data())
def test_every_duplicate_is_noticed(body: Object, choice: st.DataObject) -> None:
    name = choice.draw(st.sampled_from(sorted(body)))
    first = orjson.dumps({name: choice.draw(VALUES)})
    raw = first[:-1] + b"," + orjson.dumps(body)[1:]
    assert has_duplicates(raw, orjson.loads(raw))


SPECS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["ClusterIP", None, 1]),
        "ports": st.one_of(
            st.none(),
            st.lists(st.fixed_dictionaries({"port": st.integers(0, 9)}, optional={"x": st.just(1), "name": st.none()})),
        ),
        "foo": VALUES,
    },
)


@given(SPECS)
def test_what_was_cleaned_once_fits(spec: Object) -> None:
    body: Object = {"metadata": {"name": "a"}, "spec": spec}
    found = strict.inspect(body, b"", api_version="v1", kind="Service")
    assert found.type_error or fits(body, "v1", "Service")
