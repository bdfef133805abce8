"""Answers in protobuf, asked of a whole API server and read back with the decoder of bodies."""

import struct
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
import pytest

from component.api_world import Taker, World, world
from fairway.apiserver import as_protobuf
from fairway.apiserver.protobuf import decode
from fairway.kinds import ALL, CONFIG_MAP
from fairway.objects.wire import fields
from fairway.transport.interface import Stream

PROTOBUF = "application/vnd.kubernetes.protobuf"
GO_CLIENT = f"{PROTOBUF},application/json"
MAPS = "/api/v1/namespaces/default/configmaps"
DEFAULT = "/namespaces/default"
POD = {
    "containers": [{
        "name": "c", "image": "i", "ports": [{"containerPort": 80, "name": "http"}],
        "resources": {"requests": {"cpu": "100m"}}, "env": [{"name": "A", "value": ""}],
        "readinessProbe": {"httpGet": {"port": "http"}},
    }],
    "tolerations": [{"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0}],
    "volumes": [{"name": "v", "emptyDir": {}}],
}  # fmt: skip
MADE: dict[str, Any] = {
    f"/api/v1{DEFAULT}/pods": {"spec": POD},
    f"/api/v1{DEFAULT}/services": {"spec": {"ports": [{"port": 80, "targetPort": "http"}], "selector": {"a": "b"}}},
    f"/api/v1{DEFAULT}/secrets": {"stringData": {"a": "\x00\x01"}, "type": "own/type"},
    MAPS: {"data": {"a": "1"}, "binaryData": {"b": "AAE="}, "immutable": True},
    f"/apis/apps/v1{DEFAULT}/deployments": {
        "spec": {
            "replicas": 0, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": POD},
            "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}},
        }
    },
    f"/apis/coordination.k8s.io/v1{DEFAULT}/leases": {"spec": {"renewTime": "2026-01-02T03:04:05.000006Z"}},
    "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies": {
        "spec": {
            "matchConstraints": {"resourceRules": [{
                "operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["nothing"],
            }]},
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{}]"}}],
            "reinvocationPolicy": "Never", "variables": [{"name": "a", "expression": "1"}],
        }
    },
    "/apis/resource.k8s.io/v1/deviceclasses": {"spec": {"selectors": [{"cel": {"expression": "true"}}]}},
    f"/apis/resource.k8s.io/v1{DEFAULT}/resourceclaims": {
        "spec": {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "one", "count": 2}}]}},
    },
    "/apis/storage.k8s.io/v1/volumeattributesclasses": {"driverName": "d.io", "parameters": {"a": "b"}},
}  # fmt: skip


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as started:
        for path, body in MADE.items():
            told = await started.ask("POST", path, {"metadata": {"name": "one", "labels": {"x": ""}}, **body})
            assert told.status == 201, told.body
        yield started


async def test_every_object_says_the_same_in_protobuf_as_in_json(api: World) -> None:
    seen = 0
    for kind in ALL:
        if "list" not in kind.verbs or not kind.is_served:
            continue
        base = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
        plain = (await api.ask("GET", f"{base}/{kind.plural}")).body
        for item in plain.get("items", ()):
            namespace = item["metadata"].get("namespace")
            where = f"{base}/namespaces/{namespace}" if namespace else base
            told = await api.ask("GET", f"{where}/{kind.plural}/{item['metadata']['name']}", accept=GO_CLIENT)
            said = {"kind": kind.name, "apiVersion": kind.api_version, **item}
            assert decode(told.raw) == without_zeros(said), kind.name
            seen += 1
    assert seen > 60


def without_zeros(found: Any) -> Any:
    """JSON that says zero where saying nothing means the same: the decoder leaves that out, as Go's encoder does."""
    return decode(reencoded(found))


def reencoded(found: Any) -> bytes:
    from fairway.apiserver.protobuf import encode

    made = encode(found)
    assert made is not None
    assert orjson.loads(orjson.dumps(decode(made)))["metadata"] == found["metadata"]
    return made


async def test_lists_and_their_metadata(api: World) -> None:
    told = await api.ask("GET", f"{MAPS}?limit=1", accept=GO_CLIENT)
    plain = (await api.ask("GET", f"{MAPS}?limit=1")).body
    found = decode(told.raw)
    assert (found["kind"], found["apiVersion"], found["metadata"]) == ("ConfigMapList", "v1", plain["metadata"])
    assert [item["metadata"]["name"] for item in found["items"]] == [plain["items"][0]["metadata"]["name"]]


