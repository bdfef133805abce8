"""A pod leaves: every node's proxy is asked, and nothing but their answers is waited for."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from loops import on_both_loops
from programmed_table import endpoint_slice, service
from service_network import Pod
from test_proxy_status import Answer, ask

from fairway.client.memory import MemoryClient
from fairway.kinds import ENDPOINT_SLICE, NODE, SERVICE
from fairway.proxy.dataplanes.memory import MemoryDataplane
from fairway.proxy.neighbours import PORT_ANNOTATION, Neighbours
from fairway.proxy.proxy import Proxy
from fairway.proxy.status_server import Listening, StatusServer

POD = "10.244.0.1"
LEAVER = Pod("p1", "n1", None, POD, "fd44::1")  # type: ignore[arg-type]


class SlowDataplane(MemoryDataplane):
    """Takes a change only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go = asyncio.Event()
        self.may_go.set()

    async def commit(self, transactions: Any) -> None:
        await self.may_go.wait()
        await super().commit(transactions)


class World:
    """An API and the proxies of some nodes, all of them on this machine at ports of their own."""

    def __init__(self) -> None:
        self.client = MemoryClient()
        self.ports: dict[str, int] = {}
        self.dataplanes: dict[str, SlowDataplane] = {}
        self.running: dict[str, asyncio.Task[None]] = {}

    def put_node(self, name: str, *, is_ready: bool = True, port: int = 0) -> None:
        meta: dict[str, Any] = {"name": name}
        if port:
            meta["annotations"] = {PORT_ANNOTATION: str(port)}
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "conditions": [{"type": "Ready", "status": "True" if is_ready else "Unknown"}],
        }
        self.client.put(NODE, {"metadata": meta, "spec": {}, "status": status})

    def start(self, name: str, port: int = 0) -> None:
        """Run a node's proxy and say so in its Node."""
        self.ports[name] = port or free_port()
        self.dataplanes[name] = SlowDataplane()
        proxy = Proxy(self.client, self.dataplanes[name], node_name=name)
        at = Listening("127.0.0.1", self.ports[name], metrics_port=None)
        self.running[name] = asyncio.create_task(both(proxy, StatusServer(proxy, at)))
        self.put_node(name, port=self.ports[name])

    async def stop(self, name: str) -> None:
        task = self.running.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def put_slice(self, *pods: Pod) -> None:
        self.client.put(ENDPOINT_SLICE, endpoint_slice("web", pods))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def both(proxy: Proxy, status: StatusServer) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(proxy.run())
        tasks.create_task(status.run())


@asynccontextmanager
async def world(*names: str) -> AsyncIterator[tuple[World, Neighbours]]:
    made = World()
    made.client.put(SERVICE, service("web", "10.96.0.1"))
    made.put_slice(LEAVER)
    for name in names:
        made.start(name)
    neighbours = Neighbours(made.client, "n1")
    following = asyncio.create_task(neighbours.run())
    try:
        async with asyncio.timeout(10):
            for name in names:
                while await ask(made.ports[name], "/livez") is None:
                    pass  # it is about to listen
            yield made, neighbours
    finally:
        following.cancel()
        for name in list(made.running):
            await made.stop(name)
        await asyncio.gather(following, return_exceptions=True)


def begun(neighbours: Neighbours) -> asyncio.Task[None]:
    return asyncio.create_task(neighbours.wait_left([POD]))


async def still_waits(task: asyncio.Task[None]) -> bool:
    """After every event that is on its way has had its turn."""
    done, _ = await asyncio.wait([task], timeout=0.2)
    return not done


@on_both_loops
async def test_every_other_node_is_asked_and_answers_when_its_dataplane_has_it() -> None:
    async with world("n2", "n3") as (made, neighbours):
        waiting = begun(neighbours)
        assert await still_waits(waiting)
        made.dataplanes["n3"].may_go.clear()
        made.put_slice()
        assert await still_waits(waiting), "n3 has heard of it, its kernel has not"
        made.dataplanes["n3"].may_go.set()
        await waiting


@on_both_loops
async def test_what_nobody_sends_to_is_answered_at_once() -> None:
    async with world("n2") as (_, neighbours):
        await neighbours.wait_left(["10.244.0.77"])
        await neighbours.wait_left([])


@on_both_loops
async def test_a_node_that_is_lost_or_has_another_proxy_holds_nobody_up() -> None:
    async with world("n2") as (made, neighbours):
        made.put_node("foreign")
        made.put_node("dead", is_ready=False, port=1)
        waiting = begun(neighbours)
        assert await still_waits(waiting)
        made.put_node("n2", is_ready=False, port=made.ports["n2"])
        await waiting


@on_both_loops
async def test_a_proxy_that_is_away_is_asked_again_when_it_is_back() -> None:
    async with world("n2") as (made, neighbours):
        port = made.ports["n2"]
        await made.stop("n2")
        waiting = begun(neighbours)
        assert await still_waits(waiting), "its rules are still in the kernel"
        made.start("n2", port)
        assert await still_waits(waiting)
        made.put_slice()
        await waiting


@on_both_loops
async def test_a_question_that_makes_no_sense_is_refused() -> None:
    async with world("n2") as (made, _):
        for query in ("address=nonsense", f"address={POD}&port=http"):
            answer = await ask(made.ports["n2"], f"/leaving?{query}")
            assert isinstance(answer, Answer)
            assert answer.status == 400
        answer = await ask(made.ports["n2"], f"/leaving?address={POD}&port=1")
        assert answer is not None
        assert (answer.status, answer.body) == (200, b"ok")
