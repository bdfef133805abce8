"""Validation: whether a value is what its schema says, told in upstream's words.

Pure.  Shape: ``problems(value, schema, old)`` yields every broken rule; what an update leaves as it was is not judged
again (ratcheting).  Sources: OpenAPI 3.0, "Schema Object"; Kubernetes docs, "Validation", "Validation ratcheting".
"""

from collections.abc import Iterator
from typing import Any

import orjson

from fairway.objects import Object, meta
from fairway.objects.errors import Problem, duplicate, invalid_value, not_supported, required, too_long, too_many
from fairway.objects.names import dns_1035_label, path_segment
from fairway.objects.structural import IDENTITY, INT_OR_STRING, LIST_TYPE
from fairway.objects.structural.correlated import identity, keys_of
from fairway.objects.structural.formats import has_format, matcher
from fairway.objects.structural.pruning import embedded

ABSENT: Any = object()
"""No former value."""
_IDENTITY = ("apiVersion", "kind")
_ALTERNATIVES = ("anyOf", "oneOf", "allOf")


_WHOLE_MAX = 2**53 - 1
"""Larger numbers with a fraction or an exponent are no integers: they may have lost digits."""


def problems(value: Object, schema: Object, old: Any = ABSENT) -> Iterator[Problem]:
    """Every broken rule of a whole object, whose identity is for others to check."""
    yield from check(value, schema, "", old)


