"""Watches over HTTP: complete, in order, each event once, or 410."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import World, world
from fairway.apiserver.settings import Limits, Settings
from fairway.kinds import SECRET

MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def config_map(name: str, labels: dict[str, str] | None = None, **data: str) -> Any:
    return {"metadata": {"name": name, "labels": labels or {}}, "data": data}


def seen(lines: list[Any]) -> list[tuple[str, str]]:
    return [(line["type"], line["object"]["metadata"]["name"]) for line in lines]


async def label(api: World, name: str, **labels: str | None) -> Any:
    merge = "application/merge-patch+json"
    return (await api.ask("PATCH", f"{MAPS}/{name}", {"metadata": {"labels": labels}}, content_type=merge)).body


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


async def test_a_watch_without_a_revision_begins_with_what_is_there(api: World) -> None:
    for name in ("b", "a"):
        await api.ask("POST", MAPS, config_map(name))
    watch = await api.watch(f"{MAPS}?watch=true")
    await api.ask("POST", MAPS, config_map("c"))
    await api.ask("DELETE", f"{MAPS}/a")
    assert seen(await watch.events(4)) == [("ADDED", "a"), ("ADDED", "b"), ("ADDED", "c"), ("DELETED", "a")]


async def test_a_watch_from_a_revision_tells_only_what_came_after(api: World) -> None:
    first = (await api.ask("POST", MAPS, config_map("a"))).body
    await api.ask("POST", MAPS, config_map("b"))
    watch = await api.watch(f"{MAPS}?watch=1&resourceVersion={first['metadata']['resourceVersion']}")
    await api.ask("POST", MAPS, config_map("c"))
    assert seen(await watch.events(2)) == [("ADDED", "b"), ("ADDED", "c")]


async def test_a_deletion_shows_the_last_state_under_the_revision_of_the_deletion(api: World) -> None:
    made = (await api.ask("POST", MAPS, config_map("a", k="v"))).body
    watch = await api.watch(f"{MAPS}?watch=1&resourceVersion={made['metadata']['resourceVersion']}")
    await api.ask("DELETE", f"{MAPS}/a")
    (line,) = await watch.events(1)
    assert line["object"]["data"] == {"k": "v"}
    assert int(line["object"]["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])


async def test_an_object_that_stops_matching_is_deleted_and_one_that_starts_is_added(api: World) -> None:
    watch = await api.watch(f"{MAPS}?watch=1&labelSelector=app%3Dweb")
    await api.ask("POST", MAPS, config_map("a", {"app": "web"}, k="1"))
    changed = await label(api, "a", app="db")
    await label(api, "a", colour="blue")
    await label(api, "a", app="web")
    lines = await watch.events(3)
    assert seen(lines) == [("ADDED", "a"), ("DELETED", "a"), ("ADDED", "a")]
    assert lines[1]["object"]["metadata"]["labels"] == {"app": "web"}
    assert lines[1]["object"]["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]


async def test_one_object_is_watched_by_its_name(api: World) -> None:
    by_field = await api.watch(f"{MAPS}?watch=1&fieldSelector=metadata.name%3Db")
    by_path = await api.watch("/api/v1/watch/namespaces/default/configmaps/b")
    for name in ("a", "b"):
        await api.ask("POST", MAPS, config_map(name))
    assert seen(await by_field.events(1)) == seen(await by_path.events(1)) == [("ADDED", "b")]


async def test_every_watcher_of_a_shape_gets_the_same_events(api: World) -> None:
    watches = [await api.watch(f"{MAPS}?watch=1") for _ in range(5)]
    whole = await api.watch("/api/v1/configmaps?watch=1")
    await asyncio.gather(*[api.ask("POST", MAPS, config_map(f"c{n}")) for n in range(20)])
    told = [seen(await watch.events(20)) for watch in (*watches, whole)]
    assert all(one == told[0] for one in told)
    assert len(set(told[0])) == 20


async def test_a_table_is_watched_row_by_row_with_columns_once(api: World) -> None:
    await api.ask("POST", MAPS, config_map("a"))
    watch = await api.watch(f"{MAPS}?watch=1", accept=TABLE)
    await api.ask("POST", MAPS, config_map("b"))
    first, second = (line["object"] for line in await watch.events(2))
    assert (first["rows"][0]["cells"][0], second["rows"][0]["cells"][0]) == ("a", "b")
    assert [bool(first["columnDefinitions"]), bool(second["columnDefinitions"])] == [True, False]


async def test_metadata_is_watched_without_the_rest(api: World) -> None:
    watch = await api.watch(f"{MAPS}?watch=1", accept="application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")
    await api.ask("POST", MAPS, config_map("a", k="v"))
    (line,) = await watch.events(1)
    assert (line["object"]["kind"], "data" in line["object"]) == ("PartialObjectMetadata", False)


async def test_the_end_of_the_initial_events_is_marked_by_a_bookmark(api: World) -> None:
    await api.ask("POST", MAPS, config_map("a"))
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    watch = await api.watch(f"{MAPS}?{query}")
    added, bookmark = await watch.events(2)
    assert added["type"] == "ADDED"
    assert bookmark["type"] == "BOOKMARK"
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert bookmark["object"]["metadata"]["resourceVersion"] == str(api.server.cache.revision)


async def test_a_streamed_list_is_no_table(api: World) -> None:
    await api.ask("POST", MAPS, config_map("a"))
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    refused = await api.ask("GET", f"{MAPS}?{query}", accept=table)
    assert (refused.status, refused.body["reason"]) == (406, "NotAcceptable")
    watch = await api.watch(f"{MAPS}?{query}", accept=f"{table},application/json")
    added, bookmark = await watch.events(2)
    assert (added["object"]["kind"], bookmark["object"]["kind"]) == ("ConfigMap", "ConfigMap")
    metadata = await api.watch(f"{MAPS}?{query}", accept=table.replace("Table", "PartialObjectMetadata"))
    assert (await metadata.events(1))[0]["object"]["kind"] == "PartialObjectMetadata"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sendInitialEvents=true", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
        ("resourceVersionMatch=NotOlderThan", "resourceVersionMatch is forbidden for watch unless sendInitialEvents"),
    ],
)
async def test_options_that_do_not_go_together_are_a_422(api: World, query: str, message: str) -> None:
    told = await api.ask("GET", f"{MAPS}?watch=1&{query}")
    assert (told.status, told.body["details"]["kind"], told.body["details"]["group"]) == (
        422, "ListOptions", "meta.k8s.io",
    )  # fmt: skip
    assert message in told.message


async def test_a_watch_ends_after_its_time_with_a_bookmark(api: World) -> None:
    watch = await api.watch(f"{MAPS}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=1")
    lines = await watch.ended()
    assert [line["type"] for line in lines] == ["BOOKMARK"]


async def test_bookmarks_come_from_time_to_time_to_those_who_want_them() -> None:
    async with world(Settings(limits=Limits(bookmark_s=0.05))) as api:
        wanted = await api.watch(f"{MAPS}?watch=1&allowWatchBookmarks=true")
        unwanted = await api.watch(f"{MAPS}?watch=1")
        (line, *_) = await wanted.events(1)
        assert line["object"]["metadata"]["resourceVersion"] == str(api.server.cache.revision)
        assert unwanted.lines == []


async def test_a_revision_that_is_forgotten_is_told_as_an_error_event() -> None:
    async with world(Settings(limits=Limits(window_bytes=2_000))) as api:
        for n in range(20):
            await api.ask("POST", MAPS, config_map(f"c{n}"))
        watch = await api.watch(f"{MAPS}?watch=1&resourceVersion=2")
        (line,) = await watch.ended()
        assert (line["type"], line["object"]["code"], line["object"]["reason"]) == ("ERROR", 410, "Expired")
        assert line["object"]["message"].startswith("too old resource version: 2 (")


async def test_changes_of_other_kinds_do_not_age_a_watch() -> None:
    async with world(Settings(limits=Limits(window_bytes=2_000))) as api:
        made = (await api.ask("POST", MAPS, config_map("a"))).body
        for n in range(20):
            await api.ask("POST", "/api/v1/namespaces/default/secrets", {"metadata": {"name": f"s{n}"}})
        assert len(api.server.cache.of(SECRET).recent) < 20
        watch = await api.watch(f"{MAPS}?watch=1&resourceVersion={made['metadata']['resourceVersion']}")
        await api.ask("DELETE", f"{MAPS}/a")
        assert seen(await watch.events(1)) == [("DELETED", "a")]


async def test_a_long_start_is_told_at_the_peers_pace_and_nothing_is_lost_meanwhile(api: World) -> None:
    await asyncio.gather(*[api.ask("POST", MAPS, config_map(f"c{n:04}")) for n in range(600)])
    watch = await api.watch(f"{MAPS}?watch=1")
    watch.be_slow()
    await asyncio.sleep(0)
    assert len(watch.lines) < 600
    await api.ask("DELETE", f"{MAPS}/c0000")
    await api.ask("POST", MAPS, config_map("late"))
    watch.be_fast()
    lines = seen(await watch.events(602))
    assert lines[:2] == [("ADDED", "c0000"), ("ADDED", "c0001")]
    assert lines[600:] == [("DELETED", "c0000"), ("ADDED", "late")]


async def test_a_peer_that_goes_leaves_nothing_behind(api: World) -> None:
    from fairway.kinds import CONFIG_MAP

    watch = await api.watch(f"{MAPS}?watch=1")
    assert len(api.server.cache.of(CONFIG_MAP).watchers) == 1
    watch.close()
    assert len(api.server.cache.of(CONFIG_MAP).watchers) == 0
    assert 'verb="WATCH"' in (await api.ask("GET", "/metrics")).raw.decode()


async def test_watchers_are_told_to_list_again_when_changes_were_lost(api: World) -> None:
    watch = await api.watch(f"{MAPS}?watch=1")
    for collection in api.server.cache.collections.values():
        for watcher in list(collection.watchers):
            watcher.lose()
    (line,) = await watch.ended()
    assert (line["type"], line["object"]["code"]) == ("ERROR", 410)


async def test_a_watcher_that_fails_costs_the_others_nothing(api: World, caplog: pytest.LogCaptureFixture) -> None:
    from fairway.kinds import CONFIG_MAP

    failing, well = await api.watch(f"{MAPS}?watch=1"), await api.watch(f"{MAPS}?watch=1")
    first = next(iter(api.server.cache.of(CONFIG_MAP).watchers))

    def fail(_: Any) -> None:
        raise KeyError("column")

    first.take = fail  # type: ignore[method-assign]
    await api.ask("POST", MAPS, config_map("a"))
    assert seen(await well.events(1)) == [("ADDED", "a")]
    (line,) = await failing.ended()
    assert (line["type"], line["object"]["code"]) == ("ERROR", 410)
    assert "a watcher could not take its events" in caplog.text
