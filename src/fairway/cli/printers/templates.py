"""Templates: ``-o jsonpath=...``, ``-o go-template=...``, and their companions with a file.

The debugging text that goes before a failure is kubectl's.
"""

import json
import sys

from fairway.cli.failure import Failure
from fairway.cli.printers.go_values import quoted, syntax_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fairway.cli.flags import Values

    Printer = Callable[[dict[str, Any]], str]

_WITH_FILE = {"jsonpath-file": "jsonpath", "go-template-file": "go-template", "templatefile": "go-template"}


def template_printer(name: str, argument: str, flags: "Values") -> "Printer":
    """The printer of format ``name`` with what stands behind its ``=``, or in ``--template``."""
    text = argument or flags.template
    if not text:
        raise Failure("template format specified but no template given")
    if name in _WITH_FILE:
        try:
            with open(text, encoding="utf-8") as reading:
                text = reading.read()
        except OSError as error:
            reason = (error.strerror or "").lower()
            raise Failure(f"error reading --template {text}, open {text}: {reason}") from None
    if name.startswith("jsonpath"):
        return _json_path(text, flags, is_json=name == "jsonpath-as-json")
    return _go_template(text, flags)


def _json_path(text: str, flags: "Values", *, is_json: bool) -> "Printer":
    from fairway.cli.printers.json_path import JsonPathError, Template

    try:
        template = Template(text, allows_missing=flags.allow_missing_template_keys)
    except JsonPathError as error:
        raise Failure(f"error parsing jsonpath {text}, {error}") from None

    def printed(found: "dict[str, Any]") -> str:
        try:
            if is_json:
                return "".join(_indented(values) for values in template.find(found))
            return template.render(found)
        except JsonPathError as error:
            told = (
                f"Error executing template: {error}. Printing more information for debugging the template:\n"
                f"\ttemplate was:\n\t\t{text}\n\tobject given to jsonpath engine was:\n\t\t{syntax_of(found)}\n\n"
            )
            raise Failure(f"error executing jsonpath {quoted(text)}: {told}") from None

    return printed


def _indented(values: "list[Any]") -> str:
    from fairway.cli.printers.documents import json_text

    return json_text(values) + "\n"


def _go_template(text: str, flags: "Values") -> "Printer":
    from fairway.cli.printers.go_template import Template, TemplateError

    try:
        template = Template(text, allows_missing=flags.allow_missing_template_keys)
    except TemplateError as error:
        raise Failure(f"error parsing template {text}, {error}") from None

    def printed(found: "dict[str, Any]") -> str:
        try:
            return template.render(found)
        except TemplateError as error:
            raw = json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            sys.stdout.write(
                f"{error.written}Error executing template: {error}. "
                "Printing more information for debugging the template:\n"
                f"\ttemplate was:\n\t\t{text}\n\traw data was:\n\t\t{raw}\n"
                f"\tobject given to template engine was:\n\t\t{text_of(found)}\n\n"
            )
            raise Failure(f"error executing template {quoted(text)}: {error}") from None

    return printed