def type_of(value: Any) -> str:
    """What a JSON value is called."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
    return "array" if isinstance(value, list) else "object"


def check(value: Any, schema: Object, path: str, old: Any = ABSENT) -> Iterator[Problem]:
    """Every broken rule at and below ``path``; ``old`` is what stood there before."""
    if old is not ABSENT and value == old and type_of(value) == type_of(old):
        return
    if value is None and schema.get("nullable"):
        return
    found = _wrong_type(value, schema, path)
    if found is not None:
        yield found
    yield from _combined(value, schema, path)
    if isinstance(value, str):
        yield from _text(value, schema, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number(value, schema, path)
    if isinstance(value, list):
        yield from _list(value, schema, path, old)
    if schema.get("enum") and not any(one == value and type_of(one) == type_of(value) for one in schema["enum"]):
        shown = [one if isinstance(one, str) else orjson.dumps(one).decode() for one in schema["enum"]]
        yield not_supported(path or "<nil>", value, shown)
    if isinstance(value, dict):
        yield from _object(value, schema, path, old)


def _wrong_type(value: Any, schema: Object, path: str) -> Problem | None:
    wanted = ("integer", "string") if schema.get(INT_OR_STRING) else (schema.get("type"),)
    found = type_of(value)
    if wanted == (None,) and (value is not None or not schema):
        return None
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) <= _WHOLE_MAX
    if found in wanted or ("number" in wanted and found == "integer") or ("integer" in wanted and is_whole):
        return None
    shown = ",".join(one for one in wanted if one)
    detail = f'{path} in body must be of type {shown}: "{found}"'
    return Problem(path or "<nil>", "FieldValueTypeInvalid", f'Invalid value: "{found}": {detail}')


def _in_body(path: str, value: Any, rule: str) -> Problem:
    return invalid_value(path or "<nil>", value, f"{path} in body {rule}")


def _combined(value: Any, schema: Object, path: str) -> Iterator[Problem]:
    if alternatives := schema.get("anyOf"):
        failures = [list(check(value, each, path)) for each in alternatives]
        if all(failures):
            yield _composite(path, "must validate at least one schema (anyOf)")
            yield from failures[0]
    if alternatives := schema.get("oneOf"):
        failures = [list(check(value, each, path)) for each in alternatives]
        count = sum(not found for found in failures)
        if count != 1:
            tail = "Found none valid" if not count else f"Found {count} valid alternatives"
            yield _composite(path, f"must validate one and only one schema (oneOf). {tail}")
            yield from failures[0] if not count else ()
    if parts := schema.get("allOf"):
        failures = [list(check(value, each, path)) for each in parts]
        for found in failures:
            yield from found
        if any(failures):
            tail = ". None validated" if all(failures) else ""
            yield _composite(path, f"must validate all the schemas (allOf){tail}")
    if (forbidden := schema.get("not")) is not None and not any(check(value, forbidden, path)):
        yield _composite(path, "must not validate the schema (not)")


def _composite(path: str, rule: str) -> Problem:
    return invalid_value("<nil>", "", f'"{path}" {rule}')


def _text(value: str, schema: Object, path: str) -> Iterator[Problem]:
    if (limit := schema.get("maxLength")) is not None and len(value) > limit:
        yield too_long(path or "<nil>", limit)
    elif (limit := schema.get("minLength")) is not None and len(value) < limit:
        yield _in_body(path, value, f"should be at least {limit} chars long")
    elif (pattern := schema.get("pattern")) and not matcher(pattern)(value):
        yield _in_body(path, value, f"should match '{pattern}'")
    if (form := schema.get("format")) and not has_format(value, form):
        shown = orjson.dumps(value).decode()
        detail = f"Invalid value: {shown}: {path} in body must be of type {form}: {shown}"
        yield Problem(path or "<nil>", "FieldValueTypeInvalid", detail)


def _number(value: float, schema: Object, path: str) -> Iterator[Problem]:
    if (step := schema.get("multipleOf")) and abs(value / step - round(value / step)) > 1e-9:
        yield _in_body(path, value, f"should be a multiple of {_shown(step)}")
    highest, lowest = schema.get("maximum"), schema.get("minimum")
    if highest is not None:
        if schema.get("exclusiveMaximum") and value >= highest:
            yield _in_body(path, value, f"should be less than {_shown(highest)}")
        elif value > highest:
            yield _in_body(path, value, f"should be less than or equal to {_shown(highest)}")
    if lowest is not None:
        if schema.get("exclusiveMinimum") and value <= lowest:
            yield _in_body(path, value, f"should be greater than {_shown(lowest)}")
        elif value < lowest:
            yield _in_body(path, value, f"should be greater than or equal to {_shown(lowest)}")


def _shown(number: float) -> str:
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e21 else str(number)


def _list(value: list[Any], schema: Object, path: str, old: Any) -> Iterator[Problem]:
    items = schema.get("items")
    if items is not None:
        former = _former(value, schema, old)
        for place, item in enumerate(value):
            yield from check(item, items, f"{path}[{place}]", former[place])
    if (limit := schema.get("minItems")) is not None and len(value) < limit:
        yield _in_body(path, len(value), f"should have at least {limit} items")
    if (limit := schema.get("maxItems")) is not None and len(value) > limit:
        yield too_many(path or "<nil>", len(value), limit)


def _former(value: list[Any], schema: Object, old: Any) -> list[Any]:
    """What stood there for every item: by its keys, by its place, or nothing in lists that are one value."""
    keys = keys_of(schema)
    if not isinstance(old, list) or (schema.get(LIST_TYPE) and not keys):
        return [ABSENT] * len(value)
    if keys:
        known = {identity(one, keys): one for one in old}
        return [known.get(identity(item, keys), ABSENT) for item in value]
    return [old[place] if place < len(old) else ABSENT for place in range(len(value))]


def _object(value: Object, schema: Object, path: str, old: Any) -> Iterator[Problem]:
    before = old if isinstance(old, dict) else {}
    properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
    if (limit := schema.get("minProperties")) is not None and len(value) < limit:
        yield _in_body(path, len(value), f"should have at least {limit} properties")
    if (limit := schema.get("maxProperties")) is not None and len(value) > limit:
        yield too_many(path or "<nil>", len(value), limit)
    for name in schema.get("required") or ():
        if name not in value:
            yield required(f"{path}.{name}" if path else name)
    for name, below in value.items():
        if not path and name in IDENTITY and name != "metadata":
            continue
        inner = properties.get(name, values)
        if isinstance(inner, dict):
            yield from check(below, inner, f"{path}.{name}" if path else name, before.get(name, ABSENT))


def list_problems(value: Any, schema: Object, path: str = "") -> Iterator[Problem]:
    """Items that stand twice in a list that is a set, or a map by its keys."""
    if isinstance(value, list):
        items, kind, keys = schema.get("items") or {}, schema.get(LIST_TYPE), keys_of(schema)
        seen: set[bytes] = set()
        for place, item in enumerate(value):
            here = f"{path}[{place}]"
            if kind == "set" or (kind == "map" and isinstance(item, dict)):
                about = {key: item[key] for key in keys if key in item} if kind == "map" else item
                known = orjson.dumps(about, option=orjson.OPT_SORT_KEYS)
                if known in seen:
                    yield duplicate(here, about)
                seen.add(known)
            yield from list_problems(item, items, here)
    elif isinstance(value, dict):
        properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, below in value.items():
            inner = properties.get(name, values)
            if isinstance(inner, dict):
                yield from list_problems(below, inner, f"{path}.{name}" if path else name)


def embedded_problems(value: Object, schema: Object) -> Iterator[Problem]:
    """Objects inside of objects that do not say what they are, or whose metadata breaks a rule."""
    for path, found in embedded(value, schema):
        yield from object_problems(found, f"{path}.")


def object_problems(found: Object, path: str) -> Iterator[Problem]:
    """An object inside of another that does not say what it is, or whose metadata breaks a rule; ``path`` ends with a
    dot."""
    yield from (required(f"{path}{field}", "must not be empty") for field in _IDENTITY if field not in found)
    for field in _IDENTITY:
        if field in found:
            yield from _identity_problems(f"{path}{field}", field, found[field])
    metadata = found.get("metadata")
    if isinstance(metadata, dict):
        yield from meta.validate_create(
            {**metadata, "name": metadata.get("name") or "any"}, namespaced=bool(metadata.get("namespace")),
            name_rule=lambda name, _: path_segment(name), path=f"{path}metadata",
        )  # fmt: skip


def _identity_problems(path: str, field: str, value: Any) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield invalid_value(path, value, "must be a string")
    elif not value:
        yield invalid_value(path, value, "must not be empty")
    elif field == "apiVersion" and value.count("/") > 1:
        yield invalid_value(path, value, f"unexpected GroupVersion string: {value}")
    elif field == "kind" and (told := list(dns_1035_label(value.lower()))):
        yield invalid_value(path, value, f"may have mixed case, but should otherwise match: {','.join(told)}")
