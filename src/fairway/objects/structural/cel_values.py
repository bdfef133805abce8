"""CEL values: what rules see of an object: typed by its schema, with names that expressions can spell.

Pure.  Source: Kubernetes docs, "Validation rules", "OpenAPIv3 type to CEL type", "Property names".
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from fairway.objects import Object
from fairway.objects.expressions.needs import Items, Needs, cut
from fairway.objects.structural import EMBEDDED, IDENTITY, INT_OR_STRING, LIST_MAP_KEYS, LIST_TYPE, PRESERVE

_RESERVED = frozenset(
    (
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let", "loop", "package", "namespace", "return",
    )
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")


def of_schema(schema: Object) -> str:
    """What upstream calls the value in messages."""
    return schema.get("type") or ("" if not schema.get(INT_OR_STRING) else "int-or-string")


@lru_cache(4096)
def spelt(name: str) -> str | None:
    """A property's name in expressions; ``None`` for one that cannot be spelt."""
    if name in _RESERVED:
        return f"__{name}__"
    if _NAME.fullmatch(name) is None:
        return None
    name = name.replace("__", "__underscores__").replace(".", "__dot__")
    return name.replace("-", "__dash__").replace("/", "__slash__")


def aligned(old: Any, new: Any, schema: Any) -> Any:
    """``old`` with sets and maps in the order of ``new``, since their order means nothing when they are compared."""
    if not isinstance(schema, dict):
        return old
    if isinstance(old, dict) and isinstance(new, dict):
        properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
        return {name: aligned(below, new.get(name), properties.get(name, values)) for name, below in old.items()}
    if not isinstance(old, list) or not isinstance(new, list) or schema.get(LIST_TYPE) not in ("set", "map"):
        return old
    keys = schema.get(LIST_MAP_KEYS) or ()

    def identity(item: Any) -> bytes:
        return orjson.dumps([item.get(key) for key in keys] if keys and isinstance(item, dict) else item)

    order = {identity(item): place for place, item in enumerate(new)}
    ranked = sorted(old, key=lambda item: order.get(identity(item), len(order)))
    places = [order.get(identity(item)) for item in ranked]
    return [
        item if place is None else aligned(item, new[place], schema.get("items"))
        for item, place in zip(ranked, places, strict=True)
    ]


def value_of(value: Any, schema: Any, needs: Needs = None, *, is_root: bool = False) -> Any:
    """As much of a value as is needed, as expressions see it; texts that mean moments are read where they are used."""
    if isinstance(value, dict):
        if not isinstance(schema, dict):
            return cut(value, needs)
        return _members(value, schema, None if isinstance(needs, Items) else needs, is_object=is_root)
    if isinstance(value, list):
        if needs is not None and not isinstance(needs, Items):
            return cut(value, needs)
        each, items = needs.each if needs else None, schema.get("items") if isinstance(schema, dict) else None
        return [value_of(item, items, each) for item in value]
    return _scalar(value, schema) if isinstance(schema, dict) else value


def _scalar(value: Any, schema: Object) -> Any:
    if schema.get("type") == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if schema.get("type") == "integer" and isinstance(value, float):
        return int(value)
    return value


def _members(value: Object, schema: Object, needs: Mapping[str, Needs] | None, *, is_object: bool) -> Object:
    is_object = is_object or bool(schema.get(EMBEDDED))
    properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
    is_free = schema.get(PRESERVE) or values is True
    found: Object = {}
    for name, inner in value.items():
        is_declared = name in properties or (is_object and name in IDENTITY)
        shown = spelt(name) if is_declared else name
        if shown is None or (inner is None and is_declared) or (needs is not None and shown not in needs):
            continue
        below = needs[shown] if needs is not None else None
        if is_object and name == "metadata" and isinstance(inner, dict):
            found[name] = cut({field: inner[field] for field in ("name", "generateName") if field in inner}, below)
        elif is_declared:
            found[shown] = value_of(inner, properties.get(name), below)
        elif isinstance(values, dict):
            found[name] = value_of(inner, values, below)
        elif is_free:
            found[name] = cut(inner, below)
    return found