async def test_metadata_alone(api: World) -> None:
    shape = "as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    told = await api.ask("GET", MAPS, accept=f"{PROTOBUF};{shape},application/json;{shape}")
    found = decode(told.raw)
    assert (found["kind"], found["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    assert "one" in [item["metadata"]["name"] for item in found["items"]]


def frames(raw: bytes) -> Iterator[tuple[str, Any]]:
    while raw:
        (size,) = struct.unpack(">I", raw[:4])
        told = {number: bytes(value) for number, _, value in fields(memoryview(raw)[4 : 4 + size])}  # type: ignore[arg-type]
        ((_, _, content),) = fields(memoryview(told[2]))
        yield told[1].decode(), decode(bytes(content))  # type: ignore[arg-type]
        raw = raw[4 + size :]


async def test_a_watch_goes_out_in_frames(api: World) -> None:
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    stream = await api.answer("GET", f"{MAPS}?{query}&labelSelector=x", accept=GO_CLIENT)
    assert isinstance(stream, Stream)
    assert stream.content_type == f"{PROTOBUF};stream=watch"
    taker = Taker(stream)
    await api.ask("DELETE", f"{MAPS}/one")
    api.server.cache.send()
    events = list(frames(taker._text))
    assert [type_ for type_, _ in events] == ["ADDED", "BOOKMARK", "DELETED"]
    assert events[0][1]["data"] == {"a": "1"}
    assert events[1][1]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_a_watch_that_is_too_old_ends_with_a_status_in_protobuf(api: World) -> None:
    api.server.cache.of(CONFIG_MAP).forget(5)
    stream = await api.answer("GET", f"{MAPS}?watch=1&resourceVersion=1", accept=PROTOBUF)
    ((type_, status),) = frames(Taker(stream)._text)
    assert (type_, status["reason"], status["code"]) == ("ERROR", "Expired", 410)


async def test_refusals_and_outcomes_are_statuses_in_protobuf(api: World) -> None:
    missing = decode((await api.ask("GET", f"{MAPS}/none", accept=GO_CLIENT)).raw)
    assert (missing["kind"], missing["reason"], missing["details"]["name"]) == ("Status", "NotFound", "none")
    done = decode((await api.ask("DELETE", f"{MAPS}/one", accept=GO_CLIENT)).raw)
    assert (done["kind"], done["status"]) == ("Status", "Success")


async def test_a_scale_in_protobuf(api: World) -> None:
    told = await api.ask("GET", f"/apis/apps/v1{DEFAULT}/deployments/one/scale", accept=GO_CLIENT)
    assert (decode(told.raw)["kind"], decode(told.raw)["metadata"]["name"]) == ("Scale", "one")


@pytest.mark.parametrize(
    "text", ["x" * 300_000, "größer: \u20ac \U0001f600 \x00\x1f\u0080\u2028 \\u0041", "\u00e4" * 70_000]
)
async def test_texts_of_any_length_in_any_letters(api: World, text: str) -> None:
    body = {"metadata": {"name": "large", "annotations": {"a": text[:100]}}, "data": {"a": text, "b": "plain"}}
    await api.ask("POST", MAPS, body)
    for accept in (GO_CLIENT, PROTOBUF):
        found = decode((await api.ask("GET", f"{MAPS}/large", accept=accept)).raw)
        assert (found["data"], found["metadata"]["annotations"]) == (body["data"], {"a": text[:100]})
        assert found["metadata"]["managedFields"]


async def test_what_was_made_for_one_serves_the_next_in_every_form(api: World) -> None:
    kept = api.server.cache.of(CONFIG_MAP).live["/core/configmaps/default/one"]
    first = (await api.ask("GET", f"{MAPS}/one", accept=PROTOBUF)).raw
    made = kept.message
    assert made is not None
    watch = f"{MAPS}?watch=1&labelSelector=x&resourceVersion=0"
    ((_, event),) = frames(Taker(await api.answer("GET", watch, accept=PROTOBUF))._text)
    listed = decode((await api.ask("GET", f"{MAPS}?labelSelector=x", accept=PROTOBUF)).raw)["items"][0]
    assert kept.message is made
    assert event == decode(first) == {"kind": "ConfigMap", "apiVersion": "v1", **listed}
    shape = "as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    metadata = decode((await api.ask("GET", f"{MAPS}/one", accept=f"{PROTOBUF};{shape}")).raw)
    assert (metadata["metadata"], "data" in metadata) == (event["metadata"], False)
    assert (await api.ask("GET", f"{MAPS}/one", accept=PROTOBUF)).raw == first


async def test_messages_that_are_kept_are_bounded(api: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(as_protobuf, "KEPT_BYTES", 100_000)
    for number in range(20):
        await api.ask("POST", MAPS, {"metadata": {"name": f"m{number}"}, "data": {"a": "x" * 10_000}})
    await api.ask("GET", MAPS, accept=PROTOBUF)
    kept = [state for state in api.server.cache.of(CONFIG_MAP).live.values() if state.message]
    assert 5 <= len(kept) <= 10


async def test_who_takes_nothing_that_there_is_is_told_what_there_is(api: World) -> None:
    told = await api.ask("GET", MAPS, accept="text/html")
    media = f"application/json, application/yaml, {PROTOBUF}"
    assert told.message.partition("representations: ")[2].startswith(media)
    table = await api.ask("GET", MAPS, accept=f"{PROTOBUF};as=Table;g=meta.k8s.io;v=v1,application/json")
    assert table.body["kind"] == "ConfigMapList"
