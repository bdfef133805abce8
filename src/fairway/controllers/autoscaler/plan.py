"""Plan: how many pods a workload should have, by its limits and by what its pods use.  Pure, but for the history.

Source: Kubernetes docs, "Horizontal Pod Autoscaling", "Algorithm details"; the conditions are upstream's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fairway.controllers.autoscaler.pace import History, Told, paced
from fairway.controllers.autoscaler.readings import Unmeasured, Wish, wish_of
from fairway.objects import Object
from fairway.reconcile.times import rfc3339

_Seen = tuple[Sequence[Object], Sequence[Object]]
"""The pods of a workload, and their PodMetrics."""
_GOT = ("True", "SucceededGetScale", "the HPA controller was able to get the target's current scale")
_DISABLED = ("False", "ScalingDisabled", "scaling is disabled since the replica count of the target is zero")


@dataclass(slots=True)
class Plan:
    """``replicas`` to ask for, ``None`` to leave it; the status to tell; an Event's reason and message if any."""

    status: Object
    replicas: int | None = None
    event: tuple[str, str] | None = None
    told: dict[str, Told] = field(default_factory=dict)


def plan(
    autoscaler: Object, target: Object | None, why_not: str, now: float, pods: Sequence[Object] = (),
    usages: Sequence[Object] = (), history: History | None = None,
) -> Plan:  # fmt: skip
    """The next step; ``target`` is the workload, or ``why_not`` says what is in the way.

    ``pods`` are those of the workload, ``usages`` their PodMetrics.
    """
    spec, before = autoscaler["spec"], autoscaler.get("status") or {}
    step = Plan({"desiredReplicas": 0, "currentMetrics": None, **before})
    if target is None:
        step.event = ("FailedGetScale", why_not)
        text = f"the HPA controller was unable to get the target's current scale: {why_not}"
        step.told["AbleToScale"] = ("False", "FailedGetScale", text)
        return _finished(autoscaler, step, now)
    present = target["spec"].get("replicas")
    present = 1 if present is None else present
    step.status["currentReplicas"] = (target.get("status") or {}).get("replicas") or 0
    step.told["AbleToScale"] = _GOT
    if present == 0:
        step.told["ScalingActive"] = _DISABLED
        step.status["desiredReplicas"] = 0
    elif present != (within := max(spec["minReplicas"], min(spec["maxReplicas"], present))):
        limit = "above Spec.MaxReplicas" if within < present else "below Spec.MinReplicas"
        _rescale(present, within, f"Current number of replicas {limit}", step, now)
    else:
        _by_metrics(spec, present, (pods, usages), step, history if history is not None else History(), now)
    return _finished(autoscaler, step, now)


def _rescale(present: int, wanted: int, why: str, step: Plan, now: float) -> None:
    step.replicas = wanted
    step.event = ("SuccessfulRescale", f"New size: {wanted}; reason: {why}")
    text = f"the HPA controller was able to update the target scale to {wanted}"
    step.told["AbleToScale"] = ("True", "SucceededRescale", text)
    step.status["desiredReplicas"], step.status["lastScaleTime"] = wanted, rfc3339(now)


def _by_metrics(
    spec: Object, present: int, seen: _Seen, step: Plan, history: History, now: float
) -> None:  # fmt: skip
    wishes: list[Wish] = []
    failure: tuple[str, str] | None = None
    for metric in spec.get("metrics") or ():
        try:
            wishes.append(_wish(metric, seen, present, now))
        except Unmeasured as error:
            failure = failure or (f"FailedGet{metric.get('type')}Metric", str(error))
    best = max(wishes, key=lambda one: one.replicas, default=None)
    if best is None or (failure is not None and best.replicas < present):
        step.event = failure or ("FailedGetMetric", "no metric is given")
        text = f"the HPA was unable to compute the replica count: {step.event[1]}"
        step.told["ScalingActive"] = ("False", step.event[0], text)
        return
    step.status["currentMetrics"] = [one.status for one in wishes]
    text = f"the HPA was able to successfully calculate a replica count from {best.name}"
    step.told["ScalingActive"] = ("True", "ValidMetricFound", text)
    found = paced(spec, present, best.replicas, history, now)
    step.told["AbleToScale"], step.told["ScalingLimited"] = found.able, found.limited
    step.status["desiredReplicas"] = found.replicas
    if found.replicas != present:
        why = "All metrics below target" if found.replicas < present else f"{best.name} above target"
        _rescale(present, found.replicas, why, step, now)
        history.changes.append((now, found.replicas - present))


def _wish(metric: Object, seen: _Seen, present: int, now: float) -> Wish:
    """What a metric asks for.  Raises: ``Unmeasured``."""
    source = metric.get("resource") or metric.get("containerResource")
    if source is None:
        raise Unmeasured("unable to get metric: this cluster serves no metrics but those of resources")
    try:
        return wish_of(metric, *seen, present, now)
    except Unmeasured as error:
        word = "utilization" if source["target"]["type"] == "Utilization" else "usage"
        raise Unmeasured(f"failed to get {source['name']} {word}: {error}") from error


def _finished(autoscaler: Object, step: Plan, now: float) -> Plan:
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
    return step
