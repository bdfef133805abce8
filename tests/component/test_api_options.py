"""Queries, to the letter: booleans and numbers as upstream reads them, dry runs, names beside field selectors."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import World, world

DEFAULT = "/api/v1/namespaces/default"
MAPS, SERVICES = f"{DEFAULT}/configmaps", f"{DEFAULT}/services"
MERGE = "application/merge-patch+json"
A = {"metadata": {"name": "a"}, "data": {"x": "y"}}
UNSUPPORTED = 'dryRun: Unsupported value: [""]: supported values: "All"'


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        await made.ask("POST", MAPS, A)
        yield made


@pytest.mark.parametrize("said", ["watch=true", "watch=1", "watch=yes", "watch=", "watch=TRUE"])
async def test_any_word_but_false_asks_for_a_watch(api: World, said: str) -> None:
    watch = await api.watch(f"{MAPS}?{said}")
    assert [event["type"] for event in await watch.events(1)] == ["ADDED"]
    watch.close()


@pytest.mark.parametrize("said", ["watch=false", "watch=0", "watch=False"])
async def test_only_false_and_zero_deny_one(api: World, said: str) -> None:
    assert (await api.ask("GET", f"{MAPS}?{said}")).body["kind"] == "ConfigMapList"


@pytest.mark.parametrize("words", ["allowWatchBookmarks=x", "allowWatchBookmarks="])
async def test_bookmarks_hold_a_kind_and_a_revision_and_nothing_else(api: World, words: str) -> None:
    revision = (await api.ask("GET", MAPS)).body["metadata"]["resourceVersion"]
    watch = await api.watch(f"{MAPS}?watch=1&resourceVersion={revision}&{words}")
    api.server.cache.tick()
    assert await watch.events(1) == [
        {
            "type": "BOOKMARK",
            "object": {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"resourceVersion": revision}},
        }
    ]
    watch.close()


async def test_a_watch_speaks_no_yaml(api: World) -> None:
    told = await api.ask("GET", f"{MAPS}?watch=1", accept="application/yaml")
    assert (told.status, b"application/json;stream=watch" in told.raw) == (406, True)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{MAPS}/a?fieldSelector=metadata.name=a", 200),
        (f"{MAPS}/a?fieldSelector=metadata.name=b&limit=x", 200),
        # Who names an object gets it, whatever he says of watching.
        (f"{MAPS}/a?watch=1&fieldSelector=metadata.name=b", 200),
        ("/api/v1/watch/namespaces/default/configmaps/a?fieldSelector=metadata.name=b", 400),
        ("/api/v1/watch/namespaces/default/configmaps/a?fieldSelector=metadata.name!=a", 400),
    ],
)
async def test_a_field_selector_beside_the_name_of_a_watch_must_ask_for_it(api: World, path: str, status: int) -> None:
    told = await api.ask("GET", path)
    assert told.status == status
    if status == 400:
        assert told.message == "fieldSelector metadata.name doesn't match requested name"


@pytest.mark.parametrize(
    ("method", "path", "body", "options"),
    [
        ("POST", f"{MAPS}?dryRun=", {"metadata": {"name": "b"}}, "CreateOptions"),
        ("PUT", f"{MAPS}/a?dryRun=", A, "UpdateOptions"),
        ("PATCH", f"{MAPS}/a?dryRun=", {"data": {"x": "z"}}, "PatchOptions"),
        ("DELETE", f"{MAPS}/a?dryRun=", None, "DeleteOptions"),
        ("DELETE", f"{MAPS}?dryRun=", None, "DeleteOptions"),
    ],
)
async def test_an_empty_dry_run_is_refused_and_nothing_happens(
    api: World, method: str, path: str, body: object, options: str
) -> None:
    told = await api.ask(method, path, body, content_type=MERGE if method == "PATCH" else "application/json")
    assert (told.status, told.message) == (422, f'{options}.meta.k8s.io "" is invalid: {UNSUPPORTED}')
    assert (await api.ask("GET", MAPS)).body["items"][0]["data"] == {"x": "y"}


@pytest.mark.parametrize(
    ("query", "status", "finalizers"),
    [
        ("orphanDependents=true", 200, ["orphan"]), ("orphanDependents=x", 200, ["orphan"]),
        ("orphanDependents=0", 200, None), ("preconditions=abc", 200, None), ("gracePeriodSeconds=x", 400, None),
    ],
)  # fmt: skip
async def test_a_query_says_how_to_delete(api: World, query: str, status: int, finalizers: list[str] | None) -> None:
    told = await api.ask("DELETE", f"{MAPS}/a?{query}")
    assert (told.status, told.body["metadata"].get("finalizers")) == (status, finalizers)


async def test_what_is_deleted_is_shown_under_the_revision_of_its_end(api: World) -> None:
    made = await api.ask("POST", SERVICES, {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}})
    watch = await api.watch(f"{SERVICES}?watch=1&resourceVersion={made.body['metadata']['resourceVersion']}")
    gone = await api.ask("DELETE", f"{SERVICES}/s")
    event = (await watch.events(1))[0]
    assert (event["type"], event["object"]) == ("DELETED", gone.body)
    watch.close()


async def test_a_finalized_namespace_has_an_empty_spec(api: World) -> None:
    made = (await api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "n"}})).body
    made["spec"]["finalizers"] = []
    told = await api.ask("PUT", "/api/v1/namespaces/n/finalize", made)
    assert (told.status, told.body["spec"]) == (200, {})


async def test_a_body_that_is_another_object_deletes_nothing(api: World) -> None:
    await api.ask("POST", MAPS, {"metadata": {"name": "kept"}})
    told = await api.ask("DELETE", f"{MAPS}/kept", {"kind": "ConfigMap", "apiVersion": "v1"})
    scheme = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"
    why = f'no kind "ConfigMap" is registered for version "v1" in scheme "{scheme}"'
    assert (told.status, told.message) == (500, why)
    assert (await api.ask("GET", f"{MAPS}/kept")).status == 200


@pytest.mark.parametrize(
    ("query", "body", "told"),
    [
        ("", {"preconditions": {"uid": ""}}, (409, "the UID in the precondition () does not match")),
        ("uid=x", None, (409, "the UID in the precondition (x) does not match")),
        ("resourceVersion=1", None, (409, "the ResourceVersion in the precondition (1) does not match")),
        ("", {"propagationPolicy": ""}, (422, 'Unsupported value: "": supported values: "Foreground", "Background"')),
        ("", {"orphanDependents": True, "propagationPolicy": "Orphan"},
         (422, "orphanDependents and deletionPropagation cannot be both set")),
        ("", {"gracePeriodSeconds": "x"},
         (500, "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64")),
        ("", b"{", (500, "couldn't get version/kind; json parse error: unexpected end of JSON input")),
        ("", b"5", (500, "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go value")),
        ("", {"orphanDependents": False}, (202, "")), ("", b"null", (200, "")),
    ],
    ids=str,
)  # fmt: skip
async def test_what_a_delete_says_is_taken_to_the_letter(
    api: World, query: str, body: Any, told: tuple[int, str]
) -> None:
    """Seen side by side with kube-apiserver: what it cannot read is a fault of its own."""
    await api.ask("POST", MAPS, {"metadata": {"name": "held", "finalizers": ["a.b/c"]}})
    answer = await api.ask("DELETE", f"{MAPS}/held?{query}", body)
    assert answer.status == told[0]
    assert told[1] in (answer.message if told[1] else "")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("1", 'missing unit in duration "1"'), ("soon", 'invalid duration "soon"'), ("-", 'invalid duration "-"'),
        ("1s2", 'missing unit in duration "1s2"'), ("1 s", 'unknown unit " s" in duration "1 s"'),
    ],
)  # fmt: skip
async def test_a_time_out_that_is_no_duration_is_refused(api: World, said: str, why: str) -> None:
    told = await api.ask("GET", f"{MAPS}?timeout={said.replace(' ', '%20')}")
    assert (told.status, told.message) == (400, f"invalid timeout specified in the request URL - time: {why}")


@pytest.mark.parametrize("said", ["", "0", "32s", "1.5h", "1m30s", "-1s", "0s"])
async def test_a_time_out_is_read_as_go_writes_it(api: World, said: str) -> None:
    assert (await api.ask("GET", f"{MAPS}?timeout={said}")).status == 200


async def test_a_write_that_takes_longer_than_it_asks_for_is_a_504(api: World) -> None:
    told = await api.ask("POST", f"{MAPS}?timeout=1ns", {"metadata": {"name": "b"}})
    assert (told.status, told.body["reason"]) == (504, "Timeout")


async def test_a_replication_controller_leaves_its_pods_unless_told_otherwise(api: World) -> None:
    path = f"{DEFAULT}/replicationcontrollers"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    for name in ("one", "two"):
        body = {"metadata": {"name": name}, "spec": {"selector": {"a": "b"}, "template": template}}
        assert (await api.ask("POST", path, body)).status == 201
    told = await api.ask("DELETE", f"{path}/one")
    assert (told.body["metadata"]["finalizers"], told.warnings) == (["orphan"], [])
    await api.ask("DELETE", f"{path}/two?propagationPolicy=Background")
    assert (await api.ask("GET", f"{path}/two")).status == 404


async def test_a_watch_of_less_than_no_seconds_is_over_at_once(api: World) -> None:
    watch = await api.watch(f"{MAPS}?watch=1&timeoutSeconds=-5&resourceVersion={api.server.cache.revision}")
    assert await watch.ended() == []
