"""Version functions: semantic versions, and the comparisons that versions and amounts share."""

import re
from typing import Any

from fairway.objects.expressions.amounts import is_amount, nano
from fairway.objects.expressions.lists import Function

_VERSION = "semver"
_shape = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?"
).fullmatch

_loose = re.compile(r"(\d+(?:\.\d+){0,2})((?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)").fullmatch


def _semver(text: str) -> dict[str, str]:
    if not _shape(text):
        raise ValueError(f"No Major.Minor.Patch elements found in {text!r}")
    return {_VERSION: text}


def _normal(text: str) -> str:
    """What is nearly a version, as one: ``v1.2`` and ``01.2.3`` are."""
    parts = _loose(text.removeprefix("v"))
    if parts is None:
        return text
    numbers = [str(int(one)) for one in parts[1].split(".")]
    return ".".join([*numbers, "0", "0"][:3]) + parts[2]


def _order(found: Any) -> tuple[Any, ...]:
    """What versions are ordered by: a release comes after what leads to it."""
    parts = _shape(found[_VERSION])
    assert parts is not None
    before = [(0, int(one), "") if one.isdigit() else (1, 0, one) for one in (parts[4] or "").split(".") if one]
    return int(parts[1]), int(parts[2]), int(parts[3]), not before, before


def _compared(one: Any, two: Any) -> int:
    """-1, 0 or 1.  Raises: ``TypeError`` for values that have no order."""
    left: Any
    right: Any
    if is_amount(one):
        left, right = nano(one), nano(two)
    elif isinstance(one, dict) and _VERSION in one and isinstance(two, dict) and _VERSION in two:
        left, right = _order(one), _order(two)
    else:
        raise TypeError("no such overload")
    return int(left > right) - int(left < right)


def _part(place: int) -> Any:
    return lambda found: _order(found)[place]


FUNCTIONS: tuple[Function, ...] = (
    ("semver", False, ("string",), "dyn", _semver),
    ("semver", False, ("string", "bool"), "dyn", lambda text, loose: _semver(_normal(text) if loose else text)),
    (
        "isSemver",
        False,
        ("string", "bool"),
        "bool",
        lambda text, loose: _shape(_normal(text) if loose else text) is not None,
    ),
    ("isSemver", False, ("string",), "bool", lambda text: _shape(text) is not None),
    ("major", True, ("dyn",), "int", _part(0)),
    ("minor", True, ("dyn",), "int", _part(1)),
    ("patch", True, ("dyn",), "int", _part(2)),
    ("compareTo", True, ("dyn", "dyn"), "int", _compared),
    ("isLessThan", True, ("dyn", "dyn"), "bool", lambda one, two: _compared(one, two) < 0),
    ("isGreaterThan", True, ("dyn", "dyn"), "bool", lambda one, two: _compared(one, two) > 0),
)
