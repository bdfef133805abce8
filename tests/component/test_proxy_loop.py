"""The proxy between an API and a dataplane: what it follows, when it commits, what it does when either is away."""

import asyncio
import secrets
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from programmed_table import endpoint_slice, service
from service_network import Namespace, Pod, needs_root_and_namespaces

from fairway.client.memory import MemoryClient
from fairway.kinds import ENDPOINT_SLICE, NODE, SERVICE
from fairway.proxy import words
from fairway.proxy.dataplanes.memory import MemoryDataplane
from fairway.proxy.dataplanes.nftables import NftablesDataplane
from fairway.proxy.delta import Transaction
from fairway.proxy.model import UDP, Settings, address, frontend_key
from fairway.proxy.proxy import Proxy

PODS = [Pod(f"p{number}", "here", None, f"10.244.0.{number}", f"fd44::{number}") for number in range(1, 5)]  # type: ignore[arg-type]
DNS_PORT = {"name": "dns", "port": 53, "protocol": "UDP"}


class World:
    """An API, a dataplane and the proxy between them."""

    def __init__(self) -> None:
        self.client = MemoryClient()
        self.dataplane = MemoryDataplane()
        self.proxy = Proxy(self.client, self.dataplane, node_name="here", settings=Settings(("10.96.0.0/16",)))

    def put(self, *found: dict[str, Any]) -> None:
        for each in found:
            self.client.put(ENDPOINT_SLICE if "addressType" in each else SERVICE, each)

    def count(self, name: str) -> int:
        return len(self.dataplane.held[4].get(name, {}))

    async def until(self, name: str, count: int) -> None:
        async with asyncio.timeout(30):
            while self.count(name) != count:  # noqa: ASYNC110
                await asyncio.sleep(0)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made


@pytest.fixture
async def running(world: World) -> AsyncIterator[World]:
    task = asyncio.create_task(world.proxy.run())
    yield world
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_empty_dataplane_is_filled_in_portions(world: World) -> None:
    for number in range(1, 4):
        world.put(service(f"s{number}", f"10.96.0.{number}"), endpoint_slice(f"s{number}", PODS))
    task = asyncio.create_task(world.proxy.run())
    await world.proxy.wait_programmed()
    assert (len(world.dataplane.commits), world.count(words.FRONTENDS), world.count(words.SLOTS)) == (2, 3, 12)
    assert world.proxy.services == 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_filled_dataplane_is_brought_right_in_one_commit(world: World) -> None:
    stale = {words.LISTS: {words.pack_word(512): words.pack_word(512)}}
    await world.dataplane.commit({4: Transaction({}, stale)})
    world.dataplane.commits.clear()
    for number in range(1, 301):
        world.put(service(f"s{number}", f"10.96.{number >> 8}.{number & 255}"), endpoint_slice(f"s{number}", PODS))
    task = asyncio.create_task(world.proxy.run())
    await world.proxy.wait_programmed()
    assert (len(world.dataplane.commits), world.count(words.LISTS), world.count(words.SLOTS)) == (1, 300, 1200)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_changes_are_followed(running: World) -> None:
    await running.proxy.wait_programmed()
    running.put(service("web", "10.96.0.1"), endpoint_slice("web", PODS))
    await running.until(words.SLOTS, 4)
    running.put(endpoint_slice("web", PODS[:1]))
    await running.until(words.SLOTS, 1)
    running.client.remove(ENDPOINT_SLICE, "default", "web-1")
    await running.until(words.SLOTS, 0)
    assert running.count(words.LISTS) == 1
    running.client.remove(SERVICE, "default", "web")
    await running.until(words.LISTS, 0)
    assert running.count(words.FRONTENDS) == 0


