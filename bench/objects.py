"""What do 10,000 Services and the objects of 30,000 pods cost, and how does the API answer at that size?

The whole system: API over TLS, durable, all controllers.  The pods are objects only, of fake nodes whose Leases are
renewed; each is created as a controller does it and told Ready as a kubelet does it, with the fields and the
managedFields that this leaves.  Three pods stand behind each Service; EndpointSlices are made by their controller.
Then: the memory of each process, lists in every form, the delay of a watch, the time from an endpoint's change to its
slice, and from the kill of the control process to the next one's /readyz.
Bars: control <= 600 MB; ready again within 3 s.
Usage: python bench/objects.py [--services 10000] [--pods 30000]
"""

import argparse
import asyncio
import http.client
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import uvloop

import _http
from _cluster import Cluster, cluster, many
from _report import percentile, report
from fairway.client.http import HttpClient
from fairway.client.interface import STRATEGIC_PATCH
from fairway.client.kubeconfig import connect, load, select
from fairway.cluster.processes import find
from fairway.kinds import ENDPOINT_SLICE, LEASE, NODE, POD, SERVICE
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError
from idle import memory

Rows = list[tuple[str, float, str]]
"""What, how much, and in which unit."""
NODES = 100
SAMPLES = 200
QUIET_S = 2.0
LATER_S = 75.0
"""Longer than the API server's tick, after which dicts that nobody needs are gone."""
PATIENCE_S = 60.0
HEARTBEAT_S = 10.0
STARTED = "2026-01-01T00:00:05Z"
IMAGE = "registry.example.com/shop/backend:v1.42.0"


def agent(running: Cluster, name: str) -> HttpClient:
    return connect(select(load([Path(running.kubeconfig)])), agent=name)


# What there is.


def service(number: int) -> Object:
    app = f"shop-{number}"
    ports = [
        {"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"},
        {"name": "metrics", "port": 9090, "protocol": "TCP", "targetPort": 9090},
    ]
    labels = {"app.kubernetes.io/name": app, "app.kubernetes.io/part-of": "shop", "team": f"team-{number % 50}"}
    return {
        "kind": "Service", "apiVersion": "v1", "metadata": {"namespace": "default", "name": app, "labels": labels},
        "spec": {"selector": {"app": app}, "ports": ports, "type": "ClusterIP"},
    }  # fmt: skip


def container() -> Object:
    probe = {"httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10}
    return {
        "name": "app", "image": IMAGE, "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": 8080, "name": "http"}, {"containerPort": 9090, "name": "metrics"}],
        "env": [
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "LOG_LEVEL", "value": "info"}, {"name": "DATABASE", "value": "postgres://db.default:5432/shop"},
        ],
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"memory": "256Mi"}},
        "livenessProbe": probe, "readinessProbe": {**probe, "failureThreshold": 1},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/shop", "readOnly": True}],
        "securityContext": {"allowPrivilegeEscalation": False, "runAsNonRoot": True, "runAsUser": 1000},
    }  # fmt: skip


def pod_name(number: int, services: int) -> str:
    return f"shop-{number % services}-6d4cf56db6-{number:06}"


