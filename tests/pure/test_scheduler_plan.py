"""Where pods are placed, and what is said when they are not."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fairway.controllers.scheduler.node_state import node_states
from fairway.controllers.scheduler.plan import Placement, plan
from fairway.controllers.scheduler.requests import pod_requests
from fairway.objects import Object

ZONE = "topology.kubernetes.io/zone"


def node(name: str = "n1", ready: str = "True", **more: Any) -> Object:
    labels = {"kubernetes.io/hostname": name, **more.get("labels", {})}
    allocatable = {"cpu": "2", "memory": "4Gi", "pods": "110", **more.get("allocatable", {})}
    return {
        "metadata": {"name": name, "labels": labels}, "spec": more.get("spec", {}),
        "status": {"allocatable": allocatable, "conditions": [{"type": "Ready", "status": ready}]},
    }  # fmt: skip


def pod(name: str = "p", cpu: str = "", labels: dict[str, str] | None = None, **spec: Any) -> Object:
    container: Object = {"name": "c"}
    if cpu:
        container["resources"] = {"requests": {"cpu": cpu}}
    meta = {"namespace": "d", "name": name, "uid": name, "labels": labels or {}, "creationTimestamp": "2026"}
    return {"metadata": meta, "spec": {"containers": [container], **spec}}


def placed(pods: list[Object], nodes: list[Object], there: list[Object] | None = None) -> list[Placement]:
    return plan(pods, node_states(nodes, there or []), lambda namespace: {})


def message(pod: Object, *nodes: Object, there: list[Object] | None = None) -> str:
    (found,) = placed([pod], list(nodes), there)
    assert found.node == ""
    return found.message.split(". preemption")[0]


def test_the_only_fit_node_is_taken() -> None:
    assert placed([pod()], [node()])[0].node == "n1"


def test_without_nodes_the_text_is_upstreams() -> None:
    assert message(pod()) == "no nodes available to schedule pods"


def test_every_reason_is_counted_in_order() -> None:
    nodes = [node("a"), node("b"), node("c", spec={"unschedulable": True})]
    assert message(pod(cpu="3"), *nodes) == "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu"


def test_the_whole_text_says_that_preemption_does_not_help() -> None:
    (found,) = placed([pod()], [node(spec={"unschedulable": True})])
    assert found.message == (
        "0/1 nodes are available: 1 node(s) were unschedulable. "
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )


def test_a_taint_keeps_pods_away_that_do_not_tolerate_it() -> None:
    tainted = node(spec={"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]})
    assert message(pod(), tainted) == "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: yes}"
    equal = pod(tolerations=[{"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}])
    exists = pod(tolerations=[{"operator": "Exists"}])
    assert [placed([one], [tainted])[0].node for one in (equal, exists)] == ["n1", "n1"]


def test_a_node_that_is_not_ready_is_as_if_tainted() -> None:
    expected = "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }"
    assert message(pod(), node(ready="False")) == expected


def test_node_selector_and_affinity_must_match() -> None:
    expected = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector"
    assert message(pod(nodeSelector={"disk": "ssd"}), node()) == expected
    terms = [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["z2"]}]}]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    nodes = [node("a", labels={ZONE: "z1"}), node("b", labels={ZONE: "z2"})]
    assert placed([pod(affinity=affinity)], nodes)[0].node == "b"


def test_host_ports_are_given_once() -> None:
    def wants(name: str, address: str = "", protocol: str = "TCP") -> Object:
        found = pod(name)
        port = {"containerPort": 80, "hostPort": 80, "hostIP": address, "protocol": protocol}
        found["spec"]["containers"][0]["ports"] = [port]
        return found

    there = wants("there")
    there["spec"]["nodeName"] = "n1"
    expected = "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports"
    assert message(wants("x", "127.0.0.1"), node(), there=[there]) == expected
    assert placed([wants("x", protocol="UDP")], [node()], [there])[0].node == "n1"


def test_the_number_of_pods_is_limited() -> None:
    there = pod("there")
    there["spec"]["nodeName"] = "n1"
    full = node(allocatable={"pods": "1"})
    assert message(pod(), full, there=[there]) == "0/1 nodes are available: 1 Too many pods"


def test_pods_that_ended_take_no_room() -> None:
    ended = pod("ended", cpu="2", nodeName="n1")
    ended["status"] = {"phase": "Succeeded"}
    assert placed([pod(cpu="2")], [node()], [ended])[0].node == "n1"


def test_a_pod_is_kept_apart_from_those_it_cannot_stand_and_from_those_that_cannot_stand_it() -> None:
    term = {"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "kubernetes.io/hostname"}
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    databases = [pod(f"db{n}", labels={"app": "db"}, affinity=apart) for n in range(3)]
    found = placed(databases, [node("a"), node("b")])
    assert sorted(one.node for one in found) == ["", "a", "b"]
    assert "didn't match pod anti-affinity rules" in found[-1].message
    there = pod("there", affinity=apart, nodeName="n1")
    text = "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules"
    assert message(pod(labels={"app": "db"}), node(), there=[there]) == text


def test_a_pod_follows_those_it_needs_and_the_first_of_a_group_follows_itself() -> None:
    term = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": ZONE}
    together = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    nodes = [node("a", labels={ZONE: "z1"}), node("b", labels={ZONE: "z2"}), node("c", labels={ZONE: "z2"})]
    there = pod("there", labels={"app": "web"}, nodeName="c")
    assert placed([pod(affinity=together)], nodes, [there])[0].node in ("b", "c")
    assert message(pod(affinity=together), *nodes).endswith("3 node(s) didn't match pod affinity rules")
    assert placed([pod(labels={"app": "web"}, affinity=together)], nodes)[0].node != ""


def test_a_spread_constraint_keeps_the_domains_even() -> None:
    constraint = {
        "maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }  # fmt: skip
    nodes = [node("a", labels={ZONE: "z1"}), node("b", labels={ZONE: "z2"}, allocatable={"pods": "2"})]
    pods = [pod(f"p{n}", labels={"app": "web"}, topologySpreadConstraints=[constraint]) for n in range(6)]
    found = [one.node for one in placed(pods, nodes)]
    assert (found.count("a"), found.count("b"), found.count("")) == (3, 2, 1)


def test_a_spread_constraint_says_whether_tainted_and_unwanted_nodes_count() -> None:
    constraint = {
        "maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }  # fmt: skip
    taint = {"key": "k", "value": "v", "effect": "NoSchedule"}
    nodes = [node("a", labels={ZONE: "z1"}), node("b", labels={ZONE: "z2"}, spec={"taints": [taint]})]
    there = [pod("t", labels={"app": "web"}, nodeName="a")]

    def where(selected: bool = False, **policy: str) -> str:
        more: Any = {"nodeSelector": {ZONE: "z1"}} if selected else {}
        asked = pod(labels={"app": "web"}, topologySpreadConstraints=[{**constraint, **policy}], **more)
        return placed([asked], nodes, there)[0].node

    assert (where(), where(nodeTaintsPolicy="Honor")) == ("", "a")
    assert (where(True), where(True, nodeAffinityPolicy="Ignore")) == ("a", "")


def test_a_pod_is_spread_as_it_wishes_but_goes_anywhere_rather_than_nowhere() -> None:
    constraint = {
        "maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }  # fmt: skip
    nodes = [node("a", labels={ZONE: "z1"}), node("b", labels={ZONE: "z2"}), node("c")]
    there = [pod(f"t{n}", labels={"app": "web"}, nodeName=where) for n, where in enumerate("aab")]
    wishful = pod(labels={"app": "web"}, topologySpreadConstraints=[constraint])
    assert placed([wishful], nodes, there)[0].node == "b"
    assert placed([wishful], nodes[2:])[0].node == "c"


def test_pods_of_one_owner_are_spread() -> None:
    def replica(number: int) -> Object:
        found = pod(f"r{number}")
        found["metadata"]["ownerReferences"] = [{"uid": "rs", "controller": True}]
        return found

    found = [one.node for one in placed([replica(n) for n in range(6)], [node("a"), node("b"), node("c")])]
    assert [found.count(name) for name in "abc"] == [2, 2, 2]


def test_the_more_important_pod_comes_first() -> None:
    found = placed([pod("low", cpu="2"), pod("high", cpu="2", priority=10)], [node()])
    assert {one.pod["metadata"]["name"]: one.node for one in found} == {"high": "n1", "low": ""}


def test_initialization_and_sidecars_count_as_they_run() -> None:
    found = pod(cpu="1")
    found["spec"]["initContainers"] = [
        {"name": "side", "restartPolicy": "Always", "resources": {"requests": {"cpu": "500m"}}},
        {"name": "init", "resources": {"requests": {"cpu": "1200m"}}},
    ]
    assert pod_requests(found) == {"cpu": 1_700_000_000}


@given(st.lists(st.integers(0, 900), max_size=30), st.integers(1, 4))
def test_no_node_ever_gets_more_than_it_has(wanted: list[int], count: int) -> None:
    nodes = [node(f"n{n}") for n in range(count)]
    found = placed([pod(f"p{n}", cpu=f"{milli}m") for n, milli in enumerate(wanted)], nodes)
    for one in nodes:
        name = one["metadata"]["name"]
        assert sum(pod_requests(each.pod).get("cpu", 0) for each in found if each.node == name) <= 2 * 10**9
