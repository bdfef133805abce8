"""Declared: what a schema says of values to those who write expressions: types, and how large values may be.

Pure.  Shape: ``declared(schema, name)`` gives the type of a place with what is below it; ``size_of(declared)`` tells
the sizes that costs are counted by.
Source: Kubernetes docs, "Validation rules", "OpenAPIv3 type to CEL type", "Resource use by validation functions";
numbers are upstream's, since which rules a definition may have follows from them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fairway.objects import Object
from fairway.objects.expressions import types
from fairway.objects.expressions.costs import Path, Range
from fairway.objects.expressions.types import Type
from fairway.objects.structural import EMBEDDED, INT_OR_STRING
from fairway.objects.structural.cel_values import spelt

REQUEST_BYTES = 3 * 1024 * 1024
_TEXT: Object = {"type": "string"}
IDENTITY: Object = {
    "apiVersion": _TEXT, "kind": _TEXT,
    "metadata": {"type": "object", "properties": {"name": _TEXT, "generateName": _TEXT}},
}  # fmt: skip
"""What rules see of every object, whatever its schema says."""
_FORMATS = {
    "duration": (types.DURATION, 32, 3), "date": (types.TIMESTAMP, 12, 12), "date-time": (types.TIMESTAMP, 32, 21),
}  # fmt: skip
"""Type, most letters, least bytes in JSON."""
_SCALARS = {"boolean": (types.BOOL, 4), "number": (types.DOUBLE, 1), "integer": (types.INT, 1)}


@dataclass(frozen=True, slots=True)
class Declared:
    """A place: ``most`` letters, items or members; ``least_bytes`` that it takes in JSON."""

    type: Type
    most: int = 0
    least_bytes: int = 2
    fields: dict[str, "Declared"] = field(default_factory=dict)
    item: "Declared | None" = None
    is_map: bool = False


def declared(schema: Any, name: str, *, is_root: bool = False) -> Declared | None:
    """What a schema says; ``None`` where expressions see nothing.  ``name`` is that of an object's type."""
    if not isinstance(schema, dict):
        return None
    if schema.get(INT_OR_STRING):
        return Declared(types.DYN, _letters(schema), 1)
    if is_root:
        schema = {**schema, "properties": {**(schema.get("properties") or {}), **IDENTITY}}
    match schema.get("type"):
        case "array":
            return _array(schema, name)
        case "object":
            return _object(schema, name)
        case "string":
            return _text(schema)
        case kind if kind in _SCALARS:
            scalar, least = _SCALARS[kind]
            return Declared(scalar, 0, least)
    return None


def _below(schema: Any, name: str) -> Declared | None:
    return declared(schema, name, is_root=isinstance(schema, dict) and bool(schema.get(EMBEDDED)))


def _array(schema: Object, name: str) -> Declared | None:
    item = _below(schema.get("items"), f"{name}.@idx")
    if item is None:
        return None
    most = schema.get("maxItems")
    most = max(most, 0) if most is not None else (REQUEST_BYTES - 2) // (item.least_bytes + 1)
    return Declared(types.list_of(item.type), most, 2, item=item)


def _object(schema: Object, name: str) -> Declared | None:
    values = schema.get("additionalProperties")
    if isinstance(values, dict):
        item = _below(values, f"{name}.@elem")
        if item is None:
            return None
        most = schema.get("maxProperties")
        most = max(most, 0) if most is not None else (REQUEST_BYTES - 2) // (item.least_bytes + 6)
        return Declared(types.map_of(types.STRING, item.type), most, 2, item=item, is_map=True)
    needed, least, fields = schema.get("required") or (), 2, {}
    for field_name, inner in (schema.get("properties") or {}).items():
        shown = spelt(field_name)
        found = _below(inner, f"{name}.{shown or field_name}")
        if found is None:
            continue
        if shown is not None:
            fields[shown] = found
        if field_name in needed and "default" not in inner:
            least += len(field_name) + found.least_bytes + 4
    made = types.object_of(name, {one: found.type for one, found in fields.items()})
    return Declared(made, 0, least, fields)


def _text(schema: Object) -> Declared:
    form = schema.get("format")
    if form == "byte":
        limit = schema.get("maxLength")
        return Declared(types.BYTES, REQUEST_BYTES - 2 if limit is None else max(limit, 0))
    if form in _FORMATS:
        return Declared(*_FORMATS[form])
    if schema.get("maxLength") is None and schema.get("enum"):
        return Declared(types.STRING, max(len(one.encode()) for one in schema["enum"] if isinstance(one, str)))
    return Declared(types.STRING, _letters(schema))


def _letters(schema: Object) -> int:
    limit = schema.get("maxLength")
    return REQUEST_BYTES - 2 if limit is None else max(limit, 0) * 4


def size_of(root: Declared) -> Callable[[Path], Range | None]:
    """How large a value may be whose path begins at ``root``, whatever that is called."""

    def look(path: Path) -> Range | None:
        found: Declared | None = root
        for name in path[1:]:
            if name == "@keys":
                if found is None or not found.is_map:
                    return None
                return Range(0, 0)
            if found is not None:
                found = found.item if name in ("@items", "@values") else found.fields.get(name)
        return Range(0, found.most) if found else None

    return look


def most_times(root: Declared) -> int:
    """How often a value may be in a request at most, where no limit says less."""
    return REQUEST_BYTES // (root.least_bytes + 1)
