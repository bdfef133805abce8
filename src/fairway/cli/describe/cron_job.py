"""The description of a CronJob."""

from __future__ import annotations

from fairway.cli.describe import events, pod_template
from fairway.cli.describe.page import NONE, UNSET, Page, selector, stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    spec, status = found.get("spec") or {}, found.get("status") or {}
    page.head(found["metadata"])
    page.line(0, "Schedule:", spec.get("schedule", ""))
    page.line(0, "Concurrency Policy:", spec.get("concurrencyPolicy", ""))
    page.line(0, "Suspend:", UNSET if spec.get("suspend") is None else str(spec["suspend"]))
    page.line(0, "Time Zone:", _or_unset(spec, "timeZone"))
    page.line(0, "Successful Job History Limit:", _or_unset(spec, "successfulJobsHistoryLimit"))
    page.line(0, "Failed Job History Limit:", _or_unset(spec, "failedJobsHistoryLimit"))
    deadline = spec.get("startingDeadlineSeconds")
    page.line(0, "Starting Deadline Seconds:", UNSET if deadline is None else f"{deadline}s")
    _job(page, (spec.get("jobTemplate") or {}).get("spec") or {})
    last = status.get("lastScheduleTime")
    page.line(0, "Last Schedule Time:", UNSET if last is None else stamp(last))
    page.line(0, "Active Jobs:", ", ".join(each.get("name", "") for each in status.get("active") or ()) or NONE)
    events.write(page, found, world)


def _or_unset(found: Object, field: str) -> str:
    return UNSET if found.get(field) is None else str(found[field])


def _job(page: Page, spec: Object) -> None:
    page.line(0, "Selector:", UNSET if spec.get("selector") is None else selector(spec["selector"]))
    page.line(0, "Parallelism:", _or_unset(spec, "parallelism"))
    page.line(0, "Completions:", _or_unset(spec, "completions"))
    if spec.get("activeDeadlineSeconds") is not None:
        page.line(0, "Active Deadline Seconds:", f"{spec['activeDeadlineSeconds']}s")
    pod_template.write(page, spec.get("template") or {})