async def test_what_comes_together_is_committed_together(running: World) -> None:
    await running.proxy.wait_programmed()
    before = len(running.dataplane.commits)
    for number in range(1, 101):
        running.put(service(f"s{number}", f"10.96.0.{number}"), endpoint_slice(f"s{number}", PODS))
    await running.until(words.SLOTS, 400)
    assert len(running.dataplane.commits) - before <= 4


async def test_a_refused_commit_is_repaired(running: World) -> None:
    await running.proxy.wait_programmed()
    running.dataplane.refusals = 2
    running.put(service("web", "10.96.0.1"), endpoint_slice("web", PODS))
    await running.until(words.SLOTS, 4)
    assert 'kubeproxy_sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv4"} 2' in running.proxy.metrics_text()
    running.put(service("other", "10.96.0.2"), endpoint_slice("other", PODS))
    await running.until(words.SLOTS, 8)


async def test_foreign_damage_is_found_by_the_next_refusal(running: World) -> None:
    running.put(service("web", "10.96.0.1"), endpoint_slice("web", PODS))
    await running.until(words.SLOTS, 4)
    running.dataplane.held[4][words.SLOTS].clear()
    running.put(endpoint_slice("web", PODS[:3]))
    await running.until(words.SLOTS, 3)


async def test_the_rules_stay_while_the_api_is_away(running: World) -> None:
    running.put(service("web", "10.96.0.1"), endpoint_slice("web", PODS))
    await running.until(words.SLOTS, 4)
    held = await running.dataplane.dump()
    running.client.failures = {"list": [ConnectionError("away")] * 3, "watch": [ConnectionError("away")] * 3}
    running.client.disconnect()
    await asyncio.sleep(0.02)
    assert await running.dataplane.dump() == held
    running.put(endpoint_slice("web", PODS[:2]))
    await running.until(words.SLOTS, 2)


async def test_nothing_is_programmed_before_everything_was_listed(world: World) -> None:
    world.put(service("web", "10.96.0.1"), endpoint_slice("web", PODS))
    world.client.failures = {"list": [ConnectionError("away")]}
    task = asyncio.create_task(world.proxy.run())
    for _ in range(20):
        await asyncio.sleep(0)
    assert world.dataplane.commits == []
    await world.proxy.wait_programmed()
    assert len(world.dataplane.commits) == 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_object_that_cannot_be_understood_holds_up_no_other(running: World) -> None:
    await running.proxy.wait_programmed()
    odd = service("odd", "10.96.0.9")
    odd["spec"]["ports"] = [{"protocol": "TCP"}]
    running.put(odd, service("web", "10.96.0.1"), endpoint_slice("web", PODS))
    await running.until(words.SLOTS, 4)
    assert running.proxy.services == 1


async def test_flows_of_changed_udp_endpoints_are_swept(running: World) -> None:
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}]
    running.put(service("dns", "10.96.0.1", ports=[DNS_PORT]), endpoint_slice("dns", PODS[:1], ports=ports))
    await running.until(words.SLOTS, 1)
    running.put(endpoint_slice("dns", [], ports=ports))
    await running.until(words.SLOTS, 0)
    key = frontend_key(address("10.96.0.1"), UDP, 53)
    async with asyncio.timeout(30):
        while [rule.frontend for rule in running.dataplane.forgotten] != [key, key]:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert running.dataplane.forgotten[-1].endpoints == frozenset()


async def test_the_node_brings_its_pod_cidrs_and_zone(running: World) -> None:
    near = endpoint_slice("web", PODS[:2])
    for zone, entry in zip("ab", near["endpoints"], strict=True):
        entry["hints"] = {"forZones": [{"name": zone}]}
    running.put(service("web", "10.96.0.1"), near)
    await running.until(words.SLOTS, 2)
    labels = {"topology.kubernetes.io/zone": "a"}
    running.client.put(NODE, {"metadata": {"name": "here", "labels": labels}, "spec": {"podCIDR": "10.244.0.0/24"}})
    await running.until(words.SLOTS, 1)
    assert running.count(words.POD_CIDRS) == 1


