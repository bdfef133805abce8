"""Rolling: how many pods each ReplicaSet should have at this step of a rollout.  Pure.

Shape: functions from a Deployment and its ReplicaSets to ``{name: replicas}`` for those that should change.
Source: Kubernetes docs, "Deployments", "Rolling Update Deployment", "Proportional scaling".
"""

import math
from collections.abc import Callable, Iterable, Sequence

from fairway.controllers.deployment.revisions import DESIRED, MAXIMUM, number
from fairway.controllers.deployment.template import by_age
from fairway.objects import Object

Scales = dict[str, int]


def replicas(found: Object) -> int:
    """What the spec asks for."""
    value = found["spec"].get("replicas")
    return 1 if value is None else int(value)


def reported(found: Object, name: str) -> int:
    """A number of the status."""
    return int((found.get("status") or {}).get(name) or 0)


def name_of(found: Object) -> str:
    """The object's name."""
    return str(found["metadata"]["name"])


def is_rolling(deployment: Object) -> bool:
    """Whether old and new pods may run side by side."""
    return ((deployment["spec"].get("strategy") or {}).get("type") or "RollingUpdate") == "RollingUpdate"


def fence_posts(deployment: Object) -> tuple[int, int]:
    """(surge, unavailable): pods above, and below, the wanted number during a rollout."""
    wanted = replicas(deployment)
    if not is_rolling(deployment):
        return 0, 0
    limits = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    surge = _amount(limits.get("maxSurge", "25%"), wanted, math.ceil)
    unavailable = _amount(limits.get("maxUnavailable", "25%"), wanted, math.floor)
    if surge == 0 and unavailable == 0:
        unavailable = 1  # else nothing could ever move
    return surge, min(unavailable, wanted)


def _amount(value: int | str, total: int, rounded: Callable[[float], int]) -> int:
    """A number, or a share of ``total``."""
    return value if isinstance(value, int) else rounded(int(value.rstrip("%")) * total / 100)


def active(replica_sets: Iterable[Object]) -> list[Object]:
    """Those that should have pods."""
    return [one for one in replica_sets if replicas(one) > 0]


def new_size(deployment: Object, new_replicas: int, all_sets: Iterable[Object]) -> int:
    """How large the new ReplicaSet may be now: all together at most the surge above the wanted number."""
    wanted = replicas(deployment)
    if not is_rolling(deployment):
        return wanted
    surge, _ = fence_posts(deployment)
    room = wanted + surge - sum(map(replicas, all_sets))
    return new_replicas if room <= 0 else new_replicas + min(room, wanted - new_replicas)


def scale_new(deployment: Object, new: Object, all_sets: Sequence[Object]) -> Scales:
    """Grow, or shrink, the new ReplicaSet."""
    wanted, present = replicas(deployment), replicas(new)
    size = wanted if present > wanted else new_size(deployment, present, all_sets)
    return {name_of(new): size} if size != present else {}


def scale_old(deployment: Object, new: Object, old: Sequence[Object]) -> Scales:
    """Shrink old ReplicaSets as far as enough pods stay available: pods that are not available go first."""
    _, unavailable = fence_posts(deployment)
    least = replicas(deployment) - unavailable
    sizes = {name_of(one): replicas(one) for one in old}
    waiting = replicas(new) - reported(new, "availableReplicas")
    budget = sum(sizes.values()) + replicas(new) - least - waiting
    if budget <= 0:
        return {}
    before = dict(sizes)
    ordered = by_age(active(old))
    for one in ordered:
        unhealthy = max(0, sizes[name_of(one)] - reported(one, "availableReplicas"))
        dropped = min(unhealthy, budget)
        sizes[name_of(one)] -= dropped
        budget -= dropped
    spare = sum(reported(one, "availableReplicas") for one in (*old, new)) - least
    for one in ordered:
        dropped = max(0, min(sizes[name_of(one)], spare, budget))
        sizes[name_of(one)] -= dropped
        spare -= dropped
        budget -= dropped
    return {name: size for name, size in sizes.items() if size != before[name]}


def is_scaling(deployment: Object, replica_sets: Iterable[Object]) -> bool:
    """Whether somebody changed the wanted number since the ReplicaSets were last scaled."""
    wanted = replicas(deployment)
    return any((known := number(one, DESIRED)) is not None and known != wanted for one in active(replica_sets))


def scale(deployment: Object, new: Object | None, old: Sequence[Object]) -> Scales:
    """Bring a changed wanted number to the ReplicaSets: to all of them in proportion while a rollout goes on."""
    wanted = replicas(deployment)
    present = [*old, *([new] if new is not None else [])]
    only = _only(new, old)
    if only is not None:
        return {name_of(only): wanted} if replicas(only) != wanted else {}
    if new is not None and _is_saturated(deployment, new):
        return {name_of(one): 0 for one in active(old)}
    return _in_proportion(deployment, active(present)) if is_rolling(deployment) else {}


def _only(new: Object | None, old: Sequence[Object]) -> Object | None:
    """The one ReplicaSet that has pods, or the latest if none has; ``None`` if several have."""
    found = active([*old, *([new] if new is not None else [])])
    if len(found) > 1:
        return None
    if found:
        return found[0]
    return new if new is not None else next(reversed(by_age(list(old))), None)


def _is_saturated(deployment: Object, new: Object) -> bool:
    wanted = replicas(deployment)
    return (
        replicas(new) == wanted and number(new, DESIRED) == wanted and reported(new, "availableReplicas") == wanted
    )  # fmt: skip


def _in_proportion(deployment: Object, found: Sequence[Object]) -> Scales:
    """Share what is to be added or taken by size; what rounding leaves goes to the largest."""
    wanted = replicas(deployment)
    surge, _ = fence_posts(deployment)
    to_add = (wanted + surge if wanted > 0 else 0) - sum(map(replicas, found))
    newer_first = list(reversed(by_age(list(found))))
    ordered = sorted(newer_first if to_add > 0 else by_age(list(found)), key=lambda one: -replicas(one))
    sizes, added = {}, 0
    for one in ordered:
        share = _share(deployment, one, surge)
        left = to_add - added
        part = (min(share, left) if to_add > 0 else max(share, left)) if left else 0
        sizes[name_of(one)] = replicas(one) + part
        added += part
    if ordered and to_add != added:
        first = name_of(ordered[0])
        sizes[first] = max(0, sizes[first] + to_add - added)
    return {name_of(one): sizes[name_of(one)] for one in ordered if sizes[name_of(one)] != replicas(one)}


def _share(deployment: Object, replica_set: Object, surge: int) -> int:
    """How much a ReplicaSet grows if it keeps its share of the whole."""
    wanted, present = replicas(deployment), replicas(replica_set)
    if wanted == 0:
        return -present
    before = number(replica_set, MAXIMUM) or reported(deployment, "replicas") or wanted + surge
    return _round(present * (wanted + surge) / before) - present


def _round(value: float) -> int:
    """Half away from zero."""
    return math.floor(value + 0.5)
