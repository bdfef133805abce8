"""Events are removed an hour after they last happened.

Source: Kubernetes docs, kube-apiserver, ``--event-ttl``.
"""

from fairway.kinds import EVENT
from fairway.objects import Object
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.times import parse_rfc3339


def last_s(event: Object) -> float:
    """When the event last happened, in Unix seconds.  Pure."""
    series = event.get("series") or {}
    times = (
        series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"),
        event["metadata"].get("creationTimestamp"),
    )  # fmt: skip
    return max((parse_rfc3339(found) for found in times if found), default=0.0)


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """Delete an Event whose time is over, or look again when it is."""
    event = cluster.get(EVENT, *key)
    if event is None:
        return None
    left_s: float = last_s(event) + cluster.settings.event_ttl_s - cluster.now()
    if left_s > 0:
        return left_s + 0.001
    await cluster.delete(EVENT, event)
    return None


EVENT_TTL = Controller(name="event-ttl-controller", owns=EVENT, reconcile=reconcile)
