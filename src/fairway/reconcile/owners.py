"""Owners: who owns an object and who controls it.  Pure.

Source: Kubernetes docs, "Owners and Dependents".
"""

from fairway.kinds.kind import Kind
from fairway.objects import Object


def controller_reference(kind: Kind, owner: Object) -> Object:
    """The reference by which ``owner`` controls what it makes."""
    meta = owner["metadata"]
    return {
        "apiVersion": kind.api_version, "kind": kind.name, "name": meta["name"], "uid": meta["uid"],
        "controller": True, "blockOwnerDeletion": True,
    }  # fmt: skip


def controller_of(found: Object) -> Object | None:
    """The reference to the controlling owner, if there is one."""
    for owner in found["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            return owner  # type: ignore[no-any-return]
    return None


def is_controlled_by(found: Object, owner: Object) -> bool:
    """Whether this very ``owner`` (by uid) controls the object."""
    reference = controller_of(found)
    return reference is not None and reference["uid"] == owner["metadata"]["uid"]


def is_owned_by(found: Object, owner: Object) -> bool:
    """Whether this very ``owner`` (by uid) is among the owners."""
    uid = owner["metadata"]["uid"]
    return any(one["uid"] == uid for one in found["metadata"].get("ownerReferences") or ())


def group_of(reference: Object) -> str:
    """The API group that a reference names."""
    group, slash, _ = str(reference.get("apiVersion") or "").rpartition("/")
    return group if slash else ""
