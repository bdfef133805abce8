"""The lists behind Services follow pods, Services and hand-made changes on the real API server."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from component.controlled_cluster import ControlledCluster, controlled_cluster
from fairway.kinds import ENDPOINT_SLICE, ENDPOINTS, POD, SERVICE
from fairway.objects import Object


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[ControlledCluster]:
    async with controlled_cluster(tmp_path) as made:
        yield made


def service(name: str, selector: dict[str, str] | None, **spec: Any) -> Object:
    spec = {"ports": [{"port": 80, "targetPort": 8080}], **({"selector": selector} if selector else {}), **spec}
    meta = {"namespace": "default", "name": name}
    return {"kind": "Service", "apiVersion": "v1", "metadata": meta, "spec": spec}


def pod(name: str, **labels: str) -> Object:
    meta = {"namespace": "default", "name": name, "labels": labels}
    spec = {"containers": [{"name": "c", "image": "v1"}]}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": spec}


def of(slices: list[Object], name: str) -> list[Object]:
    return [one for one in slices if one["metadata"]["labels"].get("kubernetes.io/service-name") == name]


def targets(slices: list[Object], name: str) -> list[str]:
    return sorted(e["targetRef"]["name"] for one in of(slices, name) for e in one.get("endpoints") or ())


async def test_a_service_without_pods_has_an_empty_list_and_an_empty_slice(cluster: ControlledCluster) -> None:
    await cluster.client.create(SERVICE, service("web", {"app": "web"}))
    endpoints = await cluster.wait_one(ENDPOINTS, "web", lambda one: True)
    assert "subsets" not in endpoints
    slices = await cluster.wait(ENDPOINT_SLICE, lambda found: len(of(found, "web")) == 1)
    assert not of(slices, "web")[0].get("endpoints")
    assert not of(slices, "web")[0].get("ports")


async def test_services_without_selector_or_with_another_name_for_it_have_none(cluster: ControlledCluster) -> None:
    await cluster.client.create(SERVICE, service("bare", None))
    external = service("external", {"app": "web"}, type="ExternalName", externalName="example.com", ports=[])
    await cluster.client.create(SERVICE, external)
    await cluster.client.create(SERVICE, service("web", {"app": "web"}))
    await cluster.wait_one(ENDPOINTS, "web", lambda one: True)
    slices = await cluster.wait(ENDPOINT_SLICE, lambda found: len(of(found, "web")) == 1)
    assert of(slices, "bare") == of(slices, "external") == []
    names = {one["metadata"]["name"] for one in (await cluster.client.list(ENDPOINTS, "default"))[0]}
    assert names - {"kubernetes"} == {"web"}


async def test_a_pod_moves_between_services_with_its_labels(cluster: ControlledCluster) -> None:
    for name in ("blue", "green"):
        await cluster.client.create(SERVICE, service(name, {"colour": name}))
    await cluster.client.create(POD, pod("a", colour="blue"))
    await cluster.wait(ENDPOINT_SLICE, lambda found: targets(found, "blue") == ["a"])
    await cluster.client.patch(POD, "default", "a", {"metadata": {"labels": {"colour": "green"}}})
    await cluster.wait(ENDPOINT_SLICE, lambda found: targets(found, "blue") == [] and targets(found, "green") == ["a"])


async def test_a_changed_selector_is_followed(cluster: ControlledCluster) -> None:
    await cluster.client.create(POD, pod("a", app="a"))
    await cluster.client.create(POD, pod("b", app="b"))
    await cluster.client.create(SERVICE, service("web", {"app": "a"}))
    await cluster.wait(ENDPOINT_SLICE, lambda found: targets(found, "web") == ["a"])
    await cluster.client.patch(SERVICE, "default", "web", {"spec": {"selector": {"app": "b"}}})
    await cluster.wait(ENDPOINT_SLICE, lambda found: targets(found, "web") == ["b"])


async def test_slices_that_somebody_deletes_or_edits_come_back(cluster: ControlledCluster) -> None:
    await cluster.client.create(SERVICE, service("web", {"app": "a"}))
    await cluster.client.create(POD, pod("a", app="a"))
    slices = await cluster.wait(ENDPOINT_SLICE, lambda found: targets(found, "web") == ["a"])
    name = of(slices, "web")[0]["metadata"]["name"]
    await cluster.client.delete(ENDPOINT_SLICE, "default", name)
    slices = await cluster.wait(
        ENDPOINT_SLICE,
        lambda found: targets(found, "web") == ["a"] and of(found, "web")[0]["metadata"]["name"] != name,
    )
    again = of(slices, "web")[0]["metadata"]["name"]
    await cluster.client.patch(ENDPOINT_SLICE, "default", again, {"endpoints": []})
    await cluster.wait(ENDPOINT_SLICE, lambda found: targets(found, "web") == ["a"])
    await cluster.client.delete(ENDPOINTS, "default", "web")
    await cluster.wait_one(ENDPOINTS, "web", lambda one: bool(one.get("subsets")))


async def test_a_deleted_service_takes_its_lists_along(cluster: ControlledCluster) -> None:
    await cluster.client.create(SERVICE, service("web", {"app": "a"}))
    await cluster.client.create(POD, pod("a", app="a"))
    await cluster.wait(ENDPOINT_SLICE, lambda found: targets(found, "web") == ["a"])
    await cluster.client.delete(SERVICE, "default", "web")
    await cluster.wait(ENDPOINT_SLICE, lambda found: of(found, "web") == [])
    await cluster.wait(ENDPOINTS, lambda found: all(one["metadata"]["name"] != "web" for one in found))


async def test_a_service_made_again_under_its_name_has_fresh_slices(cluster: ControlledCluster) -> None:
    await cluster.client.create(POD, pod("a", app="a"))
    for _ in range(5):
        made = await cluster.client.create(SERVICE, service("web", {"app": "a"}))
        uid = made["metadata"]["uid"]
        await cluster.wait(
            ENDPOINT_SLICE,
            lambda found, uid=uid: (
                len(of(found, "web")) == 1  # type: ignore[misc]
                and of(found, "web")[0]["metadata"]["ownerReferences"][0]["uid"] == uid
                and targets(found, "web") == ["a"]
            ),
        )
        await cluster.client.delete(SERVICE, "default", "web")


async def test_a_pod_that_is_not_ready_or_leaves_is_told_in_its_conditions(cluster: ControlledCluster) -> None:
    await cluster.client.create(SERVICE, service("web", {"app": "a"}))
    await cluster.client.create(POD, pod("a", app="a"))
    await cluster.wait(ENDPOINT_SLICE, lambda found: targets(found, "web") == ["a"])
    found = await cluster.client.get(POD, "default", "a")
    await cluster.kubelets[0].report(found, ready="False")
    slices = await cluster.wait(
        ENDPOINT_SLICE, lambda found: not of(found, "web")[0]["endpoints"][0]["conditions"]["ready"]
    )
    conditions = of(slices, "web")[0]["endpoints"][0]["conditions"]
    assert conditions == {"ready": False, "serving": False, "terminating": False}
    endpoints = await cluster.wait_one(ENDPOINTS, "web", lambda one: "notReadyAddresses" in one["subsets"][0])
    assert "addresses" not in endpoints["subsets"][0]


async def test_many_pods_fill_slices_of_a_hundred(cluster: ControlledCluster) -> None:
    await cluster.client.create(SERVICE, service("web", {"app": "a"}))
    for number in range(130):
        await cluster.client.create(POD, pod(f"p{number}", app="a"))
    slices = await cluster.wait(ENDPOINT_SLICE, lambda found: len(targets(found, "web")) == 130)
    assert sorted(len(one["endpoints"]) for one in of(slices, "web")) == [30, 100]
