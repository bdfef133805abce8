"""What a Job does next: every pod counted once, never too many, and an end for every Job."""

import random
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fairway.controllers.job.failures import delay_s, meaning
from fairway.controllers.job.plan import Plan, plan
from fairway.controllers.job.pods import FINALIZER, INDEX, index_of, pod_of
from fairway.kinds import JOB
from fairway.kinds.rules.indexes import lenient
from fairway.objects import Object
from fairway.objects.conditions import condition, is_true
from fairway.reconcile.times import rfc3339

NOW = 1_767_225_600.0


def job(**spec: Any) -> Object:
    template = {"spec": {"restartPolicy": spec.pop("restartPolicy", "Never"), "containers": [{"name": "c"}]}}
    new = {"metadata": {"namespace": "d", "name": "web", "uid": "u1"}, "spec": {"template": template, **spec}}
    JOB.defaults(new)
    JOB.prepare(new, None, "")
    return new


class World:
    """The pods of one Job, what time and chance do to them, and a controller that crashes between two writes."""

    def __init__(self, found: Object, seed: int = 0) -> None:
        self.job, self.now = found, NOW
        self.pods: list[Object] = []
        self.chance = random.Random(seed)
        self.made = 0

    def plan(self) -> Plan:
        return plan(deepcopy(self.job), deepcopy(self.pods), self.now)

    def step(self, *, crashes: bool = False) -> bool:
        """One reconcile; with ``crashes`` it may end after any of its writes."""
        step = self.plan()
        changed = step.status != self.job["status"]
        self.job["status"] = deepcopy(step.status)
        if crashes and self.chance.random() < 0.3:
            return True
        for pod in step.release:
            changed = True
            self._find(pod)["metadata"]["finalizers"].remove(FINALIZER)
            self._reap()
            if crashes and self.chance.random() < 0.2:
                return True
        for pod in step.delete:
            changed = True
            self._find(pod)["metadata"]["deletionTimestamp"] = rfc3339(self.now)
        for new in step.create:
            changed = True
            self.made += 1
            pod = pod_of(self.job, new.index, new.failures)
            pod["metadata"] |= {"name": f"p{self.made}", "uid": f"p{self.made}",
                                "creationTimestamp": rfc3339(self.now)}  # fmt: skip
            pod["spec"]["nodeName"], pod["status"] = "n1", {"phase": "Running"}
            self.pods.append(pod)
        if not changed and step.again_s:
            self.now += step.again_s + 1
        return changed

    def _find(self, pod: Object) -> Object:
        return next(one for one in self.pods if one["metadata"]["uid"] == pod["metadata"]["uid"])

    def _reap(self) -> None:
        self.pods = [
            one for one in self.pods
            if "deletionTimestamp" not in one["metadata"] or one["metadata"]["finalizers"]
            or one["status"]["phase"] == "Running"
        ]  # fmt: skip

    def end(self, pod: Object, code: int = 0) -> None:
        phase = "Failed" if code else "Succeeded"
        ended = {"exitCode": code, "finishedAt": rfc3339(self.now)}
        pod["status"] = {"phase": phase, "containerStatuses": [{"name": "c", "state": {"terminated": ended}}]}
        self._reap()

    def running(self) -> list[Object]:
        return [pod for pod in self.pods if pod["status"]["phase"] == "Running"]

    def finish(self, codes: Any = (0,), *, crashes: bool = False) -> Object:
        """Until the Job has its last condition."""
        for _ in range(3000):
            if self.step(crashes=crashes):
                continue
            if is_true(self.job, "Complete") or is_true(self.job, "Failed"):
                return self.job["status"]
            if running := self.running():
                self.end(self.chance.choice(running), self.chance.choice(codes))
        raise AssertionError(f"never ended: {self.job['status']}")


def reasons(status: Object) -> list[tuple[str, str]]:
    return [(one["type"], one["reason"]) for one in status["conditions"]]


