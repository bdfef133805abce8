"""Structure: whether a schema is structural, so that objects can be pruned and defaulted by it.

Pure.  Source: Kubernetes docs, "Specifying a structural schema"; texts are upstream's.
"""

from collections.abc import Iterator
from typing import Any

from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, required
from fairway.objects.structural import EMBEDDED, INT_OR_STRING, LIST_MAP_KEYS, LIST_TYPE, MAP_TYPE, PRESERVE, RULES
from fairway.objects.structural.formats import matcher

ALTERNATIVES = ("allOf", "anyOf", "oneOf")
_UNREADABLE = {
    "id": "id", "$schema": "schema", "$ref": "$ref", "patternProperties": "patternProperties",
    "dependencies": "dependencies", "additionalItems": "additionalItems", "definitions": "definitions",
}  # fmt: skip
"""Keywords without a place in a structural schema, with their names in a message."""
_STRUCTURE = {
    "type": "empty", "default": "undefined", "nullable": "false", "title": "empty", "description": "empty",
    "additionalProperties": "undefined", EMBEDDED: "false", INT_OR_STRING: "false", PRESERVE: "false",
    LIST_MAP_KEYS: "empty", LIST_TYPE: "undefined", MAP_TYPE: "undefined", RULES: "empty",
}  # fmt: skip
"""What a branch of a combination must leave as it is."""
_INT_OR_STRING_FORM = [{"type": "integer"}, {"type": "string"}]
"""The one combination that may name types, as code generators write it for numbers that may be texts."""
_MISSING_TYPE = {
    "root": "must not be empty at the root",
    "field": "must not be empty for specified object fields",
    "items": "must not be empty for specified array items",
}


def below(schema: Object) -> Iterator[Object]:
    """The schemas one step below another, branches of combinations among them."""
    yield from (one for one in (schema.get("properties") or {}).values() if isinstance(one, dict))
    for field in ("additionalProperties", "items", "not"):
        if isinstance(schema.get(field), dict):
            yield schema[field]
    for field in ALTERNATIVES:
        yield from (one for one in schema.get(field) or () if isinstance(one, dict))


def unreadable(schema: Object) -> str | None:
    """The first cause why a schema cannot be read as a structural one at all, if there is any."""
    for keyword, name in _UNREADABLE.items():
        given = schema.get(keyword)
        if given or (given is not None and keyword in ("$ref", "dependencies", "additionalItems")):
            return f"OpenAPIV3Schema '{name}' is not supported"
    if isinstance(schema.get("items"), list):
        return "OpenAPIV3Schema 'items' must be a schema, but is an array"
    if schema.get(PRESERVE) is False:
        return f"internal error: '{PRESERVE}' must be true or undefined"
    return next(filter(None, map(unreadable, below(schema))), None)


def structure_problems(schema: Object, path: str) -> list[Problem]:
    """Every rule of structure that a readable schema breaks, sorted by their texts."""
    found = [*_at(schema, path, "root"), *_completeness(schema, schema, path, path)]
    return sorted(found, key=lambda problem: problem.text)


def _at(schema: Object, path: str, level: str) -> Iterator[Problem]:
    """One place that belongs to the structure, and all below it."""
    yield from _type(schema, path, level)
    yield from _combinations(schema, path)
    yield from _below(schema, path, level)
    if schema.get(INT_OR_STRING):
        for field in (PRESERVE, EMBEDDED):
            if schema.get(field):
                yield invalid_value(f"{path}.{field}", True, f"must be false if {INT_OR_STRING} is true")
    if level == "root" or schema.get(EMBEDDED):
        yield from _identity(schema, path)
    metadata = (schema.get("properties") or {}).get("metadata")
    if level == "root" and metadata:
        yield from _metadata(metadata, f"{path}.properties[metadata]")


def _type(schema: Object, path: str, level: str) -> Iterator[Problem]:
    type_ = schema.get("type") or ""
    if schema.get(EMBEDDED) and type_ != "object":
        detail = f"must be object if {EMBEDDED} is true"
        yield invalid_value(f"{path}.type", type_, detail) if type_ else required(f"{path}.type", detail)
    elif not type_ and not schema.get(INT_OR_STRING) and not schema.get(PRESERVE):
        yield required(f"{path}.type", _MISSING_TYPE[level])
    if level == "root" and type_ and type_ != "object":
        yield invalid_value(f"{path}.type", type_, "must be object at the root")


