"""Table: what people read, in the columns of the server.

Shape: each question is asked as a Table, page by page; ``Tables`` collects the rows of one kind and prints them
aligned.
Source: Kubernetes API concepts, "Receiving resources as Tables".
"""

import sys

from fairway.cli.arguments import Request, requests
from fairway.cli.arguments.target import check_namespace
from fairway.cli.failure import Failure, Failures
from fairway.cli.printers.columns import aligned, widths_of
from fairway.cli.printers.control_signs import harmless
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fairway.cli.call import Call
    from fairway.cli.commands.get.form import Form
    from fairway.cli.flags import Values

AS_TABLE = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
)


def run_table(call: "Call", form: "Form") -> int:
    """Ask for every table, print them, and tell what went wrong at the end."""
    failures: list[Exception] = []
    asked, flags = requests(call, failures=failures), call.flags
    if flags.subresource and any(request.is_list for request in asked):
        raise Failure("subresource cannot be used when bulk resources are specified")
    answered: list[tuple[Request, dict[str, Any]]] = []
    for request in asked:
        try:
            answered += [(request, table) for table in pages(call, request)]
        except ApiError as error:
            if not (flags.ignore_not_found and error.is_not_found):
                _put(failures, failed(call, request, error), request)
    shows_kind = flags.show_kind or len({request.resource for request, _ in answered}) > 1
    tables = Tables(flags, is_wide=form.is_wide, shows_kind=shows_kind)
    if flags.sort_by and len(answered) > 1:
        answered = _several_in_order(answered, flags)
    for request, table in answered:
        tables.add(request, table)
    tables.flush()
    if not tables.has_written and not flags.ignore_not_found and not failures:
        is_one = not flags.all_namespaces and all(r.resource.is_namespaced for r in asked)
        where = f" in {call.session.namespace} namespace." if is_one else ""
        sys.stdout.flush()
        print(f"No resources found{where}", file=sys.stderr)
    if failures:
        raise Failures([Failures(failures)])
    return 0


class _OfList(Failures):
    """What went wrong with the items of one list: one line, without the server's name."""

    def __init__(self, source: str, each: "list[Exception]") -> None:
        super().__init__(each)
        self.source = source


def _put(failures: "list[Exception]", error: Exception, request: Request) -> None:
    if not request.is_of_list:
        failures.append(error)
        return
    before: list[Exception] = []
    if failures and isinstance(last := failures[-1], _OfList) and last.source == request.source:
        before = last.each
        failures.pop()
    failures.append(_OfList(request.source, [*before, error]))


def failed(call: "Call", request: Request, error: ApiError) -> ApiError:
    """What is told: of an object in a namespace that is not there, that."""
    if not request.is_list:
        try:
            check_namespace(call.session.api, request.namespace, error)
        except ApiError as missing:
            return missing
    return request.failed(error)


def pages(call: "Call", request: Request) -> "Iterator[dict[str, Any]]":
    """The tables that answer ``request``."""
    flags, api = call.flags, call.session.api
    is_sorted = bool(flags.sort_by)
    if request.object is not None and not request.name:
        yield _own_table(request.object)
        return
    query: dict[str, Any] = {**request.query, "includeObject": "Object" if is_sorted else ""}
    path = f"{request.path}/{flags.subresource}" if flags.subresource else request.path
    if request.is_list:
        query["limit"] = "" if is_sorted else flags.chunk_size or ""
    while True:
        table = api.get(path, query, accept=AS_TABLE) if flags.server_print else _own_table(api.get(path, query))
        if is_sorted:
            table["rows"] = _in_order(table.get("rows") or [], request, flags.sort_by)
        yield table
        query["continue"] = (table.get("metadata") or {}).get("continue") if request.is_list else ""
        if not query["continue"]:
            return


def _own_table(found: "dict[str, Any]") -> "dict[str, Any]":
    """A Table of names and ages of an object or a list, for ``--server-print=false``."""
    import time

    from fairway.objects.ages import age

    now_s = time.time()
    items = found.get("items", [found])
    return {
        "metadata": found.get("metadata") or {},
        "columnDefinitions": [{"name": "Name", "format": "name"}, {"name": "Age"}],
        "rows": [
            {
                "cells": [item["metadata"].get("name") or "", age(item["metadata"].get("creationTimestamp"), now_s)],
                "object": item,
            }
            for item in items
        ],
    }


