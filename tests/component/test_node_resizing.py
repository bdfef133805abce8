"""Pods that are resized in place, as the node agent carries it out: granted, put off, applied, started anew."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from component.node_world import World, container_status, is_ready, node_world, pod
from fairway.client.interface import STRATEGIC_PATCH
from fairway.kinds import POD
from fairway.node.runtimes.interface import RuntimeFailure
from fairway.objects import Object

SMALL: Object = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "64Mi"}}
LARGE: Object = {"requests": {"cpu": "200m", "memory": "96Mi"}, "limits": {"cpu": "400m", "memory": "128Mi"}}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with node_world(tmp_path) as made:
        yield made


def sized(name: str = "web", resources: Object = SMALL, **more: object) -> Object:
    main = {"name": "kubia", "image": "luksa/kubia", "imagePullPolicy": "IfNotPresent", "resources": resources}
    return pod(name, [{**main, **more}])


async def resize(world: World, resources: Object, name: str = "web") -> Object:
    patch = {"spec": {"containers": [{"name": "kubia", "resources": resources}]}}
    return await world.client.patch(POD, "default", name, patch, content_type=STRATEGIC_PATCH, subresource="resize")


def condition(found: Object, type_: str) -> Object:
    return next((each for each in found["status"]["conditions"] if each["type"] == type_), {})


def has(resources: Object, number: int = 0) -> object:
    def is_so(found: Object) -> bool:
        status = container_status(found)
        return is_ready(found) and status["resources"] == resources and status["restartCount"] == number

    return is_so


async def test_a_running_container_gets_what_it_is_given_and_is_not_restarted(world: World) -> None:
    await world.create(sized())
    found = await world.until(is_ready)
    assert container_status(found)["resources"] == SMALL
    assert container_status(found)["allocatedResources"] == SMALL["requests"]
    uid = found["metadata"]["uid"]
    await resize(world, LARGE)
    found = await world.until(has(LARGE))
    spec = world.runtime.specs[uid, "kubia", 0]
    assert (spec.cpu_shares, spec.cpu_quota_us, spec.memory_bytes) == (204, 40_000, 128 << 20)
    assert container_status(found)["allocatedResources"] == LARGE["requests"]
    assert not condition(found, "PodResizePending") and not condition(found, "PodResizeInProgress")
    assert found["status"]["observedGeneration"] == 2
    told = orjson.dumps({"containers": [{"name": "kubia", "resources": LARGE}], "generation": 2}).decode()
    await world.until_events(
        ("ResizeStarted", f"Pod resize started: {told}"), ("ResizeCompleted", f"Pod resize completed: {told}")
    )


async def test_a_container_that_wants_to_is_started_anew(world: World) -> None:
    await world.create(sized(resizePolicy=[{"resourceName": "memory", "restartPolicy": "RestartContainer"}]))
    uid = (await world.until(is_ready))["metadata"]["uid"]
    await resize(world, {"limits": {"cpu": "400m"}})
    await world.until(has({**SMALL, "limits": {**SMALL["limits"], "cpu": "400m"}}))
    await resize(world, LARGE)
    await world.until(has(LARGE, 1))
    assert world.runtime.specs[uid, "kubia", 1].memory_bytes == 128 << 20
    await world.until_events(("Killing", "Container kubia resize requires restart"))


async def test_more_than_the_node_has_is_never_granted(world: World) -> None:
    await world.create(sized())
    await world.until(is_ready)
    await resize(world, {"requests": {"cpu": "900"}, "limits": {"cpu": "901"}})
    found = await world.until(lambda each: condition(each, "PodResizePending"))
    pending = condition(found, "PodResizePending")
    assert (pending["status"], pending["reason"], pending["observedGeneration"]) == ("True", "Infeasible", 2)
    assert pending["message"].startswith("Node didn't have enough capacity: cpu, requested: 900000, capacity: ")
    assert has(SMALL)(found)  # type: ignore[operator]
    await resize(world, SMALL)
    await world.until(lambda each: not condition(each, "PodResizePending"))


async def test_what_there_is_no_room_for_now_is_granted_when_there_is(world: World) -> None:
    await world.until_true(lambda: world.agent.shared is not None)
    assert world.agent.shared is not None
    world.agent.shared.allocatable = {"cpu": "1", "memory": "1Gi"}
    half: Object = {"requests": {"cpu": "500m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "64Mi"}}
    for name in ("web", "other"):
        await world.create(sized(name, half))
        await world.until(is_ready, name)
    more: Object = {"requests": {"cpu": "600m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "64Mi"}}
    await resize(world, more)
    found = await world.until(lambda each: condition(each, "PodResizePending"))
    assert condition(found, "PodResizePending")["reason"] == "Deferred"
    why = "Node didn't have enough resource: cpu, requested: 600, used: 500, capacity: 1000"
    assert condition(found, "PodResizePending")["message"] == why
    await world.client.delete(POD, "default", "other")
    found = await world.until(has(more))
    assert not condition(found, "PodResizePending")


async def test_a_refusal_of_the_machine_is_told_and_a_later_wish_is_carried_out(world: World) -> None:
    await world.create(sized())
    await world.until(is_ready)
    world.runtime.refusals["limit"] = [RuntimeFailure("ResizeError", "it holds more than that")]
    await resize(world, LARGE)
    found = await world.until(lambda each: condition(each, "PodResizeInProgress").get("reason"))
    assert condition(found, "PodResizeInProgress")["message"] == "it holds more than that"
    other: Object = {**LARGE, "limits": {"cpu": "300m", "memory": "128Mi"}}
    await resize(world, other)
    found = await world.until(has(other))
    assert not condition(found, "PodResizeInProgress")


async def test_an_agent_that_starts_again_goes_on_with_a_resize(world: World) -> None:
    await world.create(sized())
    uid = (await world.until(is_ready))["metadata"]["uid"]
    await world.stop_agent()
    await resize(world, LARGE)
    world.start_agent()
    found = await world.until(has(LARGE))
    assert world.runtime.specs[uid, "kubia", 0].memory_bytes == 128 << 20
    assert container_status(found)["allocatedResources"] == LARGE["requests"]
