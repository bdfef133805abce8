"""Merge patch: a partial object laid over a document; null removes, lists are replaced.

Shape: ``apply(document, patch)`` changes the caller's own document and returns it; the patch is left as it is.
``diff`` makes the patch between two documents without nulls.
Source: RFC 7386.  Raises: ``StatusError`` 400.
"""

from typing import Any

from fairway.objects import Object
from fairway.objects.errors import bad_request
from fairway.objects.patches.values import copied, equal
from fairway.objects.strict.go_text import value_name


def apply(document: Object, patch: Any) -> Object:
    """The document with ``patch`` laid over it."""
    if not isinstance(patch, dict):
        name = value_name(patch)
        raise bad_request(
            f"error decoding patch: json: cannot unmarshal {name} into Go value of type map[string]interface {{}}"
        )
    return _merge(document, patch)


def _merge(document: Object, patch: Object) -> Object:
    for name, value in patch.items():
        if value is None:
            document.pop(name, None)
        elif isinstance(value, dict):
            found = document.get(name)
            document[name] = _merge(found if isinstance(found, dict) else {}, value)
        else:
            document[name] = copied(value)
    return document


def diff(old: Object, new: Object) -> Object:
    """The smallest patch that makes ``new`` of ``old``; neither may hold null in an object."""
    patch: Object = {name: None for name in old if name not in new}
    for name, value in new.items():
        if name not in old:
            patch[name] = copied(value)
        elif isinstance(value, dict) and isinstance(old[name], dict):
            if inner := diff(old[name], value):
                patch[name] = inner
        elif not equal(old[name], value):
            patch[name] = copied(value)
    return patch
