"""The API may be away: what runs is kept running, and what was to be told is told at its return."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from component.node_world import World, container_status, is_ready, node_world, pod
from fairway.client.in_process import InProcessClient
from fairway.kinds import POD
from fairway.kinds.kind import Kind
from fairway.objects import Object


class Interrupted(InProcessClient):
    """A client whose server may be out of reach."""

    is_away = False
    written = 0

    def _check(self) -> None:
        if self.is_away:
            raise ConnectionRefusedError("connection refused")

    async def patch(self, kind: Kind, namespace: str | None, name: str, patch: Any, **more: Any) -> Object:
        self._check()
        self.written += kind is POD
        return await super().patch(kind, namespace, name, patch, **more)

    async def delete(self, kind: Kind, namespace: str | None, name: str, **more: Any) -> Object:
        self._check()
        return await super().delete(kind, namespace, name, **more)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with node_world(tmp_path) as made:
        await made.stop_agent()
        made.client = Interrupted(made.server.api, agent="kubelet")
        made.start_agent()
        yield made


def away(world: World, *, is_away: bool) -> None:
    assert isinstance(world.client, Interrupted)
    world.client.is_away = is_away


async def test_a_container_that_ends_while_the_api_is_away_is_started_again(world: World) -> None:
    made = await world.create(pod())
    await world.until(is_ready)
    away(world, is_away=True)
    world.runtime.exit(made["metadata"]["uid"], "kubia", 1)
    await world.until_true(lambda: ("start", "kubia/1") in world.runtime.calls)
    assert container_status(await world.get())["restartCount"] == 0
    away(world, is_away=False)
    await world.until(lambda found: container_status(found)["restartCount"] == 1 and is_ready(found))


async def test_a_pod_that_has_ended_is_deleted_at_the_return_of_the_api(world: World) -> None:
    made = await world.create(pod())
    await world.until(is_ready)
    away(world, is_away=True)
    options = {"gracePeriodSeconds": 1}
    await InProcessClient(world.server.api).delete(POD, "default", "web", options=options)
    await world.until_true(lambda: ("remove_sandbox", made["metadata"]["uid"]) in world.runtime.calls)
    assert "deletionTimestamp" in (await world.get())["metadata"]
    away(world, is_away=False)
    await world.until_gone()


def told(world: World, uid: str) -> Object:
    """What the agent would like to say of the container."""
    return container_status({"status": world.agent.workers[uid].wanted_status})


async def test_many_changes_while_the_api_is_away_become_one_write(world: World) -> None:
    made = await world.create(pod(restartPolicy="Always"))
    await world.until(is_ready)
    assert isinstance(world.client, Interrupted)
    before = world.client.written
    away(world, is_away=True)
    uid = made["metadata"]["uid"]
    world.runtime.exit(uid, "kubia", 1)
    await world.until_true(lambda: told(world, uid).get("restartCount") == 1 and "running" in told(world, uid)["state"])
    world.runtime.exit(uid, "kubia", 2)
    await world.until_true(lambda: "waiting" in told(world, uid)["state"])
    away(world, is_away=False)
    found = await world.until(lambda found: "waiting" in container_status(found)["state"])
    assert container_status(found)["lastState"]["terminated"]["exitCode"] == 2
    assert world.client.written == before + 1
