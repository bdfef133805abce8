"""How long do 100 kubia pods take, and what does one pod cost?

1. The runtime alone, no API: sandbox, container and removal, one at a time and four at a time; CPU of everything
   that takes part (agent, crun, conmon), taken from a control group where the machine has version 1 of them.
2. A whole cluster: 100 replicas created to Ready.

Bars: sandbox and container <= 40 ms of CPU; 100 pods from created to Ready <= 10 s.
"""

import asyncio
import json
import os
import secrets
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from _cluster import IMAGE, Cluster, cluster
from _report import median, report
from fairway.node.images.store import ImageStore
from fairway.node.machine import Machine
from fairway.node.pod_network.node import node_network_up
from fairway.node.runtimes.crun import sweep
from fairway.node.runtimes.crun.runtime import CrunRuntime
from fairway.node.runtimes.interface import ContainerSpec, SandboxSpec

PODS = 100
ACCOUNTING = Path("/sys/fs/cgroup/cpuacct")
LIMIT_S = 120.0
REPLICAS = f"""
kind: ReplicaSet
apiVersion: apps/v1
metadata: {{name: many}}
spec:
  replicas: {PODS}
  selector: {{matchLabels: {{app: many}}}}
  template:
    metadata: {{labels: {{app: many}}}}
    spec: {{containers: [{{name: kubia, image: luksa/kubia, imagePullPolicy: IfNotPresent}}]}}
"""


class CpuTime:
    """What this process and all it starts have used, in seconds; 0 where the machine does not account for it."""

    def __init__(self) -> None:
        self._group = ACCOUNTING / f"bench-{os.getpid()}"
        with suppress(OSError):
            self._group.mkdir()
            (self._group / "cgroup.procs").write_text(str(os.getpid()))

    def read(self) -> float:
        with suppress(OSError):
            return int((self._group / "cpuacct.usage").read_text()) / 1e9
        return 0.0

    def close(self) -> None:
        with suppress(OSError):
            (ACCOUNTING / "cgroup.procs").write_text(str(os.getpid()))
            self._group.rmdir()


async def one_batch(machine: Machine, image_id: str, at_once: int, cpu: CpuTime) -> dict[str, Any]:
    runtime = CrunRuntime(machine)
    await runtime.open()
    turn = asyncio.Semaphore(at_once)
    sandbox_s: list[float] = []
    start_s: list[float] = []

    async def make(uid: str) -> None:
        async with turn:
            began = time.perf_counter()
            await runtime.make_sandbox(SandboxSpec(uid, "default", uid, uid))
            made = time.perf_counter()
            await runtime.start(ContainerSpec(uid, "kubia", 0, image_id))
            sandbox_s.append(made - began)
            start_s.append(time.perf_counter() - made)

    uids = [f"bench-{number}" for number in range(PODS)]
    cpu_before, began = cpu.read(), time.perf_counter()
    await asyncio.gather(*(make(uid) for uid in uids))
    all_s, cpu_s = time.perf_counter() - began, cpu.read() - cpu_before
    began = time.perf_counter()
    await asyncio.gather(*(runtime.remove_sandbox(uid) for uid in uids))
    removed_s = time.perf_counter() - began
    await runtime.close()
    return {
        "what": f"runtime, {at_once} at a time",
        "pods": PODS,
        "all_s": all_s,
        "sandbox_ms": 1000 * median(sandbox_s),
        "container_ms": 1000 * median(start_s),
        "cpu_ms_per_pod": 1000 * cpu_s / PODS,
        "remove_all_s": removed_s,
    }


async def runtime_alone() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="fairway-bench-") as folder:
        machine = Machine(
            cluster=f"bench-{secrets.token_hex(3)}",
            data_dir=Path(folder, "data"),
            run_dir=Path(folder, "run", "bench"),
            pod_cidrs=("10.217.0.0/24",),
            cluster_cidrs=("10.217.0.0/16",),
            gateways=("10.217.0.1",),
            service_cidrs=("10.216.0.0/16",),
        )
        cpu = CpuTime()
        try:
            await node_network_up(machine)
            (image,) = await ImageStore(machine).load(str(IMAGE))
            return [await one_batch(machine, image.id, at_once, cpu) for at_once in (1, 4)]
        finally:
            await sweep(machine)
            cpu.close()


def ready(running: Cluster) -> int:
    pods = json.loads(running.kubectl("get", "pods", "-o", "json"))["items"]
    conditions = [each for pod in pods for each in pod.get("status", {}).get("conditions", ())]
    return sum(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def whole_cluster() -> dict[str, Any]:
    with cluster("bench-pods") as running:
        began = time.perf_counter()
        running.kubectl("create", "-f", "-", text=REPLICAS)
        while ready(running) < PODS:
            if time.perf_counter() - began > LIMIT_S:
                raise SystemExit(f"{PODS} pods were not ready within {LIMIT_S:.0f} s")
            time.sleep(0.1)  # kubectl can only ask again
        return {"what": "cluster, created to Ready", "pods": PODS, "all_s": time.perf_counter() - began}


def main() -> None:
    rows = asyncio.run(runtime_alone())
    report("pods", [*rows, whole_cluster()])


if __name__ == "__main__":
    main()
