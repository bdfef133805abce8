"""Kinds: the types of built-in objects, as expressions see them.

Pure.  Source: Kubernetes docs, "Validating Admission Policy", "Type checking"; the schema table.
"""

from functools import lru_cache

from fairway.objects import schema
from fairway.objects.expressions import types
from fairway.objects.expressions.types import Type
from fairway.objects.structural.cel_values import spelt

_SCALARS = {
    schema.STRING: types.STRING, schema.BOOLEAN: types.BOOL, schema.INT32: types.INT, schema.INT64: types.INT,
    schema.NUMBER: types.DOUBLE, schema.BYTES: types.BYTES, schema.TIME: types.TIMESTAMP,
    schema.QUANTITY: types.STRING, schema.INT_OR_STRING: types.DYN, schema.ANYTHING: types.DYN,
}  # fmt: skip


class _Endless(Exception):
    """A type that contains itself has none that expressions could know."""


@lru_cache(64)
def type_of_kind(api_version: str, kind: str) -> Type | None:
    """The type of a kind's objects; ``None`` for one that is not built in, or has no end."""
    place = schema.place_of(api_version, kind)
    if place is None:
        return None
    try:
        return _defined(place, f"{kind}1", ())
    except _Endless:
        return None


def _defined(place: int, name: str, above: tuple[int, ...]) -> Type:
    if place in above:
        raise _Endless
    found = schema.definition(place)
    if found.fields is None:
        return _typed(found.type, name, (*above, place)) if found.type is not None else types.DYN
    fields = {}
    for field, kind in found.fields.items():
        shown = spelt(field)
        if shown is not None:
            fields[shown] = _typed(kind, f"{name}.{shown}", (*above, place))
    return types.object_of(name, fields)


def _typed(found: schema.Type, name: str, above: tuple[int, ...]) -> Type:
    if found.form == schema.DEFINED:
        return _defined(found.place, name, above)
    if found.form == schema.LIST and found.item is not None:
        return types.list_of(_typed(found.item, f"{name}.@idx", above))
    if found.form == schema.MAP and found.item is not None:
        return types.map_of(types.STRING, _typed(found.item, f"{name}.@elem", above))
    if found.form == schema.OBJECT:
        return types.object_of(name, {})
    return _SCALARS.get(found.form, types.DYN)
