"""From creation to deletion: what a Pod starts as, who may write what, how long it may take to end.

Source: Kubernetes docs, "Pod Lifecycle", "Pod Quality of Service Classes".
"""

from typing import Any

from fairway.objects import Object, quantity

_COUNTED = ("cpu", "memory")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """The status belongs to the status subresource, the spec to the main resource; the class never changes."""
    if old is None:
        new["status"] = {"phase": "Pending", "qosClass": quality(new["spec"])}
        if new["spec"].get("schedulingGates"):
            new["status"]["conditions"] = [
                {
                    "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates",
                }
            ]  # fmt: skip
    elif subresource == "status":
        new["spec"] = old["spec"]
        _keep(new["metadata"], old["metadata"], "ownerReferences")
        _keep(new["status"], old.get("status") or {}, "qosClass")
    elif subresource == "ephemeralcontainers":
        added = new["spec"]
        new["spec"] = {**old["spec"]}
        _keep(new["spec"], added, "ephemeralContainers")
        for name in ("labels", "annotations", "ownerReferences", "finalizers"):
            _keep(new["metadata"], old["metadata"], name)
        new["status"] = old.get("status") or {}
    else:
        new["status"] = old.get("status") or {}
        _keep(new["spec"], old["spec"], "ephemeralContainers")


def _keep(new: Object, old: Object, name: str) -> None:
    if name in old:
        new[name] = old[name]
    else:
        new.pop(name, None)


def quality(spec: Object) -> str:
    """Guaranteed, Burstable or BestEffort, by the containers' requests and limits of CPU and memory."""
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    amounts = [each.get("resources") or {} for each in containers]
    if not any(
        _amount(each.get(kind), name) for each in amounts for kind in ("limits", "requests") for name in _COUNTED
    ):
        return "BestEffort"
    return "Guaranteed" if all(map(_is_guaranteed, amounts)) else "Burstable"


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
