"""A control plane in this process: real store, API server and controllers, and kubelets that only say they work."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fairway.apiserver.server import ApiServer
from fairway.apiserver.settings import Settings as ApiSettings
from fairway.client.in_process import InProcessClient
from fairway.controllers import ALL, Metrics, Settings, run
from fairway.kinds import LEASE, NAMESPACE, NODE, POD
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.informer import Change, Informer
from fairway.reconcile.times import rfc3339
from fairway.store.sqlite import SqliteStore

CAPACITY = {"cpu": "64", "memory": "64Gi", "pods": "500"}


class Kubelet:
    """Reports every pod of its node as running and Ready, and lets leaving pods go."""

    def __init__(self, client: InProcessClient, name: str, number: int) -> None:
        self.name = name
        self.is_making_ready = True
        self._client = client
        self._number = number
        self._count = 0
        self._informer = Informer(client, POD)
        self._group = asyncio.TaskGroup()

    async def register(self) -> None:
        """Make the Node, Ready, and its Lease."""
        node = {"kind": "Node", "apiVersion": "v1", "metadata": {"name": self.name, "labels": {}}}
        made = await self._client.create(NODE, node)
        conditions = [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ok"}]
        status = {"capacity": CAPACITY, "allocatable": CAPACITY, "conditions": conditions}
        await self._client.update(NODE, {**made, "status": status}, subresource="status")
        try:
            await self._client.create(
                NAMESPACE, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "kube-node-lease"}}
            )
        except StatusError as error:
            assert error.reason == "AlreadyExists"
        await self.renew()

    async def renew(self) -> None:
        meta = {"namespace": "kube-node-lease", "name": self.name}
        lease = {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": meta}
        await self._client.create(LEASE, {**lease, "spec": {"holderIdentity": self.name}})

    async def run(self) -> None:
        async with self._group:
            self._group.create_task(self._informer.run())
            self._informer.subscribe(self._changed)
            await asyncio.Event().wait()

    def _changed(self, change: Change) -> None:
        pod = change.new
        if pod is None or pod["spec"].get("nodeName") != self.name:
            return
        if "deletionTimestamp" in pod["metadata"]:
            self._group.create_task(self._remove(pod))
        elif self.is_making_ready and not (pod.get("status") or {}).get("podIP"):
            self._count += 1
            self._group.create_task(
                self.report(pod, ip=f"10.{self._number}.{self._count // 250}.{self._count % 250 + 1}")
            )

    async def report(self, pod: Object, *, ip: str = "", ready: str = "True", phase: str = "Running") -> None:
        now = rfc3339(1_767_225_600)
        ip = ip or pod["status"]["podIP"]
        status = {
            "phase": phase,
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": now}],
        }
        meta = {"uid": pod["metadata"]["uid"]}
        await self.quietly(
            self._client.patch(
                POD, pod["metadata"]["namespace"], pod["metadata"]["name"], {"metadata": meta, "status": status},
                subresource="status",
            )
        )  # fmt: skip

    async def _remove(self, pod: Object) -> None:
        meta = pod["metadata"]
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}}
        await self.quietly(self._client.delete(POD, meta["namespace"], meta["name"], options=options))

    @staticmethod
    async def quietly(coming: Any) -> None:
        try:
            await coming
        except StatusError as error:
            assert error.code in (404, 409), error


class ControlledCluster:
    """What a test may ask and wait for."""

    def __init__(
        self, client: InProcessClient, kubelets: list[Kubelet], group: asyncio.TaskGroup, metrics: Metrics
    ) -> None:  # fmt: skip
        self.client = client
        self.kubelets = kubelets
        self.metrics = metrics
        self._group = group
        self._informers: dict[Kind, Informer] = {}

    async def informer(self, kind: Kind) -> Informer:
        if kind not in self._informers:
            informer = self._informers[kind] = Informer(self.client, kind)
            self._group.create_task(informer.run())
            await informer.wait_synced()
        return self._informers[kind]

    async def wait(
        self, kind: Kind, condition: Callable[[list[Object]], bool], namespace: str = "default"
    ) -> list[Object]:
        """The objects of a namespace once they meet ``condition``."""
        informer = await self.informer(kind)

        def found() -> list[Object]:
            return [one for one in informer.items() if (one["metadata"].get("namespace") or namespace) == namespace]

        try:
            async with asyncio.timeout(30):
                await informer.wait_until(lambda: condition(found()))
        except TimeoutError:
            raise AssertionError(f"never came true for {[summary(one) for one in found()]}") from None
        return found()

    async def wait_one(
        self, kind: Kind, name: str, condition: Callable[[Object], bool], namespace: str = "default"
    ) -> Object:
        """One object once it meets ``condition``."""
        found = await self.wait(
            kind, lambda all_: any(one["metadata"]["name"] == name and condition(one) for one in all_), namespace
        )
        return next(one for one in found if one["metadata"]["name"] == name)


def summary(found: Object) -> Object:
    return {name: value for name, value in found.items() if name not in ("kind", "apiVersion")}


@asynccontextmanager
async def controlled_cluster(
    folder: Path,
    *,
    nodes: Iterable[str] = ("n1",),
    settings: Settings | None = None,
    api: ApiSettings | None = None,
    now: Callable[[], float] | None = None,
) -> AsyncIterator[ControlledCluster]:
    """A cluster with a kubelet per node; everything ends with the block."""
    store = await SqliteStore.open(str(folder / "state.db"))
    server = ApiServer(store, api) if api else ApiServer(store)
    await server.start()
    client = InProcessClient(server.api, agent="test")
    try:
        async with asyncio.TaskGroup() as group:
            metrics = Metrics()
            more: dict[str, Any] = {"now": now, "metrics": metrics} if now else {"metrics": metrics}
            tasks = [group.create_task(run(ALL, client, settings=settings or Settings(root_ca="PEM"), **more))]
            kubelets = [Kubelet(client, name, number) for number, name in enumerate(nodes, 1)]
            for kubelet in kubelets:
                await kubelet.register()
                tasks.append(group.create_task(kubelet.run()))
            cluster = ControlledCluster(client, kubelets, group, metrics)
            async with asyncio.timeout(30):
                yield cluster
            for task in (*tasks, *(task for task in asyncio.all_tasks() if task in group._tasks)):
                task.cancel()
    finally:
        await server.stop()
        await store.close()
