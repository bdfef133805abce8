"""Reconcile: follow owners and dependents of every kind, and carry out what the plan says.

Shape: a key is (resource, ``namespace/name``), since objects of all kinds have their turn here.
Before an object is deleted, the absence of its owners is checked with the server and not with a cache.
"""

from collections.abc import Callable, Iterable, Iterator

from fairway.controllers.garbage_collector.plan import (
    FOREGROUND,
    ORPHAN,
    Delete,
    Keep,
    Owner,
    finalizers,
    is_blocking,
    is_waiting_for_dependents,
    owner_references,
    plan,
)
from fairway.kinds import ALL as ALL_KINDS
from fairway.kinds import EVENT
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.custom_kinds import Joined
from fairway.reconcile.indexes import by_owner, object_key
from fairway.reconcile.informer import Change
from fairway.reconcile.owners import group_of

KINDS: tuple[Kind, ...] = tuple(kind for kind in ALL_KINDS if kind is not EVENT and "delete" in kind.verbs)
BY_RESOURCE = {kind.resource: kind for kind in KINDS}
BY_NAME = {(kind.group, kind.name): kind for kind in KINDS}
BY_OWNER = "owner"


def key_of(kind: Kind, found: Object) -> Key:
    """The key under which an object has its turn."""
    return kind.resource, "/".join(object_key(found))


async def reconcile(key: Key, cluster: Cluster) -> None:
    """Let one object go on leaving, or see whether it still has a reason to be."""
    kind = BY_RESOURCE.get(key[0]) or cluster.custom.get(key[0]) or cluster.extension.get(key[0])
    if kind is None:
        return
    namespace, _, name = key[1].partition("/")
    found = cluster.get(kind, namespace, name)
    if found is None:
        return
    if "deletionTimestamp" not in found["metadata"]:
        await _collect(kind, found, cluster)
    elif ORPHAN in finalizers(found):
        await _orphan(kind, found, cluster)
    elif FOREGROUND in finalizers(found):
        await _leave_in_foreground(kind, found, cluster)


def _kind_named(reference: Object, cluster: Cluster) -> Kind | None:
    """The kind of an owner; ``None`` for one that nobody here knows."""
    group, name = group_of(reference), reference["kind"]
    found = BY_NAME.get((group, name))
    if found is None:
        return next((kind for kind in _more(cluster) if (kind.group, kind.name) == (group, name)), None)
    return found


def _more(cluster: Cluster) -> Iterator[Kind]:
    """The kinds that come at run time."""
    yield from cluster.custom.values()
    yield from cluster.extension.values()


def _dependents(uid: str, cluster: Cluster) -> Iterator[tuple[Kind, Object]]:
    for kind in (*KINDS, *_more(cluster)):
        for found in cluster.by_index(kind, BY_OWNER, uid):
            yield kind, found


async def _collect(kind: Kind, found: Object, cluster: Cluster) -> None:
    """Delete ``found`` if none of its owners is left; forget those that are gone if one is."""
    meta = found["metadata"]
    if not owner_references(found):
        return
    owners = {one["uid"]: await _state(kind, found, one, cluster) for one in owner_references(found)}
    has_dependents = next(_dependents(meta["uid"], cluster), None) is not None
    match plan(found, owners, has_dependents=has_dependents):
        case Keep(without) if without:
            await _drop_references(kind, found, without, cluster)
        case Delete(policy):
            same = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
            await cluster.delete(kind, found, propagationPolicy=policy, preconditions=same)


async def _state(kind: Kind, found: Object, reference: Object, cluster: Cluster) -> Owner:
    owner_kind = _kind_named(reference, cluster)
    if owner_kind is None:
        return Owner.SOLID  # nobody can tell, so nothing is deleted
    if owner_kind.namespaced and not kind.namespaced:
        _tell_if_elsewhere(kind, found, owner_kind, reference, cluster)
        return Owner.SOLID
    namespace = found["metadata"].get("namespace") if owner_kind.namespaced else None
    owner = cluster.get(owner_kind, namespace, reference["name"])
    if owner is None or owner["metadata"]["uid"] != reference["uid"]:
        owner = await cluster.read(owner_kind, namespace, reference["name"])
    if owner is None or owner["metadata"]["uid"] != reference["uid"]:
        _tell_if_elsewhere(kind, found, owner_kind, reference, cluster)
        return Owner.ABSENT
    return Owner.WAITING if is_waiting_for_dependents(owner) else Owner.SOLID


def _tell_if_elsewhere(kind: Kind, found: Object, owner_kind: Kind, reference: Object, cluster: Cluster) -> None:
    """An owner in another namespace is no owner, which surprises: say so."""
    uid, namespace = reference["uid"], found["metadata"].get("namespace", "")
    for other in cluster.items(owner_kind):
        meta = other["metadata"]
        if meta["uid"] == uid and meta.get("namespace") != namespace:
            shown = (
                f"[{owner_kind.api_version}/{owner_kind.name}, namespace: {namespace}, "
                f"name: {reference['name']}, uid: {uid}]"
            )
            text = f'ownerRef {shown} does not exist in namespace "{namespace}"'
            cluster.event(kind, found, "Warning", "OwnerRefInvalidNamespace", text)
            return


