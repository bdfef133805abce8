"""What the proxy keeps of the API's objects."""

from typing import Any

import pytest

from fairway.proxy.inputs import node_of, service_of, slice_of
from fairway.proxy.model import (
    READY,
    SERVING,
    TCP,
    TERMINATING,
    UDP,
    NodeView,
    Port,
    Range,
    Service,
    SlicePort,
    address,
)


def service(labels: dict[str, str] | None = None, status: Any = None, **spec: Any) -> Any:
    return {"metadata": {"name": "web", "labels": labels or {}}, "spec": spec, "status": status or {}}


def test_a_cluster_ip_service() -> None:
    found = service(
        type="ClusterIP", clusterIP="10.96.0.1", clusterIPs=["10.96.0.1", "fd96::1"],
        ports=[{"name": "http", "port": 80, "protocol": "TCP"}, {"name": "dns", "port": 53, "protocol": "UDP"}],
    )  # fmt: skip
    assert service_of(found) == Service(
        ports=(Port("http", TCP, 80, 0), Port("dns", UDP, 53, 0)),
        cluster_ips=(address("10.96.0.1"), address("fd96::1")),
    )


@pytest.mark.parametrize(
    "found",
    [
        service(type="ClusterIP", clusterIP="None", clusterIPs=["None"]),
        service(type="ExternalName", externalName="example.org"),
        service(type="ExternalName", clusterIP="10.96.0.1"),
        service(type="ClusterIP", clusterIP=""),
        service({"service.kubernetes.io/service-proxy-name": "other"}, clusterIP="10.96.0.1"),
        service({"service.kubernetes.io/headless": ""}, clusterIP="10.96.0.1"),
    ],
    ids=[
        "headless",
        "ExternalName",
        "ExternalName with an address",
        "not yet allocated",
        "another proxy",
        "labelled headless",
    ],
)
def test_what_the_proxy_does_not_serve(found: Any) -> None:
    assert service_of(found) is None


def test_node_ports_count_only_where_the_type_has_them() -> None:
    ports = [{"port": 80, "nodePort": 30080}]
    node_ports = [
        service_of(service(type=kind, clusterIP="10.96.0.1", ports=ports)).ports[0].node_port  # type: ignore[union-attr]
        for kind in ("ClusterIP", "NodePort", "LoadBalancer")
    ]
    assert node_ports == [0, 30080, 30080]


def test_affinity_lasts_three_hours_unless_it_is_set() -> None:
    def affinity(**spec: Any) -> int:
        kept = service_of(service(clusterIP="10.96.0.1", **spec))
        assert kept is not None
        return kept.affinity_s

    config = {"clientIP": {"timeoutSeconds": 125}}
    assert affinity() == 0
    assert affinity(sessionAffinity="None", sessionAffinityConfig=config) == 0
    assert affinity(sessionAffinity="ClientIP") == 10800
    assert affinity(sessionAffinity="ClientIP", sessionAffinityConfig=config) == 125


def test_a_load_balancer() -> None:
    ingress = [{"ip": "192.0.2.7"}, {"hostname": "a"}, {"ip": "192.0.2.8", "ipMode": "Proxy"}]
    found = service(
        type="LoadBalancer", clusterIP="10.96.0.1", externalIPs=["192.0.2.9", "nonsense"],
        loadBalancerSourceRanges=["203.0.113.0/24", "x"], externalTrafficPolicy="Local",
        status={"loadBalancer": {"ingress": ingress}},
    )  # fmt: skip
    kept = service_of(found)
    assert kept is not None
    assert kept.ingress_ips == (address("192.0.2.7"),)
    assert kept.external_ips == (address("192.0.2.9"),)
    assert kept.source_ranges == (Range(address("203.0.113.0"), address("203.0.113.255")),)
    assert kept.external_local


