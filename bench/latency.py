"""How long from creating a Service and its EndpointSlice to the first connection through its cluster IP?

The whole path: API over TLS, store, watch, proxy, kernel, connect from the machine to a real pod; the slice is written
by hand, so no controller is in between.  Asked with 1 to 50,000 other Services there.  Two figures: from the
moment the Service's create is sent, and from the moment the slice's create is acknowledged.
Bars (from the acknowledgement): p50 <= 10 ms, p99 <= 50 ms, the same with 50,000 other Services.
"""

import asyncio
import json
import socket
import time
from pathlib import Path
from typing import Any

import uvloop

from _cluster import HOUSE, Cluster, cluster, many
from _report import percentile, report, write_csv
from fairway.client.http import HttpClient
from fairway.kinds import ENDPOINT_SLICE, SERVICE

SIZES = (1, 10, 100, 1_000, 10_000, 50_000)
SAMPLES = 200


def service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
        "spec": {"ports": [{"port": 80, "targetPort": 8080}]},
    }  # fmt: skip


def slice_of(name: str, address: str) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "name": f"{name}-1", "namespace": "default", "labels": {"kubernetes.io/service-name": name},
        },
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
    }  # fmt: skip


async def create(client: HttpClient, name: str, address: str) -> tuple[str, float]:
    """The Service and its slice; the cluster IP and when the slice was acknowledged."""
    made = await client.create(SERVICE, service(name))
    await client.create(ENDPOINT_SLICE, slice_of(name, address))
    return made["spec"]["clusterIP"], time.perf_counter()


def first_connect(address: str) -> float:
    """When a connection first succeeds: refused or dropped ones are tried again at once."""
    while True:
        with socket.socket() as client:
            client.settimeout(0.005)  # a packet that came before the rules was dropped
            try:
                client.connect((address, 80))
                return time.perf_counter()
            except OSError:
                continue


async def fill(client: HttpClient, have: int, size: int, address: str) -> None:
    """Other Services."""
    await many(lambda number: create(client, f"other-{number}", address), range(have, size))


async def sample(client: HttpClient, name: str, address: str) -> tuple[float, float]:
    """Milliseconds from the first request, and from the last acknowledgement."""
    started = time.perf_counter()
    made, acknowledged = await create(client, name, address)
    connected = await asyncio.to_thread(first_connect, made)
    return (connected - started) * 1000, (connected - acknowledged) * 1000


async def measure(running: Cluster, pod: str) -> list[dict[str, Any]]:
    client = running.client()
    rows, have = [], 0
    try:
        for size in SIZES:
            await fill(client, have, size, pod)
            have = size
            await sample(client, f"settle-{size}", pod)
            taken = [await sample(client, f"sample-{size}-{i}", pod) for i in range(SAMPLES)]
            row: dict[str, Any] = {"services": size}
            for name, values in zip(("from_create_ms", "from_ack_ms"), zip(*taken, strict=True), strict=True):
                row |= {f"{name}_p50": percentile(values, 0.5), f"{name}_p99": percentile(values, 0.99)}
            rows.append(row)
    finally:
        await client.close()
    return rows


def main() -> None:
    with cluster("bench-latency") as running:
        running.kubectl("create", "-f", str(HOUSE / "examples/svc.yaml"))
        running.kubectl("wait", "--for=condition=Ready", "pod", "-l", "app=kubia", "--timeout=60s")
        pods = json.loads(running.kubectl("get", "pods", "-l", "app=kubia", "-o", "json"))["items"]
        rows = uvloop.run(measure(running, pods[0]["status"]["podIP"]))
    write_csv("latency", rows)
    report(Path(__file__).stem, [*rows, {"services": "bar", "from_ack_ms_p50": 10.0, "from_ack_ms_p99": 50.0}])


if __name__ == "__main__":
    main()
