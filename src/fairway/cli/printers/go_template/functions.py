"""Functions: those of Go's templates, and the two that kubectl adds (``exists``, ``base64decode``).

A function gets its arguments and returns a value; what is wrong is a ``ValueError`` with Go's text.
"""

import base64
import binascii
import html
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from fairway.cli.printers.go_template.printf import sprint, sprintf
from fairway.cli.printers.go_values import go_type, text_of

MISSING: Any = type("Missing", (), {"__bool__": lambda self: False, "__repr__": lambda self: "<no value>"})()
"""What stands where a map has no such member."""


def given(value: Any) -> Any:
    """``None`` for what is missing."""
    return None if value is MISSING else value


def truth(value: Any) -> bool:
    """Whether a value is neither zero nor empty."""
    return value is not MISSING and bool(value)


def _len(value: Any) -> int:
    if given(value) is None:
        raise ValueError("len of nil pointer" if value is None else "reflect: call of reflect.Value.Type on zero Value")
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, dict | list):
        return len(value)
    raise ValueError(f"len of type {go_type(value)}")


def _index(value: Any, *keys: Any) -> Any:
    if given(value) is None:
        raise ValueError("index of untyped nil")
    for key in keys:
        value = _at(value, key)
    return value


def _at(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        if not isinstance(key, str):
            raise ValueError(
                f"value has type {go_type(key)}; should be string"
                if given(key) is not None
                else "value is nil; should be of type string"
            )
        return value.get(key, MISSING)
    if isinstance(value, list | str):
        if given(key) is None:
            raise ValueError("cannot index slice/array with nil")
        if isinstance(key, bool) or not isinstance(key, int):
            raise ValueError(f"cannot index slice/array with type {go_type(key)}")
        if not 0 <= key < len(value):
            raise ValueError(f"index out of range: {key}")
        return value[key] if isinstance(value, list) else value.encode()[key]
    if given(value) is None:
        raise ValueError("index of nil pointer")
    raise ValueError(f"can't index item of type {go_type(value)}")


def _slice(value: Any, *places: Any) -> Any:
    if not isinstance(value, list | str):
        raise ValueError(f"can't slice item of type {go_type(value)}")
    if any(not isinstance(place, int) for place in places):
        raise ValueError(
            "cannot index slice/array with type " + go_type(next(p for p in places if not isinstance(p, int)))
        )
    first, last = ([*places, 0] if not places else [*places])[0], places[1] if len(places) > 1 else len(value)
    for place in (first, last):
        if not 0 <= place <= len(value):
            raise ValueError(f"index out of range: {place}")
    if first > last:
        raise ValueError(f"invalid slice index: {first} > {last}")
    return value[first:last]


def _kind(value: Any) -> str | None:
    return {bool: "bool", float: "float", str: "string"}.get(type(value)) or ("int" if isinstance(value, int) else None)


def _equal(first: Any, *others: Any) -> bool:
    if not others:
        raise ValueError("missing argument for comparison")
    left = given(first)
    for other in map(given, others):
        if left is not None and other is not None:
            if isinstance(left, dict | list) and type(left) is type(other):
                raise ValueError(f"non-comparable type {text_of(left)}: {go_type(left)}")
            if _kind(left) != _kind(other):
                raise ValueError("incompatible types for comparison")
        if left == other:
            return True
    return False


def _less(left: Any, right: Any) -> bool:
    left, right = given(left), given(right)
    for each in (left, right):
        if _kind(each) in (None, "bool"):
            raise ValueError("invalid type for comparison")
    if _kind(left) != _kind(right):
        raise ValueError("incompatible types for comparison")
    return bool(left < right)


def _exists(value: Any, *keys: Any) -> bool:
    for key in keys:
        if isinstance(value, dict):
            if key not in value:
                return False
            value = value[key]
        elif isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
            if not 0 <= key < len(value):
                return False
            value = value[key]
        else:
            raise ValueError(f"can't index item of type {go_type(value)}")
    return True


def _base64decode(text: Any) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, TypeError) as error:
        raise ValueError(f"base64 decode failed: {error}") from None


def _html(*values: Any) -> str:
    return html.escape(_joined(values), quote=False).replace('"', "&#34;").replace("'", "&#39;")


_JS = {"\\": r"\\", "'": r"\'", '"': r"\"", "<": r"\u003C", ">": r"\u003E", "&": r"\u0026", "=": r"\u003D"}


def _js(*values: Any) -> str:
    return "".join(
        _JS.get(letter) or (letter if letter.isprintable() else f"\\u{ord(letter):04X}") for letter in _joined(values)
    )


def _urlquery(*values: Any) -> str:
    return quote_plus(_joined(values))


def _joined(values: tuple[Any, ...]) -> str:
    return values[0] if len(values) == 1 and isinstance(values[0], str) else sprint(*map(given, values))


def _println(*values: Any) -> str:
    return " ".join(text_of(given(value)) for value in values) + "\n"


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": lambda *values: next((value for value in values if not truth(value)), values[-1]),
    "or": lambda *values: next((value for value in values if truth(value)), values[-1]),
    "not": lambda value: not truth(value),
    "len": _len,
    "index": _index,
    "slice": _slice,
    "print": lambda *values: sprint(*map(given, values)),
    "printf": lambda form, *values: sprintf(form, *map(given, values)),
    "println": _println,
    "eq": _equal,
    "ne": lambda left, right: not _equal(left, right),
    "lt": _less,
    "le": lambda left, right: _less(left, right) or _equal(left, right),
    "gt": lambda left, right: not (_less(left, right) or _equal(left, right)),
    "ge": lambda left, right: not _less(left, right),
    "html": _html,
    "js": _js,
    "urlquery": _urlquery,
    "exists": _exists,
    "base64decode": _base64decode,
}
COUNTS = {"not": (1, 1), "len": (1, 1), "index": (1, -1), "slice": (1, -1), "printf": (1, -1), "and": (1, -1),
          "or": (1, -1), "eq": (1, -1), "ne": (2, 2), "lt": (2, 2), "le": (2, 2), "gt": (2, 2), "ge": (2, 2),
          "exists": (1, -1), "base64decode": (1, 1)}  # fmt: skip
"""How many arguments at least and at most; -1 for any."""
