"""History: the revisions of a DaemonSet's template, as ControllerRevisions.  Pure.

Shape: what there is -> what to write now, and the hash by which pods of the present template are known.
Source: Kubernetes docs, "Perform a Rollback on a DaemonSet".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fairway.controllers.daemon_set.pods import HASH_LABEL
from fairway.controllers.rules import revisions as revisions_rules
from fairway.controllers.rules.revisions import split
from fairway.kinds import DAEMON_SET
from fairway.objects import Object


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


def hash_of(revision: Object) -> str:
    """The hash that the revision's pods carry; the name, where a stranger's revision has none."""
    labels = revision["metadata"].get("labels") or {}
    return str(labels.get(HASH_LABEL) or revision["metadata"]["name"])


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
    return revisions_rules.new_revision(DAEMON_SET, daemon_set, number, HASH_LABEL)


def expired(daemon_set: Object, revisions: Iterable[Object], pods: Iterable[Object]) -> list[Object]:
    """The oldest revisions beyond the limit, unless pods are still of them."""
    _, old = split(daemon_set, revisions)
    alive = {(pod["metadata"].get("labels") or {}).get(HASH_LABEL) for pod in pods}
    surplus = max(0, len(old) - daemon_set["spec"]["revisionHistoryLimit"])
    return [one for one in old if hash_of(one) not in alive][:surplus]
