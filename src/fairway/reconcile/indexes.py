"""Index: a lookup table over cached objects that is kept up to date change by change.

Shape: an ``IndexFunction`` names the values under which one object is to be found; it must be pure, since the values
of an object that leaves are computed again.
"""

from collections.abc import Callable, Iterable, Iterator

from fairway.objects import Object

IndexFunction = Callable[[Object], Iterable[str]]
ObjectKey = tuple[str, str]
"""Namespace (empty for cluster-scoped kinds) and name."""


def object_key(found: Object) -> ObjectKey:
    """The namespace and name of an object.  Pure."""
    meta = found["metadata"]
    return meta.get("namespace") or "", meta["name"]


class Index:
    """Objects by each of the values that ``function`` gives for them."""

    __slots__ = ("_buckets", "function")

    def __init__(self, function: IndexFunction) -> None:
        self.function = function
        self._buckets: dict[str, dict[ObjectKey, Object]] = {}

    def replace(self, key: ObjectKey, old: Object | None, new: Object | None) -> None:
        """Take ``old`` out and put ``new`` in; equal values keep their place."""
        before = set(self.function(old)) if old is not None else set()
        after = set(self.function(new)) if new is not None else set()
        for value in before - after:
            bucket = self._buckets[value]
            del bucket[key]
            if not bucket:
                del self._buckets[value]
        if new is not None:
            for value in after:
                self._buckets.setdefault(value, {})[key] = new

    def get(self, value: str) -> list[Object]:
        """Every object under ``value``."""
        bucket = self._buckets.get(value)
        return list(bucket.values()) if bucket else []

    def count(self, value: str) -> int:
        """How many objects are under ``value``."""
        return len(self._buckets.get(value, ()))

    def values(self) -> Iterator[str]:
        """Every value that has objects."""
        return iter(self._buckets)


def by_namespace(found: Object) -> Iterable[str]:
    """The object's namespace."""
    return (found["metadata"].get("namespace") or "",)


def by_label(found: Object) -> Iterable[str]:
    """``namespace/key=value`` per label, and ``namespace/`` for all: so a selector finds few candidates."""
    meta = found["metadata"]
    namespace = meta.get("namespace") or ""
    yield f"{namespace}/"
    for name, value in (meta.get("labels") or {}).items():
        yield f"{namespace}/{name}={value}"


def by_controller(found: Object) -> Iterable[str]:
    """The uid of the controlling owner, or ``orphan/namespace`` where there is none."""
    meta = found["metadata"]
    for owner in meta.get("ownerReferences") or ():
        if owner.get("controller"):
            return (owner["uid"],)
    return (f"orphan/{meta.get('namespace') or ''}",)


def by_owner(found: Object) -> Iterable[str]:
    """The uid of every owner."""
    return [owner["uid"] for owner in found["metadata"].get("ownerReferences") or ()]


def by_node(found: Object) -> Iterable[str]:
    """The node that a pod is bound to; nothing while it waits for one."""
    name = (found.get("spec") or {}).get("nodeName")
    return (name,) if name else ()
