"""Protobuf bodies, made here field by field, and what they mean in JSON."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.apiserver.protobuf import Malformed, decode, encode
from fairway.apiserver.protobuf.messages import fields_of, message_of
from fairway.kinds import ALL
from fairway.objects import schema
from fairway.objects.wire import fields, signed


def varint(value: int) -> bytes:
    value &= 0xFFFF_FFFF_FFFF_FFFF
    made = b""
    while value > 0x7F:
        made += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return made + bytes((value,))


def field(number: int, value: int | str | bytes) -> bytes:
    """One field: a number, a text, or an inner message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def body(version: str, kind: str, *content: bytes) -> bytes:
    type_meta = field(1, version) + field(2, kind)
    return b"k8s\x00" + field(1, type_meta) + field(2, b"".join(content)) + field(3, "") + field(4, "")


def meta(name: str, *more: bytes) -> bytes:
    """ObjectMeta as Go writes it: empty texts and an empty time included."""
    return field(1, field(1, name) + field(2, "") + field(3, "") + field(7, 0) + field(8, b"") + b"".join(more))


def test_maps_texts_and_metadata() -> None:
    labels = field(11, field(1, "app") + field(2, "web"))
    data = field(2, field(1, "k") + field(2, "v")) + field(2, field(1, "empty") + field(2, ""))
    assert decode(body("v1", "ConfigMap", meta("c", labels), data, field(4, 0))) == {
        "kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "c", "labels": {"app": "web"}},
        "data": {"k": "v", "empty": ""}, "immutable": False,
    }  # fmt: skip


def test_ports_that_are_numbers_or_names() -> None:
    number = field(1, "a") + field(3, 80) + field(4, field(1, 0) + field(2, 8080) + field(3, "")) + field(5, 0)
    name = field(1, "b") + field(3, 81) + field(4, field(1, 1) + field(2, 0) + field(3, "http"))
    found = decode(body("v1", "Service", meta("s"), field(2, field(1, number) + field(1, name) + field(3, ""))))
    assert found["spec"] == {
        "ports": [
            {"name": "a", "port": 80, "targetPort": 8080},
            {"name": "b", "port": 81, "targetPort": "http"},
        ]
    }


def test_what_is_a_pointer_in_go_is_kept_when_it_is_zero() -> None:
    found = decode(body("apps/v1", "Deployment", meta("d"), field(2, field(1, 0) + field(5, 0))))
    assert found["spec"] == {"replicas": 0}
    pod = decode(body("v1", "Pod", meta("p"), field(2, field(25, 0))))
    assert pod["spec"] == {"priority": 0}
    affinity = field(14, field(1, field(1, 0)))
    service = decode(body("v1", "Service", meta("s"), field(2, affinity)))
    assert service["spec"] == {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}}}


def test_limits_of_a_daemon_set_and_the_data_of_a_revision() -> None:
    limits = field(1, field(1, 1) + field(2, 0) + field(3, "10%")) + field(2, field(1, 0) + field(2, 0))
    strategy = field(3, field(1, "RollingUpdate") + field(2, limits))
    found = decode(body("apps/v1", "DaemonSet", meta("d"), field(2, strategy + field(6, 3)), field(3, field(4, 2))))
    assert found["spec"]["updateStrategy"] == {
        "type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%", "maxSurge": 0},
    }  # fmt: skip
    assert (found["spec"]["revisionHistoryLimit"], found["status"]["numberReady"]) == (3, 2)
    data = field(2, field(1, '{"spec":{"x":[1]}}'))
    revision = decode(body("apps/v1", "ControllerRevision", meta("r"), data, field(3, 4)))
    assert (revision["data"], revision["revision"]) == ({"spec": {"x": [1]}}, 4)


def test_a_name_that_is_a_pointer_in_one_message_only() -> None:
    probe = field(10, field(3, 0))
    pod = decode(body("v1", "Pod", meta("p"), field(2, field(2, field(1, "c") + probe))))
    assert pod["spec"]["containers"][0]["livenessProbe"] == {}


def test_a_time_of_the_first_years_has_four_digits() -> None:
    times = field(3, field(1, -62_135_596_798) + field(2, 0))
    lease = decode(body("coordination.k8s.io/v1", "Lease", meta("l"), field(2, times)))
    assert lease["spec"] == {"acquireTime": "0001-01-01T00:00:02.000000Z"}


