"""The loop that runs controllers, on a client in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from fairway.client.memory import MemoryClient
from fairway.kinds import CONFIG_MAP, EVENT, SECRET
from fairway.objects import Object
from fairway.objects.errors import conflict
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key, run
from fairway.reconcile.informer import Informer

Reconcile = Callable[[Key, Cluster], Awaitable[float | None]]


def named(kind: str, name: str, **more: str) -> Object:
    return {"kind": kind, "apiVersion": "v1", "metadata": {"namespace": "d", "name": name, "uid": name}, "data": more}


@asynccontextmanager
async def running(client: MemoryClient, *controllers: Controller) -> AsyncIterator[None]:
    task = asyncio.create_task(run(controllers, client))
    try:
        async with asyncio.timeout(10):
            yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Calls:
    """A reconcile that notes its keys and can be told what to do."""

    def __init__(self, then: Reconcile | None = None) -> None:
        self.keys: list[Key] = []
        self._then = then
        self._arrived = asyncio.Event()

    async def __call__(self, key: Key, cluster: Cluster) -> float | None:
        self.keys.append(key)
        self._arrived.set()
        return await self._then(key, cluster) if self._then else None

    async def wait_count(self, count: int) -> list[Key]:
        while len(self.keys) < count:
            self._arrived.clear()
            await self._arrived.wait()
        return self.keys


async def test_what_is_there_at_the_start_is_reconciled() -> None:
    client, calls = MemoryClient(), Calls()
    client.put(CONFIG_MAP, named("ConfigMap", "a"))
    async with running(client, Controller(name="t", owns=CONFIG_MAP, reconcile=calls)):
        assert await calls.wait_count(1) == [("d", "a")]


async def test_another_kind_wakes_the_keys_it_concerns() -> None:
    client, calls = MemoryClient(), Calls()
    controller = Controller(
        name="t", owns=CONFIG_MAP, reconcile=calls, wakes={SECRET: lambda change, cluster: [("d", "of-the-secret")]}
    )
    async with running(client, controller):
        client.put(SECRET, named("Secret", "s"))
        assert await calls.wait_count(1) == [("d", "of-the-secret")]


async def test_changes_of_one_turn_are_one_reconcile() -> None:
    client, calls = MemoryClient(), Calls()
    async with running(client, Controller(name="t", owns=CONFIG_MAP, reconcile=calls)):
        client.put(CONFIG_MAP, named("ConfigMap", "first"))
        await calls.wait_count(1)
        for value in "12345":
            client.put(CONFIG_MAP, named("ConfigMap", "a", value=value))
        client.put(CONFIG_MAP, named("ConfigMap", "last"))
        assert await calls.wait_count(3) == [("d", "first"), ("d", "a"), ("d", "last")]


async def test_a_key_is_never_reconciled_twice_at_once() -> None:
    client = MemoryClient()
    now, most = 0, 0

    async def slow(key: Key, cluster: Cluster) -> float | None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for value in range(3):
            client.put(CONFIG_MAP, named("ConfigMap", "a", value=f"{len(calls.keys)}{value}"))
            await asyncio.sleep(0)
        now -= 1
        return None

    calls = Calls(slow)
    client.put(CONFIG_MAP, named("ConfigMap", "a"))
    async with running(client, Controller(name="t", owns=CONFIG_MAP, reconcile=calls)):
        await calls.wait_count(20)
    assert most == 1


async def test_a_failure_is_logged_with_its_key_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async def fails_twice(key: Key, cluster: Cluster) -> float | None:
        if len(calls.keys) < 3:
            raise ValueError("a bug")
        return None

    client, calls = MemoryClient(), Calls(fails_twice)
    client.put(CONFIG_MAP, named("ConfigMap", "a"))
    async with running(client, Controller(name="t", owns=CONFIG_MAP, reconcile=calls)):
        await calls.wait_count(3)
    assert [record.__dict__["key"] for record in caplog.records] == ["d/a", "d/a"]


async def test_a_conflict_is_tried_again_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    async def stale_once(key: Key, cluster: Cluster) -> float | None:
        if len(calls.keys) == 1:
            raise conflict("", "configmaps", "a")
        return None

    client, calls = MemoryClient(), Calls(stale_once)
    client.put(CONFIG_MAP, named("ConfigMap", "a"))
    async with running(client, Controller(name="t", owns=CONFIG_MAP, reconcile=calls)):
        await calls.wait_count(2)
    assert caplog.records == []


async def test_a_reconcile_may_ask_to_be_repeated_later() -> None:
    async def soon(key: Key, cluster: Cluster) -> float | None:
        return 0.01 if len(calls.keys) < 3 else None

    client, calls = MemoryClient(), Calls(soon)
    client.put(CONFIG_MAP, named("ConfigMap", "a"))
    async with running(client, Controller(name="t", owns=CONFIG_MAP, reconcile=calls)):
        await calls.wait_count(3)


async def test_the_next_reconcile_sees_what_the_last_one_wrote() -> None:
    counts: list[int] = []

    async def one_secret(key: Key, cluster: Cluster) -> float | None:
        found = list(cluster.items(SECRET))
        counts.append(len(found))
        if not found:
            await cluster.create(SECRET, named("Secret", f"made-{len(counts)}"))
        elif len(counts) < 6:
            await cluster.delete(SECRET, found[0])
        return 0.0 if len(counts) < 6 else None

    client, calls = MemoryClient(), Calls(one_secret)
    client.put(CONFIG_MAP, named("ConfigMap", "a"))
    async with running(client, Controller(name="t", owns=CONFIG_MAP, reconcile=calls, reads=(SECRET,))):
        await calls.wait_count(6)
    assert counts == [0, 1, 0, 1, 0, 1]


async def test_equal_events_are_counted_on_one_object() -> None:
    async def tells(key: Key, cluster: Cluster) -> float | None:
        found = cluster.get(CONFIG_MAP, *key)
        assert found is not None
        cluster.event(CONFIG_MAP, found, "Normal", "Seen", "it was seen")
        return None if len(calls.keys) == 3 else 0.01

    client, calls = MemoryClient(), Calls(tells)
    client.put(CONFIG_MAP, named("ConfigMap", "a"))
    async with running(client, Controller(name="teller", owns=CONFIG_MAP, reconcile=calls)):
        await calls.wait_count(3)
        informer = Informer(client, EVENT)
        following = asyncio.create_task(informer.run())
        await informer.wait_until(lambda: any(event["count"] == 3 for event in informer.items()))
        following.cancel()
        events = list(informer.items())
    assert len(events) == 1
    assert events[0]["source"] == {"component": "teller"}
    assert events[0]["involvedObject"] == {
        "kind": "ConfigMap", "namespace": "d", "name": "a", "uid": "a", "apiVersion": "v1",
    }  # fmt: skip
    assert (events[0]["reason"], events[0]["message"], events[0]["type"]) == ("Seen", "it was seen", "Normal")
