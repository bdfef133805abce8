"""Verdict: whether a Job has done enough, or has failed, and why.  Pure.

Source: Kubernetes docs, "Jobs", "Job termination and cleanup"; KEP-3998 (successPolicy).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fairway.controllers.job import failures
from fairway.controllers.job.counting import Count
from fairway.controllers.job.pods import is_indexed
from fairway.kinds.rules.indexes import lenient
from fairway.objects import Object
from fairway.objects.conditions import condition
from fairway.reconcile.times import parse_rfc3339

SUCCESS, FAILURE = "SuccessCriteriaMet", "FailureTarget"
FINAL = {SUCCESS: "Complete", FAILURE: "Failed"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The condition that decides: its ``type`` is ``SUCCESS`` or ``FAILURE``."""

    type: str
    reason: str
    message: str


def given(job: Object) -> Verdict | None:
    """The verdict that the status already tells."""
    for type_ in (FAILURE, SUCCESS):
        one = condition(job, type_)
        if one is not None and one.get("status") == "True":
            return Verdict(type_, one.get("reason") or "", one.get("message") or "")
    return None


def is_finished(job: Object) -> bool:
    """Whether it is over, and every pod counted."""
    return any((one := condition(job, type_)) and one.get("status") == "True" for type_ in FINAL.values())


def verdict(job: Object, count: Count, active: Sequence[Object], now: float) -> Verdict | None:
    """What is to be said now; ``None`` while the Job goes on.  ``active`` pods run or wait to."""
    return _failure(job, count, active, now) or _success(job, count, active)


def _failure(job: Object, count: Count, active: Sequence[Object], now: float) -> Verdict | None:
    if count.fails_job:
        return Verdict(FAILURE, "PodFailurePolicy", count.fails_job)
    if _is_past_backoff(job, count, active):
        return Verdict(FAILURE, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    left = deadline_s(job, now)
    if left is not None and left <= 0:
        return Verdict(FAILURE, "DeadlineExceeded", "Job was active longer than specified deadline")
    return None


def _is_past_backoff(job: Object, count: Count, active: Sequence[Object]) -> bool:
    limit = job["spec"]["backoffLimit"]
    if count.all_failed > limit:
        return True
    if (job["spec"]["template"].get("spec") or {}).get("restartPolicy") != "OnFailure":
        return False
    restarted = failures.restarts(active)
    return restarted > 0 if limit == 0 else restarted >= limit


def deadline_s(job: Object, now: float) -> float | None:
    """Seconds until the Job may be active no longer; ``None`` without a limit, or while it does not run."""
    limit, began = job["spec"].get("activeDeadlineSeconds"), (job.get("status") or {}).get("startTime")
    if limit is None or not began or job["spec"].get("suspend"):
        return None
    return parse_rfc3339(began) + int(limit) - now


def _success(job: Object, count: Count, active: Sequence[Object]) -> Verdict | None:
    if is_indexed(job):
        matched = _matched_rule(job, count)
        if matched is not None:
            return Verdict(SUCCESS, "SuccessPolicy", f"Matched rules at index {matched}")
        if failed := _failed_indexes(job, count):
            return failed
    total = job["spec"].get("completions")
    if total is not None:
        is_done = count.all_succeeded >= total
    else:
        is_done = count.all_succeeded > 0 and not active and not job["spec"].get("suspend")
    if is_done:
        return Verdict(SUCCESS, "CompletionsReached", "Reached expected number of succeeded pods")
    return None


def _matched_rule(job: Object, count: Count) -> int | None:
    total = job["spec"].get("completions") or 0
    for place, rule in enumerate((job["spec"].get("successPolicy") or {}).get("rules") or ()):
        asked = rule.get("succeededIndexes")
        wanted = lenient(asked, total) if asked is not None else None
        done = count.completed if wanted is None else count.completed & wanted
        least = rule.get("succeededCount")
        if len(done) >= (least if least is not None else len(wanted or ())):
            return place
    return None


def _failed_indexes(job: Object, count: Count) -> Verdict | None:
    failed, most = len(count.failed_indexes), job["spec"].get("maxFailedIndexes")
    if most is not None and failed > most:
        text = "Job has exceeded the specified maximal number of failed indexes"
        return Verdict(FAILURE, "MaxFailedIndexesExceeded", text)
    if failed and failed + len(count.completed) >= (job["spec"].get("completions") or 0):
        return Verdict(FAILURE, "FailedIndexes", "Job has failed indexes")
    return None
