"""Specs of sig-network that concern the API: Services, endpoints, slices, Ingresses.

Each test bears the release name of its spec, or says what the spec's neighbour asks.
"""

from typing import Any

import pytest

from ..conftest import Cluster
from .asking import (
    JSON_PATCH,
    STRATEGIC,
    Api,
    Object,
    Resource,
    check_discovery,
    check_operations,
    expect,
    label,
)

SLICES = "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices"
PORT = {"port": 80, "protocol": "TCP", "targetPort": 8080}


def services(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/services"


def endpoints(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/endpoints"


def slices(namespace: str, service: str) -> str:
    return f"{SLICES.format(namespace)}?labelSelector=kubernetes.io/service-name={service}"


def service(name: str, **spec: Any) -> Object:
    return {"metadata": {"name": name}, "spec": {"ports": [PORT], **spec}}


def pod(name: str, ports: tuple[int, ...] = (8080,)) -> Object:
    container = {
        "name": "c", "image": "luksa/kubia", "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": port, "name": f"p{port}"} for port in ports],
    }  # fmt: skip
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    return {"metadata": {"name": name, "labels": {"app": "web", name: "true"}}, "spec": spec}


def backend() -> Object:
    return {"service": {"name": "web", "port": {"number": 80}}}


def ingress() -> Object:
    path = {"path": "/", "pathType": "ImplementationSpecific", "backend": backend()}
    return {"spec": {"defaultBackend": backend(), "rules": [{"host": "a.test", "http": {"paths": [path]}}]}}


def endpoint_slice() -> Object:
    return {"addressType": "IPv4", "endpoints": [{"addresses": ["192.0.2.1"]}], "ports": []}


def policy() -> Object:
    rule = {"from": [{"podSelector": {"matchLabels": {"a": "b"}}}], "ports": [{"port": 80}]}
    return {"spec": {"podSelector": {"matchLabels": {"a": "b"}}, "ingress": [rule], "egress": [{}]}}


RESOURCES = [
    Resource("networking.k8s.io/v1", "ingresses", True, ingress, ("status",)),
    Resource("networking.k8s.io/v1", "ingressclasses", False, lambda: {"spec": {"controller": "example.com/e2e"}}),
    Resource("networking.k8s.io/v1", "networkpolicies", True, policy),
    Resource("discovery.k8s.io/v1", "endpointslices", True, endpoint_slice),
]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one.plural)
def test_api_of(api: Api, namespace: str, resource: Resource) -> None:
    check_discovery(api, resource)
    check_operations(api, resource, namespace)


def test_ingress_status(api: Api, namespace: str) -> None:
    place = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses"
    new = ingress()
    new["spec"]["ingressClassName"] = "of-nobody"
    made = api.create(place, {**new, "metadata": {"name": "i"}})
    assert made["metadata"]["generation"] == 1
    assert made["status"] == {"loadBalancer": {}}
    status = {"loadBalancer": {"ingress": [{"ip": "169.1.1.1"}]}}
    patched = api.patch(
        f"{place}/i/status", {"metadata": {"annotations": {"patchedstatus": "true"}}, "status": status}
    )  # fmt: skip
    assert (patched["status"], patched["metadata"]["annotations"]["patchedstatus"]) == (status, "true")
    twice = {"loadBalancer": {"ingress": [{"ip": "169.1.1.1"}, {"ip": "169.1.1.2"}]}}
    updated = api.change(f"{place}/i/status", lambda found: found.update(status=twice, spec={}))
    assert (updated["status"], updated["spec"]["rules"][0]["host"], updated["metadata"]["generation"]) == (
        twice, "a.test", 1,
    )  # fmt: skip
    changed = api.patch(f"{place}/i", {"spec": {"rules": [{"host": "b.test"}]}, "status": {}})
    assert (changed["metadata"]["generation"], changed["status"]) == (2, twice)


