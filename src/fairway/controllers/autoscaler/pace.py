"""Pace: how fast a workload may follow what its metrics ask for.  Pure, but for the history that it is handed.

Source: KEP-853 (configurable scale velocity); Kubernetes docs, "Configurable scaling behavior".
"""

import math
from dataclasses import dataclass, field

from fairway.objects import Object

_UP: Object = {
    "stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}],
}  # fmt: skip
_DOWN: Object = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}
_DOWN_WINDOW_S = 300
_LONGEST_S = 3600
Told = tuple[str, str, str]
"""Status, reason and message of a condition."""
_STABLE_UP = "recent recommendations were lower than current one, applying the lowest recent recommendation"
_STABLE_DOWN = "recent recommendations were higher than current one, applying the highest recent recommendation"
_SAME = "recommended size matches current size"
_LIMITED = {
    "TooFewReplicas": "the desired replica count is less than the minimum replica count",
    "TooManyReplicas": "the desired replica count is more than the maximum replica count",
    "ScaleUpLimit": "the desired replica count is increasing faster than the maximum scale rate",
    "ScaleDownLimit": "the desired replica count is decreasing faster than the maximum scale rate",
}
_IN_RANGE = "the desired count is within the acceptable range"


@dataclass(slots=True)
class History:
    """What was recommended when, and by how much the workload was changed when; both (Unix seconds, pods)."""

    wishes: list[tuple[float, int]] = field(default_factory=list)
    changes: list[tuple[float, int]] = field(default_factory=list)

    def forget(self, now: float) -> None:
        """Drop what no window reaches back to."""
        self.wishes = [one for one in self.wishes if one[0] >= now - _LONGEST_S]
        self.changes = [one for one in self.changes if one[0] >= now - _LONGEST_S]


@dataclass(frozen=True, slots=True)
class Paced:
    """The replicas to go to, and what AbleToScale and ScalingLimited say."""

    replicas: int
    able: Told
    limited: Told


def paced(spec: Object, present: int, wish: int, history: History, now: float) -> Paced:
    """How far to go towards ``wish``, which is remembered."""
    behaviour = spec.get("behavior") or {}
    up, down = behaviour.get("scaleUp") or _UP, behaviour.get("scaleDown") or _DOWN
    history.forget(now)
    history.wishes.append((now, wish))
    steady = _steadied(present, wish, up, down, history, now)
    able = ("True", "ReadyForNewScale", _SAME)
    if steady != wish:
        able = (
            ("True", "ScaleUpStabilized", _STABLE_UP)
            if steady < wish
            else ("True", "ScaleDownStabilized", _STABLE_DOWN)
        )
    replicas, why = _bounded(spec, present, steady, up, down, history, now)
    limited = ("True", why, _LIMITED[why]) if why else ("False", "DesiredWithinRange", _IN_RANGE)
    return Paced(replicas, able, limited)


def _steadied(present: int, wish: int, up: Object, down: Object, history: History, now: float) -> int:
    up_s = up.get("stabilizationWindowSeconds") or 0
    down_s = down.get("stabilizationWindowSeconds")
    down_s = _DOWN_WINDOW_S if down_s is None else down_s
    lowest = min(found for at, found in (*history.wishes, (now, wish)) if at > now - up_s or at == now)
    highest = max(found for at, found in (*history.wishes, (now, wish)) if at > now - down_s or at == now)
    return min(max(present, lowest), highest)


def _bounded(
    spec: Object, present: int, wish: int, up: Object, down: Object, history: History, now: float
) -> tuple[int, str]:  # fmt: skip
    lowest, highest = spec["minReplicas"], spec["maxReplicas"]
    if wish > present:
        most = max(present, _limit(present, up, history, now, is_up=True))
        allowed, why = (highest, "TooManyReplicas") if most > highest else (most, "ScaleUpLimit")
        return (allowed, why) if wish > allowed else (wish, "")
    if wish < present:
        least = min(present, _limit(present, down, history, now, is_up=False))
        allowed, why = (lowest, "TooFewReplicas") if least < lowest else (least, "ScaleDownLimit")
        return (allowed, why) if wish < allowed else (wish, "")
    return wish, ""


def _limit(present: int, rules: Object, history: History, now: float, *, is_up: bool) -> int:
    if rules.get("selectPolicy") == "Disabled":
        return present
    limits = []
    for policy in rules.get("policies") or ():
        before = present - sum(count for at, count in history.changes if at > now - policy["periodSeconds"])
        step = policy["value"] if policy["type"] == "Pods" else before * policy["value"] / 100
        limits.append(math.ceil(before + step) if is_up else int(before - step))
    widest = max if is_up else min
    narrowest = min if is_up else max
    return narrowest(limits) if rules.get("selectPolicy") == "Min" else widest(limits)
