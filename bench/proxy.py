"""How fast is the Service proxy?  Full load, programming latency and connect latency at 1 to 50,000 Services.

Run as root: ``python bench/proxy.py``.  Everything happens in network namespaces of its own, with the real kernel.
Prints a table, writes bench/results/proxy.json and docs/benchmarks/proxy.csv, and draws the curves.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "component")]

from service_network import Namespace, ServiceNetwork, connect  # noqa: E402

from _report import percentile, report, write_csv  # noqa: E402
from fairway.client.interface import WatchEvent  # noqa: E402
from fairway.client.memory import MemoryClient  # noqa: E402
from fairway.kinds import ENDPOINT_SLICE, SERVICE  # noqa: E402
from fairway.kinds.kind import Kind  # noqa: E402
from fairway.objects import Object  # noqa: E402
from fairway.proxy.dataplanes.nftables import NftablesDataplane  # noqa: E402
from fairway.proxy.delta import Transaction  # noqa: E402
from fairway.proxy.model import Settings  # noqa: E402
from fairway.proxy.proxy import Proxy  # noqa: E402

SIZES = (1, 10, 100, 1_000, 10_000, 50_000)
SETTINGS = Settings(service_cidrs=("10.96.0.0/12",), pod_cidrs=("10.244.0.0/16",))


def service(number: int) -> Object:
    name = f"bench-{number}"
    at = f"10.{96 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
    return {
        "kind": "Service", "apiVersion": "v1",
        "metadata": {
            "name": name, "namespace": "default", "uid": f"11111111-2222-3333-4444-{number:012d}",
            "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"app": name},
        },
        "spec": {
            "type": "ClusterIP", "clusterIP": at, "clusterIPs": [at], "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
            "selector": {"app": name},
            "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080}],
        },
        "status": {"loadBalancer": {}},
    }  # fmt: skip


def endpoint_slice(number: int, ips: list[str] | None = None) -> Object:
    name = f"bench-{number}"
    base = number * 3
    ips = ips or [f"10.{200 + (each >> 16)}.{each >> 8 & 255}.{each & 255}" for each in range(base, base + 3)]
    return {
        "kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1",
        "metadata": {
            "name": f"{name}-abcde", "namespace": "default", "uid": f"11111111-2222-3333-5555-{number:012d}",
            "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {
                "app": name, "kubernetes.io/service-name": name,
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
        },
        "addressType": "IPv4",
        "ports": [{"name": "http", "protocol": "TCP", "port": 8080}],
        "endpoints": [
            {
                "addresses": [ip], "nodeName": f"node-{each}",
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "targetRef": {"kind": "Pod", "namespace": "default", "name": f"{name}-{each}", "uid": f"pod-{ip}"},
            }
            for each, ip in enumerate(ips)
        ],
    }  # fmt: skip


class Source(MemoryClient):
    """A client that makes its objects when it is asked, so that they are not part of the measured memory."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.events: dict[str, asyncio.Queue[Object]] = {}

    async def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = "",
        keep: Callable[[Object], Object] | None = None,
    ) -> tuple[list[Object], str]:  # fmt: skip
        """In pages of 500, as the HTTP client does for one who keeps a part of each."""
        if kind not in (SERVICE, ENDPOINT_SLICE) or keep is None:
            return [], "1"
        make = service if kind is SERVICE else endpoint_slice
        kept: list[Object] = []
        for start in range(0, self.size, 500):
            numbers = range(start, min(start + 500, self.size))
            kept += [keep(each) for each in json.loads(json.dumps([make(number) for number in numbers]))]
        return kept, "1"

    async def watch(
        self, kind: Kind, namespace: str | None = None, *, revision: str, labels: str = "", fields: str = ""
    ) -> AsyncIterator[WatchEvent]:
        queue = self.events.setdefault(kind.plural, asyncio.Queue())
        while True:
            yield WatchEvent("ADDED", await queue.get())

    def tell(self, kind: str, new: Object) -> None:
        self.events.setdefault(kind, asyncio.Queue()).put_nowait(new)


class TimedDataplane(NftablesDataplane):
    """Notes how long each commit takes, encoding included."""

    def __init__(self, cluster: str) -> None:
        super().__init__(cluster)
        self.took_s: list[float] = []

    async def commit(self, transactions: Mapping[int, Transaction]) -> None:
        started = time.perf_counter()
        await super().commit(transactions)
        self.took_s.append(time.perf_counter() - started)


def memory_mib() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def milliseconds(values: list[float]) -> dict[str, float]:
    return {"p50": statistics.median(values) * 1e3, "p99": percentile(values, 0.99) * 1e3}


