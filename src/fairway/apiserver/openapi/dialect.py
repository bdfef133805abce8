"""Dialect: where JSON schemas differ between OpenAPI 2 and 3.

Source: Swagger 2.0 and OpenAPI 3.0, "Schema Object", "Reference Object".
"""

from collections.abc import Iterable
from dataclasses import dataclass

from fairway.objects import Object


@dataclass(frozen=True, slots=True)
class Dialect:
    """How definitions are referred to, and how types are written that are one of two."""

    prefix: str
    quantity: Object
    int_or_string: Object
    wraps_references: bool
    tells_defaults: bool
    """Whether it says what Go's zero values stand for, as upstream's documents of OpenAPI 3 do."""

    def reference(self, name: str) -> Object:
        """A schema that is another definition."""
        return {"$ref": f"{self.prefix}{name}"}

    def field(self, name: str) -> Object:
        """The same where more is said of it: OpenAPI 3.0 allows nothing beside ``$ref``, hence ``allOf``."""
        return {"allOf": [self.reference(name)]} if self.wraps_references else self.reference(name)


V2 = Dialect("#/definitions/", {"type": "string"}, {"type": "string", "format": "int-or-string"}, False, False)
V3 = Dialect(
    "#/components/schemas/",
    {"oneOf": [{"type": "string"}, {"type": "number"}]},
    {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    True,
    True,
)


def of_kinds(triples: Iterable[tuple[str, str, str]]) -> Object:
    """Which kinds a definition is: (group, version, kind) as clients look it up."""
    return {"x-kubernetes-group-version-kind": [{"group": g, "kind": k, "version": v} for g, v, k in triples]}


def of_kind(group: str, version: str, kind: str) -> Object:
    """The same for one."""
    return of_kinds([(group, version, kind)])
