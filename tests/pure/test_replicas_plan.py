"""How many pods an owner makes, which go first, and what its status says."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fairway.controllers.replicas.plan import next_look_s, plan, pod_of, status
from fairway.controllers.replicas.ranking import victims
from fairway.kinds import REPLICA_SET
from fairway.objects import Object
from fairway.objects.labels import from_map
from fairway.reconcile.claims import claims
from fairway.reconcile.times import rfc3339

NOW = 1_767_225_600.0


def owner(replicas: int = 3, **more: Any) -> Object:
    template = {"metadata": {"labels": {"app": "web"}, "annotations": {"note": "x"}}, "spec": {"containers": []}}
    meta = {"namespace": "d", "name": "web", "uid": "rs", "generation": 4, **more.pop("metadata", {})}
    return {"metadata": meta, "spec": {"replicas": replicas, "template": template, **more}}


def pod(name: str = "p", **more: Any) -> Object:
    ready_s = more.get("ready_s")
    ready = {"type": "Ready", "status": "False"}
    if ready_s is not None:
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": rfc3339(NOW - ready_s)}
    meta = {
        "namespace": "d", "name": name, "uid": name, "labels": more.get("labels", {"app": "web"}),
        "creationTimestamp": rfc3339(NOW - more.get("age_s", 1000)), "annotations": more.get("annotations", {}),
    }  # fmt: skip
    if more.get("leaving"):
        meta["deletionTimestamp"] = rfc3339(NOW)
    if more.get("owner"):
        meta["ownerReferences"] = [{"uid": more["owner"], "controller": True}]
    return {
        "metadata": meta, "spec": {"nodeName": more.get("node", "n1")},
        "status": {
            "phase": more.get("phase", "Running"), "conditions": [ready],
            "containerStatuses": [{"restartCount": more.get("restarts", 0)}],
        },
    }  # fmt: skip


def first_to_go(*pods: Object) -> str:
    (found,) = victims(pods, pods, 1, NOW)
    return str(found["metadata"]["name"])


def test_missing_pods_are_made_and_surplus_ones_deleted() -> None:
    assert plan(owner(3), [], [], NOW).create == 3
    assert len(plan(owner(1), [pod("a"), pod("b"), pod("c")], [], NOW).delete) == 2
    settled = plan(owner(1), [pod("a")], [], NOW)
    assert (settled.create, settled.delete) == (0, [])


def test_pods_that_ended_or_leave_do_not_count() -> None:
    found = plan(owner(2), [pod("a", phase="Failed"), pod("b", leaving=True), pod("c")], [], NOW)
    assert (found.create, found.delete) == (1, [])


def test_only_so_many_are_made_at_once() -> None:
    assert plan(owner(2000), [], [], NOW).create == 500


def test_a_new_pod_is_the_template_with_an_owner() -> None:
    assert pod_of(REPLICA_SET, owner()) == {
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {
            "generateName": "web-", "namespace": "d", "labels": {"app": "web"}, "annotations": {"note": "x"},
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "rs",
                    "controller": True, "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {"containers": []},
    }  # fmt: skip


def test_the_order_of_victims_is_upstreams() -> None:
    fine = pod("fine", ready_s=5000, age_s=5000)
    assert first_to_go(fine, pod("unassigned", node="", ready_s=5000, age_s=5000)) == "unassigned"
    assert first_to_go(fine, pod("pending", phase="Pending", ready_s=5000, age_s=5000)) == "pending"
    assert first_to_go(fine, pod("unready", age_s=5000)) == "unready"
    cheap = pod("cheap", ready_s=5000, age_s=5000, annotations={"controller.kubernetes.io/pod-deletion-cost": "-5"})
    assert first_to_go(fine, cheap) == "cheap"
    assert first_to_go(fine, pod("fresh", ready_s=50, age_s=5000)) == "fresh"
    assert first_to_go(fine, pod("restless", ready_s=5000, age_s=5000, restarts=7)) == "restless"
    assert first_to_go(fine, pod("young", ready_s=5000, age_s=50)) == "young"


def test_a_crowded_node_loses_first() -> None:
    pods = [pod("a", node="n1", ready_s=9), pod("b", node="n2", ready_s=9), pod("z", node="n2", ready_s=9)]
    assert first_to_go(*pods) in ("b", "z")


def test_the_status_counts_what_is_there() -> None:
    pods = [pod("a", ready_s=30), pod("b", ready_s=5), pod("c"), pod("d", labels={}, leaving=True)]
    found = status(owner(3, minReadySeconds=10), pods, None, NOW)
    assert found == {
        "replicas": 3, "fullyLabeledReplicas": 3, "readyReplicas": 2, "availableReplicas": 1, "observedGeneration": 4,
    }  # fmt: skip
    assert next_look_s(owner(3, minReadySeconds=10), pods, NOW) == 5
    assert status(owner(3), pods, None, NOW, with_leaving=True)["terminatingReplicas"] == 1


def test_a_refused_write_stands_in_the_status_until_it_succeeds() -> None:
    found = status(owner(), [], ("FailedCreate", "quota"), NOW)
    (condition,) = found["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("ReplicaFailure", "True", "FailedCreate")
    failed = {**owner(), "status": found}
    assert status(failed, [], ("FailedCreate", "quota again"), NOW + 5) == found
    assert "conditions" not in status(failed, [], None, NOW)


def test_orphans_are_adopted_strangers_released_and_others_left() -> None:
    pods = [
        pod("mine", owner="rs"), pod("orphan"), pod("renamed", owner="rs", labels={}), pod("other", owner="x"),
        pod("unlike", labels={}), pod("leaving", leaving=True),
    ]  # fmt: skip
    found = claims(owner(), pods, from_map({"app": "web"}))
    names = [[one["metadata"]["name"] for one in each] for each in (found.owned, found.adopt, found.release)]
    assert names == [["mine"], ["orphan"], ["renamed"]]
    going = claims(owner(metadata={"deletionTimestamp": "T"}), pods, from_map({"app": "web"}))
    assert (len(going.owned), going.adopt, going.release) == (2, [], [])


@given(st.integers(0, 20), st.lists(st.sampled_from(["Running", "Pending", "Failed"]), max_size=20))
def test_one_step_always_reaches_the_wanted_number(replicas: int, phases: list[str]) -> None:
    pods = [pod(f"p{n}", phase=phase) for n, phase in enumerate(phases)]
    found = plan(owner(replicas), pods, pods, NOW)
    active = sum(phase != "Failed" for phase in phases)
    assert active + found.create - len(found.delete) == replicas
    assert not (found.create and found.delete)
    assert all(one["status"]["phase"] != "Failed" for one in found.delete)
