"""Which endpoints answer, which frontends there are, and with which policy."""

from proxy_objects import NODE, SETTINGS, at, made_slice, member, service

from fairway.proxy.model import (
    CLUSTER_IP,
    EXTERNAL_IP,
    IPV4,
    LOAD_BALANCER,
    NODE_PORT,
    READY,
    SCTP,
    SERVING,
    TCP,
    TERMINATING,
    UDP,
    Frontend,
    NodeView,
    Port,
    Range,
    Service,
    ServicePort,
    Settings,
    SlicePort,
    address,
    frontend_key,
)
from fairway.proxy.resolve import resolve
from fairway.proxy.words import EXTERNAL_LOCAL, FIREWALL, INTERNAL, LOCAL_LIST, MASQUERADE

LEAVING = SERVING | TERMINATING


def first(wanted: Service, *slices: object, node: NodeView = NODE, settings: Settings = SETTINGS) -> ServicePort:
    return resolve(wanted, slices, node, settings).ipv4[0]  # type: ignore[arg-type]


def test_ready_endpoints_of_all_slices_answer() -> None:
    found = first(service(), made_slice(member("10.0.0.1")), made_slice(member("10.0.0.2", "there")))
    assert found.endpoints == (at("10.0.0.1:8080"), at("10.0.0.2:8080"))


def test_endpoints_that_are_not_ready_do_not() -> None:
    assert first(service(), made_slice(member("10.0.0.1", state=0), member("10.0.0.2"))).endpoints == (
        at("10.0.0.2:8080"),
    )


def test_where_none_is_ready_those_that_serve_while_they_leave_answer() -> None:
    leaving, gone = member("10.0.0.1", state=LEAVING), member("10.0.0.2", state=TERMINATING)
    assert first(service(), made_slice(leaving, gone)).endpoints == (at("10.0.0.1:8080"),)
    assert first(service(), made_slice(leaving, gone, member("10.0.0.3"))).endpoints == (at("10.0.0.3:8080"),)


def test_an_endpoint_in_two_slices_counts_once_and_as_not_terminating() -> None:
    leaving, staying, other = member("10.0.0.1", state=LEAVING), member("10.0.0.1"), member("10.0.0.2")
    for order in ((leaving, staying, other), (staying, leaving, other)):
        found = first(service(), *(made_slice(each) for each in order)).endpoints
        assert found == (at("10.0.0.1:8080"), at("10.0.0.2:8080"))


def test_ports_are_matched_by_name_and_protocol() -> None:
    wanted = service(ports=(Port("http", TCP, 80, 0), Port("dns", UDP, 53, 0), Port("dns", SCTP, 54, 0)))
    ports = (SlicePort("http", TCP, 8080), SlicePort("dns", UDP, 5353), SlicePort("other", TCP, 1))
    found = resolve(wanted, [made_slice(member("10.0.0.1"), ports=ports)], NODE, SETTINGS).ipv4
    assert [each.endpoints for each in found] == [(at("10.0.0.1:8080"),), (at("10.0.0.1:5353"),), ()]


def test_each_family_has_its_own_endpoints_and_frontends() -> None:
    slices = [made_slice(member("10.0.0.1")), made_slice(member("fd00::1"))]
    found = resolve(service("10.96.0.10", "fd96::10"), slices, NODE, SETTINGS)
    assert [each.endpoints for each in (*found.ipv4, *found.ipv6)] == [(at("10.0.0.1:8080"),), (at("[fd00::1]:8080"),)]
    assert [len(each.frontends[0].key) for each in (*found.ipv4, *found.ipv6)] == [12, 24]


def test_a_family_without_a_cluster_ip_has_nothing() -> None:
    assert resolve(service("fd96::10"), [made_slice(member("10.0.0.1"))], NODE, SETTINGS).ipv4 == ()


def test_hints_for_the_zone_count_if_every_ready_endpoint_has_them() -> None:
    near, far = member("10.0.0.1", zones=("a",)), member("10.0.0.2", zones=("b",))
    assert first(service(), made_slice(near, far)).endpoints == (at("10.0.0.1:8080"),)
    assert len(first(service(), made_slice(near, far, member("10.0.0.3"))).endpoints) == 3
    assert len(first(service(), made_slice(far)).endpoints) == 1
    assert len(first(service(), made_slice(near, far), node=NodeView("here")).endpoints) == 2


def test_hints_for_the_node_come_before_those_for_the_zone() -> None:
    mine = member("10.0.0.1", zones=("a",), nodes=("here",))
    other = member("10.0.0.2", zones=("a",), nodes=("there",))
    assert first(service(), made_slice(mine, other)).endpoints == (at("10.0.0.1:8080"),)
    assert len(first(service(), made_slice(other)).endpoints) == 1


def test_a_local_policy_asks_for_this_nodes_endpoints() -> None:
    slices = (made_slice(member("10.0.0.1"), member("10.0.0.2", "there")),)
    assert first(service(), *slices).local_endpoints is None
    assert first(service(internal_local=True), *slices).local_endpoints == (at("10.0.0.1:8080"),)
    assert first(service(internal_local=True), made_slice(member("10.0.0.2", "there"))).local_endpoints == ()


def test_a_local_policy_falls_back_to_leaving_endpoints_of_this_node() -> None:
    slices = (made_slice(member("10.0.0.1", state=LEAVING), member("10.0.0.2", "there")),)
    found = first(service(external_local=True), *slices)
    assert (found.endpoints, found.local_endpoints) == ((at("10.0.0.2:8080"),), (at("10.0.0.1:8080"),))
    assert found.hairpin == (address("10.0.0.1"),)


