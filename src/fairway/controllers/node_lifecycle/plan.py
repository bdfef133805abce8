"""Plan: what a node's silence does to its conditions and taints, and when a pod has to leave a tainted node.  Pure.

Source: Kubernetes docs, "Nodes", "Node heartbeats"; "Taints and Tolerations", "Taint based Evictions".
"""

from collections.abc import Sequence

from fairway.controllers.rules.taints import NOT_READY, UNREACHABLE, UNSCHEDULABLE, tolerations_of
from fairway.objects import Object
from fairway.objects.conditions import condition
from fairway.reconcile.times import parse_rfc3339

SILENT = "Kubelet stopped posting node status."
NEVER = "Kubelet never posted node status."
WATCHED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
PRESSURES = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure", "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure", "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}  # fmt: skip
OWN = frozenset({NOT_READY, UNREACHABLE, UNSCHEDULABLE, *PRESSURES.values()})
DEFAULT_TOLERATION_S = 300.0
"""For lost nodes, where the pod does not say: upstream's admission writes it into every pod."""


def silenced(node: Object, now: str) -> list[Object] | None:
    """The conditions of a node that has fallen silent; ``None`` if they say so already."""
    present = (node.get("status") or {}).get("conditions") or []
    wanted: list[Object] = []
    for one in present:
        if one["type"] in WATCHED and one.get("status") != "Unknown":
            one = {
                **one, "status": "Unknown", "reason": "NodeStatusUnknown", "message": SILENT,
                "lastTransitionTime": now,
            }  # fmt: skip
        wanted.append(one)
    created = node["metadata"].get("creationTimestamp") or now
    for type_ in WATCHED:
        if condition(node, type_) is None:
            wanted.append(
                {
                    "type": type_, "status": "Unknown", "lastHeartbeatTime": created, "lastTransitionTime": now,
                    "reason": "NodeStatusNeverUpdated", "message": NEVER,
                }
            )  # fmt: skip
    return wanted if wanted != present else None


def taints(node: Object, now: str) -> list[Object] | None:
    """The taints that follow from the conditions, beside those of others; ``None`` if they are there already."""
    present = (node.get("spec") or {}).get("taints") or []
    known = {(one["key"], one["effect"]): one for one in present}
    wanted = [one for one in present if one["key"] not in OWN]
    for key, effect in _wanted(node):
        taint = known.get((key, effect))
        if taint is None:
            taint = {"key": key, "effect": effect}
            if effect == "NoExecute" or key == UNSCHEDULABLE:
                taint["timeAdded"] = now
        wanted.append(taint)
    same = sorted(map(str, wanted)) == sorted(map(str, present))
    return None if same else wanted


def _wanted(node: Object) -> list[tuple[str, str]]:
    found = []
    ready = (condition(node, "Ready") or {}).get("status")
    if ready != "True":
        key = UNREACHABLE if ready == "Unknown" else NOT_READY
        found += [(key, "NoSchedule"), (key, "NoExecute")] if ready else [(key, "NoSchedule")]
    for type_, key in PRESSURES.items():
        if (condition(node, type_) or {}).get("status") == "True":
            found.append((key, "NoSchedule"))
    if (node.get("spec") or {}).get("unschedulable"):
        found.append((UNSCHEDULABLE, "NoSchedule"))
    return found


def eviction_s(pod: Object, node_taints: Sequence[Object]) -> float | None:
    """When the pod has to leave its node, in Unix seconds (0: at once); ``None`` if it may stay."""
    deadlines = []
    for taint in node_taints:
        if taint["effect"] != "NoExecute":
            continue
        tolerations = list(tolerations_of(pod, taint))
        if not tolerations and taint["key"] in (NOT_READY, UNREACHABLE):
            tolerations = [{"tolerationSeconds": DEFAULT_TOLERATION_S}]
        if not tolerations:
            return 0.0
        limits = [one["tolerationSeconds"] for one in tolerations if one.get("tolerationSeconds") is not None]
        if limits:
            since = parse_rfc3339(taint["timeAdded"]) if taint.get("timeAdded") else 0.0
            deadlines.append(since + max(0.0, min(limits)))
    return min(deadlines, default=None)
