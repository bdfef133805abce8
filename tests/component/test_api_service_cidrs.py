"""Ranges of cluster addresses that come and go while the API server runs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from component.api_world import World, world
from fairway.apiserver import service_cidrs
from fairway.apiserver.settings import Settings

SERVICES = "/api/v1/namespaces/default/services"
CIDRS = "/apis/networking.k8s.io/v1/servicecidrs"
FINALIZER = "networking.k8s.io/service-cidr-finalizer"


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(service_cidrs, "GRACE_S", 0.0)
    async with world(Settings(service_cidrs=("10.0.0.0/28",), advertise_address="10.244.0.1")) as made:
        yield made


def service(name: str, **spec: Any) -> Any:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


async def seen(api: World, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first event about a ServiceCIDR, of the present and what comes, that ``is_so``."""
    watch = await api.watch(f"{CIDRS}?watch=1")
    async with asyncio.timeout(30):
        count = 1
        while not is_so((await watch.events(count))[count - 1]):
            count += 1
    watch.close()
    found: dict[str, Any] = watch.lines[count - 1]
    return found


def is_terminating(event: dict[str, Any]) -> bool:
    conditions = event["object"].get("status", {}).get("conditions", [])
    return [one["reason"] for one in conditions] == ["Terminating"]


async def test_a_full_range_is_extended_at_once(api: World) -> None:
    told = [await api.ask("POST", SERVICES, service(f"s{number}")) for number in range(14)]
    assert [each.status for each in told] == [201] * 13 + [500]
    assert told[-1].message == (
        'Internal error occurred: failed to allocate a serviceIP for Service "s13": range is full'
    )
    made = await api.ask("POST", CIDRS, {"metadata": {"name": "extra"}, "spec": {"cidrs": ["10.1.0.0/30"]}})
    assert made.body["metadata"]["finalizers"] == [FINALIZER]
    more = [await api.ask("POST", SERVICES, service(f"t{number}")) for number in range(2)]
    assert sorted(each.body["spec"]["clusterIP"] for each in more) == ["10.1.0.1", "10.1.0.2"]


async def test_a_range_in_use_stays_until_its_last_address_is_free(api: World) -> None:
    await api.ask("POST", CIDRS, {"metadata": {"name": "extra"}, "spec": {"cidrs": ["10.1.0.0/29"]}})
    await api.ask("POST", SERVICES, service("a", clusterIP="10.1.0.3"))
    going = await api.ask("DELETE", f"{CIDRS}/extra")
    assert (going.status, going.body["kind"]) == (200, "ServiceCIDR")
    event = await seen(api, is_terminating)
    assert event["object"]["status"]["conditions"][0]["status"] == "False"
    refused = await api.ask("POST", SERVICES, service("b", clusterIP="10.1.0.4"))
    assert refused.message.endswith("10.1.0.4: the provided network does not match the current range")
    await api.ask("DELETE", f"{SERVICES}/a")
    await seen(api, lambda event: event["type"] == "DELETED")


async def test_a_range_goes_when_another_covers_its_addresses(api: World) -> None:
    for name, cidr in (("small", "10.1.0.0/29"), ("large", "10.1.0.0/24")):
        await api.ask("POST", CIDRS, {"metadata": {"name": name}, "spec": {"cidrs": [cidr]}})
    await api.ask("POST", SERVICES, service("a", clusterIP="10.1.0.3"))
    watch = await api.watch(f"{CIDRS}?watch=1&fieldSelector=metadata.name=small")
    await api.ask("DELETE", f"{CIDRS}/small")
    async with asyncio.timeout(30):
        while watch.lines[-1]["type"] != "DELETED":
            await watch.events(len(watch.lines) + 1)
    watch.close()


async def test_the_last_range_that_goes_gives_no_addresses(api: World) -> None:
    await api.ask("DELETE", f"{CIDRS}/kubernetes")
    told = await api.ask("POST", SERVICES, service("a"))
    assert (told.status, told.message) == (
        422,
        'Service "a" is invalid: spec.clusterIPs: Invalid value: [""]: failed to allocate IP: allocator not ready',
    )
