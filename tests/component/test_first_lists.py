"""The very first look at a Service misses nothing that happens while its list is being written."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.test_endpoints_of_services import pod, service
from fairway.client.memory import MemoryClient
from fairway.controllers import run
from fairway.controllers.endpoint_slice import ENDPOINT_SLICES
from fairway.controllers.endpoints import ENDPOINTS_OF_SERVICES
from fairway.kinds import ENDPOINT_SLICE, ENDPOINTS, NODE, POD, SERVICE
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import bad_request
from fairway.reconcile.controller import Controller
from fairway.reconcile.informer import Informer


class Slow(MemoryClient):
    """Answers a create only when it may; gives names as a server does."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may = asyncio.Event(), asyncio.Event()

    async def create(self, kind: Kind, new: Object, **options: Any) -> Object:
        meta = {"name": "made", **new["metadata"], "uid": "made"}
        self.asked.set()
        await self.may.wait()
        return await super().create(kind, {**new, "metadata": meta}, **options)


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    client = Slow()
    client.put(NODE, {"metadata": {"name": "n1", "uid": "n1"}})
    web = service("web", {"app": "a"}, clusterIP="10.96.0.9", ipFamilies=["IPv4"])
    client.put(SERVICE, {**web, "metadata": {**web["metadata"], "uid": "web"}})
    yield client


@pytest.mark.parametrize(
    ("controller", "kind", "field"),
    [(ENDPOINT_SLICES, ENDPOINT_SLICE, "endpoints"), (ENDPOINTS_OF_SERVICES, ENDPOINTS, "subsets")],
)
async def test_a_pod_that_comes_while_the_first_list_is_written(
    slow: Slow, controller: Controller, kind: Kind, field: str
) -> None:
    watcher, pods = Informer(slow, kind), Informer(slow, POD)
    tasks = [asyncio.create_task(one) for one in (run([controller], slow), watcher.run(), pods.run())]
    async with asyncio.timeout(10):
        await slow.asked.wait()
        new = pod("p", app="a")
        new["metadata"]["uid"] = "p"
        new["spec"]["nodeName"] = "n1"
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        slow.put(POD, {**new, "status": {"phase": "Running", "podIP": "10.9.0.1", "conditions": [ready]}})
        await pods.wait_until(lambda: len(pods) == 1)
        await asyncio.sleep(0)  # a turn for the controller's own watch, which was there first
        slow.may.set()
        await watcher.wait_until(lambda: any(one.get(field) for one in watcher.items()))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_list_that_is_refused_is_tried_ever_more_slowly(slow: Slow) -> None:
    slow.may.set()
    watcher = Informer(slow, ENDPOINTS)
    tasks = [asyncio.create_task(one) for one in (run([ENDPOINTS_OF_SERVICES], slow), watcher.run())]
    async with asyncio.timeout(10):
        await watcher.wait_until(lambda: len(watcher) == 1)
        slow.failures["update"] = [bad_request("no") for _ in range(1000)]
        for number in range(3):
            new = pod(f"p{number}", app="a")
            new["metadata"]["uid"] = f"p{number}"
            ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
            status = {"phase": "Running", "podIP": f"10.9.0.{number + 1}", "conditions": [ready]}
            slow.put(POD, {**new, "status": status})
        before = slow.calls.get("update", 0)
        began_s = asyncio.get_running_loop().time()
        while slow.calls.get("update", 0) < before + 8:  # noqa: ASYNC110
            await asyncio.sleep(0.005)  # it is only counted, nobody tells of it
        # Three of them at once, as the pods came one by one; then 20 + 40 + 80 + 160 ms at the least.
        assert asyncio.get_running_loop().time() - began_s > 0.15
        slow.failures.clear()
        await watcher.wait_until(
            lambda: any(len(one.get("subsets", [{}])[0].get("addresses", ())) == 3 for one in watcher.items())
        )
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
