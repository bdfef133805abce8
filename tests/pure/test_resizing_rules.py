"""Resizing in place: what a pod takes, what a node can give, and what the control group is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.node.cgroup_limits import files, weight
from fairway.node.pod_view import Waiting
from fairway.node.resizing.rules import changed, is_resizable, refusal, requested, restarts
from fairway.node.runtimes.interface import Limits
from fairway.objects import Object
from fairway.objects.quantity import parse
from pure.node_cases import pod


def sized(name: str, cpu: str, **more: str) -> Object:
    return {"name": name, "image": "x", "resources": {"requests": {"cpu": cpu}}, **more}


def test_amounts_are_compared_not_their_texts() -> None:
    assert changed({"requests": {"cpu": "1"}}, {"requests": {"cpu": "1000m"}}) == set()
    assert changed({"limits": {"memory": "1Gi"}}, {"limits": {"memory": "1G"}}) == {"memory"}
    assert changed({}, {"requests": {"cpu": "1", "ephemeral-storage": "1Gi"}}) == {"cpu"}


def test_a_pod_takes_the_larger_of_its_start_and_its_run() -> None:
    inits = [sized("plain", "3"), sized("side", "1", restartPolicy="Always")]
    found = pod(containers=[sized("main", "1"), sized("more", "500m")], initContainers=inits)
    assert requested(found, {})["cpu"] == parse("3")
    assert requested(found, {"more": {"requests": {"cpu": "2"}}})["cpu"] == parse("4")
    with_overhead = pod(containers=[{"name": "main", "resources": {"limits": {"cpu": "2"}}}], overhead={"cpu": "250m"})
    assert requested(with_overhead, {})["cpu"] == parse("2250m")
    whole = with_overhead | {"spec": with_overhead["spec"] | {"resources": {"requests": {"cpu": "3"}}}}
    assert requested(whole, {})["cpu"] == parse("3250m")


def test_what_runs_once_is_not_resized() -> None:
    found = pod(
        containers=[sized("main", "1")],
        initContainers=[sized("plain", "1"), sized("side", "1", restartPolicy="Always")],
    )
    assert [is_resizable(found, name) for name in ("main", "side", "plain", "other")] == [True, True, False, False]


def test_only_a_resource_with_that_policy_starts_a_container_anew() -> None:
    container: Object = {"resizePolicy": [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]}
    assert not restarts(container, {"limits": {"cpu": "1"}}, {"limits": {"cpu": "2"}})
    assert restarts(container, {"limits": {"memory": "1Gi"}}, {"limits": {"memory": "2Gi"}})


AMOUNTS = st.integers(0, 4000).map(lambda milli: {"cpu": parse(f"{milli}m"), "memory": parse("0")})


@given(AMOUNTS, AMOUNTS, st.lists(AMOUNTS, max_size=4))
def test_what_does_not_grow_is_never_refused_and_what_is_granted_fits(
    asked: Object, had: Object, others: list[Object]
) -> None:
    refused = refusal(asked, had, others, {"cpu": "3", "memory": "1Gi"})
    used = sum(each["cpu"].milli for each in others)
    if asked["cpu"].milli <= had["cpu"].milli:
        assert refused is None
    elif refused is None:
        assert asked["cpu"].milli + used <= 3000
    else:
        assert refused.reason == ("Infeasible" if asked["cpu"].milli > 3000 else "Deferred")


def test_a_node_that_says_nothing_refuses_nothing() -> None:
    asked, had = ({"cpu": parse(text), "memory": parse("0")} for text in ("9", "1"))
    assert refusal(asked, had, [], {}) is None
    assert refusal(asked, had, [], {"cpu": "8"}) == Waiting(
        "Infeasible", "Node didn't have enough capacity: cpu, requested: 9000, capacity: 8000"
    )


def test_the_files_of_both_versions() -> None:
    limits = Limits(512, 50_000, 64 << 20)
    assert dict(files(2, limits)) == {"cpu.weight": "20", "cpu.max": "50000 100000", "memory.max": str(64 << 20)}
    first = [name for name, _ in files(1, limits)]
    assert first[0] == "cpu.shares"
    assert first[-3:] == ["memory.memsw.limit_in_bytes", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]
    assert dict(files(2, Limits())) == {"cpu.max": "max 100000", "memory.max": "max"}
    assert dict(files(1, Limits()))["cpu.cfs_quota_us"] == "-1"


@pytest.mark.parametrize(("shares", "expected"), [(2, 1), (1024, 39), (262144, 10000)])
def test_shares_become_weights_as_oci_runtimes_have_it(shares: int, expected: int) -> None:
    assert weight(shares) == expected
