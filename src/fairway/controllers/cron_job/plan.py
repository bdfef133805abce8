"""Plan: which Job of a CronJob starts now, which are forgotten, and when to look again.  Pure.

Source: Kubernetes docs, "CronJob"; "CronJob limitations".
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fairway.kinds import CRON_JOB, JOB
from fairway.kinds.rules import cron
from fairway.objects import Object
from fairway.objects.conditions import is_true
from fairway.reconcile.events import EventType
from fairway.reconcile.owners import controller_reference
from fairway.reconcile.times import parse_rfc3339, rfc3339

SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
MANY_MISSED = 100
FORBIDDEN = "Not starting job because prior execution is running and concurrency policy is Forbid"
TOO_MANY = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"


class Told(NamedTuple):
    """An Event of the CronJob."""

    type: EventType
    reason: str
    message: str


@dataclass(slots=True)
class Plan:
    """``replace`` go before ``create``; ``forget`` are over.  ``scheduled_s`` is the time that ``create`` is for."""

    status: Object
    create: Object | None = None
    replace: list[Object] = field(default_factory=list)
    forget: list[Object] = field(default_factory=list)
    scheduled_s: float = 0.0
    again_s: float | None = None
    events: list[Told] = field(default_factory=list)


def is_finished(job: Object) -> bool:
    """Whether the Job is over."""
    return is_true(job, "Complete") or is_true(job, "Failed")


def plan(cron_job: Object, jobs: Sequence[Object], now: float) -> Plan:
    """The next step of a CronJob that controls these ``jobs``."""
    step = Plan(dict(cron_job.get("status") or {}))
    active = _active(cron_job, jobs, step)
    step.forget = list(_beyond_history(cron_job, jobs))
    spec, zone = cron_job["spec"], zone_of(cron_job)
    if spec.get("suspend") or "deletionTimestamp" in cron_job["metadata"] or zone is None:
        return step
    try:
        schedule = cron.parse(spec["schedule"])
    except ValueError as error:
        step.events.append(
            Told("Warning", "UnparseableSchedule", f'unparseable schedule: "{spec["schedule"]}" : {error}')
        )
        return step
    if (next_s := schedule.next_s(now, zone)) is None:
        # The 31st of February: upstream's words for a time that never comes.
        why = "time difference between two schedules is less than 1 second"
        step.events.append(Told("Warning", "InvalidSchedule", f"invalid schedule: {spec['schedule']} : {why}"))
        return step
    step.again_s = max(next_s - now, 0.001)
    _start(cron_job, active, schedule, zone, now, step)
    return step


def zone_of(cron_job: Object) -> tzinfo | None:
    """By which clocks the schedule goes; ``None`` for a zone that this machine does not know."""
    name = cron_job["spec"].get("timeZone")
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def _active(cron_job: Object, jobs: Iterable[Object], step: Plan) -> list[Object]:
    """The Jobs that run; the status names them, and tells when one succeeded last."""
    by_uid = {job["metadata"]["uid"]: job for job in jobs}
    known = {one["uid"]: one for one in (cron_job.get("status") or {}).get("active") or ()}
    active = [job for uid, job in by_uid.items() if uid in known and not is_finished(job)]
    for uid, one in known.items():
        found = by_uid.get(uid)
        if found is None:
            step.events.append(Told("Normal", "MissingJob", f"Active job went missing: {one['name']}"))
        elif is_finished(found):
            ended = "Complete" if is_true(found, "Complete") else "Failed"
            text = f"Saw completed job: {one['name']}, condition: {ended}"
            step.events.append(Told("Normal", "SawCompletedJob", text))
    if active:
        step.status["active"] = [reference(job) for job in active]
    else:
        step.status.pop("active", None)
    ends = [
        job["status"]["completionTime"]
        for job in by_uid.values()
        if is_true(job, "Complete") and (job.get("status") or {}).get("completionTime")
    ]
    if last := max([*ends, step.status.get("lastSuccessfulTime") or ""]):
        step.status["lastSuccessfulTime"] = last
    return active


def reference(job: Object) -> Object:
    """A Job as the status names it."""
    meta = job["metadata"]
    return {
        "kind": "Job", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"],
        "apiVersion": JOB.api_version, "resourceVersion": meta["resourceVersion"],
    }  # fmt: skip


def _beyond_history(cron_job: Object, jobs: Sequence[Object]) -> Iterator[Object]:
    """The oldest of those that are over, beyond the limit of their kind."""
    for type_, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        most = cron_job["spec"].get(limit)
        ended = sorted((job for job in jobs if is_true(job, type_)), key=_began)
        if most is not None:
            yield from ended[: max(0, len(ended) - most)]


def _began(job: Object) -> tuple[str, str]:
    return (job.get("status") or {}).get("startTime") or "", job["metadata"]["name"]


def _start(
    cron_job: Object, active: Sequence[Object], schedule: cron.Schedule, zone: tzinfo, now: float, step: Plan
) -> None:
    due_s, is_many = last_due_s(cron_job, schedule, zone, now)
    if is_many:
        step.events.append(Told("Warning", "TooManyMissedTimes", TOO_MANY))
    if due_s is None:
        return
    spec = cron_job["spec"]
    deadline_s = spec.get("startingDeadlineSeconds")
    if deadline_s is not None and due_s + deadline_s < now:
        text = f"Missed scheduled time to start a job: {_shown(due_s, zone)}"
        step.events.append(Told("Warning", "MissSchedule", text))
        return
    if spec["concurrencyPolicy"] == "Forbid" and active:
        step.events.append(Told("Normal", "JobAlreadyActive", FORBIDDEN))
        return
    if spec["concurrencyPolicy"] == "Replace":
        step.replace = list(active)
    step.create, step.scheduled_s = job_of(cron_job, due_s, zone), due_s


def last_due_s(
    cron_job: Object, schedule: cron.Schedule, zone: tzinfo, now: float
) -> tuple[float | None, bool]:  # fmt: skip
    """(the latest time that was due and not served, whether very many were missed)."""
    last = (cron_job.get("status") or {}).get("lastScheduleTime")
    earliest_s = parse_rfc3339(last or cron_job["metadata"]["creationTimestamp"])
    deadline_s = cron_job["spec"].get("startingDeadlineSeconds")
    if deadline_s is not None:
        earliest_s = max(earliest_s, now - deadline_s)
    first_s = schedule.next_s(earliest_s, zone)
    if first_s is None or first_s > now:
        return None, False
    # A long absence need not be walked through minute by minute: the latest time is found from close by.
    due_s, missed = first_s, 1
    back_s = 60.0
    while back_s < now - first_s:
        found = schedule.next_s(now - back_s, zone)
        if found is not None and found <= now:
            due_s = found
            break
        back_s *= 4
    while (later_s := schedule.next_s(due_s, zone)) is not None and later_s <= now:
        due_s, missed = later_s, missed + 1
    gap_s = (schedule.next_s(first_s, zone) or now) - first_s
    return due_s, deadline_s is None and (now - first_s) / max(gap_s, 1.0) > MANY_MISSED


def _shown(time_s: float, zone: tzinfo) -> str:
    if zone is UTC:
        return rfc3339(time_s)
    return datetime.fromtimestamp(time_s, zone).isoformat(timespec="seconds")


def job_of(cron_job: Object, scheduled_s: float, zone: tzinfo) -> Object:
    """The Job for that time: its name says the minute, so that no minute has two."""
    meta, template = cron_job["metadata"], cron_job["spec"]["jobTemplate"]
    given = template.get("metadata") or {}
    annotations = {**(given.get("annotations") or {}), SCHEDULED: _shown(scheduled_s, zone)}
    made: Object = {
        "name": f"{meta['name']}-{int(scheduled_s) // 60}", "namespace": meta["namespace"], "annotations": annotations,
        "ownerReferences": [controller_reference(CRON_JOB, cron_job)],
    }  # fmt: skip
    if given.get("labels"):
        made["labels"] = dict(given["labels"])
    return {"kind": "Job", "apiVersion": "batch/v1", "metadata": made, "spec": template["spec"]}
