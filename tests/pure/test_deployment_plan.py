"""Rollouts step by step: a small world of ReplicaSets and pods around the pure plan."""

import copy
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fairway.controllers.deployment import revisions
from fairway.controllers.deployment.plan import plan
from fairway.controllers.deployment.status import counts
from fairway.controllers.rules.template_hash import template_hash
from fairway.objects import Object
from fairway.reconcile.times import rfc3339

NOW = 1_767_225_600.0


def deployment(replicas: int = 3, image: str = "v1", **spec: Any) -> Object:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    spec = {
        "replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
        "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10, **spec,
    }  # fmt: skip
    meta = {"namespace": "d", "name": "web", "uid": "uid-web", "generation": 1}
    return {"metadata": meta, "spec": spec, "status": {}}


class World:
    """What the other controllers would do: ReplicaSets get their pods, pods become available, in any order."""

    def __init__(self, deployment: Object, seed: int = 0) -> None:
        self.deployment = deployment
        self.sets: dict[str, Object] = {}
        self.now = NOW
        self.events: list[str] = []
        self._chance = random.Random(seed)

    def roll(self) -> bool:
        """One step of the plan; whether it wrote anything."""
        before = copy.deepcopy((self.deployment, self.sets))
        step = plan(self.deployment, list(self.sets.values()), self.now, has_old_pods=self._has_old_pods())
        assert (self.deployment, self.sets) == before, "what was read was changed"
        self.now += 1
        if step.create is not None:
            made = step.create
            meta = {**made["metadata"], "uid": made["metadata"]["name"], "creationTimestamp": rfc3339(self.now)}
            self.sets[meta["name"]] = {**made, "metadata": meta, "status": {}}
        for changed, _ in step.update:
            self.sets[changed["metadata"]["name"]] = changed
        for gone in step.delete:
            del self.sets[gone["metadata"]["name"]]
        status_changed = self.deployment["status"] != step.status
        annotations = {"deployment.kubernetes.io/revision": step.revision} if step.revision else {}
        meta = {**self.deployment["metadata"], "annotations": annotations}
        self.deployment = {**self.deployment, "metadata": meta, "status": step.status}
        return bool(step.create or step.update or step.delete or status_changed)

    def _has_old_pods(self) -> bool:
        wanted = self.deployment["spec"]["template"]["spec"]
        return any(
            one["status"].get("replicas") for one in self.sets.values() if one["spec"]["template"]["spec"] != wanted
        )

    def make_pods(self, name: str) -> None:
        """The ReplicaSet controller: as many pods as wanted; those that are not available go first."""
        found = self.sets[name]
        status, wanted = found["status"], found["spec"]["replicas"]
        available = min(status.get("availableReplicas", 0), wanted)
        self._set_status(name, replicas=wanted, availableReplicas=available, readyReplicas=available)

    def become_available(self, name: str, count: int = 1) -> None:
        """Some pods become available."""
        status = self.sets[name]["status"]
        available = min(status.get("replicas", 0), status.get("availableReplicas", 0) + count)
        self._set_status(name, **{**status, "availableReplicas": available, "readyReplicas": available})

    def _set_status(self, name: str, **status: int) -> None:
        self.sets[name] = {**self.sets[name], "status": {name: value for name, value in status.items() if value}}

    def random_step(self) -> None:
        if not self.sets or self._chance.random() < 0.4:
            self.roll()
            return
        name = self._chance.choice(sorted(self.sets))
        self._chance.choice([self.make_pods, self.become_available])(name)

    def finish(self) -> None:
        """Let everything happen until nothing does."""
        for _ in range(400):
            for name in list(self.sets):
                self.make_pods(name)
                self.become_available(name, 1)
            if not self.roll():
                return
        raise AssertionError("the rollout never ends")

    def change(self, **spec: Any) -> None:
        meta = {**self.deployment["metadata"], "generation": self.deployment["metadata"]["generation"] + 1}
        self.deployment = {**self.deployment, "metadata": meta, "spec": {**self.deployment["spec"], **spec}}

    def set_image(self, image: str) -> None:
        template = copy.deepcopy(self.deployment["spec"]["template"])
        template["spec"]["containers"][0]["image"] = image
        self.change(template=template)

    @property
    def wanted(self) -> int:
        return sum(one["spec"]["replicas"] for one in self.sets.values())

    @property
    def available(self) -> int:
        """Pods that are available and whose ReplicaSet still wants them: at worst the others are gone already."""
        return sum(
            min(one["status"].get("availableReplicas", 0), one["spec"]["replicas"]) for one in self.sets.values()
        )

    def sizes(self) -> list[int]:
        return sorted(one["spec"]["replicas"] for one in self.sets.values())

    def condition(self, type_: str) -> tuple[str, str, str]:
        found = next(one for one in self.deployment["status"]["conditions"] if one["type"] == type_)
        return found["status"], found["reason"], found["message"]


