"""Show what has happened: the events of a namespace, or of one object, the newest last.

fairway events                         of the namespace
fairway events -A --types=Warning      of all namespaces, warnings only
fairway events --for pod/kubia-1 -w    of one object, and what happens from now on
"""

import sys
import time

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.printers import FORMATS, OUTPUT_FLAGS, no_format, printer_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fairway.cli.call import Call

USAGE = "[--for TYPE/NAME]"
FLAGS = (
    *OUTPUT_FLAGS,
    Flag("all-namespaces", "A", "bool", "in all namespaces, whatever the context says"),
    Flag("chunk-size", type="int", default=500, help="how many events are asked for at a time; 0 for all at once"),
    Flag("for", help="only events about this object: TYPE/NAME"),
    Flag("no-headers", type="bool", help="no line of headers"),
    Flag("types", type="strings", help="only events of these types: Normal, Warning"),
    Flag("watch", "w", "bool", "and then what happens from now on"),
)
TYPES = ("normal", "warning")


def run(call: "Call") -> int:
    """Ask, order, and print."""
    flags = call.flags
    fields = _about(call, getattr(flags, "for"))
    types = [word.lower() for word in flags.types]
    if not set(types) <= set(TYPES):
        raise Failure("valid --types are Normal or Warning")
    printer = _printer(call)
    path = "/api/v1/events" if flags.all_namespaces else f"/api/v1/namespaces/{call.session.namespace}/events"
    if flags.watch:
        return _watch(call, path, fields, types, printer)
    from fairway.cli.arguments.asking import listed

    query = {"fieldSelector": fields}
    found = [each for each in listed(call.session.api, path, query, flags.chunk_size) if _is_of(each, types)]
    if not found:
        where = "" if flags.all_namespaces else f" in {call.session.namespace} namespace"
        print(f"No events found{where}.", file=sys.stderr)
        return 0
    from fairway.cli.printers.unstable_order import sort

    found = sort(found, when)
    if printer is not None:
        sys.stdout.write(printer({"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": found}))
    else:
        Rows(call).show(found)
    return 0


def _about(call: "Call", text: str) -> str:
    """The field selector for ``--for``."""
    if not text:
        return ""
    type, slash, name = text.partition("/")
    if not slash:
        raise Failure("--for must be in resource/name form")
    if "/" in name:
        raise Failure("arguments in resource/name form may not have more than one slash")
    if not type:
        raise Failure("a resource must be present, got: /, Resource=")
    try:
        resource = call.session.resources.find(type)
    except Failure as failure:
        raise Failure(str(failure), is_bare=True) from None
    terms = [f"involvedObject.kind={resource.kind}", f"involvedObject.apiVersion={resource.api_version}"]
    return ",".join([*terms, f"involvedObject.name={name}"]) if name else ""


def _printer(call: "Call") -> "Callable[[dict[str, Any]], str] | None":
    name = call.flags.output.partition("=")[0]
    if name and name not in FORMATS:
        raise no_format(call.flags.output, FORMATS)
    if name == "name":
        # kubectl names single events, as they come with --watch, and of a list none.
        return lambda found: "" if "items" in found else f"event/{found['metadata']['name']}\n"
    from fairway.cli.printers.typed_events import json_text, typed

    printer = json_text if name == "json" else printer_of(call.flags)
    has_all = call.flags.show_managed_fields
    return None if printer is None else lambda found: printer(typed(found, has_managed_fields=has_all))


def _is_of(event: "dict[str, Any]", types: list[str]) -> bool:
    return not types or str(event.get("type", "")).lower() in types


def when(event: "dict[str, Any]") -> str:
    """The time that the event is ordered by; all stamps are of UTC, and of the same form but for fractions."""
    series = (event.get("series") or {}).get("lastObservedTime") if event.get("series") else None
    stamp: str = series or event.get("lastTimestamp") or event.get("eventTime") or ""
    return stamp.removesuffix("Z")


class Rows:
    """The table; its columns never become narrower."""

    def __init__(self, call: "Call") -> None:
        self._has_namespace = call.flags.all_namespaces
        head = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
        self._waiting = [] if call.flags.no_headers else [["NAMESPACE", *head] if self._has_namespace else head]
        self._widths: list[int] = []

    def show(self, events: "list[dict[str, Any]]") -> None:
        """Print a row for each."""
        from fairway.cli.printers.columns import aligned, widths_of
        from fairway.cli.printers.control_signs import harmless

        now_s = time.time()
        rows = self._waiting + [list(map(harmless, self._cells(each, now_s))) for each in events]
        self._waiting = []
        self._widths = widths_of([row[:-1] for row in rows], self._widths)
        sys.stdout.write(aligned(rows, self._widths))
        sys.stdout.flush()

    def _cells(self, event: "dict[str, Any]", now_s: float) -> list[str]:
        from fairway.objects.ages import event_age

        about = event.get("involvedObject") or {}
        place = [event["metadata"].get("namespace", "")] if self._has_namespace else []
        return [
            *place, event_age(event, now_s), event.get("type", ""), event.get("reason", ""),
            f"{about.get('kind', '')}/{about.get('name', '')}", (event.get("message") or "").strip(),
        ]  # fmt: skip


def _watch(
    call: "Call", path: str, fields: str, types: list[str], printer: "Callable[[dict[str, Any]], str] | None"
) -> int:
    """What there is, in the server's order, and what comes, until Ctrl-C."""
    rows = Rows(call)
    for change, event in call.session.api.watch(path, {"fieldSelector": fields}):
        if change in ("DELETED", "BOOKMARK") or not _is_of(event, types):
            continue  # events grow old and are removed, which is none itself
        if printer is None:
            rows.show([event])
        else:
            sys.stdout.write(printer(event))
            sys.stdout.flush()
    return 0
