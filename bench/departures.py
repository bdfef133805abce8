"""How long is a pod kept from its stop signal until all proxies have let go of it?

From the acknowledged delete of a pod behind a Service to SIGTERM in its container, one pod at a time; on one node, on
three, where every proxy is asked, and with pods that do not wait.
Bar: p99 <= 100 ms.
"""

import asyncio
import json
import subprocess
import time
from pathlib import Path
from typing import Any

from _cluster import Cluster, cluster
from _report import percentile, report
from fairway.client.http import HttpClient
from fairway.kinds import POD

SAMPLES = 30
SERVER = """
import _signal, _socket, posix, time
def told(*_):
    posix.write(1, b"%f\\n" % time.time())
    posix._exit(0)
_signal.signal(_signal.SIGTERM, told)
server = _socket.socket()
server.bind(("0.0.0.0", 8080))
server.listen()
posix.write(1, b"listens\\n")
while True:
    posix.close(server._accept()[0])
"""
"""With the few modules that the image has."""


def pod(name: str, annotations: dict[str, str]) -> dict[str, Any]:
    container = {
        "name": "web", "image": "luksa/kubia", "imagePullPolicy": "IfNotPresent",
        "command": ["/usr/bin/python3", "-I", "-S", "-c", SERVER],
    }  # fmt: skip
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": "web"}, "annotations": annotations},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 5},
    }  # fmt: skip


async def one(running: Cluster, client: HttpClient, name: str, annotations: dict[str, str]) -> float:
    """Seconds from the acknowledgement to the signal."""
    running.kubectl("create", "-f", "-", text=json.dumps(pod(name, annotations)))
    running.kubectl("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=30s")
    endpoint = f"--for=jsonpath={{.subsets[0].addresses[?(@.targetRef.name=='{name}')].ip}}"
    running.kubectl("wait", "endpoints/web", endpoint, "--timeout=10s")
    following = await asyncio.create_subprocess_exec(
        "kubectl", "logs", "-f", name, env=running.environment, stdout=subprocess.PIPE
    )
    assert following.stdout
    assert await following.stdout.readline() == b"listens\n"
    await client.delete(POD, "default", name)
    acknowledged_s = time.time()
    told_s = float(await following.stdout.readline())
    await following.wait()
    return told_s - acknowledged_s


async def measure(running: Cluster, annotations: dict[str, str]) -> list[float]:
    client = running.client()
    try:
        kind = "waits" if not annotations else "hasty"
        return [await one(running, client, f"{kind}-{number}", annotations) for number in range(SAMPLES)]
    finally:
        await client.close()


def row(nodes: int, waits: str, seconds: list[float]) -> dict[str, Any]:
    shown = {f"p{share}_ms": percentile(seconds, share / 100) * 1000 for share in (50, 99)}
    return {"nodes": nodes, "pods": waits, "samples": len(seconds), **shown}


def main() -> None:
    rows: list[dict[str, Any]] = []
    service = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    text = json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": service})
    for nodes in (1, 3):
        with cluster("bench-departures", up=("--nodes", str(nodes))) as running:
            running.kubectl("create", "-f", "-", text=text)
            rows.append(row(nodes, "wait", asyncio.run(measure(running, {}))))
            if nodes == 3:
                rows.append(row(3, "stop at once", asyncio.run(measure(running, {"fairway.dev/stop-at-once": "true"}))))
    report(Path(__file__).stem, [*rows, {"nodes": 3, "pods": "bar", "p99_ms": 100.0}])


if __name__ == "__main__":
    main()