def test_hairpin_is_for_this_nodes_endpoints() -> None:
    found = first(service(), made_slice(member("10.0.0.1"), member("10.0.0.2", "there")))
    assert found.hairpin == (address("10.0.0.1"),)


def test_every_kind_of_frontend() -> None:
    wanted = service(
        ports=(Port("", TCP, 80, 30080),),
        external_ips=(address("192.0.2.9"), address("fd00::9")),
        ingress_ips=(address("192.0.2.7"),),
    )
    assert first(wanted).frontends == (
        Frontend(frontend_key(address("10.96.0.10"), TCP, 80), CLUSTER_IP, INTERNAL),
        Frontend(frontend_key(address("192.0.2.7"), TCP, 80), LOAD_BALANCER, MASQUERADE),
        Frontend(frontend_key(address("192.0.2.9"), TCP, 80), EXTERNAL_IP, MASQUERADE),
        Frontend(frontend_key(b"", TCP, 30080), NODE_PORT, MASQUERADE),
    )


def test_policies_become_flags() -> None:
    wanted = service(ports=(Port("", TCP, 80, 30080),), internal_local=True, external_local=True)
    assert [each.flags for each in first(wanted).frontends] == [INTERNAL | LOCAL_LIST, EXTERNAL_LOCAL | LOCAL_LIST]


def test_the_node_in_front_of_all_leads_to_every_endpoint_and_keeps_the_source() -> None:
    wanted = service(ports=(Port("", TCP, 80, 30080),), ingress_ips=(address("192.0.2.7"),), external_local=True)
    for balances, flags in ((False, EXTERNAL_LOCAL | LOCAL_LIST), (True, 0)):
        settings = Settings(pod_cidrs=("10.244.0.0/24",), balances_nodes=balances)
        found = {each.kind: each.flags for each in first(wanted, settings=settings).frontends}
        assert found == {CLUSTER_IP: INTERNAL, LOAD_BALANCER: flags, NODE_PORT: EXTERNAL_LOCAL | LOCAL_LIST}
    cluster = service(ingress_ips=(address("192.0.2.7"),))
    assert first(cluster, settings=Settings(balances_nodes=True)).frontends[1].flags == MASQUERADE


def test_masquerade_all_and_unknown_pod_addresses() -> None:
    everything = Settings(pod_cidrs=("10.244.0.0/24",), masquerade_all=True)
    assert first(service(), settings=everything).frontends[0].flags == INTERNAL | MASQUERADE
    assert first(service(), settings=Settings()).frontends[0].flags == 0
    node = NodeView("here", pod_cidrs=("10.244.0.0/24",))
    assert first(service(), settings=Settings(), node=node).frontends[0].flags == INTERNAL


def span(low: str, high: str) -> Range:
    return Range(address(low), address(high))


def ranges_of(*ranges: Range, node: NodeView = NODE) -> tuple[int, tuple[Range, ...]]:
    wanted = service(ingress_ips=(address("198.51.100.7"),), source_ranges=ranges)
    found = first(wanted, node=node).frontends[1]
    return found.flags & FIREWALL, found.source_ranges


def test_source_ranges_guard_the_load_balancer() -> None:
    assert ranges_of() == (0, ())
    assert ranges_of(span("203.0.113.0", "203.0.113.255")) == (FIREWALL, (span("203.0.113.0", "203.0.113.255"),))


def test_a_range_of_everyone_is_no_guard() -> None:
    assert ranges_of(span("0.0.0.0", "255.255.255.255"), span("10.0.0.0", "10.0.0.1")) == (0, ())


def test_overlapping_ranges_are_joined() -> None:
    found = ranges_of(span("10.0.0.0", "10.0.0.9"), span("10.0.0.5", "10.0.0.20"), span("10.0.0.21", "10.0.0.30"))
    assert found == (FIREWALL, (span("10.0.0.0", "10.0.0.30"),))


def test_a_node_that_is_allowed_may_use_the_balancers_address_as_source() -> None:
    vip = span("198.51.100.7", "198.51.100.7")
    mine = span("192.0.2.0", "192.0.2.255")
    assert ranges_of(mine) == (FIREWALL, (mine, vip))


def test_ranges_of_another_family_alone_do_not_guard() -> None:
    assert ranges_of(span("fd00::", "fd00::ff")) == (0, ())


def test_flows_stay_with_what_serves_and_else_with_what_is_there() -> None:
    wanted = service(ports=(Port("", UDP, 53, 0),))
    ports = (SlicePort("", UDP, 53),)

    def flows(*states: int) -> frozenset[bytes] | None:
        members = [member(f"10.0.0.{number}", state=state) for number, state in enumerate(states, 1)]
        return first(wanted, made_slice(*members, ports=ports)).flows

    assert flows(READY | SERVING, LEAVING, 0) == {at("10.0.0.1:53"), at("10.0.0.2:53")}
    assert flows(0, 0) == {at("10.0.0.1:53"), at("10.0.0.2:53")}
    assert flows() == frozenset()
    assert first(service()).flows is None


def test_the_first_of_two_equal_frontends_counts() -> None:
    same = address("192.0.2.7")
    found = first(service(external_ips=(same,), ingress_ips=(same,)))
    assert [each.kind for each in found.frontends] == [CLUSTER_IP, LOAD_BALANCER]


def test_affinity_is_passed_on() -> None:
    assert first(service(affinity_s=77)).affinity_s == 77
    assert IPV4 == 4
