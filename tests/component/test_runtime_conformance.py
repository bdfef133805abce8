"""What every driver of the Runtime seam does alike: crun with the real kernel, and the double in memory."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from component.container_world import PROGRAMS, UID, world
from component.own_network import in_own_network, needs
from fairway.node.runtimes.interface import ContainerSpec, Runtime, SandboxSpec
from fairway.node.runtimes.memory import MemoryRuntime

OTHER = UID[:-1] + "2"
Scenario = Callable[[Runtime, str], Awaitable[None]]


@asynccontextmanager
async def crun(folder: Path) -> AsyncIterator[tuple[Runtime, str]]:
    async with world(folder) as found:
        yield found.runtime, found.image_id


@asynccontextmanager
async def memory(folder: Path) -> AsyncIterator[tuple[Runtime, str]]:
    yield MemoryRuntime(folder, time.time), "sha256:" + "0" * 64


def sandbox(uid: str = UID) -> SandboxSpec:
    return SandboxSpec(uid, "default", "web", "web-1")


@pytest.fixture(params=[pytest.param(crun, marks=needs(*PROGRAMS)), memory], ids=["crun", "memory"])
def conforms(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Scenario], None]:
    def check(scenario: Scenario) -> None:
        async def whole() -> None:
            async with request.param(tmp_path) as (runtime, image_id):
                await scenario(runtime, image_id)

        if request.param is crun:
            in_own_network(whole)
        else:
            asyncio.run(whole())

    return check


def container(image_id: str, uid: str = UID, attempt: int = 0) -> ContainerSpec:
    return ContainerSpec(uid, "c", attempt, image_id, command=("sleep", "1000"))


def test_a_sandbox_is_made_once_and_listed(conforms: Callable[[Scenario], None]) -> None:
    async def scenario(runtime: Runtime, image_id: str) -> None:
        made = await runtime.make_sandbox(sandbox())
        assert made == await runtime.make_sandbox(sandbox())
        assert list(await runtime.sandboxes()) == [made]
        assert (made.pod_uid, made.namespace, made.name, len(made.ips)) == (UID, "default", "web", 1)
        assert (await runtime.make_sandbox(sandbox(OTHER))).ips != made.ips

    conforms(scenario)


def test_a_container_is_started_once_and_listed(conforms: Callable[[Scenario], None]) -> None:
    async def scenario(runtime: Runtime, image_id: str) -> None:
        await runtime.make_sandbox(sandbox())
        started = await runtime.start(container(image_id))
        assert started == await runtime.start(container(image_id))
        assert list(await runtime.containers()) == [started]
        assert (started.image_id, started.exit_code, started.finished_s) == (image_id, None, None)
        assert abs(started.started_s - time.time()) < 60

    conforms(scenario)


def test_an_end_is_told_and_stays_listed_until_it_is_removed(conforms: Callable[[Scenario], None]) -> None:
    async def scenario(runtime: Runtime, image_id: str) -> None:
        await runtime.make_sandbox(sandbox())
        await runtime.start(container(image_id))
        changed = asyncio.ensure_future(anext(runtime.changes()))
        await asyncio.sleep(0)
        await runtime.signal(UID, "c", signal.SIGKILL)
        assert await changed == UID
        (ended,) = await runtime.containers()
        assert ended.exit_code == 137
        assert ended.finished_s is not None
        await runtime.signal(UID, "c", signal.SIGKILL)
        await runtime.start(container(image_id, attempt=1))
        assert sorted(each.attempt for each in await runtime.containers()) == [0, 1]
        await runtime.remove(UID, "c", 0)
        await runtime.remove(UID, "c", 0)
        assert [each.attempt for each in await runtime.containers()] == [1]

    conforms(scenario)


def test_a_released_sandbox_keeps_its_logs_and_takes_no_container(conforms: Callable[[Scenario], None]) -> None:
    async def scenario(runtime: Runtime, image_id: str) -> None:
        made = await runtime.make_sandbox(sandbox())
        await runtime.start(container(image_id))
        changed = asyncio.ensure_future(anext(runtime.changes()))
        await asyncio.sleep(0)
        await runtime.signal(UID, "c", signal.SIGKILL)
        await changed
        await runtime.release_sandbox(UID)
        await runtime.release_sandbox(UID)
        await runtime.release_sandbox(OTHER)
        [released] = await runtime.sandboxes()
        assert (released.ips, released.is_released) == (made.ips, True)
        assert len(await runtime.containers()) == 1
        await runtime.remove_sandbox(UID)
        assert list(await runtime.sandboxes()) == []

    conforms(scenario)


def test_a_sandbox_goes_with_its_containers_and_no_others(conforms: Callable[[Scenario], None]) -> None:
    async def scenario(runtime: Runtime, image_id: str) -> None:
        for uid in (UID, OTHER):
            await runtime.make_sandbox(sandbox(uid))
            await runtime.start(container(image_id, uid))
        await runtime.remove_sandbox(UID)
        await runtime.remove_sandbox(UID)
        assert [each.pod_uid for each in await runtime.sandboxes()] == [OTHER]
        assert [each.pod_uid for each in await runtime.containers()] == [OTHER]

    conforms(scenario)
