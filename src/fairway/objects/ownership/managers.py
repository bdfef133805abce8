"""Managers: the writers of an object and the fields that each owns, as ``metadata.managedFields`` keeps them.

Shape: ``read(entries)`` and ``written(managers)``; in between a mapping of ``Manager`` to ``Owned``.
Source: Kubernetes docs, "Server-Side Apply", "Managers".
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fairway.objects import Object
from fairway.objects.ownership.field_sets import FieldSet, ordered, union

APPLY, UPDATE = "Apply", "Update"
ANCIENT = "ancient-changes"
_UPDATERS_MAX = 10
_FIELDS_TYPE = "FieldsV1"


class Manager(NamedTuple):
    """Who writes, how, in which version and through which subresource."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""


class Owned(NamedTuple):
    """What a manager owns, in the order of the wire, and when that last changed (RFC 3339)."""

    fields: FieldSet
    time: str


Managers = Mapping[Manager, Owned]


def read(entries: Sequence[Object], *, is_stored: bool = False) -> dict[Manager, Owned] | None:
    """What the entries say; ``None`` where they are no managedFields.  Stored ones are known to be some."""
    found: dict[Manager, Owned] = {}
    for entry in entries:
        fields = entry.get("fieldsV1")
        if entry.get("operation") not in (APPLY, UPDATE) or entry.get("fieldsType") != _FIELDS_TYPE:
            return None
        if not isinstance(fields, dict) or not (is_stored or _is_field_set(fields)):
            return None
        manager = Manager(
            entry.get("manager") or "",
            entry["operation"],
            entry.get("apiVersion") or "",
            entry.get("subresource") or "",
        )
        if fields:
            found[manager] = Owned(fields, entry.get("time") or "")
    return found


def fault(entries: Sequence[Object]) -> str | None:
    """Why the entries are no managedFields; nothing if they are some."""
    for entry in entries:
        operation, type_ = entry.get("operation") or "", entry.get("fieldsType") or ""
        if operation not in (APPLY, UPDATE):
            return f'invalid operation: "{operation}"'
        if type_ != _FIELDS_TYPE:
            return f'unsupported fieldsType: "{type_}"'
    return None if read(entries) is not None else "error decoding managed fields: invalid fieldsV1"


def _is_field_set(fields: Mapping[str, Any]) -> bool:
    return all(
        isinstance(below, dict) and (element == "." or element[:2] in ("f:", "k:", "v:", "i:")) and _is_field_set(below)
        for element, below in fields.items()
    )


def is_reset(entries: Sequence[Object]) -> bool:
    """Whether a writer asks to forget all managers: one empty entry."""
    return len(entries) == 1 and not any(entries[0].values())


def written(managers: Managers) -> list[Object]:
    """The entries, those that apply first, then in the order of their times."""
    kept = bounded(managers)
    order = sorted(kept, key=lambda manager: (manager.operation, kept[manager].time, *manager))
    return [_entry(manager, kept[manager]) for manager in order]


def _entry(manager: Manager, owned: Owned) -> Object:
    entry: Object = {
        "manager": manager.name, "operation": manager.operation, "apiVersion": manager.api_version,
        "time": owned.time, "fieldsType": _FIELDS_TYPE, "fieldsV1": owned.fields,
        "subresource": manager.subresource,
    }  # fmt: skip
    return {field: value for field, value in entry.items() if value or field == "fieldsV1"}


def bounded(managers: Managers) -> Managers:
    """At most ten managers that update; the oldest ones become one, for each version."""
    updaters = sorted(
        (manager for manager in managers if manager.operation == UPDATE),
        key=lambda manager: (managers[manager].time, *manager),
    )
    excess = len(updaters) - _UPDATERS_MAX
    if excess <= 0:
        return managers
    kept = dict(managers)
    for manager in updaters[: excess + 1]:
        old = kept.pop(manager)
        ancient = Manager(ANCIENT, UPDATE, manager.api_version, manager.subresource)
        known = kept.get(ancient)
        kept[ancient] = Owned(ordered(union(known.fields, old.fields)), old.time) if known else old
    return kept
