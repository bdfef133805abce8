"""Explain: what the fields of a type mean, from the API server's own OpenAPI v3 document.  Pure.

Shape: ``head(document, ...)`` and ``body(document, ...)`` give the two parts of what is printed; ``schema.py`` walks
the document, ``wrapping.py`` fits text into lines.
Source: the printed forms of kubectl 1.32.
"""

from typing import Any

from fairway.cli.explain.schema import Schemas
from fairway.cli.explain.wrapping import indented, wrapped

Kind = dict[str, str]
_METHODS = ("get", "post", "put", "patch", "delete")


def kind_of(document: Any, group: str, version: str, plural: str) -> Kind | None:
    """{group, version, kind} of a resource, by the paths that lead to it."""
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    found: Kind | None = None
    for path in (root, f"{root}/namespaces/{{namespace}}"):
        for below in (f"{path}/{plural}", f"{path}/{plural}/{{name}}"):
            methods = (document.get("paths") or {}).get(below) or {}
            kinds = (methods.get(each, {}).get("x-kubernetes-group-version-kind") for each in _METHODS)
            found = next(filter(None, kinds), None) or found
    return found


def head(kind: Kind) -> str:
    """The lines that say which type it is."""
    group = f"GROUP:      {kind['group']}\n" if kind.get("group") else ""
    return f"{group}KIND:       {kind['kind']}\nVERSION:    {kind['version']}\n\n"


def body(document: Any, kind: Kind, path: list[str], *, is_recursive: bool) -> str | None:
    """All about the type, or about the field at ``path``; ``None`` if there is no such field or type."""
    schemas = Schemas(document)
    root = schemas.of_kind(kind)
    return None if root is None else _at(schemas, root, path, is_recursive, frozenset()) or None


def _at(schemas: Schemas, schema: Any, path: list[str], is_recursive: bool, seen: frozenset[str]) -> str:
    """What is printed of the field that ``path`` leads to; empty if it leads nowhere."""
    reference = schema.get("$ref", "")
    found = schemas.resolved(schema)
    if not path:
        return _described(schemas, found, is_recursive)
    if reference and reference in seen:
        return ""
    inner = (found.get("properties") or {}).get(path[0])
    if inner is not None:
        title = "" if path[1:] else f"FIELD: {path[0]} <{schemas.type_of(inner)}>\n{_choices(inner)}\n\n"
        return title + _at(schemas, inner, path[1:], is_recursive, frozenset())
    seen |= {reference}
    for below in ("items", "additionalProperties"):
        if isinstance(found.get(below), dict):
            return _at(schemas, found[below], path, is_recursive, seen)
    each = (_at(schemas, one, path, is_recursive, seen) for one in found.get("allOf") or ())
    return next(filter(None, each), "")


def _choices(schema: Any) -> str:
    """All values that the field may have, one a line."""
    values = schema.get("enum")
    return "ENUM:" + "".join(f"\n    {_value(each)}" for each in values) if values else ""


def _value(value: Any) -> str:
    return '""' if value == "" else str(value)


def _described(schemas: Schemas, found: Any, is_recursive: bool) -> str:
    text = indented(wrapped(schemas.description(found) or "<empty>", 76), 4)
    lines = [f"DESCRIPTION:\n{text}\n"]
    fields = "".join(_fields(schemas, found, 1, is_recursive, frozenset()))
    if fields:
        lines.append(f"FIELDS:\n{fields}")
    return "".join(lines)


def _fields(schemas: Schemas, schema: Any, level: int, is_recursive: bool, seen: frozenset[str]) -> list[str]:
    """The fields of a type, by name; with ``is_recursive`` those of their types below them."""
    reference = schema.get("$ref", "")
    if reference and reference in seen:
        return []
    seen |= {reference}
    found = schemas.resolved(schema)
    lines: list[str] = []
    for name, inner in sorted((found.get("properties") or {}).items()):
        lines.append(_field(schemas, name, inner, level, is_short=is_recursive, of=found))
        if is_recursive:
            lines += _fields(schemas, inner, level + 1, is_recursive, seen)
    for below in schemas.below(found):
        lines += _fields(schemas, below, level, is_recursive, seen)
    return lines


def _field(schemas: Schemas, name: str, inner: Any, level: int, *, is_short: bool, of: Any) -> str:
    indent = level * 2
    needed = " -required-" if name in (of.get("required") or ()) else ""
    line = f"{' ' * indent}{name}\t<{schemas.type_of(inner)}>{needed}{_few_choices(inner, indent)}\n"
    if is_short:
        return line
    text = indented(wrapped(inner.get("description") or "<no description>", 78 - indent), indent + 2)
    return f"{line}{text}\n\n"


def _few_choices(schema: Any, indent: int) -> str:
    """The first four values that the field may have."""
    values = schema.get("enum") or ()
    if not values:
        return ""
    shown = ", ".join(map(_value, values[:4])) + (", ...." if len(values) > 4 else "")
    return f"\n{' ' * indent}enum: {shown}"
