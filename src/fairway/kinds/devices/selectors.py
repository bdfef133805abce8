"""Selectors of devices, as claims and classes carry them: CEL expressions about one device."""

from collections.abc import Iterator, Sequence

from fairway.kinds.devices.lists import items
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value, required, too_long
from fairway.objects.expressions import ExpressionError, Scope, compiled
from fairway.objects.expressions.types import BOOL, DYN, STRING, Type, map_of, object_of

_SELECTORS_MAX, _EXPRESSION_MAX_BYTES = 32, 10 * 1024
_DEVICE = object_of(
    "kubernetes.DRADevice",
    {
        "driver": STRING,
        "attributes": map_of(STRING, map_of(STRING, DYN)),
        "capacity": map_of(STRING, map_of(STRING, Type("kubernetes.Quantity"))),
        "allowMultipleAllocations": BOOL,
    },
)
_SCOPE = Scope({"device": _DEVICE})
"""What a selector may speak of."""


def selector_problems(path: str, found: Sequence[Object] | None) -> Iterator[Problem]:
    """Every one is an expression of a bounded size that gives a boolean."""
    return items(path, found, _selector, most=_SELECTORS_MAX)


def _selector(path: str, selector: Object) -> Iterator[Problem]:
    cel = selector.get("cel")
    if cel is None:
        yield required(f"{path}.cel")
        return
    here, text = f"{path}.cel.expression", cel.get("expression") or ""
    if len(text.encode()) > _EXPRESSION_MAX_BYTES:
        yield too_long(here, _EXPRESSION_MAX_BYTES)
        return
    try:
        given = compiled(text, _SCOPE).type
    except ExpressionError as error:
        yield invalid_value(here, text, f"compilation failed: {error}")
        return
    if given not in (BOOL, DYN):
        yield invalid_value(here, text, f"must evaluate to bool or the unknown type, not {given}")
