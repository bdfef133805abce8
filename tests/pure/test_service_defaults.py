"""What a Service gets without asking."""

from copy import deepcopy

import pytest
from service_cases import service

from fairway.kinds import SERVICE
from fairway.objects import Object


def defaulted(new: Object) -> Object:
    SERVICE.defaults(new)
    return new


def test_a_plain_service_is_filled_in() -> None:
    assert defaulted(service())["spec"] == {
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "selector": {"app": "web"},
        "sessionAffinity": "None",
        "type": "ClusterIP",
        "internalTrafficPolicy": "Cluster",
    }


def test_the_empty_status_shows_its_load_balancer() -> None:
    assert defaulted(service())["status"] == {"loadBalancer": {}}


@pytest.mark.parametrize("target", [None, 0, ""])
def test_an_empty_target_port_is_the_port(target: object) -> None:
    new = defaulted(service(ports=[{"port": 80, "targetPort": target}]))
    assert new["spec"]["ports"][0]["targetPort"] == 80


def test_a_named_target_port_stays() -> None:
    new = defaulted(service(ports=[{"port": 80, "targetPort": "http"}]))
    assert new["spec"]["ports"][0]["targetPort"] == "http"


@pytest.mark.parametrize(
    "config",
    [None, {}, {"clientIP": None}, {"clientIP": {}}, {"clientIP": {"timeoutSeconds": None}}],
)
def test_client_ip_affinity_lasts_three_hours(config: Object | None) -> None:
    new = defaulted(service(sessionAffinity="ClientIP", sessionAffinityConfig=config))
    assert new["spec"]["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10800}}


def test_a_configured_affinity_stays() -> None:
    config = {"clientIP": {"timeoutSeconds": 5}}
    new = defaulted(service(sessionAffinity="ClientIP", sessionAffinityConfig=config))
    assert new["spec"]["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 5}}


def test_without_affinity_its_configuration_is_dropped() -> None:
    new = defaulted(service(sessionAffinityConfig={"clientIP": {"timeoutSeconds": 5}}))
    assert "sessionAffinityConfig" not in new["spec"]


@pytest.mark.parametrize(
    ("spec", "policy"),
    [
        ({"type": "ClusterIP"}, None),
        ({"type": "ClusterIP", "externalIPs": ["1.2.3.4"]}, "Cluster"),
        ({"type": "NodePort"}, "Cluster"),
        ({"type": "LoadBalancer"}, "Cluster"),
        ({"type": "LoadBalancer", "externalTrafficPolicy": "Local"}, "Local"),
        ({"type": "ExternalName"}, None),
    ],
)
def test_what_is_reachable_from_outside_has_an_external_traffic_policy(spec: Object, policy: str | None) -> None:
    assert defaulted(service(**spec))["spec"].get("externalTrafficPolicy") == policy


@pytest.mark.parametrize("type_", ["ClusterIP", "NodePort", "LoadBalancer"])
def test_types_with_an_address_have_an_internal_traffic_policy(type_: str) -> None:
    assert defaulted(service(type=type_))["spec"]["internalTrafficPolicy"] == "Cluster"


def test_an_external_name_has_no_internal_traffic_policy() -> None:
    new = defaulted(service(type="ExternalName", internalTrafficPolicy="Cluster"))
    assert "internalTrafficPolicy" not in new["spec"]


def test_a_load_balancer_allocates_node_ports() -> None:
    assert defaulted(service(type="LoadBalancer"))["spec"]["allocateLoadBalancerNodePorts"] is True


def test_a_load_balancer_that_refuses_node_ports_is_heard() -> None:
    new = defaulted(service(type="LoadBalancer", allocateLoadBalancerNodePorts=False))
    assert new["spec"]["allocateLoadBalancerNodePorts"] is False


def test_an_ingress_address_is_a_virtual_ip() -> None:
    new = service(type="LoadBalancer")
    new["status"] = {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}, {"hostname": "a.b"}]}}
    assert defaulted(new)["status"]["loadBalancer"]["ingress"] == [
        {"ip": "1.2.3.4", "ipMode": "VIP"},
        {"hostname": "a.b"},
    ]


def test_empty_and_null_fields_vanish() -> None:
    new = service(clusterIP="", clusterIPs=[], externalIPs=[], healthCheckNodePort=0, publishNotReadyAddresses=False)
    new["spec"] |= {"selector": {}, "ipFamilyPolicy": None, "loadBalancerClass": None, "externalName": None}
    new["spec"]["ports"] = [{"port": 80, "name": "", "nodePort": 0, "appProtocol": None}]
    assert defaulted(new)["spec"] == {
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "sessionAffinity": "None",
        "type": "ClusterIP",
        "internalTrafficPolicy": "Cluster",
    }


def test_a_service_without_a_spec_gets_one() -> None:
    new: Object = {"metadata": {"name": "web"}, "spec": None}
    assert defaulted(new)["spec"]["type"] == "ClusterIP"


def test_creation_wipes_the_status() -> None:
    new = defaulted(service(type="LoadBalancer"))
    new["status"] = {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}, "conditions": [{"type": "x"}]}
    SERVICE.prepare(new, None, "")
    assert new["status"] == {"loadBalancer": {}}


def test_an_update_keeps_the_status_and_a_status_update_keeps_the_spec() -> None:
    old = defaulted(service(type="LoadBalancer"))
    old["status"] = {"loadBalancer": {"ingress": [{"ip": "1.2.3.4", "ipMode": "VIP"}]}}
    new = deepcopy(old)
    new["status"] = {}
    SERVICE.prepare(new, old, "")
    assert new["status"] == old["status"]
    new = deepcopy(old)
    new["spec"]["ports"] = []
    new["status"] = {"loadBalancer": {}}
    SERVICE.prepare(new, old, "status")
    assert (new["spec"], new["status"]) == (old["spec"], {"loadBalancer": {}})


def test_what_is_no_load_balancer_any_more_loses_its_ingress() -> None:
    old = defaulted(service(type="LoadBalancer"))
    old["status"] = {"loadBalancer": {"ingress": [{"ip": "1.2.3.4", "ipMode": "VIP"}]}, "conditions": []}
    new = defaulted(service(type="ClusterIP"))
    SERVICE.prepare(new, old, "")
    assert new["status"] == {"loadBalancer": {}, "conditions": []}
