"""CEL values: what rules see of an object: typed by its schema, with names that expressions can spell.

Pure.  Source: Kubernetes docs, "Validation rules", "OpenAPIv3 type to CEL type", "Property names".
"""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from fairway.objects import Object
from fairway.objects.structural import EMBEDDED, INT_OR_STRING, LIST_MAP_KEYS, LIST_TYPE, PRESERVE

_RESERVED = frozenset(
    (
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let", "loop", "package", "namespace", "return",
    )
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_SCALARS = {"string": "string", "integer": "int", "number": "double", "boolean": "bool"}
_FORMATS = {"date-time": "google.protobuf.Timestamp", "date": "google.protobuf.Timestamp", "byte": "bytes",
            "duration": "google.protobuf.Duration"}  # fmt: skip
_UNIT_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def of_schema(schema: Object) -> str:
    """What upstream calls the value in messages."""
    return schema.get("type") or ("" if not schema.get(INT_OR_STRING) else "int-or-string")


def type_of(schema: Any, *, is_root: bool = False) -> str:
    """The CEL type of a place, as a signature."""
    if not isinstance(schema, dict) or schema.get("nullable") or schema.get(INT_OR_STRING):
        return "dyn"
    kind = schema.get("type")
    if kind == "string" and schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if kind in _SCALARS:
        return _SCALARS[kind]
    if kind == "array":
        return f"list<{_item_type(schema.get('items'))}>"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict) and not is_root:
        return f"map<string, {_item_type(schema['additionalProperties'])}>"
    if kind == "object" and not schema.get(PRESERVE):
        return "map<string, dyn>"
    return "dyn"


def _item_type(schema: Any) -> str:
    """The same inside of a list or map, where moments are texts."""
    found = type_of(schema)
    return "string" if found in _READERS else found


_PATH = re.compile(
    r"(\bhas\s*\(\s*)?(?<![\w.])([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)+)(?!\w|\s*\()"
    r"|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
)
_BINDS = re.compile(
    r"(?<![\w.])([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,"
)
_READERS = {"google.protobuf.Timestamp": "timestamp", "google.protobuf.Duration": "duration"}


def _below(schema: Any, path: str) -> Any:
    """The schema of what ``.a.b`` names, as far as it is known."""
    for name in path.split(".")[1:]:
        schema = ((schema.get("properties") or {}) if isinstance(schema, dict) else {}).get(name)
    return schema


def with_times(rule: str, schema: Object) -> str:
    """A rule in which moments and durations below ``self`` are read from their texts.

    The library takes such values only by themselves, and not inside of maps.
    """

    names: dict[str, Any] = {"self": schema, "oldSelf": schema}
    for bound in _BINDS.finditer(rule):
        over = _below(names.get(bound[1]), bound[2])
        names[bound[3]] = over.get("items") if isinstance(over, dict) else None

    def read(found: re.Match[str]) -> str:
        if found[2] not in names or found[1]:
            return found[0]
        below = _below(names[found[2]], found[3])
        reader = _READERS.get(type_of(below)) if isinstance(below, dict) else None
        if reader and below.get("format") == "date":
            return f"timestamp({found[0]} + 'T00:00:00Z')"
        return f"{reader}({found[0]})" if reader else found[0]

    return _PATH.sub(read, rule)


_CHAIN = re.compile(r"\b(?:self|oldSelf)((?:\.[A-Za-z_]\w*)+)(?!\w|\s*\()|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")


def undefined_field(rule: str, schema: Object, *, is_root: bool) -> str:
    """The error for the first field that a rule reaches by ``self.a.b`` and no schema has; empty without one."""
    for found in _CHAIN.finditer(rule):
        below: Any = schema
        at = found.start(1)
        for depth, name in enumerate((found[1] or "").split(".")[1:]):
            known = _fields(below, is_root=is_root and not depth)
            if known is None and (kind := _SCALARS.get(str((below or {}).get("type")))) and depth:
                return _pointed(rule, at, f"type '{kind}' does not support field selection")
            if known is None:
                break
            if name not in known:
                return _pointed(rule, at, f"undefined field '{name}'")
            below, at = known[name], at + len(name) + 1
    return ""


def _fields(schema: Any, *, is_root: bool) -> Mapping[str, Any] | None:
    """The fields of a place as rules spell them; ``None`` where anything may be."""
    if not isinstance(schema, dict) or schema.get("type") != "object" or schema.get(PRESERVE):
        return None
    properties = schema.get("properties")
    if not properties or "additionalProperties" in schema:
        return None
    identity = ("apiVersion", "kind", "metadata") if is_root or schema.get(EMBEDDED) else ()
    return {**dict.fromkeys(identity), **{spelt(name) or "": below for name, below in properties.items()}}


def _pointed(rule: str, at: int, text: str) -> str:
    """An error with its place, as CEL shows it."""
    line = rule.count("\n", 0, at)
    column = at - (rule.rfind("\n", 0, at) + 1)
    shown = rule.splitlines()[line] if rule else ""
    return f"ERROR: <input>:{line + 1}:{column + 1}: {text}\n | {shown}\n | {'.' * column}^"


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


def value_of(value: Any, schema: Any, *, is_root: bool = False) -> Any:
    """A value as expressions see it, for ``with_times`` to be read further."""
    if isinstance(value, str) and isinstance(schema, dict) and schema.get("format") in _FORMATS:
        return _text(value, schema["format"])
    return _inner(value, schema, is_root=is_root)


def _inner(value: Any, schema: Any, *, is_root: bool = False) -> Any:
    if not isinstance(schema, dict):
        return value
    if isinstance(value, dict):
        return _members(value, schema, is_object=is_root or bool(schema.get(EMBEDDED)))
    if isinstance(value, list):
        return [_inner(item, schema.get("items")) for item in value]
    if isinstance(value, str) and schema.get("format") == "byte":
        return _text(value, "byte")
    if schema.get("type") == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if schema.get("type") == "integer" and isinstance(value, float):
        return int(value)
    return value


def _members(value: Object, schema: Object, *, is_object: bool) -> Object:
    properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
    found: Object = {}
    for name, inner in value.items():
        if is_object and name == "metadata" and isinstance(inner, dict):
            found[name] = {field: inner[field] for field in ("name", "generateName") if field in inner}
        elif name in properties or (is_object and name in ("apiVersion", "kind")):
            if inner is not None and (shown := spelt(name)) is not None:
                found[shown] = _inner(inner, properties.get(name))
        elif isinstance(values, dict):
            found[name] = _inner(inner, values)
        elif schema.get(PRESERVE) or values is True:
            found[name] = inner
    return found


def _text(value: str, form: str) -> Any:
    try:
        match form:
            case "byte":
                return base64.b64decode(value)
            case "duration":
                return _duration(value)
        found = datetime.fromisoformat(value)
    except ValueError:
        return value
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _duration(value: str) -> timedelta:
    parts = re.findall(r"(\d+(?:\.\d*)?)\s*(ns|us|µs|μs|ms|s|m|h)", value)
    total_s = sum(float(count) * _UNIT_S[unit] for count, unit in parts)
    return timedelta(seconds=-total_s if value.startswith("-") else total_s)
