"""History: the revisions of a StatefulSet's template: which is current, which comes, which are forgotten.  Pure.

Source: Kubernetes docs, "StatefulSets", "Rolling Updates"; API reference, "StatefulSetStatus v1 apps".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fairway.controllers.rules.revisions import by_number, new_revision, split
from fairway.controllers.stateful_set.pods import HASH_LABEL, revision_of
from fairway.kinds import STATEFUL_SET
from fairway.objects import Object


@dataclass(slots=True)
class History:
    """``update`` is the revision of the present template, ``current`` the one that pods come from.

    ``create`` or ``renumber`` is what must be written for ``update`` to be there, the highest of all.
    """

    current: Object
    update: Object
    create: Object | None = None
    renumber: Object | None = None


def history(stateful_set: Object, revisions: Sequence[Object]) -> History:
    """The revisions of the set; what is missing is to be written first."""
    present, others = split(stateful_set, revisions)
    number = max((one.get("revision") or 0 for one in others), default=0) + 1
    create = renumber = None
    if not present:
        update = create = new_revision(STATEFUL_SET, stateful_set, number, HASH_LABEL)
    else:
        update = present[-1]
        if (update.get("revision") or 0) < number:
            update = renumber = {**update, "revision": number}
    told = (stateful_set.get("status") or {}).get("currentRevision")
    current = next((one for one in revisions if one["metadata"]["name"] == told), update)
    return History(current, update, create, renumber)


def template_of(stateful_set: Object, revision: Object) -> Object:
    """The template that the revision keeps."""
    kept = ((revision.get("data") or {}).get("spec") or {}).get("template")
    if not kept:
        return stateful_set["spec"]["template"]  # type: ignore[no-any-return]
    return {name: value for name, value in kept.items() if name != "$patch"}


def expired(
    stateful_set: Object, revisions: Iterable[Object], pods: Iterable[Object], found: History
) -> list[Object]:  # fmt: skip
    """The oldest revisions beyond the limit, unless something is still of them."""
    limit = stateful_set["spec"]["revisionHistoryLimit"]
    if limit < 0:
        return []
    alive = {revision_of(pod) for pod in pods} | {found.current["metadata"]["name"], found.update["metadata"]["name"]}
    old = [one for one in by_number(revisions) if one["metadata"]["name"] not in alive]
    return old[: max(0, len(old) - limit)]


@dataclass(slots=True)
class Names:
    """The names of the two revisions."""

    current: str
    update: str
    templates: dict[str, Object] = field(default_factory=dict)


def names_of(stateful_set: Object, found: History) -> Names:
    """What a plan needs to know of the revisions."""
    both = (found.current, found.update)
    templates = {one["metadata"]["name"]: template_of(stateful_set, one) for one in both}
    return Names(found.current["metadata"]["name"], found.update["metadata"]["name"], templates)
