"""How long until a Service of type LoadBalancer has its address?

From the moment its create is sent, and from the moment it is acknowledged, to the watch event that bears the address;
over TLS as any client.  Asked one by one with 0, 1,000 and 5,000 other load balancers there, and for 500 created at
once (each from its own create).
Bar: p99 <= 50 ms from the create, one by one.
"""

import asyncio
import time
from pathlib import Path
from typing import Any

import uvloop

from _cluster import Cluster, cluster, many
from _report import percentile, report
from fairway.client.http import HttpClient
from fairway.kinds import SERVICE
from fairway.objects import Object
from fairway.reconcile.informer import Change, Informer

SIZES = (0, 1_000, 5_000)
SAMPLES = 200
BURST = 500
BAR_MS = 50.0


def service(name: str) -> Object:
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "ports": [{"port": 80}]},
    }  # fmt: skip


class Arrivals:
    """When each Service was first seen with an address."""

    def __init__(self) -> None:
        self._seen: dict[str, asyncio.Future[float]] = {}

    def take(self, change: Change) -> None:
        found = change.new
        if found is not None and found.get("status", {}).get("loadBalancer", {}).get("ingress"):
            future = self.of(found["metadata"]["name"])
            if not future.done():
                future.set_result(time.perf_counter())

    def of(self, name: str) -> asyncio.Future[float]:
        if name not in self._seen:
            self._seen[name] = asyncio.get_running_loop().create_future()
        return self._seen[name]


async def sample(client: HttpClient, arrivals: Arrivals, name: str) -> tuple[float, float]:
    """Milliseconds from the request and from its acknowledgement (0 if the address was faster)."""
    began = time.perf_counter()
    await client.create(SERVICE, service(name))
    acknowledged = time.perf_counter()
    arrived = await arrivals.of(name)
    return (arrived - began) * 1000, max(0.0, arrived - acknowledged) * 1000


async def fill(client: HttpClient, arrivals: Arrivals, have: int, size: int) -> None:
    await many(lambda number: sample(client, arrivals, f"other-{number}"), range(have, size))


def row(name: str, taken: list[tuple[float, float]]) -> dict[str, Any]:
    found: dict[str, Any] = {"other_load_balancers": name}
    for which, values in zip(("from_create_ms", "from_ack_ms"), zip(*taken, strict=True), strict=True):
        found |= {f"{which}_p50": percentile(values, 0.5), f"{which}_p99": percentile(values, 0.99)}
    return found


async def measure(running: Cluster) -> list[dict[str, Any]]:
    client = running.client()
    arrivals, informer = Arrivals(), Informer(client, SERVICE)
    informer.subscribe(arrivals.take)
    following = asyncio.create_task(informer.run())
    await informer.wait_synced()
    rows, have = [], 0
    try:
        for size in SIZES:
            await fill(client, arrivals, have, size)
            have = size
            await sample(client, arrivals, f"settle-{size}")
            taken = [await sample(client, arrivals, f"sample-{size}-{number}") for number in range(SAMPLES)]
            rows.append(row(f"{size:,}", taken))
        began = time.perf_counter()
        burst = await asyncio.gather(*(sample(client, arrivals, f"burst-{number}") for number in range(BURST)))
        rows.append(row(f"{BURST} at once", list(burst)) | {"all_s": time.perf_counter() - began})
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await client.close()
    return rows


def main() -> None:
    with cluster("bench-lb") as running:
        rows = uvloop.run(measure(running))
    report(Path(__file__).stem, [*rows, {"other_load_balancers": "bar", "from_create_ms_p99": BAR_MS}])


if __name__ == "__main__":
    main()
