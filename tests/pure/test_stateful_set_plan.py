"""Which pods a StatefulSet makes and lets go, in which order, and what it remembers."""

import random
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairway.controllers.stateful_set.history import Names, expired, history, names_of
from fairway.controllers.stateful_set.plan import Plan, plan
from fairway.controllers.stateful_set.pods import claims_of, ordinal_of, pod_of, revision_of
from fairway.controllers.stateful_set.retention import owners
from fairway.controllers.stateful_set.status import status
from fairway.kinds import STATEFUL_SET
from fairway.objects import Object
from fairway.reconcile.times import rfc3339

NOW = 1_767_225_600.0


def stateful_set(**spec: Any) -> Object:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "v1"}]}}
    new = {
        "metadata": {"namespace": "d", "name": "web", "uid": "s1", "generation": 1},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "serviceName": "svc", "template": template, **spec},
    }
    STATEFUL_SET.defaults(new)
    STATEFUL_SET.prepare(new, None, "")
    return new


class World:
    """A set, its pods and revisions, and what chance does to them."""

    def __init__(self, found: Object, seed: int = 0) -> None:
        self.set, self.pods, self.revisions = found, [], []  # type: ignore[var-annotated]
        self.chance = random.Random(seed)
        self.log: list[str] = []

    def names(self) -> Names:
        found = history(self.set, self.revisions)
        if found.create is not None:
            self.revisions.append(found.create)
        if found.renumber is not None:
            self.revisions = [one for one in self.revisions if one["metadata"] != found.renumber["metadata"]]
            self.revisions.append(found.renumber)
        return names_of(self.set, found)

    def plan(self) -> Plan:
        return plan(self.set, self.pods, self.names(), NOW)

    def step(self) -> bool:
        names = self.names()
        step = plan(self.set, self.pods, names, NOW)
        told = status(self.set, self.pods, names, NOW)
        changed = told != self.set["status"]
        self.set["status"] = told
        for pod in step.delete:
            pod["metadata"]["deletionTimestamp"] = rfc3339(NOW)
            self.log.append(f"-{ordinal_of(self.set, pod)}")
        for ordinal, revision in step.create:
            self.log.append(f"+{ordinal}")
            pod = pod_of(self.set, names.templates[revision], revision, ordinal)
            assert all(one["metadata"]["name"] != pod["metadata"]["name"] for one in self.pods)
            self.pods.append(pod | {"status": {"phase": "Pending"}})
        return bool(step) or changed

    def ready(self, pod: Object) -> None:
        pod["status"] = {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": rfc3339(NOW - 100)}],
        }

    def happen(self, *, all_: bool = False) -> None:
        """A pod becomes ready or, if it is leaving, goes."""
        chosen = list(self.pods) if all_ else [self.chance.choice(self.pods)] if self.pods else []
        for pod in chosen:
            if "deletionTimestamp" in pod["metadata"]:
                self.pods.remove(pod)
            else:
                self.ready(pod)

    def finish(self) -> list[str]:
        """Until nothing is left to do; what was done."""
        self.log = []
        for _ in range(500):
            if not self.step():
                before = deepcopy(self.pods)
                self.happen(all_=True)
                if self.pods == before:
                    return self.log
        raise AssertionError("it never settles")

    def images(self) -> list[str]:
        ordered = sorted(self.pods, key=lambda pod: ordinal_of(self.set, pod) or 0)
        return [pod["spec"]["containers"][0]["image"] for pod in ordered]

    def change(self, image: str) -> None:
        self.set = deepcopy(self.set)
        self.set["spec"]["template"]["spec"]["containers"][0]["image"] = image


def test_pods_come_in_order_and_go_in_reverse() -> None:
    world = World(stateful_set(replicas=3))
    assert world.finish() == ["+0", "+1", "+2"]
    world.set["spec"]["replicas"] = 1
    assert world.finish() == ["-2", "-1"]


def test_the_next_waits_until_the_one_before_is_ready() -> None:
    world = World(stateful_set(replicas=2))
    world.step()
    assert not world.plan()
    world.ready(world.pods[0])
    assert world.plan().create == [(1, world.names().update)]


def test_parallel_waits_for_nobody() -> None:
    world = World(stateful_set(replicas=3, podManagementPolicy="Parallel", ordinals={"start": 5}))
    world.step()
    assert world.log == ["+5", "+6", "+7"]
    world.set["spec"]["replicas"] = 0
    world.step()
    assert sorted(world.log[3:]) == ["-5", "-6", "-7"]


def test_a_pod_knows_its_name_its_service_and_its_storage() -> None:
    template = {"metadata": {"name": "data", "labels": {"x": "y"}}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    found = stateful_set(volumeClaimTemplates=[template])
    (claim,) = claims_of(found, 2)
    assert claim["metadata"] == {"name": "data-web-2", "namespace": "d", "labels": {"x": "y", "app": "web"}}
    pod = pod_of(found, found["spec"]["template"], "web-abc", 2)
    assert (pod["metadata"]["name"], pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("web-2", "web-2", "svc")
    assert pod["spec"]["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-web-2"}}]
    assert pod["metadata"]["labels"] == {
        "app": "web", "apps.kubernetes.io/pod-index": "2", "controller-revision-hash": "web-abc",
        "statefulset.kubernetes.io/pod-name": "web-2",
    }  # fmt: skip


