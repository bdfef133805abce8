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
