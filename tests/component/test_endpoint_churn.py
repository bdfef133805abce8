"""After any mix of changes, by users and by meddlers, the lists say what a fresh look at all objects says."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from component.controlled_cluster import ControlledCluster, controlled_cluster
from component.test_endpoints_of_services import of, pod, service
from fairway.controllers import endpoints
from fairway.controllers.endpoint_slice import plan
from fairway.controllers.endpoint_slice.hints import is_proportional
from fairway.controllers.endpoint_slice.topology import zones_among
from fairway.controllers.rules import services as rules
from fairway.kinds import ENDPOINT_SLICE, ENDPOINTS, NODE, POD, SERVICE
from fairway.objects import Object
from fairway.objects.errors import StatusError

ZONE = "topology.kubernetes.io/zone"
MODE = "service.kubernetes.io/topology-mode"
STEPS = 80


class Churn:
    """Random changes; each is one that a user or a controller could make."""

    def __init__(self, cluster: ControlledCluster, dice: random.Random) -> None:
        self.cluster, self.dice, self.count = cluster, dice, 0
        self.changes = (
            self.add_pod, self.add_pod, self.add_pod, self.drop_pod, self.flip, self.flip, self.flip, self.move,
            self.edit_service, self.relabel_node, self.spoil_slice, self.drop_slice, self.spoil_list,
        )  # fmt: skip

    async def step(self) -> None:
        try:
            await self.dice.choice(self.changes)()
        except StatusError as error:
            assert error.code in (404, 409), error

    async def any(self, kind: Any) -> Object | None:
        found = (await self.cluster.client.list(kind, None if kind is NODE else "default"))[0]
        return self.dice.choice(found) if found else None

    async def add_pod(self) -> None:
        new = pod(f"p{self.count}", app=self.dice.choice("ab"))
        new["spec"]["nodeName"] = self.dice.choice(("n1", "n2"))
        port = {"name": "web", "containerPort": self.dice.choice((8080, 9090))}
        new["spec"]["containers"][0]["ports"] = [port]
        self.count += 1
        await self.cluster.client.create(POD, new)

    async def drop_pod(self) -> None:
        if found := await self.any(POD):
            await self.cluster.client.delete(POD, "default", found["metadata"]["name"])

    async def flip(self) -> None:
        found = await self.any(POD)
        if found and (found.get("status") or {}).get("podIP"):
            await self.cluster.kubelets[0].report(found, ready=self.dice.choice(("True", "False")))

    async def move(self) -> None:
        if found := await self.any(POD):
            patch = {"metadata": {"labels": {"app": self.dice.choice("abc")}}}
            await self.cluster.client.patch(POD, "default", found["metadata"]["name"], patch)

    async def edit_service(self) -> None:
        name = self.dice.choice("ab")
        spec = self.dice.choice((
            {"publishNotReadyAddresses": self.dice.choice((True, False))},
            {"selector": {"app": self.dice.choice("ab")}},
            {"trafficDistribution": self.dice.choice((None, "PreferClose"))},
            {"ports": [{"port": 80, "targetPort": self.dice.choice(("web", 8080))}]},
        ))  # fmt: skip
        meta = {"annotations": {MODE: self.dice.choice((None, None, "Auto"))}}
        await self.cluster.client.patch(SERVICE, "default", name, {"metadata": meta, "spec": spec})

    async def relabel_node(self) -> None:
        labels = {ZONE: self.dice.choice((None, "z1", "z2"))}
        await self.cluster.client.patch(NODE, None, self.dice.choice(("n1", "n2")), {"metadata": {"labels": labels}})

    async def spoil_slice(self) -> None:
        if found := await self.any(ENDPOINT_SLICE):
            patch = self.dice.choice(({"endpoints": []}, {"metadata": {"labels": {"x": "y"}}}))
            await self.cluster.client.patch(ENDPOINT_SLICE, "default", found["metadata"]["name"], patch)

    async def drop_slice(self) -> None:
        if found := await self.any(ENDPOINT_SLICE):
            await self.cluster.client.delete(ENDPOINT_SLICE, "default", found["metadata"]["name"])

    async def spoil_list(self) -> None:
        patch = {"subsets": [{"addresses": [{"ip": "192.0.2.1"}]}]}
        await self.cluster.client.patch(ENDPOINTS, "default", self.dice.choice("ab"), patch)


async def faults(cluster: ControlledCluster) -> list[str]:
    """What a fresh look at all that the server has would still write."""

    async def all_of(kind: Any) -> list[Object]:
        return (await cluster.client.list(kind))[0]

    pods, slices, lists, nodes = [await all_of(kind) for kind in (POD, ENDPOINT_SLICE, ENDPOINTS, NODE)]
    by_name = {one["metadata"]["name"]: one for one in nodes}
    found = []
    for name in "ab":
        web = await cluster.client.get(SERVICE, "default", name)
        wanted = rules.selector(web).items()
        chosen = [one for one in pods if wanted <= (one["metadata"].get("labels") or {}).items()]
        zones = zones_among(nodes) if is_proportional(web) else None
        writes = plan(web, chosen, of(slices, name), by_name.get, **({"zones": zones} if zones else {}))
        if writes:
            found.append(f"slices of {name}: {writes}")
        listed = next((one for one in lists if one["metadata"]["name"] == name), None)
        if endpoints.plan(web, endpoints.offered(web, chosen), listed) is not None:
            found.append(f"list of {name}: {listed}")
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_lists_are_as_a_fresh_look_would_make_them(tmp_path: Path, seed: int) -> None:
    async with controlled_cluster(tmp_path, nodes=("n1", "n2")) as cluster:
        for name in "ab":
            spec = {"ports": [{"port": 80, "targetPort": "web"}]}
            await cluster.client.create(SERVICE, service(name, {"app": name}, **spec))
        churn = Churn(cluster, random.Random(seed))
        for _ in range(STEPS):
            await churn.step()
        await settled(cluster)
        assert await faults(cluster) == []


async def settled(cluster: ControlledCluster) -> None:
    """Wait until all pods are up or gone and the lists are right, woken by the lists alone."""
    informers = [await cluster.informer(kind) for kind in (POD, ENDPOINT_SLICE, ENDPOINTS)]
    revisions = [informer.revision for informer in informers]
    while await faults(cluster):
        changed = [
            asyncio.ensure_future(informer.wait_until(lambda i=informer, r=revision: i.revision > r))  # type: ignore[misc]
            for informer, revision in zip(informers, revisions, strict=True)
        ]
        done, waiting = await asyncio.wait(changed, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        if not done:
            return
        revisions = [informer.revision for informer in informers]