def test_an_update_rolls_from_the_highest_down() -> None:
    world = World(stateful_set(replicas=3))
    world.finish()
    first = world.set["status"]["currentRevision"]
    world.change("v2")
    assert world.finish() == ["-2", "+2", "-1", "+1", "-0", "+0"]
    now = world.set["status"]
    assert now["currentRevision"] == now["updateRevision"] != first
    assert (now["currentReplicas"], now["updatedReplicas"], now["readyReplicas"]) == (3, 3, 3)
    world.change("v1")
    world.finish()
    assert world.set["status"]["currentRevision"] == first
    assert [one["revision"] for one in world.revisions] == [2, 3]


def test_a_partition_keeps_those_below_it() -> None:
    world = World(stateful_set(replicas=3, updateStrategy={"rollingUpdate": {"partition": 2}}))
    world.finish()
    world.change("v2")
    assert world.finish() == ["-2", "+2"]
    assert world.images() == ["v1", "v1", "v2"]
    world.pods = [pod for pod in world.pods if ordinal_of(world.set, pod) != 0]
    world.finish()
    assert world.images() == ["v1", "v1", "v2"]
    assert world.set["status"]["currentRevision"] != world.set["status"]["updateRevision"]


def test_on_delete_waits_for_others_to_delete() -> None:
    world = World(stateful_set(replicas=2, updateStrategy={"type": "OnDelete"}))
    world.finish()
    world.change("v2")
    assert world.finish() == []
    world.pods = world.pods[1:]
    world.finish()
    assert world.images() == ["v2", "v1"]


def test_several_may_be_away_at_once() -> None:
    world = World(stateful_set(replicas=4, updateStrategy={"rollingUpdate": {"maxUnavailable": "50%"}}))
    world.finish()
    world.change("v2")
    assert world.finish()[:2] == ["-3", "-2"]


@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
def test_a_set_without_measure_costs_no_more_than_the_pods_that_there_are(policy: str) -> None:
    world = World(stateful_set(replicas=2**31 - 1, podManagementPolicy=policy))
    assert len(world.plan().create) == (1 if policy == "OrderedReady" else 500)
    world.step()
    world.happen(all_=True)
    assert not world.plan().delete


def test_a_pod_that_ended_is_made_anew() -> None:
    world = World(stateful_set(replicas=1))
    world.finish()
    world.pods[0]["status"] = {"phase": "Failed"}
    assert world.finish() == ["-0", "+0"]


def test_old_revisions_are_forgotten_beyond_the_limit() -> None:
    world = World(stateful_set(replicas=1, revisionHistoryLimit=1))
    for image in ("v1", "v2", "v3", "v4"):
        world.change(image)
        world.finish()
    found = history(world.set, world.revisions)
    gone = expired(world.set, world.revisions, world.pods, found)
    assert [one["revision"] for one in gone] == [1, 2]
    world.set["spec"]["revisionHistoryLimit"] = -1
    assert expired(world.set, world.revisions, world.pods, found) == []


@pytest.mark.parametrize(
    ("deleted", "scaled", "ordinal", "kind"),
    [
        ("Retain", "Retain", 0, None), ("Delete", "Retain", 0, "StatefulSet"), ("Delete", "Delete", 5, "Pod"),
        ("Retain", "Delete", 0, None), ("Retain", "Delete", 5, "Pod"), ("Delete", "Retain", 5, "StatefulSet"),
    ],
)  # fmt: skip
def test_with_whom_a_claim_goes(deleted: str, scaled: str, ordinal: int, kind: str | None) -> None:
    policy = {"whenDeleted": deleted, "whenScaled": scaled}
    found = stateful_set(persistentVolumeClaimRetentionPolicy=policy)
    claim: Object = {"metadata": {"name": "data-web-0"}}
    pod = {"metadata": {"name": f"web-{ordinal}", "uid": "p"}}
    wanted = owners(found, claim, ordinal, pod)
    assert (wanted[0]["kind"] if wanted else None) == kind
    claim["metadata"]["ownerReferences"] = wanted or []
    assert owners(found, claim, ordinal, pod) is None


@settings(deadline=None, max_examples=150)
@given(
    st.integers(0, 2**32), st.integers(0, 4), st.integers(0, 4), st.sampled_from(["OrderedReady", "Parallel"]),
    st.integers(0, 3), st.sampled_from([1, 2, "50%"]),
)  # fmt: skip
def test_whatever_happens_it_settles_and_then_has_nothing_left_to_do(
    seed: int, before: int, after: int, policy: str, partition: int, most: Any
) -> None:
    rolling = {"rollingUpdate": {"partition": partition, "maxUnavailable": most}}
    world = World(stateful_set(replicas=before, podManagementPolicy=policy, updateStrategy=rolling), seed)
    for turn in range(60):
        if turn == 30:
            world.set["spec"]["replicas"] = after
            world.change("v2")
        world.step()
        world.happen()
    world.finish()
    assert sorted(ordinal_of(world.set, pod) or 0 for pod in world.pods) == list(range(after))
    names = world.names()
    for pod in world.pods:
        if (ordinal_of(world.set, pod) or 0) >= partition:
            assert revision_of(pod) == names.update
    assert not world.plan()
    assert status(world.set, world.pods, names, NOW) == world.set["status"]
