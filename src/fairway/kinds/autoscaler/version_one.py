"""Version one: autoscaling/v1, which knows one metric, the CPU; the others are kept in annotations.

Source: API reference, "HorizontalPodAutoscaler v1 autoscaling".
"""

import json
from typing import Any

from fairway.objects import Object

_PREFIX = "autoscaling.alpha.kubernetes.io/"
METRICS, BEHAVIOUR, CONDITIONS, CURRENT = (
    f"{_PREFIX}{name}" for name in ("metrics", "behavior", "conditions", "current-metrics")
)
_SPEC_SHARE, _STATUS_SHARE = "targetCPUUtilizationPercentage", "currentCPUUtilizationPercentage"


def to_storage(new: Object) -> None:
    """From v1 to v2, in place."""
    spec, status = new.get("spec"), new.get("status")
    annotations = (new.get("metadata") or {}).get("annotations") or {}
    if isinstance(spec, dict):
        metrics = _taken(annotations, METRICS) or []
        share = spec.pop(_SPEC_SHARE, None)
        if share is not None:
            target = {"type": "Utilization", "averageUtilization": share}
            metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}, *metrics]
        if metrics:
            spec["metrics"] = metrics
        if (behaviour := _taken(annotations, BEHAVIOUR)) is not None:
            spec["behavior"] = behaviour
    if isinstance(status, dict):
        current = _taken(annotations, CURRENT) or []
        share = status.pop(_STATUS_SHARE, None)
        if share is not None:
            now = {"averageUtilization": share}
            current = [{"type": "Resource", "resource": {"name": "cpu", "current": now}}, *current]
        status["currentMetrics"] = current or None
        if (conditions := _taken(annotations, CONDITIONS)) is not None:
            status["conditions"] = conditions
    if annotations == {} and (new.get("metadata") or {}).get("annotations") is not None:
        del new["metadata"]["annotations"]


def _taken(annotations: Object, name: str) -> Any:
    """The value of an annotation, which is taken out; ``None`` for one that is not JSON."""
    text = annotations.pop(name, None)
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None


def from_storage(found: Object) -> None:
    """From v2 to v1, in place."""
    spec, status = found.get("spec") or {}, found.get("status") or {}
    kept: dict[str, Any] = {}
    metrics = spec.pop("metrics", None) or []
    share = next((one for metric in metrics if (one := _share(metric, "target")) is not None), None)
    if share is not None:
        spec[_SPEC_SHARE] = share
    kept[METRICS] = [metric for metric in metrics if _share(metric, "target") is None]
    kept[BEHAVIOUR] = spec.pop("behavior", None)
    current = status.pop("currentMetrics", None) or []
    if (now := next((one for metric in current if (one := _share(metric, "current")) is not None), None)) is not None:
        status[_STATUS_SHARE] = now
    kept[CURRENT] = [metric for metric in current if _share(metric, "current") is None]
    kept[CONDITIONS] = status.pop("conditions", None)
    status.setdefault("currentReplicas", 0)
    texts = {name: json.dumps(value, separators=(",", ":")) for name, value in kept.items() if value}
    if texts:
        annotations = found["metadata"].get("annotations") or {}
        found["metadata"]["annotations"] = {**annotations, **texts}


def _share(metric: Object, field: str) -> int | None:
    """The share of the CPU that a metric says, which is all that v1 has a field for."""
    source = metric.get("resource") or {}
    if metric.get("type") != "Resource" or source.get("name") != "cpu":
        return None
    found: int | None = (source.get(field) or {}).get("averageUtilization")
    return found
