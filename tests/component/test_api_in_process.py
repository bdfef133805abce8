"""The API as callers in this process meet it, over a store without a disk."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from component.memory_store import MemoryStore
from fairway.apiserver.serve import Api
from fairway.apiserver.server import ApiServer
from fairway.client.in_process import InProcessClient
from fairway.kinds import CONFIG_MAP
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.store.interface import Entry, Put, Revision, StoreCompacted


def config_map(name: str, **data: str) -> Object:
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name, "namespace": "default"}, "data": data}


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    server = ApiServer(MemoryStore())
    await server.start()
    yield server.api
    await server.stop()


@pytest.fixture
def client(api: Api) -> InProcessClient:
    return InProcessClient(api, agent="test")


async def test_what_was_created_can_be_read_at_once(client: InProcessClient) -> None:
    made = await client.create(CONFIG_MAP, config_map("a", colour="blue"))
    assert made["metadata"]["uid"]
    assert await client.get(CONFIG_MAP, "default", "a") == made


async def test_a_name_is_taken_once(client: InProcessClient) -> None:
    await client.create(CONFIG_MAP, config_map("a"))
    with pytest.raises(StatusError, match='configmaps "a" already exists'):
        await client.create(CONFIG_MAP, config_map("a"))


async def test_a_list_is_in_name_order(client: InProcessClient) -> None:
    for name in ("b", "c", "a"):
        await client.create(CONFIG_MAP, config_map(name))
    items, _ = await client.list(CONFIG_MAP, "default")
    assert [item["metadata"]["name"] for item in items] == ["a", "b", "c"]


async def test_a_watch_tells_every_change_after_its_revision_once(client: InProcessClient) -> None:
    made = await client.create(CONFIG_MAP, config_map("a", n="0"))
    _, revision = await client.list(CONFIG_MAP, "default")
    await client.update(CONFIG_MAP, {**made, "data": {"n": "1"}})
    seen: list[tuple[str, str]] = []

    async def follow() -> None:
        async for event in client.watch(CONFIG_MAP, "default", revision=revision):
            seen.append((event.type, event.object["metadata"]["name"]))
            if len(seen) == 3:
                return

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    await client.create(CONFIG_MAP, config_map("b"))
    await client.delete(CONFIG_MAP, "default", "a")
    await asyncio.wait_for(following, 30)
    assert seen == [("MODIFIED", "a"), ("ADDED", "b"), ("DELETED", "a")]


async def test_a_stale_writer_is_refused(client: InProcessClient) -> None:
    made = await client.create(CONFIG_MAP, config_map("a", n="0"))
    await client.update(CONFIG_MAP, {**made, "data": {"n": "1"}})
    with pytest.raises(StatusError) as refused:
        await client.update(CONFIG_MAP, {**made, "data": {"n": "2"}})
    assert (refused.value.code, refused.value.message) == (
        409,
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; '
        "please apply your changes to the latest version and try again",
    )


async def test_an_update_that_changes_nothing_writes_nothing(client: InProcessClient) -> None:
    made = await client.create(CONFIG_MAP, config_map("a", n="0"))
    again = await client.update(CONFIG_MAP, config_map("a", n="0"))
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_nothing_is_created_in_a_namespace_that_is_not_there(client: InProcessClient) -> None:
    lost = config_map("a")
    lost["metadata"]["namespace"] = "nowhere"
    with pytest.raises(StatusError, match='namespaces "nowhere" not found'):
        await client.create(CONFIG_MAP, lost)


async def test_a_store_that_breaks_its_watch_is_read_again_and_watchers_list_again() -> None:
    store = BreakingStore()
    server = ApiServer(store)
    await server.start()
    client = InProcessClient(server.api)
    _, revision = await client.list(CONFIG_MAP)
    watch = client.watch(CONFIG_MAP, revision=revision)
    following = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)
    store.breaks.set()
    with pytest.raises(StatusError) as told:
        await asyncio.wait_for(following, 30)
    assert told.value.code == 410
    await client.create(CONFIG_MAP, config_map("after"))
    assert (await client.get(CONFIG_MAP, "default", "after"))["metadata"]["name"] == "after"
    await server.stop()


async def test_whoever_runs_the_server_hears_of_a_background_task_that_dies() -> None:
    store = MemoryStore()
    server = ApiServer(store)
    await server.start()
    failing = asyncio.ensure_future(server.wait_failed())
    await store.commit([Put("/core/configmaps/default/broken", b"not an object")])
    with pytest.raises(ValueError, match="not found"):
        await asyncio.wait_for(failing, 30)
    await server.stop()


class BreakingStore(MemoryStore):
    """Its first watch breaks when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.breaks = asyncio.Event()

    async def watch(self, prefix: str, after: Revision) -> AsyncIterator[Sequence[Entry]]:
        entries = super().watch(prefix, after)
        while True:
            coming = asyncio.ensure_future(anext(entries))
            broken = asyncio.ensure_future(self.breaks.wait())
            await asyncio.wait({coming, broken}, return_when=asyncio.FIRST_COMPLETED)
            broken.cancel()
            if not coming.done():
                coming.cancel()
                self.breaks.clear()
                raise StoreCompacted
            yield coming.result()
