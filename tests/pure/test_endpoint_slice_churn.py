"""Under any churn: planning for the changed pods alone is as good as planning whole, and writes no more than upstream.

The reference counts the writes of upstream's published algorithm (KEP-0752, "EndpointSlice controller") on bare sets.
"""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st
from slice_cases import Stored, planned, pod, service

from fairway.controllers.rules.slices import endpoint_key
from fairway.objects import Object

NAMED = service(ports=[{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "web"}])
Pods = dict[int, tuple[str, int, bool]]

pod_states = st.tuples(st.sampled_from(["True", "False"]), st.sampled_from([8080, 9090]), st.booleans())
churn = st.lists(st.tuples(st.integers(0, 40), st.none() | pod_states), max_size=6)


def pods_of(present: Pods) -> list[Object]:
    return [pod(n, ready, port, leaving=leaving) for n, (ready, port, leaving) in present.items()]


def expected_writes(present: Pods, slices: list[Object], limit: int) -> int:
    """How many writes upstream's algorithm needs from ``slices`` to ``present``."""
    wanted: dict[int, dict[str, object]] = {}
    for one in pods_of(present):
        (made,) = planned(NAMED, [one], []).create
        wanted.setdefault(made["ports"][0]["port"], {})[one["metadata"]["uid"]] = made["endpoints"][0]
    created = deleted = updated = 0
    for port in {*wanted, *(found["ports"][0]["port"] for found in slices if found["ports"])}:
        of_port = [found for found in slices if found["ports"] and found["ports"][0]["port"] == port]
        more = _group_writes(of_port, dict(wanted.get(port, {})), limit)
        created, updated, deleted = created + more[0], updated + more[1], deleted + more[2]
    empty = sum(1 for found in slices if not found["ports"])
    if present:
        deleted += empty
    elif not empty:
        created += 1
    return updated + max(created, deleted)


def _group_writes(slices: list[Object], left: dict[str, object], limit: int) -> tuple[int, int, int]:
    rooms, unchanged, deleted = [], [], 0
    for found in slices:
        kept = {one["targetRef"]["uid"]: one for one in found["endpoints"] if one["targetRef"]["uid"] in left}
        is_same = len(kept) == len(found["endpoints"]) and all(left[uid] == one for uid, one in kept.items())
        for uid in kept:
            del left[uid]
        if not kept:
            deleted += 1
        elif is_same:
            unchanged.append(len(kept))
        else:
            rooms.append(limit - len(kept))
    count, updated, created = len(left), len(rooms), 0
    for room in sorted(rooms):
        count -= min(room, count)
    while count:
        if any(size + count <= limit for size in unchanged):
            updated, count = updated + 1, 0
        else:
            created, count = created + 1, count - min(limit, count)
    return created, updated, deleted


def told(slices: list[Object]) -> Mapping[object, Object]:
    found = [one for each in slices for one in each["endpoints"]]
    by_key = {endpoint_key(one): one for one in found}
    assert len(by_key) == len(found), "an endpoint stands in two slices"
    return by_key


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.integers(0, 40), pod_states, max_size=30), st.lists(churn, max_size=6), st.integers(1, 7))
def test_what_changed_is_enough_to_know(start: Pods, history: list[list[tuple[int, object]]], limit: int) -> None:
    present = dict(start)
    stored = Stored()
    stored.apply(planned(NAMED, pods_of(present), [], limit))
    for changes in history:
        before = dict(present)
        for number, state in changes:
            if state is None:
                present.pop(number, None)
            else:
                present[number] = state  # type: ignore[assignment]
        numbers = {number for number, _ in changes}
        changed = {n: state for n, state in present.items() if n in numbers}
        only = {f"pod-{number}" for number in numbers}
        partial = planned(NAMED, pods_of(changed), stored.all, limit, only=only)
        count = len(partial.create) + len(partial.update) + len(partial.delete)
        assert count <= expected_writes(present, stored.all, limit)
        assert count or present == before
        stored.apply(partial)
        assert all(len(found["endpoints"]) <= limit for found in stored.all)
        assert told(stored.all).keys() == {endpoint_key(one) for one in _endpoints(present)}
        assert not planned(NAMED, pods_of(present), stored.all, limit), "a whole plan finds something else"


def _endpoints(present: Pods) -> list[Object]:
    return [one for new in planned(NAMED, pods_of(present), []).create for one in new["endpoints"]]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(st.integers(0, 40), pod_states, max_size=30), max_size=6), st.integers(1, 7))
def test_whole_plans_write_no_more_than_upstream(history: list[Pods], limit: int) -> None:
    stored = Stored()
    for present in history:
        writes = planned(NAMED, pods_of(present), stored.all, limit)
        count = len(writes.create) + len(writes.update) + len(writes.delete)
        assert count <= expected_writes(present, stored.all, limit)
        stored.apply(writes)


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 60), min_size=1, max_size=40), st.integers(0, 60), st.integers(2, 9), st.booleans())
def test_one_changed_pod_is_one_write_per_family(present: set[int], changed: int, limit: int, is_partial: bool) -> None:
    both = service(ipFamilies=["IPv4", "IPv6"])

    def dual(number: int) -> Object:
        return pod(number, ips=[{"ip": f"10.244.0.{number + 1}"}, {"ip": f"fd00::{number + 1:x}"}])

    stored = Stored()
    stored.apply(planned(both, [dual(n) for n in sorted(present)], [], limit))
    after = present ^ {changed}
    asked = after & {changed} if is_partial else after
    only = {f"pod-{changed}"} if is_partial else None
    writes = planned(both, [dual(n) for n in sorted(asked)], stored.all, limit, only=only)
    assert len(writes.create) + len(writes.update) + len(writes.delete) <= 2
    stored.apply(writes)
    assert {one["targetRef"]["uid"] for found in stored.all for one in found["endpoints"]} == {
        f"pod-{number}" for number in after
    }
