"""What a node says of its usage, and what the API server makes of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from component.node_world import World, is_ready, node_world, pod
from fairway.cluster.certificates import ensure, identities
from fairway.kinds import NODE, NODE_METRICS, POD_METRICS
from fairway.node.runtimes.interface import Usage
from fairway.node.server import NodeServer
from fairway.objects.errors import StatusError


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    pki = tmp_path / "pki"
    pki.mkdir()
    ensure(pki, identities(node_name="n1", cluster_domain="cluster.local", addresses=["127.0.0.1"]))
    async with node_world(tmp_path, pki=pki) as made:
        made.runtime.usages["kubia"] = Usage(2_000_000_000, 5000, 4096)
        await made.create(pod())
        await made.until(is_ready)
        yield made


async def asked(port: int, path: str) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: n1\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


async def test_a_node_tells_what_its_containers_use_as_kubelets_do(world: World) -> None:
    server = await NodeServer(
        world.agent.workers, replace(world.settings, port=0, certificate_file=""), is_open=True
    ).start()
    try:
        port = server.addresses[0][1]
        status, body = await asked(port, "/stats/summary")
        told = orjson.loads(body)
        assert status == 200
        assert told["node"]["nodeName"] == world.settings.node_name
        assert told["node"]["memory"]["workingSetBytes"] > 0
        [found] = told["pods"]
        assert (found["podRef"]["name"], found["containers"][0]["name"]) == ("web", "kubia")
        assert (found["cpu"]["usageCoreNanoSeconds"], found["memory"]["workingSetBytes"]) == (2_000_000_000, 4096)
        assert found["cpu"]["usageNanoCores"] == 0
        status, body = await asked(port, "/metrics/resource")
        assert b'container_memory_working_set_bytes{container="kubia",namespace="default",pod="web"} 4096' in body
        assert [(await asked(port, path))[0] for path in ("/stats", "/stats/other", "/metrics/cadvisor")] == [404] * 3
    finally:
        await server.close(0.2)


async def test_the_api_server_asks_the_nodes_when_somebody_asks_for_metrics(world: World) -> None:
    client = world.client
    [found], _ = await client.list(POD_METRICS, namespace="default")
    assert found["containers"] == [{"name": "kubia", "usage": {"cpu": "0n", "memory": "4Ki"}}]
    assert (found["metadata"]["name"], found["window"][-1:]) == ("web", "s")
    assert await client.list(POD_METRICS, namespace="elsewhere") == ([], _)
    assert (await client.list(POD_METRICS, labels="app=other"))[0] == []
    assert (await client.get(POD_METRICS, "default", "web"))["containers"] == found["containers"]
    with pytest.raises(StatusError, match=r'podmetrics.metrics.k8s.io "default/none" not found'):
        await client.get(POD_METRICS, "default", "none")
    [node], _ = await client.list(NODE_METRICS)
    assert (node["metadata"]["name"], node["usage"]["cpu"][-1]) == ("n1", "n")
    with pytest.raises(StatusError, match=r'nodemetrics.metrics.k8s.io "n2" not found'):
        await client.get(NODE_METRICS, None, "n2")


async def test_a_node_that_does_not_answer_is_left_out(world: World) -> None:
    client = world.client
    await client.create(NODE, {"metadata": {"name": "n2"}})
    status = {
        "conditions": [{"type": "Ready", "status": "True"}],
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}},
    }
    await client.patch(NODE, None, "n2", {"status": status}, subresource="status")
    assert [node["metadata"]["name"] for node in (await client.list(NODE_METRICS))[0]] == ["n1"]
