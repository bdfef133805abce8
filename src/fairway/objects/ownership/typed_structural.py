"""Typed by a structural schema: what the schema of a custom kind says is wrong with a config that is applied.

Pure.  Source: sigs.k8s.io/structured-merge-diff, whose texts clients show; KEP-555.
"""

from collections.abc import Iterator
from typing import Any

from fairway.objects import Object, schema
from fairway.objects.ownership.field_sets import Path, text
from fairway.objects.ownership.structural import of_schema
from fairway.objects.ownership.typed import element_of, expected, of_defined, scalar_fault
from fairway.objects.structural import EMBEDDED, IDENTITY, INT_OR_STRING, PRESERVE

_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_FORMS = {
    "string": schema.STRING, "integer": schema.INT64, "number": schema.NUMBER, "boolean": schema.BOOLEAN,
}  # fmt: skip


def faults(config: Object, found: Object) -> list[str]:
    """``.spec.x: field not declared in schema`` of each, sorted as upstream shows them."""
    return sorted(_object(config, found, (), is_object=True))


def _of(value: Any, found: Object, path: Path) -> Iterator[str]:
    if value is None or found.get(INT_OR_STRING):
        return
    match found.get("type"):
        case "object":
            yield from _object(value, found, path, is_object=bool(found.get(EMBEDDED)))
        case "array":
            yield from _list(value, found, path)
        case str() as name:
            if name in _FORMS and (wrong := scalar_fault(value, _FORMS[name])):
                yield f"{text(path)}: {wrong}"


def _object(value: Any, found: Object, path: Path, *, is_object: bool) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{text(path)}: {expected('map', value)}"
        return
    properties, values = found.get("properties") or {}, found.get("additionalProperties")
    takes_all = bool(found.get(PRESERVE) or values or not (properties or is_object))
    for name, below in value.items():
        here = (*path, f"f:{name}")
        if is_object and name in IDENTITY:
            if name == "metadata":
                yield from of_defined(below, schema.place_named(_OBJECT_META), here)
        elif name in properties:
            yield from _of(below, properties[name], here)
        elif isinstance(values, dict):
            yield from _of(below, values, here)
        elif not takes_all:
            yield f"{text(here)}: field not declared in schema"


def _list(value: Any, found: Object, path: Path) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{text(path)}: {expected('list', value)}"
        return
    shape = of_schema(found)
    for place, item in enumerate(value):
        if element := element_of(shape, item, place):
            yield from _of(item, found.get("items") or {}, (*path, element))
