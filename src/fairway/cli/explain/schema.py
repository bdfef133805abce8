"""Schemas: the types of an OpenAPI v3 document, found, followed and named."""

from collections.abc import Iterator
from typing import Any

_OBJECT = "Object"


class Schemas:
    """The types of ``document``."""

    def __init__(self, document: Any) -> None:
        self._all: dict[str, Any] = (document.get("components") or {}).get("schemas") or {}

    def of_kind(self, kind: dict[str, str]) -> Any:
        """The first type, by name, that says it is this kind; ``None`` if none does."""
        for _, schema in sorted(self._all.items()):
            if kind in (schema.get("x-kubernetes-group-version-kind") or ()):
                return schema
        return None

    def referred(self, schema: Any) -> Any:
        """The type that a schema refers to, or ``None``."""
        return self._all.get(schema.get("$ref", "").rpartition("/")[2])

    def resolved(self, schema: Any) -> Any:
        """The type that a schema refers to, or the schema itself."""
        return self.referred(schema) or schema

    @staticmethod
    def below(schema: Any) -> Iterator[Any]:
        """What a schema is made of beside its own fields."""
        yield from schema.get("allOf") or ()
        for name in ("items", "additionalProperties"):
            if isinstance(schema.get(name), dict):
                yield schema[name]

    def description(self, schema: Any) -> str:
        """What a schema says, and what those say that it is made of; a line each."""
        found = self.resolved(schema)
        own = f"{found['description']}\n" if found.get("description") else ""
        return own + "".join(map(self.description, self.below(found)))

    def type_of(self, schema: Any) -> str:
        """``string``, ``[]ServicePort``, ``map[string]string``, ``ObjectMeta``."""
        if schema.get("items"):
            return f"[]{self.type_of(schema['items'])}"
        if isinstance(schema.get("additionalProperties"), dict):
            return f"map[string]{self.type_of(schema['additionalProperties'])}"
        parts: list[Any] = schema.get("allOf") or []
        if len(parts) == 1 and not schema.get("properties"):
            return self.type_of(parts[0])
        if schema.get("$ref"):
            referred = self.referred(schema) or {}
            if referred.get("type", "object") == "object":
                return schema["$ref"].rpartition("/")[2].rpartition(".")[2] or _OBJECT
            return str(referred["type"])
        kind = schema.get("type") or _OBJECT
        return _OBJECT if kind == "object" else str(kind)