def test_fields_of_embedded_structs_stand_in_their_parent() -> None:
    source = field(1, field(1, "path"))
    volume = field(1, "v") + field(2, source)
    found = decode(body("v1", "Pod", meta("p"), field(2, field(1, volume))))
    assert found["spec"]["volumes"] == [{"name": "v", "hostPath": {"path": "path"}}]


def test_bytes_amounts_and_times() -> None:
    secret = decode(body("v1", "Secret", meta("s"), field(2, field(1, "k") + field(2, b"\x00\xff"))))
    assert secret["data"] == {"k": "AP8="}
    limits = field(1, field(1, "cpu") + field(2, field(1, "500m")))
    container = field(1, "c") + field(8, limits)
    pod = decode(body("v1", "Pod", meta("p"), field(2, field(2, container))))
    assert pod["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "500m"}}
    times = field(4, field(1, 1_767_225_600) + field(2, 5_000)) + field(1, "me")
    lease = decode(body("coordination.k8s.io/v1", "Lease", meta("l"), field(2, times)))
    assert lease["spec"] == {"renewTime": "2026-01-01T00:00:00.000005Z", "holderIdentity": "me"}


def test_negative_numbers() -> None:
    assert decode(body("v1", "DeleteOptions", field(1, -1)))["gracePeriodSeconds"] == -1


def test_fields_of_the_future_are_passed_over() -> None:
    assert decode(body("v1", "ConfigMap", meta("c"), field(999, "new")))["metadata"] == {"name": "c"}


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"{}", "provided data does not appear to be a protobuf message"),
        (b"k8s\x00", 'no kind "" is registered for version ""'),
        (body("v1", "Gadget"), 'no kind "Gadget" is registered for version "v1"'),
        (body("v1", "ConfigMap", b"\x0a\x7f"), "unexpected EOF"),
        (body("v1", "ConfigMap", b"\x00"), "field number 0"),
        (body("v1", "ConfigMap", b"\x0b"), "wire type 3"),
        (body("v1", "ConfigMap", field(1, 7)), "wire type 0 where 2 is expected"),
        (body("v1", "ConfigMap", field(1, field(1, b"\xff"))), "a text is not UTF-8"),
        (body("v1", "ConfigMap", b"\xff" * 11), "a number is too long"),
    ],
)
def test_what_is_malformed_says_why(raw: bytes, why: str) -> None:
    with pytest.raises(Malformed) as refused:
        decode(raw)
    assert why in str(refused.value)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    try:
        found = decode(body("v1", "Pod", content))
    except Malformed:
        return
    assert found["kind"] == "Pod"


@given(st.integers(-(2**63), 2**63 - 1), st.binary(max_size=20), st.floats(allow_nan=False))
def test_fields_come_out_as_they_went_in(number: int, raw: bytes, decimal: float) -> None:
    message = field(1, number) + field(200_000, raw) + varint(3 << 3 | 1) + struct.pack("<d", decimal)
    found: list[Any] = [
        value if isinstance(value, int) else bytes(value) for _, _, value in fields(memoryview(message))
    ]
    assert [signed(found[0]), found[1], struct.unpack("<d", found[2])[0]] == [number, raw, decimal]


def test_every_kind_has_a_message_and_every_message_of_a_field_is_known() -> None:
    waiting = [message_of(kind.api_version, kind.name) for kind in ALL]
    assert {kind.name for kind, name in zip(ALL, waiting, strict=True) if name is None} == set()
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name is None or name in seen:
            continue
        seen.add(name)
        known = fields_of(name)
        assert known is not None, name
        waiting += [one.item for one in known.values() if len(one.item) > 1]
    assert len(seen) > 150


def test_every_field_is_called_as_in_json() -> None:
    """Descriptors spell some names otherwise: ``aPIGroup``, ``uID``."""
    seen: set[str] = set()
    for kind in ALL:
        definition = schema.definition_of(kind.api_version, kind.name)
        assert definition is not None
        _agree(message_of(kind.api_version, kind.name) or "", definition, seen)
    assert len(seen) > 150
    reference = field(1, "example.com") + field(2, "Kind") + field(3, "name") + field(4, "Cluster")
    spec = field(1, "a.b/c") + field(2, reference)
    assert decode(body("networking.k8s.io/v1", "IngressClass", meta("c"), field(2, spec)))["spec"] == {
        "controller": "a.b/c",
        "parameters": {"apiGroup": "example.com", "kind": "Kind", "name": "name", "scope": "Cluster"},
    }


