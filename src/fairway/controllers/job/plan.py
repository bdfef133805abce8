"""Plan: what to make, take away, let go of and say for one Job.  Pure.

Shape: what there is -> what to write now.  The status is written before any pod loses its finalizer.
Source: Kubernetes docs, "Jobs"; KEP-2232 (suspend), KEP-2307 (counting), KEP-3939 (replacement).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fairway.controllers.job import failures
from fairway.controllers.job.counting import Count, count
from fairway.controllers.job.pods import (
    IGNORED_FAILURES,
    failures_before,
    finished_s,
    index_of,
    is_indexed,
    is_leaving,
    is_tracked,
    last_failed,
    replaces_only_failed,
)
from fairway.controllers.job.status import status
from fairway.controllers.job.verdict import deadline_s, given, is_finished, verdict
from fairway.controllers.replicas.ranking import victims
from fairway.controllers.rules import pods as pod_rules
from fairway.objects import Object
from fairway.reconcile.times import parse_rfc3339

BURST = 500
"""Pods made or deleted in one go; upstream's limit."""


@dataclass(frozen=True, slots=True)
class New:
    """A pod to make: its index, and the failures of that index (counted, ignored) where they are counted."""

    index: int | None = None
    failures: tuple[int, int] | None = None


@dataclass(slots=True)
class Plan:
    """``status`` comes first; ``release`` lose the finalizer, ``track`` get it; ``again_s`` as in a reconcile."""

    status: Object
    create: list[New] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)
    release: list[Object] = field(default_factory=list)
    track: list[Object] = field(default_factory=list)
    again_s: float | None = None
    is_expired: bool = False
    """The Job itself goes: its time after its end is over."""


def plan(job: Object, pods: Sequence[Object], now: float) -> Plan:
    """The next step of the Job with these pods."""
    if is_finished(job):
        return _after(job, pods, now)
    active = [pod for pod in pods if pod_rules.is_active(pod)]
    decided = given(job)
    counted = count(job, pods, is_over=decided is not None)
    if decided is None:
        decided = verdict(job, counted, active, now)
    step = Plan({}, release=counted.release)
    step.track = [pod for pod in active if not is_tracked(pod)]
    is_going = pod_rules.is_terminating(job)
    if decided is not None or job["spec"].get("suspend"):
        step.delete = [] if is_going else active
    elif not is_going:
        _settle(job, pods, active, counted, now, step)
    step.status = status(job, pods, active, counted, decided, now)
    if decided is None and (left := deadline_s({**job, "status": step.status}, now)) is not None:
        step.again_s = min(filter(None, (step.again_s, max(left, 0.001))))
    return step


def _after(job: Object, pods: Sequence[Object], now: float) -> Plan:
    """A Job that is over lets go of its pods, and leaves when its time has come."""
    step = Plan(job.get("status") or {}, release=[pod for pod in pods if is_tracked(pod)])
    if pod_rules.is_terminating(job):
        return step
    step.delete = [pod for pod in pods if pod_rules.is_active(pod)]
    ttl_s = job["spec"].get("ttlSecondsAfterFinished")
    if ttl_s is not None:
        left = _ended_s(job) + ttl_s - now
        step.is_expired, step.again_s = left <= 0, max(left, 0.001) if left > 0 else None
    return step


def _ended_s(job: Object) -> float:
    return max(
        parse_rfc3339(one["lastTransitionTime"])
        for one in job["status"]["conditions"]
        if one["type"] in ("Complete", "Failed") and one.get("lastTransitionTime")
    )


def _settle(
    job: Object, pods: Sequence[Object], active: Sequence[Object], counted: Count, now: float, step: Plan
) -> None:
    """Bring the pods that run to the number that is wanted."""
    wrong = _misplaced(job, active, counted) if is_indexed(job) else []
    right = [pod for pod in active if pod not in wrong]
    wanted = _wanted(job, len(right), counted)
    if len(right) > wanted:
        step.delete = (wrong + _surplus(job, right, len(right) - wanted, now))[:BURST]
        return
    step.delete = wrong[:BURST]
    leaving = [pod for pod in pods if is_leaving(pod)] if replaces_only_failed(job) else []
    missing = min(wanted - len(right) - len(leaving), BURST)
    if missing <= 0:
        return
    if is_indexed(job):
        _create_indexed(job, pods, [*right, *leaving], counted, missing, now, step)
        return
    wait_s = failures.wait_s(job, pods, now)
    if wait_s > 0:
        step.again_s = wait_s
    else:
        step.create = [New()] * missing


def _wanted(job: Object, running: int, counted: Count) -> int:
    parallelism, completions = job["spec"]["parallelism"], job["spec"].get("completions")
    if completions is None:
        return min(running, parallelism) if counted.all_succeeded else int(parallelism)
    left: int = completions - counted.all_succeeded - len(counted.failed_indexes)
    return max(0, min(left, int(parallelism)))


def _misplaced(job: Object, active: Iterable[Object], counted: Count) -> list[Object]:
    """Pods without an index that is still to be done, and doubles of one."""
    seen, wrong = set(counted.completed | counted.failed_indexes), []
    for pod in sorted(active, key=lambda one: (not pod_rules.is_ready(one), one["metadata"]["name"])):
        index = index_of(pod)
        if index is None or index >= (job["spec"].get("completions") or 0) or index in seen:
            wrong.append(pod)
        else:
            seen.add(index)
    return wrong


def _surplus(job: Object, active: Sequence[Object], number: int, now: float) -> list[Object]:
    if is_indexed(job):
        return sorted(active, key=lambda pod: -(index_of(pod) or 0))[:number]
    return victims(active, active, number, now)


def _create_indexed(
    job: Object, pods: Sequence[Object], placed: Iterable[Object], counted: Count, missing: int, now: float, step: Plan
) -> None:
    """The lowest free indexes, each when the time after its last failure is over."""
    taken = {index_of(pod) for pod in placed} | counted.completed | counted.failed_indexes
    is_per_index = job["spec"].get("backoffLimitPerIndex") is not None
    failed = last_failed(job, pods) if is_per_index else {}
    if not is_per_index and (wait_s := failures.wait_s(job, pods, now)) > 0:
        step.again_s = wait_s
        return
    waits: list[float] = []
    for index in range(job["spec"].get("completions") or 0):
        if len(step.create) == missing:
            break
        if index in taken:
            continue
        if (last := failed.get(index)) is None:
            step.create.append(New(index, (0, 0) if is_per_index else None))
            continue
        before = _failures_with(job, last)
        if (left := finished_s(last) + failures.delay_s(sum(before)) - now) > 0:
            waits.append(left)
        else:
            step.create.append(New(index, before))
    step.again_s = min(waits, default=None)


def _failures_with(job: Object, last: Object) -> tuple[int, int]:
    """(counted, ignored) failures of an index, the last one included."""
    counted, ignored = failures_before(last), failures_before(last, IGNORED_FAILURES)
    is_ignored = failures.meaning(job, last).action == failures.IGNORE
    return (counted, ignored + 1) if is_ignored else (counted + 1, ignored)