async def test_health_and_metrics_tell_of_the_last_commit(running: World) -> None:
    await running.proxy.wait_programmed()
    running.put(service("web", "10.96.0.1"), endpoint_slice("web", PODS))
    await running.until(words.SLOTS, 4)
    await asyncio.sleep(0)
    health = running.proxy.health()
    assert (health.is_healthy, health.families, health.pending_since_s) == (True, (4, 6), None)
    assert 'kubeproxy_sync_proxy_rules_service_changes_total{ip_family="IPv4"} 1' in running.proxy.metrics_text()


async def test_what_another_hand_takes_away_is_put_back_at_once(running: World) -> None:
    running.put(service("web", "10.96.0.1"), endpoint_slice("web", PODS))
    await running.until(words.SLOTS, 4)
    await running.dataplane.remove()
    running.dataplane.disturbance.set()
    await running.until(words.SLOTS, 4)


async def test_an_element_that_another_hand_deletes_is_back_after_the_next_look_at_everything(world: World) -> None:
    world.put(service("web", "10.96.0.1"), endpoint_slice("web", PODS))
    proxy = Proxy(world.client, world.dataplane, node_name="here", settings=world.proxy.settings, audit_s=0.01)
    task = asyncio.create_task(proxy.run())
    await proxy.wait_programmed()
    key = next(iter(world.dataplane.held[4][words.SLOTS]))
    del world.dataplane.held[4][words.SLOTS][key]
    world.dataplane.held[4][words.LISTS][words.pack_word(1 << 20)] = bytes(4)
    await world.until(words.SLOTS, 4)
    assert world.count(words.LISTS) == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@needs_root_and_namespaces
async def test_services_survive_a_flush_of_all_tables() -> None:
    client = MemoryClient()
    client.put(SERVICE, service("web", "10.96.0.1"))
    client.put(ENDPOINT_SLICE, endpoint_slice("web", PODS))
    where = Namespace(f"fwt-{secrets.token_hex(3)}")
    dataplane = NftablesDataplane("t")
    proxy = Proxy(client, dataplane, node_name="here")
    try:
        with where.entered():
            task = asyncio.create_task(proxy.run())
            await proxy.wait_programmed()
        for damage in ("flush ruleset", "delete table ip fairway-t", "flush chain ip fairway-t nat-prerouting"):
            _nft(where, damage)
            count = proxy.metrics.of(4).full_sync.count
            async with asyncio.timeout(30):
                while proxy.metrics.of(4).full_sync.count == count:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            assert len((await dataplane.dump())[4][words.SLOTS]) == 4
            assert "goto services" in _nft(where, "list chain ip fairway-t nat-prerouting")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await dataplane.remove()
    finally:
        where.remove()


def _nft(where: Namespace, command: str) -> str:
    inside = ["ip", "netns", "exec", where.name, "nft", command]
    return subprocess.run(inside, check=True, capture_output=True, text=True).stdout


async def test_programming_is_timed_from_what_triggered_it_but_not_from_before_the_proxy_was_there(
    world: World,
) -> None:
    def triggered(name: str, when: datetime) -> dict[str, Any]:
        found = endpoint_slice(name, PODS)
        found["metadata"]["annotations"] = {"endpoints.kubernetes.io/last-change-trigger-time": when.isoformat()}
        return found

    world.put(service("old", "10.96.0.1"), triggered("old", datetime(2020, 1, 1, tzinfo=UTC)))
    task = asyncio.create_task(world.proxy.run())
    await world.proxy.wait_programmed()
    assert world.proxy.metrics.of(4).programming.count == 0
    world.put(service("new", "10.96.0.2"), triggered("new", datetime.now(UTC)))
    await world.until(words.SLOTS, 8)
    assert world.proxy.metrics.of(4).programming.count == 1
    assert world.proxy.metrics.of(4).programming.total < 5
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
