"""Bodies that are no objects: each is refused with the right status, in a Status, and leaves nothing behind."""

import gzip
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio

from component.hostile_world import Hostile, fault, hostile_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEFAULT = "/api/v1/namespaces/default"
MAPS, SERVICES = f"{DEFAULT}/configmaps", f"{DEFAULT}/services"
SETS = "/apis/apps/v1/namespaces/default/replicasets"
YAML, PROTOBUF = "application/yaml", "application/vnd.kubernetes.protobuf"
NAMED = b'{"metadata":{"name":"x"}'
DIGITS = b"9" * 5000


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hostile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hostile]:
    async with hostile_world(tmp_path_factory.mktemp("hostile")) as made:
        yield made


def nested(depth: int, inner: bytes = b"") -> bytes:
    return b"[" * depth + inner + b"]" * depth


def config_map(**more: Any) -> Any:
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "x"}, **more}


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"}", b"{nope", b"'x'", b"{'a': 1}", b"[1,", b"nul", b"\0", b"\0" * 100, b"{}\0", b"{}}", b"{}{}", b"{},",
        b'{"a":1,}', b'{"a" 1}', b'{"metadata":{"name":"x"}', b'{"a":"\\x"}', b'{"a":"\\u12"}', b'{"a":"\n"}',
        b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-}', b'{"a":01}', b'{"a":0x10}', b'{"a":1.}', b'{"a":.5}', b'{"a":+1}',
        b"{/* no */}", b"\xef\xbb\xbf{}", '{"metadata":{"name":"x"}}'.encode("utf-16"),
        b'{"metadata":{"name":"\\ud800"}}', b"5", b'"x"', b"[]", b"true", b"[{}]", b"<a/>", b"a=b",
        gzip.compress(b'{"metadata":{"name":"x"}}'),
        nested(1100), nested(10_000), nested(1_000_000), b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b"[" * 2_000_000,
    ],
    ids=lambda body: repr(body[:24]),
)  # fmt: skip
async def test_what_is_no_json_object_is_a_400_that_says_so(hostile: Hostile, body: bytes) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("POST", MAPS, body)
        replaced = await hostile.ask("PUT", f"{SERVICES}/kubernetes", body)
    assert (fault(told, 400), fault(replaced, 400)) == ("", "")
    assert told.message.startswith("the object provided is unrecognized (must be of type ConfigMap): couldn't get ")
    assert len(told.message) < 1000


@pytest.mark.parametrize("depth", [260, 300, 900, 1000])
@pytest.mark.parametrize("query", ["", "?fieldValidation=Ignore", "?fieldValidation=Strict"])
async def test_what_is_nested_deeper_than_can_be_kept_is_a_400(hostile: Hostile, depth: int, query: str) -> None:
    places = [
        NAMED + b',"data":' + nested(depth) + b"}",
        NAMED + b',"unknown":' + nested(depth) + b"}",
        NAMED[:-1] + b',"managedFields":[{"operation":"Update","fieldsV1":{"a":' + nested(depth) + b"}}]}}",
    ]
    async with hostile.undisturbed():
        told = [await hostile.ask("POST", MAPS + query, body) for body in places]
    assert [fault(each, 400) for each in told] == ["", "", ""]


WRONG = [None, 1, -1, 1.5, "s", True, [], {}, [1], {"a": 1}, [None], [[]], "\0", 2**31, 2**63, 1e300]
"""One value of every type that JSON has, and of some that only look right."""
REFUSED = {
    "kind": [1, -1, 1.5, "s", True, [1], {"a": 1}, [None], [[]], "\0"],
    "apiVersion": [1, -1, 1.5, "s", True, [1], {"a": 1}, [None], [[]], "\0"],
    "metadata": [None, 1, -1, 1.5, "s", True, [], {}, [1], {"a": 1}, [None], [[]]],
    "data": [1, -1, 1.5, "s", True, [], [1], {"a": 1}, [None], [[]]],
    "binaryData": [1, -1, 1.5, "s", True, [], [1], {"a": 1}, [None], {"a": "?"}],
    "immutable": [1, -1, 1.5, "s", [], {}, [1], {"a": 1}, [None]],
}  # fmt: skip


