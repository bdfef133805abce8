"""Addresses, ranges, the inventory, fixed elements, stale flows, health and metrics."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxy_objects import NODE, SETTINGS, at, made_slice, member, service

from fairway.proxy import words
from fairway.proxy.delta import FlowRule
from fairway.proxy.fixed import fixed_elements, loopback_families
from fairway.proxy.health import Health
from fairway.proxy.inventory import Inventory
from fairway.proxy.metrics import ProxyMetrics
from fairway.proxy.model import (
    NOTHING,
    TCP,
    UDP,
    AddressError,
    NodeView,
    Range,
    Settings,
    address,
    address_range,
    address_text,
    endpoint_text,
    frontend_key,
    frontend_parts,
    frontend_text,
    merged,
)
from fairway.proxy.no_local import NoLocal
from fairway.proxy.resolve import resolve
from fairway.proxy.stale import Flow, is_stale, rules_by_frontend


@pytest.mark.parametrize("text", ["10.0.0.1", "::", "fd00::1"])
def test_addresses_are_read_and_written(text: str) -> None:
    assert address_text(address(text)) == text


@pytest.mark.parametrize("text", ["", "None", "10.0.0", "10.0.0.256", "fd00::g", "a.b", "10.0.0.1\0"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        address(text)


def test_endpoints_and_frontends_for_people() -> None:
    assert endpoint_text(at("10.0.0.1:80")) == "10.0.0.1:80"
    assert endpoint_text(at("[fd00::1]:80")) == "[fd00::1]:80"
    assert frontend_text(frontend_key(address("10.96.0.1"), TCP, 443)) == "10.96.0.1:443/TCP"
    assert frontend_text(frontend_key(address("fd00::1"), UDP, 53)) == "[fd00::1]:53/UDP"
    assert frontend_text(frontend_key(b"", TCP, 30080)) == ":30080/TCP"
    assert frontend_parts(frontend_key(address("10.96.0.1"), TCP, 443)) == (address("10.96.0.1"), TCP, 443)


@pytest.mark.parametrize(
    ("cidr", "first", "last"),
    [
        ("10.96.0.0/16", "10.96.0.0", "10.96.255.255"),
        ("10.96.7.9/16", "10.96.0.0", "10.96.255.255"),
        ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
        ("10.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("fd00::/120", "fd00::", "fd00::ff"),
    ],
)
def test_the_addresses_of_a_cidr(cidr: str, first: str, last: str) -> None:
    assert address_range(cidr) == Range(address(first), address(last))


@pytest.mark.parametrize("cidr", ["10.0.0.0/33", "10.0.0.0/x", "10.0.0.0/-1", "x/8", "/8"])
def test_what_is_no_cidr_is_refused(cidr: str) -> None:
    with pytest.raises(AddressError):
        address_range(cidr)


_range = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(
    lambda pair: Range(*(bytes((0, 0, 0, n)) for n in sorted(pair)))
)


@given(st.lists(_range))
def test_merged_ranges_hold_the_same_addresses_without_touching(ranges: list[Range]) -> None:
    def addresses(of: object) -> list[int]:
        return [n for first, last in of for n in range(first[3], last[3] + 1)]  # type: ignore[attr-defined]

    found = merged(ranges)
    assert sorted(addresses(found)) == sorted(set(addresses(ranges)))
    assert all(found[i].last[3] + 1 < found[i + 1].first[3] for i in range(len(found) - 1))


# Inventory


def inventory() -> Inventory:
    return Inventory(NODE, SETTINGS)


def test_only_touched_services_are_taken_and_once() -> None:
    known = inventory()
    known.put_service("default/web", service())
    known.put_slice("default/web-1", None, made_slice(member("10.0.0.1")))
    assert known.take() == ["default/web"]
    assert known.take() == []
    assert known.resolved("default/web").ipv4[0].endpoints == (at("10.0.0.1:8080"),)


def test_an_update_that_changes_nothing_touches_nothing() -> None:
    known = inventory()
    known.put_service("default/web", service())
    before = made_slice(member("10.0.0.1"))
    known.put_slice("default/web-1", None, before)
    known.take()
    known.put_service("default/web", service())
    known.put_slice("default/web-1", before, before._replace(triggered_s=7.0))
    assert known.take() == []


def test_a_slice_that_changes_its_service_touches_both() -> None:
    known = inventory()
    before = made_slice(member("10.0.0.1"))
    known.put_slice("default/s", None, before)
    known.take()
    known.put_slice("default/s", before, before._replace(service="default/other"))
    assert known.take() == ["default/web", "default/other"]
    assert known.resolved("default/web") == NOTHING


def test_a_slice_that_is_gone_is_forgotten() -> None:
    known = inventory()
    known.put_service("default/web", service())
    before = made_slice(member("10.0.0.1"))
    known.put_slice("default/s", None, before)
    known.put_slice("default/s", before, None)
    assert known.resolved("default/web").ipv4[0].endpoints == ()


def test_many_are_taken_in_portions() -> None:
    known = inventory()
    for number in range(5):
        known.put_service(f"default/{number}", service())
    assert [known.take(2), known.take(2), known.take(2)] == [
        ["default/0", "default/1"], ["default/2", "default/3"], ["default/4"],
    ]  # fmt: skip


def test_every_trigger_of_a_service_is_kept_until_it_is_programmed() -> None:
    known = inventory()
    for name, triggered_s in (("a", 8.0), ("b", 7.0), ("c", 9.0)):
        known.put_slice(name, None, made_slice(member("10.0.0.1"))._replace(triggered_s=triggered_s))
    assert known.take_triggers(["default/web"]) == [(4, 8.0), (4, 7.0), (4, 9.0)]
    assert known.take_triggers(["default/web"]) == []


# Fixed elements


def spans(name: str, family: int = 4, node: NodeView = NODE, **settings: object) -> list[str]:
    found = fixed_elements(family, node, Settings(**settings)).get(name, {})  # type: ignore[arg-type]
    size = 4 if family == 4 else 16
    return [f"{address_text(key[:size])}-{address_text(key[size:])}" for key in sorted(found)]


def test_node_ports_answer_everywhere_but_on_loopback() -> None:
    name = words.NODE_PORT_ADDRESSES
    assert spans(name) == ["0.0.0.0-126.255.255.255", "128.0.0.0-255.255.255.255"]
    assert spans(name, 6) == ["::2-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]
    assert spans(name, nodeport_addresses=("0.0.0.0/0",)) == spans(name)
    assert spans(name, nodeport_addresses=("126.0.0.0/7",)) == ["126.0.0.0-126.255.255.255"]


def test_loopback_has_to_be_named_and_is_taken_whole() -> None:
    name = words.NODE_PORT_ADDRESSES
    assert spans(name, nodeport_addresses=("0.0.0.0/0", "127.0.0.1/32")) == ["0.0.0.0-255.255.255.255"]
    assert spans(name, nodeport_addresses=("127.0.0.2/32",)) == ["127.0.0.0-127.255.255.255"]
    named = {(): (), ("0.0.0.0/0", "::/0"): (), ("primary", "127.0.0.0/8"): (4,), ("::1/128",): (6,)}
    assert {texts: loopback_families(Settings(nodeport_addresses=texts)) for texts in named} == named
    assert spans(name, 6, nodeport_addresses=("::1/128",)) == ["::1-::1"]


def test_node_ports_may_be_limited() -> None:
    node = NodeView("here", addresses=(address("192.0.2.1"), address("192.0.2.2"), address("fd00::1")))
    name = words.NODE_PORT_ADDRESSES
    assert spans(name, node=node, nodeport_addresses=("primary",)) == ["192.0.2.1-192.0.2.1"]
    assert spans(name, 6, node=node, nodeport_addresses=("primary",)) == ["fd00::1-fd00::1"]
    assert spans(name, nodeport_addresses=("10.0.0.0/8", "nonsense")) == ["10.0.0.0-10.255.255.255"]
    assert spans(name, 6, nodeport_addresses=("10.0.0.0/8",)) == []


def test_pod_cidrs_are_the_nodes_unless_they_are_set() -> None:
    node = NodeView("here", pod_cidrs=("10.244.3.0/24",))
    assert spans(words.POD_CIDRS, node=node) == ["10.244.3.0-10.244.3.255"]
    assert spans(words.POD_CIDRS, node=node, pod_cidrs=("10.244.0.0/16",)) == ["10.244.0.0-10.244.255.255"]


# Stale flows

FRONTEND = frontend_key(address("10.96.0.10"), UDP, 53)
NODE_PORT = frontend_key(b"", UDP, 30053)
OWN = frozenset([address("192.0.2.1")])


def stale(frontend: bytes, answered_by: str, allowed: frozenset[bytes], *, translated: bool = True) -> bool:
    rules = rules_by_frontend([FlowRule(FRONTEND, allowed), FlowRule(NODE_PORT, allowed)])  # type: ignore[arg-type]
    return is_stale(Flow(frontend, at(answered_by), translated), rules, OWN)  # type: ignore[arg-type]


def test_a_flow_is_stale_if_its_endpoint_is_gone() -> None:
    allowed = frozenset([at("10.0.0.1:53")])
    assert not stale(FRONTEND, "10.0.0.1:53", allowed)
    assert stale(FRONTEND, "10.0.0.2:53", allowed)
    assert stale(FRONTEND, "10.0.0.1:54", allowed)


def test_a_flow_that_began_before_the_service_came_is_stale_once_there_is_an_endpoint() -> None:
    assert stale(FRONTEND, "10.96.0.10:53", frozenset([at("10.0.0.1:53")]), translated=False)
    assert not stale(FRONTEND, "10.96.0.10:53", frozenset(), translated=False)


def test_without_any_endpoint_translated_flows_are_stale() -> None:
    assert stale(FRONTEND, "10.0.0.1:53", frozenset())


def test_flows_to_other_frontends_are_not_ours() -> None:
    other = frontend_key(address("10.96.0.11"), UDP, 53)
    assert not stale(other, "10.0.0.9:53", frozenset())


def test_a_flow_to_a_node_port_is_known_by_the_machines_address() -> None:
    allowed = frozenset([at("10.0.0.1:53")])
    mine, elsewhere = (frontend_key(address(ip), UDP, 30053) for ip in ("192.0.2.1", "198.51.100.1"))
    assert stale(mine, "10.0.0.2:53", allowed)
    assert stale(mine, "192.0.2.1:30053", allowed, translated=False)
    assert not stale(elsewhere, "10.0.0.2:53", allowed), "another Service's port of the same number"
    assert not stale(elsewhere, "198.51.100.1:30053", allowed, translated=False)


# Health and metrics


def health(pending_since_s: float | None, *, eligible: bool = True) -> Health:
    return Health(1000.0, 940.0, pending_since_s, eligible, (4, 6))


def test_a_change_that_waits_too_long_is_unhealthy() -> None:
    assert health(None).is_healthy
    assert health(941.0).is_healthy
    assert not health(939.0).is_live


def test_a_node_that_leaves_is_live_but_not_healthy() -> None:
    leaving = health(None, eligible=False)
    assert (leaving.is_live, leaving.is_healthy) == (True, False)


def test_the_body_of_healthz() -> None:
    each = {"lastUpdated": "1970-01-01T00:15:40Z", "healthy": True}
    assert json.loads(health(None).body()) == {
        "lastUpdated": "1970-01-01T00:15:40Z", "currentTime": "1970-01-01T00:16:40Z", "nodeEligible": True,
        "healthy": True, "status": {"IPv4": each, "IPv6": each},
    }  # fmt: skip


HISTOGRAMS = (
    "sync_proxy_rules_duration_seconds", "sync_full_proxy_rules_duration_seconds",
    "sync_partial_proxy_rules_duration_seconds", "network_programming_duration_seconds",
    "conntrack_reconciler_sync_duration_seconds",
)  # fmt: skip
VALUES = (
    "sync_proxy_rules_last_timestamp_seconds", "sync_proxy_rules_last_queued_timestamp_seconds",
    "sync_proxy_rules_endpoint_changes_pending", "sync_proxy_rules_endpoint_changes_total",
    "sync_proxy_rules_service_changes_pending", "sync_proxy_rules_service_changes_total",
    "sync_proxy_rules_nftables_sync_failures_total", "sync_proxy_rules_nftables_cleanup_failures_total",
    "conntrack_reconciler_deleted_entries_total",
)  # fmt: skip


def test_metrics_have_upstreams_names_and_a_family_each() -> None:
    metrics = ProxyMetrics()
    metrics.of(6).sync.observe(0.003)
    metrics.of(4).add("conntrack_reconciler_deleted_entries_total", 2)
    metrics.answered("healthz", 503)
    lines = metrics.text().splitlines()
    sync = "kubeproxy_sync_proxy_rules_duration_seconds"
    assert f'{sync}_bucket{{ip_family="IPv6",le="0.002"}} 0' in lines
    assert f'{sync}_bucket{{ip_family="IPv6",le="0.004"}} 1' in lines
    assert (f'{sync}_count{{ip_family="IPv6"}} 1' in lines, f'{sync}_count{{ip_family="IPv4"}} 0' in lines) == (
        True,
        True,
    )
    assert 'kubeproxy_conntrack_reconciler_deleted_entries_total{ip_family="IPv4"} 2' in lines
    assert 'kubeproxy_proxy_healthz_total{code="503"} 1' in lines
    for family in ("IPv4", "IPv6"):
        for name in HISTOGRAMS:
            assert any(line.startswith(f'kubeproxy_{name}_sum{{ip_family="{family}"}} ') for line in lines), name
        for name in VALUES:
            assert any(line.startswith(f'kubeproxy_{name}{{ip_family="{family}"}} ') for line in lines), name
        for policy in ("internal", "external"):
            label = f'{{ip_family="{family}",traffic_policy="{policy}"}}'
            assert f"kubeproxy_sync_proxy_rules_no_local_endpoints_total{label} 0" in lines
    typed = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(typed) == len(set(typed)), "each is declared once"
    assert sorted(typed) == sorted(line.split()[2] for line in lines if line.startswith("# HELP"))


def test_service_ports_without_local_endpoints_are_counted_by_policy() -> None:
    known = NoLocal()
    both = service("10.96.0.10", "fd96::10", internal_local=True, external_local=True, external_ips=(
        address("192.0.2.9"),))  # fmt: skip
    elsewhere = [made_slice(member("10.244.1.9", "there"))]
    known.put("default/web", resolve(both, elsewhere, NODE, SETTINGS))
    assert known.counts(4) == {"internal": 1, "external": 1}
    assert known.counts(6) == {"internal": 0, "external": 0}, "without any endpoint they are refused, not dropped"
    known.put("default/web", resolve(both, [made_slice(member("10.244.0.5"))], NODE, SETTINGS))
    assert known.counts(4) == {"internal": 0, "external": 0}
    known.put("default/other", resolve(service(internal_local=True), elsewhere, NODE, SETTINGS))
    assert known.counts(4) == {"internal": 1, "external": 0}
    known.put("default/other", NOTHING)
    assert known.counts(4) == {"internal": 0, "external": 0}


def test_changes_are_counted_by_family_and_pending_until_they_are_settled() -> None:
    known = Inventory(NODE, SETTINGS)
    known.put_service("default/web", service("10.96.0.10", "fd96::10"))
    known.put_slice("web-1", None, made_slice(member("10.244.0.5")))
    expected = {("service", 4): 1, ("service", 6): 1, ("endpoint", 4): 1}
    assert (dict(known.changes), dict(known.pending_changes)) == (expected, expected)
    known.settled()
    known.put_service("default/web", None)
    assert dict(known.pending_changes) == {("service", 4): 1, ("service", 6): 1}
    assert known.changes["service", 4] == 2
