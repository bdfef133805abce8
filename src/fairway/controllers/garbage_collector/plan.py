"""Plan: what becomes of an object, given how its owners are.  Pure.

Source: Kubernetes docs, "Garbage Collection", "Owners and Dependents", "Use Cascading Deletion".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from fairway.objects import Object

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"


class Owner(Enum):
    """How an owner is: there to stay, waiting for its dependents to go, or gone."""

    SOLID = "solid"
    WAITING = "waiting for dependents"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Keep:
    """The object stays, without the references to the owners in ``without`` (uids)."""

    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Delete:
    """The object goes; ``policy`` is the propagationPolicy for what it owns itself."""

    policy: str


def owner_references(found: Object) -> Sequence[Object]:
    """The references of an object to its owners."""
    return found["metadata"].get("ownerReferences") or ()


def finalizers(found: Object) -> Sequence[str]:
    """Who still has to do something before the object may go."""
    return found["metadata"].get("finalizers") or ()


def is_waiting_for_dependents(owner: Object) -> bool:
    """Whether the owner leaves in the foreground."""
    return "deletionTimestamp" in owner["metadata"] and FOREGROUND in finalizers(owner)


def plan(found: Object, owners: Mapping[str, Owner], *, has_dependents: bool) -> Keep | Delete:
    """What becomes of ``found``; ``owners`` says of each owner's uid how it is.

    One owner that stays keeps the object.  Where owners wait, what the object owns must go first, too.
    """
    if not owners:
        return Keep()
    states = set(owners.values())
    if Owner.SOLID in states:
        return Keep(frozenset(uid for uid, state in owners.items() if state is not Owner.SOLID))
    if Owner.WAITING in states and has_dependents:
        return Delete("Foreground")
    if ORPHAN in finalizers(found):
        return Delete("Orphan")
    return Delete("Foreground" if FOREGROUND in finalizers(found) else "Background")


def is_blocking(dependent: Object, owner_uid: str) -> bool:
    """Whether an owner that leaves in the foreground must wait for ``dependent``."""
    return any(one["uid"] == owner_uid and one.get("blockOwnerDeletion") for one in owner_references(dependent))
