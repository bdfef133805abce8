"""The Ingress controller between a real API server and an engine: when it works, what it waits for, what it tells."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fairway.apiserver.server import ApiServer
from fairway.apiserver.settings import Settings as ApiSettings
from fairway.client.in_process import InProcessClient
from fairway.ingress.engine import EngineError
from fairway.ingress.ingress import Ingress, Settings
from fairway.ingress.memory import MemoryEngine
from fairway.ingress.model import Backend, Server
from fairway.kinds import ENDPOINT_SLICE, EVENT, INGRESS, INGRESS_CLASS, SERVICE
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.reconcile.informer import Informer
from fairway.store.sqlite import SqliteStore

WEB = Backend("default/web", "80")
POINTS = [{"ip": "192.0.2.9", "ports": [{"port": 80, "protocol": "TCP"}]}]


class Certificates:
    def pem(self, host: str) -> str:
        return f"for {host or 'all'}"

    def covers(self, host: str) -> bool:
        return True

    def forget(self, hosts: set[str]) -> None:
        pass

    def due_in_s(self) -> float | None:
        return None


class World:
    def __init__(self, client: InProcessClient, engine: MemoryEngine, controller: Ingress) -> None:
        self.client, self.engine, self.controller = client, engine, controller
        self._informers = {kind: Informer(client, kind) for kind in (INGRESS, EVENT, INGRESS_CLASS)}

    async def follow(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for each in self._informers.values():
                tasks.create_task(each.run())

    async def until(self, kind: Kind, condition: Callable[[Object], bool]) -> Object:
        """The first object of a kind of which it is true."""
        informer = self._informers[kind]
        async with asyncio.timeout(10):
            await informer.wait_until(lambda: any(condition(each) for each in informer.items()))
        return next(each for each in informer.items() if condition(each))

    async def event(self, reason: str) -> str:
        found = await self.until(EVENT, lambda each: each["reason"] == reason)
        return str(found["message"])

    async def served(self) -> Object:
        return await self.until(INGRESS, lambda each: bool(each["status"]["loadBalancer"].get("ingress")))

    async def applied(self, condition: Callable[[MemoryEngine], bool]) -> None:
        """Return when the engine does what is expected; it is asked after each thing that it was told."""
        async with asyncio.timeout(10):
            while not condition(self.engine):
                await self.controller.wait_synced()

    async def endpoints(self, *hosts: str, is_ready: bool = True) -> None:
        conditions = {"ready": is_ready, "serving": True, "terminating": not is_ready}
        found = {
            "metadata": {"name": "web-1", "namespace": "default", "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": "IPv4", "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
            "endpoints": [{"addresses": [host], "conditions": conditions} for host in hosts],
        }  # fmt: skip
        try:
            await self.client.create(ENDPOINT_SLICE, found)
        except Exception:
            patch = {"endpoints": found["endpoints"]}
            await self.client.patch(ENDPOINT_SLICE, "default", "web-1", patch)


@asynccontextmanager
async def world(engine: MemoryEngine) -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        store = await SqliteStore.open(f"{folder}/state.db")
        server = ApiServer(store, ApiSettings(has_ingress=True))
        await server.start()
        client = InProcessClient(server.api, agent="test")
        controller = Ingress(client, engine, Settings(certificates=Certificates(), points=POINTS))
        made = World(client, engine, controller)
        tasks = [asyncio.create_task(each) for each in (controller.run(), made.follow())]
        try:
            yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.stop()
            await store.close()


def ingress(name: str = "web", **spec: Any) -> Object:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": "web.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": {"rules": [rule], **spec}}


SERVICE_WEB = {
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"ports": [{"port": 80, "targetPort": 8080}]},
}


async def test_the_first_ingress_of_ours_begins_it() -> None:
    async with world(MemoryEngine()) as it:
        await it.until(INGRESS_CLASS, lambda each: each["metadata"]["name"] == "fairway")
        other = {"metadata": {"name": "other"}, "spec": {"controller": "example.com/x"}}
        await it.client.create(INGRESS_CLASS, other)
        await it.client.create(INGRESS, ingress("not-ours", ingressClassName="other"))
        await it.client.create(INGRESS, ingress("nobodys", ingressClassName="gone"))
        assert await it.event("ClassNotFound") == 'IngressClass "gone" does not exist: nobody serves this Ingress'
        assert it.engine.applied == 0
        await it.client.create(INGRESS, ingress())
        found = await it.served()
        assert (found["metadata"]["name"], found["spec"]["ingressClassName"]) == ("web", "fairway")
        assert found["status"]["loadBalancer"]["ingress"] == POINTS
        assert it.engine.wanted.certificates == {"": "for all", "web.example": "for web.example"}


async def test_where_no_ingress_is_served_any_more_its_class_goes_and_what_it_promised() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = await SqliteStore.open(f"{folder}/state.db")
        for has_ingress in (True, False, True):
            server = ApiServer(store, ApiSettings(has_ingress=has_ingress))
            await server.start()
            client = InProcessClient(server.api, agent="test")
            classes, _ = await client.list(INGRESS_CLASS)
            assert [each["metadata"]["name"] for each in classes] == ["fairway"] * has_ingress
            found, _ = await client.list(INGRESS)
            if not found:
                await client.create(INGRESS, ingress())
                status = {"status": {"loadBalancer": {"ingress": POINTS}}}
                await client.patch(INGRESS, "default", "web", status, subresource="status")
            else:
                assert found[0]["status"] == {"loadBalancer": {}}
            await server.stop()
        await store.close()


async def test_an_ingress_that_goes_to_another_class_loses_its_address() -> None:
    async with world(MemoryEngine()) as it:
        await it.client.create(INGRESS_CLASS, {"metadata": {"name": "other"}, "spec": {"controller": "example.com/x"}})
        await it.client.create(INGRESS, ingress())
        await it.served()
        await it.client.patch(INGRESS, "default", "web", {"spec": {"ingressClassName": "other"}})
        await it.until(INGRESS, lambda each: not each["status"]["loadBalancer"].get("ingress"))


async def test_what_comes_a_moment_later_is_never_missed_in_public() -> None:
    async with world(MemoryEngine()) as it:
        await it.client.create(INGRESS, ingress())
        await it.client.create(SERVICE, SERVICE_WEB)
        await it.endpoints("10.244.0.5")
        await it.event("Synced")
        await it.applied(lambda engine: bool(engine.wanted.upstreams[WEB].servers))
        await it.client.delete(SERVICE, "default", "web")
        assert "does not exist" in await it.event("ServiceNotFound")
        events, _ = await it.client.list(EVENT)
        assert {each["reason"] for each in events} == {"Synced", "ServiceNotFound"}


async def test_a_pod_waits_until_the_engine_has_let_go_of_it() -> None:
    async with world(MemoryEngine()) as it:
        await it.client.create(SERVICE, SERVICE_WEB)
        await it.endpoints("10.244.0.5", "10.244.0.6")
        await it.client.create(INGRESS, ingress())
        await it.served()
        leaving = asyncio.create_task(it.controller.wait_left(["10.244.0.5"]))
        other_port = asyncio.create_task(it.controller.wait_left(["10.244.0.5"], [9090]))
        await asyncio.wait_for(other_port, 30)
        it.engine.gate.clear()
        await it.endpoints("10.244.0.6")
        done, _ = await asyncio.wait([leaving], timeout=0.2)
        assert not done
        it.engine.gate.set()
        await asyncio.wait_for(leaving, 30)
        assert it.engine.wanted.upstreams[WEB].servers == {Server("10.244.0.6", 8080)}
        await it.endpoints("10.244.0.6", is_ready=False)  # the last one still serves, and is not waited for
        await asyncio.wait_for(it.controller.wait_left(["10.244.0.6"]), 30)
        assert it.engine.wanted.upstreams[WEB].is_leaving


async def test_without_an_engine_it_is_told_why_and_no_pod_waits() -> None:
    engine = MemoryEngine()
    engine.failures = [EngineError("HAProxyMissing", "run: sudo apt-get install -y haproxy")] * 3
    async with world(engine) as it:
        await it.client.create(SERVICE, SERVICE_WEB)
        await it.endpoints("10.244.0.5")
        await it.client.create(INGRESS, ingress())
        assert await it.event("HAProxyMissing") == "run: sudo apt-get install -y haproxy"
        await asyncio.wait_for(it.controller.wait_left(["10.244.0.5"]), 30)
        await it.served()  # it was tried again
        assert not engine.failures


async def test_an_engine_that_has_ended_is_started_again() -> None:
    async with world(MemoryEngine()) as it:
        await it.client.create(INGRESS, ingress())
        await it.served()
        before = it.engine.applied
        it.engine.end()
        await it.applied(lambda engine: engine.applied > before and engine.is_running)


async def test_what_is_served_already_is_not_told_again_by_the_next_controller() -> None:
    async with world(MemoryEngine()) as it:
        await it.client.create(INGRESS, ingress())
        await it.event("Synced")
        await it.served()
        engine = MemoryEngine(is_running=True)
        second = Ingress(it.client, engine, Settings(certificates=Certificates(), points=POINTS))
        running = asyncio.create_task(second.run())
        async with asyncio.timeout(10):
            while not engine.applied:
                await second.wait_synced()
        await it.client.create(INGRESS, ingress("later"))
        await it.until(EVENT, lambda each: each["involvedObject"]["name"] == "later")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        events, _ = await it.client.list(EVENT)
        told = [each for each in events if (each["involvedObject"]["name"], each["reason"]) == ("web", "Synced")]
        assert [each.get("count", 1) for each in told] == [1]


async def test_an_engine_that_runs_is_taken_over_though_no_ingress_is_left() -> None:
    async with world(MemoryEngine(is_running=True)) as it:
        await it.applied(lambda engine: engine.applied > 0)
        assert it.engine.wanted.routes == {}


@pytest.mark.parametrize("patch", [{"status": {"loadBalancer": None}}])
async def test_a_status_that_somebody_wipes_is_back(patch: Object) -> None:
    async with world(MemoryEngine()) as it:
        await it.client.create(INGRESS, ingress())
        first = await it.served()
        wiped = await it.client.patch(INGRESS, "default", "web", patch, subresource="status")
        newer = wiped["metadata"]["resourceVersion"]
        assert newer != first["metadata"]["resourceVersion"]
        await it.until(INGRESS, lambda each: int(each["metadata"]["resourceVersion"]) > int(newer))
        await it.served()
