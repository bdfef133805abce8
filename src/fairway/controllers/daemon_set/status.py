"""Status: what a DaemonSet says of its pods.  Pure.

Source: Kubernetes API reference, "DaemonSetStatus v1 apps".
"""

from collections.abc import Iterable, Mapping, Sequence

from fairway.controllers.daemon_set.eligibility import eligibility
from fairway.controllers.daemon_set.pods import by_target, is_updated
from fairway.controllers.rules import pods as pod_rules
from fairway.objects import Object

ALWAYS = ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady")
SOMETIMES = ("updatedNumberScheduled", "numberAvailable", "numberUnavailable")


def status(
    daemon_set: Object, nodes: Iterable[Object], pods: Sequence[Object], hash_text: str, now: float
) -> Object:  # fmt: skip
    """The status that the DaemonSet should have; of several pods of a node the oldest counts."""
    found = by_target(pods)
    counts = dict.fromkeys((*ALWAYS, *SOMETIMES), 0)
    for node in nodes:
        here = found.get(node["metadata"]["name"])
        if eligibility(daemon_set, node).gets:
            counts["desiredNumberScheduled"] += 1
            if here:
                _count(daemon_set, here[0], hash_text, now, counts)
        elif here:
            counts["numberMisscheduled"] += 1
    counts["numberUnavailable"] = counts["desiredNumberScheduled"] - counts["numberAvailable"]
    return {**_kept(daemon_set), **{name: value for name, value in counts.items() if value or name in ALWAYS}}


def _count(daemon_set: Object, pod: Object, hash_text: str, now: float, counts: dict[str, int]) -> None:
    counts["currentNumberScheduled"] += 1
    counts["numberReady"] += pod_rules.is_ready(pod)
    counts["numberAvailable"] += pod_rules.is_available(pod, daemon_set["spec"].get("minReadySeconds") or 0, now)
    counts["updatedNumberScheduled"] += is_updated(pod, hash_text)


def _kept(daemon_set: Object) -> Object:
    """What the counts do not concern, and the generation that has been seen."""
    present: Mapping[str, object] = daemon_set.get("status") or {}
    kept = {name: value for name, value in present.items() if value and name not in (*ALWAYS, *SOMETIMES)}
    if generation := daemon_set["metadata"].get("generation"):
        kept["observedGeneration"] = generation
    return kept