def pod(number: int, owners: list[Object], services: int) -> Object:
    owner, app = owners[number % NODES], f"shop-{number % services}"
    labels = {"app": app, "app.kubernetes.io/part-of": "shop", "pod-template-hash": "6d4cf56db6"}
    meta = {
        "namespace": "default", "name": pod_name(number, services), "generateName": f"{app}-6d4cf56db6-",
        "labels": labels, "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "9090"},
        "ownerReferences": [owner],
    }  # fmt: skip
    spec = {
        "nodeName": f"far-{number % NODES}", "containers": [container()], "serviceAccountName": "default",
        "volumes": [{"name": "config", "configMap": {"name": "shop"}}],
        "tolerations": [{"key": "shop", "operator": "Exists", "effect": "NoSchedule"}],
    }  # fmt: skip
    return {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": spec}


def status(number: int, ready: str = "True") -> Object:
    ip = f"10.{64 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"
    types = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    conditions = [
        {
            "type": type_, "status": ready if "Ready" in type_[-5:] else "True", "lastProbeTime": None,
            "lastTransitionTime": STARTED, "observedGeneration": 1,
        }
        for type_ in types
    ]  # fmt: skip
    one = {
        "name": "app", "image": IMAGE, "imageID": f"registry.example.com/shop/backend@sha256:{'ab' * 32}",
        "containerID": f"containerd://{number:064x}", "ready": ready == "True", "started": True, "restartCount": 0,
        "state": {"running": {"startedAt": STARTED}}, "lastState": {},
    }  # fmt: skip
    return {
        "phase": "Running", "hostIP": "192.0.2.1", "hostIPs": [{"ip": "192.0.2.1"}], "podIP": ip,
        "podIPs": [{"ip": ip}], "startTime": STARTED, "qosClass": "Burstable", "conditions": conditions,
        "containerStatuses": [one],
    }  # fmt: skip


def node(number: int) -> Object:
    amounts = {"cpu": "64", "memory": "64Gi", "pods": "1000"}
    conditions = [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ok"}]
    return {
        "kind": "Node", "apiVersion": "v1", "metadata": {"name": f"far-{number}"}, "spec": {},
        "status": {"capacity": amounts, "allocatable": amounts, "conditions": conditions},
    }  # fmt: skip


# Making it.


def renewed() -> Object:
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06}Z"
    return {"renewTime": stamp, "leaseDurationSeconds": 40}


async def join(client: HttpClient) -> list[Object]:
    """Fake nodes, as the owners of their pods: so static pods are owned, and no controller makes more of them."""
    owners = []
    for number in range(NODES):
        name = f"far-{number}"
        made = await client.create(NODE, node(number))
        await client.update(NODE, node(number), subresource="status")
        owners.append({
            "apiVersion": "v1", "kind": "Node", "name": name, "uid": made["metadata"]["uid"], "controller": True,
        })  # fmt: skip
        lease = {"metadata": {"namespace": "kube-node-lease", "name": name}, "spec": renewed()}
        await client.create(LEASE, {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", **lease})
    return owners


async def beat(client: HttpClient) -> None:
    """Renew the Leases of the fake nodes for ever, so that they do not count as lost."""
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        for number in range(NODES):
            with suppress(OSError, EOFError, StatusError):  # control may be away for a moment
                await client.patch(LEASE, "kube-node-lease", f"far-{number}", {"spec": renewed()})


async def timed(work: Callable[[int], Awaitable[object]], count: int) -> float:
    started = time.perf_counter()
    await many(work, range(count))
    return time.perf_counter() - started


async def fill(running: Cluster, client: HttpClient, owners: list[Object], services: int, pods: int) -> Rows:
    controller, kubelet = agent(running, "kube-controller-manager"), agent(running, "kubelet")

    async def make(number: int) -> None:
        await controller.create(POD, pod(number, owners, services))

    async def run(number: int) -> None:
        await kubelet.patch(
            POD, "default", pod_name(number, services), {"status": status(number)}, content_type=STRATEGIC_PATCH,
            subresource="status",
        )  # fmt: skip

    async def serve(number: int) -> None:
        await client.create(SERVICE, service(number))

    pods_s, status_s, services_s = await timed(make, pods), await timed(run, pods), await timed(serve, services)
    slices_s = await timed(lambda _: settled(client, services), 1)
    await controller.close()
    await kubelet.close()
    return [
        ("pods created", pods / pods_s, "/s"), ("their status patched", pods / status_s, "/s"),
        ("Services created", services / services_s, "/s"), ("until their slices are there", slices_s, "s"),
        ("filled in", pods_s + status_s + services_s + slices_s, "s"),
    ]  # fmt: skip


async def settled(client: HttpClient, services: int) -> None:
    """Return when every Service has its slice."""
    names: set[str] = set()
    _, revision = await client.list(ENDPOINT_SLICE, "default", keep=lambda one: _noted(names, one))
    if len(names) >= services:
        return
    async for event in client.watch(ENDPOINT_SLICE, "default", revision=revision):
        _noted(names, event.object)
        if len(names) >= services:
            return


def _noted(names: set[str], found: Object) -> Object:
    if found.get("endpoints"):
        names.add(found["metadata"]["name"])
    return found


# Asking it.


FORMS = {
    "JSON": "application/json", "Table": "application/json;as=Table;v=v1;g=meta.k8s.io",
    "metadata": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    "protobuf": "application/vnd.kubernetes.protobuf",
}  # fmt: skip


async def asked(running: Cluster, path: str, form: str, count: int) -> float:
    """The median of some answers, in milliseconds, one after the other."""
    pki, port = Path(running.data_dir, running.name, "pki"), running.state()["api_port"]
    left = iter([("GET", path, b"")] * count)
    load = await _http.run(
        lambda: next(left, None), port=port, tls=_http.context(pki), connections=1,
        headers=f"Accept: {FORMS[form]}\r\n",
    )  # fmt: skip
    if load.failures:
        raise SystemExit(f"error: {path}: {load.failures[0].decode(errors='replace')}")
    return load.quantile_ms(0.5)


async def lists(running: Cluster) -> Rows:
    rows: Rows = []
    for plural in ("services", "pods"):
        path = f"/api/v1/namespaces/default/{plural}"
        for form in ("JSON", "Table", "metadata"):
            rows.append((f"all {plural}, {form}", await asked(running, path, form, 5), "ms"))
        for form in FORMS:
            rows.append((f"500 {plural}, {form}", await asked(running, f"{path}?limit=500", form, 15), "ms"))
    services, pods = "/api/v1/namespaces/default/services", "/api/v1/namespaces/default/pods"
    for name, path in (
        ("Services of a team, by label", f"{services}?labelSelector=team%3Dteam-7"),
        ("pods of a Service, by label", f"{pods}?labelSelector=app%3Dshop-7"),
        ("pods of a node, by field", f"{pods}?fieldSelector=spec.nodeName%3Dfar-7"),
    ):
        rows.append((name, await asked(running, path, "JSON", 15), "ms"))
    return rows


class Seen:
    """Objects of a watch, awaited by name and by what they must say."""

    def __init__(self) -> None:
        self._name, self._is_awaited = "", lambda _: False
        self._arrived: asyncio.Future[float] | None = None

    async def follow(self, client: HttpClient, kind: Kind, revision: str, began: asyncio.Event) -> None:
        events = client.watch(kind, "default", revision=revision)
        began.set()
        async for event in events:
            is_waiting = self._arrived is not None and not self._arrived.done() and event.type != "BOOKMARK"
            if is_waiting and self._is_awaited(event.object):
                assert self._arrived is not None
                self._arrived.set_result(time.perf_counter())

    def awaited(self, is_awaited: Callable[[Object], bool]) -> asyncio.Future[float]:
        self._is_awaited = is_awaited
        self._arrived = asyncio.get_running_loop().create_future()
        return self._arrived


async def delays(client: HttpClient, services: int) -> Rows:
    """From the acknowledged write of a pod's status to the pod, and to the slice, at watchers of all of them."""
    rows: Rows = []
    for what, kind in (("a pod's change at a watcher", POD), ("a pod's change in its slice", ENDPOINT_SLICE)):
        _, revision = await client.list(kind, "default", keep=lambda _: {})
        seen, began, found = Seen(), asyncio.Event(), []
        task = asyncio.create_task(seen.follow(client, kind, revision, began))
        await began.wait()
        for turn in range(SAMPLES):
            number, ready = turn // 2, "True" if turn % 2 else "False"
            name = pod_name(number, services)

            def says(one: Object, name: str = name, ready: str = ready, kind: Kind = kind) -> bool:
                if kind is POD:
                    return bool(one["metadata"]["name"] == name)
                wanted = (name, ready == "True")
                ready_by_name = [
                    (e.get("targetRef", {}).get("name"), e["conditions"]["ready"]) for e in one.get("endpoints") or ()
                ]
                return wanted in ready_by_name

            arrived = seen.awaited(says)
            await client.patch(
                POD, "default", name, {"status": status(number, ready)}, content_type=STRATEGIC_PATCH,
                subresource="status",
            )  # fmt: skip
            acknowledged = time.perf_counter()
            await asyncio.wait({arrived, task}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
            if not arrived.done():
                task.result()
                raise SystemExit(f"error: {name} was not seen within {PATIENCE_S:g} s")
            found.append((arrived.result() - acknowledged) * 1e3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        rows.append((f"{what}, p50", percentile(found, 0.5), "ms"))
        rows.append((f"{what}, p99", percentile(found, 0.99), "ms"))
    return rows


# What it costs.


def sizes(running: Cluster, when: str) -> Rows:
    rows: Rows = []
    for role in ("supervisor", "control", "node"):
        rss, _ = memory(find(role, running.name, running.data_dir)[0])
        rows.append((f"{role}, {when}", rss, "MB"))
    return rows


def restarted(running: Cluster) -> Rows:
    """Control is killed; the supervisor starts the next."""
    (pid,) = find("control", running.name, running.data_dir)
    port, pki = running.state()["api_port"], Path(running.data_dir, running.name, "pki")
    tls = _http.context(pki)
    os.kill(pid, signal.SIGKILL)
    started = time.perf_counter()
    while time.perf_counter() - started < PATIENCE_S:
        asker = http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=10)
        try:
            asker.request("GET", "/readyz")
            if asker.getresponse().status == 200:
                return [("control killed, until /readyz", time.perf_counter() - started, "s")]
        except OSError:
            time.sleep(0.01)  # nothing tells when somebody listens again
        finally:
            asker.close()
    raise SystemExit("error: control did not come back")


async def measure(running: Cluster, services: int, pods: int) -> Rows:
    client = agent(running, "bench")
    rows = sizes(running, "empty")
    owners = await join(client)
    beating = asyncio.create_task(beat(client))
    try:
        rows += await fill(running, client, owners, services, pods)
        rows += sizes(running, "filled")
        await asyncio.sleep(QUIET_S)
        rows += await delays(client, services)
        rows += await lists(running)
        rows += sizes(running, "after the lists")
        rows += await asyncio.to_thread(restarted, running)
        rows += sizes(running, "ready again")
        await settled(client, services)
        await asyncio.sleep(LATER_S)
        rows += sizes(running, f"{LATER_S:g} s later")
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        await client.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, default=10_000)
    parser.add_argument("--pods", type=int, default=30_000)
    given = parser.parse_args()
    with cluster("bench-objects") as running:
        rows = uvloop.run(measure(running, given.services, given.pods))
    rows.append(("bar: control", 600.0, "MB"))
    rows.append(("bar: control killed, until /readyz", 3.0, "s"))
    report(Path(__file__).stem, [{"what": what, "value": value, "unit": unit} for what, value, unit in rows])


if __name__ == "__main__":
    main()
