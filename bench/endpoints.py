"""How long from a pod's status to the slice that tells it, how much it costs, and does a very large cluster fit?

First part: one Service in front of N pods of one ReplicaSet, the API server on SQLite and all controllers in this
process, as in the control process.  One pod turns Ready or not; the time runs from the acknowledged status until a
watcher of slices, as the proxy is one, has the change.  Second part: 250,000 endpoints in all, without a server: the
controllers of the lists start on what is there, then one pod changes.
Bars: p50 <= 10 ms, p99 <= 50 ms at every size.
Usage: python bench/endpoints.py [--only latency|scale]
"""

import argparse
import asyncio
import gc
import resource
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from _report import percentile, report
from fairway.apiserver.server import ApiServer
from fairway.client.in_process import InProcessClient
from fairway.client.memory import MemoryClient
from fairway.controllers import ALL, run
from fairway.controllers.endpoint_slice import ENDPOINT_SLICES
from fairway.controllers.endpoint_slice_mirroring import ENDPOINT_SLICE_MIRRORING
from fairway.controllers.endpoints import ENDPOINTS_OF_SERVICES
from fairway.kinds import ENDPOINT_SLICE, ENDPOINTS, NODE, POD, REPLICA_SET, SERVICE
from fairway.objects import Object
from fairway.reconcile.informer import Change, Informer
from fairway.store.sqlite import SqliteStore

SIZES = (10, 100, 1_000, 10_000)
SAMPLES = 60
PER_SERVICE = {10_000: 1, 1_000: 40, 100: 1_000, 10: 10_000}
"""Pods of a Service: how many such Services make up 250,000 endpoints."""
LISTS = (ENDPOINT_SLICES, ENDPOINTS_OF_SERVICES, ENDPOINT_SLICE_MIRRORING)
READY_AT = "2026-01-01T00:00:00Z"


def service(name: str) -> Object:
    ports = [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}]
    return {
        "kind": "Service", "apiVersion": "v1", "metadata": {"namespace": "default", "name": name},
        "spec": {"ports": ports, "selector": {"app": name}},
    }  # fmt: skip


def pod_spec() -> Object:
    return {"nodeName": "n1", "containers": [{"name": "c", "image": "v1"}]}


def pod(app: str, number: int, **meta: Any) -> Object:
    meta = {"namespace": "default", "name": f"{app}-{number}", "labels": {"app": app}, **meta}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": pod_spec()}


def status(number: int, ready: str = "True") -> Object:
    ip = f"10.{64 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"
    ready_condition = {"type": "Ready", "status": ready, "lastTransitionTime": READY_AT}
    return {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "conditions": [ready_condition]}


