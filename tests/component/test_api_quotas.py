"""ResourceQuota over a whole API server: many writers at once, and a status that follows what is there."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import World, world
from component.custom_kinds import definition, established

CORE = "/api/v1/namespaces/default"
COUNTED = "count/widgets.shop.example.com"


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as started:
        yield started


async def with_quota(api: World, hard: dict[str, str], **spec: Any) -> None:
    told = await api.ask("POST", f"{CORE}/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": hard, **spec}})
    assert told.status == 201
    await used(api, dict.fromkeys(hard))


async def used(api: World, wanted: dict[str, Any]) -> None:
    """Return once the quota's status says so; ``None`` stands for any amount."""
    watching = await api.watch(f"{CORE}/resourcequotas?watch=true&fieldSelector=metadata.name%3Dq")
    count = 1
    while True:
        lines = await watching.events(count)
        found = (lines[-1]["object"].get("status") or {}).get("used") or {}
        if found.keys() == wanted.keys() and all(value in (None, found[name]) for name, value in wanted.items()):
            watching.close()
            return
        count = len(lines) + 1


def pod(name: str, **resources: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "luksa/kubia", "resources": resources}
    return {"metadata": {"name": name}, "spec": {"containers": [container]}}


async def test_of_many_writers_at_once_as_many_succeed_as_there_is_room_for(api: World) -> None:
    await with_quota(api, {"configmaps": "21", "count/configmaps": "21"})  # one is there already: the cluster's CA
    found = (await api.ask("GET", f"{CORE}/configmaps")).body["items"]
    room = 21 - len(found)
    many = [api.ask("POST", f"{CORE}/configmaps", {"metadata": {"name": f"m{n}"}}) for n in range(40)]
    told = await asyncio.gather(*many)
    assert sorted(one.status for one in told) == [201] * room + [403] * (40 - room)
    refused = next(one for one in told if one.status == 403)
    assert refused.message.partition(" is forbidden: ")[2] == (
        "exceeded quota: q, requested: configmaps=1,count/configmaps=1, used: configmaps=21,count/configmaps=21, "
        "limited: configmaps=21,count/configmaps=21"
    )
    assert refused.body["reason"] == "Forbidden"
    await used(api, {"configmaps": "21", "count/configmaps": "21"})


async def test_what_goes_makes_room_again(api: World) -> None:
    await with_quota(api, {"pods": "1", "requests.cpu": "1"})
    assert (await api.ask("POST", f"{CORE}/pods", pod("a", requests={"cpu": "1"}))).status == 201
    # The one commit that stored the pod has charged the quota, too.
    quota = (await api.ask("GET", f"{CORE}/resourcequotas/q")).body
    assert quota["status"]["used"] == {"pods": "1", "requests.cpu": "1"}
    assert (await api.ask("POST", f"{CORE}/pods", pod("b", requests={"cpu": "1"}))).status == 403
    assert (await api.ask("POST", f"{CORE}/pods", pod("b"))).message == (
        'pods "b" is forbidden: failed quota: q: must specify requests.cpu for: c'
    )
    await api.ask("DELETE", f"{CORE}/pods/a")
    await used(api, {"pods": "0", "requests.cpu": "0"})
    assert (await api.ask("POST", f"{CORE}/pods", pod("b", requests={"cpu": "1"}))).status == 201


async def test_a_dry_run_is_judged_and_takes_nothing(api: World) -> None:
    await with_quota(api, {"services.nodeports": "1"})
    body = {"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": [{"port": 80}, {"port": 81, "name": "b"}]}}
    body["spec"]["ports"][0]["name"] = "a"  # type: ignore[index]
    assert (await api.ask("POST", f"{CORE}/services?dryRun=All", body)).status == 403
    body["spec"]["ports"].pop()  # type: ignore[index]
    assert (await api.ask("POST", f"{CORE}/services?dryRun=All", body)).status == 201
    quota = (await api.ask("GET", f"{CORE}/resourcequotas/q")).body
    assert quota["status"]["used"] == {"services.nodeports": "0"}


async def test_a_changed_quota_is_counted_anew(api: World) -> None:
    await with_quota(api, {"secrets": "0"})
    assert (await api.ask("POST", f"{CORE}/secrets", {"metadata": {"name": "s"}})).status == 403
    patch = b'{"spec":{"hard":{"secrets":"2","pods":"3"}}}'
    await api.ask("PATCH", f"{CORE}/resourcequotas/q", patch, content_type="application/merge-patch+json")
    await used(api, {"secrets": "0", "pods": "0"})
    assert (await api.ask("POST", f"{CORE}/secrets", {"metadata": {"name": "s"}})).status == 201
    told = await api.ask("DELETE", f"{CORE}/resourcequotas/q")
    assert (told.body["kind"], told.body["spec"]["hard"]) == ("ResourceQuota", {"secrets": "2", "pods": "3"})


async def test_pods_that_were_there_before_a_quota_are_changed_as_ever_but_not_resized(api: World) -> None:
    """Or who marks, ends or lets go of them would be refused for what they never said."""
    merge = {"content_type": "application/merge-patch+json"}
    assert (await api.ask("POST", f"{CORE}/pods", pod("old"))).status == 201
    assert (await api.ask("POST", f"{CORE}/pods", pod("said", requests={"cpu": "1"}))).status == 201
    await with_quota(api, {"requests.cpu": "1"})
    assert (await api.ask("POST", f"{CORE}/pods", pod("new"))).status == 403
    labels = {"metadata": {"labels": {"a": "b"}}}
    assert (await api.ask("PATCH", f"{CORE}/pods/old", labels, **merge)).status == 200
    larger = {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "2"}}}]}}
    told = await api.ask(
        "PATCH", f"{CORE}/pods/said/resize", larger, content_type="application/strategic-merge-patch+json"
    )
    assert (told.status, "exceeded quota: q, requested: requests.cpu=1" in told.message) == (403, True)


async def test_a_kind_that_comes_later_is_counted_as_soon_as_it_is_there(api: World) -> None:
    await api.ask("POST", f"{CORE}/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": {COUNTED: "1"}}})
    await asyncio.sleep(0.2)  # nothing is there to count, and what was counted once is not counted again
    await established(api, definition())
    await used(api, {COUNTED: "0"})