def _below(schema: Object, path: str, level: str) -> Iterator[Problem]:
    properties, values, items = (schema.get(field) for field in ("properties", "additionalProperties", "items"))
    for name, inner in (properties or {}).items():
        if inner is not None:
            yield from _at(inner, f"{path}.properties[{name}]", "field")
    if values is not None and level == "root":
        yield forbidden_value(f"{path}.additionalProperties", "must not be used at the root")
    if values is not None and schema.get(EMBEDDED):
        yield forbidden_value(f"{path}.additionalProperties", f"must not be used if {EMBEDDED} is set")
    if isinstance(values, dict):
        yield from _at(values, f"{path}.additionalProperties", "field")
    if isinstance(items, dict):
        yield from _at(items, f"{path}.items", "items")
    elif schema.get("type") == "array":
        yield required(f"{path}.items", "must be specified")
    if schema.get(EMBEDDED) and not schema.get(PRESERVE) and not properties:
        detail = f"must not be empty if {EMBEDDED} is true without {PRESERVE}"
        yield required(f"{path}.properties", detail)


def _identity(schema: Object, path: str) -> Iterator[Problem]:
    """What every object has must be what it is in every object."""
    properties = schema.get("properties") or {}
    for name, type_ in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
        given = properties.get(name)
        if given is not None and given.get("type") != type_:
            yield invalid_value(f"{path}.properties[{name}].type", given.get("type") or "", f"must be {type_}")


def _metadata(schema: Object, path: str) -> Iterator[Problem]:
    rest = any(value for key, value in schema.items() if key not in ("type", "properties", "default"))
    if rest or set(schema.get("properties") or ()) - {"name", "generateName"}:
        detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        yield forbidden_value(path, detail)


def _combinations(schema: Object, path: str, *, spares_any: bool = False) -> Iterator[Problem]:
    """The branches of all combinations at a place, and its pattern; ``spares_any``: but for those of ``anyOf``."""
    alternatives = {field: schema.get(field) or [] for field in ALTERNATIVES}
    for field, parts in alternatives.items():
        if field == "anyOf" and (spares_any or parts == _INT_OR_STRING_FORM):
            continue
        for place, part in enumerate(parts):
            is_spared = field == "allOf" and place == 0 and part.get("anyOf") == _INT_OR_STRING_FORM
            yield from _part(part, f"{path}.{field}[{place}]", spares_any=is_spared)
    if isinstance(schema.get("not"), dict):
        yield from _part(schema["not"], f"{path}.not")
    if pattern := schema.get("pattern"):
        try:
            matcher(pattern)
        except ValueError as error:
            yield invalid_value(f"{path}.pattern", pattern, f"must be a valid regular expression, but isn't: {error}")


def _part(part: Object, path: str, *, spares_any: bool = False) -> Iterator[Problem]:
    """One branch of a combination: it may restrict values, and not what the structure is."""
    yield from _combinations(part, path, spares_any=spares_any)
    for field, state in _STRUCTURE.items():
        given = part.get(field)
        if given or (state == "undefined" and given is not None):
            yield forbidden_value(f"{path}.{field}", f"must be {state} to be structural")
    for name, inner in (part.get("properties") or {}).items():
        yield from _part(inner or {}, f"{path}.properties[{name}]")
    if isinstance(part.get("items"), dict):
        yield from _part(part["items"], f"{path}.items")
    if "metadata" in (part.get("properties") or {}):
        yield forbidden_value(f"{path}.properties[metadata]", "must not be specified in a nested context")


def _completeness(part: Object, whole: Any, known: str, here: str) -> Iterator[Problem]:
    """What the combinations at the root speak of must be specified outside of them, too."""
    for field in ALTERNATIVES:
        for place, inner in enumerate(part.get(field) or ()):
            yield from _known(inner, whole, known, f"{here}.{field}[{place}]")
    if isinstance(part.get("not"), dict):
        yield from _known(part["not"], whole, known, f"{here}.not")


def _known(part: Object, whole: Any, known: str, here: str) -> Iterator[Problem]:
    if not isinstance(whole, dict):
        yield required(known, f"because it is defined in {here}")
        return
    yield from _completeness(part, whole, known, here)
    if isinstance(part.get("items"), dict):
        yield from _known(part["items"], whole.get("items"), f"{known}.items", f"{here}.items")
    properties = whole.get("properties") or {}
    for name, inner in (part.get("properties") or {}).items():
        place = f".properties[{name}]"
        yield from _known(inner or {}, properties.get(name), f"{known}{place}", f"{here}{place}")
