"""CronJobs: what they may say, which run starts when, which are forgotten; and classes of priority."""

from copy import deepcopy
from typing import Any

import pytest
from kind_cases import cells, container, made, refused

from fairway.controllers.cron_job.plan import SCHEDULED, Plan, plan, reference
from fairway.kinds import CRON_JOB, PRIORITY_CLASS
from fairway.objects import Object
from fairway.reconcile.times import parse_rfc3339

NOW = parse_rfc3339("2026-01-01T10:30:00Z")


def cron_job(schedule: str = "*/5 * * * *", status: Object | None = None, **spec: Any) -> Object:
    pod = {"restartPolicy": "Never", "containers": [container()]}
    meta = {"name": "web", "namespace": "d", "uid": "c1", "creationTimestamp": "2026-01-01T10:00:00Z"}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"template": {"spec": pod}}}
    new = made(CRON_JOB, {"metadata": meta, "spec": {"schedule": schedule, "jobTemplate": template, **spec}})
    new["status"] = status or {}
    return new


def job(name: str, ended: str = "", at: str = "2026-01-01T10:20:00Z") -> Object:
    meta = {"name": name, "namespace": "d", "uid": name, "resourceVersion": "1"}
    status: Object = {"startTime": at}
    if ended:
        status["conditions"] = [{"type": ended, "status": "True"}]
    if ended == "Complete":
        status["completionTime"] = at
    return {"metadata": meta, "status": status}


def planned(found: Object, jobs: Any = (), now: float = NOW) -> Plan:
    return plan(deepcopy(found), list(jobs), now)


def test_its_defaults_and_columns() -> None:
    new = cron_job(timeZone="Europe/Berlin", status={"lastScheduleTime": "2026-01-01T10:29:00Z"})
    assert {key: new["spec"][key] for key in ("concurrencyPolicy", "suspend", "successfulJobsHistoryLimit",
                                              "failedJobsHistoryLimit")} == {
        "concurrencyPolicy": "Allow", "suspend": False, "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
    }  # fmt: skip
    assert "parallelism" not in new["spec"]["jobTemplate"]["spec"]
    shown = cells(CRON_JOB, new, NOW, wide=True)
    assert shown == {
        "Schedule": "*/5 * * * *", "Timezone": "Europe/Berlin", "Suspend": "False", "Active": 0,
        "Last Schedule": "60s", "Age": "30m", "Containers": "web", "Images": "luksa/kubia", "Selector": "<none>",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("new", "texts"),
    [
        (cron_job(), []),
        (cron_job(""), ["spec.schedule: Required value"]),
        (cron_job("* * *"), [
            'spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]']),
        (cron_job("TZ=UTC * * * * *"), [
            'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field'
            " instead"]),
        (cron_job(timeZone=""), ['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string']),
        (cron_job(timeZone="Local"), [
            'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in'
            " https://www.iana.org/time-zones"]),
        (cron_job(timeZone="Mars/Base"), ['spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base']),
        (cron_job(concurrencyPolicy="Odd"), [
            'spec.concurrencyPolicy: Unsupported value: "Odd": supported values: "Allow", "Forbid", "Replace"']),
        (cron_job(startingDeadlineSeconds=-1, failedJobsHistoryLimit=-1), [
            "spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0"]),
    ],
)  # fmt: skip
def test_what_is_refused(new: Object, texts: list[str]) -> None:
    assert refused(CRON_JOB, new) == texts


def test_a_run_is_named_by_its_minute() -> None:
    step = planned(cron_job(status={"lastScheduleTime": "2026-01-01T10:25:00Z"}))
    assert step.create is not None
    meta = step.create["metadata"]
    assert meta["name"] == f"web-{int(NOW) // 60}"
    assert (meta["labels"], meta["annotations"]) == ({"a": "b"}, {SCHEDULED: "2026-01-01T10:30:00Z"})
    assert step.again_s == 300


