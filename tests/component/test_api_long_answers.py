"""Long answers: large lists and the first events of a watch go out in pieces, at the pace of who reads them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from component.api_world import Taker, World, world
from component.loops import until
from fairway.apiserver import protobuf, yaml_form
from fairway.apiserver.pace import PIECE_BYTES
from fairway.apiserver.settings import Limits, Settings
from fairway.transport.interface import Response, Stream

MAPS = "/api/v1/namespaces/default/configmaps"
COUNT, BYTES = 50, 100_000
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


@pytest.fixture
async def api() -> AsyncIterator[World]:
    limits = Limits(patience_s=0.2)
    async with world(Settings(advertise_address="10.244.0.1", limits=limits)) as started:
        for number in range(COUNT):
            body = {"metadata": {"name": f"big-{number:02}"}, "data": {"a": f"{number}" * (BYTES // 2)}}
            assert (await started.ask("POST", MAPS, body)).status == 201
        yield started


async def whole(api: World, accept: str) -> Any:
    """A list that is sent in pieces, put together."""
    found = await api.answer("GET", MAPS, accept=accept)
    assert isinstance(found, Stream), "a large list is a stream"
    (line,) = await Taker(found).ended()
    return line


@pytest.mark.parametrize("accept", ["application/json", TABLE, METADATA, f"{TABLE},application/json"])
async def test_a_large_list_is_that_of_its_pages(api: World, accept: str) -> None:
    found = await whole(api, accept)
    pages = [(await api.ask("GET", f"{MAPS}?limit=25", accept=accept)).body]
    token = pages[0]["metadata"]["continue"]
    pages.append((await api.ask("GET", f"{MAPS}?limit=30&continue={token}", accept=accept)).body)
    member = "rows" if found["kind"] == "Table" else "items"
    assert found[member] == pages[0][member] + pages[1][member]
    assert len(found[member]) == COUNT
    assert {**found, member: []} == {**pages[1], member: []}


@pytest.mark.parametrize("shape", ["", ";as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"])
async def test_a_large_list_in_protobuf_is_the_same_as_in_json(api: World, shape: str) -> None:
    found = await api.answer("GET", MAPS, accept=f"application/vnd.kubernetes.protobuf{shape}")
    assert isinstance(found, Stream) and found.content_type == "application/vnd.kubernetes.protobuf"
    taker = Taker(found)
    await until(lambda: taker.is_closed)
    wanted = await whole(api, f"application/json{shape}")
    assert taker.text == protobuf.encode(wanted)


@pytest.mark.parametrize("accept", ["application/json", TABLE])
async def test_a_large_list_for_human_eyes_is_the_same_in_lines(api: World, accept: str) -> None:
    found = await api.answer("GET", f"{MAPS}?pretty=true", accept=accept)
    assert isinstance(found, Stream)
    taker = Taker(found)
    await until(lambda: taker.is_closed)
    assert taker.text == orjson.dumps(await whole(api, accept), option=orjson.OPT_INDENT_2)


@pytest.mark.parametrize("shape", ["", ";as=Table;v=v1;g=meta.k8s.io"])
async def test_lists_in_yaml_are_the_same_as_in_json(api: World, shape: str) -> None:
    found = await api.answer("GET", MAPS, accept=f"application/yaml{shape}")
    assert isinstance(found, Stream) and found.content_type == "application/yaml"
    taker = Taker(found)
    await until(lambda: taker.is_closed)
    assert yaml_form.load(taker.text) == await whole(api, f"application/json{shape}")
    for query in ("limit=2", "fieldSelector=metadata.name%3Dnone"):
        told = await api.ask("GET", f"{MAPS}?{query}", accept=f"application/yaml{shape}")
        wanted = (await api.ask("GET", f"{MAPS}?{query}", accept=f"application/json{shape}")).body
        assert yaml_form.load(told.raw) == wanted


async def test_who_takes_a_list_slowly_holds_a_piece_of_it_and_no_more(api: World) -> None:
    takers = []
    for _ in range(20):
        found = await api.answer("GET", MAPS)
        assert isinstance(found, Stream)
        takers.append(Taker(found))
        takers[-1].be_slow()
    for _ in range(50):
        assert isinstance(await api.answer("GET", f"{MAPS}?limit=1"), Response)
    await asyncio.sleep(0)
    assert all(taker.size <= PIECE_BYTES + BYTES for taker in takers)
    takers[0].be_fast()
    assert len((await takers[0].ended())[0]["items"]) == COUNT


async def test_who_takes_nothing_more_is_dropped(api: World) -> None:
    found = await api.answer("GET", MAPS)
    taker = Taker(found)
    taker.be_slow()
    watched = await api.watch(f"{MAPS}?watch=1&resourceVersion=0")
    watched.be_slow()
    await until(lambda: taker.is_closed and watched.is_closed)
    assert taker.size < COUNT * BYTES
    assert watched.size < COUNT * BYTES


async def test_a_watch_that_begins_with_much_tells_it_in_pieces(api: World) -> None:
    watched = await api.watch(f"{MAPS}?watch=1&resourceVersion=0")
    assert watched.size <= PIECE_BYTES + BYTES
    events = await watched.events(COUNT)
    assert [event["object"]["metadata"]["name"] for event in events][:3] == ["big-00", "big-01", "big-02"]
    await api.ask("POST", MAPS, {"metadata": {"name": "last"}})
    assert (await watched.events(COUNT + 1))[-1]["object"]["metadata"]["name"] == "last"
    assert orjson.dumps(events[0]["object"]) + b"\n" == (await api.ask("GET", f"{MAPS}/big-00")).raw
