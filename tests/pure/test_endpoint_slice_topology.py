"""Hints in proportion to the zones' CPUs: who gets them, what moves, and when there are none."""

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from slice_cases import Stored, planned, pod, service

from fairway.controllers.endpoint_slice.hints import is_proportional
from fairway.controllers.endpoint_slice.progress import Standing
from fairway.controllers.endpoint_slice.topology import (
    DISABLED,
    ENABLED,
    NO_NODE_INFO,
    NO_ZONE,
    ONE_ZONE,
    OVERLOADED,
    TOO_FEW,
    Zones,
    allocate,
    zones_among,
)
from fairway.objects import Object

EVEN = Zones({"a": 0.5, "b": 0.5})


def node(zone: str = "a", cpu: str = "4", ready: str = "True", **labels: str) -> Object:
    found = {**({"topology.kubernetes.io/zone": zone} if zone else {}), **labels}
    allocatable = {"cpu": cpu} if cpu else {}
    conditions = [{"type": "Ready", "status": ready}]
    return {"metadata": {"labels": found}, "status": {"allocatable": allocatable, "conditions": conditions}}


def auto(**annotations: str) -> Object:
    made = service()
    made["metadata"]["annotations"] = annotations or {"service.kubernetes.io/topology-mode": "Auto"}
    return made


def shown(stored: Stored) -> dict[str, Any]:
    return {
        one["targetRef"]["name"]: "".join(hint["name"] for hint in one.get("hints", {}).get("forZones", ()))
        for found in stored.all for one in found["endpoints"]
    }  # fmt: skip


def test_zones_weigh_as_much_as_their_ready_nodes_have_cpus() -> None:
    assert zones_among([node("a", "2"), node("b", "4"), node("b", "1500m"), node("c", "500m")]).shares == {
        "a": 0.25, "b": 0.6875, "c": 0.0625,
    }  # fmt: skip
    control = {"node-role.kubernetes.io/control-plane": ""}
    assert zones_among([node("a"), node("b"), node("", "", **control), node("c", ready="False")]) == EVEN


def test_without_zones_to_share_among_it_is_said_why() -> None:
    assert zones_among([]).why_not == NO_NODE_INFO
    assert zones_among([node("a"), node("")]).why_not == NO_NODE_INFO
    assert zones_among([node("a"), node("b", "")]).why_not == NO_NODE_INFO
    assert zones_among([node("a"), node("a")]).why_not == ONE_ZONE
    assert zones_among([node("a"), node("b", ready="False")]).why_not == ONE_ZONE


def test_both_annotations_ask_for_it_and_the_older_one_decides() -> None:
    old, new = "service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"
    assert is_proportional(auto(**{new: "Auto"}))
    assert is_proportional(auto(**{new: "auto"}))
    assert is_proportional(auto(**{old: "auto"}))
    assert not is_proportional(auto(**{old: "Disabled", new: "Auto"}))
    assert not is_proportional(auto(**{new: "AUTO"}))


def test_endpoints_are_for_their_own_zone_where_that_is_fair() -> None:
    stored = Stored()
    writes = planned(auto(), [pod(n, node=f"in-{'ab'[n % 2]}") for n in range(4)], [], zones=EVEN)
    stored.apply(writes)
    assert shown(stored) == {"web-0": "a", "web-1": "b", "web-2": "a", "web-3": "b"}
    assert writes.hints == {"IPv4": ""}


def test_a_zone_with_too_few_gets_endpoints_of_another_and_those_not_ready_get_no_hint() -> None:
    stored = Stored()
    pods = [*(pod(n, node="in-a") for n in range(4)), pod(7, "False", node="in-b")]
    stored.apply(planned(auto(), pods, [], zones=EVEN))
    assert sorted(shown(stored).values()) == ["", "a", "a", "b", "b"]


def test_why_there_are_no_hints() -> None:
    def why(*pods: Object, zones: Zones = EVEN) -> str:
        writes = planned(auto(), list(pods), [], zones=zones)
        assert all("hints" not in one for new in writes.create for one in new["endpoints"])
        return writes.hints["IPv4"]

    assert why(pod(1, node="in-a")) == TOO_FEW
    assert why(pod(1, node="in-a"), pod(2, node="n2")) == NO_ZONE
    assert why(pod(1, node="in-a"), pod(2, node="in-a"), zones=Zones({}, ONE_ZONE)) == ONE_ZONE
    skewed = Zones({"a": 0.98, "b": 0.01, "c": 0.01})
    assert why(*(pod(n, node="in-a") for n in range(3)), zones=skewed) == OVERLOADED


def test_the_annotation_decides_alone() -> None:
    both = auto()
    both["spec"]["trafficDistribution"] = "PreferSameZone"
    (made,) = planned(both, [pod(1, node="in-a")], [], zones=EVEN).create
    assert "hints" not in made["endpoints"][0]


def test_events_come_once_per_change() -> None:
    standing = Standing()

    def events(**hints: str) -> list[tuple[str, str, str]]:
        return list(standing.events(hints, (ENABLED, DISABLED)))

    assert events() == []
    assert events(IPv4=TOO_FEW) == [("Warning", "TopologyAwareHintsDisabled", f"{TOO_FEW}, addressType: IPv4")]
    assert events(IPv4=TOO_FEW) == []
    assert events(IPv4="") == [("Normal", "TopologyAwareHintsEnabled", f"{ENABLED}, addressType: IPv4")]
    assert events(IPv4="") == []
    assert events() == [("Warning", "TopologyAwareHintsDisabled", f"{DISABLED}, addressType: IPv4")]
    assert events() == []


shares = st.lists(st.integers(1, 50), min_size=2, max_size=5).map(
    lambda cpus: Zones({f"z{n}": cpu / sum(cpus) for n, cpu in enumerate(cpus)})
)


@settings(max_examples=300, deadline=None)
@given(shares, st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=40))
def test_every_endpoint_has_one_zone_none_is_overloaded_and_what_is_fair_stays(
    zones: Zones, places: list[tuple[int, int]]
) -> None:
    present = {n: f"z{now}" for n, (now, _) in enumerate(places)}
    homes = {n: f"z{home}" for n, (_, home) in enumerate(places)}
    found, why_not = allocate(zones, present, homes)
    if why_not:
        assert found == {}
        assert why_not in (TOO_FEW, OVERLOADED)
        return
    assert found.keys() == present.keys()
    for zone, share in zones.shares.items():
        held = sum(1 for one in found.values() if one == zone)
        assert held >= math.ceil(share * len(present) / 1.2 - 1e-6) >= 1
    assert allocate(zones, found, homes) == (found, "")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.dictionaries(st.integers(0, 40), st.sampled_from("abc"), max_size=30), min_size=1, max_size=5))
def test_plans_with_shared_hints_leave_nothing_to_do(history: list[dict[int, str]]) -> None:
    zones = Zones({"a": 0.5, "b": 0.25, "c": 0.25})
    stored = Stored()
    for present in history:
        pods = [pod(n, node=f"in-{zone}") for n, zone in present.items()]
        stored.apply(planned(auto(), pods, stored.all, 7, zones))
        assert not planned(auto(), pods, stored.all, 7, zones)


def test_a_pod_more_moves_nobody_while_the_shares_hold() -> None:
    stored = Stored()
    pods = [pod(n, node=f"in-{'ab'[n % 2]}") for n in range(300)]
    stored.apply(planned(auto(), pods, [], zones=EVEN))
    writes = planned(auto(), [*pods, pod(400, node="in-a")], stored.all, zones=EVEN)
    assert len(writes.create) + len(writes.update) + len(writes.delete) == 1
