"""EndpointSlices follow the pods that each Service selects: the shell around ``plan``.

Shape: a change of pods is planned for these pods alone (``Progress``); all else plans the Service whole.
"""

import asyncio
from collections.abc import Collection, Iterable

from fairway.controllers.endpoint_slice import metrics
from fairway.controllers.endpoint_slice.hints import is_proportional
from fairway.controllers.endpoint_slice.plan import NO_ZONES, plan
from fairway.controllers.endpoint_slice.progress import Progress, Standing
from fairway.controllers.endpoint_slice.topology import DISABLED, ENABLED, weight, zone_of, zones_among
from fairway.controllers.rules import services as service_rules
from fairway.controllers.rules.refusals import is_namespace_leaving
from fairway.controllers.rules.slice_owners import by_service, owner
from fairway.controllers.rules.slice_writes import write
from fairway.controllers.rules.slices import Writes
from fairway.kinds import ENDPOINT_SLICE, NODE, POD, SERVICE
from fairway.kinds.well_known import SLICE_CONTROLLER
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.cluster import LABELS, Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import by_label, by_node, object_key
from fairway.reconcile.informer import Change

PROPORTIONAL = "proportional"


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """Make the slices of one Service equal to ``plan``."""
    service = cluster.get(SERVICE, *key)
    standing: Standing = cluster.state.of(key)
    if service is None or not service_rules.selector(service):
        metrics.distributed(cluster.metrics, standing.distribution, None)
        cluster.state.forget(key)  # the garbage collector removes slices with their owner
        return None
    if standing.repairs.take_foreign(lambda name: cluster.get(ENDPOINT_SLICE, key[0], name)):
        standing.planned = None
        if (wait_s := standing.repairs.wait_s(asyncio.get_running_loop().time())) and not standing.pods:
            return wait_s
    changed = standing.take_pods()
    is_partial = standing.is_current(service) and not is_proportional(service)
    if is_partial and not changed:
        return None
    standing.planned = None
    wish = service["spec"].get("trafficDistribution") or ""
    metrics.distributed(cluster.metrics, standing.distribution, wish)
    standing.distribution = wish
    writes = _planned(key, service, cluster, changed if is_partial else None)
    standing.planned = service
    try:
        await write(writes, cluster, standing.repairs)
    except (StatusError, OSError) as error:
        standing.planned = None
        is_stale = isinstance(error, StatusError) and error.code in (404, 409)
        cluster.metrics.add(metrics.SYNCS, f'result="{"stale" if is_stale else "error"}"')
        if is_namespace_leaving(error):
            return None
        if not is_stale:  # a lost race is none of the users' business
            _report(service, error, cluster)
        raise
    cluster.metrics.add(metrics.SYNCS, 'result="success"')
    for type_, reason, message in standing.events(writes.hints, (ENABLED, DISABLED)):
        cluster.event(SERVICE, service, type_, reason, message)
    return None


def _planned(key: Key, service: Object, cluster: Cluster, changed: dict[str, Key] | None) -> Writes:
    """What to write for the ``changed`` pods, or for all where that is ``None``."""
    only: Collection[str] | None = None
    if changed is None:
        pods = service_rules.selected(service, cluster)
    else:
        only = changed.keys()
        pods = [pod for uid, where in changed.items() if (pod := _selected(uid, where, service, cluster)) is not None]
    triggered = cluster.state.trigger_times.observe(key, service, pods, only)
    zones = zones_among(cluster.items(NODE)) if is_proportional(service) else NO_ZONES
    slices = cluster.by_index(ENDPOINT_SLICE, "service", "/".join(key))
    writes = plan(service, pods, slices, lambda name: cluster.get(NODE, None, name), triggered, zones=zones, only=only)
    metrics.planned(cluster.metrics, service, writes, {found["metadata"]["name"]: found for found in slices})
    return writes


def _selected(uid: str, where: Key, service: Object, cluster: Cluster) -> Object | None:
    """The pod ``uid`` if it is still there and selected."""
    pod = cluster.get(POD, *where)
    if pod is None or pod["metadata"]["uid"] != uid:
        return None
    labels = pod["metadata"].get("labels") or {}
    wanted = service_rules.selector(service)
    return pod if all(labels.get(name) == value for name, value in wanted.items()) else None


def _report(service: Object, error: Exception, cluster: Cluster) -> None:
    """Tell users that the slices are not as they should be."""
    meta = service["metadata"]
    text = f"Error updating Endpoint Slices for Service {meta['namespace']}/{meta['name']}: {error}"
    cluster.event(SERVICE, service, "Warning", "FailedToUpdateEndpointSlices", text)


# What wakes a Service


def by_proportion(service: Object) -> Iterable[str]:
    """One value for all Services whose hints depend on all nodes."""
    return (PROPORTIONAL,) if is_proportional(service) else ()


def services_of_pod(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The Services that a change of a pod concerns, noted as such."""
    if not cluster.state:
        return ()  # at the start every Service is planned whole
    keys = list(service_rules.services_of(change, cluster))
    for key in keys:
        cluster.state.pod_changed(key, change.object["metadata"]["uid"], object_key(change.object))
    return keys


def services_of_slice(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The Service of a slice, and the one it belonged to before somebody changed its labels."""
    both = (change.old, change.new)
    keys = [None if found is None else owner(found, SLICE_CONTROLLER) for found in both]
    metrics.counted(cluster.metrics, *(found if key else None for found, key in zip(both, keys, strict=True)))
    for key in filter(None, keys):
        cluster.state.slice_changed(key, change.object["metadata"]["name"])
        yield key


def services_on_node(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The Services with pods on a node that came, went or moved to another zone, and those with proportional hints."""
    if not cluster.state:
        return
    old, new = change.old, change.new
    keys: set[Key] = set()
    if old is None or new is None or zone_of(old) != zone_of(new):
        for pod in cluster.by_index(POD, "node", change.object["metadata"]["name"]):
            keys.update(service_rules.selecting(pod, cluster))
    if (old and weight(old)) != (new and weight(new)):
        keys.update(object_key(service) for service in cluster.by_index(SERVICE, PROPORTIONAL, PROPORTIONAL))
    for key in keys:
        cluster.state.all_changed(key)
    yield from keys


ENDPOINT_SLICES = Controller(
    name="endpoint-slice-controller", owns=SERVICE, reconcile=reconcile, state=Progress, workers=16,
    wakes={POD: services_of_pod, ENDPOINT_SLICE: services_of_slice, NODE: services_on_node},
    indexes={
        POD: {LABELS: by_label, "node": by_node},
        SERVICE: {service_rules.BY_SELECTOR: service_rules.by_selector, PROPORTIONAL: by_proportion},
        ENDPOINT_SLICE: {"service": by_service(SLICE_CONTROLLER)},
    },
)  # fmt: skip