async def _orphan(kind: Kind, owner: Object, cluster: Cluster) -> None:
    """Let every dependent forget ``owner``, then let it go."""
    uid = owner["metadata"]["uid"]
    await cluster.together(
        *(_drop_references(each, one, frozenset({uid}), cluster) for each, one in _dependents(uid, cluster))
    )
    await _drop_finalizer(kind, owner, ORPHAN, cluster)


async def _leave_in_foreground(kind: Kind, owner: Object, cluster: Cluster) -> None:
    """Let all dependents go; ``owner`` waits for those that block."""
    uid = owner["metadata"]["uid"]
    dependents = list(_dependents(uid, cluster))
    blocking = [(each, one) for each, one in dependents if is_blocking(one, uid)]
    if not blocking:
        await _drop_finalizer(kind, owner, FOREGROUND, cluster)
        return
    # Where each waits for the next in a circle, one must give way: who comes last to see it.
    circular = [(each, one) for each, one in blocking if _waits_for(one, uid, cluster)]
    await cluster.together(*(_unblock(each, one, uid, cluster) for each, one in circular))
    await cluster.together(
        *(_collect(each, one, cluster) for each, one in dependents if "deletionTimestamp" not in one["metadata"])
    )


def _waits_for(found: Object, uid: str, cluster: Cluster) -> bool:
    """Whether ``found`` leaves in the foreground and waits, through any number of others, for the object ``uid``."""
    seen: set[str] = set()
    ahead = [found]
    while ahead:
        one = ahead.pop()
        if one["metadata"]["uid"] in seen or not is_waiting_for_dependents(one):
            continue
        seen.add(one["metadata"]["uid"])
        blocking = [each for _, each in _dependents(one["metadata"]["uid"], cluster)]
        blocking = [each for each in blocking if is_blocking(each, one["metadata"]["uid"])]
        if any(each["metadata"]["uid"] == uid for each in blocking):
            return True
        ahead += blocking
    return False


async def _unblock(kind: Kind, found: Object, uid: str, cluster: Cluster) -> None:
    """Let the owner ``uid`` go without waiting for ``found``."""
    meta = found["metadata"]
    freed = [{**one, "blockOwnerDeletion": False} if one["uid"] == uid else one for one in owner_references(found)]
    patch = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"], "ownerReferences": freed}
    await _patch_if_there(kind, found, patch, cluster)


async def _drop_references(kind: Kind, found: Object, uids: frozenset[str], cluster: Cluster) -> None:
    meta = found["metadata"]
    left = [one for one in owner_references(found) if one["uid"] not in uids]
    patch = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"], "ownerReferences": left or None}
    await _patch_if_there(kind, found, patch, cluster)


async def _drop_finalizer(kind: Kind, found: Object, finalizer: str, cluster: Cluster) -> None:
    meta = found["metadata"]
    left = [name for name in finalizers(found) if name != finalizer]
    patch = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"], "finalizers": left or None}
    await _patch_if_there(kind, found, patch, cluster)


async def _patch_if_there(kind: Kind, found: Object, metadata: Object, cluster: Cluster) -> None:
    try:
        await cluster.patch(kind, found, {"metadata": metadata})
    except StatusError as error:
        if error.code != 404:
            raise


def _wake(kind: Kind) -> Callable[[Change, Cluster], Iterable[Key]]:
    def wake(change: Change, cluster: Cluster) -> Iterable[Key]:
        old, new = change.old, change.new
        if new is None:
            assert old is not None
            for each, one in _dependents(old["metadata"]["uid"], cluster):
                yield key_of(each, one)
            yield from _waiting_owners(kind, old, cluster)
            return
        references = owner_references(new)
        before = owner_references(old) if old is not None else ()
        is_leaving = "deletionTimestamp" in new["metadata"] and bool(finalizers(new))
        if is_leaving or (references and references != before):
            yield key_of(kind, new)
        if old is not None and before != references:
            yield from _waiting_owners(kind, old, cluster)
        if references and old is None:
            yield from _waiting_owners(kind, new, cluster)

    return wake


def _waiting_owners(kind: Kind, found: Object, cluster: Cluster) -> Iterator[Key]:
    """The owners that wait for dependents such as ``found`` to go."""
    for reference in owner_references(found):
        owner_kind = _kind_named(reference, cluster)
        if owner_kind is not None:
            namespace = found["metadata"].get("namespace") if owner_kind.namespaced else None
            owner = cluster.get(owner_kind, namespace, reference["name"])
            if owner is not None and is_waiting_for_dependents(owner):
                yield key_of(owner_kind, owner)


def _joins(kind: Kind) -> Joined:
    return Joined(_wake(kind), {BY_OWNER: by_owner})


WAKES = {kind: _wake(kind) for kind in KINDS}
GARBAGE_COLLECTOR = Controller(
    name="garbage-collector-controller", owns=KINDS[0], reconcile=reconcile, wakes=WAKES, workers=32,
    only_identity=KINDS,
    indexes={kind: {BY_OWNER: by_owner} for kind in KINDS},
    joins=_joins, joins_elsewhere=_joins,
)  # fmt: skip
