"""Costs: how much a rule may cost at worst, so that one that could run for ever is refused beforehand.

Pure.  An estimate: each loop inside another multiplies by the most items that the list or map may hold.
Source: Kubernetes docs, "Resource use by validation functions".
"""

import re
from typing import Any

from fairway.objects import Object

LIMIT = 10_000_000
"""Steps that one rule may take."""
_STEPS = 5
"""What one turn of a loop costs at least."""
_UNBOUNDED = 3 * 1024 * 1024 // 2
"""Items that fit into the largest request."""
_LOOP = re.compile(
    r"(?P<on>[A-Za-z_][\w.]*)?\.\s*(?:all|exists|exists_one|map|filter)\s*\(|[()]"
    r"|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
)


def _most(on: str, schema: Object) -> int:
    """The most items of what a loop runs over; 1 where the schema does not tell."""
    names = on.split(".")
    found: Any = schema
    if names[0] not in ("self", "oldSelf"):
        return 1
    for name in names[1:]:
        found = (found.get("properties") or {}).get(name) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        return 1
    if found.get("type") == "array":
        return int(found.get("maxItems", _UNBOUNDED))
    if isinstance(found.get("additionalProperties"), dict):
        return int(found.get("maxProperties", _UNBOUNDED))
    return 1


def estimated_factor(rule: str, schema: Object) -> float:
    """By how much a rule may exceed the limit; 0 if it cannot."""
    open_: list[float] = []
    worst = steps = 1.0
    for token in _LOOP.finditer(rule):
        text = token[0]
        if text == ")":
            steps /= open_.pop() if open_ else 1
        elif text[-1] == "(":
            size = float(_most(token["on"] or "", schema)) if len(text) > 1 else 1.0
            open_.append(max(size, 1.0))
            steps *= open_[-1]
            worst = max(worst, steps * (sum(one > 1 for one in open_) > 1))
    worst *= _STEPS
    return worst / LIMIT if worst > LIMIT else 0.0