def test_a_job_completes_and_says_so_as_upstream_does() -> None:
    status = World(job(completions=3, parallelism=2)).finish()
    assert reasons(status) == [("SuccessCriteriaMet", "CompletionsReached"), ("Complete", "CompletionsReached")]
    assert {name: value for name, value in status.items() if name not in ("conditions", "startTime")} == {
        "succeeded": 3, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {}, "completionTime": rfc3339(NOW),
    }  # fmt: skip


def test_no_pods_at_all_are_wanted() -> None:
    assert reasons(World(job(completions=0)).finish())[-1] == ("Complete", "CompletionsReached")


def test_a_work_queue_ends_with_its_last_pod() -> None:
    world = World(job(parallelism=3))
    status = world.finish()
    assert status["succeeded"] == 3
    assert reasons(status)[-1] == ("Complete", "CompletionsReached")


def test_the_backoff_limit_ends_it() -> None:
    world = World(job(backoffLimit=2))
    status = world.finish((1,))
    assert (status["failed"], reasons(status)[-1]) == (3, ("Failed", "BackoffLimitExceeded"))
    assert "completionTime" not in status
    assert world.now - NOW >= delay_s(1) + delay_s(2)


def test_each_failure_makes_the_next_try_wait_longer() -> None:
    assert [delay_s(number) for number in (0, 1, 2, 3, 7, 50)] == [0, 10, 20, 40, 600, 600]


def test_restarted_containers_count_towards_the_limit() -> None:
    world = World(job(restartPolicy="OnFailure", backoffLimit=2))
    while world.step():
        pass
    world.pods[0]["status"]["containerStatuses"] = [{"name": "c", "restartCount": 2, "state": {"running": {}}}]
    world.step()
    assert condition(world.job, "FailureTarget") is not None
    assert world.job["status"]["conditions"][-1]["reason"] == "BackoffLimitExceeded"


def test_the_deadline_ends_it_and_its_pods() -> None:
    world = World(job(activeDeadlineSeconds=30))
    world.step()
    assert world.plan().again_s == 30
    world.now += 31
    world.step()
    (pod,) = world.pods
    assert "deletionTimestamp" in pod["metadata"]
    world.pods.clear()
    status = world.finish()
    assert reasons(status) == [("FailureTarget", "DeadlineExceeded"), ("Failed", "DeadlineExceeded")]


def test_suspended_it_runs_nothing_and_resumed_it_starts_anew() -> None:
    world = World(job(suspend=True))
    assert world.step()
    assert not world.step()
    assert (world.pods, reasons(world.job["status"])) == ([], [("Suspended", "JobSuspended")])
    assert "startTime" not in world.job["status"]
    world.job["spec"]["suspend"] = False
    while world.step():
        pass
    assert len(world.pods) == 1
    world.job["spec"]["suspend"] = True
    world.step()
    assert "deletionTimestamp" in world.pods[0]["metadata"]
    world.pods.clear()
    world.job["spec"]["suspend"] = False
    status = world.finish()
    assert reasons(status)[0] == ("Suspended", "JobResumed")
    assert ("Complete", "CompletionsReached") in reasons(status)
    assert "failed" not in status


