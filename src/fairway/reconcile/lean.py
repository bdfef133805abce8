"""Lean: what controllers hold of objects of which there may be many: no more than is needed, equal parts only once.

Shape: ``lean`` and ``identity`` make the ``keep`` of an ``Informer``.  Both leave out who owns which field: controllers
do not look at it, and a writer who does not send it changes nothing of it.  Pods of one template, slices of one Service
and conditions of one moment are alike in most of their parts; these are one value in memory.
Rules for those who change it: what is shared is never changed; the table must stay bounded, whatever is put in.
"""

from typing import Any

import orjson

from fairway.objects import Object

_SIZE = 4096
_TEXT_LENGTH, _PART_BYTES = 256, 1024
"""What is longer is hardly alike, and must not be kept by a table."""
_UNSHARED = frozenset({"name", "uid", "resourceVersion"})
"""Texts of the metadata that are no other object's."""


class _Table:
    """Values by what they say.  What was not met for long is forgotten, and shared no more with what comes then."""

    __slots__ = ("_new", "_old")

    def __init__(self) -> None:
        self._new: dict[Any, Any] = {}
        self._old: dict[Any, Any] = {}

    def find(self, key: Any) -> Any:
        found = self._new.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: Any, value: Any) -> None:
        if len(self._new) >= _SIZE:
            self._old, self._new = self._new, {}
        self._new[key] = value


_texts, _parts = _Table(), _Table()


def _shared(value: Any) -> Any:
    """``value``, or one that is equal to it."""
    if isinstance(value, str):
        if len(value) > _TEXT_LENGTH:
            return value
        found = _texts.find(value)
        if found is None:
            _texts.put(value, value)
            return value
        return found
    if not isinstance(value, dict | list):
        return value
    wire = orjson.dumps(value)
    is_short = len(wire) <= _PART_BYTES
    key = hash(wire) if is_short else 0
    found = _parts.find(key) if is_short else None
    # Equal hashes are not enough; True equals 1, but not with an equal hash too.
    if found is not None and found == value:
        return found
    made = {n: _shared(v) for n, v in value.items()} if isinstance(value, dict) else [_shared(v) for v in value]
    if is_short:
        _parts.put(key, made)
    return made


def _metadata(found: Object) -> Object:
    metadata: Object = found["metadata"]
    return {
        name: value if name in _UNSHARED else _shared(value)
        for name, value in metadata.items()
        if name != "managedFields"
    }


def lean(found: Object) -> Object:
    """The whole object but for its managed fields."""
    return {name: _metadata(found) if name == "metadata" else _shared_member(value) for name, value in found.items()}


def _shared_member(value: Any) -> Any:
    """A spec or status differs from object to object; its parts are what may be shared."""
    return {name: _shared(below) for name, below in value.items()} if isinstance(value, dict) else _shared(value)


def identity(found: Object) -> Object:
    """What every object has: kind, version and metadata."""
    return {
        "apiVersion": _shared(found["apiVersion"]), "kind": _shared(found["kind"]), "metadata": _metadata(found),
    }  # fmt: skip