def test_source_ranges_may_be_an_annotation() -> None:
    found = service(type="LoadBalancer", clusterIP="10.96.0.1")
    found["metadata"]["annotations"] = {"service.beta.kubernetes.io/load-balancer-source-ranges": "192.0.2.0/24, "}
    kept = service_of(found)
    assert kept is not None
    assert kept.source_ranges == (Range(address("192.0.2.0"), address("192.0.2.255")),)


def test_the_external_policy_means_nothing_without_external_frontends() -> None:
    kept = service_of(service(type="ClusterIP", clusterIP="10.96.0.1", externalTrafficPolicy="Local"))
    assert kept is not None
    assert not kept.external_local


def endpoint_slice(labels: dict[str, str] | None = None, **fields: Any) -> Any:
    meta = {"namespace": "ns", "name": "web-1", "labels": labels or {"kubernetes.io/service-name": "web"}}
    return {"metadata": meta, "addressType": "IPv4", "ports": [{"port": 8080}], **fields}


@pytest.mark.parametrize(
    ("conditions", "state"),
    [
        ({}, READY | SERVING),
        ({"ready": None, "serving": None, "terminating": None}, READY | SERVING),
        ({"ready": False}, 0),
        ({"ready": False, "serving": True, "terminating": True}, SERVING | TERMINATING),
        ({"ready": False, "serving": False, "terminating": True}, TERMINATING),
        ({"ready": True, "serving": False}, READY),
    ],
)
def test_conditions(conditions: dict[str, Any], state: int) -> None:
    kept = slice_of(endpoint_slice(endpoints=[{"addresses": ["10.0.0.1", "10.0.0.2"], "conditions": conditions}]))
    assert kept is not None
    assert [(each.address, each.state) for each in kept.endpoints] == [(address("10.0.0.1"), state)]


@pytest.mark.parametrize(
    "found",
    [
        endpoint_slice({"app": "web"}),
        endpoint_slice({"kubernetes.io/service-name": "web", "service.kubernetes.io/headless": ""}),
        endpoint_slice(addressType="FQDN"),
    ],
    ids=["no service", "headless", "FQDN"],
)
def test_slices_that_do_not_count(found: Any) -> None:
    assert slice_of(found) is None


def test_a_slice_with_null_lists_is_empty() -> None:
    kept = slice_of(endpoint_slice(endpoints=None, ports=None))
    assert kept is not None
    assert (kept.service, kept.ports, kept.endpoints) == ("ns/web", (), ())


def test_odd_endpoints_and_ports_are_left_out() -> None:
    kept = slice_of(
        endpoint_slice(
            endpoints=[
                {"addresses": []},
                {"addresses": ["fd00::1"]},
                {"addresses": ["x"]},
                {"addresses": ["10.0.0.1"]},
            ],
            ports=[{"name": "any", "port": None}, {"name": "u", "port": 53, "protocol": "UDP"}],
        )
    )
    assert kept is not None
    assert [each.address for each in kept.endpoints] == [address("10.0.0.1")]
    assert kept.ports == (SlicePort("u", UDP, 53),)


def test_the_trigger_time_is_read() -> None:
    found = endpoint_slice()
    found["metadata"]["annotations"] = {"endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00.5Z"}
    kept = slice_of(found)
    assert kept is not None
    assert kept.triggered_s == 1767225600.5


def test_a_node() -> None:
    found = {
        "metadata": {"name": "n1", "labels": {"topology.kubernetes.io/zone": "a"}},
        "spec": {"podCIDRs": ["10.244.0.0/24"]},
        "status": {
            "addresses": [{"type": "InternalIP", "address": "192.0.2.1"}, {"type": "Hostname", "address": "n1"}]
        },
    }
    assert node_of(found) == NodeView("n1", "a", (address("192.0.2.1"),), ("10.244.0.0/24",))


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"name": "n1", "deletionTimestamp": "2026-01-01T00:00:00Z"}},
        {"metadata": {"name": "n1"}, "spec": {"taints": [{"key": "ToBeDeletedByClusterAutoscaler"}]}},
    ],
)
def test_a_node_that_is_being_taken_away_is_not_eligible(change: Any) -> None:
    assert not node_of(change).is_eligible
