"""Health checks of Services and the proxy's own status, asked over real sockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from loops import on_both_loops
from programmed_table import endpoint_slice, service
from service_network import Pod

from fairway.client.memory import MemoryClient
from fairway.kinds import ENDPOINT_SLICE, EVENT, NODE, SERVICE
from fairway.objects import Object
from fairway.proxy.dataplanes.memory import MemoryDataplane
from fairway.proxy.health_check import EVERY_ADDRESS, HealthChecks
from fairway.proxy.model import HealthCheck, Settings
from fairway.proxy.proxy import Proxy
from fairway.proxy.status_server import Listening, StatusServer

HERE = [Pod(f"p{number}", "here", None, f"10.244.0.{number}", f"fd44::{number}") for number in (1, 2)]  # type: ignore[arg-type]
THERE = [Pod("p9", "there", None, "10.244.1.9", "fd44::9")]  # type: ignore[arg-type]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def balanced(name: str, ip: str, port: int, **spec: Any) -> Object:
    return service(
        name, ip, type="LoadBalancer", externalTrafficPolicy="Local", healthCheckNodePort=port, **spec,
    )  # fmt: skip


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


async def ask(port: int, path: str = "/", *, method: str = "GET", host: str = "127.0.0.1") -> Answer | None:
    """One request on a connection of its own; ``None`` where nobody listens."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
    except OSError:
        return None
    if not head:
        return None
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Answer(int(first.split()[1]), headers, body)


class World:
    """An API, the proxy and its status server."""

    def __init__(self) -> None:
        self.client = MemoryClient()
        settings = Settings(("10.96.0.0/16",), nodeport_addresses=("127.0.0.0/8",))
        self.proxy = Proxy(self.client, MemoryDataplane(), node_name="here", settings=settings)
        self.listening = Listening("127.0.0.1", free_port(), "127.0.0.1", free_port())
        self.status = StatusServer(self.proxy, self.listening)
        self.put_node()

    def put_node(self, address: str = "127.0.0.1", **spec: Any) -> None:
        addresses = [{"type": "InternalIP", "address": address}]
        self.client.put(NODE, {"metadata": {"name": "here"}, "spec": spec, "status": {"addresses": addresses}})

    def put(self, *found: Object) -> None:
        for each in found:
            self.client.put(ENDPOINT_SLICE if "addressType" in each else SERVICE, each)

    async def until(self, port: int, status: int | None, path: str = "/", host: str = "127.0.0.1") -> Answer | None:
        """Ask until it answers so; clients of a health check can only ask again."""
        async with asyncio.timeout(30):
            while True:
                found = await ask(port, path, host=host)
                if (found and found.status) == status:
                    return found
                await asyncio.sleep(0.01)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    tasks = [asyncio.create_task(made.proxy.run()), asyncio.create_task(made.status.run())]
    await made.proxy.wait_programmed()
    yield made
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_health_check_follows_the_local_endpoints(world: World) -> None:
    port = free_port()
    world.put(balanced("web", "10.96.0.1", port), endpoint_slice("web", HERE + THERE))
    found = await world.until(port, 200, "/any/path")
    assert found is not None
    assert found.headers["x-load-balancing-endpoint-weight"] == "2"
    assert json.loads(found.body) == {
        "service": {"namespace": "default", "name": "web"}, "localEndpoints": 2, "serviceProxyHealthy": True,
    }  # fmt: skip
    leaving = {"ready": False, "serving": True, "terminating": True}
    world.put(endpoint_slice("web", HERE, conditions=leaving))
    found = await world.until(port, 503)
    assert found is not None
    assert found.headers["x-load-balancing-endpoint-weight"] == "0"


async def test_a_listener_moves_with_its_port_and_goes_with_its_service(world: World) -> None:
    first, second = free_port(), free_port()
    world.put(balanced("web", "10.96.0.1", first), endpoint_slice("web", HERE))
    await world.until(first, 200)
    world.put(balanced("web", "10.96.0.1", second))
    await world.until(second, 200)
    assert await ask(first) is None
    world.client.remove(SERVICE, "default", "web")
    await world.until(second, None)


