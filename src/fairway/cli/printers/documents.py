"""Documents: objects as JSON and YAML, to the letter as kubectl writes them.

Pure.  JSON: four spaces, members in the order of their names, ``<``, ``>`` and ``&`` escaped.  YAML: members in
order, lists not indented, texts quoted where they would mean something else, blocks for several lines.
"""

from json.encoder import encode_basestring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fairway.cli.flags import Values


class Declared(dict):  # type: ignore[type-arg]
    """An object whose members JSON shows in the order in which they are."""

    __slots__ = ()


def json_printer(flags: "Values") -> "Callable[[dict[str, Any]], str]":
    """Of ``-o json``."""
    return lambda found: json_text(_shown(found, flags)) + "\n"


def yaml_printer(flags: "Values") -> "Callable[[dict[str, Any]], str]":
    """Of ``-o yaml``; from the second object on a line of dashes goes before."""
    count = 0

    def printed(found: "dict[str, Any]") -> str:
        nonlocal count
        count += 1
        return ("---\n" if count > 1 else "") + yaml_text(_shown(found, flags))

    return printed


def _shown(found: "dict[str, Any]", flags: "Values") -> "dict[str, Any]":
    return found if flags.show_managed_fields else without_managed_fields(found)


def without_managed_fields(found: "dict[str, Any]") -> "dict[str, Any]":
    """The object, or the list of objects, without metadata.managedFields."""
    if isinstance(found.get("items"), list):
        return type(found)({**found, "items": [without_managed_fields(item) for item in found["items"]]})
    metadata = found.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return found
    kept = type(metadata)((name, value) for name, value in metadata.items() if name != "managedFields")
    return type(found)({**found, "metadata": kept})


def json_text(value: "Any") -> str:
    """Indented JSON without a newline at its end."""
    parts: list[str] = []
    _put(value, "\n", parts.append)
    text = "".join(parts)
    for letter, escape in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        if letter in text:
            text = text.replace(letter, escape)
    return text


def _put(value: "Any", line: str, put: "Callable[[str], None]") -> None:
    match value:
        case str():
            put(encode_basestring(value))
        case None | bool():
            put("null" if value is None else "true" if value else "false")
        case dict() if value:
            inner, before = f"{line}    ", "{"
            for name in value if type(value) is Declared else sorted(value):
                put(f"{before}{inner}{encode_basestring(name)}: ")
                _put(value[name], inner, put)
                before = ","
            put(f"{line}}}")
        case list() if value:
            inner, before = f"{line}    ", "["
            for item in value:
                put(f"{before}{inner}")
                _put(item, inner, put)
                before = ","
            put(f"{line}]")
        case dict() | list():
            put("{}" if isinstance(value, dict) else "[]")
        case _:
            put(number_text(value))


def number_text(value: "int | float") -> str:
    """A number as Go writes it."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].zfill(2)}" if e else text


def yaml_text(value: "Any") -> str:
    """YAML with a newline at its end."""
    from fairway.cli.printers.yaml_writer import written

    return written(value)
