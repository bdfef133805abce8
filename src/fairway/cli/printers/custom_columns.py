"""Custom columns: ``-o custom-columns=NAME:.metadata.name,...`` and the same from a file."""

import sys

from fairway.cli.failure import Failure
from fairway.cli.printers.columns import aligned
from fairway.cli.printers.go_values import text_of
from fairway.cli.printers.json_path import JsonPathError, Template, relaxed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def columns_printer(name: str, argument: str, *, has_headers: bool) -> "Callable[[dict[str, Any]], str]":
    """The printer of ``custom-columns`` or ``custom-columns-file``; the headers go before the first object."""
    columns = _of_file(argument) if name.endswith("-file") else _of_text(argument)
    is_first = has_headers

    def printed(found: "dict[str, Any]") -> str:
        nonlocal is_first
        items = found["items"] if isinstance(found.get("items"), list) else [found]
        rows = [[header for header, _ in columns]] if is_first else []
        is_first = False
        try:
            rows += [[_cell(template, item) for _, template in columns] for item in items]
        except JsonPathError as error:
            sys.stdout.write(aligned(rows))
            raise Failure(str(error)) from None
        return aligned(rows)

    return printed


def _of_text(text: str) -> "list[tuple[str, Template]]":
    if not text:
        raise Failure("custom-columns format specified but no custom columns given")
    found = []
    for part in text.split(","):
        header, colon, path = part.partition(":")
        if not colon:
            raise Failure(f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
        found.append((header, _template(path)))
    return found


def _of_file(file: str) -> "list[tuple[str, Template]]":
    if not file:
        raise Failure("custom-columns-file format specified but no custom columns file given")
    try:
        with open(file, encoding="utf-8") as reading:
            lines = reading.read().splitlines()
    except OSError as error:
        raise Failure(f"error reading template {file}, open {file}: {(error.strerror or '').lower()}") from None
    headers = lines[0].split() if lines else []
    paths = lines[1].split() if len(lines) > 1 else []
    if len(headers) != len(paths):
        raise Failure(f"number of headers ({len(headers)}) and field specifications ({len(paths)}) don't match")
    return [(header, _template(path)) for header, path in zip(headers, paths, strict=True)]


def _template(path: str) -> Template:
    try:
        return Template(relaxed(path) if path else "")
    except JsonPathError as error:
        raise Failure(str(error)) from None


def _cell(template: Template, item: "dict[str, Any]") -> str:
    values = (value for values in template.find(item) for value in values)
    return ",".join(map(text_of, values)) or "<none>"
