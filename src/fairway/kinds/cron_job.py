"""CronJob (batch/v1): makes a Job whenever a schedule is due.

Source: Kubernetes docs, "CronJob"; API reference, "CronJob v1 batch".
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from fairway.kinds.job import spec_problems
from fairway.kinds.kind import STATUS, WHY, Column, Kind
from fairway.kinds.rules import cron, replicas
from fairway.kinds.rules.cells import AGE, NONE, at, selector
from fairway.kinds.rules.pod_spec import fill_template, hints
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import child, drop_null, fill, fill_empty, non_negative
from fairway.objects import Object
from fairway.objects.ages import age
from fairway.objects.errors import Problem, invalid_value, not_supported, required

NAME_MAX = 52
"""Eleven letters are left for the names of Jobs."""
_POLICIES = ("Allow", "Forbid", "Replace")
_ZONE_NEEDED = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"


def defaults(new: Object) -> None:
    """Runs may overlap; three successes and one failure are kept."""
    spec = child(new, "spec")
    drop_null(spec, "startingDeadlineSeconds", "timeZone")
    fill_empty(spec, concurrencyPolicy="Allow")
    fill(spec, suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    template = child(spec, "jobTemplate")
    child(template, "metadata")
    job = child(template, "spec")
    fill_template(child(job, "template"))
    for rule in (job.get("podFailurePolicy") or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            fill_empty(pattern, status="True")
    child(new, "status")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Status and spec each belong to their own resource."""
    keep_apart(new, old, subresource, {})


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule."""
    spec, name = new["spec"], new["metadata"].get("name") or ""
    if old is not None and spec == old["spec"]:
        return
    yield from _schedule(spec, old)
    yield from non_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    if spec["concurrencyPolicy"] not in _POLICIES:
        yield not_supported("spec.concurrencyPolicy", spec["concurrencyPolicy"], _POLICIES)
    yield from non_negative("spec.successfulJobsHistoryLimit", spec["successfulJobsHistoryLimit"])
    yield from non_negative("spec.failedJobsHistoryLimit", spec["failedJobsHistoryLimit"])
    yield from _zone(spec.get("timeZone"))
    yield from _template(spec["jobTemplate"]["spec"])
    if old is None and len(name) > NAME_MAX:
        yield invalid_value("metadata.name", name, "must be no more than 52 characters")


def _schedule(spec: Object, old: Object | None) -> Iterator[Problem]:
    text = spec.get("schedule") or ""
    if not text:
        yield required("spec.schedule")
        return
    if "TZ" in text:
        if spec.get("timeZone") is not None:
            yield invalid_value("spec.schedule", text, "cannot use both timeZone field and TZ or CRON_TZ in schedule")
        elif old is None or "TZ" not in (old["spec"].get("schedule") or ""):
            text_ = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            yield invalid_value("spec.schedule", text, text_)
        return
    try:
        cron.parse(text)
    except ValueError as error:
        yield invalid_value("spec.schedule", text, str(error))


def _zone(name: str | None) -> Iterator[Problem]:
    if name is None:
        return
    if not name:
        yield invalid_value("spec.timeZone", name, "timeZone must be nil or non-empty string")
    elif name.lower() == "local":
        yield invalid_value("spec.timeZone", name, _ZONE_NEEDED)
    elif not is_zone(name):
        yield invalid_value("spec.timeZone", name, f"unknown time zone {name}")


def is_zone(name: str) -> bool:
    """Whether this machine knows the time zone; what is known never changes while it runs."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def _template(job: Object) -> Iterator[Problem]:
    """A Job is told its defaults when it is made; here they are only thought of."""
    filled = {
        **job, "completionMode": job.get("completionMode") or "NonIndexed",
        "parallelism": 1 if job.get("parallelism") is None else job["parallelism"],
        "podReplacementPolicy": job.get("podReplacementPolicy")
        or ("TerminatingOrFailed" if job.get("podFailurePolicy") is None else "Failed"),
    }  # fmt: skip
    yield from spec_problems("spec.jobTemplate.spec", filled, is_template=True)
    if job.get("selector") is not None:
        text = "`selector` will be auto-generated"
        yield invalid_value("spec.jobTemplate.spec.selector", job["selector"], text)
    if job.get("manualSelector"):
        path = "spec.jobTemplate.spec.manualSelector"
        yield not_supported(path, job["manualSelector"], ("nil", "false"))


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Those of the name and of the template of pods, and of a time zone in the schedule."""
    if old is None:
        yield from replicas.name_warnings(new)
    spec = new["spec"]
    if "TZ" in (spec.get("schedule") or ""):
        yield (
            "spec.schedule: CRON_TZ or TZ used in schedule is not officially supported, see"
            " https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
        )
    template = spec["jobTemplate"]["spec"]["template"]
    if old is None or template != old["spec"]["jobTemplate"]["spec"].get("template"):
        path = "spec.jobTemplate.spec.template"
        yield from hints(path, template.get("metadata") or {}, template.get("spec") or {})


def _suspend(found: Object, _now: float) -> str:
    return str(bool(found["spec"].get("suspend")))


def _last(found: Object, now: float) -> str:
    stamp = (found.get("status") or {}).get("lastScheduleTime")
    return age(stamp, now) if stamp else NONE


def _containers(field: str) -> Column:
    def cell(found: Object, _now: float) -> str:
        pod = found["spec"]["jobTemplate"]["spec"]["template"].get("spec") or {}
        return ",".join(one.get(field) or "" for one in pod.get("containers") or ())

    return Column("Containers" if field == "name" else "Images", cell, priority=1)


CRON_JOB = Kind(
    group="batch", version="v1", name="CronJob", plural="cronjobs",
    short_names=("cj",),
    categories=("all",),
    subresources=(STATUS, WHY),
    columns=(
        Column("Schedule", at("spec", "schedule")),
        Column("Timezone", at("spec", "timeZone", absent=NONE)),
        Column("Suspend", _suspend, type="boolean"),
        Column("Active", lambda found, _: len((found.get("status") or {}).get("active") or ()), type="integer"),
        Column("Last Schedule", _last),
        AGE,
        _containers("name"), _containers("image"),
        Column("Selector", lambda found, _: selector(found["spec"]["jobTemplate"]["spec"].get("selector")), priority=1),
    ),
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    warnings=warnings,
    has_generation=True,
)  # fmt: skip
