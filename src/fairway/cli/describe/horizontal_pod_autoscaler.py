"""The description of a HorizontalPodAutoscaler: each metric as it is and as it should be."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.page import UNKNOWN, UNSET, Page, stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.describe.world import World
    from fairway.objects import Object

_FIELDS = {
    "External": "external", "Pods": "pods", "Object": "object", "Resource": "resource",
    "ContainerResource": "containerResource",
}  # fmt: skip


def write(page: Page, found: Object, world: World) -> None:
    """The whole description, of autoscaling/v2."""
    spec, status = found.get("spec") or {}, found.get("status") or {}
    target = spec.get("scaleTargetRef") or {}
    page.head(found["metadata"])
    page.line(0, "CreationTimestamp:", stamp(found["metadata"].get("creationTimestamp")))
    page.line(0, "Reference:", f"{target.get('kind', '')}/{target.get('name', '')}")
    page.line(0, "Metrics:", "( current / target )")
    seen = status.get("currentMetrics") or []
    for place, metric in enumerate(spec.get("metrics") or ()):
        _metric(page, metric, seen[place] if place < len(seen) else {})
    page.line(0, "Min replicas:", UNSET if spec.get("minReplicas") is None else spec["minReplicas"])
    page.line(0, "Max replicas:", spec.get("maxReplicas", 0))
    _behavior(page, spec.get("behavior"))
    counts = f"{status.get('currentReplicas', 0)} current / {status.get('desiredReplicas', 0)} desired"
    page.line(0, f"{target.get('kind', '')} pods:", counts)
    if status.get("conditions"):
        page.line(0, "Conditions:")
        page.line(1, "Type", "Status", "Reason", "Message")
        page.line(1, "----", "------", "------", "-------")
        for each in status["conditions"]:
            page.line(1, *(each.get(field, "") for field in ("type", "status", "reason", "message")))
    events.write(page, found, world)


def _metric(page: Page, metric: Object, seen: Object) -> None:
    kind = metric.get("type", "")
    if kind not in _FIELDS:
        page.line(1, f'<unknown metric type "{kind}">')
        return
    source, now = metric.get(_FIELDS[kind]) or {}, (seen.get(_FIELDS[kind]) or {}).get("current")
    target = source.get("target") or {}
    if kind in ("Resource", "ContainerResource"):
        _of_resource(page, source, target, now)
        return
    name = f'"{(source.get("metric") or {}).get("name", "")}"'
    if kind == "Pods":
        page.line(1, f"{name} on pods:", f"{_at(now, 'averageValue')} / {_amount(target.get('averageValue'))}")
        return
    if kind == "Object":
        about = source.get("describedObject") or {}
        name += f" on {about.get('kind', '')}/{about.get('name', '')}"
        is_average = target.get("type") == "AverageValue"
    else:
        is_average = target.get("averageValue") is not None
    field = "averageValue" if is_average else "value"
    words = "target average value" if is_average else "target value"
    page.line(1, f"{name} ({words}):", f"{_at(now, field)} / {_amount(target.get(field))}")


def _of_resource(page: Page, source: Object, target: Object, now: Object | None) -> None:
    of = f' of container "{source["container"]}"' if "container" in source else ""
    title = f"resource {source.get('name', '')}{of} on pods"
    if target.get("averageValue") is not None:
        page.line(1, f"{title}:", f"{_at(now, 'averageValue')} / {_amount(target['averageValue'])}")
        return
    current = UNKNOWN
    if now is not None and now.get("averageUtilization") is not None:
        current = f"{now['averageUtilization']}% ({_amount(now.get('averageValue'))})"
    wanted = target.get("averageUtilization")
    shown = "<auto>" if wanted is None else f"{wanted}%"
    page.line(1, f"{title}  (as a percentage of request):", f"{current} / {shown}")


def _at(now: Object | None, field: str) -> str:
    return UNKNOWN if now is None else _amount(now.get(field))


def _amount(value: Any) -> str:
    from fairway.objects.quantity import canonical

    return "<nil>" if value is None else canonical(str(value))


def _behavior(page: Page, found: Object | None) -> None:
    if found is None:
        return
    page.line(0, "Behavior:")
    for title, field in (("Scale Up:", "scaleUp"), ("Scale Down:", "scaleDown")):
        rules = found.get(field)
        if rules is None:
            continue
        page.line(1, title)
        if rules.get("stabilizationWindowSeconds") is not None:
            page.line(2, f"Stabilization Window: {rules['stabilizationWindowSeconds']} seconds")
        if rules.get("policies"):
            page.line(2, f"Select Policy: {rules.get('selectPolicy') or 'Max'}")
            page.line(2, "Policies:")
        for each in rules.get("policies") or ():
            page.line(
                3, f"- Type: {each.get('type', '')}", f"Value: {each.get('value', 0)}",
                f"Period: {each.get('periodSeconds', 0)} seconds",
            )  # fmt: skip
