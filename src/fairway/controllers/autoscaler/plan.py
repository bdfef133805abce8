"""Plan: how many pods a workload should have, as far as that can be told without metrics.  Pure.

Source: Kubernetes docs, "Horizontal Pod Autoscaling", "Algorithm details"; the conditions are upstream's.
"""

from dataclasses import dataclass, field

from fairway.objects import Object
from fairway.reconcile.times import rfc3339

_NO_METRICS = "unable to fetch metrics from resource metrics API: the server could not find the requested resource"


@dataclass(slots=True)
class Plan:
    """``replicas`` to ask for, ``None`` to leave it; the status to tell; an Event's reason and message if any."""

    status: Object
    replicas: int | None = None
    event: tuple[str, str] | None = None
    told: dict[str, tuple[str, str, str]] = field(default_factory=dict)


def plan(autoscaler: Object, target: Object | None, why_not: str, now: float) -> Plan:
    """The next step; ``target`` is the workload, or ``why_not`` says what is in the way."""
    spec, before = autoscaler["spec"], autoscaler.get("status") or {}
    step = Plan({"desiredReplicas": 0, "currentMetrics": None, **before})
    if target is None:
        step.event = ("FailedGetScale", why_not)
        text = f"the HPA controller was unable to get the target's current scale: {why_not}"
        step.told["AbleToScale"] = ("False", "FailedGetScale", text)
        _finish(autoscaler, step, now)
        return step
    present = target["spec"].get("replicas")
    present = 1 if present is None else present
    step.status["currentReplicas"] = (target.get("status") or {}).get("replicas") or 0
    wanted = max(spec["minReplicas"], min(spec["maxReplicas"], present))
    if present == 0:
        text = "scaling is disabled since the replica count of the target is zero"
        step.told["ScalingActive"] = ("False", "ScalingDisabled", text)
        wanted = 0
    if wanted != present:
        _rescale(present, wanted, step, now)
    else:
        text = "the HPA controller was able to get the target's current scale"
        step.told["AbleToScale"] = ("True", "SucceededGetScale", text)
        if present:
            _without_metrics(spec, step)
    _finish(autoscaler, step, now)
    return step


def _rescale(present: int, wanted: int, step: Plan, now: float) -> None:
    limit = "above Spec.MaxReplicas" if wanted < present else "below Spec.MinReplicas"
    step.replicas = wanted
    step.event = ("SuccessfulRescale", f"New size: {wanted}; reason: Current number of replicas {limit}")
    text = f"the HPA controller was able to update the target scale to {wanted}"
    step.told["AbleToScale"] = ("True", "SucceededRescale", text)
    step.status["desiredReplicas"], step.status["lastScaleTime"] = wanted, rfc3339(now)


def _without_metrics(spec: Object, step: Plan) -> None:
    metric = (spec.get("metrics") or [{}])[0]
    if metric.get("type") in ("Resource", "ContainerResource"):
        source = metric.get("resource") or metric.get("containerResource") or {}
        name, reason = source.get("name"), "FailedGetResourceMetric"
        why = f"failed to get {name} utilization: unable to get metrics for resource {name}: {_NO_METRICS}"
        why += " (get pods.metrics.k8s.io)"
    else:
        reason = f"FailedGet{metric.get('type')}Metric"
        why = "unable to get metric: no metrics API is served by this cluster"
    text = f"the HPA was unable to compute the replica count: {why}"
    step.told["ScalingActive"] = ("False", reason, text)
    step.event = (reason, why)


def _finish(autoscaler: Object, step: Plan, now: float) -> None:
    if generation := autoscaler["metadata"].get("generation"):
        step.status["observedGeneration"] = generation
    present = {one["type"]: one for one in step.status.get("conditions") or ()}
    for type_, (state, reason, message) in step.told.items():
        before = present.get(type_)
        since = before.get("lastTransitionTime") if before and before.get("status") == state else rfc3339(now)
        present[type_] = {
            "type": type_, "status": state, "lastTransitionTime": since, "reason": reason, "message": message,
        }  # fmt: skip
    step.status["conditions"] = list(present.values())