def node() -> Object:
    allocatable = {"cpu": "64", "memory": "64Gi", "pods": "100000"}
    conditions = [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ok"}]
    return {
        "kind": "Node", "apiVersion": "v1", "metadata": {"name": "n1"},
        "status": {"capacity": allocatable, "allocatable": allocatable, "conditions": conditions},
    }  # fmt: skip


class Watcher:
    """Sees slices change as the proxy does, and says when one pod's conditions are as awaited."""

    def __init__(self, client: Any) -> None:
        self.informer = Informer(client, ENDPOINT_SLICE)
        self.ready: dict[str, bool] = {}
        self.writes = 0
        self._awaited: tuple[str, bool, asyncio.Future[float]] | None = None

    def changed(self, change: Change) -> None:
        self.writes += 1
        for one in (change.new or {}).get("endpoints") or ():
            self.ready[one["targetRef"]["name"]] = one["conditions"]["ready"]
        if self._awaited is not None:
            name, is_ready, arrived = self._awaited
            if self.ready.get(name) is is_ready and not arrived.done():
                arrived.set_result(time.perf_counter())

    def awaited(self, name: str, is_ready: bool) -> asyncio.Future[float]:
        arrived: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._awaited = (name, is_ready, arrived)
        return arrived


@asynccontextmanager
async def control(folder: str, size: int) -> AsyncIterator[tuple[InProcessClient, Watcher]]:
    store = await SqliteStore.open(f"{folder}/store.db")
    server = ApiServer(store)
    await server.start()
    client = InProcessClient(server.api, agent="bench")
    made = await client.create(NODE, {**node(), "status": {}})
    await client.update(NODE, {**made, "status": node()["status"]}, subresource="status")
    await fill(client, size)
    watcher = Watcher(client)
    chosen = [one for one in ALL if one.name not in ("node-controller", "taint-eviction-controller")]
    tasks = [asyncio.create_task(watcher.informer.run()), asyncio.create_task(run(chosen, client))]
    await watcher.informer.wait_synced()
    watcher.informer.subscribe(watcher.changed)
    try:
        yield client, watcher
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.stop()
        await store.close()


async def fill(client: InProcessClient, size: int) -> None:
    """A ReplicaSet and its pods, all Ready, then the Service."""
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": pod_spec()}
    new = {
        "kind": "ReplicaSet", "apiVersion": "apps/v1", "metadata": {"namespace": "default", "name": "web"},
        "spec": {"replicas": size, "selector": {"matchLabels": labels}, "template": template},
    }  # fmt: skip
    made = await client.create(REPLICA_SET, new)
    owner = {
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": made["metadata"]["uid"],
        "controller": True, "blockOwnerDeletion": True,
    }  # fmt: skip
    numbers = iter(range(size))

    async def work() -> None:
        for number in numbers:
            await client.create(POD, pod("web", number, ownerReferences=[owner]))
            await client.patch(POD, "default", f"web-{number}", {"status": status(number)}, subresource="status")

    await asyncio.gather(*(work() for _ in range(64)))
    await client.create(SERVICE, service("web"))


async def flip(client: InProcessClient, watcher: Watcher, number: int, is_ready: bool) -> tuple[float, float, float]:
    """Milliseconds from the request and from its acknowledgement to the slice, and of CPU from the request on."""
    burnt = time.process_time()
    arrived = watcher.awaited(f"web-{number}", is_ready)
    started = time.perf_counter()
    patch = {"status": status(number, str(is_ready))}
    await client.patch(POD, "default", f"web-{number}", patch, subresource="status")
    acknowledged = time.perf_counter()
    seen = await asyncio.wait_for(arrived, 60)
    return (seen - started) * 1000, (seen - acknowledged) * 1000, (time.process_time() - burnt) * 1000


async def latency(size: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="fairway-bench-", dir=Path(__file__).parent) as folder:
        async with control(folder, size) as (client, watcher):
            await watcher.informer.wait_until(lambda: len(watcher.ready) == size)
            await asyncio.sleep(3)  # the controllers' own first round is no part of a sample
            before, taken, pauses = watcher.writes, [], []
            for sample in range(SAMPLES):
                number = sample // 2 * 37 % size
                taken.append(await flip(client, watcher, number, is_ready=sample % 2 == 1))
                pauses.append(await longest_pause(0.1))
            row: dict[str, Any] = {"pods": size, "slice_writes_per_change": (watcher.writes - before) / SAMPLES}
            for name, values in zip(("from_send_ms", "from_ack_ms", "cpu_ms"), zip(*taken, strict=True), strict=True):
                row |= {f"{name}_p50": percentile(values, 0.5), f"{name}_p99": percentile(values, 0.99)}
            return row | {"longest_pause_ms_p50": percentile(pauses, 0.5), "longest_pause_ms_max": max(pauses)}


async def longest_pause(seconds: float) -> float:
    """The longest time, in milliseconds, for which the loop served nobody else."""
    ends, longest, last = time.perf_counter() + seconds, 0.0, time.perf_counter()
    while last < ends:
        await asyncio.sleep(0.001)  # what is late in coming back is the pause
        now = time.perf_counter()
        longest, last = max(longest, now - last - 0.001), now
    return longest * 1000


class Named(MemoryClient):
    """Gives names and uids as a server does."""

    made = 0

    async def create(self, kind: Any, new: Object, **options: Any) -> Object:
        meta = new["metadata"]
        self.made += 1
        name = meta.get("name") or f"{meta['generateName']}{self.made:05x}"
        return await super().create(kind, {**new, "metadata": {**meta, "name": name, "uid": f"u{self.made}"}})


async def scale() -> dict[str, Any]:
    client = Named()
    client.put(NODE, node())
    number = services = 0
    for size, count in PER_SERVICE.items():
        for _ in range(count):
            app = f"s{services}"
            services += 1
            made = service(app)
            made["metadata"]["uid"] = f"uid-{app}"
            made["spec"] |= {"clusterIP": "10.96.0.1", "ipFamilies": ["IPv4"], "type": "ClusterIP"}
            client.put(SERVICE, made)
            for _ in range(size):
                client.put(POD, {**pod(app, number, uid=f"pod-{number}"), "status": status(number)})
                number += 1
    client.compact()
    gc.collect()
    gc.freeze()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    watcher = Watcher(client)
    started, burnt = time.perf_counter(), time.process_time()
    tasks = [asyncio.create_task(watcher.informer.run()), asyncio.create_task(run(LISTS, client))]
    await watcher.informer.wait_synced()
    watcher.informer.subscribe(watcher.changed)
    await watcher.informer.wait_until(lambda: len(watcher.ready) == number)
    filled = time.perf_counter() - started
    lists = Informer(client, ENDPOINTS)
    tasks.append(asyncio.create_task(lists.run()))
    await lists.wait_until(lambda: len(lists) == services)
    all_filled, burnt = time.perf_counter() - started, time.process_time() - burnt
    client.compact()
    await asyncio.sleep(2)  # the lists' own first round is no part of a sample
    taken = []
    for sample in range(SAMPLES):
        name = f"s0-{sample // 2 * 37 % max(PER_SERVICE)}"
        is_ready = sample % 2 == 1
        arrived = watcher.awaited(name, is_ready)
        began = time.perf_counter()
        found = await client.get(POD, "default", name)
        client.put(POD, {**found, "status": status(int(name.partition("-")[2]), str(is_ready))})
        taken.append((await asyncio.wait_for(arrived, 60) - began) * 1000)
        await asyncio.sleep(0.05)  # each sample meets idle controllers
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    used = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {
        "services": services, "endpoints": number, "slices_s": filled, "all_lists_s": all_filled, "cpu_s": burnt,
        "more_mb": used,
        "one_change_ms_p50": percentile(taken, 0.5), "one_change_ms_p99": percentile(taken, 0.99),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("latency", "scale"))
    parser.add_argument("--size", type=int, action="append", help="pods of the one Service; may be repeated")
    chosen = parser.parse_args()
    if chosen.only != "scale":
        rows = [uvloop.run(latency(size)) for size in chosen.size or SIZES]
        report("endpoints", [*rows, {"pods": "bar", "from_ack_ms_p50": 10.0, "from_ack_ms_p99": 50.0}])
    if chosen.only != "latency":
        report("endpoints-scale", [uvloop.run(scale())])


if __name__ == "__main__":
    main()