@pytest.mark.parametrize("field", REFUSED)
async def test_a_field_of_a_wrong_type_is_a_400_or_a_422(hostile: Hostile, field: str) -> None:
    wrong = {}
    async with hostile.undisturbed():
        for value in REFUSED[field]:
            told = await hostile.ask("POST", MAPS, config_map(**{field: value}))
            if fault(told, 400) and fault(told, 422):
                wrong[str(value)] = fault(told, 400)
    assert wrong == {}


METADATA = {
    "name": str, "generateName": str, "namespace": str, "uid": str, "resourceVersion": str, "selfLink": str,
    "generation": int, "creationTimestamp": None, "deletionTimestamp": None, "deletionGracePeriodSeconds": int,
    "labels": dict, "annotations": dict, "ownerReferences": list, "finalizers": list, "managedFields": list,
}  # fmt: skip


@pytest.mark.parametrize("field", METADATA)
async def test_metadata_of_a_wrong_type_is_a_400(hostile: Hostile, field: str) -> None:
    right = METADATA[field]
    wrong = {}
    async with hostile.undisturbed():
        for value in WRONG:
            if value is None or (right is not None and isinstance(value, right)) or value in ([], {}):
                continue
            told = await hostile.ask("POST", MAPS, config_map(metadata={"name": "x", field: value}))
            if fault(told, 400):
                wrong[str(value)] = fault(told, 400)
    assert wrong == {}


PORT = {"port": int, "targetPort": (int, str), "nodePort": int, "name": str, "protocol": str, "appProtocol": str}
SPEC = {
    "ports": list, "selector": dict, "clusterIP": str, "clusterIPs": list, "type": str, "externalIPs": list,
    "sessionAffinity": str, "sessionAffinityConfig": dict, "ipFamilies": list, "ipFamilyPolicy": str,
    "externalName": str, "publishNotReadyAddresses": bool, "internalTrafficPolicy": str, "loadBalancerIP": str,
    "externalTrafficPolicy": str, "healthCheckNodePort": int, "allocateLoadBalancerNodePorts": bool,
    "loadBalancerSourceRanges": list, "loadBalancerClass": str, "trafficDistribution": str,
}  # fmt: skip


def wrong_types(right: Any) -> list[Any]:
    kept = (right,) if isinstance(right, type) else right
    values: list[Any] = [1, 1.5, "s", True, [1], {"a": 1}, [None], [[]], 2**63]
    return [
        value for value in values
        if not isinstance(value, kept) or (isinstance(value, bool) and bool not in kept) or value == 2**63
    ]  # fmt: skip


async def test_fields_of_a_service_of_a_wrong_type_are_a_400(hostile: Hostile) -> None:
    bodies = [({"ports": [{"port": 80}], field: value}) for field in SPEC for value in wrong_types(SPEC[field])]
    bodies += [({"ports": [{"port": 80, field: value}]}) for field in PORT for value in wrong_types(PORT[field])]
    # A list or map of the right type with items of a wrong one.
    bodies += [{"ports": [1]}, {"ports": [[]]}, {"selector": {"a": 1}}, {"clusterIPs": [1]}, {"ipFamilies": [{}]}]
    wrong = {}
    async with hostile.undisturbed():
        for spec in bodies:
            told = await hostile.ask("POST", SERVICES, {"metadata": {"name": "x"}, "spec": spec})
            if isinstance(spec.get("ports"), list) and spec.get("type") is True:
                continue
            if problem := fault(told, 400):
                wrong[orjson.dumps(spec).decode()] = problem
    assert wrong == {}


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (b"2147483648", 400), (b"-2147483649", 400), (b"9223372036854775808", 400), (b"1.5", 400), (b"1e300", 400),
        (b"1e999", 400), (b"-1e999", 400), (DIGITS, 400), (b"-" + DIGITS, 400), (b"0." + DIGITS, 400),
        (b"1e-400", 400), (b"-1", 422), (b"-2147483648", 422),
    ],
    ids=lambda value: repr(value)[:16],
)  # fmt: skip
async def test_numbers_that_the_field_cannot_hold_are_refused(hostile: Hostile, number: bytes, status: int) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("POST", SETS, NAMED + b',"spec":{"replicas":' + number + b"}}")
    assert fault(told, status) == ""


