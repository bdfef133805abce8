"""LimitRange over a whole API server: what pods get, and which are refused."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import World, world

CORE = "/api/v1/namespaces/default"


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as started:
        yield started


def pod(name: str, **resources: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "luksa/kubia", "resources": resources}]},
    }


async def test_a_limit_range_completes_and_bounds_pods(api: World) -> None:
    item = {"type": "Container", "default": {"cpu": "500m"}, "max": {"cpu": "1"}}
    told = await api.ask("POST", f"{CORE}/limitranges", {"metadata": {"name": "l"}, "spec": {"limits": [item]}})
    assert told.status == 201
    told = await api.ask("POST", f"{CORE}/pods", pod("a"))
    assert told.status == 201
    assert told.body["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "500m"}, "limits": {"cpu": "500m"}}
    assert told.body["status"]["qosClass"] == "Burstable"
    told = await api.ask("POST", f"{CORE}/pods", pod("b", limits={"cpu": "2"}))
    assert (told.status, told.message) == (
        403,
        'pods "b" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
    )


async def test_a_limit_range_is_of_its_namespace_and_does_not_change_pods_that_are_there(api: World) -> None:
    await api.ask("POST", f"{CORE}/pods", pod("a", limits={"cpu": "4"}))
    item = {"type": "Pod", "max": {"cpu": "1"}}
    await api.ask("POST", f"{CORE}/limitranges", {"metadata": {"name": "l"}, "spec": {"limits": [item]}})
    told = await api.ask(
        "PATCH", f"{CORE}/pods/a", b'{"metadata":{"labels":{"a":"b"}}}', content_type="application/merge-patch+json"
    )
    assert told.status == 200
    assert (await api.ask("POST", f"{CORE}/pods", pod("b"))).message == (
        'pods "b" is forbidden: maximum cpu usage per Pod is 1.  No limit is specified'
    )
    elsewhere = pod("b", limits={"cpu": "4"})
    assert (await api.ask("POST", "/api/v1/namespaces/kube-system/pods", elsewhere)).status == 201
