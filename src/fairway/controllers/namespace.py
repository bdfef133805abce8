"""A namespace that is leaving takes everything in it along.

Source: Kubernetes docs, "Namespaces"; API conventions on ``spec.finalizers`` and the finalize subresource.
"""

from collections.abc import Iterable, Mapping, Sequence

from fairway.controllers.rules.pods import is_terminating
from fairway.kinds import ALL as ALL_KINDS
from fairway.kinds import NAMESPACE, POD
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.conditions import condition
from fairway.objects.errors import StatusError
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.custom_kinds import Joined
from fairway.reconcile.indexes import by_namespace
from fairway.reconcile.informer import Change
from fairway.reconcile.times import rfc3339

FINALIZER = "kubernetes"
NAMESPACED: tuple[Kind, ...] = tuple(kind for kind in ALL_KINDS if kind.namespaced and "delete" in kind.verbs)
BY_NAMESPACE = "namespace"

CONTENT, FINALIZERS, FAILURE, DISCOVERY = (
    "NamespaceContentRemaining", "NamespaceFinalizersRemaining", "NamespaceDeletionContentFailure",
    "NamespaceDeletionDiscoveryFailure",
)  # fmt: skip
FINE = {
    DISCOVERY: ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
    FAILURE: ("ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
    CONTENT: ("ContentRemoved", "All content successfully removed"),
    FINALIZERS: ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}


def conditions(
    namespace: Object, left: Mapping[Kind, Sequence[Object]], failures: Sequence[str], now: str,
    silent: Sequence[str] = (),
) -> list[Object]:  # fmt: skip
    """What the status says of the content that is left; ``silent`` are who does not answer.  Pure."""
    wrong: dict[str, tuple[str, str]] = {}
    if silent:
        shown = ", ".join(f"{one}: stale GroupVersion discovery: {one}" for one in silent)
        wrong[DISCOVERY] = (
            "DiscoveryFailed",
            f"Discovery failed for some groups, {len(silent)} failing: unable to retrieve the complete list of server "
            f"APIs: {shown}",
        )
    counts = {f"{kind.plural}.{kind.group}": len(found) for kind, found in left.items() if found}
    if counts:
        shown = ", ".join(f"{name} has {count} resource instances" for name, count in sorted(counts.items()))
        wrong[CONTENT] = ("SomeResourcesRemain", f"Some resources are remaining: {shown}")
    finalizers: dict[str, int] = {}
    for found in left.values():
        for one in found:
            for name in one["metadata"].get("finalizers") or ():
                finalizers[name] = finalizers.get(name, 0) + 1
    if finalizers:
        shown = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(finalizers.items()))
        wrong[FINALIZERS] = (
            "SomeFinalizersRemain", f"Some content in the namespace has finalizers remaining: {shown}",
        )  # fmt: skip
    if failures:
        wrong[FAILURE] = (
            "ContentDeletionFailed",
            f"Failed to delete all resource types, {len(failures)} remaining: {', '.join(failures)}",
        )
    return [_condition(namespace, type_, wrong.get(type_), now) for type_ in FINE]


def _condition(namespace: Object, type_: str, wrong: tuple[str, str] | None, now: str) -> Object:
    status = "True" if wrong else "False"
    reason, message = wrong or FINE[type_]
    present = condition(namespace, type_)
    since = present["lastTransitionTime"] if present and present.get("status") == status else now
    return {"type": type_, "status": status, "lastTransitionTime": since, "reason": reason, "message": message}


