"""Aggregated ClusterRoles: their rules are those of all roles that their selectors choose.

Source: Kubernetes docs, "Using RBAC Authorization", "Aggregated ClusterRoles".
"""

from collections.abc import Iterable, Sequence

from fairway.kinds import CLUSTER_ROLE
from fairway.objects import Object
from fairway.objects.labels import from_label_selector
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.informer import Change


def plan(role: Object, roles: Iterable[Object]) -> Object | None:
    """The role with what it should have gathered, if that is not what it has.  Pure."""
    aggregation = role.get("aggregationRule")
    if aggregation is None:
        return None
    gathered: list[Object] = []
    others = sorted(roles, key=lambda each: str(each["metadata"]["name"]))
    for selector in map(from_label_selector, aggregation.get("clusterRoleSelectors") or ()):
        for other in others:
            if other["metadata"]["name"] != role["metadata"]["name"] and selector.matches(
                other["metadata"].get("labels")
            ):
                gathered += [rule for rule in other.get("rules") or () if rule not in gathered]
    return None if _same(gathered, role.get("rules") or ()) else {**role, "rules": gathered}


def _same(one: Sequence[Object], other: Sequence[Object]) -> bool:
    return len(one) == len(other) and all(rule in other for rule in one)


async def reconcile(key: Key, cluster: Cluster) -> None:
    """Write the role if it should have other rules."""
    _, name = key
    role = cluster.get(CLUSTER_ROLE, None, name)
    changed = plan(role, cluster.items(CLUSTER_ROLE)) if role is not None else None
    if changed is not None:
        await cluster.update(CLUSTER_ROLE, changed)


def _gathering(change: Change, cluster: Cluster) -> Iterable[Key]:
    """Every role that gathers others: one of them may have changed."""
    return [
        ("", role["metadata"]["name"])
        for role in cluster.items(CLUSTER_ROLE)
        if role.get("aggregationRule") is not None
    ]


AGGREGATION = Controller(
    name="clusterrole-aggregation-controller", owns=CLUSTER_ROLE, reconcile=reconcile, wakes={CLUSTER_ROLE: _gathering}
)
