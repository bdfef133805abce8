"""Defaulting: what was left out gets the value that the schema gives for it.

Pure.  Source: Kubernetes docs, "Defaulting", "Defaulting and Nullable".
"""

from copy import deepcopy
from typing import Any

from fairway.objects import Object

_ABSENT: Any = object()


def fill(found: Object, schema: Object) -> None:
    """Fill in defaults, in place; then nulls where none may be are taken out."""
    _fill(found, schema)
    _drop_nulls(found, schema)


def has_defaults(schema: Any) -> bool:
    """Whether there is a default anywhere in a schema."""
    if isinstance(schema, list):
        return any(map(has_defaults, schema))
    return isinstance(schema, dict) and ("default" in schema or any(map(has_defaults, schema.values())))


def _is_wrong_null(value: Any, schema: Object) -> bool:
    return value is None and not schema.get("nullable")


def _fill(value: Any, schema: Object) -> None:
    if isinstance(value, dict):
        _fill_members(value, schema)
    elif isinstance(value, list) and (items := schema.get("items")):
        for place, item in enumerate(value):
            if _is_wrong_null(item, items) and "default" in items:
                value[place] = deepcopy(items["default"])
            _fill(value[place], items)


def _fill_members(value: Object, schema: Object) -> None:
    properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
    for name, below in properties.items():
        if "default" in below:
            present = value.get(name, _ABSENT)
            if present is _ABSENT or _is_wrong_null(present, below):
                value[name] = deepcopy(below["default"])
    for name, inner in value.items():
        below = properties.get(name, values)
        if isinstance(below, dict):
            if _is_wrong_null(inner, below) and "default" in below:
                value[name] = inner = deepcopy(below["default"])
            _fill(inner, below)


def _drop_nulls(value: Any, schema: Object) -> None:
    if isinstance(value, list) and (items := schema.get("items")):
        for item in value:
            _drop_nulls(item, items)
    if not isinstance(value, dict):
        return
    properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
    for name in list(value):
        below = properties.get(name, values)
        if isinstance(below, dict):
            if _is_wrong_null(value[name], below) and name in properties:
                del value[name]
            else:
                _drop_nulls(value[name], below)
