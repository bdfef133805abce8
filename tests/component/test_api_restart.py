"""A restart of the API server on its SQLite file: objects, revisions and watches go on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fairway.apiserver.server import ApiServer
from fairway.apiserver.settings import Settings
from fairway.client.in_process import InProcessClient
from fairway.kinds import CONFIG_MAP, SERVICE
from fairway.objects import Object
from fairway.store.sqlite import SqliteStore


@asynccontextmanager
async def server(path: Path) -> AsyncIterator[InProcessClient]:
    store = await SqliteStore.open(path)
    api_server = ApiServer(store, Settings(advertise_address="10.244.0.1"))
    await api_server.start()
    yield InProcessClient(api_server.api)
    await api_server.stop()
    await store.close()


def config_map(name: str) -> Object:
    return {"metadata": {"name": name, "namespace": "default"}, "data": {"k": "v"}}


async def test_a_watch_goes_on_where_it_was_before_the_restart(tmp_path: Path) -> None:
    async with server(tmp_path / "db") as client:
        first = await client.create(CONFIG_MAP, config_map("a"))
        await client.create(CONFIG_MAP, config_map("b"))
        await client.delete(CONFIG_MAP, "default", "a")
    async with server(tmp_path / "db") as client:
        await client.create(CONFIG_MAP, config_map("c"))
        seen = []
        watch = client.watch(CONFIG_MAP, revision=first["metadata"]["resourceVersion"])
        async for event in watch:
            seen.append((event.type, event.object["metadata"]["name"]))
            if len(seen) == 3:
                break
        await watch.aclose()  # type: ignore[attr-defined]
    assert seen == [("ADDED", "b"), ("DELETED", "a"), ("ADDED", "c")]


async def test_a_restart_writes_nothing(tmp_path: Path) -> None:
    async with server(tmp_path / "db") as client:
        before = await client.list(SERVICE)
    async with server(tmp_path / "db") as client:
        assert await client.list(SERVICE) == before


async def test_claims_outlive_a_restart(tmp_path: Path) -> None:
    spec = {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}
    async with server(tmp_path / "db") as client:
        made = await client.create(SERVICE, {"metadata": {"name": "a", "namespace": "default"}, "spec": spec})
    async with server(tmp_path / "db") as client:
        again = await client.get(SERVICE, "default", "a")
        assert again == made
        await client.delete(SERVICE, "default", "a")
        spec = {**spec, "clusterIP": made["spec"]["clusterIP"]}
        await client.create(SERVICE, {"metadata": {"name": "b", "namespace": "default"}, "spec": spec})
