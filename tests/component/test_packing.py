"""Bytes of many objects are kept small, and nobody can tell: not from lists, watches, writes or another start."""

import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from component.api_world import World, world
from fairway.apiserver import packing
from fairway.kinds import CONFIG_MAP

MAPS = "/api/v1/namespaces/default/configmaps"
MERGE = "application/merge-patch+json"
COUNT = 600


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(packing, "LEAST_BYTES", 100_000)
    async with world() as started:
        for number in range(COUNT):
            body = {
                "metadata": {"name": f"m-{number:03}", "labels": {"n": f"{number % 7}"}},
                "data": {"text": "x" * 500},
            }
            assert (await started.ask("POST", MAPS, body)).status == 201
        yield started


async def seen(api: World) -> list[Any]:
    """All that is told of the objects, in every way."""
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    return [
        (await api.ask("GET", MAPS)).raw,
        (await api.ask("GET", f"{MAPS}?limit=100")).raw,
        (await api.ask("GET", f"{MAPS}?labelSelector=n%3D3")).raw,
        (await api.ask("GET", f"{MAPS}?fieldSelector=metadata.name%3Dm-077")).raw,
        (await api.ask("GET", f"{MAPS}?limit=100&a", accept=table)).body["rows"][7]["object"],
        (await api.ask("GET", f"{MAPS}/m-123")).raw,
    ]


async def test_packed_objects_are_read_and_written_as_before(api: World) -> None:
    before = await seen(api)
    packer = packing.Packing(api.server.cache.every)
    count = await packer.once()
    live = api.server.cache.of(CONFIG_MAP).live
    assert count >= COUNT
    assert sum(state.packed_size for state in live.values()) * 4 < sum(state.size for state in live.values())
    assert await seen(api) == before
    watch = await api.watch(f"{MAPS}?watch=1&labelSelector=n%3D3")
    told = await api.ask("PATCH", f"{MAPS}/m-003", {"metadata": {"labels": {"n": "9"}}}, content_type=MERGE)
    assert (told.status, told.body["data"]) == (200, {"text": "x" * 500})
    gone = (await watch.events(COUNT // 7 + 2))[-1]
    assert (gone["type"], gone["object"]["metadata"]["name"]) == ("DELETED", "m-003")
    assert live["/core/configmaps/default/m-003"].is_packed, "what comes later is packed at once"
    assert (await api.ask("DELETE", f"{MAPS}/m-004")).body["status"] == "Success"
    assert await packer.once() == 0


async def test_what_changes_its_looks_is_packed_anew(api: World) -> None:
    packer = packing.Packing(api.server.cache.every)
    await packer.once()
    live = api.server.cache.of(CONFIG_MAP).live
    words = "a long text that no object had before, and that is now in every one of them, again and yet again"
    for number in range(COUNT):
        body = {"metadata": {"annotations": {f"note-{each}": words[each:] for each in range(12)}}}
        assert (await api.ask("PATCH", f"{MAPS}/m-{number:03}", body, content_type=MERGE)).status == 200
    before, size = sum(state.packed_size for state in live.values()), sum(state.size for state in live.values())
    wires = [state.wire for state in live.values()]
    assert await packer.once() >= COUNT
    assert sum(state.packed_size for state in live.values()) * 1.4 < before < size
    assert [state.wire for state in live.values()] == wires
    assert await packer.once() == 0


def test_what_is_packed_takes_no_more_memory_than_it_says() -> None:
    samples = [orjson.dumps({"name": f"n-{number}", "text": "x" * 4000}) for number in range(200)]
    codec = packing.ZstandardCodec(samples)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    kept = [codec.pack(one) for one in samples]
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < sum(map(len, kept)) + 200 * 120
    assert [codec.unpack(one) for one in kept] == samples


async def test_few_objects_stay_as_they_are() -> None:
    async with world() as api:
        await api.ask("POST", MAPS, {"metadata": {"name": "a"}})
        assert await packing.Packing(api.server.cache.every).once() == 0
        assert api.server.cache.of(CONFIG_MAP).codec is None
