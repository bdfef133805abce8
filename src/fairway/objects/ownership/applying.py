"""Applying: what a server-side apply makes of an object, or whom it would take fields from.

Shape: ``applied(live, config, managers, applier, force=...)`` gives the object and its managers; raises ``Conflicts``.
Source: KEP-555; Kubernetes docs, "Server-Side Apply", "Conflicts", "Upgrading from client-side apply".
"""

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from fairway.objects import Object
from fairway.objects.ownership.comparing import compare, fields_of
from fairway.objects.ownership.field_sets import (
    LEAF,
    FieldSet,
    Path,
    difference,
    intersection,
    of_paths,
    ordered,
    paths,
    text,
    union,
)
from fairway.objects.ownership.managers import UPDATE, Manager, Managers, Owned
from fairway.objects.ownership.merging import NOTHING, merge, remove, with_named
from fairway.objects.ownership.shape import KeyMissing, Shape
from fairway.objects.ownership.tracking import difference_between, taken_from_others, tracked

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
BEFORE_FIRST_APPLY = "before-first-apply"
KUBECTL = "kubectl"
_EVERYBODYS: FieldSet = {"f:apiVersion": LEAF, "f:kind": LEAF, "f:metadata": LEAF}
"""What no applier takes with it when it leaves: metadata holds the object's identity."""


class Conflict(NamedTuple):
    """One field that another manager owns with another value."""

    manager: Manager
    path: Path

    @property
    def owner(self) -> str:
        """The manager as people are told of it."""
        name = orjson.dumps(self.manager.name).decode()
        if self.manager.subresource:
            name += f' with subresource "{self.manager.subresource}"'
        return f"{name} using {self.manager.api_version}" if self.manager.operation == UPDATE else name

    @property
    def field(self) -> str:
        """``.spec.replicas``."""
        return text(self.path)


class Conflicts(Exception):
    """An apply that would change what others own."""

    def __init__(self, found: Sequence[Conflict]) -> None:
        self.found = found
        super().__init__(_sentence(found))


def _sentence(found: Sequence[Conflict]) -> str:
    if len(found) == 1:
        return f"Apply failed with 1 conflict: conflict with {found[0].owner}: {found[0].field}"
    lines = []
    for owner in sorted({each.owner for each in found}):
        lines.append(f"conflicts with {owner}:")
        lines += [f"- {each.field}" for each in found if each.owner == owner]
    return f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)


def applied(
    live: Object, config: Object, managers: Managers, applier: Manager, shape: Shape, *, now: str, force: bool,
    without: str = "",
) -> tuple[Object, Managers]:  # fmt: skip
    """``live`` as ``applier`` wants it, and who owns what then.

    ``live`` is the object, or its bare identity where there is none yet; the member ``without`` is not the applier's
    to speak of.  Raises: ``Conflicts``; ``KeyMissing`` for an item of a keyed list without its key.
    """
    managers = {_in_version_of(applier, manager): owned for manager, owned in managers.items()}
    try:
        return _applied(live, config, managers, applier, shape, now, force, without)
    except Conflicts as error:
        if applier.name != KUBECTL:
            raise
        allowed = _set_by_client_side_apply(live, shape)
        left = [each for each in error.found if not intersection(of_paths([each.path]), allowed)]
        if left:
            raise Conflicts(left) from error
        return _applied(live, config, managers, applier, shape, now, True, without)


def _in_version_of(applier: Manager, manager: Manager) -> Manager:
    """Who applies is the same in every version of a kind."""
    return applier if manager._replace(api_version=applier.api_version) == applier else manager


def _applied(
    live: Object, config: Object, managers: Managers, applier: Manager, shape: Shape, now: str, force: bool,
    without: str,
) -> tuple[Object, Managers]:  # fmt: skip
    wanted = tracked(config, without=without)
    mine, before = fields_of(wanted, shape), managers.get(applier)
    mine = {element: node for element, node in mine.items() if element != "f:metadata" or node}
    is_same = before is not None and before.fields == mine
    after = {**managers, applier: before if before and is_same else Owned(ordered(mine), now)}
    merged: Object = merge(live, wanted, shape)
    if before is not None:
        merged = _pruned(merged, after, before.fields, shape)
    merged["metadata"] = {**merged.get("metadata", {})}
    found = difference_between(tracked(live, without=without), tracked(merged, without=without), shape)
    touched = union(found.added, found.modified)
    conflicts = [
        Conflict(manager, path)
        for manager in sorted(managers)
        if manager != applier
        for path in paths(intersection(managers[manager].fields, touched))
    ]
    if conflicts and not force:
        raise Conflicts(conflicts)
    kept = taken_from_others(managers, applier, touched, found.removed)
    # Who applies nothing owns nothing, and is named no more.
    return merged, {**kept, applier: after[applier]} if mine else kept


def _pruned(merged: Object, managers: Managers, last: FieldSet, shape: Shape) -> Object:
    """Without what the applier owned before and nobody owns now."""
    last = with_named(last, shape)
    gone = remove(merged, last, shape)
    present = with_named(fields_of(merged, shape), shape)
    left = with_named(fields_of(gone, shape), shape) if gone is not NOTHING else {}
    owned = _EVERYBODYS
    for manager in managers.values():
        owned = union(owned, manager.fields)
    removable = difference(difference(present, left), with_named(owned, shape))
    pruned = remove(merged, intersection(removable, last), shape)
    return {} if pruned is NOTHING else dict(pruned)


def _set_by_client_side_apply(live: Object, shape: Shape) -> FieldSet:
    """The fields that kubectl last applied from its own side and that still have that value."""
    annotations = live["metadata"].get("annotations") or {}
    try:
        last = orjson.loads(annotations.get(LAST_APPLIED) or b"{}")
        configured = tracked(last)
        found = fields_of(configured, shape)
        changed = compare(configured, tracked(live), shape)
    except (orjson.JSONDecodeError, KeyMissing, AttributeError, TypeError):
        return {}
    return difference(difference(found, changed.modified), changed.removed)


def adopted(live: Object, shape: Shape, api_version: str, *, now: str, without: str) -> Managers:
    """The managers of an object that was written before anybody was tracked: all is of one Update of old."""
    fields = difference_between({}, tracked(live, without=without), shape).added
    return {Manager(BEFORE_FIRST_APPLY, UPDATE, api_version): Owned(ordered(fields), now)} if fields else {}


def renew_last_applied(new: Object, config: Object) -> None:
    """Keep what kubectl's client-side apply left in step, so that one may go back to it."""
    annotations = new["metadata"].get("annotations") or {}
    if LAST_APPLIED not in annotations:
        return
    metadata = dict(config["metadata"])
    own = {key: value for key, value in (metadata.pop("annotations", None) or {}).items() if key != LAST_APPLIED}
    shown = {**config, "metadata": {**metadata, "annotations": own} if own else metadata}
    text_ = orjson.dumps(shown, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    new["metadata"]["annotations"] = {**annotations, LAST_APPLIED: text_}
