"""Claims: which dependents belong to an owner with a selector, and how orphans are adopted and strangers released.

Source: Kubernetes design, "Controller ownership and adoption".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.labels import Selector
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.owners import controller_of, controller_reference

BY_CONTROLLER = "controller"
"""The index ``by_controller`` on the dependents, which ``claim`` reads."""


@dataclass(frozen=True, slots=True)
class Claims:
    """``owned`` belong to the owner already, ``adopt`` are orphans that match, ``release`` no longer match."""

    owned: list[Object]
    adopt: list[Object]
    release: list[Object]


def _always(dependent: Object) -> bool:
    return True


def claims(
    owner: Object, dependents: Sequence[Object], selector: Selector,
    is_adoptable: Callable[[Object], bool] = _always,
) -> Claims:  # fmt: skip
    """What ``owner`` claims among objects that it controls and orphans of its namespace.  Pure."""
    is_leaving = "deletionTimestamp" in owner["metadata"]
    found = Claims([], [], [])
    for dependent in dependents:
        meta = dependent["metadata"]
        matches = selector.matches(meta.get("labels"))
        reference = controller_of(dependent)
        if reference is not None:
            if reference["uid"] == owner["metadata"]["uid"]:
                (found.owned if matches or is_leaving else found.release).append(dependent)
        elif matches and not is_leaving and "deletionTimestamp" not in meta and is_adoptable(dependent):
            found.adopt.append(dependent)
    return found


async def claim(
    cluster: Cluster, kind: Kind, owner: Object, dependent_kind: Kind, selector: Selector,
    is_adoptable: Callable[[Object], bool] = _always,
) -> list[Object]:  # fmt: skip
    """The dependents of ``owner`` after orphans were adopted and strangers released."""
    meta = owner["metadata"]
    candidates = cluster.by_index(dependent_kind, BY_CONTROLLER, meta["uid"])
    candidates += cluster.by_index(dependent_kind, BY_CONTROLLER, f"orphan/{meta['namespace']}")
    found = claims(owner, candidates, selector, is_adoptable)
    for stranger in found.release:
        owners = [one for one in stranger["metadata"]["ownerReferences"] if one["uid"] != meta["uid"]]
        await _set_owners(cluster, dependent_kind, stranger, owners)
    adopted = []
    if found.adopt and await _may_adopt(cluster, kind, owner):
        for orphan in found.adopt:
            owners = [*(orphan["metadata"].get("ownerReferences") or ()), controller_reference(kind, owner)]
            adopted.append(await _set_owners(cluster, dependent_kind, orphan, owners))
    return found.owned + adopted


async def _may_adopt(cluster: Cluster, kind: Kind, owner: Object) -> bool:
    """Ask the server: a cached owner may be leaving already."""
    meta = owner["metadata"]
    live = await cluster.read(kind, meta["namespace"], meta["name"])
    return live is not None and live["metadata"]["uid"] == meta["uid"] and "deletionTimestamp" not in live["metadata"]


async def _set_owners(cluster: Cluster, kind: Kind, dependent: Object, owners: Sequence[Object]) -> Object:
    meta = dependent["metadata"]
    patch = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"], "ownerReferences": list(owners) or None}
    return await cluster.patch(kind, dependent, {"metadata": patch})
