"""The columns of Jobs."""

from fairway.kinds.kind import Column
from fairway.kinds.rules.cells import AGE, selector, workload
from fairway.objects import Object
from fairway.objects.ages import duration
from fairway.objects.conditions import is_true
from fairway.objects.meta import unix_seconds


def _status(job: Object, _now: float) -> str:
    for type_ in ("Complete", "Failed"):
        if is_true(job, type_):
            return type_
    if job["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for type_, shown in (
        ("Suspended", "Suspended"), ("FailureTarget", "FailureTarget"), ("SuccessCriteriaMet", "SuccessCriteriaMet"),
    ):  # fmt: skip
        if is_true(job, type_):
            return shown
    return "Running"


def _completions(job: Object, _now: float) -> str:
    done = (job.get("status") or {}).get("succeeded") or 0
    wanted, parallel = job["spec"].get("completions"), job["spec"].get("parallelism") or 0
    if wanted is not None:
        return f"{done}/{wanted}"
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def _duration(job: Object, now: float) -> str:
    status = job.get("status") or {}
    began, ended = status.get("startTime"), status.get("completionTime")
    if not began:
        return ""
    return duration((unix_seconds(ended) if ended else now) - unix_seconds(began))


COLUMNS = (
    Column("Status", _status),
    Column("Completions", _completions),
    Column("Duration", _duration),
    AGE,
    *workload(selector),
)
