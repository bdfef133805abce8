"""Specs of sig-network that concern addresses: ServiceCIDR and IPAddress, and Services that take of them."""

import ipaddress

from .asking import STRATEGIC, Api, Object, Resource, check_discovery, expect, label
from .test_network import service, services


def test_service_cidr_api(api: Api, namespace: str) -> None:
    place = "/apis/networking.k8s.io/v1/servicecidrs"
    kubernetes = api.get(f"{place}/kubernetes")
    assert kubernetes["status"]["conditions"][0]["type"] == "Ready"
    assert kubernetes["metadata"]["finalizers"] == ["networking.k8s.io/service-cidr-finalizer"]
    check_discovery(api, Resource("networking.k8s.io/v1", "servicecidrs", False, dict, ("status",)))
    assert api.get(f"{place}/kubernetes/status")["metadata"]["uid"] == kubernetes["metadata"]["uid"]
    assert "kubernetes" in [one["metadata"]["name"] for one in api.get(place)["items"]]
    with api.watching(f"{place}?labelSelector=mark={namespace}") as events:
        new = {"metadata": {"generateName": "conformance-", "labels": {"mark": namespace}}}
        name = api.create(place, {**new, "spec": {"cidrs": ["192.168.200.0/24"]}})["metadata"]["name"]
        expect(events, "ADDED")
        assert label(api.patch(f"{place}/{name}", {"metadata": {"labels": {"patched": "true"}}}), "patched") == "true"
        api.change(f"{place}/{name}", lambda found: found["metadata"].update(annotations={"updated": "true"}))
        expect(events, "MODIFIED", lambda one: one["metadata"].get("annotations"))
        changed = api.ask("PATCH", f"{place}/{name}", {"spec": {"cidrs": ["192.168.201.0/24"]}}, STRATEGIC)
        assert changed.status == 422
        api.delete(f"{place}?labelSelector=mark={namespace}")
        expect(events, "MODIFIED", lambda one: one["metadata"].get("deletionTimestamp"))


def test_ip_address_api(api: Api, namespace: str) -> None:
    place = "/apis/networking.k8s.io/v1/ipaddresses"
    addresses = iter(f"192.168.220.{number}" for number in range(1, 9))

    def new() -> Object:
        parent = {"group": "", "resource": "services", "namespace": namespace, "name": "any"}
        return {"metadata": {"name": next(addresses)}, "spec": {"parentRef": parent}}

    resource = Resource("networking.k8s.io/v1", "ipaddresses", False, new)
    check_discovery(api, resource)
    made = api.create(place, new())
    name = made["metadata"]["name"]
    assert api.get(f"{place}/{name}")["spec"] == made["spec"]
    found = api.ask("POST", place, {**new(), "metadata": {"name": "no-address"}})
    assert (found.status, found.body["reason"]) == (422, "Invalid")
    for change in ({"name": "other"}, {"namespace": "other"}):
        answer = api.ask("PATCH", f"{place}/{name}", {"spec": {"parentRef": change}}, "application/merge-patch+json")
        assert (answer.status, "field is immutable" in answer.body["message"]) == (422, True), answer.body
    patched = api.patch(f"{place}/{name}", {"metadata": {"labels": {"patched": "true"}}})
    assert label(patched, "patched") == "true"
    api.change(f"{place}/{name}", lambda one: one["metadata"]["labels"].update(updated="true"))
    api.delete(f"{place}?labelSelector=updated=true")
    api.until(f"{place}/{name}", lambda one: one is None)


def test_an_address_of_a_new_range_is_given_and_holds_the_range(api: Api, namespace: str) -> None:
    place = "/apis/networking.k8s.io/v1/servicecidrs"
    api.create(place, {"metadata": {"name": "extra"}, "spec": {"cidrs": ["192.168.230.0/28"]}})
    api.until(f"{place}/extra", lambda one: (one.get("status") or {}).get("conditions"))
    made = api.create(services(namespace), service("there", clusterIP="192.168.230.5"))
    assert made["spec"]["clusterIPs"] == ["192.168.230.5"]
    kept = api.get("/apis/networking.k8s.io/v1/ipaddresses/192.168.230.5")
    assert kept["spec"]["parentRef"] == {"resource": "services", "namespace": namespace, "name": "there"}
    api.delete(f"{place}/extra")
    waits = api.until(f"{place}/extra", lambda one: one["status"]["conditions"][0]["status"] == "False")
    assert waits["status"]["conditions"][0]["reason"] == "Terminating"
    api.delete(f"{services(namespace)}/there")


def test_a_service_outside_all_ranges_is_refused(api: Api, namespace: str) -> None:
    own = api.get(f"{services('default')}/kubernetes")["spec"]["clusterIP"]
    for address in ("203.0.113.7", own):
        answer = api.ask("POST", services(namespace), service("x", clusterIP=address))
        assert (answer.status, "spec.clusterIPs" in answer.body["message"]) == (422, True)
    assert ipaddress.ip_address(own).is_private
