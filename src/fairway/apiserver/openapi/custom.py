"""Custom: the schemas of custom kinds, as clients explain them and check objects with them.

Shape: ``definitions(entries, dialect)`` gives schemas by name; ``NEEDED`` are the definitions that they refer to.
Source: Kubernetes docs, "Publish validation schema in OpenAPI".
"""

from collections.abc import Iterable
from typing import Any

from fairway.apiserver.discovery import Entry
from fairway.apiserver.openapi.dialect import V2, Dialect, of_kind
from fairway.apiserver.openapi.operations import META, definition_name
from fairway.objects import Object

NEEDED = (f"{META}ObjectMeta", f"{META}ListMeta")
# How these begin is what Kubernetes' own tests look for in `kubectl explain`.
_ABOUT = {
    "apiVersion": "APIVersion defines in which group and version of the API this object is written.",
    "kind": "The type of the object, in CamelCase.",
    "metadata": "Standard object's metadata: its name, namespace, labels, annotations and history.",
}
_IN_V2 = frozenset(
    (
        "description", "type", "format", "title", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
        "maxLength", "minLength", "pattern", "maxItems", "minItems", "multipleOf", "enum", "required", "default",
        "maxProperties", "minProperties", "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
        "x-kubernetes-map-type", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string",
        "x-kubernetes-embedded-resource",
    )
)  # fmt: skip


def _identity(dialect: Dialect, metadata: str) -> Object:
    text = {"type": "string"}
    return {
        "apiVersion": {"description": _ABOUT["apiVersion"], **text},
        "kind": {"description": _ABOUT["kind"], **text},
        "metadata": {"description": _ABOUT["metadata"], **dialect.field(f"{META}{metadata}")},
    }


def described(entry: Entry, dialect: Dialect) -> Object:
    """The schema of one version of a custom kind."""
    assert entry.kind.custom is not None
    schema = entry.kind.custom.schema
    if dialect is V2 and schema.get("x-kubernetes-preserve-unknown-fields"):
        # Older kubectl would take the fields that are named for all there are.
        return {"type": "object"} | of_kind(entry.group, entry.version, entry.kind.name)
    shown: Object = _for_v2(schema) if dialect is V2 else dict(schema)
    shown["properties"] = {**(shown.get("properties") or {}), **_identity(dialect, "ObjectMeta")}
    if entry.kind.fields and dialect is not V2:
        shown["x-kubernetes-selectable-fields"] = [{"fieldPath": path} for path in entry.kind.fields]
    return {"type": "object", **shown} | of_kind(entry.group, entry.version, entry.kind.name)


def listed(entry: Entry, dialect: Dialect, name: str) -> Object:
    """The schema of a list of them."""
    items = {"type": "array", "items": dialect.field(name), "description": f"List of {entry.kind.plural}"}
    kind = entry.kind.list_name
    return {
        "description": f"{kind} is a list of {entry.kind.name}",
        "type": "object",
        "required": ["items"],
        "properties": {**_identity(dialect, "ListMeta"), "items": items},
    } | of_kind(entry.group, entry.version, kind)


def definitions(entries: Iterable[Entry], dialect: Dialect) -> dict[str, Object]:
    """The custom kinds among ``entries``, and their lists."""
    found: dict[str, Object] = {}
    for entry in entries:
        if entry.kind.custom is not None:
            name = definition_name(entry.group, entry.version, entry.kind.name)
            found[name] = described(entry, dialect)
            found[definition_name(entry.group, entry.version, entry.kind.list_name)] = listed(entry, dialect, name)
    return found


def _for_v2(schema: Any) -> Object:
    """What OpenAPI 2 can say of it; where one of several types is meant, nothing of the type."""
    shown: Object = {name: value for name, value in schema.items() if name in _IN_V2}
    if schema.get("nullable") or schema.get("x-kubernetes-int-or-string"):
        shown.pop("type", None)
        return shown
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        shown.pop("type", None)
        return shown  # older kubectl would take the fields that are named for all there are
    if isinstance(schema.get("items"), dict):
        shown["items"] = _for_v2(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        shown["additionalProperties"] = _for_v2(schema["additionalProperties"])
    if schema.get("properties"):
        shown["properties"] = {name: _for_v2(below) for name, below in schema["properties"].items()}
        _require_no_nulls(shown, schema["properties"])
    return shown


def _require_no_nulls(shown: Object, properties: Object) -> None:
    """What may be null is not required: older kubectl takes a null for nothing."""
    needed = [name for name in shown.pop("required", None) or () if not (properties.get(name) or {}).get("nullable")]
    if needed:
        shown["required"] = needed
