"""Slice owners: to which Service a slice belongs, as its labels say.  Pure."""

from collections.abc import Callable, Iterable

from fairway.kinds.well_known import MANAGED_BY, SERVICE_NAME
from fairway.objects import Object
from fairway.reconcile.controller import Key


def owner(found: Object, manager: str) -> Key | None:
    """The Service of a slice that ``manager`` writes; ``None`` for those of others."""
    meta = found["metadata"]
    labels = meta.get("labels") or {}
    if labels.get(MANAGED_BY) != manager or SERVICE_NAME not in labels:
        return None
    return meta["namespace"], labels[SERVICE_NAME]


def by_service(manager: str) -> Callable[[Object], Iterable[str]]:
    """An index of ``manager``'s slices; its values are ``namespace/name`` of Services."""

    def values(found: Object) -> Iterable[str]:
        key = owner(found, manager)
        return () if key is None else ("/".join(key),)

    return values
