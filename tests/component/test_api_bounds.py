"""What clients can make grow has an end, and whoever meets it is told so: watches, connections, objects, Events."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from component.api_world import ADMIN, World, world
from component.controlled_cluster import controlled_cluster
from component.hostile_world import Hostile, decoded, hostile_world
from component.http_peer import HttpPeer, render
from component.loops import until
from fairway.apiserver.http import transport_error
from fairway.apiserver.settings import Limits, Settings
from fairway.controllers import Settings as ControllerSettings
from fairway.kinds import EVENT
from fairway.transport.interface import Peer, Response
from fairway.transport.limits import Limits as TransportLimits

MAPS = "/api/v1/namespaces/default/configmaps"
OTHER = Peer("127.0.0.1", "other", ("system:masters",))
FEW = TransportLimits(connections=4, refused_connections=2, error_response=transport_error, linger_s=0.2)


def limited(**limits: int) -> Settings:
    return Settings(advertise_address="10.244.0.1", limits=Limits(**limits))


async def test_a_user_has_so_many_watches_and_others_have_theirs() -> None:
    async with world(limited(watches_of_one_user=3, watches=5)) as api:
        watches = [await api.watch(f"{MAPS}?watch=1") for _ in range(3)]
        told = await api.ask("GET", f"{MAPS}?watch=1")
        assert (told.status, told.body["reason"]) == (429, "TooManyRequests")
        assert told.message == 'too many watches of user "kubernetes-admin": 3 are open'
        assert told.headers["retry-after"] == "5"
        assert (await api.ask("GET", MAPS)).status == 200
        watches += [await api.watch(f"{MAPS}?watch=1", peer=OTHER) for _ in range(2)]
        told = await api.ask("GET", f"{MAPS}?watch=1", peer=OTHER)
        assert (told.status, told.message) == (429, "too many watches: 5 are open")
        watches[0].close()
        watches.append(await api.watch(f"{MAPS}?watch=1", peer=OTHER))
        for watch in watches[1:]:
            watch.close()
        again = [await api.watch(f"{MAPS}?watch=1", peer=ADMIN) for _ in range(3)]
        assert not any(watch.is_closed for watch in again)


async def test_beyond_its_size_the_store_takes_only_what_makes_it_smaller() -> None:
    async with world() as empty:
        size = empty.server.cache.size
    async with world(limited(store_bytes=size + 50_000)) as api:
        body = {"metadata": {"name": "big"}, "data": {"a": "x" * 60_000}}
        assert (await api.ask("POST", MAPS, body)).status == 201
        told = await api.ask("POST", MAPS, {"metadata": {"name": "more"}})
        assert (told.status, told.message) == (500, "etcdserver: mvcc: database space exceeded")
        larger = {"metadata": {"name": "big"}, "data": {"a": "x" * 70_000}}
        assert (await api.ask("PUT", f"{MAPS}/big", larger)).status == 500
        smaller = {"metadata": {"name": "big"}, "data": {"a": "x" * 59_000}}
        assert (await api.ask("PUT", f"{MAPS}/big", smaller)).status == 200
        assert (await api.ask("DELETE", f"{MAPS}/big")).status == 200
        assert (await api.ask("POST", MAPS, {"metadata": {"name": "more"}})).status == 201


@pytest.fixture
async def hostile(tmp_path: Path) -> AsyncIterator[Hostile]:
    async with hostile_world(tmp_path, FEW) as made:
        yield made


async def test_for_a_new_connection_whoever_has_been_idle_longest_goes(hostile: Hostile) -> None:
    peers = []
    for _ in range(3 * FEW.connections):
        peers.append(await hostile.connect())
        assert (await peers[-1].get("/readyz")).status == 200
    await until(lambda: hostile.server.connection_count == FEW.connections)
    assert await peers[0].rest() == b""
    for peer in peers[-FEW.connections :]:
        assert (await peer.get("/readyz")).status == 200, "who came last stays"
    for peer in peers:
        peer.writer.transport.abort()


async def test_where_nobody_is_idle_a_new_connection_is_told_when_to_come_back(hostile: Hostile) -> None:
    busy: list[HttpPeer] = []
    for _ in range(FEW.connections):
        busy.append(await hostile.connect())
        await busy[-1].send(render(f"{MAPS}?watch=1"))
        assert (await busy[-1].head())[0] == 200
    async with await hostile.connect() as peer:
        told = decoded(await asyncio.wait_for(peer.get("/readyz"), 30))
    assert (told.status, told.body["reason"], told.headers["retry-after"]) == (503, "ServiceUnavailable", "1")
    busy[0].writer.transport.abort()
    await until(lambda: hostile.server.connection_count < FEW.connections)
    async with await hostile.connect() as peer:
        assert (await peer.get("/readyz")).status == 200
    for one in busy:
        one.writer.transport.abort()


async def test_a_packed_body_is_not_unpacked(hostile: Hostile) -> None:
    bomb = gzip.compress(b'{"metadata":{"name":"x"},"data":{"a":"' + b"x" * 50_000_000 + b'"}}')
    async with hostile.undisturbed():
        told = await hostile.ask("POST", MAPS, bomb, "Content-Encoding: gzip")
    assert told.status in (400, 415)


async def test_a_flood_of_events_keeps_the_newest(tmp_path: Path) -> None:
    settings = ControllerSettings(events=20)
    async with controlled_cluster(tmp_path, settings=settings) as cluster:
        for number in range(100):
            event = {
                "kind": "Event", "apiVersion": "v1", "metadata": {"namespace": "default", "name": f"e-{number:03}"},
                "involvedObject": {"namespace": "default", "name": "x"}, "reason": "Flood",
            }  # fmt: skip
            await cluster.client.create(EVENT, event)
        informer = await cluster.informer(EVENT)
        await informer.wait_until(lambda: len(informer) <= 20 and informer.get("default", "e-099") is not None)
        left = sorted(name for one in informer.items() if (name := one["metadata"]["name"]).startswith("e-"))
        assert left == [f"e-{number:03}" for number in range(100)][-len(left) :]


async def test_a_storm_of_watches_from_the_beginning_costs_a_piece_each(api_of_big_maps: World) -> None:
    api = api_of_big_maps
    watches = [await api.watch(f"{MAPS}?watch=1&resourceVersion=0") for _ in range(100)]
    for watch in watches:
        watch.be_slow()
    for _ in range(200):
        assert isinstance(await api.answer("GET", f"{MAPS}?limit=1"), Response)
        await asyncio.sleep(0)
    assert sum(watch.size for watch in watches) <= 100 * 300_000
    watches[0].be_fast()
    assert len(await watches[0].events(40)) >= 40


@pytest.fixture
async def api_of_big_maps() -> AsyncIterator[World]:
    async with world() as started:
        for number in range(40):
            body = {"metadata": {"name": f"big-{number:02}"}, "data": {"a": "x" * 100_000}}
            assert (await started.ask("POST", MAPS, body)).status == 201
        yield started
