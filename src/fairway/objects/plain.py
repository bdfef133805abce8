"""Plain fields: values that say no more than that nothing was said, left out as Go's encoder leaves them out.

Kubernetes holds most fields in Go structs.  A plain field cannot tell ``""``, ``0`` or ``false`` from nothing, and is
not written then; a pointer can, and is.  Lists and maps without a member are not written either, unless required.
Some fields are always written, said or not.
Shape: ``leave_out(body, api_version, kind)`` changes ``body``, which has no nulls.  ``plain_fields.txt`` holds a type a
line with its plain fields; ``+`` marks one that is always written, ``!`` one that is ``null`` if nothing was said, and
``=`` a list that stays when it is empty, as it is not filled in then.
Source: the fields of Kubernetes' API types.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from fairway.objects import Object, schema
from fairway.objects.schema import Definition, Type

_TABLE = Path(__file__).with_name("plain_fields.txt")
_PREFIX = "io.k8s."
_Inner = Callable[[Any], None]


class _Plan(NamedTuple):
    """Of each field whether it goes when it is empty, and what is done to it when it is not; what is always there."""

    steps: dict[str, tuple[bool, _Inner | None]]
    always: tuple[tuple[str, Callable[[], Any]], ...]


def leave_out(body: Object, api_version: str, kind: str) -> None:
    """Take every empty plain field, list and map out of an object of a built-in kind."""
    place = schema.place_of(api_version, kind)
    if place is not None:
        _clean(place, body)


@lru_cache(1)
def _plain() -> dict[str, frozenset[str]]:
    lines = (line.split() for line in _TABLE.read_text(encoding="utf-8").splitlines())
    return {f"{_PREFIX}{name}": frozenset(fields) for name, *fields in lines}


def _clean(place: int, body: Object) -> None:
    steps, always = _plan(place)
    empty = []
    for name, value in body.items():
        step = steps.get(name)
        if step is None:
            continue
        if not value:
            if step[0]:
                empty.append(name)
        elif step[1] is not None:
            step[1](value)
    for name in empty:
        del body[name]
    for name, made in always:
        if name not in body:
            body[name] = made()


@lru_cache(None)
def _plan(place: int) -> _Plan:
    found = schema.definition(place)
    told = _plain().get(found.name, frozenset())
    steps = {name: _step(name, type_, found, told) for name, type_ in (found.fields or {}).items()}
    always = ((name[1:], _nothing if name[0] == "!" else _zero(found, name[1:])) for name in told if name[0] in "+!")
    return _Plan({name: step for name, step in steps.items() if step != (False, None)}, tuple(sorted(always)))


def _nothing() -> None:
    return None


def _zero(found: Definition, name: str) -> Callable[[], Any]:
    type_ = (found.fields or {})[name]
    return {schema.STRING: str, schema.BOOLEAN: bool, schema.INT32: int, schema.INT64: int}.get(type_.form, dict)


def _step(name: str, type_: Type, found: Definition, plain: frozenset[str]) -> tuple[bool, _Inner | None]:
    stays = name in found.required or not plain.isdisjoint((f"!{name}", f"={name}"))
    is_collection = type_.form in (schema.LIST, schema.MAP) and not stays
    return name in plain or is_collection, _inner(type_)


def _inner(type_: Type) -> _Inner | None:
    if type_.form == schema.DEFINED:
        found = schema.definition(type_.place)
        return partial(_clean, type_.place) if found.fields is not None else None
    if type_.form not in (schema.LIST, schema.MAP) or type_.item is None:
        return None
    inner = _inner(type_.item)
    return None if inner is None else partial(_each_item if type_.form == schema.LIST else _each_value, inner)


def _each_item(inner: _Inner, items: list[Any]) -> None:
    for item in items:
        if item is not None:
            inner(item)


def _each_value(inner: _Inner, values: Object) -> None:
    _each_item(inner, list(values.values()))
