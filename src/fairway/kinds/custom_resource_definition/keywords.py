"""Keywords: what a definition may say at each place of a schema, and whether its rules compile.

Pure.  Source: Kubernetes docs, "Specifying a structural schema", "Merge strategy", "Validation rules"; texts are
upstream's.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from fairway.kinds.custom_resource_definition.structure import ALTERNATIVES
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required
from fairway.objects.structural import (
    EMBEDDED,
    IDENTITY,
    LIST_MAP_KEYS,
    LIST_TYPE,
    MAP_TYPE,
    PRESERVE,
    RULES,
)

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED = ("id", "patternProperties", "definitions")
_UNDEFINED = ("additionalItems", "dependencies", "$ref")


class Within(NamedTuple):
    """What is above a place.

    ``loose`` is the list whose items, or the map whose members, cannot be told apart: nobody knows what they were.
    ``times`` says how often the place may be there, ``None`` that nothing does.  ``spent`` counts what all rules cost,
    and is ``None`` where rules are not compiled.
    """

    spent: Any
    loose: str = ""
    times: int | None = 1
    is_root: bool = False
    in_metadata: bool = False

    def each(self, schema: Object) -> "Within":
        """Below a place."""
        field = "maxItems" if schema.get("type") == "array" else "maxProperties"
        if schema.get("type") not in ("array", "object") or (field == "maxProperties" and not _values(schema)):
            return self
        most = schema.get(field)
        return self._replace(times=None if self.times is None or most is None else self.times * max(most, 0))


def _values(schema: Object) -> bool:
    return schema.get("additionalProperties") is not None


def keyword_problems(schema: Object, path: str, within: Within) -> tuple[list[Problem], list[Problem]]:
    """What is wrong at a place and below it: of the schema, and of its rules.

    A rule is not looked at where the schema is wrong at the same place or below: what it speaks of is not known.
    """
    wrong, unruly = list(_values_of(schema, path, within)), []
    for inner, here, inside in _below(schema, path, within._replace(is_root=False)):
        more, rules = keyword_problems(inner, here, inside)
        wrong += more
        unruly += rules
    wrong += _lists(schema, path)
    if schema.get(RULES):
        from fairway.objects.structural.rules import rule_problems, wording_problems

        wrong += wording_problems(schema, path)
        if not wrong and within.spent is not None:
            is_root = within.is_root or bool(schema.get(EMBEDDED))
            unruly += rule_problems(schema, path, within.spent, times=within.times, is_root=is_root, loose=within.loose)
    return wrong, unruly


def _below(schema: Object, path: str, within: Within) -> Iterator[tuple[Object, str, Within]]:
    values, items = schema.get("additionalProperties"), schema.get("items")
    if isinstance(values, dict):
        yield values, f"{path}.additionalProperties", within.each(schema)
    for name, inner in (schema.get("properties") or {}).items():
        if inner is not None:
            yield inner, f"{path}.properties[{name}]", _of_property(schema, name, path, within)
    plain = within._replace(spent=None)
    if isinstance(schema.get("not"), dict):
        yield schema["not"], f"{path}.not", plain
    for field in ALTERNATIVES:
        yield from ((one, f"{path}.{field}[{place}]", plain) for place, one in enumerate(schema.get(field) or ()))
    inside = within if schema.get(LIST_TYPE) == "map" else within._replace(loose=within.loose or path)
    if isinstance(items, dict):
        yield items, f"{path}.items", inside.each(schema)


def _of_property(schema: Object, name: str, path: str, within: Within) -> Within:
    if schema.get(MAP_TYPE) == "atomic":
        within = within._replace(loose=within.loose or path)
    if name in IDENTITY and (_is_root(path) or schema.get(EMBEDDED)):
        within = within._replace(in_metadata=True)
    return within


def _is_root(path: str) -> bool:
    return path.endswith(".openAPIV3Schema")


def _values_of(schema: Object, path: str, within: Within) -> Iterator[Problem]:
    type_ = schema.get("type") or ""
    if type_ and type_ not in _TYPES:
        yield not_supported(f"{path}.type", type_, _TYPES)
    for field in (*_UNSUPPORTED, *_UNDEFINED):
        if schema.get(field) or (field in _UNDEFINED and schema.get(field) is not None):
            yield forbidden_value(f"{path}.{field}", f"{field} is not supported")
    if type_ == "null":
        yield forbidden_value(f"{path}.type", "type cannot be set to null, use nullable as an alternative")
    if isinstance(schema.get("items"), list):
        yield forbidden_value(f"{path}.items", "items must be a schema object and not an array")
    if within.in_metadata and schema.get(EMBEDDED):
        yield forbidden_value(f"{path}.{EMBEDDED}", "must not be used inside of resource meta")
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield forbidden_value(f"{path}.uniqueItems", detail)
    values = schema.get("additionalProperties")
    if schema.get("properties") and (values is False or isinstance(values, dict)):
        detail = "additionalProperties and properties are mutual exclusive"
        yield forbidden_value(f"{path}.additionalProperties", detail)


def _lists(schema: Object, path: str) -> Iterator[Problem]:
    """How lists and maps are merged."""
    if schema.get(PRESERVE) is False:
        yield invalid_value(f"{path}.{PRESERVE}", False, "must be true or undefined")
    kind, map_kind, keys = schema.get(LIST_TYPE), schema.get(MAP_TYPE), schema.get(LIST_MAP_KEYS) or []
    if map_kind is not None:
        yield from _must_be("object", schema, path, MAP_TYPE)
        if map_kind not in ("atomic", "granular"):
            yield not_supported(f"{path}.{MAP_TYPE}", map_kind, ("atomic", "granular"))
    if kind is not None and schema.get("type") != "array":
        yield from _must_be("array", schema, path, LIST_TYPE)
    elif kind == "set" and isinstance(schema.get("items"), dict):
        yield from _set(schema["items"], path)
    if kind is not None and kind not in ("atomic", "set", "map"):
        yield not_supported(f"{path}.{LIST_TYPE}", kind, ("atomic", "set", "map"))
    if keys and kind != "map":
        here, detail = f"{path}.{LIST_TYPE}", f"must be map if {LIST_MAP_KEYS} is non-empty"
        yield required(here, detail) if kind is None else invalid_value(here, kind, detail)
    if kind == "map":
        yield from _map(schema, keys, path)
    if kind in ("set", "map") and isinstance(schema.get("items"), dict):
        yield from _identifies(schema["items"], keys if kind == "map" else [], kind, path)


def _must_be(type_: str, schema: Object, path: str, field: str) -> Iterator[Problem]:
    given, detail = schema.get("type") or "", f"must be {type_} if {field} is specified"
    if given != type_:
        yield invalid_value(f"{path}.type", given, detail) if given else required(f"{path}.type", detail)


def _set(items: Object, path: str) -> Iterator[Problem]:
    """Items of a set are whole: nobody merges them."""
    detail = f"must be atomic as item of a list with {LIST_TYPE}=set"
    list_kind = items.get(LIST_TYPE)
    if items.get("type") == "array" and list_kind not in (None, "atomic"):
        yield invalid_value(f"{path}.items.{LIST_TYPE}", list_kind, detail)
    if items.get("type") == "object" and items.get(MAP_TYPE) != "atomic":
        yield invalid_value(f"{path}.items.{MAP_TYPE}", list_kind, detail)


def _map(schema: Object, keys: list[str], path: str) -> Iterator[Problem]:
    items = schema.get("items")
    if not keys:
        yield required(f"{path}.{LIST_MAP_KEYS}", f"must not be empty if {LIST_TYPE} is map")
    if items is None:
        yield required(f"{path}.items", f"must have a schema if {LIST_TYPE} is map")
    if not isinstance(items, dict):
        return
    if items.get("type") != "object":
        detail = f"must be object if parent array's {LIST_TYPE} is map"
        yield invalid_value(f"{path}.items.type", items.get("type") or "", detail)
        return
    properties = items.get("properties") or {}
    for place, key in enumerate(keys):
        if key not in properties:
            yield invalid_value(f"{path}.{LIST_MAP_KEYS}", keys, "entries must all be names of item properties")
        elif properties[key].get("type") in ("array", "object"):
            detail = f"must be a scalar type if parent array's {LIST_TYPE} is map"
            yield invalid_value(f"{path}.items.properties[{key}].type", "object", detail)
        if key in keys[:place]:
            yield invalid_value(f"{path}.{LIST_MAP_KEYS}", keys, "must not contain duplicate entries")


def _identifies(items: Object, keys: list[str], kind: str, path: str) -> Iterator[Problem]:
    """An item, and what tells it from the others, is there."""
    if items.get("nullable"):
        yield forbidden_value(f"{path}.items.nullable", f"cannot be nullable when {LIST_TYPE} is {kind}")
    properties, needed = items.get("properties") or {}, items.get("required") or ()
    for key in keys:
        if key not in properties:
            continue
        here, about = f"{path}.items.properties[{key}]", f"this property is in {LIST_MAP_KEYS}, so it"
        if key not in needed and properties[key].get("default") is None:
            yield required(f"{here}.default", f"{about} must have a default or be a required property")
        if properties[key].get("nullable"):
            yield forbidden_value(f"{here}.nullable", f"{about} cannot be nullable")
