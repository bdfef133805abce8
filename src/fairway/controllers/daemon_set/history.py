"""History: the revisions of a DaemonSet's template, as ControllerRevisions.  Pure.

Shape: what there is -> what to write now, and the hash by which pods of the present template are known.
Source: Kubernetes docs, "Perform a Rollback on a DaemonSet".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fairway.controllers.daemon_set.pods import HASH_LABEL
from fairway.controllers.rules.template_hash import template_hash
from fairway.kinds import DAEMON_SET
from fairway.objects import Object
from fairway.reconcile.owners import controller_reference


@dataclass(slots=True)
class History:
    """``create`` the revision of the present template, or ``update`` it; ``delete`` doubles of it.

    Pods of ``relabel`` hashes are of the present template too: their revisions were doubles.
    """

    hash_text: str
    create: Object | None = None
    update: Object | None = None
    delete: list[Object] = field(default_factory=list)
    relabel: frozenset[str] = frozenset()


def data_of(daemon_set: Object) -> Object:
    """The patch that brings a DaemonSet back to this template."""
    return {"spec": {"template": {**daemon_set["spec"]["template"], "$patch": "replace"}}}


def hash_of(revision: Object) -> str:
    """The hash that the revision's pods carry; the name, where a stranger's revision has none."""
    labels = revision["metadata"].get("labels") or {}
    return str(labels.get(HASH_LABEL) or revision["metadata"]["name"])


def by_number(revisions: Iterable[Object]) -> list[Object]:
    """The oldest revision first."""
    return sorted(revisions, key=lambda one: (one.get("revision") or 0, one["metadata"]["name"]))


def split(daemon_set: Object, revisions: Iterable[Object]) -> tuple[list[Object], list[Object]]:
    """(those of the present template, the others), each the oldest first."""
    wanted, ordered = data_of(daemon_set), by_number(revisions)
    return [one for one in ordered if one.get("data") == wanted], [one for one in ordered if one.get("data") != wanted]


def history(daemon_set: Object, revisions: Sequence[Object]) -> History:
    """What to write so that the present template has one revision, the highest of all."""
    present, others = split(daemon_set, revisions)
    number = max((one.get("revision") or 0 for one in others), default=0) + 1
    if not present:
        made = new_revision(daemon_set, number)
        return History(hash_of(made), create=made)
    kept, doubles = present[-1], present[:-1]
    found = History(hash_of(kept), delete=doubles, relabel=frozenset(map(hash_of, doubles)))
    labels = kept["metadata"].get("labels") or {}
    if (kept.get("revision") or 0) < number or HASH_LABEL not in labels:
        meta = {**kept["metadata"], "labels": {**labels, HASH_LABEL: found.hash_text}}
        found.update = {**kept, "metadata": meta, "revision": max(number, kept.get("revision") or 0)}
    return found


def new_revision(daemon_set: Object, number: int) -> Object:
    """The revision of the present template."""
    meta, template = daemon_set["metadata"], daemon_set["spec"]["template"]
    text = template_hash(template, (daemon_set.get("status") or {}).get("collisionCount"))
    labels = {**((template.get("metadata") or {}).get("labels") or {}), HASH_LABEL: text}
    made: Object = {
        "name": f"{meta['name']}-{text}", "namespace": meta["namespace"], "labels": labels,
        "ownerReferences": [controller_reference(DAEMON_SET, daemon_set)],
    }  # fmt: skip
    if meta.get("annotations"):
        made["annotations"] = meta["annotations"]
    return {
        "kind": "ControllerRevision", "apiVersion": "apps/v1", "metadata": made, "data": data_of(daemon_set),
        "revision": number,
    }  # fmt: skip


def expired(daemon_set: Object, revisions: Iterable[Object], pods: Iterable[Object]) -> list[Object]:
    """The oldest revisions beyond the limit, unless pods are still of them."""
    _, old = split(daemon_set, revisions)
    alive = {(pod["metadata"].get("labels") or {}).get(HASH_LABEL) for pod in pods}
    surplus = max(0, len(old) - daemon_set["spec"]["revisionHistoryLimit"])
    return [one for one in old if hash_of(one) not in alive][:surplus]
