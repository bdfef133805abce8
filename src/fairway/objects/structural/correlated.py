"""What an update leaves as it was: which former value belongs to a value, and whether both are the same.

Pure.  Shape: ``Kept(new, old, schema)``, ``.at(name)``, ``.item(place)``, ``.is_same()``.
Source: Kubernetes docs, "Validation ratcheting".
"""

from functools import cached_property
from typing import Any

import orjson

from fairway.objects import Object
from fairway.objects.structural import IDENTITY, LIST_MAP_KEYS, LIST_TYPE


def identity(item: Any, keys: tuple[str, ...]) -> str:
    """What tells one item of a map-like list from the others."""
    return orjson.dumps([item.get(key) for key in keys]).decode() if isinstance(item, dict) else ""


def keys_of(schema: Object) -> tuple[str, ...]:
    """The keys of a list that is a map."""
    return tuple(schema.get(LIST_MAP_KEYS) or ()) if schema.get(LIST_TYPE) == "map" else ()


class Kept:
    """A value with its former value; or, below what has none that belongs to it, the nearest value above that has."""

    def __init__(self, new: Any, old: Any, schema: Object, *, is_root: bool = False, is_here: bool = True) -> None:
        self.new = new
        self.old = old
        self.schema = schema
        self.is_root = is_root
        self.is_here = is_here

    def at(self, name: str) -> "Kept":
        """Of a member."""
        if not self.is_here:
            return self
        if self.is_root and name in IDENTITY and name != "metadata":
            return Kept(None, None, {}, is_here=False)
        return self._member(name) or self._above()

    def item(self, place: int) -> "Kept":
        """Of an item."""
        if not self.is_here:
            return self
        return self._item(place) or self._above()

    def is_same(self) -> bool:
        """Whether nothing was changed."""
        return self._is_same

    @cached_property
    def _is_same(self) -> bool:
        new, old = self.new, self.old
        if new is None or old is None or isinstance(new, list | dict) is not isinstance(old, list | dict):
            return False
        if isinstance(new, list) and isinstance(old, list):
            if len(new) != len(old):
                return False
            if not keys_of(self.schema):
                return new == old
            return all((found := self._item(place)) is not None and found.is_same() for place in range(len(new)))
        if isinstance(new, dict) and isinstance(old, dict):
            return len(new) == len(old) and all(
                (found := self._member(name)) is not None and found.is_same() for name in new
            )
        return type(new) is type(old) and bool(new == old)

    def _above(self) -> "Kept":
        return Kept(self.new, self.old, self.schema, is_here=False)

    def _member(self, name: str) -> "Kept | None":
        if not isinstance(self.new, dict) or not isinstance(self.old, dict):
            return None
        inner = (self.schema.get("properties") or {}).get(name, self.schema.get("additionalProperties"))
        if name not in self.old or name not in self.new or not isinstance(inner, dict):
            return None
        return Kept(self.new[name], self.old[name], inner)

    def _item(self, place: int) -> "Kept | None":
        inner = self.schema.get("items")
        if not isinstance(self.new, list) or not isinstance(self.old, list) or not isinstance(inner, dict):
            return None
        if keys := keys_of(self.schema):
            former = self._former.get(identity(self.new[place], keys))
        elif self.schema.get(LIST_TYPE) or place >= len(self.old):
            former = None
        else:
            former = self.old[place]
        return None if former is None else Kept(self.new[place], former, inner)

    @cached_property
    def _former(self) -> dict[str, Any]:
        keys = keys_of(self.schema)
        return {identity(one, keys): one for one in self.old}
