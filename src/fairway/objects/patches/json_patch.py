"""JSON patch: a list of operations on places of a document.

Shape: ``apply(document, operations)`` changes the caller's own document and returns it.
Rules for those who change it: RFC 6902 (operations) and RFC 6901 (places), but where upstream's library is more
lenient, clients rely on that: a place in a list may have a sign or leading zeros, and counts from the end where it is
negative; ``replace`` puts in a field that is not there; a missing ``value``, and a missing field that is copied, are
null; what stands before the first slash of a place says nothing.  It is stricter too: only ``replace`` and ``test``
know the whole document, and ``1`` is not ``1.0``.
Raises: ``StatusError`` 400, 413 or 422 as upstream does.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from fairway.objects import Object
from fairway.objects.errors import StatusError, bad_request
from fairway.objects.label_syntax import integer
from fairway.objects.patches.values import copied
from fairway.objects.strict.go_text import value_name

MAX_OPERATIONS = 10_000
MAX_COPIED_BYTES = 3 * 1024 * 1024
"""What all copies of one patch may come to: each may double the document."""


class Untrue(StatusError):
    """A test of the patch that does not hold."""


class _Impossible(Exception):
    """An operation that does not fit the document; upstream does not say why, and so neither do we."""


class _Unequal(_Impossible):
    """A test that does not hold."""


def apply(document: Any, operations: Any) -> Any:
    """The document after all ``operations``, or none of it is to be used.  ``None`` is no operation at all."""
    if operations is None:
        return document
    if not isinstance(operations, list):
        raise bad_request(f"json: cannot unmarshal {value_name(operations)} into Go value of type jsonpatch.Patch")
    if len(operations) > MAX_OPERATIONS:
        detail = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}"
        raise StatusError(413, "RequestEntityTooLarge", f"Request entity too large: {detail}")
    copied_bytes = 0
    try:
        for operation in operations:
            if isinstance(operation, dict) and operation.get("op") == "copy":
                copied_bytes += _size(_get(*_parent(document, _place(operation, "from"))))
                if copied_bytes > MAX_COPIED_BYTES:
                    raise _Impossible
            document = _apply_one(document, operation)
    except _Unequal:
        found = rejected()
        raise Untrue(found.code, found.reason, found.message) from None
    except (_Impossible, RecursionError):
        raise rejected() from None
    return document


def rejected() -> StatusError:
    """422: the patch does not fit the object."""
    return StatusError(422, "Invalid", "the server rejected our request due to an error in our request")


def _apply_one(document: Any, operation: Any) -> Any:
    if not isinstance(operation, dict):
        raise _Impossible
    name = operation.get("op", "")
    run = _OPERATIONS.get(name) if isinstance(name, str) else None
    if run is None:
        raise _Impossible
    return run(document, operation)


def _place(operation: Object, name: str = "path") -> list[str]:
    """A JSON pointer taken apart; empty for the whole document, and for a text without a slash."""
    pointer = operation.get(name)
    if not isinstance(pointer, str):
        raise _Impossible
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _is_whole(operation: Object) -> bool:
    return operation.get("path") == ""


def _index(part: str, count: int) -> int:
    """A place in a list of ``count``; -1 is the last one."""
    found = integer(part)
    if found is None or not -count <= found < count:
        raise _Impossible
    return found % count


def _get(parent: Any, part: str) -> Any:
    """The value at a place; null for a field that is not there."""
    if isinstance(parent, dict):
        return parent.get(part)
    return parent[_index(part, len(parent))]


def _parent(document: Any, place: list[str]) -> tuple[Any, str]:
    """The map or list that holds a place, and the name or number of the place in it."""
    if not place:
        raise _Impossible
    for part in place[:-1]:
        document = _get(document, part)
        if not isinstance(document, dict | list):
            raise _Impossible
    return document, place[-1]


def _insert(document: Any, place: list[str], value: Any) -> Any:
    parent, last = _parent(document, place)
    if isinstance(parent, dict):
        parent[last] = value
    else:
        parent.insert(len(parent) if last == "-" else _index(last, len(parent) + 1), value)
    return document


def _take(document: Any, place: list[str]) -> Any:
    """Remove and return the value at ``place``."""
    parent, last = _parent(document, place)
    if isinstance(parent, list):
        return parent.pop(_index(last, len(parent)))
    if last not in parent:
        raise _Impossible
    return parent.pop(last)


def _value(operation: Object) -> Any:
    return copied(operation.get("value"))


def _add(document: Any, operation: Object) -> Any:
    return _insert(document, _place(operation), _value(operation))


def _remove(document: Any, operation: Object) -> Any:
    _take(document, _place(operation))
    return document


def _replace(document: Any, operation: Object) -> Any:
    value = _value(operation)
    if _is_whole(operation):
        if not isinstance(value, dict | list):
            raise _Impossible
        return value
    parent, last = _parent(document, _place(operation))
    parent[last if isinstance(parent, dict) else _index(last, len(parent))] = value
    return document


def _move(document: Any, operation: Object) -> Any:
    source = _place(operation, "from")
    return _insert(document, _place(operation), _take(document, source))


def _size(value: Any) -> int:
    """How many bytes of JSON a value is.  Deeper than JSON can be is an impossible one."""
    try:
        return len(orjson.dumps(value))
    except orjson.JSONEncodeError:
        raise _Impossible from None


def _copy(document: Any, operation: Object) -> Any:
    return _insert(document, _place(operation), copied(_get(*_parent(document, _place(operation, "from")))))


def _test(document: Any, operation: Object) -> Any:
    found = document if _is_whole(operation) else _get(*_parent(document, _place(operation)))
    if not _is_same(found, operation.get("value")):
        raise _Unequal
    return document


def _is_same(one: Any, other: Any) -> bool:
    """Whether two values have the same text, but for the order of fields."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other)


_OPERATIONS: Mapping[str, Callable[[Any, Object], Any]] = {
    "add": _add, "remove": _remove, "replace": _replace, "move": _move, "copy": _copy, "test": _test,
}  # fmt: skip
