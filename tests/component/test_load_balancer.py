"""Load balancer addresses on the real API server and store, with the other controllers at work."""

import asyncio
import time
from pathlib import Path
from typing import Any

from component.controlled_cluster import ControlledCluster, controlled_cluster
from fairway.apiserver.settings import Settings as ApiSettings
from fairway.controllers import Settings
from fairway.kinds import EVENT, NAMESPACE, SERVICE
from fairway.objects import Object
from fairway.objects.errors import StatusError

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
DUAL = ("10.96.0.0/16", "fd96::/112")
SETTINGS = Settings(load_balancer_cidrs=("10.97.0.0/24",))


def service(name: str, namespace: str = "default", **spec: Any) -> Object:
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}], **spec}
    return {"kind": "Service", "apiVersion": "v1", "metadata": {"namespace": namespace, "name": name}, "spec": spec}


def addresses(found: Object) -> list[str]:
    return [entry["ip"] for entry in found["status"]["loadBalancer"].get("ingress", ())]


async def given(cluster: ControlledCluster, name: str, namespace: str = "default") -> Object:
    return await cluster.wait_one(SERVICE, name, lambda found: bool(addresses(found)), namespace)


async def test_an_address_comes_at_once_and_is_told(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path, settings=SETTINGS) as cluster:
        await cluster.informer(SERVICE)
        took_s = []
        for number in range(1, 6):
            began_s = time.perf_counter()
            await cluster.client.create(SERVICE, service(f"web-{number}"))
            found = await given(cluster, f"web-{number}")
            took_s.append(time.perf_counter() - began_s)
            assert addresses(found) == [f"10.97.0.{number}"]
            assert found["metadata"]["finalizers"] == [FINALIZER]
        assert min(took_s) < 0.5, "nothing is waited for"
        told = await cluster.wait(
            EVENT, lambda all_: len([e for e in all_ if e["reason"] == "EnsuredLoadBalancer"]) == 5
        )
        first = next(event for event in told if event["reason"] == "EnsuredLoadBalancer")
        assert first["source"] == {"component": "service-controller"}


async def test_many_at_once_have_an_address_each_and_keep_it_over_a_restart(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path, settings=SETTINGS) as cluster:
        await asyncio.gather(*(cluster.client.create(SERVICE, service(f"s{number}")) for number in range(100)))
        before = await cluster.wait(SERVICE, lambda all_: sum(bool(addresses(one)) for one in all_) == 100)
        held = {one["metadata"]["name"]: addresses(one) for one in before if addresses(one)}
        assert len({ip for (ip,) in held.values()}) == 100
    async with controlled_cluster(tmp_path, nodes=(), settings=SETTINGS) as cluster:
        await cluster.client.create(SERVICE, service("late"))
        late = addresses(await given(cluster, "late"))
        after, _ = await cluster.client.list(SERVICE)
        assert {one["metadata"]["name"]: addresses(one) for one in after if addresses(one)} == {**held, "late": late}
        assert late not in held.values()


async def test_a_deleted_service_is_gone_and_its_address_free(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path, settings=SETTINGS) as cluster:
        await cluster.client.create(SERVICE, service("web", loadBalancerIP="10.97.0.77"))
        assert addresses(await given(cluster, "web")) == ["10.97.0.77"]
        await cluster.client.create(SERVICE, service("waits", loadBalancerIP="10.97.0.77"))
        waits = await cluster.wait_one(SERVICE, "waits", lambda found: bool(found["status"].get("conditions")))
        assert waits["status"]["conditions"][0]["message"] == "10.97.0.77 is in use by Service default/web"
        told = await cluster.wait(EVENT, lambda all_: any(one["type"] == "Warning" for one in all_))
        assert next(one["message"] for one in told if one["type"] == "Warning") == (
            "Error syncing load balancer: failed to ensure load balancer: 10.97.0.77 is in use by Service default/web"
        )
        await cluster.client.delete(SERVICE, "default", "web")
        found = await given(cluster, "waits")
        assert addresses(found) == ["10.97.0.77"]
        assert "conditions" not in found["status"]
        await cluster.wait(SERVICE, lambda all_: all(one["metadata"]["name"] != "web" for one in all_))


