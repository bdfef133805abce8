"""Counting: each pod that ended is counted once, whatever crashes in between.  Pure.

Shape: an ended pod is first written down in the status by its uid, then loses its finalizer, and only when that is
seen does its uid become a number.  Of an indexed Job the completed indexes themselves are what is written down.
Source: KEP-2307.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fairway.controllers.job import failures
from fairway.controllers.job.pods import (
    failures_before,
    has_failed,
    index_of,
    is_indexed,
    is_tracked,
    last_failed,
)
from fairway.controllers.rules import pods as pod_rules
from fairway.kinds.rules.indexes import lenient
from fairway.objects import Object


@dataclass(slots=True)
class Count:
    """What has ended so far: ``release`` pods whose end is kept, numbers and uids as the status should have them."""

    succeeded: int = 0
    failed: int = 0
    uncounted_succeeded: list[str] = field(default_factory=list)
    uncounted_failed: list[str] = field(default_factory=list)
    completed: set[int] = field(default_factory=set)
    failed_indexes: set[int] = field(default_factory=set)
    release: list[Object] = field(default_factory=list)
    fails_job: str = ""
    """Why a failed pod ends the whole Job; empty if none does."""

    @property
    def all_failed(self) -> int:
        """Every failure, those included that are not a number yet."""
        return self.failed + len(self.uncounted_failed)

    @property
    def all_succeeded(self) -> int:
        """Every success, those included that are not a number yet."""
        return self.succeeded + len(self.uncounted_succeeded)


def count(job: Object, pods: Sequence[Object], *, is_over: bool) -> Count:
    """``is_over``: the Job has its verdict, so that what still runs has failed."""
    spec, status = job["spec"], job.get("status") or {}
    total = spec.get("completions") or 0
    found = Count(
        status.get("succeeded") or 0, status.get("failed") or 0,
        completed=lenient(status.get("completedIndexes"), total) if is_indexed(job) else set(),
        failed_indexes=lenient(status.get("failedIndexes"), total),
    )  # fmt: skip
    tracked = {pod["metadata"]["uid"]: pod for pod in pods if is_tracked(pod)}
    kept = frozenset(found.completed)
    known = _count_known(status.get("uncountedTerminatedPods") or {}, tracked, found)
    for uid, pod in tracked.items():
        if uid not in known:
            _count_new(job, uid, pod, kept, found, is_over=is_over)
    if spec.get("backoffLimitPerIndex") is not None:
        _fail_indexes(job, pods, found)
    if is_indexed(job):
        found.succeeded = len(found.completed)
    return found


def _count_known(written: Object, tracked: dict[str, Object], found: Count) -> set[str]:
    """The uids that were written down: a number once the finalizer is gone."""
    known: set[str] = set()
    for name, uids in (("succeeded", found.uncounted_succeeded), ("failed", found.uncounted_failed)):
        for uid in written.get(name) or ():
            known.add(uid)
            if uid in tracked:
                uids.append(uid)
                found.release.append(tracked[uid])
            elif name == "succeeded":
                found.succeeded += 1
            else:
                found.failed += 1
    return known


def _count_new(job: Object, uid: str, pod: Object, kept: frozenset[int], found: Count, *, is_over: bool) -> None:
    index = index_of(pod)
    is_counted = not is_indexed(job) or (index is not None and index < (job["spec"].get("completions") or 0))
    if pod_rules.phase(pod) == "Succeeded":
        if not is_indexed(job):
            found.uncounted_succeeded.append(uid)
        elif not is_counted or index in kept:
            found.release.append(pod)
        elif index is not None:
            found.completed.add(index)
    elif has_failed(job, pod) or (is_over and pod_rules.is_terminal(pod)):
        _count_failed(job, uid, pod, found, is_counted=is_counted)


def _count_failed(job: Object, uid: str, pod: Object, found: Count, *, is_counted: bool) -> None:
    meaning = failures.meaning(job, pod)
    if meaning.action == failures.FAIL_JOB and not found.fails_job:
        found.fails_job = meaning.message
    is_suspended = job["spec"].get("suspend") and not pod_rules.is_terminal(pod)
    if is_counted and meaning.action != failures.IGNORE and not is_suspended:
        found.uncounted_failed.append(uid)
    else:
        found.release.append(pod)


def _fail_indexes(job: Object, pods: Sequence[Object], found: Count) -> None:
    """Indexes whose failures are too many, or that a rule of the policy gives up."""
    limit, total = job["spec"]["backoffLimitPerIndex"], job["spec"].get("completions") or 0
    for index, pod in last_failed(job, pods).items():
        if index in found.completed or index >= total:
            continue
        action = failures.meaning(job, pod).action
        if action == failures.FAIL_INDEX or (action != failures.IGNORE and failures_before(pod) >= limit):
            found.failed_indexes.add(index)
