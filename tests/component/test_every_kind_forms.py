"""Every kind in the other forms: as protobuf, in the other versions that serve it, deleted in each of three ways."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from test_every_kind import EVERY, collection, created, is_gone_or_going, path_of, sample, versions

from component.api_world import Told, World, world
from component.proofs import ENDS_BY_ITSELF
from fairway.apiserver.protobuf import decode, encode
from fairway.kinds import ALL
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.transport.interface import Stream

PROTOBUF = "application/vnd.kubernetes.protobuf"
BINARY = {"content_type": PROTOBUF, "accept": PROTOBUF}
FRESH: dict[tuple[str, str], Object] = {
    ("Event", "events.k8s.io/v1"): {
        "eventTime": "2026-01-02T03:04:05.000006Z", "type": "Normal", "action": "Trying", "reason": "Tried",
        "reportingController": "example.com/tests", "reportingInstance": "one",
    }
}  # fmt: skip
"""What a new object must say in a version that asks for more than the others."""
OTHERS = [(kind, version) for kind in ALL for version in versions(kind)[1:]]


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


def without_empty(value: Any) -> Any:
    """Protobuf does not tell what is empty, or the zero of its type, from what is not there."""
    if isinstance(value, dict):
        kept = {name: without_empty(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner or name == "metadata"}
    return [without_empty(inner) for inner in value] if isinstance(value, list) else value


def told(found: Told) -> Object:
    assert found.headers["content-type"] == PROTOBUF if "content-type" in found.headers else True
    assert found.raw.startswith(b"k8s\0"), found.raw[:200]
    body: Object = decode(found.raw)
    return body


@EVERY
async def test_it_is_written_and_read_as_protobuf(api: World, kind: Kind) -> None:
    body = encode(sample(kind))
    if body is None:
        told_so = await api.ask("GET", collection(kind), accept=PROTOBUF)
        assert told_so.status == 406, "no message is known, and docs/compatibility.md says so"
        return
    made = await api.ask("POST", collection(kind), body, **BINARY)
    assert made.status == 201, made.raw
    plain = (await api.ask("GET", path_of(kind))).body
    assert without_empty(told(made)) == without_empty(plain)
    read = await api.ask("GET", path_of(kind), accept=PROTOBUF)
    assert without_empty(told(read)) == without_empty(plain)
    again = await api.ask("PUT", path_of(kind), read.raw, **BINARY)
    assert again.status == 200 and told(again)["metadata"]["resourceVersion"] == plain["metadata"]["resourceVersion"]
    listed = told(await api.ask("GET", f"{collection(kind)}?labelSelector=test%3Devery-kind", accept=PROTOBUF))
    assert [without_empty(item) for item in listed["items"]] == [
        without_empty({name: value for name, value in plain.items() if name not in ("kind", "apiVersion")})
    ]
    deleted = await api.ask("DELETE", path_of(kind), accept=PROTOBUF)
    assert deleted.status in (200, 202) and told(deleted)["kind"] in ("Status", kind.name)


@EVERY
async def test_it_is_watched_as_protobuf(api: World, kind: Kind) -> None:
    await created(api, kind)
    target = f"{collection(kind)}?watch=true&labelSelector=test%3Devery-kind"
    if encode(sample(kind)) is None:
        return
    found = await api.answer("GET", target, accept=f"{PROTOBUF};stream=watch")
    assert isinstance(found, Stream) and found.content_type == f"{PROTOBUF};stream=watch"
    frames = Frames()
    found.opened(frames)
    size = int.from_bytes(frames.data[:4], "big")
    assert len(frames.data) == 4 + size
    assert b"ADDED" in frames.data and sample(kind)["metadata"]["name"].encode() in frames.data
    found.closed()


class Frames:
    """Keeps what a stream writes."""

    is_closed = False
    pending_bytes = 0

    def __init__(self) -> None:
        self.data = b""

    def write(self, frame: bytes) -> None:
        size, _, rest = frame.partition(b"\r\n")
        self.data += rest[: int(size, 16)]

    def close(self) -> None: ...

    abort = close

    async def drained(self) -> None: ...


@pytest.mark.parametrize(("kind", "version"), OTHERS, ids=lambda each: each if isinstance(each, str) else each.plural)
async def test_every_version_shows_and_changes_the_same_object(api: World, kind: Kind, version: str) -> None:
    made = await created(api, kind)
    name = made["metadata"]["name"]
    one = f"{collection(kind, version)}/{name}"
    shown = (await api.ask("GET", one)).body
    assert (shown["apiVersion"], shown["kind"], shown["metadata"]) == (version, kind.name, made["metadata"])
    listed = (await api.ask("GET", f"{collection(kind, version)}?labelSelector=test%3Devery-kind")).body
    assert (listed["apiVersion"], [item["metadata"]["name"] for item in listed["items"]]) == (version, [name])
    watch = await api.watch(f"{collection(kind, version)}?watch=true&labelSelector=test%3Devery-kind")
    assert (await watch.events(1))[0]["object"] == shown
    shown["metadata"]["annotations"] = {"by": "other"}
    put = await api.ask("PUT", one, shown)
    assert (put.status, put.body["apiVersion"]) == (200, version), put.body
    patch = {"metadata": {"labels": {"by": "patch"}}}
    patched = await api.ask("PATCH", one, patch, content_type="application/merge-patch+json")
    assert (patched.status, patched.body["apiVersion"]) == (200, version), patched.body
    own = (await api.ask("GET", path_of(kind))).body
    assert (own["apiVersion"], own["metadata"]) == (kind.api_version, patched.body["metadata"])
    events = await watch.events(3)
    assert [event["object"]["apiVersion"] for event in events] == [version] * 3
    watch.close()
    assert (await api.ask("DELETE", one)).status == 200
    fresh = {name: value for name, value in shown.items() if name != "status"} | FRESH.get((kind.name, version), {})
    fresh["metadata"] = {"name": "fresh"}
    created_there = await api.ask("POST", collection(kind, version), fresh)
    assert created_there.status == 201, created_there.body


@EVERY
async def test_it_is_deleted_as_its_options_say(api: World, kind: Kind) -> None:
    made = await created(api, kind)
    wrong = {"preconditions": {"uid": "another"}}
    refused = await api.ask("DELETE", path_of(kind), wrong)
    assert (refused.status, refused.body["reason"]) == (409, "Conflict"), refused.body
    stale = await api.ask("DELETE", path_of(kind), {"preconditions": {"resourceVersion": "1"}})
    assert stale.status == 409
    assert (await api.ask("DELETE", path_of(kind), {"propagationPolicy": "Sideways"})).status == 422
    if kind.is_no_owner:
        assert (await api.ask("DELETE", path_of(kind), {"propagationPolicy": "Foreground"})).status == 200
        assert (await api.ask("GET", path_of(kind))).status == 404, "nobody waits for the dependents of an event"
        return
    before = set(made["metadata"].get("finalizers") or ())
    for policy, finalizer in (("Foreground", "foregroundDeletion"), ("Orphan", "orphan")):
        dry = f"{path_of(kind)}?dryRun=All&gracePeriodSeconds=0"
        found = await api.ask("DELETE", dry, {"propagationPolicy": policy})
        assert found.status in (200, 202), found.body
        if found.body["kind"] != "Status":
            assert set(found.body["metadata"]["finalizers"]) >= before | {finalizer}
    going = await api.ask("DELETE", f"{path_of(kind)}?gracePeriodSeconds=0", {"propagationPolicy": "Foreground"})
    assert going.status in (200, 202), going.body
    left = await api.ask("GET", path_of(kind))
    assert left.status == 200, "it waits for its dependents"
    assert "foregroundDeletion" in left.body["metadata"]["finalizers"] and left.body["metadata"]["deletionTimestamp"]
    patch = {"metadata": {"finalizers": None}}
    freed = await api.ask("PATCH", path_of(kind), patch, content_type="application/merge-patch+json")
    assert freed.status == 200, freed.body
    if kind.name in ENDS_BY_ITSELF:
        return
    assert (await api.ask("GET", path_of(kind))).status == 404
    await created(api, kind)
    background = await api.ask("DELETE", f"{path_of(kind)}?propagationPolicy=Background&gracePeriodSeconds=0")
    assert background.status == 200, background.body
    left = await api.ask("GET", path_of(kind))
    assert is_gone_or_going(left.status, left.body)


async def test_discovery_and_the_page_name_the_same(api: World) -> None:
    """Nothing is served that docs/compatibility.md does not name, and the other way round."""
    from component.proofs import PAGE

    groups = (await api.ask("GET", "/apis")).body["groups"]
    roots = ["/api/v1", *(f"/apis/{each['groupVersion']}" for group in groups for each in group["versions"])]
    served = set()
    for root in roots:
        for each in (await api.ask("GET", root)).body["resources"]:
            served.add((each["name"].partition("/")[0], each["name"].partition("/")[2], tuple(sorted(each["verbs"]))))
    text = PAGE.read_text()
    for plural, below, verbs in sorted(served):
        if below:
            row = next(line for line in text.splitlines() if line.startswith(f"| {below} | ") and _names(line, plural))
            assert tuple(row.split(" | ")[1].split(", ")) == verbs, (plural, below)
        else:
            assert any(_names(line, plural) for line in text.splitlines() if line.startswith("| ")), plural
    assert orjson.dumps(sorted(map(str, served)))


def _names(line: str, plural: str) -> bool:
    return plural in line.replace("|", ",").replace(" ", "").split(",") or _singular(plural) in line.split(" ")


def _singular(plural: str) -> str:
    from fairway.kinds import VIRTUAL

    return next((kind.name for kind in VIRTUAL if kind.plural == plural), "-")