def test_indexed_pods_know_their_number() -> None:
    world = World(job(completionMode="Indexed", completions=3, parallelism=3))
    while world.step():
        pass
    assert [index_of(pod) for pod in world.pods] == [0, 1, 2]
    pod = min(world.pods, key=lambda one: index_of(one) or 0)
    assert (pod["metadata"]["generateName"], pod["spec"]["hostname"]) == ("web-0-", "web-0")
    assert pod["metadata"]["labels"][INDEX] == "0"
    assert pod["spec"]["containers"][0]["env"] == [
        {"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}}
    ]
    status = world.finish()
    assert (status["succeeded"], status["completedIndexes"]) == (3, "0-2")


def test_an_index_fails_by_itself() -> None:
    world = World(job(completionMode="Indexed", completions=2, parallelism=2, backoffLimitPerIndex=1))
    for _ in range(1000):
        if world.step():
            continue
        if is_true(world.job, "Failed"):
            break
        for pod in world.running():
            world.end(pod, index_of(pod) or 0)
    status = world.job["status"]
    assert (status["failedIndexes"], status["completedIndexes"], status["failed"]) == ("1", "0", 2)
    assert reasons(status)[-1] == ("Failed", "FailedIndexes")


def test_enough_indexes_are_enough() -> None:
    rules = {"rules": [{"succeededIndexes": "0-1", "succeededCount": 1}]}
    world = World(job(completionMode="Indexed", completions=3, parallelism=3, successPolicy=rules))
    while world.step():
        pass
    world.end(next(pod for pod in world.pods if index_of(pod) == 1))
    status = world.finish()
    assert reasons(status) == [("SuccessCriteriaMet", "SuccessPolicy"), ("Complete", "SuccessPolicy")]
    assert status["conditions"][0]["message"] == "Matched rules at index 0"
    assert status["completedIndexes"] == "1"


def test_rules_of_failure() -> None:
    rules = [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": {"containerName": "c", "operator": "In", "values": [42]}},
    ]
    world = World(job(podFailurePolicy={"rules": rules}, backoffLimit=0))
    while world.step():
        pass
    world.end(world.pods[0], 9)
    world.pods[0]["status"]["conditions"] = [{"type": "DisruptionTarget", "status": "True"}]
    while world.step():
        pass
    world.now += 11
    while world.step():
        pass
    assert len(world.running()) == 1
    pod = world.running()[0]
    world.end(pod, 42)
    assert meaning(world.job, pod).action == "FailJob"
    status = world.finish()
    assert reasons(status)[-1] == ("Failed", "PodFailurePolicy")
    name = pod["metadata"].get("name")
    text = f"Container c for pod d/{name} failed with exit code 42 matching FailJob rule at index 1"
    assert status["conditions"][-1]["message"] == text
    assert status["failed"] == 1


def test_it_goes_when_its_time_after_the_end_is_over() -> None:
    world = World(job(ttlSecondsAfterFinished=60))
    world.finish()
    world.now = NOW
    assert (world.plan().is_expired, world.plan().again_s) == (False, 60)
    world.now += 60
    assert world.plan().is_expired


def test_a_pod_without_the_finalizer_is_given_it() -> None:
    world = World(job())
    while world.step():
        pass
    world.pods[0]["metadata"]["finalizers"].clear()
    assert [pod["metadata"]["name"] for pod in world.plan().track] == ["p1"]


@settings(deadline=None, max_examples=150)
@given(
    st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 4), st.booleans(),
    st.sampled_from([(0,), (0, 0, 1), (0, 1)]), st.integers(0, 4), st.sampled_from(["Failed", "TerminatingOrFailed"]),
)  # fmt: skip
def test_every_pod_is_counted_once_whatever_crashes(
    seed: int, completions: int, parallelism: int, is_indexed: bool, codes: Any, limit: int, policy: str
) -> None:  # fmt: skip
    mode = "Indexed" if is_indexed else "NonIndexed"
    world = World(
        job(completions=completions, parallelism=parallelism, completionMode=mode, backoffLimit=limit,
            podReplacementPolicy=policy),
        seed,
    )  # fmt: skip
    status = world.finish(codes, crashes=True)
    assert not status["uncountedTerminatedPods"]
    if is_true(world.job, "Complete"):
        assert status["succeeded"] >= completions if not is_indexed else status["succeeded"] == completions
    else:
        assert status["failed"] > limit
    if is_indexed:
        assert len(lenient(status.get("completedIndexes", ""), completions)) == (status.get("succeeded", 0))
    else:
        assert status.get("succeeded", 0) + status.get("failed", 0) == world.made
    again = world.plan()
    assert (again.status, again.create, again.delete, again.release) == (world.job["status"], [], [], [])


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(0, 5), st.booleans())
def test_applied_twice_there_is_nothing_left_to_do(
    seed: int, completions: int, parallelism: int, is_indexed: bool
) -> None:
    mode = "Indexed" if is_indexed else "NonIndexed"
    world = World(job(completions=completions, parallelism=parallelism, completionMode=mode), seed)
    for _ in range(20):
        for _ in range(50):
            if not world.step():
                break
        else:
            raise AssertionError("it never settles")
        assert len(world.running()) <= parallelism
        if running := world.running():
            world.end(world.chance.choice(running), world.chance.choice((0, 1)))
