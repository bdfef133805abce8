"""How long from a change at the API server to the first answer of the DNS that tells it?

A Service comes, the endpoint of a headless Service gets another address, and the Service goes: each asked for over UDP
again and again from the moment that the change is acknowledged, with 10 to 50,000 other Services; then one endpoint of
a headless Service that has 10,000 changes.  The whole way is on it: TLS, durable store, watch, zone, answer.
Bar: 20 ms from the acknowledged change.  Writes bench/results/dns_changes.json and docs/benchmarks/dns_changes.csv.
"""

import argparse
import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Sequence
from typing import Any

import uvloop

from _cluster import Cluster, cluster, many
from _report import percentile, report, write_csv
from fairway.client.http import HttpClient
from fairway.dns.names import packed_address, wire_name
from fairway.kinds import ENDPOINT_SLICE, SERVICE
from fairway.objects import Object

SIZES = (10, 100, 1_000, 10_000, 50_000)
ENDPOINTS, SLICES = 10_000, 100
CURVES = {"a Service comes": "created", "a headless endpoint changes": "endpoint", "a Service goes": "deleted"}
BAR_MS = 20.0
PATIENCE_S = 10.0


def service(name: str, **spec: Any) -> Object:
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
        "spec": {"ports": [{"name": "http", "port": 80}], **spec},
    }  # fmt: skip


def endpoint_slice(name: str, *addresses: str, number: int = 1) -> Object:
    labels = {"kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "bench"}
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": f"{name}-{number}", "namespace": "default", "labels": labels},
        "ports": [{"name": "http", "protocol": "TCP", "port": 80}],
        "endpoints": [{"addresses": [address]} for address in addresses],
    }  # fmt: skip


class Asker:
    """Asks one server for the A records of names."""

    def __init__(self, server: str) -> None:
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setblocking(False)
        self._sock.connect((server, 53))

    async def until(self, name: str, wanted: bytes) -> float:
        """The time of the first answer that holds ``wanted``, or, where that is empty, says that there is no name."""
        loop = asyncio.get_running_loop()
        query = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + wire_name(f"{name}.default.svc.cluster.local") + b"\0\1\0\1"
        until_s = time.perf_counter() + PATIENCE_S
        while time.perf_counter() < until_s:
            await loop.sock_sendall(self._sock, query)
            answer = await loop.sock_recv(self._sock, 2048)
            if (wanted in answer) if wanted else (answer[3] & 15) == 3:
                return time.perf_counter()
        raise TimeoutError(f"{name} was not told within {PATIENCE_S} s")

    def close(self) -> None:
        self._sock.close()


async def timed(change: Awaitable[Object], asker: Asker, name: str, address: str | None) -> tuple[Object, float, float]:
    """What the change gave, and milliseconds from the request and from its acknowledgement to the first new answer.

    ``address`` is what the answer must hold; ``None`` is the cluster IP that the change gave, empty is no such name.
    """
    began_s = time.perf_counter()
    found = await change
    acknowledged_s = time.perf_counter()
    wanted = found["spec"]["clusterIP"] if address is None else address
    told_s = await asker.until(name, packed_address(wanted) or b"")
    return found, (told_s - began_s) * 1e3, (told_s - acknowledged_s) * 1e3


async def fill(client: HttpClient, have: int, size: int) -> None:
    await many(lambda number: client.create(SERVICE, service(f"other-{number}")), range(have, size))


async def measured(client: HttpClient, asker: Asker, size: int, samples: int) -> list[dict[str, Any]]:
    came: list[list[float]] = []
    moved: list[list[float]] = []
    went: list[list[float]] = []
    await client.create(SERVICE, service("headless", clusterIP="None"))
    found = await client.create(ENDPOINT_SLICE, endpoint_slice("headless", "198.18.0.1"))
    for number in range(samples):
        name, address = f"bench-{number}", f"198.18.{1 + number // 250}.{1 + number % 250}"
        _, *taken = await timed(client.create(SERVICE, service(name)), asker, name, None)
        came.append(taken)
        new = {**found, "endpoints": [{"addresses": [address]}]}
        found, *taken = await timed(client.update(ENDPOINT_SLICE, new), asker, "headless", address)
        moved.append(taken)
        _, *taken = await timed(client.delete(SERVICE, "default", name), asker, name, "")
        went.append(taken)
    await client.delete(ENDPOINT_SLICE, "default", "headless-1")
    await client.delete(SERVICE, "default", "headless")
    named = (("a Service comes", came), ("a headless endpoint changes", moved), ("a Service goes", went))
    return [row(size, what, taken) for what, taken in named]


async def measured_big(client: HttpClient, asker: Asker, size: int, samples: int) -> dict[str, Any]:
    await client.create(SERVICE, service("big", clusterIP="None"))
    made = [
        await client.create(
            ENDPOINT_SLICE,
            endpoint_slice("big", *(f"198.19.{part}.{host}" for host in range(ENDPOINTS // SLICES)), number=part),
        )
        for part in range(SLICES)
    ]
    await asker.until(f"198-19-{SLICES - 1}-0.big", bytes((198, 19, SLICES - 1, 0)))
    taken = []
    for number in range(samples):
        part, address = number % SLICES, f"198.18.{100 + number // 250}.{1 + number % 250}"
        new = {**made[part], "endpoints": [{"addresses": [address]}, *made[part]["endpoints"][1:]]}
        made[part], *times = await timed(
            client.update(ENDPOINT_SLICE, new), asker, f"{address.replace('.', '-')}.big", address
        )
        taken.append(times)
    return row(size, f"one of {ENDPOINTS:,} endpoints changes", taken)


def row(size: int, what: str, taken: list[list[float]]) -> dict[str, Any]:
    found: dict[str, Any] = {"other services": size, "change": what}
    for which, values in zip(("from request", "from ack"), zip(*taken, strict=True), strict=True):
        found |= {f"{which} p50 ms": percentile(values, 0.5), f"{which} p99 ms": percentile(values, 0.99)}
    return found


async def run(made: Cluster, sizes: Sequence[int], samples: int) -> list[dict[str, Any]]:
    client = made.client()
    dns = await client.get(SERVICE, "kube-system", "kube-dns")
    asker, rows, have = Asker(dns["spec"]["clusterIP"]), [], 0
    try:
        for size in sizes:
            await fill(client, have, size)
            have = size
            rows += await measured(client, asker, size, samples)
        rows.append(await measured_big(client, asker, have, samples))
    finally:
        asker.close()
        await client.close()
    return rows


def curve(rows: list[dict[str, Any]], size: int) -> dict[str, Any]:
    """One line of the curve: milliseconds from the acknowledgement, by the number of other Services."""
    line: dict[str, Any] = {"services": size}
    for each in rows:
        if each["other services"] == size and each["change"] in CURVES:
            name = CURVES[each["change"]]
            line |= {f"{name}_p50_ms": each["from ack p50 ms"], f"{name}_p99_ms": each["from ack p99 ms"]}
    return line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    given = parser.parse_args()
    with cluster("bench-dns") as made, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows = runner.run(run(made, given.sizes, given.samples))
    report("dns_changes", rows)
    write_csv("dns_changes", [curve(rows, size) for size in given.sizes])
    worst = max(row["from ack p99 ms"] for row in rows)
    print(f"bar: {BAR_MS:g} ms from the acknowledgement; worst p99 {worst:.1f} ms")


if __name__ == "__main__":
    main()
