# ruff: noqa: E501  (texts of the wire stay in one piece)
"""ServiceCIDR and IPAddress as the conformance tests of their API ask, and as the source of every cluster address."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import World, world
from component.memory_store import MemoryStore
from fairway.apiserver import address_repair
from fairway.apiserver.settings import Settings
from fairway.kinds import IP_ADDRESS, SERVICE_CIDR
from fairway.store.interface import Put

GROUP = "/apis/networking.k8s.io/v1"
CIDRS, ADDRESSES = f"{GROUP}/servicecidrs", f"{GROUP}/ipaddresses"
SERVICES = "/api/v1/namespaces/default/services"
MERGE = "application/merge-patch+json"
PARENT = {"resource": "services", "namespace": "default", "name": "none"}
BODIES: dict[str, list[dict[str, Any]]] = {
    CIDRS: [{"metadata": {"name": f"n{number}"}, "spec": {"cidrs": [f"10.1{number}.0.0/24"]}} for number in range(3)],
    ADDRESSES: [{"metadata": {"name": f"192.168.9.{number}"}, "spec": {"parentRef": PARENT}} for number in range(3)],
}


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world(Settings(service_cidrs=("10.96.0.0/28",), advertise_address="10.244.0.1")) as made:
        yield made


@pytest.mark.parametrize("target", BODIES)
async def test_every_verb(api: World, target: str) -> None:
    kind = target.rpartition("/")[2]
    found = (await api.ask("GET", GROUP)).body["resources"]
    verbs = next(each["verbs"] for each in found if each["name"] == kind)
    assert verbs == ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    for body in BODIES[target]:
        body["metadata"]["labels"] = {"special-label": "generic"}
        assert (await api.ask("POST", target, body)).status == 201
    one = f"{target}/{BODIES[target][0]['metadata']['name']}"
    assert (await api.ask("GET", one)).body["spec"] == BODIES[target][0]["spec"]
    listed = (await api.ask("GET", f"{target}?labelSelector=special-label%3Dgeneric")).body
    assert len(listed["items"]) == 3
    patched = await api.ask("PATCH", one, {"metadata": {"annotations": {"patched": "true"}}}, content_type=MERGE)
    assert patched.body["metadata"]["annotations"] == {"patched": "true"}
    patched.body["metadata"]["annotations"]["updated"] = "true"
    assert (await api.ask("PUT", one, patched.body)).body["metadata"]["annotations"]["updated"] == "true"
    if target == CIDRS:
        status = {
            "status": {
                "conditions": [
                    {
                        "type": "Test",
                        "status": "True",
                        "reason": "E2E",
                        "message": "Set",
                        "lastTransitionTime": "2026-01-01T00:00:00Z",
                    }
                ]
            }
        }
        written = await api.ask("PATCH", f"{one}/status", status, content_type="application/strategic-merge-patch+json")
        assert {"Test", "Ready"} >= {each["type"] for each in written.body["status"]["conditions"]} >= {"Test"}
    else:
        assert (await api.ask("DELETE", one)).status == 200
        assert (await api.ask("GET", one)).status == 404
    assert (await api.ask("DELETE", f"{target}?labelSelector=special-label%3Dgeneric")).status == 200


@pytest.mark.parametrize(
    ("target", "spec", "message"),
    [
        (CIDRS, {}, "spec.cidrs: Required value: at least one CIDR required"),
        (CIDRS, {"cidrs": []}, "spec.cidrs: Required value: at least one CIDR required"),
        (CIDRS, {"cidrs": ["10.0.0.0/24", "fd00::/112", "10.1.0.0/24"]}, 'spec.cidrs: Invalid value: {"CIDRs":["10.0.0.0/24","fd00::/112","10.1.0.0/24"]}: may only hold up to 2 values'),
        (CIDRS, {"cidrs": ["10.0.0.0/24", "10.1.0.0/24"]}, 'spec.cidrs: Invalid value: {"CIDRs":["10.0.0.0/24","10.1.0.0/24"]}: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'),
        (CIDRS, {"cidrs": ["x"]}, 'spec.cidrs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'),
        (ADDRESSES, {}, "spec.parentRef: Required value"),
        (ADDRESSES, {"parentRef": {"name": "a"}}, "spec.parentRef.resource: Required value"),
        (ADDRESSES, {"parentRef": {"resource": "services"}}, "spec.parentRef.name: Required value"),
    ],
)  # fmt: skip
async def test_what_is_refused(api: World, target: str, spec: dict[str, Any], message: str) -> None:
    name = "192.168.9.9" if target == ADDRESSES else "extra"
    told = await api.ask("POST", target, {"metadata": {"name": name}, "spec": spec})
    assert (told.status, told.message.split(" is invalid: ", 1)[1]) == (422, message)


async def test_what_may_not_change(api: World) -> None:
    await api.ask("POST", CIDRS, {"metadata": {"name": "extra"}, "spec": {"cidrs": ["10.1.0.0/24"]}})
    other = await api.ask("PATCH", f"{CIDRS}/extra", {"spec": {"cidrs": ["10.2.0.0/24"]}}, content_type=MERGE)
    assert (other.status, other.message) == (
        422,
        'ServiceCIDR.networking.k8s.io "extra" is invalid: spec.cidrs[0]: Invalid value: "10.2.0.0/24": field is immutable',
    )
    grown = await api.ask(
        "PATCH", f"{CIDRS}/extra", {"spec": {"cidrs": ["10.1.0.0/24", "fd00::/112"]}}, content_type=MERGE
    )
    assert grown.status == 200
    await api.ask("POST", ADDRESSES, {"metadata": {"name": "192.168.9.9"}, "spec": {"parentRef": PARENT}})
    moved = await api.ask(
        "PATCH", f"{ADDRESSES}/192.168.9.9", {"spec": {"parentRef": {"name": "b"}}}, content_type=MERGE
    )
    assert moved.status == 422
    assert moved.message.endswith(": field is immutable")


async def test_services_take_their_addresses_from_ranges_that_come_and_go(api: World) -> None:
    """As conformance has it: "should create ServiceCIDRs and allocate from them"."""
    outside = {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}], "clusterIP": "10.77.0.9"}}
    assert (await api.ask("POST", SERVICES, outside)).status == 422
    made = await api.ask("POST", CIDRS, {"metadata": {"name": "extra"}, "spec": {"cidrs": ["10.77.0.0/24"]}})
    assert made.status == 201
    watch = await api.watch(f"{CIDRS}?watch=1&fieldSelector=metadata.name=extra")
    async with asyncio.timeout(30):
        while not (watch.lines and watch.lines[-1]["object"].get("status", {}).get("conditions")):
            await watch.events(len(watch.lines) + 1)
    watch.close()
    (ready,) = watch.lines[-1]["object"]["status"]["conditions"]
    assert (ready["type"], ready["status"], ready["reason"]) == ("Ready", "True", "")
    assert (await api.ask("POST", SERVICES, outside)).body["spec"]["clusterIP"] == "10.77.0.9"
    address = (await api.ask("GET", f"{ADDRESSES}/10.77.0.9")).body
    assert address["spec"]["parentRef"] == {"resource": "services", "namespace": "default", "name": "a"}
    assert address["metadata"]["labels"] == {
        "ipaddress.kubernetes.io/ip-family": "IPv4",
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    }
    taken = await api.ask("POST", ADDRESSES, {"metadata": {"name": "10.77.0.10"}, "spec": {"parentRef": PARENT}})
    assert taken.status == 201
    held = {"metadata": {"name": "b"}, "spec": {"ports": [{"port": 80}], "clusterIP": "10.77.0.10"}}
    assert (await api.ask("POST", SERVICES, held)).message.endswith("provided IP is already allocated")


async def test_what_was_lost_while_nobody_looked_is_put_back_and_an_address_out_of_every_range_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An IPAddress and a ServiceCIDR are taken out of the store itself; the sweep after the next start sees it."""
    monkeypatch.setattr(address_repair, "LEAK_S", 0.0)
    settings, store = Settings(service_cidrs=("10.96.0.0/28",), advertise_address="10.244.0.1"), MemoryStore()
    async with world(settings, store) as api:
        await api.ask("POST", CIDRS, {"metadata": {"name": "extra"}, "spec": {"cidrs": ["10.77.0.0/24"]}})
        for name, ip in (("a", "10.96.0.9"), ("b", "10.77.0.9")):
            spec = {"ports": [{"port": 80}], "clusterIP": ip}
            assert (await api.ask("POST", SERVICES, {"metadata": {"name": name}, "spec": spec})).status == 201
    await store.commit([Put(IP_ADDRESS.key(None, "10.96.0.9"), None), Put(SERVICE_CIDR.key(None, "extra"), None)])
    async with world(settings, store) as again:
        watch = await again.watch("/api/v1/namespaces/default/events?watch=1")
        told = {event["object"]["reason"]: event["object"] for event in await watch.events(2)}
        watch.close()
        assert told["ClusterIPNotAllocated"]["involvedObject"]["name"] == "a"
        assert told["ClusterIPOutOfRange"]["involvedObject"]["name"] == "b"
        assert (
            told["ClusterIPOutOfRange"]["message"]
            == "Cluster IP [IPv4]: 10.77.0.9 is not within any configured Service CIDR; please recreate service"
        )
        assert (await again.ask("GET", f"{ADDRESSES}/10.96.0.9")).status == 200
