"""Costs: how much a rule may cost at worst, so that one that could run for ever is refused beforehand.

Pure.  An estimate: each loop inside another multiplies by the most items that the list or map may hold.
Source: Kubernetes docs, "Resource use by validation functions".
"""

import re
from collections.abc import Mapping
from math import prod
from typing import Any

from fairway.objects import Object

LIMIT = 10_000_000
"""Steps that one rule may take."""
_LONGEST = 3 * 1024 * 1024
"""Letters of the longest text."""
_STEPS = 5
"""What one turn of a loop costs at least."""
_UNBOUNDED = 3 * 1024 * 1024 // 2
"""Items that fit into the largest request."""
_LOOP = re.compile(
    r"(?P<on>[A-Za-z_][\w.]*)?\.\s*(?:(?:all|exists|exists_one|map|filter)\s*\(\s*(?P<variable>[A-Za-z_]\w*)\s*,"
    r"|(?:contains|matches|find|findAll|split|replace|lowerAscii|upperAscii)\s*\()"
    r"|[()]|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
)


def _place(on: str, names: Mapping[str, Any]) -> Any:
    """The schema of what ``self.a.b`` names, as far as it is known; ``names`` are the variables' schemas."""
    first, *rest = on.split(".")
    found: Any = names.get(first)
    for name in rest:
        found = (found.get("properties") or {}).get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def most_items(schema: Object) -> float:
    """The most items of a list or map; 1 of anything else."""
    if schema.get("type") == "array":
        return float(schema.get("maxItems", _UNBOUNDED))
    if isinstance(schema.get("additionalProperties"), dict):
        return float(schema.get("maxProperties", _UNBOUNDED))
    return 1.0


def estimated_factor(rule: str, schema: Object, times: float = 1.0) -> float:
    """By how much a rule may exceed the limit; 0 if it cannot.

    ``times``: how often it may be applied in one object, as the lists above it have it.
    """
    names: dict[str, Any] = {"self": schema, "oldSelf": schema}
    open_: list[float] = []
    worst = 0.0
    for token in _LOOP.finditer(rule):
        text = token[0]
        if text == ")":
            _ = open_.pop() if open_ else 1.0
            continue
        if text[-1] not in "(,":
            continue
        found = _place(token["on"] or "", names)
        around = times * prod(open_)
        if token["variable"]:
            names[token["variable"]] = found.get("items") if found.get("type") == "array" else {}
            open_.append(max(most_items(found), 1.0))
            if times > 1 or sum(one > 1 for one in open_) > 1:
                worst = max(worst, times * prod(open_) * _STEPS)
        else:
            open_.append(1.0)
            if token["on"] and found.get("type") == "string" and "enum" not in found and "format" not in found:
                worst = max(worst, around * found.get("maxLength", _LONGEST) / 10)
    return worst / LIMIT if worst > LIMIT else 0.0
