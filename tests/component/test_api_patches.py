"""What the API says of patches themselves: duplicates, unknown fields and wrong types, as field validation asks."""

from collections.abc import AsyncIterator

import pytest

from component.api_world import Told, World, world

MAPS = "/api/v1/namespaces/default/configmaps"
JSON, MERGE = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
DOUBLE = b'{"data": {"a": "1", "a": "2"}}'
OPERATIONS = b'[{"op": "add", "path": "/data", "value": {"a": "1"}, "x": 5}]'


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        await made.ask("POST", MAPS, {"metadata": {"name": "m"}})
        yield made


async def patch(api: World, body: bytes, media: str, validation: str) -> Told:
    return await api.ask("PATCH", f"{MAPS}/m?fieldValidation={validation}", body, content_type=media)


FOUND = [
    (DOUBLE, MERGE, 'duplicate field "data.a"'),
    (DOUBLE, STRATEGIC, 'duplicate field "data.a"'),
    (OPERATIONS, JSON, 'json patch unknown field "[0].x"'),
    (OPERATIONS.replace(b'"x": 5', b'"op": "add"'), JSON, 'json patch duplicate field "[0].op"'),
]


@pytest.mark.parametrize(("body", "media", "text"), FOUND)
async def test_what_a_patch_says_twice_or_wrong_is_warned_of_refused_or_ignored(
    api: World, body: bytes, media: str, text: str
) -> None:
    warned = await patch(api, body, media, "Warn")
    assert (warned.status, len(warned.warnings)) == (200, 1)
    assert text.replace('"', '\\"') in warned.warnings[0]
    refused = await patch(api, body, media, "Strict")
    assert refused.status == 422 and refused.message.endswith(f"strict decoding error: {text}")
    ignored = await patch(api, body, media, "Ignore")
    assert (ignored.status, ignored.warnings) == (200, [])


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{}", "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
        (b"[5]", "json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"),
        (b'[{"op": 5}]', "json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string"),
        (b'[{"path": []}]', "json: cannot unmarshal array into Go struct field jsonPatchOp.path of type string"),
    ],
)
async def test_operations_of_a_wrong_type_are_a_400(api: World, body: bytes, text: str) -> None:
    told = await patch(api, body, JSON, "Warn")
    assert (told.status, told.message) == (400, f"error decoding patch: {text}")


@pytest.mark.parametrize(("body", "media"), [(b"[]", JSON), (b"null", JSON), (b"{}", MERGE), (b"{}", STRATEGIC)])
async def test_a_patch_of_nothing_changes_nothing(api: World, body: bytes, media: str) -> None:
    before = await api.ask("GET", f"{MAPS}/m")
    told = await patch(api, body, media, "Strict")
    assert (told.status, told.body) == (200, before.body)


LEFT = [
    (MERGE, {"kind": None}, 200, ""),
    (MERGE, {"apiVersion": None}, 400, "the name of the object (m based on URL) was undeterminable"),
    (STRATEGIC, {"$patch": "replace"}, 400, "the name of the object (m based on URL) was undeterminable"),
    (MERGE, {"kind": "Other"}, 422, 'no kind "Other" is registered for version "v1" in scheme'),
    (MERGE, {"apiVersion": "b/v1"}, 422, 'no kind "ConfigMap" is registered for version "b/v1" in scheme'),
    (STRATEGIC, {"data": "x"}, 422, '"map[data:x]": cannot restore map from string'),
    (STRATEGIC, {"metadata": []}, 422, '"map[metadata:[]]": cannot restore struct from: slice'),
    (STRATEGIC, {"metadata": {"finalizers": "x"}}, 422, "cannot restore slice from string"),
    (STRATEGIC, {"data": {"a": 5}}, 422, "cannot convert int64 to string"),
    (STRATEGIC, {"data": {"a": {}}}, 422, "unrecognized type: string"),
    (STRATEGIC, {"immutable": "x"}, 422, "unrecognized type: bool"),
    (
        MERGE,
        {"metadata": {"finalizers": ["bad name"]}},
        422,
        'metadata.finalizers: Invalid value: "bad name": name part',
    ),
    (MERGE, b"{", 400, "error decoding patch: unexpected end of JSON input"),
    (STRATEGIC, b"{x", 400, "invalid character 'x' looking for beginning of object key string"),
]


@pytest.mark.parametrize(("media", "body", "status", "text"), LEFT)
async def test_what_a_patch_leaves_must_still_be_the_object(
    api: World, media: str, body: object, status: int, text: str
) -> None:
    told = await api.ask("PATCH", f"{MAPS}/m", body, content_type=media)
    assert (told.status, text in told.message if text else told.body["kind"]) == (status, True if text else "ConfigMap")


async def test_owners_that_stand_twice_are_left_out_with_a_warning(api: World) -> None:
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}
    told = await api.ask("PATCH", f"{MAPS}/m", {"metadata": {"ownerReferences": [owner, owner]}}, content_type=MERGE)
    assert told.body["metadata"]["ownerReferences"] == [owner]
    assert "duplicate UID(s) observed: u" in told.warnings[0]
    made = await api.ask("POST", MAPS, {"metadata": {"name": "o", "ownerReferences": [owner, owner]}})
    assert made.body["metadata"]["ownerReferences"] == [owner] and "observed: u" in made.warnings[0]


async def test_a_namespace_says_nothing_of_what_has_none(api: World) -> None:
    spaces = "/api/v1/namespaces"
    made = await api.ask("POST", spaces, {"metadata": {"name": "n", "namespace": "other"}})
    assert (made.status, "namespace" in made.body["metadata"]) == (201, False)
    told = await api.ask("PATCH", f"{spaces}/n", {"metadata": {"namespace": "other"}}, content_type=MERGE)
    assert (told.status, "namespace" in told.body["metadata"]) == (200, False)


@pytest.mark.parametrize(
    ("replicas", "status"), [(b"3.0", 200), (b"3e0", 200), (b"3.5", 422)]
)  # fmt: skip
async def test_a_whole_number_may_be_written_as_a_float_in_a_strategic_merge(
    api: World, replicas: bytes, status: int
) -> None:
    path = "/apis/apps/v1/namespaces/default/deployments"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    await api.ask("POST", path, {"metadata": {"name": "d"}, "spec": spec})
    told = await api.ask("PATCH", f"{path}/d", b'{"spec":{"replicas":%b}}' % replicas, content_type=STRATEGIC)
    assert told.status == status
    if status == 200:
        assert b'"replicas":3,' in told.raw


APPLIED = [
    (b"", 400, "Incorrect version specified in apply patch. Specified patch version: , expected: v1"),
    (b"null", 400, "Incorrect version specified in apply patch. Specified patch version: , expected: v1"),
    (
        b"- a",
        400,
        "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into",
    ),
    (b"{", 400, "error decoding YAML: error converting YAML to JSON: "),
    (
        b"kind: ConfigMap\napiVersion: v1\nmetadata: {name: m, managedFields: []}",
        400,
        "metadata.managedFields must be nil",
    ),
    (b"kind: ConfigMap\napiVersion: v1\nmetadata: {name: m}\n---\nkind: [}", 200, ""),
]


@pytest.mark.parametrize(("body", "status", "message"), APPLIED)
async def test_what_is_applied_is_one_object(api: World, body: bytes, status: int, message: str) -> None:
    told = await api.ask("PATCH", f"{MAPS}/m?fieldManager=f", body, content_type="application/apply-patch+yaml")
    assert told.status == status
    assert told.body.get("message", "").startswith(message)
