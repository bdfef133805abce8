"""Disruption budgets: what they may say, how many pods may go, and what an eviction is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kind_cases import cells, made, refused

from fairway.apiserver.stored import Stored
from fairway.apiserver.subresources.eviction import VIOLATES, budget_of, grant
from fairway.controllers.disruption.plan import DISRUPTED_S, desired, failed, needs_scale, next_look_s, status
from fairway.kinds import POD_DISRUPTION_BUDGET
from fairway.kinds.pod_disruption_budget import COUNTS
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.times import rfc3339

NOW = 1_767_225_600.0


def budget(told: Object | None = None, **spec: Any) -> Object:
    spec.setdefault("selector", {"matchLabels": {"app": "web"}})
    new = made(POD_DISRUPTION_BUDGET, {"metadata": {"name": "b", "namespace": "d", "generation": 1}, "spec": spec})
    new["status"] = told if told is not None else new["status"]
    return new


def pod(name: str, *, is_ready: bool = True, phase: str = "Running", **meta: Any) -> Object:
    ready = {"type": "Ready", "status": "True" if is_ready else "False"}
    return {
        "metadata": {"name": name, "namespace": "d", "labels": {"app": "web"}, **meta},
        "spec": {}, "status": {"phase": phase, "conditions": [ready]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("new", "texts"),
    [
        (budget(minAvailable=1), []),
        (budget(minAvailable=1, maxUnavailable="50%", selector=None), [
            'spec: Invalid value: {"minAvailable":1,"maxUnavailable":"50%"}: minAvailable and maxUnavailable cannot be'
            " both set"]),
        (budget(minAvailable=-1), ["spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"]),
        (budget(maxUnavailable="101%"), [
            'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%']),
        (budget(unhealthyPodEvictionPolicy="Odd"), [
            'spec.unhealthyPodEvictionPolicy: Unsupported value: "Odd": supported values: "AlwaysAllow",'
            ' "IfHealthyBudget"']),
    ],
)  # fmt: skip
def test_what_is_refused(new: Object, texts: list[str]) -> None:
    assert refused(POD_DISRUPTION_BUDGET, new) == texts


def test_columns() -> None:
    assert cells(POD_DISRUPTION_BUDGET, budget(minAvailable="50%")) == {
        "Min Available": "50%", "Max Unavailable": "N/A", "Allowed Disruptions": 0, "Age": "<unknown>",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "expected", "wanted", "asks"),
    [
        ({"minAvailable": 2}, 5, 2, False), ({"minAvailable": "50%"}, 5, 3, True), ({"maxUnavailable": 1}, 5, 4, True),
        ({"maxUnavailable": "50%"}, 5, 2, True), ({"maxUnavailable": 9}, 5, 0, True), ({}, 5, 0, False),
    ],
)  # fmt: skip
def test_how_many_must_stay(spec: Object, expected: int, wanted: int, asks: bool) -> None:
    assert (desired(budget(**spec), expected), needs_scale(budget(**spec))) == (wanted, asks)


def test_only_pods_that_work_and_stay_count() -> None:
    pods = [pod("a"), pod("b"), pod("c", is_ready=False), pod("e", deletionTimestamp=rfc3339(NOW))]
    told = status(budget(minAvailable=1), pods, 4, NOW)
    assert [told[name] for name in COUNTS] == [1, 2, 1, 4]
    (one,) = told["conditions"]
    assert (one["type"], one["status"], one["reason"]) == ("DisruptionAllowed", "True", "SufficientPods")


def test_a_pod_that_was_let_go_counts_no_more_for_a_while() -> None:
    found = budget({"disruptedPods": {"a": rfc3339(NOW), "gone": rfc3339(NOW)}}, minAvailable=1)
    told = status(found, [pod("a"), pod("b")], 2, NOW + 1)
    assert (told["disruptionsAllowed"], told["disruptedPods"]) == (0, {"a": rfc3339(NOW)})
    assert next_look_s(found, [pod("a")], NOW + 20) == DISRUPTED_S - 20
    later = status(found, [pod("a"), pod("b")], 2, NOW + DISRUPTED_S + 1)
    assert (later["disruptionsAllowed"], "disruptedPods" in later) == (1, False)


def test_what_cannot_be_counted_lets_nothing_go() -> None:
    told = failed(budget({"disruptionsAllowed": 3}, maxUnavailable=1), "no controller", NOW)
    assert (told["disruptionsAllowed"], told["conditions"][0]["reason"]) == (0, "SyncFailed")


@given(st.integers(0, 6), st.integers(0, 6), st.sampled_from([{"minAvailable": 2}, {"maxUnavailable": "30%"}]))
def test_told_twice_it_says_the_same(healthy: int, ill: int, spec: Object) -> None:
    found = budget(**spec)
    pods = [pod(f"h{n}") for n in range(healthy)] + [pod(f"i{n}", is_ready=False) for n in range(ill)]
    told = status(found, pods, len(pods), NOW)
    assert told["currentHealthy"] - told["disruptionsAllowed"] >= min(told["desiredHealthy"], told["currentHealthy"])
    assert status({**found, "status": told}, pods, len(pods), NOW + 50) == told


def told(allowed: int, **more: Any) -> Object:
    counts = {"disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 1, "observedGeneration": 1}
    condition = {"type": "DisruptionAllowed", "status": "True", "reason": "SufficientPods"}
    return {**counts, "conditions": [condition], **more}


def test_an_eviction_takes_one_away() -> None:
    granted = grant(pod("a"), budget(told(1), minAvailable=1), NOW)
    assert granted is not None
    assert (granted["status"]["disruptionsAllowed"], granted["status"]["disruptedPods"]) == (0, {"a": rfc3339(NOW)})
    assert granted["status"]["conditions"][0]["status"] == "False"


@pytest.mark.parametrize(
    ("state", "why", "retry"),
    [
        (told(0), "The disruption budget b needs 1 healthy pods and has 1 currently", None),
        (told(1, observedGeneration=0), "The disruption budget b is still being processed by the server.", 10),
    ],
)
def test_an_eviction_that_is_refused_says_why(state: Object, why: str, retry: int | None) -> None:
    with pytest.raises(StatusError) as caught:
        grant(pod("a"), budget(state, minAvailable=1), NOW)
    error = caught.value
    assert (error.code, error.message, error.retry_after_s) == (429, VIOLATES, retry)
    assert error.details["causes"] == [{"reason": "DisruptionBudget", "message": why}]


@pytest.mark.parametrize(
    ("policy", "healthy", "is_free"), [("AlwaysAllow", 0, True), (None, 0, False), ("IfHealthyBudget", 1, True)]
)
def test_a_pod_that_does_not_work_may_go_where_the_others_are_enough(
    policy: str | None, healthy: int, is_free: bool
) -> None:
    found = budget(told(0, currentHealthy=healthy), minAvailable=1, unhealthyPodEvictionPolicy=policy)
    if is_free:
        assert grant(pod("a", is_ready=False), found, NOW) is None
    else:
        with pytest.raises(StatusError):
            grant(pod("a", is_ready=False), found, NOW)


def test_which_budget_has_a_say() -> None:
    mine = Stored("/policy/poddisruptionbudgets/d/b", 1, b"", budget(minAvailable=1))
    other = Stored("/policy/poddisruptionbudgets/d/c", 1, b"", budget(selector=None))
    assert budget_of(pod("a"), [mine, other]) is mine
    assert budget_of(pod("a", phase="Pending"), [mine]) is None
    assert budget_of(pod("a", deletionTimestamp=rfc3339(NOW)), [mine]) is None
    with pytest.raises(StatusError, match="more than one PodDisruptionBudget"):
        budget_of(pod("a"), [mine, mine])
