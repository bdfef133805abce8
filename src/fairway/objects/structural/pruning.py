"""Pruning: fields that a schema does not specify are taken out.

Pure.  Source: Kubernetes docs, "Field pruning", "Controlling pruning", "RawExtension".
"""

from collections.abc import Iterator
from typing import Any

from fairway.objects import Object
from fairway.objects.structural import EMBEDDED, IDENTITY, PRESERVE


def prune(found: Object | list[Any], schema: Object, *, is_object: bool = True) -> list[str]:
    """Take out, in place, what ``schema`` does not know; the sorted paths of it all, as ``spec.ports[0].x``.

    ``is_object``: it is a whole object, whose identity and metadata every schema knows.
    """
    return sorted(_prune(found, schema, "", is_object=is_object))


def _prune(value: Any, schema: Object, path: str, *, is_object: bool = False) -> Iterator[str]:
    if isinstance(value, list):
        items = schema.get("items")
        if items is not None:
            for place, item in enumerate(value):
                yield from _prune(item, items, f"{path}[{place}]")
        elif not schema.get(PRESERVE):
            for place, item in enumerate(value):
                yield from _prune(item, {}, f"{path}[{place}]")
    elif isinstance(value, dict):
        yield from _prune_members(value, schema, path, is_object=is_object or bool(schema.get(EMBEDDED)))


def _prune_members(value: Object, schema: Object, path: str, *, is_object: bool) -> Iterator[str]:
    properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
    keeps_all = schema.get(PRESERVE) or values is True
    for name in list(value):
        here = f"{path}.{name}" if path else name
        if is_object and name in IDENTITY:
            continue
        if name in properties:
            yield from _prune(value[name], properties[name], here)
        elif isinstance(values, dict):
            yield from _prune(value[name], values, here)
        elif not keeps_all:
            del value[name]
            yield here


def embedded(value: Any, schema: Object, path: str = "") -> Iterator[tuple[str, Object]]:
    """The whole objects inside of an object, each with its path."""
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from embedded(item, schema.get("items") or {}, f"{path}[{place}]")
    elif isinstance(value, dict):
        if path and schema.get(EMBEDDED):
            yield path, value
        properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, below in value.items():
            inner = properties.get(name, values)
            if isinstance(inner, dict):
                yield from embedded(below, inner, f"{path}.{name}" if path else name)
