"""Field paths: where a rule says that its problem is: ``.spec['a-b'].c``.

Pure.  Source: Kubernetes docs, "Validation rules", "Field paths"; names of fields, and keys of maps in quotes.
"""

import re
from typing import Any

from fairway.objects import Object

_part = re.compile(r"\.([^.\[\]]+)|\['((?:[^'\\]|\\.)*)'\]")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "'": "'", "\\": "\\"}


def field_path(text: str, schema: Object) -> str | None:
    """The path as errors show it, empty for an empty one; ``None`` if it leads nowhere in ``schema``."""
    shown, at = "", 0
    below: Any = schema
    while at < len(text):
        found = _part.match(text, at)
        if found is None or not isinstance(below, dict):
            return None
        name = found[1] if found[1] is not None else _plain(found[2])
        if name is None:
            return None
        if below.get("properties") is not None:
            below = below["properties"].get(name)
            shown += f".{name}"
        elif isinstance(below.get("additionalProperties"), dict):
            below = below["additionalProperties"]
            shown += f"[{name}]"
        else:
            return None
        if below is None:
            return None
        at = found.end()
    return shown


def _plain(quoted: str) -> str | None:
    """What stands in quotes, or ``None`` if it is escaped wrongly."""
    if any(escape not in _ESCAPES for escape in re.findall(r"\\(.)", quoted)):
        return None
    return re.sub(r"\\(.)", lambda one: _ESCAPES[one[1]], quoted)


def selected(path: str, schema: Object) -> Object | str:
    """The schema of the field that a selectable field's path leads to, or why it leads nowhere."""
    tokens = re.findall(r"[.\[\]]|[^.\[\]]+", path)
    below: Any = schema
    while tokens:
        token = tokens.pop(0)
        if token == "[":
            return "array notation is not allowed"
        if token != ".":
            return f"expected [ or . but got: {token}"
        if not tokens:
            return "unexpected end of JSON path"
        name = tokens.pop(0)
        properties, values = below.get("properties") or {}, below.get("additionalProperties")
        below = properties.get(name, values if not properties else None)
        if not isinstance(below, dict):
            return "does not refer to a valid field"
    return below  # type: ignore[no-any-return]
