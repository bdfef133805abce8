"""Structure: whether a schema is structural, so that objects can be pruned and defaulted by it.

Source: Kubernetes docs, "Specifying a structural schema", "Defaulting", "Merge strategy"; texts are upstream's.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from fairway.kinds.custom_resource_definition.defaults import default_problems, forbidden_defaults
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required
from fairway.objects.structural import EMBEDDED, INT_OR_STRING, LIST_MAP_KEYS, LIST_TYPE, MAP_TYPE, PRESERVE, RULES
from fairway.objects.structural.formats import matcher

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_FORBIDDEN = {
    "definitions": "definitions is not supported", "dependencies": "dependencies is not supported",
    "patternProperties": "patternProperties is not supported", "additionalItems": "additionalItems is not supported",
    "$ref": "$ref is not supported", "id": "id is not supported",
}  # fmt: skip
_STRUCTURE = {
    "type": "empty", "default": "undefined", "nullable": "false", "title": "empty", "description": "empty",
    "additionalProperties": "undefined", "externalDocs": "undefined", EMBEDDED: "false", INT_OR_STRING: "false",
    PRESERVE: "false", LIST_MAP_KEYS: "empty", LIST_TYPE: "undefined", MAP_TYPE: "undefined", RULES: "empty",
}  # fmt: skip
"""What a branch of a combination must leave as it is."""
_ALTERNATIVES = ("allOf", "anyOf", "oneOf")


class Within(NamedTuple):
    """What is above a place.

    ``loose`` is the list whose items cannot be told apart, if there is one: nobody knows what they were.  ``times``
    says how often the place may be there, ``None`` that nothing does.  ``spent`` counts what all rules cost.
    """

    spent: Any
    loose: str = ""
    times: int | None = 1

    def each(self, schema: Object) -> "Within":
        """Below a place."""
        field = "maxItems" if schema.get("type") == "array" else "maxProperties"
        if schema.get("type") not in ("array", "object") or (field == "maxProperties" and not _values(schema)):
            return self
        most = schema.get(field)
        return self._replace(times=None if self.times is None or most is None else self.times * max(most, 0))


def _values(schema: Object) -> bool:
    return schema.get("additionalProperties") is not None


def schema_problems(schema: Object, path: str) -> Iterator[Problem]:
    """Every broken rule of a version's schema."""
    if schema.get("nullable"):
        yield forbidden_value(f"{path}.nullable", "nullable cannot be true at the root")
    if not schema.get("type"):
        yield required(f"{path}.type", "must not be empty at the root")
    elif schema["type"] != "object":
        yield invalid_value(f"{path}.type", schema["type"], "must be object at the root")
    spent = _counting(schema)
    yield from forbidden_defaults(schema, path)
    found = list(_at(schema, path, "root", Within(spent)))
    yield from found or default_problems(schema, path)
    if spent is not None:
        yield from spent.problems(path)
    metadata = (schema.get("properties") or {}).get("metadata")
    if metadata:
        yield from _metadata(metadata, f"{path}.properties[metadata]")


def _counting(schema: Object) -> Any:
    """Where costs are counted, if there is any rule: a schema without has the library of expressions stay out."""
    if f'"{RULES}"'.encode() not in orjson.dumps(schema):
        return None
    from fairway.objects.structural.rules import Spent

    return Spent()


_MISSING = {
    "field": "must not be empty for specified object fields",
    "items": "must not be empty for specified array items",
}


def _at(schema: Object, path: str, level: str, within: Within) -> Iterator[Problem]:
    """One place that belongs to the structure, and all below it."""
    yield from _type(schema, path, level)
    yield from _keywords(schema, path)
    yield from _rules(schema, path, level, within)
    yield from _lists(schema, path)
    yield from _below(schema, path, within)
    for field in _ALTERNATIVES:
        for place, part in enumerate(schema.get(field) or ()):
            yield from _part(part, schema, f"{path}.{field}[{place}]")
    if isinstance(schema.get("not"), dict):
        yield from _part(schema["not"], schema, f"{path}.not")


def _type(schema: Object, path: str, level: str) -> Iterator[Problem]:
    type_ = schema.get("type") or ""
    if level != "root":
        if not type_ and not schema.get(INT_OR_STRING) and not schema.get(PRESERVE):
            yield required(f"{path}.type", _MISSING[level])
        if schema.get(INT_OR_STRING) and type_:
            yield invalid_value(f"{path}.type", type_, f"must be empty if {INT_OR_STRING} is true")
    if type_ and type_ not in _TYPES:
        yield not_supported(f"{path}.type", type_, _TYPES)
    if schema.get(EMBEDDED) and type_ != "object":
        yield invalid_value(f"{path}.type", type_, f"must be object if {EMBEDDED} is true")


