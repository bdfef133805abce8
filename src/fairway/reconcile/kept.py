"""Kept: what an informer holds of an object of which there are many: its identity, and one small record.

Shape: ``reducer(record_of)`` makes the ``keep`` of an ``Informer``; ``record`` reads what ``record_of`` gave.
Rules for those who change it: tens of thousands live at once, and every byte counts as often.
"""

import logging
from collections.abc import Callable
from sys import intern
from typing import Any, cast

from fairway.objects import Object

log = logging.getLogger(__name__)


class Kept:
    """Reads as an object that has nothing but ``metadata``: namespace, name, uid and resourceVersion."""

    __slots__ = ("_name", "_namespace", "_revision", "_uid", "record")

    def __init__(self, meta: dict[str, Any], record: Any) -> None:
        self._namespace: str | None = intern(meta["namespace"]) if meta.get("namespace") else None
        self._name: str = meta["name"]
        self._uid: str | None = meta.get("uid")
        self._revision: str | None = meta.get("resourceVersion")
        self.record = record

    def __getitem__(self, name: str) -> dict[str, Any]:
        if name != "metadata":
            raise KeyError(name)
        return {
            "namespace": self._namespace, "name": self._name, "uid": self._uid, "resourceVersion": self._revision,
        }  # fmt: skip


def record(kept: Object | None) -> Any:
    """What was kept of an object; ``None`` of none."""
    return None if kept is None else cast(Kept, kept).record


def reducer(record_of: Callable[[Object], Any]) -> Callable[[Object], Object]:
    """Keep of an object its identity and what ``record_of`` gives; ``None`` where that cannot make sense of it."""

    def keep(found: Object) -> Object:
        meta = found["metadata"]
        try:
            made = record_of(found)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            what = {"namespace": meta.get("namespace"), "object": meta["name"], "error": repr(error)}
            log.warning("object not understood", extra=what)
            made = None
        return cast(Object, Kept(meta, made))

    return keep
