"""Older form: what ``-o plaintext-openapiv2`` prints, from the same OpenAPI v3 document.  Pure."""

from collections.abc import Iterator
from typing import Any

from fairway.cli.explain.schema import Schemas
from fairway.cli.explain.wrapping import indented, wrapped

_WIDTH = 80
_PLAIN_KINDS = ("string", "integer", "number", "boolean")


def whole(document: Any, kind: dict[str, str], path: list[str], *, is_recursive: bool) -> str:
    """All that is printed.  Raises: ``LookupError`` with the name of the field that there is not."""
    schemas = Schemas(document)
    schema = schemas.of_kind(kind) or {}
    name = ""
    for name in path:
        schema = (_inner(schemas, schema).get("properties") or {}).get(name)
        if schema is None:
            raise LookupError(name)
    version = f"{kind['group']}/{kind['version']}" if kind.get("group") else kind["version"]
    found = _inner(schemas, schema)
    is_kind = bool(found.get("properties"))
    lines = [f"KIND:     {kind['kind']}", f"VERSION:  {version}", ""]
    if path and (is_kind or found.get("type") != "object"):
        lines += [f"{'RESOURCE: ' if is_kind else 'FIELD:    '}{name} <{_type(schemas, schema)}>", ""]
    lines += ["DESCRIPTION:", "\n\n".join(map(_text, _descriptions(schemas, schema))) or _text("<empty>")]
    if is_kind:
        lines += ["", "FIELDS:", *(_names(schemas, found, 3) if is_recursive else _fields(schemas, found))]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    return indented(wrapped(text, _WIDTH - 5), 5)


def _followed(schemas: Schemas, schema: Any) -> Any:
    """The type behind references."""
    parts = schema.get("allOf") or []
    if len(parts) == 1 and not schema.get("properties"):
        return _followed(schemas, parts[0])
    return schemas.referred(schema) or schema


def _inner(schemas: Schemas, schema: Any) -> Any:
    """The type of the items, where there are many."""
    found = _followed(schemas, schema)
    for below in ("items", "additionalProperties"):
        if isinstance(found.get(below), dict):
            return _inner(schemas, found[below])
    return found


def _descriptions(schemas: Schemas, schema: Any) -> Iterator[str]:
    """What the field says, and what its type says."""
    found = _inner(schemas, schema)
    if schema.get("description"):
        yield schema["description"]
    if found is not schema and found.get("properties") and found.get("description"):
        yield found["description"]


def _type(schemas: Schemas, schema: Any) -> str:
    found = _followed(schemas, schema)
    if found.get("items"):
        return f"[]{_type(schemas, found['items'])}"
    if isinstance(found.get("additionalProperties"), dict):
        return f"map[string]{_type(schemas, found['additionalProperties'])}"
    if found.get("properties"):
        return "Object"
    kind = found.get("type")
    return kind if kind in _PLAIN_KINDS else "map[string]" if kind == "object" else "string"


def _fields(schemas: Schemas, found: Any) -> Iterator[str]:
    for name, schema in sorted(found["properties"].items()):
        needed = " -required-" if name in (found.get("required") or ()) else ""
        yield f"   {name}\t<{_type(schemas, schema)}>{needed}"
        if schema.get("description"):
            yield _text(schema["description"])
        yield ""


def _names(schemas: Schemas, found: Any, indent: int, seen: tuple[int, ...] = ()) -> Iterator[str]:
    for name, schema in sorted(found["properties"].items()):
        yield f"{' ' * indent}{name}\t<{_type(schemas, schema)}>"
        inner = _inner(schemas, schema)
        if inner.get("properties") and id(inner) not in seen:
            yield from _names(schemas, inner, indent + 3, (*seen, id(inner)))