def _below(schema: Object, path: str, within: Within) -> Iterator[Problem]:
    values, items = schema.get("additionalProperties"), schema.get("items")
    if schema.get("properties") and isinstance(values, dict):
        detail = "additionalProperties and properties are mutual exclusive"
        yield forbidden_value(f"{path}.additionalProperties", detail)
    for name, below in (schema.get("properties") or {}).items():
        if below is not None:
            yield from _at(below, f"{path}.properties[{name}]", "field", within)
    if isinstance(values, dict):
        yield from _at(values, f"{path}.additionalProperties", "field", within.each(schema))
    if isinstance(items, dict):
        below = within if schema.get(LIST_TYPE) == "map" else within._replace(loose=within.loose or path)
        yield from _at(items, f"{path}.items", "items", below.each(schema))
    elif isinstance(items, list):
        yield forbidden_value(f"{path}.items", "items must be a schema object and not an array")
    elif schema.get("type") == "array":
        yield required(f"{path}.items", "must be specified")


def _keywords(schema: Object, path: str) -> Iterator[Problem]:
    for field, text in _FORBIDDEN.items():
        if schema.get(field):
            yield forbidden_value(f"{path}.{field}", text)
    if schema.get("uniqueItems"):
        yield forbidden_value(
            f"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        )
    if schema.get("additionalProperties") is False:
        yield forbidden_value(f"{path}.additionalProperties", "additionalProperties cannot be set to false")
    if pattern := schema.get("pattern"):
        try:
            matcher(pattern)
        except ValueError as error:
            yield invalid_value(f"{path}.pattern", pattern, f"must be a valid regular expression, but isn't: {error}")


def _rules(schema: Object, path: str, level: str, within: Within) -> Iterator[Problem]:
    if not schema.get(RULES):
        return
    from fairway.objects.structural.rules import rule_problems

    is_root = level == "root" or bool(schema.get(EMBEDDED))
    yield from rule_problems(schema, path, within.spent, times=within.times, is_root=is_root, loose=within.loose)


def _lists(schema: Object, path: str) -> Iterator[Problem]:
    kind, keys = schema.get(LIST_TYPE), schema.get(LIST_MAP_KEYS) or []
    if kind and schema.get("type") != "array":
        yield invalid_value(f"{path}.type", schema.get("type") or "", f"must be array if {LIST_TYPE} is specified")
    if kind and kind not in ("atomic", "set", "map"):
        yield not_supported(f"{path}.{LIST_TYPE}", kind, ("atomic", "set", "map"))
    if keys and kind != "map":
        yield invalid_value(f"{path}.{LIST_TYPE}", kind or "", f"must be map if {LIST_MAP_KEYS} is non-empty")
    if kind == "map":
        yield from _map_list(schema, keys, path)
    map_type = schema.get(MAP_TYPE)
    if map_type and map_type not in ("atomic", "granular"):
        yield not_supported(f"{path}.{MAP_TYPE}", map_type, ("atomic", "granular"))


def _map_list(schema: Object, keys: list[str], path: str) -> Iterator[Problem]:
    if not keys:
        yield required(f"{path}.{LIST_MAP_KEYS}", f"must not be empty if {LIST_TYPE} is map")
    items = schema.get("items")
    items = items if isinstance(items, dict) else {}
    properties, needed = items.get("properties") or {}, items.get("required") or ()
    for place, key in enumerate(keys):
        if key not in properties:
            detail = "entries must all be names of item properties"
            yield invalid_value(f"{path}.{LIST_MAP_KEYS}[{place}]", key, detail)
        elif key not in needed and "default" not in properties[key]:
            detail = (
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            )
            yield required(f"{path}.items.properties[{key}].default", detail)


def _part(part: Object, whole: Object, path: str) -> Iterator[Problem]:
    """One branch of a combination: it may restrict values, and not what the structure is."""
    for field, state in _STRUCTURE.items():
        is_allowed = field == "type" and (whole.get(INT_OR_STRING) or path.endswith(".not"))
        if part.get(field) and not is_allowed:
            yield forbidden_value(f"{path}.{field}", f"must be {state} to be structural")
    properties = whole.get("properties") or {}
    for name, below in (part.get("properties") or {}).items():
        here = f"{path}.properties[{name}]"
        if name in properties:
            yield from _part(below, properties[name], here)
        elif isinstance(whole.get("additionalProperties"), dict):
            yield from _part(below, whole["additionalProperties"], here)
        else:
            known = re.sub(r"\.(allOf|anyOf|oneOf)\[\d+\]|\.not", "", here)
            yield required(known, f"because it is defined in {here}")
    if isinstance(part.get("items"), dict) and isinstance(whole.get("items"), dict):
        yield from _part(part["items"], whole["items"], f"{path}.items")
    for field in _ALTERNATIVES:
        for place, inner in enumerate(part.get(field) or ()):
            yield from _part(inner, whole, f"{path}.{field}[{place}]")


def _metadata(schema: Object, path: str) -> Iterator[Problem]:
    rest = {key for key in schema if key not in ("type", "properties", "description")}
    if rest or set(schema.get("properties") or ()) - {"name", "generateName"}:
        detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        yield forbidden_value(path, detail)
