"""What a silent node's conditions, taints and pods become."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fairway.controllers.node_lifecycle.plan import eviction_s, silenced, taints
from fairway.controllers.pod_gc import surplus
from fairway.controllers.rules.taints import tolerates
from fairway.objects import Object


def node(ready: str = "True", **more: Any) -> Object:
    conditions = [{"type": "Ready", "status": ready, "reason": "r", "message": "m", "lastTransitionTime": "T0"}]
    conditions += [{"type": type_, "status": "True"} for type_ in more.get("pressures", ())]
    meta = {"name": "n1", "creationTimestamp": "T0"}
    return {"metadata": meta, "spec": more.get("spec", {}), "status": {"conditions": conditions}}


def keys(found: list[Object] | None) -> list[tuple[str, str]]:
    return [(one["key"].rpartition("/")[2], one["effect"]) for one in found or ()]


def test_a_silent_node_is_unknown_in_all_that_it_used_to_report() -> None:
    found = silenced(node(), "T9")
    assert found is not None
    assert {one["type"]: (one["status"], one["reason"]) for one in found} == {
        "Ready": ("Unknown", "NodeStatusUnknown"), "MemoryPressure": ("Unknown", "NodeStatusNeverUpdated"),
        "DiskPressure": ("Unknown", "NodeStatusNeverUpdated"), "PIDPressure": ("Unknown", "NodeStatusNeverUpdated"),
    }  # fmt: skip
    assert found[0]["message"] == "Kubelet stopped posting node status."
    assert found[0]["lastTransitionTime"] == "T9"
    silent = {**node(), "status": {"conditions": found}}
    assert silenced(silent, "T10") is None


def test_taints_follow_conditions() -> None:
    assert taints(node(), "T") is None
    assert keys(taints(node("False"), "T")) == [("not-ready", "NoSchedule"), ("not-ready", "NoExecute")]
    assert keys(taints(node("Unknown"), "T")) == [("unreachable", "NoSchedule"), ("unreachable", "NoExecute")]
    assert keys(taints(node(pressures=["MemoryPressure"]), "T")) == [("memory-pressure", "NoSchedule")]
    assert keys(taints(node(spec={"unschedulable": True}), "T")) == [("unschedulable", "NoSchedule")]


def test_taints_of_others_stay_and_own_ones_go_when_their_cause_does() -> None:
    foreign = {"key": "gpu", "effect": "NoSchedule"}
    own = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "timeAdded": "T1"}
    assert taints(node(spec={"taints": [foreign, own]}), "T") == [foreign]
    assert taints(node(spec={"taints": [own]}), "T") == []


@given(st.sampled_from(["True", "False", "Unknown"]), st.booleans(), st.sets(st.sampled_from(["DiskPressure"])))
def test_taints_once_written_are_right(ready: str, is_cordoned: bool, pressures: set[str]) -> None:
    before = node(ready, spec={"unschedulable": is_cordoned}, pressures=pressures)
    found = taints(before, "T1")
    after = {**before, "spec": {**before["spec"], "taints": found or []}}
    assert taints(after, "T2") is None


def pod(*tolerations: Object) -> Object:
    return {"spec": {"tolerations": list(tolerations)}}


LOST = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "timeAdded": "1970-01-01T00:16:40Z"}
OTHER = {"key": "maintenance", "effect": "NoExecute"}


def test_pods_leave_at_once_after_a_while_or_never() -> None:
    assert eviction_s(pod(), [OTHER]) == 0
    assert eviction_s(pod(), [{**OTHER, "effect": "NoSchedule"}]) is None
    assert eviction_s(pod({"operator": "Exists"}), [OTHER]) is None
    assert eviction_s(pod({"key": LOST["key"], "operator": "Exists", "tolerationSeconds": 60}), [LOST]) == 1060


def test_a_lost_node_is_tolerated_for_five_minutes_where_nothing_is_said() -> None:
    assert eviction_s(pod(), [LOST]) == 1300


def test_a_toleration_covers_what_it_names() -> None:
    taint = {"key": "a", "value": "1", "effect": "NoSchedule"}
    assert tolerates({"key": "a", "value": "1"}, taint)
    assert not tolerates({"key": "a", "value": "2"}, taint)
    assert tolerates({"key": "a", "operator": "Exists"}, taint)
    assert tolerates({"operator": "Exists"}, taint)
    assert not tolerates({"operator": "Exists", "effect": "NoExecute"}, taint)


def test_of_many_ended_pods_the_evicted_and_the_oldest_go() -> None:
    pods = [
        {"metadata": {"name": f"p{n}", "creationTimestamp": f"2026-01-0{n}"}, "status": {"reason": reason}}
        for n, reason in ((1, ""), (2, ""), (3, "Evicted"), (4, ""))
    ]
    assert [one["metadata"]["name"] for one in surplus(pods, 2)] == ["p3", "p1"]
    assert surplus(pods, 4) == []