def test_service_complete_status_lifecycle(api: Api, namespace: str) -> None:
    place = services(namespace)
    marks = "labelSelector=spec=lifecycle"
    with api.watching(f"{place}?{marks}") as events:
        new = service("one", type="LoadBalancer")
        new["metadata"]["labels"] = {"spec": "lifecycle"}
        api.create(place, new)
        expect(events, "ADDED")
        status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}
        note = {"patchedstatus": "true"}
        patched = api.patch(f"{place}/one/status", {"metadata": {"annotations": note}, "status": status})
        assert patched["status"]["loadBalancer"]["ingress"][0] == {"ip": "203.0.113.1", "ipMode": "VIP"}
        expect(events, "MODIFIED", lambda one: (one["metadata"].get("annotations") or {}).get("patchedstatus"))

        def condition(found: Object) -> None:
            found["status"]["conditions"] = [
                {
                    "type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "Set from e2e test",
                    "lastTransitionTime": "2026-01-01T00:00:00Z",
                }
            ]  # fmt: skip

        api.change(f"{place}/one/status", condition)
        seen = expect(events, "MODIFIED", lambda one: one["status"].get("conditions"))
        assert seen["status"]["conditions"][0]["reason"] == "E2E"
        api.patch(f"{place}/one", {"metadata": {"labels": {"patched": "true"}}}, STRATEGIC)
        expect(events, "MODIFIED", lambda one: label(one, "patched"))
        api.delete(f"{place}/one")
        expect(events, "DELETED")


def test_services_delete_a_collection(api: Api, namespace: str) -> None:
    place = services(namespace)
    for number, name in enumerate(("one", "two", "three")):
        new = service(name)
        new["metadata"]["labels"] = {"set": "keep" if number == 2 else "drop"}
        api.create(place, new)
    assert len(api.get(place)["items"]) == 3
    api.delete(f"{place}?labelSelector=set=drop")
    left = api.until(place, lambda found: len(found["items"]) == 1)
    assert left["items"][0]["metadata"]["name"] == "three"
    taken = {one["spec"]["parentRef"]["name"] for one in api.get("/apis/networking.k8s.io/v1/ipaddresses")["items"]
             if one["spec"]["parentRef"].get("namespace") == namespace}  # fmt: skip
    assert taken == {"three"}


def test_find_kubernetes_service_in_all_namespaces(api: Api) -> None:
    found = [(one["metadata"]["namespace"], one["metadata"]["name"]) for one in api.get("/api/v1/services")["items"]]
    assert ("default", "kubernetes") in found
    (one,) = api.get("/api/v1/services?fieldSelector=metadata.name=kubernetes,metadata.namespace=default")["items"]
    assert one["spec"]["ports"][0] == {
        "name": "https", "protocol": "TCP", "port": 443, "targetPort": one["spec"]["ports"][0]["targetPort"],
    }  # fmt: skip
    assert one["metadata"]["labels"] == {"component": "apiserver", "provider": "kubernetes"}


def test_the_api_server_is_in_endpoints_and_slices(api: Api) -> None:
    found = api.get(f"{endpoints('default')}/kubernetes")
    listed = api.get(slices("default", "kubernetes"))["items"]
    assert found["metadata"]["labels"]["endpointslice.kubernetes.io/skip-mirror"] == "true"
    assert listed[0]["metadata"]["name"] == "kubernetes"
    addresses = {one["ip"] for subset in found["subsets"] for one in subset["addresses"]}
    assert addresses == {one for each in listed for point in each["endpoints"] for one in point["addresses"]}
    assert found["subsets"][0]["ports"][0]["port"] == listed[0]["ports"][0]["port"]


def test_endpoint_resource_lifecycle(api: Api, namespace: str) -> None:
    place = endpoints(namespace)
    port = {"name": "http", "port": 80, "protocol": "TCP"}
    with api.watching(f"{place}?labelSelector=spec=lifecycle") as events:
        meta = {"name": "testservice", "labels": {"spec": "lifecycle"}}
        api.create(place, {"metadata": meta, "subsets": [{"addresses": [{"ip": "10.0.0.24"}], "ports": [port]}]})
        expect(events, "ADDED")
        api.change(f"{place}/testservice", lambda found: found["metadata"]["labels"].update(updated="true"))
        expect(events, "MODIFIED", lambda one: label(one, "updated"))
        other = [{"addresses": [{"ip": "10.0.0.25"}], "ports": [{**port, "port": 8080}]}]
        patched = api.patch(
            f"{place}/testservice", {"metadata": {"labels": {"patched": "true"}}, "subsets": other}, STRATEGIC
        )  # fmt: skip
        assert patched["subsets"] == other
        everywhere = api.get("/api/v1/endpoints?labelSelector=spec=lifecycle")["items"]
        assert [one["subsets"] for one in everywhere if one["metadata"]["namespace"] == namespace] == [other]
        expect(events, "MODIFIED", lambda one: one["subsets"] == other)
        api.delete(f"{place}?labelSelector=spec=lifecycle")
        expect(events, "DELETED")


