"""The description of a Job."""

from __future__ import annotations

from fairway.cli.describe import events, pod_template
from fairway.cli.describe.page import NONE, UNSET, Page, selector, stamp, true
from fairway.cli.describe.pod import controlled_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object

_SHOWN_INDEXES = 50
"""Signs of the list of completed indexes; it is cut at the next comma."""


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    metadata, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    page.line(0, "Name:", metadata.get("name", ""))
    page.line(0, "Namespace:", metadata.get("namespace", ""))
    page.line(0, "Selector:", selector(spec.get("selector")))
    page.marks(metadata)
    controlled_by(page, found)
    _wanted(page, spec)
    _times(page, spec, status)
    ready = "" if status.get("ready") is None else f" ({status['ready']} Ready)"
    counts = f"{status.get('succeeded', 0)} Succeeded / {status.get('failed', 0)} Failed"
    page.line(0, "Pods Statuses:", f"{status.get('active', 0)} Active{ready} / {counts}")
    if spec.get("completionMode") == "Indexed":
        page.line(0, "Completed Indexes:", _indexes(status.get("completedIndexes") or ""))
    pod_template.write(page, spec.get("template") or {})
    events.write(page, found, world)


def _wanted(page: Page, spec: Object) -> None:
    if spec.get("parallelism") is not None:
        page.line(0, "Parallelism:", spec["parallelism"])
    page.line(0, "Completions:", UNSET if spec.get("completions") is None else spec["completions"])
    if spec.get("completionMode") is not None:
        page.line(0, "Completion Mode:", spec["completionMode"])
    if spec.get("suspend") is not None:
        page.line(0, "Suspend:", true(spec["suspend"]))
    for title, field in (
        ("Backoff Limit:", "backoffLimit"),
        ("TTL Seconds After Finished:", "ttlSecondsAfterFinished"),
    ):
        if spec.get(field) is not None:
            page.line(0, title, spec[field])


def _times(page: Page, spec: Object, status: Object) -> None:
    begun, done = status.get("startTime"), status.get("completionTime")
    for title, at in (("Start Time:", begun), ("Completed At:", done)):
        if at is not None:
            page.line(0, title, stamp(at))
    if begun is not None and done is not None:
        from datetime import datetime

        from fairway.objects.ages import duration

        taken = datetime.fromisoformat(done) - datetime.fromisoformat(begun)
        page.line(0, "Duration:", duration(taken.total_seconds()))
    if spec.get("activeDeadlineSeconds") is not None:
        page.line(0, "Active Deadline Seconds:", f"{spec['activeDeadlineSeconds']}s")


def _indexes(found: str) -> str:
    comma = found.find(",", _SHOWN_INDEXES)
    return (f"{found[: comma + 1]}..." if comma >= 0 else found) or NONE
