"""JSON patch: a list of operations on places of a document.

Shape: ``apply(document, operations)`` changes the caller's own document and returns it.
Source: RFC 6902 (operations), RFC 6901 (places).  Raises: ``StatusError`` 400, 413 or 422 as upstream does.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from fairway.objects import Object
from fairway.objects.errors import StatusError, bad_request
from fairway.objects.patches.values import copied, equal

MAX_OPERATIONS = 10_000
MAX_COPIED_BYTES = 3 * 1024 * 1024
"""What all copies of one patch may come to: each may double the document."""
_INDEX_DIGITS = 9


class _Impossible(Exception):
    """An operation that does not fit the document; upstream does not say why, and so neither do we."""


def apply(document: Any, operations: Any) -> Any:
    """The document after all ``operations``, or none of it is to be used."""
    if not isinstance(operations, list):
        raise bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    if len(operations) > MAX_OPERATIONS:
        detail = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}"
        raise StatusError(413, "RequestEntityTooLarge", f"Request entity too large: {detail}")
    copied_bytes = 0
    try:
        for operation in operations:
            if isinstance(operation, dict) and operation.get("op") == "copy":
                copied_bytes += _size(_find(document, _place(operation, "from")))
                if copied_bytes > MAX_COPIED_BYTES:
                    raise _Impossible
            document = _apply_one(document, operation)
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
    """A JSON pointer taken apart."""
    pointer = operation.get(name)
    if not isinstance(pointer, str) or (pointer and pointer[0] != "/"):
        raise _Impossible
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _index(part: str, count: int) -> int:
    """A place in a list of ``count``.  RFC 6901 §4: digits without leading zeros."""
    if not (part.isascii() and part.isdecimal()) or (len(part) > 1 and part[0] == "0"):
        raise _Impossible
    # Length first: Python refuses to read very long numbers at all.
    if len(part) > _INDEX_DIGITS or int(part) >= count:
        raise _Impossible
    return int(part)


def _step(value: Any, part: str) -> Any:
    if isinstance(value, dict) and part in value:
        return value[part]
    if isinstance(value, list):
        return value[_index(part, len(value))]
    raise _Impossible


def _find(document: Any, place: list[str]) -> Any:
    for part in place:
        document = _step(document, part)
    return document


def _insert(document: Any, place: list[str], value: Any) -> Any:
    if not place:
        return value
    parent, last = _find(document, place[:-1]), place[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else _index(last, len(parent) + 1), value)
    else:
        raise _Impossible
    return document


def _take(document: Any, place: list[str]) -> Any:
    """Remove and return the value at ``place``."""
    if not place:
        raise _Impossible
    parent, last = _find(document, place[:-1]), place[-1]
    value = _step(parent, last)
    del parent[last if isinstance(parent, dict) else int(last)]
    return value


def _value(operation: Object) -> Any:
    if "value" not in operation:
        raise _Impossible
    return copied(operation["value"])


def _add(document: Any, operation: Object) -> Any:
    return _insert(document, _place(operation), _value(operation))


def _remove(document: Any, operation: Object) -> Any:
    _take(document, _place(operation))
    return document


def _replace(document: Any, operation: Object) -> Any:
    place, value = _place(operation), _value(operation)
    if not place:
        return value
    parent, last = _find(document, place[:-1]), place[-1]
    _step(parent, last)
    parent[last if isinstance(parent, dict) else int(last)] = value
    return document


def _move(document: Any, operation: Object) -> Any:
    source, target = _place(operation, "from"), _place(operation)
    if target[: len(source)] == source and len(target) > len(source):
        raise _Impossible
    if source == target:
        _find(document, source)
        return document
    return _insert(document, target, _take(document, source))


def _size(value: Any) -> int:
    """How many bytes of JSON a value is.  Deeper than JSON can be is an impossible one."""
    try:
        return len(orjson.dumps(value))
    except orjson.JSONEncodeError:
        raise _Impossible from None


def _copy(document: Any, operation: Object) -> Any:
    return _insert(document, _place(operation), copied(_find(document, _place(operation, "from"))))


def _test(document: Any, operation: Object) -> Any:
    wanted = operation.get("value")
    try:
        found = _find(document, _place(operation))
    except _Impossible:
        found = None
        if wanted is not None:
            raise
    if not equal(found, wanted):
        raise _Impossible
    return document


_OPERATIONS: Mapping[str, Callable[[Any, Object], Any]] = {
    "add": _add, "remove": _remove, "replace": _replace, "move": _move, "copy": _copy, "test": _test,
}  # fmt: skip
