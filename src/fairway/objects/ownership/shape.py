"""Shape: how a value is taken apart by the writers that share it: whole, by fields, by keys or by items.

Shape: ``of_kind(api_version, kind)`` for built-in kinds; ``DEDUCED`` where no schema says anything: maps by their keys,
all else whole.
Source: Kubernetes docs, "Server-Side Apply", "Merge strategy" (listType, mapType, structType).
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import orjson

from fairway.objects import Object, schema
from fairway.objects.schema import Definition, Type

WHOLE, STRUCT, MAP, KEYED, SET, DEDUCE = "whole", "struct", "map", "keyed", "set", "deduce"
# Structs that are parts of their parent in Go, not pointers: they are there before anybody sets them.
_ALWAYS_THERE = frozenset({"metadata", "spec", "status", "template", "strategy", "updateStrategy", "jobTemplate"})
_KEY_DEFAULTS = {"protocol": "TCP"}


_ZERO: dict[str, object] = {schema.STRING: "", schema.INT32: 0, schema.INT64: 0}


class KeyMissing(ValueError):
    """An item that cannot be told from others, such as one of a keyed list without its key; says so as upstream."""


class Shape:
    """One place of an object.  ``form`` is one of this module's constants; ``keys`` are those of a keyed list."""

    __slots__ = ("_fields", "_item", "_item_type", "_known", "form", "keys", "required")

    def __init__(
        self, form: str, *, fields: Mapping[str, Type] | None = None, item: Type | None = None,
        keys: Iterable[str] = (), required: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.form = form
        self.keys = tuple(sorted(keys))
        self.required = frozenset(required)
        self._fields = fields or {}
        self._item_type = item
        self._item: Shape | None = None
        self._known: dict[str, Shape] = {}

    def field(self, name: str) -> "Shape":
        """The shape of a field, or of a map's value."""
        if self.form == DEDUCE:
            return DEDUCED
        if self.form != STRUCT:
            return self.item()
        known = self._known.get(name)
        if known is None:
            type_ = self._fields.get(name)
            known = self._known[name] = DEDUCED if type_ is None else of_type(type_)
        return known

    def item(self) -> "Shape":
        """The shape of a list's items, or of a map's values."""
        if self._item is None:
            self._item = DEDUCED if self._item_type is None else of_type(self._item_type)
        return self._item

    def at(self, element: str) -> "Shape":
        """The shape behind a path element."""
        return self.field(element[2:]) if element.startswith("f:") else self.item()

    def is_named(self, element: str) -> bool:
        """Whether an element is a field that the schema names, rather than a key or an item that somebody added."""
        return self.form == STRUCT and element.startswith("f:") and element[2:] in self._fields

    def is_always_there(self, name: str) -> bool:
        """Whether a field of a struct is there before anybody sets it, so that nobody comes to own it."""
        return name in self.required or (name in _ALWAYS_THERE and self.form == STRUCT)

    def element(self, item: object) -> str:
        """The path element of one item of a keyed list or a set.  Raises: ``KeyMissing``."""
        if self.form == SET:
            if isinstance(item, dict):
                raise KeyMissing("associative list without keys has an element that's a map type")
            if isinstance(item, list):
                raise KeyMissing("not supported: associative list with lists as elements")
            if item is None:
                raise KeyMissing("associative list without keys has an element that's an explicit null")
            return f"v:{orjson.dumps(item).decode()}"
        if not isinstance(item, dict):
            kind = "a null element" if item is None else "non-map elements"
            raise KeyMissing(f"associative list with keys may not have {kind}")
        found = {}
        for key in self.keys:
            value = item[key] if key in item else self._key_default(key)
            if value is None and key not in item:
                raise KeyMissing(
                    f'associative list with keys has an element that omits key field "{key}" '
                    "(and doesn't have default value)"
                )
            found[key] = value
        return f"k:{orjson.dumps(found).decode()}"

    def _key_default(self, key: str) -> object:
        """The value of a key that an item leaves out: Go's zero value where it is always written."""
        if key in _KEY_DEFAULTS:
            return _KEY_DEFAULTS[key]
        if self._item_type is None or self._item_type.form != schema.DEFINED:
            return None
        item = schema.definition(self._item_type.place)
        type_ = (item.fields or {}).get(key)
        return _ZERO.get(type_.form) if type_ is not None and key in item.required else None


WHOLE_VALUE = Shape(WHOLE)
DEDUCED = Shape(DEDUCE)


@lru_cache(None)
def of_definition(place: int) -> Shape:
    """The shape of a definition of the schema table."""
    found: Definition = schema.definition(place)
    if found.map_type == "atomic":
        return WHOLE_VALUE
    if found.fields is not None:
        return Shape(STRUCT, fields=found.fields, required=found.required)
    return WHOLE_VALUE if found.type is None else of_type(found.type)


def of_type(found: Type) -> Shape:
    """The shape of a type of the schema table."""
    if found.form == schema.DEFINED and found.map_type != "atomic":
        return of_definition(found.place)
    if found.form == schema.MAP and found.map_type != "atomic":
        return Shape(MAP, item=found.item)
    if found.form == schema.LIST and found.list_type == "map":
        return Shape(KEYED, item=found.item, keys=found.list_map_keys)
    if found.form == schema.LIST and found.list_type == "set":
        return Shape(SET, item=found.item)
    return WHOLE_VALUE


def of_kind(api_version: str, kind: str) -> Shape:
    """The shape of a kind's objects."""
    place = schema.place_of(api_version, kind)
    return DEDUCED if place is None else of_definition(place)


def as_found(shape: Shape, value: object) -> Shape:
    """``shape``, or what the value itself suggests where the schema is silent or wrong about it."""
    if shape.form == DEDUCE:
        return DEDUCED if isinstance(value, dict) else WHOLE_VALUE
    wanted = dict if shape.form in (STRUCT, MAP) else list
    return shape if shape.form == WHOLE or isinstance(value, wanted) else WHOLE_VALUE


def identity(found: Object) -> Shape:
    """The shape of an object, by what it says it is."""
    return of_kind(found.get("apiVersion", ""), found.get("kind", ""))
