"""Several informers that share their lists, against a real API server in this process: each has what it asked for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from component.memory_store import MemoryStore
from fairway.apiserver.server import ApiServer
from fairway.client.in_process import InProcessClient
from fairway.client.interface import Client
from fairway.client.memory import MemoryClient
from fairway.client.shared_lists import SharedLists
from fairway.kinds import ENDPOINT_SLICE, NAMESPACE, SERVICE
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError, expired
from fairway.reconcile.informer import Informer

PROXY_NAME = "service.kubernetes.io/service-proxy-name"
HEADLESS = "service.kubernetes.io/headless"
PROXY = {"labels": f"!{PROXY_NAME},!{HEADLESS}", "fields": "spec.clusterIP!=None"}
ASKED: list[dict[str, str]] = [
    {}, PROXY, {"fields": "spec.type=LoadBalancer"}, {"labels": HEADLESS}, {"fields": "metadata.name!=plain"},
    {"labels": "team in (a,b)"},
]  # fmt: skip


class Counted:
    """What an informer needs of a client, with every list that went on to it."""

    def __init__(self, client: InProcessClient) -> None:
        self._client = client
        self.lists: list[dict[str, Any]] = []
        self.watch = client.watch

    async def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = "",
        keep: Callable[[Object], Object] | None = None,
    ) -> tuple[list[Object], str]:  # fmt: skip
        self.lists.append({"kind": kind.plural, "namespace": namespace, "labels": labels, "fields": fields})
        return await self._client.list(kind, namespace, labels=labels, fields=fields, keep=keep)


def service(name: str, labels: dict[str, str] | None = None, namespace: str = "default", **spec: Any) -> Object:
    meta = {"name": name, "namespace": namespace, "labels": labels or {}}
    return {
        "kind": "Service", "apiVersion": "v1", "metadata": meta,
        "spec": {"ports": [{"port": 80}], **spec},
    }  # fmt: skip


def names(found: list[Object]) -> list[str]:
    return [f"{each['metadata']['namespace']}/{each['metadata']['name']}" for each in found]


@pytest.fixture
async def direct() -> AsyncIterator[InProcessClient]:
    server = ApiServer(MemoryStore())
    await server.start()
    client = InProcessClient(server.api, agent="test")
    await client.create(NAMESPACE, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "far"}})
    for new in (
        service("plain"), service("headless", {HEADLESS: ""}, clusterIP="None"), service("bare", clusterIP="None"),
        service("other", {PROXY_NAME: "mine", "team": "a"}), service("balanced", {"team": "b"}, type="LoadBalancer"),
        service("plain", {"team": "c"}, "far"),
    ):  # fmt: skip
        await client.create(SERVICE, new)
    yield client
    await server.stop()


@pytest.fixture
def counted(direct: InProcessClient) -> Counted:
    return Counted(direct)


async def at_once() -> None:
    return None


def shared(client: Any, turn: Callable[[], Any] = at_once) -> SharedLists:
    found: Client = client
    return SharedLists(found, (SERVICE, ENDPOINT_SLICE), turn)


async def test_each_gets_what_the_server_would_have_given_it_alone(direct: InProcessClient, counted: Counted) -> None:
    client = shared(counted)
    answers = await asyncio.gather(*(client.list(SERVICE, **asked) for asked in ASKED))
    assert [names(found) for found, _ in answers] == [names((await direct.list(SERVICE, **each))[0]) for each in ASKED]
    assert len({revision for _, revision in answers}) == 1
    assert counted.lists == [{"kind": "services", "namespace": None, "labels": "", "fields": ""}]


async def test_each_has_its_own_reducer(counted: Counted) -> None:
    client = shared(counted)
    (short, _), (whole, _) = await asyncio.gather(
        client.list(SERVICE, keep=lambda found: {"name": found["metadata"]["name"]}), client.list(SERVICE, **PROXY)
    )
    assert {"name": "headless"} in short
    assert [each["spec"]["type"] for each in whole if each["metadata"]["name"] == "balanced"] == ["LoadBalancer"]


async def test_one_alone_and_those_who_ask_the_same_are_served_with_their_selectors(counted: Counted) -> None:
    client = shared(counted)
    await client.list(SERVICE, **PROXY)
    await asyncio.gather(client.list(SERVICE, labels=HEADLESS), client.list(SERVICE, labels=HEADLESS))
    assert [(each["labels"], each["fields"]) for each in counted.lists] == [
        (PROXY["labels"], PROXY["fields"]), (HEADLESS, ""),
    ]  # fmt: skip


async def test_other_kinds_and_single_namespaces_are_not_shared(counted: Counted) -> None:
    client = shared(counted)
    await asyncio.gather(
        *(client.list(NAMESPACE) for _ in range(2)), *(client.list(SERVICE, "far", **PROXY) for _ in range(2))
    )
    assert len(counted.lists) == 4


async def test_whoever_asks_before_the_turn_takes_part_and_who_asks_later_has_the_next(counted: Counted) -> None:
    turn = asyncio.Event()
    client = shared(counted, turn.wait)
    early = [asyncio.create_task(client.list(SERVICE)) for _ in range(2)]
    await asyncio.sleep(0)
    early.append(asyncio.create_task(client.list(SERVICE)))
    other = asyncio.create_task(client.list(ENDPOINT_SLICE))
    await asyncio.sleep(0)
    assert not counted.lists
    turn.set()
    await asyncio.gather(*early, other)
    assert sorted(each["kind"] for each in counted.lists) == ["endpointslices", "services"]
    await client.list(SERVICE)
    assert len(counted.lists) == 3


async def test_one_who_goes_away_takes_nobody_along(counted: Counted) -> None:
    turn = asyncio.Event()
    client = shared(counted, turn.wait)
    going, staying = (asyncio.create_task(client.list(SERVICE)) for _ in range(2))
    alone = asyncio.create_task(client.list(ENDPOINT_SLICE))
    await asyncio.sleep(0)
    going.cancel()
    alone.cancel()
    turn.set()
    found, _ = await staying
    assert "default/plain" in names(found)
    assert [each["kind"] for each in counted.lists] == ["services"]


async def test_a_selector_that_is_none_is_its_asker_s_trouble_alone(counted: Counted) -> None:
    client = shared(counted)
    good, bad = await asyncio.gather(
        client.list(SERVICE), client.list(SERVICE, fields="spec.colour=red"), return_exceptions=True
    )
    assert isinstance(bad, StatusError)
    assert bad.code == 400
    assert not isinstance(good, BaseException)


async def test_a_failure_is_told_to_all_and_the_next_try_is_a_new_one() -> None:
    memory = MemoryClient()
    memory.put(SERVICE, service("a"))
    memory.failures["list"] = [ConnectionResetError("gone")]
    client = shared(memory)
    failed = await asyncio.gather(*(client.list(SERVICE) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in failed] == [ConnectionResetError] * 3
    assert names((await client.list(SERVICE))[0]) == ["default/a"]


async def test_what_leaves_a_filter_is_a_departure_for_those_who_have_it(
    direct: InProcessClient, counted: Counted
) -> None:
    client = shared(counted)
    everything = Informer(client, SERVICE)
    proxied = Informer(client, SERVICE, labels=PROXY["labels"], saving=PROXY["fields"])
    told: list[tuple[str | None, str | None]] = []
    tasks = [asyncio.create_task(each.run()) for each in (everything, proxied)]
    try:
        async with asyncio.timeout(30):
            await everything.wait_synced()
            await proxied.wait_synced()
            assert len(counted.lists) == 1
            held = {"default/balanced", "default/kubernetes", "default/plain", "far/plain"}
            assert set(names(list(proxied.items()))) == held
            proxied.subscribe(lambda change: told.append((_name(change.old), _name(change.new))))
            told.clear()
            for value in ("mine", None):
                patch = {"metadata": {"labels": {PROXY_NAME: value}}}
                made = await direct.patch(SERVICE, "default", "plain", patch)
                await proxied.wait_revision(int(made["metadata"]["resourceVersion"]))
                await everything.wait_revision(int(made["metadata"]["resourceVersion"]))
        assert told == [("plain", None), (None, "plain")]
        assert len(everything) == 7
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_after_410_a_new_list_says_what_is_gone() -> None:
    memory = MemoryClient()
    memory.put(SERVICE, service("a"))
    memory.put(SERVICE, service("b"))
    client = shared(memory)
    informers = [Informer(client, SERVICE), Informer(client, SERVICE, fields="metadata.name!=b")]
    tasks = [asyncio.create_task(each.run()) for each in informers]
    try:
        async with asyncio.timeout(30):
            for each in informers:
                await each.wait_synced()
            memory.failures["watch"] = [expired("too old") for _ in informers]
            memory.disconnect()
            memory.remove(SERVICE, "default", "a")
            memory.compact()
            for each in informers:
                await each.wait_until(lambda each=each: each.get("default", "a") is None)  # type: ignore[misc]
        assert [len(each) for each in informers] == [1, 0]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _name(found: Object | None) -> str | None:
    return None if found is None else str(found["metadata"]["name"])
