"""TriggerTimes: when what last changed a Service's endpoints happened.

Shape: state without a clock; ``observe`` compares with what was seen at the last look.
Source: the annotation ``endpoints.kubernetes.io/last-change-trigger-time``; services.md 5.4.
"""

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass, field

from fairway.objects import Object
from fairway.objects.conditions import condition
from fairway.reconcile.times import parse_rfc3339, rfc3339


@dataclass(slots=True)
class _Seen:
    service: str = ""
    pods: dict[str, str] = field(default_factory=dict)


class TriggerTimes:
    """What each Service and its pods looked like at the last look."""

    def __init__(self) -> None:
        self._seen: dict[Hashable, _Seen] = {}

    def observe(
        self, key: Hashable, service: Object, pods: Iterable[Object], only: Collection[str] | None = None
    ) -> str:
        """The earliest time among what changed since the last look, as text; empty if nothing did.

        ``only``: uids of the pods to look at, of which ``pods`` are those still there; else ``pods`` are all.
        """
        seen = self._seen.get(key) or _Seen()
        now = _Seen(service["metadata"].get("creationTimestamp") or "")
        changed = [now.service] if now.service > seen.service else []
        for pod in pods:
            at = _last_change(pod)
            uid = pod["metadata"]["uid"]
            if at:
                now.pods[uid] = at
                if at > seen.pods.get(uid, ""):
                    changed.append(at)
        if only is not None:
            for uid in only:
                seen.pods.pop(uid, None)
            seen.pods.update(now.pods)
            now.pods = seen.pods
        self._seen[key] = now
        return min(changed, default="")

    def forget(self, key: Hashable) -> None:
        """The Service is gone."""
        self._seen.pop(key, None)


def _last_change(pod: Object) -> str:
    """When the pod last turned Ready or not, or was asked to leave; empty if neither is known."""
    at: str = (condition(pod, "Ready") or {}).get("lastTransitionTime") or ""
    meta = pod["metadata"]
    if (ends := meta.get("deletionTimestamp")) is None:
        return at
    return max(at, rfc3339(parse_rfc3339(ends) - (meta.get("deletionGracePeriodSeconds") or 0)))
