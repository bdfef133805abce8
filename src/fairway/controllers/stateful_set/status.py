"""Status: what a StatefulSet says of its pods and revisions.  Pure.

Source: Kubernetes API reference, "StatefulSetStatus v1 apps".
"""

from collections.abc import Sequence

from fairway.controllers.rules import pods as pod_rules
from fairway.controllers.stateful_set.history import Names
from fairway.controllers.stateful_set.plan import is_available
from fairway.controllers.stateful_set.pods import revision_of
from fairway.objects import Object

_ALWAYS = ("replicas", "availableReplicas")
_COUNTS = ("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")


def status(stateful_set: Object, pods: Sequence[Object], names: Names, now: float) -> Object:
    """The status that the set should have; an update that is through makes its revision the current one."""
    present = stateful_set.get("status") or {}
    counts = dict.fromkeys(_COUNTS, 0)
    for pod in pods:
        counts["replicas"] += 1
        counts["readyReplicas"] += pod_rules.phase(pod) == "Running" and pod_rules.is_ready(pod)
        counts["availableReplicas"] += is_available(stateful_set, pod, now)
        if not pod_rules.is_terminating(pod):
            counts["currentReplicas"] += revision_of(pod) == names.current
            counts["updatedReplicas"] += revision_of(pod) == names.update
    current = names.current
    if _is_through(stateful_set, counts):
        current, counts["currentReplicas"] = names.update, counts["updatedReplicas"]
    found = {name: value for name, value in present.items() if name not in _COUNTS}
    found |= {name: count for name, count in counts.items() if count or name in _ALWAYS}
    found["currentRevision"], found["updateRevision"] = current, names.update
    found["collisionCount"] = present.get("collisionCount") or 0
    if generation := stateful_set["metadata"].get("generation"):
        found["observedGeneration"] = generation
    return found


def _is_through(stateful_set: Object, counts: dict[str, int]) -> bool:
    total = counts["replicas"]
    is_rolling = stateful_set["spec"]["updateStrategy"]["type"] == "RollingUpdate"
    return is_rolling and counts["updatedReplicas"] == total and counts["readyReplicas"] == total
