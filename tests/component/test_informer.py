"""The informer against a server that breaks off, forgets and lies in wait."""

import asyncio
import copy
from collections.abc import AsyncIterator

import pytest

from fairway.client.memory import MemoryClient
from fairway.kinds import CONFIG_MAP, SERVICE
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile import informer as module
from fairway.reconcile.informer import Change, Informer


def config_map(name: str, value: str = "", uid: str = "", namespace: str = "default") -> Object:
    return {
        "kind": "ConfigMap", "apiVersion": "v1",
        "metadata": {"namespace": namespace, "name": name, "uid": uid or f"uid-{name}"}, "data": {"value": value},
    }  # fmt: skip


class Told:
    """What a subscriber was told, as short texts, with deep copies to find out who changes shared objects."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.copies: list[tuple[Object, Object]] = []
        self.arrived = asyncio.Event()

    def __call__(self, change: Change) -> None:
        self.texts.append(f"{self._value(change.old)}>{self._value(change.new)}")
        self.copies.append((change.object, copy.deepcopy(change.object)))
        self.arrived.set()

    @staticmethod
    def _value(found: Object | None) -> str:
        return "" if found is None else f"{found['metadata']['name']}{found['data']['value']}"

    async def wait_count(self, count: int) -> list[str]:
        async with asyncio.timeout(30):
            while len(self.texts) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.texts

    def assert_untouched(self) -> None:
        for shared, copied in self.copies:
            assert shared == copied


@pytest.fixture
async def client() -> MemoryClient:
    return MemoryClient()


@pytest.fixture
async def informer(client: MemoryClient) -> AsyncIterator[Informer]:
    made = Informer(client, CONFIG_MAP, indexes={"value": lambda found: [found["data"]["value"]]})
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_was_there_before_is_told_on_subscription(client: MemoryClient, informer: Informer) -> None:
    written = client.put(CONFIG_MAP, config_map("a", "1"))
    await informer.wait_revision(int(written["metadata"]["resourceVersion"]))
    told = Told()
    informer.subscribe(told)
    assert told.texts == [">a1"]


async def test_changes_are_told_in_order_with_old_and_new(client: MemoryClient, informer: Informer) -> None:
    told = Told()
    informer.subscribe(told)
    await informer.wait_synced()
    client.put(CONFIG_MAP, config_map("a", "1"))
    client.put(CONFIG_MAP, config_map("a", "2"))
    client.remove(CONFIG_MAP, "default", "a")
    assert await told.wait_count(3) == [">a1", "a1>a2", "a2>"]
    told.assert_untouched()
    assert list(informer.items()) == []


async def test_handlers_are_called_in_the_order_of_subscription(client: MemoryClient, informer: Informer) -> None:
    order: list[str] = []
    informer.subscribe(lambda change: order.append("first"))
    told = Told()
    informer.subscribe(lambda change: order.append("second"))
    informer.subscribe(told)
    client.put(CONFIG_MAP, config_map("a"))
    await told.wait_count(1)
    assert order == ["first", "second"]


async def test_a_handler_that_fails_does_not_stop_the_others(
    client: MemoryClient, informer: Informer, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(change: Change) -> None:
        raise RuntimeError("no")

    informer.subscribe(fails)
    told = Told()
    informer.subscribe(told)
    client.put(CONFIG_MAP, config_map("a", "1"))
    assert await told.wait_count(1) == [">a1"]
    assert "handler failed" in caplog.text


async def test_an_unsubscribed_handler_hears_no_more(client: MemoryClient, informer: Informer) -> None:
    first, second = Told(), Told()
    end = informer.subscribe(first)
    informer.subscribe(second)
    end()
    client.put(CONFIG_MAP, config_map("a", "1"))
    await second.wait_count(1)
    assert first.texts == []


async def test_indexes_follow_every_change(client: MemoryClient, informer: Informer) -> None:
    told = Told()
    informer.subscribe(told)
    client.put(CONFIG_MAP, config_map("a", "x"))
    client.put(CONFIG_MAP, config_map("b", "x"))
    await told.wait_count(2)
    assert sorted(found["metadata"]["name"] for found in informer.by_index("value", "x")) == ["a", "b"]
    client.put(CONFIG_MAP, config_map("a", "y"))
    client.remove(CONFIG_MAP, "default", "b")
    await told.wait_count(4)
    assert informer.by_index("value", "x") == []
    assert [found["metadata"]["name"] for found in informer.by_index("value", "y")] == ["a"]


async def test_an_index_added_late_knows_what_is_there(client: MemoryClient, informer: Informer) -> None:
    written = client.put(CONFIG_MAP, config_map("a", "x"))
    await informer.wait_revision(int(written["metadata"]["resourceVersion"]))
    informer.add_index("name", lambda found: [found["metadata"]["name"]])
    assert len(informer.by_index("name", "a")) == 1


async def test_a_broken_watch_goes_on_from_the_last_revision(client: MemoryClient, informer: Informer) -> None:
    told = Told()
    informer.subscribe(told)
    client.put(CONFIG_MAP, config_map("a", "1"))
    await told.wait_count(1)
    client.disconnect()
    client.put(CONFIG_MAP, config_map("a", "2"))
    assert await told.wait_count(2) == [">a1", "a1>a2"]
    assert client.calls["list"] == 1


async def test_a_bookmark_moves_the_point_of_return(client: MemoryClient, informer: Informer) -> None:
    await informer.wait_synced()
    client.put(SERVICE, {"metadata": {"namespace": "default", "name": "s"}})
    client.bookmark(CONFIG_MAP)
    async with asyncio.timeout(30):
        await informer.wait_revision(3)
    client.compact()
    client.disconnect()
    told = Told()
    informer.subscribe(told)
    client.put(CONFIG_MAP, config_map("a", "1"))
    assert await told.wait_count(1) == [">a1"]
    assert client.calls["list"] == 1


async def test_after_410_only_true_differences_are_told(client: MemoryClient, informer: Informer) -> None:
    for name in ("gone", "kept", "changed"):
        client.put(CONFIG_MAP, config_map(name, "1"))
    told = Told()
    informer.subscribe(told)
    await told.wait_count(3)
    client.failures["watch"] = [ConnectionResetError("cut")] * 3
    client.disconnect()
    client.remove(CONFIG_MAP, "default", "gone")
    client.put(CONFIG_MAP, config_map("changed", "2"))
    client.put(CONFIG_MAP, config_map("new", "1"))
    client.compact()
    assert (await told.wait_count(6))[3:] == ["gone1>", "changed1>changed2", ">new1"]
    assert client.calls["list"] == 2
    told.assert_untouched()


async def test_a_name_given_to_another_object_is_a_departure_and_an_arrival(
    client: MemoryClient, informer: Informer
) -> None:
    client.put(CONFIG_MAP, config_map("a", "1", uid="one"))
    told = Told()
    informer.subscribe(told)
    await told.wait_count(1)
    client.failures["watch"] = [ConnectionResetError("cut")]
    client.disconnect()
    client.put(CONFIG_MAP, config_map("a", "2", uid="two"))
    client.compact()
    assert await told.wait_count(3) == [">a1", "a1>", ">a2"]


@pytest.mark.parametrize(
    "failure",
    [ConnectionRefusedError("nobody"), StatusError(500, "InternalError", "broken"), EOFError(), ValueError("a bug")],
    ids=lambda failure: type(failure).__name__,
)
async def test_no_failure_of_the_client_ends_it(client: MemoryClient, informer: Informer, failure: Exception) -> None:
    client.failures["list"] = [failure]
    client.failures["watch"] = [failure]
    client.put(CONFIG_MAP, config_map("a", "1"))
    told = Told()
    informer.subscribe(told)
    assert await told.wait_count(1) == [">a1"]
    client.put(CONFIG_MAP, config_map("a", "2"))
    assert await told.wait_count(2) == [">a1", "a1>a2"]


async def test_a_namespace_limits_what_is_seen(client: MemoryClient) -> None:
    client.put(CONFIG_MAP, config_map("a", "1", namespace="other"))
    client.put(CONFIG_MAP, config_map("b", "1"))
    informer = Informer(client, CONFIG_MAP, namespace="default")
    running = asyncio.create_task(informer.run())
    await informer.wait_synced()
    assert informer.get("default", "b") is not None
    assert informer.get("other", "a") is None
    assert len(informer) == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_waiting_for_a_revision_ends_when_the_write_is_seen(client: MemoryClient, informer: Informer) -> None:
    await informer.wait_synced()
    written = client.put(CONFIG_MAP, config_map("a", "1"))
    async with asyncio.timeout(30):
        await informer.wait_revision(int(written["metadata"]["resourceVersion"]))
    assert informer.get("default", "a") is written


async def test_where_nobody_listens_tries_come_soon_however_long_that_lasts(
    client: MemoryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(module, "REFUSED_DELAY_S", 0.02)
    client.failures["list"] = [ConnectionRefusedError("nobody listens")] * 20 + [
        StatusError(403, "Forbidden", "not yet")
    ]
    waiting = Informer(client, SERVICE)
    running = asyncio.create_task(waiting.run())
    async with asyncio.timeout(30):  # as with other failures, the tenth try alone would come after 5 s
        await waiting.wait_synced()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_410_after_an_absence_is_followed_by_a_list_at_once() -> None:
    class Timed(MemoryClient):
        """Remembers when each verb was called."""

        def __init__(self) -> None:
            super().__init__()
            self.called: list[tuple[str, float]] = []
            self.listed_again = asyncio.Event()

        def _count(self, verb: str) -> None:
            self.called.append((verb, asyncio.get_running_loop().time()))
            if [each for each, _ in self.called].count("list") == 2:
                self.listed_again.set()
            super()._count(verb)

    client = Timed()
    client.failures["watch"] = [ConnectionResetError("cut")] * 4 + [StatusError(410, "Expired", "too old")]
    following = Informer(client, SERVICE)
    running = asyncio.create_task(following.run())
    async with asyncio.timeout(30):
        await client.listed_again.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    (_, gone_s), (_, listed_s) = client.called[5:7]
    assert listed_s - gone_s < 0.35  # the fifth failure in a row would have waited 0.4 to 0.8 s
