"""Tracking: who owns which field after an ordinary write.

Shape: ``updated(old, new, managers, writer, now)`` gives the managers.
Source: KEP-555; Kubernetes docs, "Server-Side Apply", "Field management".
"""

from fairway.objects import Object
from fairway.objects.ownership.comparing import Comparison, compare, fields_of_new
from fairway.objects.ownership.field_sets import FieldSet, difference, ordered, union
from fairway.objects.ownership.managers import Manager, Managers, Owned
from fairway.objects.ownership.shape import Shape

_UNTRACKED_MEMBERS = ("apiVersion", "kind")
_UNTRACKED_METADATA = frozenset({
    "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
    "resourceVersion",
})  # fmt: skip


def tracked(found: Object, *, without: str = "") -> Object:
    """What of an object can be owned: not its identity, nor what the server keeps, nor the member ``without``."""
    shown = {member: value for member, value in found.items() if member not in _UNTRACKED_MEMBERS and member != without}
    metadata = found.get("metadata") or {}
    kept = {field: value for field, value in metadata.items() if field not in _UNTRACKED_METADATA}
    shown["metadata"] = kept
    if not kept:
        del shown["metadata"]
    return shown


def updated(
    old: Object | None, new: Object, managers: Managers, writer: Manager, shape: Shape, *, now: str, without: str = ""
) -> Managers:
    """The managers after ``writer`` has made ``new`` of ``old`` (``None`` on create).  Raises: ``KeyMissing``."""
    if old is None and not managers:
        mine = fields_of_new(tracked(new, without=without), shape, is_quiet=True)
        if "." in mine.get("f:metadata", ()):
            # Metadata itself is nobody's, also where no schema says so.
            mine["f:metadata"] = {element: node for element, node in mine["f:metadata"].items() if element != "."}
        return {writer: Owned(mine, now)} if mine else {}
    found = difference_between(tracked(old, without=without) if old else {}, tracked(new, without=without), shape)
    if not any(found) and writer in managers:
        return managers
    touched = union(found.added, found.modified)
    kept = taken_from_others(managers, writer, touched, found.removed)
    before = managers.get(writer)
    mine = union(difference(before.fields, found.removed) if before else {}, touched)
    if mine:
        is_same = before is not None and before.fields == mine
        kept[writer] = before if before and is_same else Owned(ordered(mine), now)
    return kept


def difference_between(old: Object, new: Object, shape: Shape) -> Comparison:
    """How two tracked states differ; metadata itself is nobody's.  Raises: ``KeyMissing``."""
    empty: Object = {"metadata": {}}
    return compare(empty | old, empty | new, shape)


def taken_from_others(
    managers: Managers, writer: Manager, touched: FieldSet, removed: FieldSet
) -> dict[Manager, Owned]:
    """The other managers, who lose what the writer changed and what is gone; those who own nothing are left out."""
    kept = {}
    for manager, owned in managers.items():
        if manager == writer:
            continue
        fields = difference(difference(owned.fields, touched), removed)
        if fields:
            kept[manager] = Owned(fields, owned.time)
    return kept
