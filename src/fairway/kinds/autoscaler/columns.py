"""The columns of HorizontalPodAutoscalers."""

from collections.abc import Sequence

from fairway.kinds.autoscaler.filling import SOURCES
from fairway.kinds.kind import Column
from fairway.kinds.rules.cells import AGE, NONE, UNKNOWN, UNSET, at, count
from fairway.objects import Object

_SHOWN = 2


def _reference(found: Object, _now: float) -> str:
    reference = found["spec"]["scaleTargetRef"]
    return f"{reference.get('kind') or ''}/{reference.get('name') or ''}"


def _targets(found: Object, _now: float) -> str:
    metrics = found["spec"].get("metrics") or []
    if not metrics:
        return NONE
    current = (found.get("status") or {}).get("currentMetrics") or []
    shown = [_target(metric, current, index) for index, metric in enumerate(metrics)]
    more = f" + {len(shown) - _SHOWN} more..." if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more


def _target(metric: Object, current: Sequence[Object], index: int) -> str:
    field = SOURCES.get(metric.get("type") or "", "")
    source = metric.get(field) or {}
    now = ((current[index].get(field) or {}).get("current") or {}) if len(current) > index else {}
    target = source.get("target") or {}
    name = f"{source.get('name')}: " if field in ("resource", "containerResource") else ""
    if target.get("averageUtilization") is not None:
        share = now.get("averageUtilization")
        return f"{name}{UNKNOWN if share is None else f'{share}%'}/{target['averageUtilization']}%"
    if target.get("averageValue") is not None:
        average = " (avg)" if field in ("object", "external") else ""
        return f"{name}{now.get('averageValue') or UNKNOWN}/{target['averageValue']}{average}"
    return f"{name}{now.get('value') or UNKNOWN}/{target.get('value') or UNKNOWN}"


COLUMNS = (
    Column("Reference", _reference),
    Column("Targets", _targets),
    Column("MinPods", lambda found, _: str(found["spec"].get("minReplicas", UNSET))),
    Column("MaxPods", at("spec", "maxReplicas", absent=0)),
    Column("Replicas", count("status", "currentReplicas")),
    AGE,
)
