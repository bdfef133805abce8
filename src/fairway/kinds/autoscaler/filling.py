"""What a HorizontalPodAutoscaler may leave out.

Source: KEP-853 (behavior); Kubernetes docs, "Horizontal Pod Autoscaling", "Default Behavior".
"""

from typing import Any

from fairway.kinds.rules.quantities import canonical_amount
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import child, drop_null, fill
from fairway.objects import Object

SOURCES = {
    "Object": "object", "Pods": "pods", "Resource": "resource", "External": "external",
    "ContainerResource": "containerResource",
}  # fmt: skip
_EMPTY: Object = {"desiredReplicas": 0, "currentMetrics": None}


def defaults(new: Object) -> None:
    """One pod at least; 80 % of the CPU that pods ask for."""
    spec = child(new, "spec")
    drop_null(spec, "behavior")
    child(spec, "scaleTargetRef")
    fill(spec, minReplicas=1)
    if spec.get("maxReplicas") is None:
        spec["maxReplicas"] = 0
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    for metric in spec["metrics"]:
        for field in SOURCES.values():
            _canonical((metric.get(field) or {}).get("target"))
    if "behavior" in spec:
        _behaviour(spec["behavior"])
    status = child(new, "status")
    for name, value in _EMPTY.items():
        status.setdefault(name, value)


def _canonical(target: Any) -> None:
    for name in ("value", "averageValue"):
        if target and target.get(name) is not None:
            target[name] = canonical_amount(target[name])


def _behaviour(behaviour: Object) -> None:
    """Who says anything of the behavior is told all of it."""
    policies: list[Object] = [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ]
    fill(child(behaviour, "scaleUp"), stabilizationWindowSeconds=0)
    _rules(behaviour["scaleUp"], policies)
    _rules(child(behaviour, "scaleDown"), [{"type": "Percent", "value": 100, "periodSeconds": 15}])


def _rules(rules: Object, policies: list[Object]) -> None:
    fill(rules, selectPolicy="Max")
    if rules.get("policies") is None:
        rules["policies"] = policies


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Status and spec each belong to their own resource."""
    keep_apart(new, old, subresource, _EMPTY)