def test_nothing_is_due_and_nothing_runs_while_suspended() -> None:
    found = cron_job(status={"lastScheduleTime": "2026-01-01T10:30:00Z"})
    assert (planned(found).create, planned(found, now=NOW + 299).again_s) == (None, 1)
    assert planned(found, now=NOW + 300).create is not None
    stopped = planned(cron_job(suspend=True))
    assert (stopped.create, stopped.again_s) == (None, None)


def test_a_time_that_never_comes_is_told() -> None:
    step = planned(cron_job("59 23 31 2 *"))
    why = "invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second"
    assert [(told.type, told.reason, told.message) for told in step.events] == [("Warning", "InvalidSchedule", why)]
    assert (step.create, step.again_s) == (None, None)


def test_only_the_last_of_missed_runs_is_made_up_for_and_not_too_late() -> None:
    late = planned(cron_job(), now=NOW + 100)
    assert late.create is not None
    assert late.scheduled_s == NOW
    assert late.events == []
    kept = planned(cron_job(startingDeadlineSeconds=50), now=NOW + 100)
    assert kept.create is None
    many = planned(cron_job("* * * * *"), now=NOW + 86400 + 30)
    assert (many.scheduled_s, [told.reason for told in many.events]) == (NOW + 86400, ["TooManyMissedTimes"])


@pytest.mark.parametrize(
    ("policy", "starts", "replaced", "reasons"),
    [("Allow", True, 0, []), ("Forbid", False, 0, ["JobAlreadyActive"]), ("Replace", True, 1, [])],
)
def test_runs_that_would_overlap(policy: str, starts: bool, replaced: int, reasons: list[str]) -> None:
    running = job("r")
    found = cron_job(concurrencyPolicy=policy, status={"active": [reference(running)]})
    step = planned(found, [running])
    assert (step.create is not None, len(step.replace), [told.reason for told in step.events]) == (
        starts, replaced, reasons,
    )  # fmt: skip


def test_what_ended_is_told_and_only_the_last_are_kept() -> None:
    ended = job("e", "Complete")
    jobs = [ended, *(job(f"c{place}", "Complete", f"2026-01-01T10:1{place}:00Z") for place in range(4))]
    jobs += [job(f"f{place}", "Failed", f"2026-01-01T10:1{place}:00Z") for place in range(2)]
    step = planned(cron_job(status={"active": [reference(ended), reference(job("gone"))]}), jobs)
    assert "active" not in step.status
    assert step.status["lastSuccessfulTime"] == "2026-01-01T10:20:00Z"
    assert [told.message for told in step.events] == [
        "Saw completed job: e, condition: Complete", "Active job went missing: gone",
    ]  # fmt: skip
    assert [one["metadata"]["name"] for one in step.forget] == ["c0", "c1", "f0"]


def test_applied_twice_there_is_nothing_left_to_do() -> None:
    found = cron_job()
    step = planned(found)
    assert step.create is not None
    new = job("new")
    found["status"] = {"active": [reference(new)], "lastScheduleTime": "2026-01-01T10:30:00Z"}
    again = planned(found, [new])
    assert (again.create, again.status, again.events) == (None, found["status"], [])


def test_classes_of_priority() -> None:
    assert refused(PRIORITY_CLASS, {"value": 2_000_000_000}) == [
        "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"
    ]
    system = {"metadata": {"name": "system-node-critical"}, "value": 2_000_001_000}
    assert refused(PRIORITY_CLASS, system) == []
    assert refused(PRIORITY_CLASS, {"metadata": {"name": "system-x"}, "value": 1}) == [
        "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only."
        " error: system-x is not a known system priority class"
    ]
    old, new = made(PRIORITY_CLASS, {"value": 1}), made(PRIORITY_CLASS, {"value": 2, "preemptionPolicy": "Never"})
    assert [problem.text for problem in PRIORITY_CLASS.validate(new, old)] == [
        "value: Forbidden: may not be changed in an update.",
        'preemptionPolicy: Invalid value: "Never": field is immutable',
    ]
    assert cells(PRIORITY_CLASS, old, wide=True)["PreemptionPolicy"] == "PreemptLowerPriority"
