"""Selectors over many objects: the answer is the same, and others are answered meanwhile."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from component.api_world import Taker, World, world
from fairway.apiserver import sifting
from fairway.transport.interface import Stream

MAPS = "/api/v1/namespaces/default/configmaps"
COUNT = sifting.FEW + 100
WATCH = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(sifting, "_ROUND_S", 0.0)
    async with world() as started:
        for number in range(COUNT):
            labels = {"third": str(number % 3), "app": "a"}
            body = {"metadata": {"name": f"m{number:04}", "labels": labels}}
            assert (await started.ask("POST", MAPS, body)).status == 201
        yield started


def thirds(place: int) -> list[str]:
    return [f"m{number:04}" for number in range(place, COUNT, 3)]


async def test_a_list_with_a_selector_lets_others_have_their_turn(api: World) -> None:
    listing = asyncio.create_task(api.ask("GET", f"{MAPS}?labelSelector=third%3D1"))
    answered = 0
    while not listing.done():
        assert (await api.ask("GET", f"{MAPS}/m0001")).status == 200
        answered += 1
        await asyncio.sleep(0)
    found = listing.result().body
    assert [item["metadata"]["name"] for item in found["items"]] == thirds(1)
    assert answered > COUNT / 100


async def test_pages_of_a_selection_are_all_of_it(api: World) -> None:
    names, token, pages = [], "", 0
    while pages == 0 or token:
        query = f"labelSelector=third%3D2&limit=50{f'&continue={token}' if token else ''}"
        page = (await api.ask("GET", f"{MAPS}?{query}")).body
        names += [item["metadata"]["name"] for item in page["items"]]
        token, pages = page["metadata"].get("continue", ""), pages + 1
        assert "remainingItemCount" not in page["metadata"]
        # What changes between two pages is not seen by the list.
        await api.ask("DELETE", f"{MAPS}/m{COUNT - 1 - pages:04}")
    assert names == thirds(2)
    assert pages == len(names) / 50


async def test_a_list_shows_one_moment_and_a_watch_everything_after_it(api: World) -> None:
    listing = asyncio.create_task(api.ask("GET", f"{MAPS}?labelSelector=third%3D0"))
    watching = asyncio.create_task(api.answer("GET", f"{MAPS}?labelSelector=third%3D0&{WATCH}"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not listing.done() and not watching.done()
    await api.ask("DELETE", f"{MAPS}/{thirds(0)[-1]}")
    found = (await listing).body
    assert [item["metadata"]["name"] for item in found["items"]] == thirds(0)
    stream = await watching
    assert isinstance(stream, Stream)
    events = await Taker(stream).events(len(thirds(0)) + 2)
    assert [event["type"] for event in events] == ["ADDED"] * len(thirds(0)) + ["BOOKMARK", "DELETED"]
    assert events[-2]["object"]["metadata"]["resourceVersion"] == found["metadata"]["resourceVersion"]


async def test_who_deletes_a_selection_deletes_all_of_it(api: World) -> None:
    gone = (await api.ask("DELETE", f"{MAPS}?labelSelector=third%3D1")).body
    assert len(gone["items"]) == len(thirds(1))
    left = (await api.ask("GET", f"{MAPS}?labelSelector=app")).body["items"]
    assert len(left) == COUNT - len(thirds(1))