def test_endpoint_slice_mirroring(api: Api, namespace: str) -> None:
    api.create(services(namespace), service("example"))
    place = f"{endpoints(namespace)}/example"
    subsets = [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"name": "", "port": 80, "protocol": "TCP"}]}]
    api.create(endpoints(namespace), {"metadata": {"name": "example"}, "subsets": subsets})
    where = slices(namespace, "example")
    (found,) = api.until(where, lambda listed: len(listed["items"]) == 1)["items"]
    assert label(found, "endpointslice.kubernetes.io/managed-by") == "endpointslicemirroring-controller.k8s.io"
    assert [one["addresses"] for one in found["endpoints"]] == [["10.1.2.3"]]
    assert (found["ports"][0]["port"], found["addressType"]) == (80, "IPv4")
    subsets[0]["addresses"] = [{"ip": "10.2.3.4"}]
    api.change(place, lambda one: one.update(subsets=subsets))
    api.until(
        where, lambda listed: [one["addresses"] for each in listed["items"] for one in each["endpoints"]]
        == [["10.2.3.4"]],
    )  # fmt: skip
    api.delete(place)
    api.until(where, lambda listed: listed["items"] == [])


def test_endpoints_and_slices_come_and_go_with_the_service(api: Api, namespace: str) -> None:
    new = service("empty", selector={"does-not-match": "anything"})
    api.create(services(namespace), new)
    found = api.until(f"{endpoints(namespace)}/empty", bool)
    assert found.get("subsets") is None
    (slice_,) = api.until(slices(namespace, "empty"), lambda listed: listed["items"])["items"]
    assert (slice_["endpoints"], slice_["ports"]) in (([], []), (None, None)), slice_
    assert label(slice_, "endpointslice.kubernetes.io/managed-by") == "endpointslice-controller.k8s.io"
    owner = slice_["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("Service", "empty", True)
    api.delete(f"{services(namespace)}/empty")
    api.until(f"{endpoints(namespace)}/empty", lambda one: one is None)
    api.until(slices(namespace, "empty"), lambda listed: listed["items"] == [])


def test_endpoints_and_slices_of_pods_that_match(api: Api, namespace: str) -> None:
    place = f"/api/v1/namespaces/{namespace}/pods"
    two_names = [{"name": "example-name", "port": 80, "targetPort": "p8080"}, {"name": "other", "port": 9090}]
    api.create(services(namespace), service("named", selector={"one": "true"}, ports=[two_names[0]]))
    api.create(services(namespace), service("both", selector={"app": "web"}, ports=two_names))
    for name in ("one", "two"):
        api.create(place, pod(name))
    ready = api.until(
        slices(namespace, "both"),
        lambda listed: len([
            one for each in listed["items"] for one in each["endpoints"] if one["conditions"]["ready"]
        ]) == 2,
    )["items"]  # fmt: skip
    addresses = {one: api.get(f"{place}/{one}")["status"]["podIP"] for one in ("one", "two")}
    points = {point["targetRef"]["name"]: point for each in ready for point in each["endpoints"]}
    assert {name: point["addresses"] for name, point in points.items()} == {
        name: [address] for name, address in addresses.items()
    }
    assert points["one"]["conditions"] == {"ready": True, "serving": True, "terminating": False}
    in_order = [("example-name", 8080), ("other", 9090)]
    assert all([(port["name"], port["port"]) for port in each["ports"]] == in_order for each in ready)
    found = api.until(f"{endpoints(namespace)}/named", lambda one: one and one.get("subsets"))
    (subset,) = found["subsets"]
    assert [one["ip"] for one in subset["addresses"]] == [addresses["one"]]
    assert subset["ports"] == [{"name": "example-name", "port": 8080, "protocol": "TCP"}]
    api.delete(f"{place}/one")
    api.until(f"{endpoints(namespace)}/named", lambda one: not one.get("subsets"))


@pytest.mark.parametrize("count", [1, 2], ids=["one-address", "two-addresses"])
def test_a_service_of_slices_that_somebody_wrote(api: Api, cluster: Cluster, namespace: str, count: int) -> None:
    ports = [{"name": f"port{port}", "port": port} for port in (80, 81)]
    made = api.create(services(namespace), {"metadata": {"name": "custom"}, "spec": {"ports": ports}})
    place = f"/api/v1/namespaces/{namespace}/pods"
    names = [f"server-{number}" for number in range(count)]
    for name in names:
        api.create(place, pod(name))
    found = [api.until(f"{place}/{name}", is_ready) for name in names]
    servers = (found * 2)[:2]
    for server, port in zip(servers, ports, strict=True):
        labels = {"kubernetes.io/service-name": "custom", "endpointslice.kubernetes.io/managed-by": "conformance"}
        new = {
            "metadata": {"generateName": "custom-", "labels": labels}, "addressType": "IPv4",
            "endpoints": [{"addresses": [server["status"]["podIP"]], "conditions": {"ready": True}}],
            "ports": [{"name": port["name"], "port": 8080, "protocol": "TCP"}],
        }  # fmt: skip
        api.create(SLICES.format(namespace), new)
    address = made["spec"]["clusterIP"]
    for server, port in zip(servers, ports, strict=True):
        wanted = server["metadata"]["name"]
        asked = f"curl -s -m 2 http://{address}:{port['port']}"

        def answers(asked: str = asked, wanted: str = wanted) -> bool:
            return wanted in cluster.run("exec", "-n", namespace, names[0], "--", "sh", "-c", asked).stdout

        cluster.wait(answers, f"{wanted} behind {asked}")


def is_ready(found: Object | None) -> bool:
    conditions = (found or {}).get("status", {}).get("conditions") or []
    return any((one["type"], one["status"]) == ("Ready", "True") for one in conditions)


def test_same_port_for_two_protocols(api: Api, namespace: str) -> None:
    def ports(*protocols: str) -> list[Object]:
        return [{"name": one.lower(), "port": 80, "protocol": one, "targetPort": 8080} for one in protocols]

    place = f"{services(namespace)}/multi"
    api.create(services(namespace), service("multi", ports=ports("TCP", "UDP")))
    for protocol in ("TCP", "UDP"):
        api.change(place, lambda found, one=protocol: found["spec"].update(ports=ports(one)))
        assert [one["protocol"] for one in api.get(place)["spec"]["ports"]] == [protocol]
    two = api.change(place, lambda found: found["spec"].update(ports=ports("UDP", "TCP")))
    assert [one["protocol"] for one in two["spec"]["ports"]] == ["UDP", "TCP"]


@pytest.mark.parametrize(("first", "second"), [("ExternalName", "ClusterIP"), ("ExternalName", "NodePort")])
def test_service_change_of_type_and_back(api: Api, namespace: str, first: str, second: str) -> None:
    place = f"{services(namespace)}/changing"
    name = {"type": "ExternalName", "externalName": "foo.example.com"}
    made = api.create(services(namespace), {"metadata": {"name": "changing"}, "spec": name})
    assert "clusterIP" not in made["spec"]

    def forth(found: Object) -> None:
        found["spec"] = {"type": second, "ports": [{**PORT, "name": "http"}]}

    changed = api.change(place, forth)["spec"]
    assert ("nodePort" in changed["ports"][0], bool(changed["clusterIP"])) == (second == "NodePort", True)
    assert "externalName" not in changed

    def back(found: Object) -> None:
        found["spec"].update(name, clusterIP="")

    again = api.change(place, back)["spec"]
    assert not any(field in again for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"))
    assert "nodePort" not in (again.get("ports") or [{}])[0]


def test_json_patch_of_a_service(api: Api, namespace: str) -> None:
    place = f"{services(namespace)}/patched"
    api.create(services(namespace), service("patched"))
    done = api.patch(
        place, [{"op": "test", "path": "/spec/ports/0/port", "value": 80},
                {"op": "replace", "path": "/spec/ports/0/port", "value": 81}], JSON_PATCH,
    )  # fmt: skip
    assert done["spec"]["ports"][0]["port"] == 81
    failed = api.ask("PATCH", place, [{"op": "test", "path": "/spec/ports/0/port", "value": 80}], JSON_PATCH)
    assert failed.status == 422