def rolled(world: World) -> World:
    world.finish()
    return world


def test_the_first_step_makes_a_replica_set_of_full_size() -> None:
    step = plan(deployment(), [], NOW)
    assert step.create is not None
    hash_text = template_hash(deployment()["spec"]["template"], None)
    assert step.create == {
        "kind": "ReplicaSet", "apiVersion": "apps/v1",
        "metadata": {
            "name": f"web-{hash_text}", "namespace": "d", "labels": {"app": "web", "pod-template-hash": hash_text},
            "annotations": {
                "deployment.kubernetes.io/revision": "1", "deployment.kubernetes.io/desired-replicas": "3",
                "deployment.kubernetes.io/max-replicas": "4",
            },
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "uid-web",
                    "controller": True, "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web", "pod-template-hash": hash_text}},
            "template": {
                "metadata": {"labels": {"app": "web", "pod-template-hash": hash_text}},
                "spec": {"containers": [{"name": "c", "image": "v1"}]},
            },
        },
    }  # fmt: skip
    assert step.revision == "1"


def test_a_finished_rollout_says_so() -> None:
    world = rolled(World(deployment()))
    (name,) = world.sets
    status = world.deployment["status"]
    counts = {key: status.get(key) for key in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")}
    assert counts == {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}
    assert "unavailableReplicas" not in status
    text = "Deployment has minimum availability."
    assert world.condition("Available") == ("True", "MinimumReplicasAvailable", text)
    text = f'ReplicaSet "{name}" has successfully progressed.'
    assert world.condition("Progressing") == ("True", "NewReplicaSetAvailable", text)


def test_a_changed_template_makes_a_new_revision_and_empties_the_old() -> None:
    world = rolled(World(deployment()))
    world.set_image("v2")
    world.finish()
    assert world.sizes() == [0, 3]
    assert world.deployment["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "2"}


def test_going_back_uses_the_old_replica_set_again_and_keeps_its_history() -> None:
    world = rolled(World(deployment()))
    (first,) = world.sets
    for image in ("v2", "v1"):
        world.set_image(image)
        world.finish()
    annotations = world.sets[first]["metadata"]["annotations"]
    assert annotations["deployment.kubernetes.io/revision"] == "3"
    assert annotations["deployment.kubernetes.io/revision-history"] == "1"
    assert world.sets[first]["spec"]["replicas"] == 3


def test_only_so_much_history_is_kept() -> None:
    world = rolled(World(deployment(revisionHistoryLimit=2)))
    for image in ("v2", "v3", "v4", "v5"):
        world.set_image(image)
        world.finish()
    assert world.sizes() == [0, 0, 3]


def test_recreate_waits_until_the_last_old_pod_is_gone() -> None:
    world = rolled(World(deployment(strategy={"type": "Recreate"})))
    (old,) = world.sets
    world.set_image("v2")
    world.roll()
    assert world.sizes() == [0]
    world.roll()
    assert world.sizes() == [0], "old pods still run"
    world.make_pods(old)
    world.roll()
    assert world.sizes() == [0, 3]


def test_a_paused_deployment_scales_but_does_not_roll() -> None:
    world = rolled(World(deployment()))
    world.change(paused=True)
    world.set_image("v2")
    world.finish()
    assert world.sizes() == [3]
    assert world.condition("Progressing") == ("Unknown", "DeploymentPaused", "Deployment is paused")
    world.change(replicas=5)
    world.finish()
    assert world.sizes() == [5]
    world.change(paused=False)
    world.finish()
    assert world.sizes() == [0, 5]


def test_scaling_in_the_middle_of_a_rollout_is_in_proportion() -> None:
    world = rolled(World(deployment(10, strategy={"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}})))
    world.set_image("v2")
    world.roll()
    world.roll()
    assert world.sizes() == [3, 8]
    before = world.sizes()
    world.change(replicas=20)
    world.roll()
    assert world.wanted == 23
    assert world.sizes()[0] > before[0]
    assert world.sizes()[1] > before[1]
    world.finish()
    assert world.sizes() == [0, 20]


def test_no_progress_in_time_is_told_once() -> None:
    world = World(deployment(progressDeadlineSeconds=60))
    world.roll()
    (name,) = world.sets
    world.make_pods(name)
    world.roll()
    world.now += 120
    world.roll()
    text = f'ReplicaSet "{name}" has timed out progressing.'
    assert world.condition("Progressing") == ("False", "ProgressDeadlineExceeded", text)
    assert not world.roll()


def test_a_refusal_below_stands_in_the_status_above() -> None:
    world = World(deployment())
    world.roll()
    (name,) = world.sets
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}
    world.sets[name] = {**world.sets[name], "status": {"conditions": [failure]}}
    world.roll()
    assert world.condition("ReplicaFailure") == ("True", "FailedCreate", "quota")


amounts = st.one_of(st.integers(0, 5), st.sampled_from(["0%", "25%", "50%", "100%"]))


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12), amounts, amounts, st.integers(2, 4))
def test_no_rollout_ever_leaves_its_bounds(
    seed: int, replicas: int, surge: int | str, unavailable: int | str, count: int
) -> None:
    limits = {"maxSurge": surge, "maxUnavailable": unavailable}
    world = World(deployment(replicas, strategy={"type": "RollingUpdate", "rollingUpdate": limits}), seed)
    world.finish()
    most = replicas + (surge if isinstance(surge, int) else -(-int(surge[:-1]) * replicas // 100))
    off = unavailable if isinstance(unavailable, int) else int(unavailable[:-1]) * replicas // 100
    if most == replicas and off == 0:
        off = 1
    for number in range(2, count + 1):
        world.set_image(f"v{number}")
        for _ in range(60):
            world.random_step()
            assert world.wanted <= most
            assert world.available >= replicas - off
    world.finish()
    assert world.sizes()[-1] == replicas
    assert sum(world.sizes()) == replicas
    assert not world.roll()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 15), min_size=1, max_size=4))
def test_any_scaling_during_a_rollout_ends_at_the_last_number(seed: int, wanted: list[int]) -> None:
    world = World(deployment(5), seed)
    world.finish()
    world.set_image("v2")
    for number in wanted:
        for _ in range(8):
            world.random_step()
        world.change(replicas=number)
    world.finish()
    assert sum(world.sizes()) == wanted[-1]
    assert not world.roll()


def test_a_revision_that_somebody_wrote_and_that_is_no_number_is_none() -> None:
    for text in ("", "x", "²", "1.0", "9" * 5000):
        assert revisions.number({"metadata": {"annotations": {revisions.REVISION: text}}}) is None
    assert revisions.number({"metadata": {"annotations": {revisions.REVISION: "07"}}}) == 7


def test_pods_on_their_way_out_are_counted_once_all_replica_sets_count_them() -> None:
    def told(*statuses: Object) -> Object:
        return counts(deployment(), [{"spec": {}, "status": one} for one in statuses], None)

    assert told()["terminatingReplicas"] == 0
    looked_at = {"observedGeneration": 1}
    assert (
        told({**looked_at, "terminatingReplicas": 2}, {**looked_at, "terminatingReplicas": 1}, {})[
            "terminatingReplicas"
        ]
        == 3
    )
    assert "terminatingReplicas" not in told({**looked_at, "terminatingReplicas": 2}, looked_at)