async def test_another_type_frees_the_address_and_the_way_back_gets_one(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path, settings=SETTINGS) as cluster:
        await cluster.client.create(SERVICE, service("web"))
        await given(cluster, "web")
        await cluster.client.patch(SERVICE, "default", "web", {"spec": {"type": "ClusterIP"}})
        found = await cluster.wait_one(SERVICE, "web", lambda one: not one["metadata"].get("finalizers"))
        assert found["status"] == {"loadBalancer": {}}
        await cluster.client.patch(SERVICE, "default", "web", {"spec": {"type": "LoadBalancer"}})
        assert addresses(await given(cluster, "web")) == ["10.97.0.2"]


async def test_what_was_said_of_an_unmet_wish_goes_with_the_type(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path, settings=SETTINGS) as cluster:
        await cluster.client.create(SERVICE, service("web", loadBalancerIP="10.1.2.3"))
        await cluster.wait_one(SERVICE, "web", lambda one: bool(one["status"].get("conditions")))
        await cluster.client.patch(SERVICE, "default", "web", {"spec": {"type": "ClusterIP"}})
        found = await cluster.wait_one(SERVICE, "web", lambda one: not one["status"].get("conditions"))
        assert found["status"] == {"loadBalancer": {}}


async def test_both_families_may_be_asked_for_by_an_annotation(tmp_path: Path) -> None:
    both, api = Settings(load_balancer_cidrs=("10.97.0.0/24", "fd97::/112")), ApiSettings(service_cidrs=DUAL)
    async with controlled_cluster(tmp_path, settings=both, api=api) as cluster:
        wish = service("web", ipFamilyPolicy="RequireDualStack", loadBalancerIP="10.97.0.5")
        wish["metadata"]["annotations"] = {"fairway.dev/load-balancer-ips": "fd97::20, 10.97.0.20"}
        await cluster.client.create(SERVICE, wish)
        assert addresses(await given(cluster, "web")) == ["10.97.0.20", "fd97::20"]
        meta = {"annotations": {"fairway.dev/load-balancer-ips": "fd97::21"}}
        await cluster.client.patch(SERVICE, "default", "web", {"metadata": meta})
        await cluster.wait_one(SERVICE, "web", lambda one: addresses(one) == ["10.97.0.5", "fd97::21"])


async def test_a_foreign_class_keeps_what_its_controller_writes(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path, settings=SETTINGS) as cluster:
        await cluster.client.create(SERVICE, service("theirs", loadBalancerClass="example.com/internal"))
        status = {"loadBalancer": {"ingress": [{"ip": "10.97.0.1", "ipMode": "Proxy"}]}}
        await cluster.client.patch(SERVICE, "default", "theirs", {"status": status}, subresource="status")
        await cluster.client.create(SERVICE, service("ours", loadBalancerClass="fairway.dev/load-balancer"))
        assert addresses(await given(cluster, "ours")) == ["10.97.0.2"]
        theirs = await cluster.client.get(SERVICE, "default", "theirs")
        assert theirs["status"] == status
        assert "finalizers" not in theirs["metadata"]


async def test_a_namespace_goes_with_its_load_balancers(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path, settings=SETTINGS) as cluster:
        await cluster.client.create(NAMESPACE, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "short"}})
        await cluster.client.create(SERVICE, service("web", "short"))
        await given(cluster, "web", "short")
        await cluster.client.delete(NAMESPACE, None, "short")
        await cluster.wait(NAMESPACE, lambda all_: all(one["metadata"]["name"] != "short" for one in all_))
        try:
            await cluster.client.get(SERVICE, "short", "web")
        except StatusError as error:
            assert error.code == 404


async def test_without_a_pool_load_balancers_wait_for_another_implementation(tmp_path: Path) -> None:
    async with controlled_cluster(tmp_path) as cluster:
        await cluster.client.create(SERVICE, service("web"))
        await cluster.client.create(SERVICE, service("probe", type="ClusterIP", ports=[{"port": 1}]))
        await cluster.wait_one(SERVICE, "probe", lambda found: True)
        assert addresses(await cluster.client.get(SERVICE, "default", "web")) == []
