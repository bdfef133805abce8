"""Endpoints and EndpointSlices of real pods, as Kubernetes' own tests of the network ask for them."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .conftest import Cluster, is_ready
from .test_pods import create, pod
from .three_nodes import ThreeNodes

SERVICE_NAME = "kubernetes.io/service-name"
ZONE = "topology.kubernetes.io/zone"


def service(name: str, selector: dict[str, str] | None, *ports: dict[str, Any], **spec: Any) -> dict[str, Any]:
    spec = {"ports": list(ports) or [{"port": 80, "targetPort": 8080}], **spec}
    if selector is not None:
        spec["selector"] = selector
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def slices(cluster: Cluster, namespace: str, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cluster.get("endpointslices", "-n", namespace, "-l", f"{SERVICE_NAME}={name}")[
        "items"
    ]
    return found


def in_slices(cluster: Cluster, namespace: str, name: str) -> dict[str, list[tuple[str, int]]]:
    """Pod to (port name, number)."""
    return {
        one["targetRef"]["name"]: sorted((port["name"], port["port"]) for port in each["ports"] or ())
        for each in slices(cluster, namespace, name) for one in each["endpoints"] or ()
    }  # fmt: skip


def in_list(cluster: Cluster, namespace: str, name: str) -> dict[str, list[tuple[str, int]]]:
    """Ready pod to (port name, number), from the Endpoints object."""
    return {
        one["targetRef"]["name"]: sorted((port.get("name", ""), port["port"]) for port in subset.get("ports", ()))
        for subset in cluster.get("endpoints", name, "-n", namespace).get("subsets", ())
        for one in subset.get("addresses", ())
    }


def conditions(cluster: Cluster, namespace: str, name: str) -> list[tuple[bool, bool, bool]]:
    found = [one["conditions"] for each in slices(cluster, namespace, name) for one in each["endpoints"] or ()]
    return [(one["ready"], one["serving"], one["terminating"]) for one in found]


def test_both_lists_follow_pods_whose_named_ports_differ(cluster: Cluster, namespace: str) -> None:
    def named(name: str, number: int) -> dict[str, Any]:
        made = pod(name, container={"ports": [{"name": "example-name", "containerPort": number}]})
        made["metadata"]["labels"] = {"tier": "web"}
        return made

    create(
        cluster, namespace, named("pod1", 3000), named("pod2", 3001),
        service("by-name", {"tier": "web"}, {"name": "http", "port": 80, "targetPort": "example-name"}),
        service(
            "two-ports", {"tier": "web"}, {"name": "http", "port": 80, "targetPort": 8080},
            {"name": "other", "port": 81, "targetPort": "no-such-name"},
        ),
        service("nobody", {"tier": "none"}),
    )  # fmt: skip
    expected: dict[str, dict[str, list[tuple[str, int]]]] = {
        "by-name": {"pod1": [("http", 3000)], "pod2": [("http", 3001)]},
        "two-ports": {"pod1": [("http", 8080)], "pod2": [("http", 8080)]},
        "nobody": {},
    }
    for name, ports in expected.items():
        cluster.wait(lambda name=name, ports=ports: in_list(cluster, namespace, name) == ports, name)  # type: ignore[misc]
        cluster.wait(lambda name=name, ports=ports: in_slices(cluster, namespace, name) == ports, name)  # type: ignore[misc]
    assert [len(slices(cluster, namespace, name)) for name in expected] == [2, 1, 1]
    cluster.kubectl("delete", "pod", "pod1", "-n", namespace)
    cluster.wait(lambda: in_slices(cluster, namespace, "by-name") == {"pod2": [("http", 3001)]}, "pod1 is gone")
    cluster.wait(lambda: in_list(cluster, namespace, "by-name") == {"pod2": [("http", 3001)]}, "pod1 is gone")
    counted = cluster.kubectl("get", "--raw", "/metrics")
    assert 'endpoint_slice_controller_syncs{result="success"}' in counted
    assert 'workqueue_adds_total{name="endpoint-slice-controller"}' in counted
    cluster.kubectl("delete", "service", "two-ports", "-n", namespace)
    cluster.wait(lambda: slices(cluster, namespace, "two-ports") == [], "slices go with their Service")
    assert cluster.run("get", "endpoints", "two-ports", "-n", namespace).returncode == 1


def test_a_pod_on_its_way_out_serves_until_it_stops(cluster: Cluster, namespace: str) -> None:
    stopping = {
        "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "while [ ! -e /go ]; do sleep 0.05; done"]}}}
    }
    create(
        cluster, namespace, pod("web", container=stopping, terminationGracePeriodSeconds=60),
        service("web", {"app": "web"}), service("all", {"app": "web"}, publishNotReadyAddresses=True),
    )  # fmt: skip
    cluster.wait(lambda: conditions(cluster, namespace, "web") == [(True, True, False)], "the pod is ready")
    cluster.kubectl("delete", "pod", "web", "-n", namespace, "--wait=false")
    cluster.wait(lambda: conditions(cluster, namespace, "web") == [(False, True, True)], "it serves and leaves")
    cluster.wait(lambda: conditions(cluster, namespace, "all") == [(True, True, True)], "it is published still")
    cluster.wait(lambda: in_list(cluster, namespace, "web") == {}, "the list knows ready pods only")
    assert list(in_list(cluster, namespace, "all")) == ["web"]
    cluster.kubectl("exec", "web", "-n", namespace, "--", "touch", "/go")
    cluster.wait(lambda: conditions(cluster, namespace, "web") == [], "it is gone")


def test_a_pod_that_is_not_ready_is_published_where_asked(cluster: Cluster, namespace: str) -> None:
    never = {"readinessProbe": {"exec": {"command": ["false"]}, "periodSeconds": 1}}
    create(
        cluster, namespace, pod("web", container=never), service("web", {"app": "web"}, clusterIP="None"),
        service("all", {"app": "web"}, publishNotReadyAddresses=True),
    )  # fmt: skip
    cluster.wait(lambda: conditions(cluster, namespace, "web") == [(False, False, False)], "known, not ready")
    cluster.wait(lambda: conditions(cluster, namespace, "all") == [(True, False, False)], "published")
    (headless,), (plain,) = (slices(cluster, namespace, name) for name in ("web", "all"))
    label = "service.kubernetes.io/headless"
    assert [each["metadata"]["labels"].get(label) for each in (headless, plain)] == ["", None]
    assert cluster.get("endpoints", "web", "-n", namespace)["metadata"]["labels"][label] == ""


def test_hand_written_endpoints_are_mirrored_with_every_change(cluster: Cluster, namespace: str) -> None:
    def written(*subsets: tuple[str, str, int]) -> str:
        found = [{"addresses": [{"ip": ip}], "ports": [{"name": name, "port": port}]} for ip, name, port in subsets]
        meta = {"name": "custom", "namespace": namespace}
        return json.dumps({"apiVersion": "v1", "kind": "Endpoints", "metadata": meta, "subsets": found})

    def mirrored() -> list[tuple[str, str, int]]:
        return sorted(
            (one["addresses"][0], port["name"], port["port"])
            for each in slices(cluster, namespace, "custom") for one in each["endpoints"] for port in each["ports"]
        )  # fmt: skip

    create(cluster, namespace, service("custom", None, {"name": "a", "port": 80}, {"name": "b", "port": 81}))
    for subsets in (
        [("192.0.2.1", "a", 80)],
        [("192.0.2.2", "a", 8080)],
        [("192.0.2.2", "a", 8080), ("192.0.2.2", "b", 8081)],
    ):
        cluster.kubectl("apply", "-f", "-", text=written(*subsets))
        cluster.wait(lambda subsets=subsets: mirrored() == subsets, f"the mirror of {subsets}")  # type: ignore[misc]
    managers = {
        each["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"]
        for each in slices(cluster, namespace, "custom")
    }
    assert managers == {"endpointslicemirroring-controller.k8s.io"}
    cluster.kubectl("delete", "endpoints", "custom", "-n", namespace)
    cluster.wait(lambda: slices(cluster, namespace, "custom") == [], "the mirror goes")


@pytest.fixture
def zones(three_nodes: ThreeNodes) -> Iterator[ThreeNodes]:
    """Three nodes in three zones, and a namespace ``zones`` with a pod of ``app: web`` on each."""
    names = [three_nodes.node_name(number) for number in (1, 2, 3)]
    for number, name in enumerate(names, 1):
        three_nodes.kubectl("label", "node", name, f"{ZONE}=z{number}")
    three_nodes.kubectl("create", "namespace", "zones")
    three_nodes.create(*(three_nodes.pod("zones", f"p{n}", n, app="web") for n in (1, 2, 3)))
    yield three_nodes
    three_nodes.run("delete", "namespace", "zones", "--wait=false")
    for name in names:
        three_nodes.kubectl("label", "node", name, f"{ZONE}-")


def test_hints_follow_what_the_service_asks_for(zones: ThreeNodes) -> None:
    def hints() -> dict[str, Any]:
        return {
            one["targetRef"]["name"]: one.get("hints")
            for each in slices(zones, "zones", "web") for one in each["endpoints"] or ()
        }  # fmt: skip

    def expected(make: Callable[[int], Any]) -> dict[str, Any]:
        return {f"p{number}": make(number) for number in (1, 2, 3)}

    def zone(number: int) -> dict[str, Any]:
        return {"forZones": [{"name": f"z{number}"}]}

    zones.wait(lambda: all(is_ready(one) for one in zones.get("pods", "-n", "zones")["items"]), "three pods")
    create(zones, "zones", service("web", {"app": "web"}, trafficDistribution="PreferSameZone"))
    zones.wait(lambda: hints() == expected(zone), "hints for zones")
    zones.kubectl("patch", "svc", "web", "-n", "zones", "-p", '{"spec":{"trafficDistribution":"PreferSameNode"}}')
    both = expected(lambda number: {**zone(number), "forNodes": [{"name": zones.node_name(number)}]})
    zones.wait(lambda: hints() == both, "hints for nodes")
    zones.kubectl("patch", "svc", "web", "-n", "zones", "-p", '{"spec":{"trafficDistribution":null}}')
    zones.wait(lambda: hints() == expected(lambda number: None), "no hints")
    zones.kubectl("annotate", "svc", "web", "-n", "zones", "service.kubernetes.io/topology-mode=Auto")
    zones.wait(lambda: hints() == expected(zone), "hints by CPU")
    zones.wait(lambda: "TopologyAwareHintsEnabled" in zones.kubectl("get", "events", "-n", "zones"), "it is told")
    zones.kubectl("delete", "pod", "p3", "-n", "zones")
    zones.wait(lambda: hints() == {"p1": None, "p2": None}, "too few endpoints for three zones")
    zones.wait(lambda: "Insufficient number of endpoints" in zones.kubectl("get", "events", "-n", "zones"), "why not")
