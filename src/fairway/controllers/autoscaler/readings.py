"""Readings: how many pods a metric asks for, from what the pods use.  Pure.

Source: Kubernetes docs, "Horizontal Pod Autoscaling", "Algorithm details": pods that are not measured yet, or not ready
yet, count so that they hold the change back.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fairway.objects import Object
from fairway.objects.quantity import Quantity, milli
from fairway.reconcile.times import parse_rfc3339

_TOLERANCE = 0.1
_STARTING_S = 300.0
"""So long after its start what a pod uses of the processors may be work of the start."""
_FIRST_READY_S = 30.0
_EXACT = 6
"""Digits of a ratio that count: 1.1 is within a tolerance of 0.1."""


class Unmeasured(Exception):
    """Nothing can be said by this metric; the text says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The ``replicas`` that a metric asks for, what it is called, and what ``status.currentMetrics`` says of it."""

    replicas: int
    name: str
    status: Object


@dataclass(slots=True)
class _Pods:
    """Thousandths of what each pod uses; the names of those that are not ready, and of those not measured."""

    used: dict[str, int] = field(default_factory=dict)
    unready: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    requests: dict[str, int] = field(default_factory=dict)


def wish_of(metric: Object, pods: Iterable[Object], usages: Iterable[Object], present: int, now: float) -> Wish:
    """What ``metric`` (Resource or ContainerResource) asks for.  ``usages`` are PodMetrics.  Raises: ``Unmeasured``."""
    of_container = metric["type"] == "ContainerResource"
    source = metric["containerResource" if of_container else "resource"]
    name, container = source["name"], source["container"] if of_container else ""
    listed = list(pods)
    if not listed:
        raise Unmeasured("no pods returned by selector while calculating replica count")
    measured = {one["metadata"]["name"]: one for one in usages}
    target = source["target"]
    found = _grouped(listed, measured, name, container, now)
    if not found.used:
        raise Unmeasured("did not receive metrics for targeted pods (pods might be unready)")
    share = target.get("averageUtilization") if target["type"] == "Utilization" else None
    if share is not None:
        found.requests = {pod["metadata"]["name"]: _request(pod, name, container) for pod in listed}
    if share is None and "averageValue" not in target:
        raise Unmeasured("neither an average utilization nor an average value is the target")
    wanted = share if share is not None else milli(target["averageValue"])
    replicas = _replicas(found, wanted, present, is_share=share is not None)
    word = f"{name} container resource" if of_container else f"{name} resource"
    current: Object = {"averageValue": str(Quantity(_average(found.used) * 10**6))}
    if share is not None:
        word += " utilization (percentage of request)"
        current["averageUtilization"] = int(_level(found, found.used, is_share=True))
    key = "containerResource" if of_container else "resource"
    told = {"name": name, "current": current, **({"container": container} if of_container else {})}
    return Wish(replicas, word, {"type": metric["type"], key: told})


def _grouped(
    pods: Iterable[Object], measured: Mapping[str, Object], name: str, container: str, now: float
) -> _Pods:  # fmt: skip
    found = _Pods()
    for pod in pods:
        pod_name, status = pod["metadata"]["name"], pod.get("status") or {}
        if "deletionTimestamp" in pod["metadata"] or status.get("phase") == "Failed":
            continue
        used = _used(measured.get(pod_name), name, container)
        if status.get("phase") in (None, "Pending"):
            found.unready.add(pod_name)
        elif used is None:
            found.missing.add(pod_name)
        elif name == "cpu" and _is_unready(status, measured[pod_name], now):
            found.unready.add(pod_name)
        else:
            found.used[pod_name] = used
    return found


def _used(metrics: Object | None, name: str, container: str) -> int | None:
    usages = [
        one["usage"] for one in (metrics or {}).get("containers") or () if not container or one["name"] == container
    ]
    return sum(milli(usage[name]) for usage in usages) if usages and all(name in usage for usage in usages) else None


def _is_unready(status: Object, metrics: Object, now: float) -> bool:
    ready: Object = next((one for one in status.get("conditions") or () if one["type"] == "Ready"), {})
    if not ready or not status.get("startTime"):
        return True
    started_s, is_down = parse_rfc3339(status["startTime"]), ready["status"] == "False"
    changed_s = parse_rfc3339(ready["lastTransitionTime"]) if ready.get("lastTransitionTime") else started_s
    if started_s + _STARTING_S > now:
        return is_down or parse_rfc3339(metrics["timestamp"]) < changed_s
    return is_down and started_s + _FIRST_READY_S > changed_s


def _request(pod: Object, name: str, container: str) -> int:
    total = 0
    for one in pod["spec"].get("containers") or ():
        if container and one["name"] != container:
            continue
        asked = ((one.get("resources") or {}).get("requests") or {}).get(name)
        if asked is None:
            raise Unmeasured(f"missing request for {name} in container {one['name']} of Pod {pod['metadata']['name']}")
        total += milli(asked)
    return total


def _average(used: Mapping[str, int]) -> int:
    return sum(used.values()) // len(used)


def _level(found: _Pods, used: Mapping[str, int], *, is_share: bool) -> float:
    """What is compared with the target: whole percents of what is requested, or thousandths of a pod's average."""
    if not is_share:
        return _average(used)
    requested = sum(found.requests[name] for name in used)
    if not requested:
        raise Unmeasured("no metrics returned matched known pods")
    return sum(used.values()) * 100 // requested


def _is_near(ratio: float) -> bool:
    return round(abs(ratio - 1.0), _EXACT) <= _TOLERANCE


def _replicas(found: _Pods, wanted: int, present: int, *, is_share: bool) -> int:
    ratio = _level(found, found.used, is_share=is_share) / wanted
    counts_unready = bool(found.unready) and ratio > 1.0
    if not counts_unready and not found.missing:
        return present if _is_near(ratio) else math.ceil(round(ratio * len(found.used), _EXACT))
    used = dict(found.used)
    for name in found.missing if ratio != 1.0 else ():
        full = found.requests[name] * max(100, wanted) // 100 if is_share else wanted
        used[name] = full if ratio < 1.0 else 0
    used |= dict.fromkeys(found.unready, 0) if counts_unready else {}
    careful = _level(found, used, is_share=is_share) / wanted
    replicas = math.ceil(round(careful * len(used), _EXACT))
    # What is not known may hold a change back, and never turns it round.
    turns = (ratio - 1.0) * (careful - 1.0) < 0 or (careful - 1.0) * (replicas - present) < 0
    return present if turns or _is_near(careful) else replicas
