"""Typed: what the schema of a built-in kind says is wrong with a config that is applied.

Pure.  Source: sigs.k8s.io/structured-merge-diff, whose texts clients show; KEP-555.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from fairway.objects import Object, schema
from fairway.objects.ownership.field_sets import Path, text
from fairway.objects.ownership.shape import KEYED, SET, WHOLE_VALUE, KeyMissing, Shape, of_type
from fairway.objects.schema import Definition, Type

_UNTYPED = frozenset({"IntOrString", "Quantity", "Time", "MicroTime"})
_ANY_SCALAR = frozenset({schema.TIME, schema.QUANTITY, schema.INT_OR_STRING})
_NUMERIC = frozenset({schema.INT32, schema.INT64, schema.NUMBER})
_TEXT = frozenset({schema.STRING, schema.BYTES})


def faults(config: Object, api_version: str, kind: str) -> list[str]:
    """``.spec.x: field not declared in schema`` of each, in the order of the config."""
    found = schema.definition_of(api_version, kind)
    return [] if found is None or found.fields is None else list(_members(config, found.fields, ()))


def _members(value: Object, fields: Mapping[str, Type], path: Path) -> Iterator[str]:
    for name, below in value.items():
        here = (*path, f"f:{name}")
        if name not in fields:
            yield f"{text(here)}: field not declared in schema"
        else:
            yield from _of(below, fields[name], here)


def _of(value: Any, type_: Type, path: Path) -> Iterator[str]:
    if value is None:
        return
    match type_.form:
        case schema.DEFINED:
            yield from _defined(value, schema.definition(type_.place), path)
        case schema.LIST:
            yield from _list(value, type_, path)
        case schema.MAP:
            yield from _map(value, type_, path)
        case schema.OBJECT | schema.ANYTHING:
            return
        case _:
            wrong = scalar_fault(value, type_.form)
            if wrong:
                yield f"{text(path)}: {wrong}"


def of_defined(value: Any, place: int, path: Path) -> Iterator[str]:
    """What is wrong with a value that a definition of the schema table describes."""
    if value is not None:
        yield from _defined(value, schema.definition(place), path)


def expected(form: str, value: Any) -> str:
    """What is said of a value that is no ``map`` or ``list`` at all."""
    return f"expected {form}, got &{{{_shown(value)}}}"


def _defined(value: Any, found: Definition, path: Path) -> Iterator[str]:
    if found.short_name in _UNTYPED:
        if wrong := scalar_fault(value, schema.QUANTITY):
            yield f"{text(path)}: {wrong}"
    elif found.fields is None:
        if found.type is not None:
            yield from _of(value, found.type, path)
    elif isinstance(value, dict):
        yield from _members(value, found.fields, path)
    else:
        yield f"{text(path)}: {expected('map', value)}"


def _map(value: Any, type_: Type, path: Path) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{text(path)}: {expected('map', value)}"
        return
    for name, below in value.items():
        yield from _of(below, type_.item or Type(schema.ANYTHING), (*path, f"f:{name}"))


def _list(value: Any, type_: Type, path: Path) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{text(path)}: {expected('list', value)}"
        return
    shape = of_type(type_)
    for place, item in enumerate(value):
        element = element_of(shape, item, place)
        if element:
            yield from _of(item, type_.item or Type(schema.ANYTHING), (*path, element))


def element_of(shape: Shape, item: Any, place: int) -> str:
    """The path element of an item; empty for one that has none, which is told elsewhere."""
    if shape is WHOLE_VALUE or shape.form not in (KEYED, SET):
        return f"i:{place}"
    try:
        return shape.element(item)
    except KeyMissing:
        return ""


def scalar_fault(value: Any, form: str) -> str:
    """What is wrong with a value that should be one of ``form``; empty if nothing is."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if form in _NUMERIC:
        return "" if is_number else f"expected numeric (int or float), got {_go_type(value)}"
    if form in _TEXT:
        shown = f"&value.valueUnstructured{{Value:{_shown(value, is_go=True)}}}"
        return "" if isinstance(value, str) else f"expected string, got {shown}"
    if form == schema.BOOLEAN:
        return "" if isinstance(value, bool) else f"expected boolean, got &{{{_shown(value)}}}"
    if form in _ANY_SCALAR and isinstance(value, dict | list):
        return f"expected any scalar, got &{{{_shown(value)}}}"
    return ""


def _go_type(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case list():
            return "[]interface {}"
    return "map[string]interface {}"


def _shown(value: Any, *, is_go: bool = False) -> str:
    """A value as Go's ``%v`` shows it or, with ``is_go``, as ``%#v`` does."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return orjson.dumps(value).decode() if is_go else value
        case list():
            items = [_shown(item, is_go=is_go) for item in value]
            return f"[]interface {{}}{{{', '.join(items)}}}" if is_go else f"[{' '.join(items)}]"
        case dict():
            if is_go:
                pairs = [f"{_shown(name, is_go=True)}:{_shown(value[name], is_go=True)}" for name in sorted(value)]
                return f"map[string]interface {{}}{{{', '.join(pairs)}}}"
            return f"map[{' '.join(f'{name}:{_shown(value[name])}' for name in sorted(value))}]"
    return "<nil>" if value is None else str(value)
