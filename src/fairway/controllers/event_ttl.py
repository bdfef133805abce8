"""Events are removed an hour after they last happened, and the oldest of too many at once.

Source: Kubernetes docs, kube-apiserver, ``--event-ttl``.
"""

from collections.abc import Iterable

from fairway.kinds import EVENT
from fairway.objects import Object
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import object_key
from fairway.reconcile.informer import Change
from fairway.reconcile.times import parse_rfc3339


def last_s(event: Object) -> float:
    """When the event last happened, in Unix seconds.  Pure."""
    series = event.get("series") or {}
    times = (
        series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"),
        event["metadata"].get("creationTimestamp"),
    )  # fmt: skip
    return max((parse_rfc3339(found) for found in times if found), default=0.0)


def surplus(cluster: Cluster) -> Key | None:
    """The event that came first, if there are too many."""
    events = cluster.informers[EVENT]
    return events.first if len(events) > cluster.settings.events else None


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """Delete an Event whose time is over or that is one too many, or look again when its time is over."""
    event = cluster.get(EVENT, *key)
    if event is None:
        return None
    left_s = _left_s(event, cluster)
    if left_s <= 0:
        # Only the server knows whether it has happened again.
        event = await cluster.read(EVENT, *key)
        if event is None:
            return None
        left_s = _left_s(event, cluster)
    if left_s > 0 and surplus(cluster) != key:
        return left_s + 0.001
    await cluster.delete(EVENT, event)
    return None


def _left_s(event: Object, cluster: Cluster) -> float:
    left_s: float = last_s(event) + cluster.settings.event_ttl_s - cluster.now()
    return left_s


def _itself_and_surplus(change: Change, cluster: Cluster) -> Iterable[Key]:
    yield object_key(change.object)
    if (first := surplus(cluster)) is not None:
        yield first


EVENT_TTL = Controller(
    name="event-ttl-controller", owns=EVENT, reconcile=reconcile, wakes={EVENT: _itself_and_surplus},
    only_identity=(EVENT,),
)  # fmt: skip