def _agree(message: str, definition: schema.Definition, seen: set[str]) -> None:
    if message in seen or definition.fields is None:
        return
    seen.add(message)
    for found in (fields_of(message) or {}).values():
        if found.is_inlined:
            continue
        assert found.name in definition.fields, (message, found.name)
        inner = definition.fields[found.name]
        while inner.item is not None:
            inner = inner.item
        if inner.form == schema.DEFINED and len(found.item) > 1:
            _agree(found.item, schema.definition(inner.place), seen)


def test_what_was_stored_before_it_was_asked_to_fit_goes_out_as_far_as_it_does() -> None:
    container = {"name": "c", "args": [1, None, "\u00e4"], "env": [None, {"name": "A", "value": 2.5}], "ports": {}}
    spec = {"containers": [container], "priority": 1.0, "hostNetwork": 0, "nodeSelector": {"a": 1, "b": None}}
    raw = encode({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "labels": []}, "spec": spec})
    assert raw is not None
    assert decode(raw)["spec"] == {
        "containers": [{"name": "c", "args": ["1", "\u00e4"], "env": [{"name": "A", "value": "2.5"}]}], "priority": 1,
        "nodeSelector": {"a": "1"},
    }  # fmt: skip


def test_an_ingress_and_a_network_policy() -> None:
    port = field(1, "web") + field(2, field(1, "") + field(2, 80))
    path = field(1, "/") + field(3, "Prefix") + field(2, field(4, port))
    rule = field(1, "a.b") + field(2, field(1, field(1, path)))
    found = decode(body("networking.k8s.io/v1", "Ingress", meta("i"), field(2, field(4, "c") + field(3, rule))))
    service = {"name": "web", "port": {"number": 80}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": {"service": service}}]
    assert found["spec"] == {"ingressClassName": "c", "rules": [{"host": "a.b", "http": {"paths": paths}}]}
    ingress = field(1, field(1, "TCP") + field(2, field(1, 1) + field(3, "http"))) + field(2, field(1, b""))
    spec = field(1, b"") + field(2, ingress) + field(2, b"") + field(4, "Ingress")
    policy = decode(body("networking.k8s.io/v1", "NetworkPolicy", meta("p"), field(2, spec)))
    assert policy["spec"] == {
        "podSelector": {}, "policyTypes": ["Ingress"],
        "ingress": [{"ports": [{"protocol": "TCP", "port": "http"}], "from": [{"podSelector": {}}]}, {}],
    }  # fmt: skip


def test_schemas_of_definitions_are_what_they_were() -> None:
    schema_of_all: Any = {
        "type": "object", "required": ["spec"], "x-kubernetes-preserve-unknown-fields": False,
        "properties": {
            "spec": {
                "type": "object", "default": {"a": [1, None]},
                "additionalProperties": {"type": "integer", "minimum": 0},
                "x-kubernetes-validations": [{"rule": "true", "message": "m", "optionalOldSelf": True}],
            },
            "list": {"type": "array", "items": {"type": "string", "enum": ["a", 1, None]}, "maxItems": 0,
                     "x-kubernetes-list-type": "set"},
            "free": {"type": "object", "additionalProperties": True},
            "port": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            "not": {"not": {"pattern": "^a"}, "externalDocs": {"url": "u"}, "$ref": "#/x", "multipleOf": 0.5},
        },
    }  # fmt: skip
    version = {
        "name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema_of_all},
        "subresources": {"status": {}, "scale": {"specReplicasPath": ".a", "statusReplicasPath": ".b"}},
        "selectableFields": [{"jsonPath": ".spec.a"}],
    }  # fmt: skip
    names = {"plural": "ws", "kind": "W", "singular": "w", "listKind": "WList"}
    whole = {
        "kind": "CustomResourceDefinition", "apiVersion": "apiextensions.k8s.io/v1", "metadata": {"name": "ws.a.b"},
        "spec": {"group": "a.b", "scope": "Cluster", "names": names, "versions": [version]},
        "status": {"storedVersions": ["v1"], "conditions": [], "acceptedNames": names},
    }  # fmt: skip
    raw = encode(whole)
    assert raw is not None
    del whole["status"]["conditions"]  # type: ignore[attr-defined]
    assert decode(raw) == whole
