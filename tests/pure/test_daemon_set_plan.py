"""Which nodes get a daemon pod, how an update rolls over them, and what is remembered of it."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairway.controllers.daemon_set.eligibility import Eligibility, eligibility
from fairway.controllers.daemon_set.history import expired, history, new_revision
from fairway.controllers.daemon_set.plan import Plan, plan
from fairway.controllers.daemon_set.pods import pod_of, target_node
from fairway.controllers.daemon_set.rolling import fence_posts
from fairway.controllers.daemon_set.status import status
from fairway.controllers.scheduler.node_state import node_states
from fairway.controllers.scheduler.plan import plan as schedule
from fairway.objects import Object
from fairway.reconcile.times import rfc3339

NOW = 1_767_225_600.0
UNTOLERATED = {"key": "mine", "effect": "NoSchedule"}


def daemon_set(limits: Object | None = None, **spec: Any) -> Object:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [], **spec}}
    strategy = {"type": "RollingUpdate", "rollingUpdate": limits or {"maxUnavailable": 1, "maxSurge": 0}}
    annotations = {"deprecated.daemonset.template.generation": "2"}
    return {
        "metadata": {"namespace": "d", "name": "web", "uid": "ds", "generation": 4, "annotations": annotations},
        "spec": {"template": template, "updateStrategy": strategy, "revisionHistoryLimit": 2},
    }  # fmt: skip


def node(name: str, *taints: Object, **labels: str) -> Object:
    ready = {"type": "Ready", "status": "True"}
    return {"metadata": {"name": name, "labels": labels}, "spec": {"taints": list(taints)},
            "status": {"conditions": [ready]}}  # fmt: skip


class World:
    """Nodes and pods, and what time and chance do to them between two steps."""

    def __init__(self, found: Object, nodes: list[Object], seed: int = 0) -> None:
        self.daemon_set, self.nodes, self.hash = found, nodes, "h1"
        self.pods: list[Object] = []
        self._chance = random.Random(seed)
        self._count = 0

    def plan(self) -> Plan:
        return plan(self.daemon_set, self.nodes, self.pods, self.hash, NOW)

    def step(self, *, is_gone: bool = True) -> bool:
        step = self.plan()
        for name in step.create:
            self._count += 1
            pod = pod_of(self.daemon_set, name, self.hash)
            pod["metadata"] |= {"name": f"p{self._count:04}", "creationTimestamp": rfc3339(NOW - 1000 + self._count)}
            self.pods.append(pod)
        for pod in step.delete + step.ended:
            if is_gone:
                self.pods.remove(pod)
            else:
                pod["metadata"]["deletionTimestamp"] = rfc3339(NOW)
        return bool(step)

    def happen(self) -> None:
        """A pod becomes ready, fails or, if it is leaving, goes."""
        if not self.pods:
            return
        pod = self._chance.choice(self.pods)
        if "deletionTimestamp" in pod["metadata"]:
            self.pods.remove(pod)
        elif self._chance.random() < 0.1:
            pod["status"] = {"phase": "Failed"}
        elif pod.get("status", {}).get("phase") != "Failed":
            make_ready(pod)

    def finish(self) -> None:
        for _ in range(300):
            for pod in [pod for pod in self.pods if "deletionTimestamp" in pod["metadata"]]:
                self.pods.remove(pod)
            for pod in self.pods:
                if pod.get("status", {}).get("phase") != "Failed":
                    make_ready(pod)
            if not self.step():
                return
        raise AssertionError("there is always something left to do")

    def available(self) -> int:
        return sum(is_serving(pod) for pod in self.pods)

    def status(self) -> Object:
        return status(self.daemon_set, self.nodes, self.pods, self.hash, NOW)


def make_ready(pod: Object) -> None:
    pod["spec"]["nodeName"] = target_node(pod)
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": rfc3339(NOW - 100)}
    pod["status"] = {"phase": "Running", "conditions": [ready]}


def is_serving(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]


NODES = st.lists(st.sampled_from([(), (UNTOLERATED,), ({"key": "mine", "effect": "NoExecute"},)]), max_size=8)
LIMITS = st.sampled_from([
    {"maxUnavailable": 1, "maxSurge": 0}, {"maxUnavailable": 3}, {"maxUnavailable": "40%", "maxSurge": 0},
    {"maxUnavailable": 0, "maxSurge": 1}, {"maxUnavailable": 0, "maxSurge": "50%"},
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(NODES, LIMITS, st.integers(0, 2**32), st.integers(1, 3))
def test_applied_again_there_is_nothing_left_to_do(
    taints: list[tuple[Object, ...]], limits: Object, seed: int, updates: int
) -> None:  # fmt: skip
    nodes = [node(f"n{number}", *found) for number, found in enumerate(taints)]
    world = World(daemon_set(limits), nodes, seed)
    for number in range(updates):
        world.hash = f"h{number}"
        for _ in range(20):
            world.step(is_gone=seed % 2 == 0)
            for _ in range(3):
                world.happen()
    world.finish()
    assert not world.plan()
    wanted = sorted(f"n{number}" for number, found in enumerate(taints) if not found)
    assert sorted(map(target_node, world.pods)) == wanted
    assert {pod["metadata"]["labels"]["controller-revision-hash"] for pod in world.pods} <= {world.hash}
    told = world.status()
    assert told["desiredNumberScheduled"] == told["currentNumberScheduled"] == told["numberReady"] == len(wanted)
    assert told.get("updatedNumberScheduled", 0) == told.get("numberAvailable", 0) == len(wanted)
    assert "numberUnavailable" not in told
    assert told["observedGeneration"] == 4


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 8), LIMITS, st.integers(0, 2**32))
def test_an_update_keeps_to_its_bounds(count: int, limits: Object, seed: int) -> None:
    world = World(daemon_set(limits), [node(f"n{number}") for number in range(count)])
    world.finish()
    chance = random.Random(seed)
    surge, unavailable = fence_posts(world.daemon_set, count)
    world.hash = "h2"
    for _ in range(40):
        world.step(is_gone=False)
        assert world.available() >= count - unavailable
        staying = [pod for pod in world.pods if "deletionTimestamp" not in pod["metadata"]]
        assert len(staying) <= count + surge
        pod = chance.choice(world.pods)
        if "deletionTimestamp" in pod["metadata"]:
            world.pods.remove(pod)
        else:
            make_ready(pod)
    world.finish()
    assert len(world.pods) == count


def test_on_delete_leaves_old_pods_until_somebody_deletes_them() -> None:
    world = World(daemon_set(), [node("n1"), node("n2")])
    world.daemon_set["spec"]["updateStrategy"] = {"type": "OnDelete"}
    world.finish()
    world.hash = "h2"
    assert not world.plan()
    del world.pods[0]
    assert world.plan().create == ["n1"]
    world.finish()
    assert world.status()["updatedNumberScheduled"] == 1


def test_a_pod_that_is_leaving_holds_its_place() -> None:
    world = World(daemon_set(), [node("n1")])
    world.finish()
    world.pods[0]["metadata"]["deletionTimestamp"] = rfc3339(NOW)
    assert not world.plan()


def test_pods_that_ended_go_and_pods_too_many_too() -> None:
    world = World(daemon_set(), [node("n1"), node("n2")])
    world.finish()
    world.pods[0]["status"] = {"phase": "Failed"}
    double = pod_of(world.daemon_set, "n2", "h1")
    double["metadata"]["name"] = "young"
    world.pods.append(double)
    step = world.plan()
    assert (step.ended, step.delete, step.create) == ([world.pods[0]], [double], [])


def test_a_pod_that_waits_for_a_vanished_node_goes() -> None:
    world = World(daemon_set(), [node("n1")])
    world.step()
    world.nodes = [node("n2")]
    step = world.plan()
    assert (step.create, step.delete) == (["n2"], world.pods)


def test_nodes_are_chosen_by_selector_affinity_name_and_taints() -> None:
    labelled, plain = node("n1", disk="ssd"), node("n2")
    terms = [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    for found in (
        daemon_set(nodeSelector={"disk": "ssd"}), daemon_set(affinity={"nodeAffinity": required}),
        daemon_set(nodeName="n1"),
    ):  # fmt: skip
        assert eligibility(found, labelled) == Eligibility(gets=True, keeps=True)
        assert eligibility(found, plain) == Eligibility(gets=False, keeps=False)
    plainly = daemon_set()
    assert eligibility(plainly, node("n", UNTOLERATED)) == Eligibility(gets=False, keeps=True)
    assert eligibility(plainly, node("n", {"key": "x", "effect": "NoExecute"})) == Eligibility(gets=False, keeps=False)
    tolerant = daemon_set(tolerations=[{"operator": "Exists"}])
    assert eligibility(tolerant, node("n", UNTOLERATED)) == Eligibility(gets=True, keeps=True)


@pytest.mark.parametrize("key", ["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"])
def test_nodes_in_trouble_get_their_pod_all_the_same(key: str) -> None:
    found = node("n", {"key": f"node.kubernetes.io/{key}", "effect": "NoSchedule"})
    assert eligibility(daemon_set(), found).gets


@pytest.mark.parametrize("key", ["not-ready", "unreachable"])
def test_nodes_that_fell_silent_keep_their_pod(key: str) -> None:
    taints = [{"key": f"node.kubernetes.io/{key}", "effect": effect} for effect in ("NoSchedule", "NoExecute")]
    assert eligibility(daemon_set(), node("n", *taints)) == Eligibility(gets=False, keeps=True)


def test_only_pods_of_the_hosts_network_come_before_the_network() -> None:
    found = node("n", {"key": "node.kubernetes.io/network-unavailable", "effect": "NoSchedule"})
    assert not eligibility(daemon_set(), found).gets
    assert eligibility(daemon_set(hostNetwork=True), found).gets


def test_a_toleration_for_a_time_becomes_one_for_ever() -> None:
    given_ = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}
    made = pod_of(daemon_set(tolerations=[{**given_, "tolerationSeconds": 5}]), "n1", "h")["spec"]["tolerations"]
    assert [one for one in made if one["key"] == given_["key"]] == [given_]
    assert len(made) == 6


def test_the_scheduler_binds_a_daemon_pod_to_its_node_even_if_that_is_cordoned() -> None:
    nodes = [node("n1"), node("n2"), node("n3")]
    nodes[1]["spec"] = {
        "unschedulable": True, "taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}],
    }  # fmt: skip
    waiting = [pod_of(daemon_set(), name, "h") for name in ("n3", "n2")]
    for pod in waiting:
        pod["metadata"]["name"] = target_node(pod)
    placed = schedule(waiting, node_states(nodes, []), lambda _: {})
    assert {one.pod["metadata"]["name"]: one.node for one in placed} == {"n2": "n2", "n3": "n3"}


def test_a_new_pod_carries_the_labels_of_its_revision_and_its_owner() -> None:
    meta = pod_of(daemon_set(), "n1", "abc")["metadata"]
    assert meta["generateName"] == "web-"
    assert meta["labels"] == {"app": "web", "controller-revision-hash": "abc", "pod-template-generation": "2"}
    assert meta["ownerReferences"][0]["kind"] == "DaemonSet"


def test_a_pod_on_a_node_that_is_not_meant_is_misscheduled() -> None:
    world = World(daemon_set(), [node("n1"), node("n2")])
    world.finish()
    world.nodes[0]["spec"]["taints"] = [UNTOLERATED]
    assert not world.plan()
    told = world.status()
    assert (told["desiredNumberScheduled"], told["numberMisscheduled"]) == (1, 1)


def image(found: Object, name: str) -> Object:
    template = {**found["spec"]["template"], "spec": {"containers": [{"name": "c", "image": name}]}}
    return {**found, "spec": {**found["spec"], "template": template}}


def test_each_template_has_one_revision_and_going_back_makes_it_the_highest() -> None:
    first, second = image(daemon_set(), "v1"), image(daemon_set(), "v2")
    one = history(first, []).create
    assert one is not None
    assert one["metadata"]["labels"]["app"] == "web"
    two = history(second, [one]).create
    assert two is not None
    assert (one["revision"], two["revision"]) == (1, 2)
    assert one["metadata"]["name"] != two["metadata"]["name"]
    settled = history(second, [one, two])
    assert (settled.create, settled.update, settled.delete) == (None, None, [])
    back = history(first, [one, two]).update
    assert back is not None
    assert (back["metadata"]["name"], back["revision"]) == (one["metadata"]["name"], 3)


def test_a_revision_is_written_in_the_order_that_clients_compare_it_in() -> None:
    found = daemon_set()
    found["spec"]["template"] = {"spec": {"b": [{"d": 1, "c": 2}], "a": 1}, "metadata": {"labels": {"z": "", "y": ""}}}
    text = json.dumps(new_revision(found, 1)["data"], separators=(",", ":"))
    assert text == (
        '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"y":"","z":""}},'
        '"spec":{"a":1,"b":[{"c":2,"d":1}]}}}}'
    )


def test_doubles_of_a_revision_become_one() -> None:
    found = daemon_set()
    one, two = new_revision(found, 1), new_revision({**found, "status": {"collisionCount": 1}}, 2)
    done = history(found, [one, two])
    assert (done.delete, done.hash_text) == ([one], two["metadata"]["labels"]["controller-revision-hash"])
    assert done.relabel == {one["metadata"]["labels"]["controller-revision-hash"]}


def test_the_oldest_revisions_go_unless_pods_are_of_them() -> None:
    revisions = [new_revision(image(daemon_set(), f"v{number}"), number) for number in range(1, 6)]
    now = image(daemon_set(), "v5")
    assert expired(now, revisions, []) == revisions[:2]
    running = pod_of(now, "n1", revisions[0]["metadata"]["labels"]["controller-revision-hash"])
    assert expired(now, revisions, [running]) == revisions[1:3]
