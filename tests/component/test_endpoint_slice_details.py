"""Zones, hints, repairs and failures of EndpointSlices on the real API server."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from component.controlled_cluster import ControlledCluster, controlled_cluster
from component.test_endpoints_of_services import of, pod, service, targets
from fairway.apiserver.server import ApiServer
from fairway.client.in_process import InProcessClient
from fairway.kinds import ENDPOINT_SLICE, ENDPOINTS, EVENT, NODE, POD, SERVICE
from fairway.objects import Object
from fairway.reconcile.informer import Change
from fairway.store.sqlite import SqliteStore

MODE = "service.kubernetes.io/topology-mode"
PREFIX = "endpoint_slice_controller_"
ZONE = "topology.kubernetes.io/zone"


@asynccontextmanager
async def zoned(folder: Path) -> AsyncIterator[ControlledCluster]:
    """Two nodes in two zones, and a pod on each."""
    async with controlled_cluster(folder, nodes=("n1", "n2")) as cluster:
        for number in (1, 2):
            await label(cluster, f"n{number}", f"z{number}")
            new = pod(f"p{number}", app="a")
            new["spec"]["nodeName"] = f"n{number}"
            await cluster.client.create(POD, new)
        yield cluster


@asynccontextmanager
async def stopped(folder: Path) -> AsyncIterator[InProcessClient]:
    """The API server alone, without controllers."""
    store = await SqliteStore.open(str(folder / "state.db"))
    server = ApiServer(store)
    await server.start()
    try:
        yield InProcessClient(server.api, agent="test")
    finally:
        await server.stop()
        await store.close()


async def label(cluster: ControlledCluster, node: str, zone: str | None) -> None:
    await cluster.client.patch(NODE, None, node, {"metadata": {"labels": {ZONE: zone}}})


def told(slices: list[Object], field: str) -> dict[str, Any]:
    return {one["targetRef"]["name"]: one.get(field) for each in of(slices, "web") for one in each["endpoints"]}


async def wait_event(cluster: ControlledCluster, reason: str, text: str) -> None:
    await cluster.wait(EVENT, lambda found: any(one["reason"] == reason and text in one["message"] for one in found))


async def test_the_zone_of_an_endpoint_follows_the_label_of_its_node(tmp_path: Path) -> None:
    async with zoned(tmp_path) as cluster:
        await cluster.client.create(SERVICE, service("web", {"app": "a"}))
        await cluster.wait(ENDPOINT_SLICE, lambda found: told(found, "zone") == {"p1": "z1", "p2": "z2"})
        await label(cluster, "n1", "z9")
        await cluster.wait(ENDPOINT_SLICE, lambda found: told(found, "zone") == {"p1": "z9", "p2": "z2"})
        await label(cluster, "n1", None)
        await cluster.wait(ENDPOINT_SLICE, lambda found: told(found, "zone") == {"p1": None, "p2": "z2"})


async def test_hints_follow_the_traffic_distribution_when_it_is_set_changed_and_removed(tmp_path: Path) -> None:
    def hints(*fields: str) -> dict[str, Any]:
        names = {"forZones": "z", "forNodes": "n"}
        return {f"p{n}": {one: [{"name": f"{names[one]}{n}"}] for one in fields} or None for n in (1, 2)}

    async with zoned(tmp_path) as cluster:
        await cluster.client.create(SERVICE, service("web", {"app": "a"}, trafficDistribution="PreferSameZone"))
        await cluster.wait(ENDPOINT_SLICE, lambda found: told(found, "hints") == hints("forZones"))
        await cluster.client.patch(SERVICE, "default", "web", {"spec": {"trafficDistribution": "PreferSameNode"}})
        await cluster.wait(ENDPOINT_SLICE, lambda found: told(found, "hints") == hints("forZones", "forNodes"))
        await cluster.client.patch(SERVICE, "default", "web", {"spec": {"trafficDistribution": None}})
        await cluster.wait(ENDPOINT_SLICE, lambda found: told(found, "hints") == hints())


async def test_topology_mode_gives_hints_and_says_so_and_why_not(tmp_path: Path) -> None:
    async with zoned(tmp_path) as cluster:
        new = service("web", {"app": "a"})
        new["metadata"]["annotations"] = {MODE: "Auto"}
        await cluster.client.create(SERVICE, new)
        both = {"p1": {"forZones": [{"name": "z1"}]}, "p2": {"forZones": [{"name": "z2"}]}}
        await cluster.wait(ENDPOINT_SLICE, lambda found: told(found, "hints") == both)
        await wait_event(cluster, "TopologyAwareHintsEnabled", "has been enabled, addressType: IPv4")
        await label(cluster, "n2", "z1")
        await cluster.wait(ENDPOINT_SLICE, lambda found: told(found, "hints") == {"p1": None, "p2": None})
        await wait_event(cluster, "TopologyAwareHintsDisabled", "Nodes only ready in one zone, addressType: IPv4")
        await label(cluster, "n2", "z2")
        await cluster.wait(ENDPOINT_SLICE, lambda found: told(found, "hints") == both)
        await cluster.client.patch(SERVICE, "default", "web", {"metadata": {"annotations": {MODE: None}}})
        await cluster.wait(ENDPOINT_SLICE, lambda found: told(found, "hints") == {"p1": None, "p2": None})
        await wait_event(cluster, "TopologyAwareHintsDisabled", "Hints has been disabled, addressType: IPv4")


async def test_a_pod_whose_node_is_not_known_yet_is_told_once_it_is(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path) as cluster:
        await cluster.client.create(SERVICE, service("web", {"app": "a"}))
        new = pod("early", app="a")
        new["spec"]["nodeName"] = "late"
        made = await cluster.client.create(POD, new)
        await cluster.kubelets[0].report(made, ip="10.9.0.1")
        await cluster.wait_one(ENDPOINTS, "web", lambda one: bool(one.get("subsets")))
        assert targets(await cluster.wait(ENDPOINT_SLICE, lambda found: bool(of(found, "web"))), "web") == []
        await cluster.client.create(NODE, {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "late"}})
        await cluster.wait(ENDPOINT_SLICE, lambda found: targets(found, "web") == ["early"])


async def test_who_keeps_editing_a_slice_is_answered_once_a_second_at_most(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path) as cluster:
        await cluster.client.create(SERVICE, service("web", {"app": "a"}))
        await cluster.client.create(POD, pod("a", app="a"))
        clock = asyncio.get_running_loop()
        repaired: list[float] = []
        for _ in range(2):
            found = await cluster.wait(ENDPOINT_SLICE, lambda found: targets(found, "web") == ["a"])
            name = of(found, "web")[0]["metadata"]["name"]
            edited = await cluster.client.patch(ENDPOINT_SLICE, "default", name, {"endpoints": []})
            version = edited["metadata"]["resourceVersion"]
            await cluster.wait(
                ENDPOINT_SLICE,
                lambda found, version=version: (
                    targets(found, "web") == ["a"]
                    and int(of(found, "web")[0]["metadata"]["resourceVersion"]) > int(version)  # type: ignore[misc]
                ),
            )
            repaired.append(clock.time())
        assert repaired[1] - repaired[0] > 0.5


async def test_who_keeps_editing_a_mirror_or_a_list_is_answered_once_a_second_at_most(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path) as cluster:
        await cluster.client.create(SERVICE, service("bare", None))
        await cluster.client.create(ENDPOINTS, written("bare"))
        await cluster.client.create(SERVICE, service("web", {"app": "a"}))
        clock = asyncio.get_running_loop()
        repaired: dict[str, list[float]] = {"mirror": [], "list": []}

        async def meddle_with_mirror() -> None:
            for _ in range(2):
                found = await cluster.wait(ENDPOINT_SLICE, lambda found: sizes(found, "bare") == [1])
                name = of(found, "bare")[0]["metadata"]["name"]
                edited = await cluster.client.patch(ENDPOINT_SLICE, "default", name, {"endpoints": []})
                version = int(edited["metadata"]["resourceVersion"])
                await cluster.wait(
                    ENDPOINT_SLICE,
                    lambda found, version=version: (
                        sizes(found, "bare") == [1]
                        and int(of(found, "bare")[0]["metadata"]["resourceVersion"]) > version  # type: ignore[misc]
                    ),
                )
                repaired["mirror"].append(clock.time())

        async def meddle_with_list() -> None:
            for _ in range(2):
                await cluster.wait_one(ENDPOINTS, "web", lambda one: not one.get("subsets"))
                wrong = {"subsets": written("")["subsets"]}
                edited = await cluster.client.patch(ENDPOINTS, "default", "web", wrong)
                version = int(edited["metadata"]["resourceVersion"])
                await cluster.wait_one(
                    ENDPOINTS,
                    "web",
                    lambda one, version=version: int(one["metadata"]["resourceVersion"]) > version,  # type: ignore[misc]
                )
                repaired["list"].append(clock.time())

        await asyncio.gather(meddle_with_mirror(), meddle_with_list())
        assert all(second - first > 0.5 for first, second in repaired.values())


def sizes(found: list[Object], name: str) -> list[int]:
    return [len(one.get("endpoints") or ()) for one in of(found, name)]


@pytest.mark.parametrize("type_", ["IPv4", "IPv6", "FQDN"])
async def test_slices_that_others_wrote_for_a_service_are_left_alone(tmp_path: Path, type_: str) -> None:
    address = {"IPv4": "192.0.2.1", "IPv6": "2001:db8::1", "FQDN": "db.example.com"}[type_]
    labels = {"kubernetes.io/service-name": "web"}
    hand_written = {
        "kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1", "addressType": type_,
        "metadata": {"namespace": "default", "name": "mine", "labels": labels},
        "endpoints": [{"addresses": [address]}], "ports": [{"port": 80}],
    }  # fmt: skip
    async with controlled_cluster(tmp_path) as cluster:
        await cluster.client.create(SERVICE, service("web", {"app": "a"}))
        made = await cluster.client.create(ENDPOINT_SLICE, hand_written)
        await cluster.client.create(POD, pod("a", app="a"))

        def is_told(found: list[Object]) -> bool:
            return any(
                one.get("targetRef", {}).get("name") == "a" for each in of(found, "web") for one in each["endpoints"]
            )

        await cluster.wait(ENDPOINT_SLICE, is_told)
        await cluster.client.delete(POD, "default", "a")
        await cluster.wait(ENDPOINT_SLICE, lambda found: not is_told(found))
        assert await cluster.client.get(ENDPOINT_SLICE, "default", "mine") == made


async def test_a_list_that_cannot_be_written_is_told_in_events_and_comes_when_it_can(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path) as cluster:
        cluster.kubelets[0].is_making_ready = False
        await cluster.client.create(SERVICE, service("web", {"app": "a"}))
        await cluster.client.create(POD, pod("a", app="a"))
        bound = await cluster.wait_one(POD, "a", lambda one: bool(one["spec"].get("nodeName")))
        await cluster.kubelets[0].report(bound, ip="127.0.0.1")
        await wait_event(
            cluster, "FailedToUpdateEndpointSlices", "Error updating Endpoint Slices for Service default/web: "
        )
        await wait_event(cluster, "FailedToUpdateEndpoint", "Failed to update endpoint default/web: ")
        await cluster.kubelets[0].report(bound, ip="10.9.0.1")
        await cluster.wait(ENDPOINT_SLICE, lambda found: targets(found, "web") == ["a"])
        await cluster.wait_one(ENDPOINTS, "web", lambda one: bool(one.get("subsets")))


def written(name: str, **annotations: str) -> Object:
    meta = {"namespace": "default", "name": name, "annotations": annotations}
    subsets = [{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}]}]
    return {"kind": "Endpoints", "apiVersion": "v1", "metadata": meta, "subsets": subsets}


async def test_lists_that_had_no_service_when_the_controllers_start_are_removed(tmp_path: Path) -> None:
    async with stopped(tmp_path) as client:
        await client.create(ENDPOINTS, written("left"))
        await client.create(ENDPOINTS, written("lock", **{"control-plane.alpha.kubernetes.io/leader": "{}"}))
        await client.create(ENDPOINTS, written("served"))
        await client.create(SERVICE, service("served", None))
    async with controlled_cluster(tmp_path, now=lambda: time.time() + 5) as cluster:
        found = await cluster.wait(ENDPOINTS, lambda found: "left" not in names(found))
        assert names(found) - {"kubernetes"} == {"lock", "served"}


async def test_a_list_that_waits_for_its_service_is_left_alone(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path) as cluster:
        made = await cluster.client.create(ENDPOINTS, written("early"))
        await cluster.client.create(SERVICE, service("web", {"app": "a"}))
        await cluster.wait(ENDPOINTS, lambda found: "web" in names(found))
        assert await cluster.client.get(ENDPOINTS, "default", "early") == made
        await cluster.client.create(SERVICE, service("early", None))
        await cluster.wait(ENDPOINT_SLICE, lambda found: [len(one["endpoints"]) for one in of(found, "early")] == [1])


def names(found: list[Object]) -> set[str]:
    return {one["metadata"]["name"] for one in found}


async def test_one_change_of_a_pod_is_one_write_and_nothing_is_written_besides(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path) as cluster:
        await cluster.client.create(SERVICE, service("web", {"app": "a"}))
        for number in range(130):
            await cluster.client.create(POD, pod(f"p{number}", app="a"))
        await cluster.wait(ENDPOINT_SLICE, lambda found: len(targets(found, "web")) == 130)
        writes: list[Change] = []
        stop = (await cluster.informer(ENDPOINT_SLICE)).subscribe(writes.append)
        writes.clear()  # what is there is told first
        for number in range(40):
            name, ready = f"p{number // 2 * 7 % 130}", ("False", "True")[number % 2]
            await cluster.kubelets[0].report(await cluster.client.get(POD, "default", name), ready=ready)
            await cluster.wait(
                ENDPOINT_SLICE,
                lambda found, name=name, ready=ready: told(found, "conditions")[name]["ready"] is (ready == "True"),  # type: ignore[misc]
            )
        await cluster.client.create(SERVICE, service("last", {"app": "none"}))
        await cluster.wait(ENDPOINT_SLICE, lambda found: len(of(found, "last")) == 1)
        stop()
        assert [change.object["metadata"]["labels"]["kubernetes.io/service-name"] for change in writes] == [
            *["web"] * 40, "last",
        ]  # fmt: skip
        counted = dict(line.rsplit(" ", 1) for line in cluster.metrics.lines() if line.startswith(PREFIX))
        assert counted[f"{PREFIX}num_endpoint_slices"] == "3"
        assert counted[f"{PREFIX}endpoints_desired"] == "130"
        assert counted[f'{PREFIX}changes{{operation="create"}}'] == "3"
        assert int(counted[f'{PREFIX}changes{{operation="update"}}']) >= 41
        assert counted[f'{PREFIX}services_count_by_traffic_distribution{{traffic_distribution=""}}'] == "2"
        assert float(counted[f"{PREFIX}endpoints_added_per_sync_sum"]) == 130
