"""Revisions: states of a workload's template, kept as ControllerRevisions to go back to.  Pure.

Source: Kubernetes docs, "Perform a Rollback on a DaemonSet"; API reference, "ControllerRevision v1 apps".
"""

from collections.abc import Iterable
from typing import Any

from fairway.controllers.rules.template_hash import template_hash
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.reconcile.owners import controller_reference


def data_of(owner: Object) -> Object:
    """The patch that brings a workload back to its present template; clients compare it byte by byte with their own."""
    return {"spec": {"template": _ordered({**owner["spec"]["template"], "$patch": "replace"})}}


def _ordered(value: Any) -> Any:
    """Every object's fields by name, as upstream writes them."""
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value)}
    return [_ordered(one) for one in value] if isinstance(value, list) else value


def by_number(revisions: Iterable[Object]) -> list[Object]:
    """The oldest revision first."""
    return sorted(revisions, key=lambda one: (one.get("revision") or 0, one["metadata"]["name"]))


def split(owner: Object, revisions: Iterable[Object]) -> tuple[list[Object], list[Object]]:
    """(those of the present template, the others), each the oldest first."""
    wanted, ordered = data_of(owner), by_number(revisions)
    return [one for one in ordered if one.get("data") == wanted], [one for one in ordered if one.get("data") != wanted]


def new_revision(kind: Kind, owner: Object, number: int, label: str) -> Object:
    """The revision of the present template; ``label`` carries its hash."""
    meta, template = owner["metadata"], owner["spec"]["template"]
    text = template_hash(template, (owner.get("status") or {}).get("collisionCount"))
    labels = {**((template.get("metadata") or {}).get("labels") or {}), label: text}
    made: Object = {
        "name": f"{meta['name']}-{text}", "namespace": meta["namespace"], "labels": labels,
        "ownerReferences": [controller_reference(kind, owner)],
    }  # fmt: skip
    if meta.get("annotations"):
        made["annotations"] = meta["annotations"]
    return {
        "kind": "ControllerRevision", "apiVersion": "apps/v1", "metadata": made, "data": data_of(owner),
        "revision": number,
    }  # fmt: skip