async def reconcile(key: Key, cluster: Cluster) -> None:
    """Delete what is left, and let the namespace go when nothing is."""
    namespace = cluster.get(NAMESPACE, *key)
    if namespace is None or not is_terminating(namespace):
        return
    kinds = (*NAMESPACED, *(kind for kind in cluster.custom.values() if kind.namespaced))
    left = {kind: cluster.by_index(kind, BY_NAMESPACE, key[1]) for kind in kinds}
    if not any(left.values()):
        left = {kind: await _list(kind, key[1], cluster) for kind in kinds}
    if not any(left.values()):
        await _empty_extensions(namespace, cluster)
        return
    if left[POD]:
        # What pods still use, a NetworkPolicy or a Secret, stays as long as one of them does (KEP-5080).
        left = {POD: left[POD]}
    failures: dict[Kind, str] = {}
    await cluster.together(
        *(
            _delete(kind, one, failures, cluster)
            for kind, found in left.items()
            for one in found
            if not is_terminating(one)
        )
    )
    told = sorted(failures.values())
    await _tell(namespace, conditions(namespace, left, told, rfc3339(cluster.now())), cluster)
    if told:
        raise StatusError(500, "InternalError", told[0])


async def _empty_extensions(namespace: Object, cluster: Cluster) -> None:
    """What extension servers hold goes last; while one does not answer, nobody knows what that is."""
    name = namespace["metadata"]["name"]
    left, silent, failures = await cluster.settings.empty_extensions(name)
    if not left and not silent and not failures:
        # Where somebody may still look at it, it says that nothing is left.
        if (namespace.get("status") or {}).get("conditions") or namespace["metadata"].get("finalizers"):
            namespace = await _tell(namespace, conditions(namespace, {}, (), rfc3339(cluster.now())), cluster)
        await _finalize(namespace, cluster)
        return
    wanted = conditions(namespace, left, sorted(failures), rfc3339(cluster.now()), sorted(silent))
    await _tell(namespace, wanted, cluster)
    raise StatusError(500, "InternalError", f"extension servers hold something of {name}, or do not answer")


async def _list(kind: Kind, namespace: str, cluster: Cluster) -> list[Object]:
    """What the server has; nothing of a kind that has gone meanwhile."""
    try:
        return (await cluster.client.list(kind, namespace))[0]
    except StatusError as error:
        if error.code != 404 or kind in NAMESPACED:
            raise
        return []


def _joins(kind: Kind) -> Joined | None:
    return Joined(_namespace_of, {BY_NAMESPACE: by_namespace}) if kind.namespaced else None


async def _delete(kind: Kind, found: Object, failures: dict[Kind, str], cluster: Cluster) -> None:
    """Delete one object; what owns others lets the garbage collector find them."""
    try:
        await cluster.delete(kind, found, propagationPolicy="Background")
    except StatusError as error:
        if error.code != 409:
            failures.setdefault(kind, str(error))


async def _finalize(namespace: Object, cluster: Cluster) -> None:
    finalizers = (namespace.get("spec") or {}).get("finalizers") or []
    if FINALIZER in finalizers:
        spec = {**namespace["spec"], "finalizers": [name for name in finalizers if name != FINALIZER]}
        try:
            await cluster.update(NAMESPACE, {**namespace, "spec": spec}, subresource="finalize")
        except StatusError as error:
            if error.code != 404:
                raise


async def _tell(namespace: Object, wanted: Sequence[Object], cluster: Cluster) -> Object:
    """Put the conditions into the status; the namespace as it is then."""
    others = [one for one in (namespace.get("status") or {}).get("conditions") or () if one["type"] not in FINE]
    status = {**(namespace.get("status") or {}), "phase": "Terminating", "conditions": [*others, *wanted]}
    if status != namespace.get("status"):
        patch = {"metadata": {"uid": namespace["metadata"]["uid"]}, "status": status}
        return await cluster.patch(NAMESPACE, namespace, patch, subresource="status")
    return namespace


def _namespace_of(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The leaving namespace that an object came to or went from."""
    if change.old is not None and change.new is not None:
        return ()
    name = change.object["metadata"]["namespace"]
    namespace = cluster.get(NAMESPACE, None, name)
    return (("", name),) if namespace is not None and is_terminating(namespace) else ()


NAMESPACES = Controller(
    name="namespace-controller", owns=NAMESPACE, reconcile=reconcile,
    wakes={kind: _namespace_of for kind in NAMESPACED}, only_identity=NAMESPACED,
    indexes={kind: {BY_NAMESPACE: by_namespace} for kind in NAMESPACED},
    joins=_joins,
)  # fmt: skip