async def test_a_check_follows_the_policy_and_every_method_and_path_is_answered_alike(world: World) -> None:
    port = free_port()
    world.put(balanced("web", "10.96.0.1", port), endpoint_slice("web", HERE))
    found = await world.until(port, 200)
    assert found is not None
    assert found.body.decode() == (
        '{\n\t"service": {\n\t\t"namespace": "default",\n\t\t"name": "web"\n\t},\n'
        '\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}'
    )
    assert (found.headers["content-type"], found.headers["x-content-type-options"]) == ("application/json", "nosniff")
    posted = await ask(port, "/x?y=z", method="POST")
    assert posted is not None
    assert (posted.status, posted.body) == (200, found.body)
    cluster_wide = balanced("web", "10.96.0.1", port)
    cluster_wide["spec"]["externalTrafficPolicy"] = "Cluster"
    world.put(cluster_wide)
    await world.until(port, None)
    world.put(balanced("web", "10.96.0.1", port))
    await world.until(port, 200)


async def test_a_check_moves_to_the_nodes_new_address(world: World) -> None:
    port = free_port()
    world.put(balanced("web", "10.96.0.1", port), endpoint_slice("web", HERE))
    await world.until(port, 200)
    world.put_node(address="127.0.0.2")
    await world.until(port, 200, host="127.0.0.2")


async def test_a_port_that_is_taken_is_told_and_tried_again(world: World) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        world.put(balanced("web", "10.96.0.1", port), endpoint_slice("web", HERE))

        async def told() -> Object:
            while True:
                events, _ = await world.client.list(EVENT)
                if events:
                    return events[0]
                await asyncio.sleep(0.01)

        async with asyncio.timeout(30):
            event = await told()
    assert event["reason"] == "FailedToStartServiceHealthcheck"
    assert event["message"].startswith(f'node here failed to start healthcheck "default/web" on port {port}: ')
    assert event["involvedObject"]["name"] == "web"
    await world.until(port, 200)


@on_both_loops
@pytest.mark.parametrize("hosts", [EVERY_ADDRESS, ("127.0.0.1", "::1")], ids=["every", "two"])
async def test_a_check_listens_at_every_address_or_at_some(hosts: tuple[str, ...]) -> None:
    refused: list[OSError] = []
    checks = HealthChecks(lambda: hosts, lambda: True, lambda service, port, error: refused.append(error))
    port = free_port()
    task = asyncio.create_task(checks.run())
    checks.want("default/web", HealthCheck(port, 1))
    while await ask(port) is None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert refused == []
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await ask(port) is None


async def test_healthz_and_livez(world: World) -> None:
    port = world.listening.health_port
    found = await world.until(port, 200, "/healthz")
    assert found is not None
    assert (found.headers["content-type"], found.headers["x-content-type-options"]) == ("application/json", "nosniff")
    body = json.loads(found.body)
    assert (body["nodeEligible"], body["healthy"], set(body["status"])) == (True, True, {"IPv4", "IPv6"})
    world.put_node(taints=[{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}])
    found = await world.until(port, 503, "/healthz")
    assert found is not None
    assert json.loads(found.body)["nodeEligible"] is False
    assert (await world.until(port, 200, "/livez")) is not None
    assert (await world.until(port, 404, "/metrics")) is not None


async def test_what_this_machine_may_ask(world: World) -> None:
    port = world.listening.metrics_port
    mode, healthz, configz = [await world.until(port, 200, path) for path in ("/proxyMode", "/healthz", "/configz")]
    assert mode and healthz and configz
    assert (mode.body, healthz.body) == (b"nftables", b"ok")
    config = json.loads(configz.body)["kubeproxy.config.k8s.io"]
    assert (config["mode"], config["hostnameOverride"]) == ("nftables", "here")
    await world.until(world.listening.health_port, 200, "/livez")
    metrics = await world.until(port, 200, "/metrics")
    assert metrics is not None
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert b'kubeproxy_proxy_livez_total{code="200"} ' in metrics.body
    assert b"kubeproxy_sync_proxy_rules_duration_seconds_count" in metrics.body


async def test_a_taken_status_port_does_not_stop_the_proxy() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        made = World()
        status = StatusServer(made.proxy, Listening("127.0.0.1", other.getsockname()[1], "127.0.0.1", free_port()))
        tasks = [asyncio.create_task(made.proxy.run()), asyncio.create_task(status.run())]
        await made.proxy.wait_programmed()
        assert not any(task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