UNKNOWN = [
    ({"top": 1}, ["top"], "unknown"),
    ({"spec": {"deep": 1}}, ["spec.deep"], "unknown"),
    ({"spec": {"ports": [{"port": 80}, {"port": 81, "name": "b", "lost": {}}]}}, ["spec.ports[1].lost"], "unknown"),
    ({"metadata": {"name": "x", "ownerReferences": [{"no": 1}]}}, ["metadata.ownerReferences[0].no"], "unknown"),
]


@pytest.mark.parametrize(("more", "paths", "what"), UNKNOWN)
async def test_unknown_fields_are_refused_warned_of_or_left_out(
    hostile: Hostile, more: Any, paths: list[str], what: str
) -> None:
    spec = {"ports": [{"port": 80, "name": "a"}], **more.get("spec", {})}
    body = {"metadata": {"name": "x"}, **more, "spec": spec}
    async with hostile.undisturbed():
        strict = await hostile.ask("POST", f"{SERVICES}?fieldValidation=Strict", body)
        warned = await hostile.ask("POST", f"{SERVICES}?dryRun=All&fieldValidation=Warn", body)
        ignored = await hostile.ask("POST", f"{SERVICES}?dryRun=All&fieldValidation=Ignore", body)
    assert fault(strict, 400) == ""
    expected = ", ".join(f'{what} field "{path}"' for path in paths)
    assert strict.message.endswith(f"strict decoding error: {expected}")
    assert f'{what} field \\"{paths[0]}\\"' in warned.headers["warning"]
    assert "warning" not in ignored.headers


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"metadata":{"name":"x","name":"y"}}', "metadata.name"),
        (b'{"metadata":{"name":"x"},"metadata":{"name":"x"}}', "metadata"),
        (b'{"metadata":{"name":"x"},"data":{"a":"1","a":"2"}}', "data.a"),
        (b'{"metadata":{"name":"x"},"data":{"a":"1","\\u0061":"1"}}', "data.a"),
        (b'{"metadata":{"name":"x","ownerReferences":[{"uid":"a","uid":"b"}]}}', "metadata.ownerReferences[0].uid"),
    ],
)
async def test_duplicate_fields_are_refused_warned_of_or_ignored(hostile: Hostile, body: bytes, path: str) -> None:
    async with hostile.undisturbed():
        strict = await hostile.ask("POST", f"{MAPS}?fieldValidation=Strict", body)
        warned = await hostile.ask("POST", f"{MAPS}?dryRun=All", body)
        ignored = await hostile.ask("POST", f"{MAPS}?dryRun=All&fieldValidation=Ignore", body)
    assert (fault(strict, 400), strict.message.endswith(f'duplicate field "{path}"')) == ("", True)
    if warned.status == 201:
        assert f'duplicate field \\"{path}\\"' in warned.headers["warning"]
    assert "warning" not in ignored.headers