async def load(size: int, where: Namespace) -> dict[str, float]:
    """From synced informers to a full kernel, then one more Service at a time."""
    source = Source(size)
    dataplane = TimedDataplane("bench")
    proxy = Proxy(source, dataplane, node_name="node-0", settings=SETTINGS)
    with where.entered():
        running = asyncio.create_task(proxy.run())
        await proxy.wait_programmed()
    full_s = proxy.metrics.of(4).full_sync.total
    resident, peak = memory_mib(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    programming = []
    dataplane.took_s.clear()
    for number in range(size, size + 300):
        before = proxy.metrics.of(4).sync.count
        started = time.perf_counter()
        source.tell("endpointslices", endpoint_slice(number))
        source.tell("services", service(number))
        while proxy.metrics.of(4).sync.count == before or proxy.services <= number:  # noqa: ASYNC110
            await asyncio.sleep(0)
        programming.append(time.perf_counter() - started)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    dataplane.close()
    again = NftablesDataplane("bench")
    restarted = Proxy(Source(size + 300), again, node_name="node-0", settings=SETTINGS)
    with where.entered():
        running = asyncio.create_task(restarted.run())
        await restarted.wait_programmed()
    restart_s = restarted.metrics.of(4).full_sync.total
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await again.remove()
    each, commit = milliseconds(programming), milliseconds(dataplane.took_s)
    return {
        "full_load_s": full_s, "restart_s": restart_s, "program_p50_ms": each["p50"], "program_p99_ms": each["p99"],
        "commit_p50_ms": commit["p50"], "commit_p99_ms": commit["p99"],
        "rss_mib": resident, "peak_rss_mib": peak,
    }  # fmt: skip


async def connects(size: int, network: ServiceNetwork) -> dict[str, float]:
    """Creation to first connect, and connect latency direct against cluster IP, interleaved."""
    source = Source(size)
    dataplane = NftablesDataplane("bench")
    proxy = Proxy(source, dataplane, node_name="here", settings=SETTINGS)
    with network.node.entered():
        running = asyncio.create_task(proxy.run())
        await proxy.wait_programmed()
    ips = [pod.ip for pod in network.pods[1:]]
    where = network.pods[0].namespace
    first = []
    for number in range(size, size + 100):
        wanted, made = service(number), endpoint_slice(number, ips)
        made["ports"][0]["port"] = 8080
        at = wanted["spec"]["clusterIP"]
        started = time.perf_counter()
        source.tell("endpointslices", made)
        source.tell("services", wanted)
        while not await asyncio.to_thread(reached, where, at):  # noqa: ASYNC110
            await asyncio.sleep(0)
        first.append(time.perf_counter() - started)
    direct, through = await asyncio.to_thread(compare, where, ips[0], at)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await dataplane.remove()
    return {
        "first_connect_p50_ms": milliseconds(first)["p50"], "first_connect_p99_ms": milliseconds(first)["p99"],
        "direct_p50_us": statistics.median(direct) * 1e6, "cluster_ip_p50_us": statistics.median(through) * 1e6,
        "direct_p99_us": percentile(direct, 0.99) * 1e6, "cluster_ip_p99_us": percentile(through, 0.99) * 1e6,
        "ratio_p50": statistics.median(through) / statistics.median(direct),
    }  # fmt: skip


def reached(where: Namespace, at: str) -> bool:
    try:
        connect(where, at, 80, timeout_s=0.001).close()
    except OSError:
        return False
    return True


def compare(where: Namespace, direct: str, cluster_ip: str) -> tuple[list[float], list[float]]:
    measured: tuple[list[float], list[float]] = ([], [])
    for _ in range(20):
        for values, at, port in ((measured[0], direct, 8080), (measured[1], cluster_ip, 80)):
            for _ in range(100):
                started = time.perf_counter()
                made = connect(where, at, port)
                values.append(time.perf_counter() - started)
                made.close()
    return measured


def one(size: int) -> dict[str, float]:
    """One size, in this process."""
    where = Namespace(f"fwbench-{os.getpid()}")
    try:
        where.sysctl("ipv4/ip_forward", "1")
        found = asyncio.run(load(size, where))
    finally:
        where.remove()
    network = ServiceNetwork(pods=4)
    try:
        return found | asyncio.run(connects(size, network))
    finally:
        network.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, help="only this many Services; prints JSON")
    wanted = parser.parse_args().size
    if wanted is not None:
        print(json.dumps(one(wanted)))
        return
    rows = []
    for size in SIZES:
        ran = subprocess.run(
            [sys.executable, __file__, "--size", str(size)], check=True, capture_output=True, text=True
        )
        rows.append({"services": size} | json.loads(ran.stdout.splitlines()[-1]))
    write_csv("proxy", rows)
    report("proxy", rows)


if __name__ == "__main__":
    main()
