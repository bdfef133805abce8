"""From creation to deletion: which class a Pod is of, how long it may take to end.

Source: Kubernetes docs, "Pod Lifecycle", "Pod Quality of Service Classes".
"""

from typing import Any

from fairway.kinds.rules.quantities import is_whole_pods
from fairway.objects import Object, quantity

_COUNTED = ("cpu", "memory")


def quality(spec: Object) -> str:
    """Guaranteed, Burstable or BestEffort, by requests and limits of CPU and memory: the pod's or its containers'."""
    amounts = [each.get("resources") or {} for each in _counted(spec)]
    if not any(
        _amount(each.get(kind), name) for each in amounts for kind in ("limits", "requests") for name in _COUNTED
    ):
        return "BestEffort"
    return "Guaranteed" if all(map(_is_guaranteed, amounts)) else "Burstable"


def _counted(spec: Object) -> list[Object]:
    own = spec.get("resources") or {}
    if any(is_whole_pods(name) for kind in ("limits", "requests") for name in own.get(kind) or ()):
        return [spec]
    return [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]


def _is_guaranteed(resources: Object) -> bool:
    limits, requests = resources.get("limits"), resources.get("requests")
    return all(
        _amount(limits, name) and _amount(limits, name) == _amount(requests or limits, name) for name in _COUNTED
    )


def _amount(amounts: Any, name: str) -> quantity.Quantity | None:
    value = (amounts or {}).get(name)
    try:
        return None if value is None else quantity.parse(str(value)) or None
    except ValueError:
        return None


def grace_s(pod: Object) -> int | None:
    """Seconds between the wish to delete and the end, unless told otherwise; ``None`` for a pod that no node runs."""
    if not pod["spec"].get("nodeName") or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return None
    grace = pod["spec"].get("terminationGracePeriodSeconds")
    return 0 if grace is None else 1 if grace < 0 else int(grace)
