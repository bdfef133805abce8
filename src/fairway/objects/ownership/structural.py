"""Structural: shapes of custom kinds, as their structural schemas have them.

Source: Kubernetes docs, "Server-Side Apply", "Custom resources and server-side apply"; "Merge strategy".
"""

from fairway.objects import Object, schema
from fairway.objects.ownership.shape import (
    DEDUCED,
    KEYED,
    MAP,
    SET,
    STRUCT,
    WHOLE_VALUE,
    Shape,
    of_definition,
)
from fairway.objects.structural import EMBEDDED, INT_OR_STRING, LIST_MAP_KEYS, LIST_TYPE, MAP_TYPE, PRESERVE

_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


class StructuralShape(Shape):
    """A place of an object that a structural schema describes."""

    __slots__ = ("_is_object", "_schema")

    def __init__(self, form: str, found: Object, *, is_object: bool = False) -> None:
        super().__init__(form, keys=found.get(LIST_MAP_KEYS) or ())
        self._schema = found
        self._is_object = is_object

    def field(self, name: str) -> Shape:
        """See ``Shape``."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._field(name)
        return known

    def _field(self, name: str) -> Shape:
        if self._is_object and name in ("apiVersion", "kind"):
            return WHOLE_VALUE
        if self._is_object and name == "metadata":
            return of_definition(schema.place_named(_OBJECT_META))
        below = (self._schema.get("properties") or {}).get(name)
        if below is not None:
            return of_schema(below)
        values = self._schema.get("additionalProperties")
        return of_schema(values) if isinstance(values, dict) else DEDUCED

    def item(self) -> Shape:
        """See ``Shape``."""
        if self._item is None:
            below = self._schema.get("items") or self._schema.get("additionalProperties")
            self._item = of_schema(below) if isinstance(below, dict) else DEDUCED
        return self._item

    def is_named(self, element: str) -> bool:
        """See ``Shape``."""
        return (
            self.form == STRUCT and element.startswith("f:") and element[2:] in (self._schema.get("properties") or {})
        )

    def is_always_there(self, name: str) -> bool:
        """See ``Shape``: nothing but the metadata of an object."""
        return self._is_object and name == "metadata"

    def _key_default(self, key: str) -> object:
        """See ``Shape``: what the schema says."""
        properties = (self._schema.get("items") or {}).get("properties") or {}
        return (properties.get(key) or {}).get("default")


def of_schema(found: Object, *, is_object: bool = False) -> Shape:
    """The shape of one place; ``is_object``: it is a whole object, whose identity the schema need not describe."""
    is_object = is_object or bool(found.get(EMBEDDED))
    kind = found.get("type")
    if kind == "object" or is_object:
        return _of_object(found, is_object=is_object)
    if kind == "array":
        form = {"map": KEYED, "set": SET}.get(found.get(LIST_TYPE) or "")
        return StructuralShape(form, found) if form else WHOLE_VALUE
    return DEDUCED if kind is None and found.get(PRESERVE) and not found.get(INT_OR_STRING) else WHOLE_VALUE


def _of_object(found: Object, *, is_object: bool) -> Shape:
    if found.get(MAP_TYPE) == "atomic":
        return WHOLE_VALUE
    if is_object or found.get("properties"):
        return StructuralShape(STRUCT, found, is_object=is_object)
    if isinstance(found.get("additionalProperties"), dict):
        return StructuralShape(MAP, found)
    return DEDUCED
