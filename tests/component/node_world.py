"""A node agent on the in-process API with the runtime in memory: what the agent's tests stand on."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from component.memory_store import MemoryStore
from fairway.apiserver.server import ApiServer
from fairway.apiserver.settings import NodeTunnel
from fairway.apiserver.settings import Settings as ApiSettings
from fairway.client.in_process import InProcessClient
from fairway.kinds import EVENT, NAMESPACE, POD
from fairway.node.agent import Agent
from fairway.node.runtimes.interface import Image
from fairway.node.runtimes.memory import MemoryImages, MemoryRuntime
from fairway.node.settings import Settings
from fairway.objects import Object
from fairway.objects.errors import StatusError

KUBIA = Image("sha256:" + "a" * 64, ("docker.io/luksa/kubia:latest",), (), 21_000_000)
BUSYBOX = Image("sha256:" + "b" * 64, ("docker.io/library/busybox:1.36",), (), 4_000_000)
NODE_IP = "127.0.0.1"


def pod(name: str = "web", containers: list[Object] | None = None, **spec: Any) -> Object:
    wanted = containers or [{"name": "kubia", "image": "luksa/kubia", "imagePullPolicy": "IfNotPresent"}]
    return {
        "kind": "Pod", "apiVersion": "v1", "metadata": {"name": name, "namespace": "default"},
        "spec": {"nodeName": "n1", "containers": wanted, **spec},
    }  # fmt: skip


@dataclass
class World:
    server: ApiServer
    client: InProcessClient
    runtime: MemoryRuntime
    images: MemoryImages
    settings: Settings
    agent: Agent
    running: "asyncio.Task[None]"
    options: dict[str, Any]

    async def create(self, new: Object) -> Object:
        return await self.client.create(POD, new)

    async def get(self, name: str = "web") -> Object:
        return await self.client.get(POD, "default", name)

    async def until(self, is_so: Callable[[Object], Any], name: str = "web", within_s: float = 30.0) -> Object:
        """The pod once ``is_so`` holds for it."""
        found: Object = {}
        try:
            async with asyncio.timeout(within_s):
                while True:
                    found = await self.get(name)
                    if is_so(found):
                        return found
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"never came true; status {found.get('status')}, {self.runtime.calls}") from None

    async def until_gone(self, name: str = "web", within_s: float = 30.0) -> None:
        async with asyncio.timeout(within_s):
            while True:
                try:
                    await self.get(name)
                except StatusError:
                    return
                await asyncio.sleep(0.005)

    async def until_true(self, is_so: Callable[[], Any], within_s: float = 30.0) -> None:
        async with asyncio.timeout(within_s):
            while True:
                if is_so():
                    return
                await asyncio.sleep(0.005)

    async def events(self) -> list[tuple[str, str]]:
        found, _ = await self.client.list(EVENT, "default")
        found.sort(key=lambda event: event["metadata"]["name"].rpartition(".")[2])
        return [(event["reason"], event["message"]) for event in found]

    async def until_events(self, *wanted: tuple[str, str]) -> list[tuple[str, str]]:
        """All events, in order, once those are among them."""
        async with asyncio.timeout(30):
            while True:
                told = await self.events()
                if set(wanted) <= set(told):
                    return told
                await asyncio.sleep(0.005)

    async def restart_agent(self) -> None:
        await self.stop_agent()
        self.start_agent()

    async def stop_agent(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)

    def start_agent(self) -> None:
        self.agent = Agent(self.client, self.runtime, self.images, self.settings, **self.options)
        self.running = asyncio.create_task(self.agent.run())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def node_world(
    directory: Path,
    *,
    pki: Path | None = None,
    token_key: Path | None = None,
    runtime: MemoryRuntime | None = None,
    **options: Any,
) -> AsyncIterator[World]:
    """With ``pki`` (a folder of certificates) the node's HTTPS API is served and the API server knows its way there."""
    tunnel, serving = None, {}
    if pki is not None:
        tunnel = NodeTunnel(pki / "apiserver-kubelet-client.crt", pki / "apiserver-kubelet-client.key", pki / "ca.crt")
        serving = {
            "certificate_file": str(pki / "node.crt"), "key_file": str(pki / "node.key"),
            "client_ca_file": str(pki / "ca.crt"), "port": free_port(),
        }  # fmt: skip
    server = ApiServer(MemoryStore(), ApiSettings(node_tunnel=tunnel, token_key=token_key))
    await server.start()
    for name in ("default", "kube-node-lease"):
        if server.cache.get(NAMESPACE, None, name) is None:
            await server.api.call("create", NAMESPACE, body={"metadata": {"name": name}})
    client = InProcessClient(server.api, agent="kubelet")
    runtime = runtime or MemoryRuntime(directory / "logs", time.time, addresses=["127.0.0.1"])
    images = MemoryImages({"luksa/kubia": KUBIA, "busybox:1.36": BUSYBOX})
    settings = Settings(node_name="n1", node_ips=(NODE_IP,), root_dir=directory / "node", **serving)
    agent = Agent(client, runtime, images, settings, **options)
    world = World(server, client, runtime, images, settings, agent, asyncio.create_task(agent.run()), options)
    try:
        yield world
    finally:
        await world.stop_agent()
        await server.stop()


def container_status(found: Object, name: str = "kubia") -> Object:
    statuses = found.get("status") or {}
    listed = [*statuses.get("containerStatuses", []), *statuses.get("initContainerStatuses", [])]
    return next((status for status in listed if status["name"] == name), {"state": {}, "lastState": {}})


def is_ready(found: Object) -> bool:
    conditions = (found.get("status") or {}).get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
