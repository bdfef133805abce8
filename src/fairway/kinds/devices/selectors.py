"""Selectors of devices, as claims and classes carry them: CEL expressions."""

from collections.abc import Iterator

from fairway.objects import Object
from fairway.objects.errors import Problem, required, too_long, too_many

_SELECTORS_MAX, _EXPRESSION_MAX_BYTES = 32, 10 * 1024


def selector_problems(path: str, found: list[Object]) -> Iterator[Problem]:
    """Every one has an expression of a bounded size."""
    if len(found) > _SELECTORS_MAX:
        yield too_many(path, len(found), _SELECTORS_MAX)
    for index, selector in enumerate(found):
        cel = selector.get("cel")
        if cel is None:
            yield required(f"{path}[{index}].cel")
        elif len((cel.get("expression") or "").encode()) > _EXPRESSION_MAX_BYTES:
            yield too_long(f"{path}[{index}].cel.expression", _EXPRESSION_MAX_BYTES)
