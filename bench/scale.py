"""What do many Services cost?  Create rate, memory, list and watch start, and a proxy of its own, by their number.

The whole system: API over TLS, durable; each Service has one slice of three endpoints, written by hand.  At each size:
the rate at which the last ones were created, the memory of control and node, how long a list in pages takes and how
long until a watch begins, and a second proxy (`fairway service-proxy`, a process of its own) from its start to rules
that are complete: with an empty kernel, and once more with its rules in place.
Bars at 50,000: <= 5 s into an empty kernel, <= 250 MB for the proxy process.
Writes bench/results/scale.json and docs/benchmarks/scale.csv, and draws the curves.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from typing import Any

import uvloop

from _cluster import Cluster, cluster, many
from _report import report, write_csv
from fairway.client.http import HttpClient
from fairway.client.interface import Client
from fairway.cluster.processes import find
from fairway.kinds import ENDPOINT_SLICE, SERVICE
from fairway.kinds.kind import Kind
from idle import memory

SIZES = (1, 10, 100, 1_000, 10_000, 50_000)
BAR = {"services": "bar at 50,000", "proxy_load_s": 5.0, "proxy_rss_mb": 250.0}


def service(number: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": f"many-{number}", "namespace": "default"},
        "spec": {"ports": [{"name": "http", "port": 80, "targetPort": 8080}], "selector": None},
    }  # fmt: skip


def slice_of(number: int) -> dict[str, Any]:
    ips = [f"10.{200 + (each >> 16)}.{each >> 8 & 255}.{each & 255}" for each in range(number * 3, number * 3 + 3)]
    name = f"many-{number}"
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": f"{name}-1", "namespace": "default", "labels": {
            "kubernetes.io/service-name": name,
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        }},
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        "endpoints": [{"addresses": [ip], "conditions": {"ready": True}, "nodeName": f"far-{ip[-1]}"} for ip in ips],
    }  # fmt: skip


async def fill(client: Client, have: int, size: int) -> float:
    """Create what is missing; Services and slices a second."""

    async def create(number: int) -> None:
        await client.create(SERVICE, service(number))
        await client.create(ENDPOINT_SLICE, slice_of(number))

    started = time.perf_counter()
    await many(create, range(have, size))
    return 2 * (size - have) / (time.perf_counter() - started)


async def list_pages(client: HttpClient, kind: Kind) -> tuple[float, str]:
    """Seconds for a whole list in pages of 500, and its revision."""
    started = time.perf_counter()
    _, revision = await client.list(kind, keep=lambda found: {"metadata": {"name": found["metadata"]["name"]}})
    return time.perf_counter() - started, revision


async def watch_start(client: HttpClient, revision: str) -> float:
    """Seconds from asking for a watch to the first event of it, which is one that was just written."""
    events = client.watch(SERVICE, "default", revision=revision)
    patched = {"metadata": {"annotations": {"bench": str(time.perf_counter())}}}
    await client.patch(SERVICE, "default", "many-0", patched)
    started = time.perf_counter()
    await anext(events)
    took = time.perf_counter() - started
    await events.aclose()  # type: ignore[attr-defined]
    return took


def alone(running: Cluster) -> tuple[float, float]:
    """A proxy of its own, from exec to complete rules; seconds, and megabytes then."""
    started = time.perf_counter()
    words = ["service-proxy", "--kubeconfig", running.kubeconfig, "--healthz-bind-address=", "--metrics-bind-address="]
    process = subprocess.Popen([sys.executable, "-m", "fairway", *words], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "proxy is ready" in line:
                return time.perf_counter() - started, memory(process.pid)[0]
        raise SystemExit("error: the proxy ended before it was ready")
    finally:
        process.terminate()
        process.wait()


def cleanup() -> None:
    subprocess.run([sys.executable, "-m", "fairway", "service-proxy", "--cleanup"], check=True)


async def measure(running: Cluster, sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    client = running.client()
    rows, have = [], 0
    try:
        for size in sizes:
            rate = await fill(client, have, size)
            have = size
            services_s, revision = await list_pages(client, SERVICE)
            slices_s, _ = await list_pages(client, ENDPOINT_SLICE)
            watched_s = await watch_start(client, revision)
            pids = {name: find(name, running.name, running.data_dir)[0] for name in ("control", "node")}
            load_s, rss = await asyncio.to_thread(alone, running)
            again_s, again_rss = await asyncio.to_thread(alone, running)
            await asyncio.to_thread(cleanup)
            rows.append({
                "services": size, "creates_per_s": rate, "list_services_s": services_s, "list_slices_s": slices_s,
                "watch_start_ms": watched_s * 1e3, "control_rss_mb": memory(pids["control"])[0],
                "node_rss_mb": memory(pids["node"])[0], "proxy_load_s": load_s, "proxy_rss_mb": rss,
                "proxy_restart_s": again_s, "proxy_restart_rss_mb": again_rss,
            })  # fmt: skip
    finally:
        await client.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of Services, rising")
    sizes = tuple(map(int, parser.parse_args().sizes.split(",")))
    with cluster("bench-scale") as running:
        rows = uvloop.run(measure(running, sizes))
    write_csv("scale", rows)
    report("scale", [*rows, BAR])


if __name__ == "__main__":
    main()
