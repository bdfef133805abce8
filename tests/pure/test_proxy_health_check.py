"""What load balancers are told of a node, and where."""

import pytest
from proxy_objects import NODE, SETTINGS, made_slice, member, service

from fairway.proxy.health_check import answer, listening_hosts
from fairway.proxy.inputs import service_of
from fairway.proxy.inventory import Inventory
from fairway.proxy.model import SERVING, TERMINATING, HealthCheck, NodeView, Settings, address


def test_the_answer_with_local_endpoints() -> None:
    found = answer("ns/svc", 2, is_proxy_healthy=True)
    assert found.status == 200
    assert found.body.decode() == (
        "{\n"
        '\t"service": {\n'
        '\t\t"namespace": "ns",\n'
        '\t\t"name": "svc"\n'
        "\t},\n"
        '\t"localEndpoints": 2,\n'
        '\t"serviceProxyHealthy": true\n'
        "}"
    )
    assert dict(found.headers) == {"X-Content-Type-Options": "nosniff", "X-Load-Balancing-Endpoint-Weight": "2"}
    assert found.content_type == "application/json"


@pytest.mark.parametrize(("count", "is_healthy"), [(0, True), (3, False), (0, False)])
def test_without_local_endpoints_or_a_working_proxy_the_node_is_out(count: int, is_healthy: bool) -> None:
    assert answer("ns/svc", count, is_proxy_healthy=is_healthy).status == 503


def test_distinct_ready_addresses_of_this_node_are_counted() -> None:
    inventory = Inventory(NODE, SETTINGS)
    inventory.put_service("default/web", service(health_check_port=31000))
    here = made_slice(
        member("10.244.0.5"), member("10.244.0.6", node="there"), member("10.244.0.7", state=SERVING | TERMINATING)
    )
    again = made_slice(member("10.244.0.5"), member("10.244.0.8"))
    inventory.put_slice("default/web-1", None, here)
    inventory.put_slice("default/web-2", None, again)
    both = made_slice(member("fd44::5"), member("fd44::6", node="there"))
    inventory.put_slice("default/web-3", None, both)
    found = inventory.health_check("default/web")
    assert found == HealthCheck(31000, ipv4=2, ipv6=1)
    assert (found.told("192.0.2.9"), found.told("fd77::2")) == (2, 1)


def test_a_service_without_a_health_check_port_has_no_check() -> None:
    inventory = Inventory(NODE, SETTINGS)
    inventory.put_service("default/web", service())
    assert (inventory.health_check("default/web"), inventory.health_check("default/none")) == (None, None)


@pytest.mark.parametrize(
    ("type_", "policy", "port"),
    [("LoadBalancer", "Local", 31000), ("LoadBalancer", "Cluster", 0), ("NodePort", "Local", 0)],
)
def test_only_load_balancers_with_policy_local_have_one(type_: str, policy: str, port: int) -> None:
    spec = {
        "type": type_, "clusterIP": "10.96.0.1", "externalTrafficPolicy": policy, "healthCheckNodePort": 31000,
        "ports": [{"port": 80}],
    }  # fmt: skip
    found = service_of({"metadata": {"name": "web"}, "spec": spec})
    assert found is not None
    assert found.health_check_port == port


NODE_VIEW = NodeView("here", addresses=tuple(map(address, ("192.0.2.1", "10.0.0.9", "fd77::1"))))


@pytest.mark.parametrize(
    ("wanted", "hosts"),
    [
        ((), ("",)),
        (("0.0.0.0/0", "::/0"), ("",)),
        (("127.0.0.0/8",), ("127.0.0.1",)),
        (("127.0.0.0/8", "::1/128"), ("127.0.0.1", "::1")),
        (("primary",), ("192.0.2.1", "fd77::1")),
        (("10.0.0.0/8",), ("10.0.0.9",)),
        (("10.0.0.0/8", "primary"), ("10.0.0.9", "192.0.2.1", "fd77::1")),
        (("fd77::/64", "nonsense"), ("fd77::1",)),
    ],
)
def test_checks_are_answered_where_node_ports_are(wanted: tuple[str, ...], hosts: tuple[str, ...]) -> None:
    assert listening_hosts(NODE_VIEW, Settings(nodeport_addresses=wanted)) == hosts