def _in_order(rows: "list[dict[str, Any]]", request: Request, path: str) -> "list[dict[str, Any]]":
    """The rows by ``path``; where that picks nothing, kubectl shows no row of a list, and so do we."""
    from fairway.cli.commands.get.order import sorted_rows

    try:
        return sorted_rows(rows, path, lambda row: row["object"])
    except Failure:
        return [] if request.is_list else rows


def _several_in_order(
    answered: "list[tuple[Request, dict[str, Any]]]", flags: "Values"
) -> "list[tuple[Request, dict[str, Any]]]":
    """Answers to several questions: as kubectl, by what ``--sort-by`` picks of the tables themselves.

    Where the server has sent objects, by what it picks of those; each kind then begins a table of its own.
    """
    from fairway.cli.commands.get.order import sorted_rows

    if flags.server_print:
        return sorted_rows(answered, flags.sort_by, lambda pair: pair[1])
    rows = [(request, table, row) for request, table in answered for row in table["rows"]]
    rows = sorted_rows(rows, flags.sort_by, lambda found: found[2]["object"])
    return [(request, {**table, "rows": [row]}) for request, table, row in rows]


class Tables:
    """Tables one after another: rows of one kind are aligned together, an empty line parts kinds."""

    def __init__(self, flags: "Values", *, is_wide: bool, shows_kind: bool) -> None:
        self._flags, self._is_wide, self._shows_kind = flags, is_wide, shows_kind
        self._columns: list[dict[str, Any]] = []
        self._rows: list[list[str]] = []
        self._of: object = None
        self._widths: list[int] = []
        self._is_parted = False
        self.has_written = False

    def add(self, request: Request, table: "dict[str, Any]", event: str = "") -> None:
        """Take the rows of one more table; ``event`` is their first column, if there is one."""
        if self._of != request.resource:
            self.flush()
            self._is_parted = self.has_written
            self._of, self._columns, self._widths = request.resource, [], []
        first = [event] if event else []
        columns = table.get("columnDefinitions") or self._columns
        rows = table.get("rows") or ()
        if rows and columns != self._columns and not self._flags.no_headers:
            self._rows.append(
                (["EVENT"] if event else [])
                + header(columns, self._flags, is_wide=self._is_wide, has_namespace=self._namespaced(request))
            )
        if rows:
            self._columns = columns
        prefix = f"{request.resource.printed}/" if self._shows_kind else ""
        for row in rows:
            self._rows.append(
                first
                + cells(
                    row,
                    columns,
                    self._flags,
                    is_wide=self._is_wide,
                    has_namespace=self._namespaced(request),
                    prefix=prefix,
                )
            )

    def _namespaced(self, request: Request) -> bool:
        return bool(self._flags.all_namespaces and request.resource.is_namespaced)

    def flush(self) -> None:
        """Print what was taken."""
        if self._rows:
            before = "\n" if self._is_parted and not self._flags.no_headers else ""
            self._is_parted = False
            self._widths = widths_of(self._rows, self._widths)
            sys.stdout.write(before + aligned(self._rows, self._widths))
            self._rows, self.has_written = [], True


def header(columns: "list[dict[str, Any]]", flags: "Values", *, is_wide: bool, has_namespace: bool) -> list[str]:
    """The line of headers.  Pure."""
    found = ["NAMESPACE"] if has_namespace else []
    found += [column["name"].upper() for column in columns if is_wide or not column.get("priority")]
    found += [label.rpartition("/")[2].upper() for label in flags.label_columns]
    return [*found, "LABELS"] if flags.show_labels else found


def cells(
    row: "dict[str, Any]",
    columns: "list[dict[str, Any]]",
    flags: "Values",
    *,
    is_wide: bool,
    has_namespace: bool,
    prefix: str,
) -> list[str]:
    """The cells of one row.  Pure."""
    meta = (row.get("object") or {}).get("metadata") or {}
    found = [meta.get("namespace") or ""] if has_namespace else []
    for column, cell in zip(columns, row["cells"], strict=False):
        if is_wide or not column.get("priority"):
            text = shown(cell)
            found.append(prefix + text if prefix and column.get("format") == "name" else text)
    labels = meta.get("labels") or {}
    found += [labels.get(label) or "" for label in flags.label_columns]
    if flags.show_labels:
        found.append(",".join(f"{name}={labels[name]}" for name in sorted(labels)) or "<none>")
    return found


def shown(cell: "Any") -> str:
    """A cell as text, cut at its first line."""
    if cell is None:
        return "<nil>"
    if isinstance(cell, bool):
        return "true" if cell else "false"
    text = str(cell)
    for place, letter in enumerate(text):
        if letter in "\f\n\r":
            return harmless(f"{text[:place]}...")
    return harmless(text)
