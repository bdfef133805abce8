"""Merge patch: a partial object laid over a document; null removes, lists are replaced.

Shape: ``apply(document, patch)`` changes the caller's own document and returns it; the patch is left as it is.
``diff`` makes the patch between two documents without nulls.
Source: RFC 7386; beyond it, objects inside a list lose their nulls too unless the list replaces an object, which is
how upstream's library puts a value where no object was.  Raises: ``StatusError`` 400.
"""

from typing import Any

from fairway.objects import Object
from fairway.objects.errors import bad_request
from fairway.objects.patches.values import copied, equal, without_nulls
from fairway.objects.strict.go_text import value_name


def apply(document: Object, patch: Any) -> Object:
    """The document with ``patch`` laid over it."""
    if patch is None:
        raise bad_request("Invalid JSON Patch")
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
        elif not isinstance(found := document.get(name), dict):
            document[name] = without_nulls(value)
        elif isinstance(value, dict):
            document[name] = _merge(found, value)
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