@pytest.mark.parametrize("value", ["strict", "STRICT", "x", "%00", "Strict,Warn"])
async def test_a_field_validation_that_does_not_exist_is_a_422(hostile: Hostile, value: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("POST", f"{MAPS}?fieldValidation={value}", config_map())
    assert fault(told, 422) == ""


MERGES = b"a0: &a0 {" + b",".join(b"k%d: v" % n for n in range(1000)) + b"}\n" + b"".join(
    b"a%d: &a%d {<<: [%b]}\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        b"a: [", b"\ta: b", b"? [a]\n: b", b"? {a: b}\n: c", b"*nope", b"a: *nope", b"&a [*a]",
        b"&a {b: *a}", b"a: &a {<<: *a}", b"{<<: [1]}", b"metadata: {name: \0}", b"{" * 5000,
        b"a: !!binary \xff", b"a: \xff", b'a: "\\ud800"', b"!!python/object/apply:os.system ['true']",
        b"!!python/name:os.system", b"a: !!set {b, c}", b"a: !!omap [b: c]", b"a: !!pairs [b: c]", b"a: !own b",
        b"a: !!int x", b"a: !!int ''", b"a: !!bool x", b"a: !!float x", b"a: !!map []", b"a: !!seq {}", b"a: .nan",
        b"a: .inf", b"a: -.INF", b"a: 1.0e+400", b"a: " + DIGITS, b"a: 0x" + b"f" * 5000,
        b"[" * 10_000, b"[" * 3_000_000, b"{a: " * 500_000, b"- " * 1_500_000, nested(300), nested(10_000, b"x"),
        b"[" + b"1," * 1_500_000 + b"]", b"- a\n" * 700_000, MERGES,
        b"a: &a " + b"x" * 1_000_000 + b"\nb: [" + b"*a," * 500_000 + b"]",
    ],
    ids=lambda text: repr(text[:32]),
)  # fmt: skip
async def test_yaml_that_is_broken_deep_or_explodes_is_a_400(hostile: Hostile, text: bytes) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("POST", MAPS, text, media=YAML)
    assert fault(told, 400) == ""
    assert len(told.message) < 1000


async def test_yaml_of_a_wrong_shape_is_told_like_json(hostile: Hostile) -> None:
    texts = [b"", b"# nothing", b"x", b"5", b"- a", b"~", b"metadata: {name: x, generation: 99999999999999999999999}"]
    async with hostile.undisturbed():
        told = [await hostile.ask("POST", MAPS, text, media=YAML) for text in texts if text]
    assert [fault(each, 400) for each in told] == [""] * 6


@pytest.mark.parametrize(
    "media",
    ["text/plain", "application/xml", "multipart/form-data; boundary=x", "*/*", "application/cbor", "a/b/c", "x",
     "application/apply-patch+yaml", "application/json, application/json", "application/merge-patch+json"],
)  # fmt: skip
async def test_a_body_in_a_format_that_nobody_reads_is_a_415(hostile: Hostile, media: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("POST", MAPS, config_map(), media=media)
        replaced = await hostile.ask("PUT", f"{SERVICES}/kubernetes", config_map(), media=media)
    assert (fault(told, 415), fault(replaced, 415)) == ("", "")


@pytest.mark.parametrize(
    "body",
    [b"k8s\0", b"k8s\0" + b"\xff" * 100, b"k8s\0\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"nope", b"\0" * 1000,
     b"k8s\0" + b"\x12\x06" * 5000, b"k8s\0\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12\x04\x0a\x02\x0a\x09"],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
async def test_protobuf_that_breaks_off_or_lies_about_lengths_is_a_400(hostile: Hostile, body: bytes) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("POST", MAPS, body, media=PROTOBUF)
    assert fault(told, 400) == ""


async def test_a_body_of_more_than_three_mebibytes_is_a_413_on_every_verb(hostile: Hostile) -> None:
    body = b'{"metadata":{"name":"x"},"data":{"a":"' + b"x" * (3 << 20) + b'"}}'
    service = f"{SERVICES}/kubernetes"
    async with hostile.undisturbed():
        told = [
            await hostile.ask(method, target, body, media=media)
            for method, target, media in [
                ("POST", MAPS, "application/json"), ("POST", MAPS, YAML), ("PUT", service, "application/json"),
                ("PATCH", service, "application/merge-patch+json"), ("DELETE", service, "application/json"),
            ]
        ]  # fmt: skip
    assert [fault(each, 413) for each in told] == [""] * 5
    assert told[0].message == "Request entity too large: limit is 3145728"
    assert told[0].body["reason"] == "RequestEntityTooLarge"


async def test_an_object_cannot_grow_beyond_what_a_body_may_hold(hostile: Hostile) -> None:
    def finalizers(domain: str) -> list[str]:
        return [f"{number:0>60}.{domain}/{number:0>60}" for number in range(8_000)]

    made = await hostile.ask("POST", MAPS, {"metadata": {"name": "grows", "finalizers": finalizers("example.com")}})
    assert made.status == 201
    more = {"metadata": {"finalizers": finalizers("example.org")}}
    async with hostile.undisturbed():
        told = await hostile.ask(
            "PATCH", f"{MAPS}/grows", more, media="application/strategic-merge-patch+json"
        )  # fmt: skip
    assert (fault(told, 413), told.message) == ("", "Request entity too large: limit is 3145728")
    none = {"metadata": {"finalizers": None}}
    await hostile.ask("PATCH", f"{MAPS}/grows", none, media="application/merge-patch+json")
    assert (await hostile.ask("DELETE", f"{MAPS}/grows")).status == 200
