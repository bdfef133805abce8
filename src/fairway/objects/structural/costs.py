"""Costs: how much a rule may cost at worst, so that one that could run for ever is refused beforehand.

Pure.  An estimate: each loop inside another multiplies by the most items that a list or map of the place may hold.
Source: Kubernetes docs, "Resource use by validation functions".
"""

import re
from collections.abc import Iterator
from typing import Any

from fairway.objects import Object

LIMIT = 10_000_000
"""Steps that one rule may take."""
_UNBOUNDED = 3 * 1024 * 1024 // 2
"""Items that fit into the largest request."""
_LOOP = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(|[()]|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")


def loops(rule: str) -> int:
    """How deep loops stand inside one another."""
    open_: list[bool] = []
    deepest = 0
    for token in _LOOP.finditer(rule):
        text = token[0]
        if text.startswith("."):
            open_.append(True)
            deepest = max(deepest, sum(open_))
        elif text == "(":
            open_.append(False)
        elif text == ")" and open_:
            open_.pop()
    return deepest


def _sizes(schema: Any) -> Iterator[int]:
    """The most items of every list and map at and below a place."""
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "array":
        yield schema.get("maxItems", _UNBOUNDED)
        yield from _sizes(schema.get("items"))
    values = schema.get("additionalProperties")
    if isinstance(values, dict):
        yield schema.get("maxProperties", _UNBOUNDED)
        yield from _sizes(values)
    for below in (schema.get("properties") or {}).values():
        yield from _sizes(below)


def estimated_factor(rule: str, schema: Object) -> float:
    """By how much a rule may exceed the limit; 0 if it cannot."""
    depth = loops(rule)
    if depth < 2:
        return 0.0
    largest = sorted(_sizes(schema), reverse=True)[:depth] or [1]
    steps = 5.0
    for place in range(depth):
        steps *= largest[min(place, len(largest) - 1)]
    return steps / LIMIT if steps > LIMIT else 0.0
