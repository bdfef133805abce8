"""Rolling: which old pods are replaced at this step of an update.  Pure.

Source: Kubernetes docs, "Perform a Rolling Update on a DaemonSet"; KEP-1591 (maxSurge).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fairway.controllers.daemon_set.eligibility import Eligibility
from fairway.controllers.daemon_set.pods import is_updated
from fairway.controllers.rules import pods as pod_rules
from fairway.objects import Object


@dataclass(slots=True)
class Moves:
    """``create`` new pods beside the old ones of these nodes; ``delete`` old ones."""

    create: list[str] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Here:
    """The pods of one node that stay: ``new`` of the present template and ``old`` ones."""

    name: str
    new: Sequence[Object]
    old: Sequence[Object]


def is_rolling(daemon_set: Object) -> bool:
    """Whether old pods are replaced without anybody deleting them."""
    return bool(daemon_set["spec"]["updateStrategy"]["type"] == "RollingUpdate")


def may_surge(daemon_set: Object) -> bool:
    """Whether old and new pods may share a node."""
    return is_rolling(daemon_set) and _limit(daemon_set, "maxSurge", 0, 100) > 0


def fence_posts(daemon_set: Object, wanted: int) -> tuple[int, int]:
    """(surge, unavailable): nodes with a pod too many, and without an available one, during an update."""
    surge = _limit(daemon_set, "maxSurge", 0, wanted)
    unavailable = _limit(daemon_set, "maxUnavailable", 1, wanted)
    return surge, max(unavailable, 0 if surge else 1)


def _limit(daemon_set: Object, name: str, default: int, total: int) -> int:
    """A number, or a share of ``total``, rounded up."""
    limits = daemon_set["spec"]["updateStrategy"].get("rollingUpdate") or {}
    value: int | str = limits.get(name, default)
    return value if isinstance(value, int) else -(-int(value.rstrip("%")) * total // 100)


def moves(
    daemon_set: Object, verdicts: Mapping[str, Eligibility], found: Mapping[str, Sequence[Object]], hash_text: str,
    now: float,
) -> Moves:  # fmt: skip
    """The next step, where every node has its pod or one that is leaving."""
    wanted = [name for name, verdict in verdicts.items() if verdict.gets]
    surge, unavailable = fence_posts(daemon_set, len(wanted))
    min_ready_s = daemon_set["spec"].get("minReadySeconds") or 0

    def is_available(pod: Object) -> bool:
        return pod_rules.is_available(pod, min_ready_s, now)

    places = [_here(name, found[name], hash_text) for name in sorted(verdicts) if name in found]
    old = [one for one in places if one.old and not one.new]
    idle = [one for one in old if not any(map(is_available, one.old))]
    serving = [one for one in old if one not in idle]
    if surge:
        under_way = sum(bool(one.old and one.new) for one in places)
        chosen = idle + serving[: max(0, surge - under_way)]
        return Moves(
            create=[one.name for one in chosen if verdicts[one.name].gets],
            delete=[pod for one in chosen if not verdicts[one.name].gets for pod in one.old],
        )
    missing = sum(not any(map(is_available, [*one.new, *one.old])) for one in places)
    chosen = idle + serving[: max(0, unavailable - missing)]
    return Moves(delete=[pod for one in chosen for pod in one.old])


def _here(name: str, pods: Sequence[Object], hash_text: str) -> _Here:
    staying = [pod for pod in pods if not pod_rules.is_terminating(pod) and not pod_rules.is_terminal(pod)]
    new = [pod for pod in staying if is_updated(pod, hash_text)]
    return _Here(name, new, [pod for pod in staying if not is_updated(pod, hash_text)])
