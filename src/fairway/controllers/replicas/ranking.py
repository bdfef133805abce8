"""Ranking: which pods go first when there are too many.  Pure.

Source: Kubernetes docs, "ReplicaSet", "Scaling down"; KEP-2185 (random within equal ages), KEP-2255 (deletion cost).
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from fairway.controllers.rules import pods as pod_rules
from fairway.objects import Object
from fairway.reconcile.times import parse_rfc3339

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def victims(pods: Sequence[Object], related: Iterable[Object], count: int, now: float) -> list[Object]:
    """The ``count`` pods to delete: those whose loss costs least.

    Order: unassigned, pending, not ready, cheap by annotation, many on one node, briefly ready, often restarted,
    young; ages are compared by their order of magnitude.  ``related`` are the pods of the same owner of owners.
    """
    crowd = Counter(_node(pod) for pod in related if pod_rules.is_active(pod))
    return sorted(pods, key=lambda pod: _rank(pod, crowd, now))[:count]


def _rank(pod: Object, crowd: Counter[str], now: float) -> tuple[object, ...]:
    since = pod_rules.ready_since(pod)
    created = pod["metadata"].get("creationTimestamp")
    return (
        bool(_node(pod)),
        PHASES.get(pod_rules.phase(pod), 0),
        since is not None,
        _cost(pod),
        -crowd[_node(pod)],
        _magnitude(since, now) if since is not None else 0,
        -_restarts(pod),
        _magnitude(parse_rfc3339(created), now) if created else 0,
        pod["metadata"]["uid"],
    )


def _node(pod: Object) -> str:
    return pod["spec"].get("nodeName") or ""


def _cost(pod: Object) -> int:
    text = (pod["metadata"].get("annotations") or {}).get(DELETION_COST, "0")
    try:
        return int(text)
    except ValueError:
        return 0


def _restarts(pod: Object) -> int:
    return max(
        (one.get("restartCount") or 0 for one in (pod.get("status") or {}).get("containerStatuses") or ()), default=0
    )


def _magnitude(at: float, now: float) -> int:
    """The age as a power of two of nanoseconds: a younger one is smaller."""
    age_ns = (now - at) * 1e9
    return int(math.log2(age_ns)) if age_ns >= 1 else 0
