"""Plan: how many pods of a budget may go just now.  Pure.

Source: Kubernetes docs, "Specifying a Disruption Budget", "Think about how your application reacts to disruptions".
"""

from collections.abc import Mapping, Sequence

from fairway.controllers.rules import pods as pod_rules
from fairway.objects import Object
from fairway.objects.conditions import condition
from fairway.reconcile.times import parse_rfc3339, rfc3339

DISRUPTED_S = 120.0
"""A pod whose eviction was granted and that is still here after this stays after all."""


def needs_scale(budget: Object) -> bool:
    """Whether the number of pods that there should be matters, and not only that of those which are there."""
    least = budget["spec"].get("minAvailable")
    return budget["spec"].get("maxUnavailable") is not None or isinstance(least, str)


def desired(budget: Object, expected: int) -> int:
    """How many pods must be healthy, of the ``expected`` ones."""
    most, least = budget["spec"].get("maxUnavailable"), budget["spec"].get("minAvailable")
    if most is not None:
        return max(0, expected - _scaled(most, expected))
    return _scaled(least, expected) if least is not None else 0


def _scaled(value: int | str, total: int) -> int:
    """A number, or a share of ``total``, rounded up."""
    return value if isinstance(value, int) else -(-int(value.rstrip("%")) * total // 100)


def still_disrupted(budget: Object, pods: Sequence[Object], now: float) -> dict[str, str]:
    """The pods whose eviction was granted and that have not begun to leave."""
    present = {pod["metadata"]["name"]: pod for pod in pods}
    found: Mapping[str, str] = (budget.get("status") or {}).get("disruptedPods") or {}
    return {
        name: at
        for name, at in found.items()
        if name in present and not pod_rules.is_terminating(present[name]) and parse_rfc3339(at) + DISRUPTED_S > now
    }


def status(budget: Object, pods: Sequence[Object], expected: int, now: float) -> Object:
    """The status that the budget should have with these pods."""
    disrupted = still_disrupted(budget, pods, now)
    healthy = sum(
        pod_rules.is_ready(pod) and not pod_rules.is_terminating(pod) and pod["metadata"]["name"] not in disrupted
        for pod in pods
    )
    wanted = desired(budget, expected)
    allowed = max(0, healthy - wanted) if expected > 0 else 0
    found = dict(budget.get("status") or {})
    found.pop("disruptedPods", None)
    found |= {
        "observedGeneration": budget["metadata"].get("generation") or 0, "disruptionsAllowed": allowed,
        "currentHealthy": healthy, "desiredHealthy": wanted, "expectedPods": expected,
    }  # fmt: skip
    if disrupted:
        found["disruptedPods"] = disrupted
    reason = "SufficientPods" if allowed else "InsufficientPods"
    found["conditions"] = conditions(budget, "True" if allowed else "False", reason, "", now)
    return found


def failed(budget: Object, why: str, now: float) -> Object:
    """The status of a budget that cannot be told: nothing may go."""
    found = dict(budget.get("status") or {})
    found["disruptionsAllowed"] = 0
    found["observedGeneration"] = budget["metadata"].get("generation") or 0
    found["conditions"] = conditions(budget, "False", "SyncFailed", why, now)
    return found


def conditions(budget: Object, state: str, reason: str, message: str, now: float) -> list[Object]:
    """The conditions with DisruptionAllowed as it is now."""
    type_, before = "DisruptionAllowed", condition(budget, "DisruptionAllowed")
    others = [one for one in (budget.get("status") or {}).get("conditions") or () if one.get("type") != type_]
    at = rfc3339(now)
    if before is not None and before.get("status") == state:
        at = before.get("lastTransitionTime") or at
    new: Object = {"type": type_, "status": state, "lastTransitionTime": at, "reason": reason, "message": message}
    if generation := budget["metadata"].get("generation"):
        new["observedGeneration"] = generation
    return [*others, new]


def next_look_s(budget: Object, pods: Sequence[Object], now: float) -> float | None:
    """Seconds until a pod whose eviction was granted is taken back into account."""
    waits = [parse_rfc3339(at) + DISRUPTED_S - now for at in still_disrupted(budget, pods, now).values()]
    return max(min(waits), 0.001) if waits else None
