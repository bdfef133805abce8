"""Which pods have to leave for a more important one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.controllers.scheduler.node_state import node_states
from fairway.controllers.scheduler.plan import Placement, plan
from fairway.objects import Object

HEAD = "0/1 nodes are available: 1 Insufficient cpu."


def node(name: str = "n1", cpu: str = "4", **spec: Any) -> Object:
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}, "spec": spec,
        "status": {"allocatable": {"cpu": cpu}, "conditions": [{"type": "Ready", "status": "True"}]},
    }  # fmt: skip


def pod(name: str, priority: int = 0, cpu: str = "1", where: str = "", started: int = 0, **spec: Any) -> Object:
    container = {"name": "c", "resources": {"requests": {"cpu": cpu}}}
    meta = {"namespace": "d", "name": name, "uid": name, "labels": {"app": name[:1]}, "creationTimestamp": "2026"}
    return {
        "metadata": meta, "spec": {"containers": [container], "priority": priority, "nodeName": where, **spec},
        "status": {"startTime": f"2026-01-01T00:00:{started:02}Z"},
    }  # fmt: skip


def budget(app: str, allowed: int, **status: Any) -> Object:
    spec = {"selector": {"matchLabels": {"app": app}}}
    meta = {"namespace": "d", "name": app}
    return {"metadata": meta, "spec": spec, "status": {"disruptionsAllowed": allowed, **status}}


def placed(pods: list[Object], nodes: list[Object], there: list[Object], *budgets: Object) -> dict[str, Placement]:
    found = plan(pods, node_states(nodes, there), lambda _: {}, budgets=budgets)
    return {one.pod["metadata"]["name"]: one for one in found}


def victims(pods: list[Object], nodes: list[Object], there: list[Object], *budgets: Object) -> tuple[str, list[str]]:
    """(nominated, victims) of the pod named x."""
    found = placed(pods, nodes, there, *budgets)["x"]
    assert found.node == ""
    return found.nominated, [one["metadata"]["name"] for one in found.victims]


def test_only_as_many_leave_as_must_and_the_least_important_of_them() -> None:
    there = [pod("a", 1, where="n1"), pod("b", 3, where="n1"), pod("c", 2, where="n1"), pod("d", 1, "1", "n1", 9)]
    assert victims([pod("x", 5, "2")], [node()], there) == ("n1", ["a", "d"])
    assert victims([pod("x", 5)], [node()], there) == ("n1", ["d"])
    assert victims([pod("x", 5)], [node()], [pod("a", 4, "4", "n1")]) == ("n1", ["a"])


def test_the_message_is_upstreams() -> None:
    there = [pod("a", 5, "4", "n1")]
    none = placed([pod("x", 5)], [node()], there)["x"]
    why = "0/1 nodes are available: 1 No preemption victims found for incoming pod."
    assert (none.message, none.nominated) == (f"{HEAD} preemption: {why}", "")
    room = placed([pod("x", 6)], [node()], there)["x"]
    assert (room.message, room.nominated) == (HEAD, "n1")
    never = placed([pod("x", 6, preemptionPolicy="Never")], [node()], there)["x"]
    assert never.message == f"{HEAD} preemption: not eligible due to preemptionPolicy=Never."
    large = placed([pod("x", 6, cpu="5")], [node()], there)["x"]
    why = "0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    assert large.message == f"{HEAD} preemption: {why}"


def test_the_loss_of_lower_pods_that_is_not_enough_is_spared() -> None:
    there = [pod("a", 1, "1", "n1"), pod("b", 9, "3", "n1")]
    found = placed([pod("x", 5, "2")], [node()], there)["x"]
    why = "0/1 nodes are available: 1 Insufficient cpu."
    assert (found.victims, found.message) == ((), f"{HEAD} preemption: {why}")


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ([pod("a", 3, "4", "n1"), pod("b", 2, "4", "n2")], "n2"),
        ([pod("a", 2, "2", "n1"), pod("c", 1, "2", "n1"), pod("b", 2, "4", "n2")], "n2"),
        ([pod("a", 2, "2", "n1"), pod("c", 2, "2", "n1"), pod("b", 2, "4", "n2")], "n2"),
        ([pod("a", 2, "4", "n1", 1), pod("b", 2, "4", "n2", 2)], "n2"),
        ([pod("a", 2, "4", "n1", 2), pod("b", 2, "4", "n2", 2)], "n1"),
    ],
)
def test_the_node_that_loses_least_is_taken(there: list[Object], chosen: str) -> None:
    assert victims([pod("x", 5, "4")], [node("n1"), node("n2")], there)[0] == chosen


def test_budgets_are_kept_where_they_can_be() -> None:
    there = [pod("a1", 1, "2", "n1"), pod("b1", 1, "2", "n1")]
    assert victims([pod("x", 5, "2")], [node()], there, budget("b", 0)) == ("n1", ["a1"])
    assert victims([pod("x", 5, "2")], [node()], there, budget("a", 0), budget("b", 1)) == ("n1", ["b1"])
    assert victims([pod("x", 5, "4")], [node()], there, budget("b", 0)) == ("n1", ["a1", "b1"])
    two = [pod("a1", 1, "4", "n1"), pod("b1", 2, "4", "n2")]
    nodes = [node("n1"), node("n2")]
    assert victims([pod("x", 5)], nodes, two, budget("a", 0)) == ("n2", ["b1"])
    granted = budget("a", 0, disruptedPods={"a1": "2026-01-01T00:00:00Z"})
    assert victims([pod("x", 5)], nodes, two, granted) == ("n1", ["a1"])


def test_nobody_else_leaves_while_somebody_is_leaving() -> None:
    leaving = pod("a", 1, "4", "n1")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    reason = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
    leaving["status"]["conditions"] = [reason]
    waits = pod("x", 5)
    waits["status"]["nominatedNodeName"] = "n1"
    found = placed([waits, pod("low", 4)], [node(), node("n2", "0")], [leaving])
    assert (found["x"].nominated, found["x"].victims) == ("n1", ())
    assert found["x"].message.endswith("preemption: not eligible due to a terminating pod on the nominated node.")
    assert found["low"].victims == (leaving,)


def test_what_victims_leave_is_kept_for_the_pod_that_they_left_for() -> None:
    waits = pod("x", 5, "3")
    waits["status"]["nominatedNodeName"] = "n1"
    older = pod("peer", 5, "3")
    older["metadata"]["creationTimestamp"] = "2025"
    found = placed([older, waits, pod("low", 0, "3")], [node("n0"), node("n1")], [pod("z", 9, "4", "n0")])
    assert (found["x"].node, found["peer"].node, found["low"].node) == ("n1", "", "")
    low = placed([pod("x", 5), pod("low", 0)], [node()], [pod("a", 1, "4", "n1")])["low"]
    assert (low.node, low.nominated) == ("", "")


def test_nobody_leaves_a_node_that_the_pod_could_not_have_anyway() -> None:
    taint = {"key": "k", "value": "v", "effect": "NoSchedule"}
    found = placed([pod("x", 5)], [node(taints=[taint])], [pod("a", 1, "4", "n1")])["x"]
    assert (found.nominated, found.victims) == ("", ())


PODS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.integers(0, 2)), max_size=8)


@given(PODS, st.integers(1, 4), st.integers(1, 4))
def test_victims_are_less_important_and_enough_and_none_too_many(
    there: list[tuple[int, int, int]], priority: int, cpu: int
) -> None:  # fmt: skip
    placed_there = [pod(f"p{n}", prio, str(size), f"n{at}") for n, (prio, size, at) in enumerate(there)]
    nodes = [node(f"n{n}") for n in range(3)]
    found = placed([pod("x", priority, str(cpu))], nodes, placed_there)["x"]

    def left(gone: list[str], at: str) -> int:
        return 4 - sum(
            int(one["spec"]["containers"][0]["resources"]["requests"]["cpu"]) for one in placed_there
            if one["spec"]["nodeName"] == at and one["metadata"]["name"] not in gone
        )  # fmt: skip

    names = [one["metadata"]["name"] for one in found.victims]
    if names:
        assert all(one["spec"]["priority"] < priority for one in found.victims)
        assert left(names, found.nominated) >= cpu
        assert all(left([other for other in names if other != name], found.nominated) < cpu for name in names)
    elif not found.node:
        for number in range(3):
            lower = [one["metadata"]["name"] for one in placed_there if one["spec"]["priority"] < priority]
            assert left(lower, f"n{number}") < cpu
