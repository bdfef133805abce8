"""How objects are shown in a terminal.

Shape: a command adds ``OUTPUT_FLAGS`` to its own; ``printer_of(flags)`` gives a function from an object to its text
(with the newline at its end, where the format has one), or ``None`` where people read (no ``-o``, ``-o wide``).
"""

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fairway.cli.flags import Values

FORMATS = (
    "json", "yaml", "name", "go-template", "go-template-file", "template", "templatefile", "jsonpath",
    "jsonpath-as-json",
    "jsonpath-file",
)  # fmt: skip
OUTPUT_FLAGS = (
    Flag("output", "o", help="format: json, yaml, name, go-template=..., jsonpath=..., and the like"),
    Flag("template", help="the template, or its file, of -o go-template, jsonpath and their like"),
    Flag("show-managed-fields", type="bool", help="keep managedFields in JSON and YAML"),
    Flag("allow-missing-template-keys", type="bool", default=True, help="templates: what is missing is no failure"),
)


def printer_of(flags: "Values", *, more: "tuple[str, ...]" = ()) -> "Callable[[dict[str, Any]], str] | None":
    """The printer that ``-o`` names.  ``more``: formats that the command has beside ``FORMATS``, for the message.

    Raises: ``Failure``.
    """
    name, equals, argument = flags.output.partition("=")
    if not name and not flags.template:
        return None
    if name in ("json", "yaml") and not equals:
        from fairway.cli.printers import documents

        return documents.json_printer(flags) if name == "json" else documents.yaml_printer(flags)
    if name == "name" and not equals:
        return name_of
    if (name in FORMATS and name not in ("json", "yaml", "name")) or not name:
        from fairway.cli.printers.templates import template_printer

        return template_printer(name or "go-template", argument, flags)
    raise no_format(flags.output, (*FORMATS, *more))


def no_format(given: str, formats: "tuple[str, ...]") -> Failure:
    """The failure for a format that there is not."""
    return Failure(
        f'unable to match a printer suitable for the output format "{given}", allowed formats are: '
        + ",".join(sorted(formats))
    )


def name_of(found: "dict[str, Any]") -> str:
    """``service/web``, ``deployment.apps/web``; of a list a line an object."""
    if isinstance(found.get("items"), list) and str(found.get("kind", "")).endswith("List"):
        return "".join(map(name_of, found["items"]))
    group, _, _ = str(found.get("apiVersion", "")).rpartition("/")
    kind, name = str(found.get("kind", "")).lower(), (found.get("metadata") or {}).get("name") or "<unknown>"
    return f"{kind}.{group}/{name}\n" if group else f"{kind}/{name}\n"
