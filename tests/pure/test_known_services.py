"""What a node remembers of a Service is enough for all that it is asked."""

from typing import Any

import pytest

from fairway.node.known_services import recalled, remembered
from fairway.node.probes.listening import awaited_ports
from fairway.node.service_variables import service_variables
from fairway.objects import Object

PORTS = [{"name": "web", "port": 80, "targetPort": "http", "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]
CONTAINER = {"name": "main", "ports": [{"name": "http", "containerPort": 8080}]}
POD = {"metadata": {"namespace": "default", "name": "p", "labels": {"app": "a"}}, "spec": {"containers": [CONTAINER]}}


def service(**spec: Any) -> Object:
    meta = {"namespace": "default", "name": "web", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"}
    whole = {"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "ipFamilies": ["IPv4"], "sessionAffinity": "None"}
    return {"metadata": {**meta, "managedFields": []}, "spec": {**whole, **spec}, "status": {"loadBalancer": {}}}


@pytest.mark.parametrize(
    "found",
    [
        service(ports=PORTS, selector={"app": "a"}, type="ClusterIP"),
        service(ports=PORTS, selector={"app": "b"}, type="NodePort"),
        service(ports=PORTS[:1], selector={"app": "a"}, clusterIP="None"),
        service(type="ExternalName", externalName="a.example", clusterIP=None, selector={"app": "a"}),
        service(selector=None, ports=None),
    ],
)
def test_variables_and_awaited_ports_are_those_of_the_whole_service(found: Object) -> None:
    memory = recalled(remembered(found))
    assert service_variables([memory], "default", has_links=True) == service_variables(
        [found], "default", has_links=True
    )
    assert awaited_ports(POD, CONTAINER, [memory]) == awaited_ports(POD, CONTAINER, [found])
    assert memory["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"
