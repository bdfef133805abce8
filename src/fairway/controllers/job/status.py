"""Status: what a Job says of itself.  Pure.

Source: Kubernetes API reference, "JobStatus v1 batch".
"""

from collections.abc import Sequence

from fairway.controllers.job.counting import Count
from fairway.controllers.job.pods import is_indexed, is_leaving, is_tracked
from fairway.controllers.job.verdict import FINAL, SUCCESS, Verdict
from fairway.controllers.rules import pods as pod_rules
from fairway.kinds.rules.indexes import shown
from fairway.objects import Object
from fairway.objects.conditions import condition
from fairway.reconcile.times import rfc3339

_COUNTED = ("active", "ready", "terminating", "succeeded", "failed")


def status(
    job: Object, pods: Sequence[Object], active: Sequence[Object], counted: Count, decided: Verdict | None, now: float
) -> Object:
    """The status that the Job should have; the last condition comes when nothing is left to count."""
    found = {name: value for name, value in (job.get("status") or {}).items() if name not in _COUNTED}
    leaving = sum(map(is_leaving, pods))
    numbers = {"active": len(active), "succeeded": counted.succeeded, "failed": counted.failed}
    found.update({name: number for name, number in numbers.items() if number})
    found["ready"], found["terminating"] = sum(map(pod_rules.is_ready, active)), leaving
    uncounted = {"succeeded": counted.uncounted_succeeded, "failed": counted.uncounted_failed}
    found["uncountedTerminatedPods"] = {name: uids for name, uids in uncounted.items() if uids}
    _put_indexes(job, counted, found)
    if job["spec"].get("suspend") and decided is None:
        found.pop("startTime", None)
    elif not found.get("startTime"):
        found["startTime"] = rfc3339(now)
    conditions = _conditions(job, decided, now)
    if decided is not None:
        is_settled = not active and not leaving and not any(map(is_tracked, pods))
        if is_settled and not found["uncountedTerminatedPods"] and condition(job, decided.type) is not None:
            conditions.append(_made(FINAL[decided.type], "True", decided.reason, decided.message, now))
            if decided.type == SUCCESS:
                found["completionTime"] = rfc3339(now)
    if conditions:
        found["conditions"] = conditions
    return found


def _put_indexes(job: Object, counted: Count, found: Object) -> None:
    if is_indexed(job):
        if counted.completed:
            found["completedIndexes"] = shown(counted.completed)
        else:
            found.pop("completedIndexes", None)
    if job["spec"].get("backoffLimitPerIndex") is not None:
        found["failedIndexes"] = shown(counted.failed_indexes)


def _conditions(job: Object, decided: Verdict | None, now: float) -> list[Object]:
    present: list[Object] = list((job.get("status") or {}).get("conditions") or ())
    if decided is not None:
        if condition(job, decided.type) is None:
            present.append(_made(decided.type, "True", decided.reason, decided.message, now))
        return present
    before = condition(job, "Suspended")
    if job["spec"].get("suspend"):
        return _set(present, before, _made("Suspended", "True", "JobSuspended", "Job suspended", now))
    if before is not None:
        return _set(present, before, _made("Suspended", "False", "JobResumed", "Job resumed", now))
    return present


def _set(present: list[Object], before: Object | None, new: Object) -> list[Object]:
    if before is None:
        return [*present, new]
    if before.get("status") == new["status"]:
        return present
    return [new if one is before else one for one in present]


def _made(type_: str, status_: str, reason: str, message: str, now: float) -> Object:
    stamp = rfc3339(now)
    return {
        "type": type_, "status": status_, "lastProbeTime": stamp, "lastTransitionTime": stamp, "reason": reason,
        "message": message,
    }  # fmt: skip
