"""IPAddress objects that somebody removes or writes by hand."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import World, world
from fairway.apiserver import address_repair

SERVICES, EVENTS = "/api/v1/namespaces/default/services", "/api/v1/namespaces/default/events"
ADDRESSES = "/apis/networking.k8s.io/v1/ipaddresses"
LABELS = {"ipaddress.kubernetes.io/ip-family": "IPv4", "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"}


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(address_repair, "LEAK_S", 0.0)
    async with world() as made:
        service = {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}], "clusterIP": "10.96.7.7"}}
        assert (await made.ask("POST", SERVICES, service)).status == 201
        yield made


def address(name: str, service: str, labels: dict[str, str]) -> Any:
    parent = {"resource": "services", "namespace": "default", "name": service}
    return {"metadata": {"name": name, "labels": labels}, "spec": {"parentRef": parent}}


async def told(api: World) -> Any:
    """The next Event of the cluster."""
    watch = await api.watch(f"{EVENTS}?watch=1")
    event = (await watch.events(1))[0]["object"]
    watch.close()
    return event


async def test_the_address_of_a_service_is_put_back(api: World) -> None:
    assert (await api.ask("DELETE", f"{ADDRESSES}/10.96.7.7")).status == 200
    event = await told(api)
    assert (event["reason"], event["message"], event["involvedObject"]["name"]) == (
        "ClusterIPNotAllocated", "Cluster IP [IPv4]: 10.96.7.7 is not allocated; repairing", "a",
    )  # fmt: skip
    found = (await api.ask("GET", f"{ADDRESSES}/10.96.7.7")).body
    assert (found["metadata"]["labels"], found["spec"]["parentRef"]["name"]) == (LABELS, "a")


async def test_an_address_goes_with_its_service_and_stays_away(api: World) -> None:
    await api.ask("DELETE", f"{SERVICES}/a")
    await asyncio.sleep(0)
    assert (await api.ask("GET", f"{ADDRESSES}/10.96.7.7")).status == 404


@pytest.mark.parametrize(("service", "reason"), [("gone", "IPAddressNotAllocated"), ("a", "IPAddressWrongReference")])
async def test_an_address_that_no_service_has_is_removed(api: World, service: str, reason: str) -> None:
    assert (await api.ask("POST", ADDRESSES, address("10.96.8.8", service, LABELS))).status == 201
    event = await told(api)
    assert (event["reason"], event["involvedObject"]["name"]) == (reason, "10.96.8.8")
    assert (await api.ask("GET", f"{ADDRESSES}/10.96.8.8")).status == 404


async def test_an_address_of_somebody_elses_is_left_and_given_to_nobody(api: World) -> None:
    await api.ask("POST", ADDRESSES, address("10.96.8.8", "gone", {}))
    await api.ask("POST", ADDRESSES, address("10.96.9.9", "gone", LABELS))
    assert (await told(api))["involvedObject"]["name"] == "10.96.9.9"
    service = {"metadata": {"name": "b"}, "spec": {"ports": [{"port": 80}], "clusterIP": "10.96.8.8"}}
    refused = await api.ask("POST", SERVICES, service)
    assert refused.message.endswith("failed to allocate IP 10.96.8.8: provided IP is already allocated")
