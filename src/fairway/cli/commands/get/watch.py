"""Watch: what is there, and then what changes, until somebody breaks it off."""

import json
import sys

from fairway.cli.arguments import Request, requests
from fairway.cli.commands.get.table import AS_TABLE, Tables
from fairway.cli.failure import Failure
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fairway.cli.call import Call
    from fairway.cli.commands.get.form import Form

    Tell = Callable[[str, dict[str, Any]], None]

_EVENT_WIDTH = 8
"""Of ``MODIFIED``, the longest."""


def run_watch(call: "Call", form: "Form") -> int:
    """Print the objects (but not with ``--watch-only``), then every event."""
    asked, flags = requests(call), call.flags
    if any(request.is_of_list for request in asked):
        raise Failure(
            "watch is only supported on individual resources and resource collections, but a list of resources is found"
        )
    if len({request.resource for request in asked}) > 1:
        if asked[0].source:
            raise Failure(
                "watch is only supported on individual resources and resource collections - "
                "more than 1 resource was found"
            )
        raise Failure("you may only specify a single resource type")
    accept = AS_TABLE if form.printer is None else "application/json"
    answers = [_asked(call, request, accept) for request in asked]
    tell, flush = _teller(call, form, asked[0])
    if not flags.watch_only:
        for answer in answers:
            for item in _items(answer, asked[0]):
                tell("ADDED", item)
    flush()
    if len(asked) > 1:
        raise Failure("you may only watch a single resource or type of resource at a time")
    _follow(call, asked[0], accept, _version(answers[0]), tell, flush)
    return 0


def _asked(call: "Call", request: Request, accept: str) -> "dict[str, Any]":
    """The object or the whole list; a Table of all pages."""
    api, query = call.session.api, dict(request.query)
    if not request.is_list:
        found: dict[str, Any] = api.get(request.path, accept=accept)
        return found
    query["limit"] = call.flags.chunk_size or ""
    try:
        whole: dict[str, Any] = api.get(request.path, query, accept=accept)
    except ApiError as error:
        raise request.failed(error) from None
    rows, page = "rows" if whole.get("kind") == "Table" else "items", whole
    while going_on := (page.get("metadata") or {}).get("continue"):
        page = api.get(request.path, {**query, "continue": going_on}, accept=accept)
        whole[rows] = [*(whole.get(rows) or ()), *(page.get(rows) or ())]
    return whole


def _items(answer: "dict[str, Any]", request: Request) -> "list[dict[str, Any]]":
    """What is printed at once: tables whole, objects one by one."""
    if answer.get("kind") == "Table" or not request.is_list:
        return [answer]
    return [
        {"apiVersion": request.resource.api_version, "kind": request.resource.kind, **item}
        for item in answer.get("items") or ()
    ]


def _version(answer: "dict[str, Any]") -> str:
    """The version from which the watch begins: the list's, or the one object's."""
    version = (answer.get("metadata") or {}).get("resourceVersion")
    if answer.get("kind") == "Table" and not version:
        row = answer["rows"][0]["object"]
        version = row["metadata"]["resourceVersion"]
    return str(version or "")


def _follow(
    call: "Call", request: Request, accept: str, version: str, tell: "Tell", flush: "Callable[[], None]"
) -> None:
    fields = request.fields or ("" if request.is_list else f"metadata.name={request.name}")
    query = {"labelSelector": request.selector, "fieldSelector": fields, "resourceVersion": version}
    path = request.resource.path(request.namespace)
    for event, found in call.session.api.watch(path, query, accept=accept):
        tell(event, found)
        flush()


def _teller(call: "Call", form: "Form", request: Request) -> "tuple[Tell, Callable[[], None]]":
    """What takes one event, and what prints those that were taken."""
    flags, printer = call.flags, form.printer
    if printer is None:
        tables = Tables(flags, is_wide=form.is_wide, shows_kind=flags.show_kind)

        def tell_rows(event: str, table: "dict[str, Any]") -> None:
            tables.add(request, table, event.ljust(_EVENT_WIDTH) if flags.output_watch_events else "")

        def flush_rows() -> None:
            tables.flush()
            sys.stdout.flush()

        return tell_rows, flush_rows
    if not flags.output_watch_events:
        return lambda event, found: _written(printer(found)), sys.stdout.flush
    if flags.output == "json":
        return lambda event, found: _written(_event_json(event, found)), sys.stdout.flush
    return lambda event, found: _written(printer({"type": event, "object": found})), sys.stdout.flush


def _written(text: str) -> None:
    sys.stdout.write(text)


def _event_json(event: str, found: "dict[str, Any]") -> str:
    from fairway.cli.generators.go_json import escaped

    shown = escaped(json.dumps(found, sort_keys=True, ensure_ascii=False, separators=(",", ":")))
    return f'{{"type":"{event}","object":{shown}}}\n'
