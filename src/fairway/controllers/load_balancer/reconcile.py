"""The load balancer controller: decides, promises, writes the status, tells.

Shape: between a decision and its promise nothing waits, so many Services are served at once and no address twice.
Finalizer and address are one write to the ``status`` subresource; a stale cache only means that it is refused.
Source: Kubernetes docs, "Service", type LoadBalancer; the Events are those of upstream's service controller.
"""

from collections.abc import Iterable

from fairway.controllers.load_balancer.ledger import Ledger, is_ours
from fairway.controllers.load_balancer.plan import FINALIZER, is_told, plan
from fairway.controllers.load_balancer.pool import pool_of
from fairway.kinds import SERVICE
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import object_key
from fairway.reconcile.informer import Change
from fairway.reconcile.times import rfc3339


async def reconcile(key: Key, cluster: Cluster) -> None:
    """Give the Service its address, or take it back."""
    service = cluster.get(SERVICE, *key)
    if service is None:
        return
    ledger: Ledger = cluster.state
    pool = pool_of(cluster.settings.load_balancer_cidrs)
    found = plan(service, ledger, pool, rfc3339(cluster.now()))
    ledger.promise(key, found.addresses)
    ledger.advance(pool, ledger.promised_to(key))
    (ledger.waiting.discard if found.fault is None else ledger.waiting.add)(key)
    for reason, message in found.before:
        cluster.event(SERVICE, service, "Normal", reason, message)
    if found.changed is not None:
        await cluster.update(SERVICE, found.changed, subresource="status")
    for reason, message in found.after:
        cluster.event(SERVICE, service, "Normal", reason, message)
    if found.fault is not None and not is_told(service, found.fault):
        message = f"Error syncing load balancer: failed to ensure load balancer: {found.fault.message}"
        cluster.event(SERVICE, service, "Warning", "SyncLoadBalancerFailed", message)


def _concerned(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The Service itself, and those that wait for an address that has become free."""
    ledger: Ledger = cluster.state
    is_freed = ledger.observe(change)
    service = change.new
    if service is not None and (is_ours(service) or FINALIZER in (service["metadata"].get("finalizers") or ())):
        yield object_key(service)
    if is_freed:
        yield from sorted(ledger.waiting)


LOAD_BALANCERS = Controller(
    name="service-controller", owns=SERVICE, reconcile=reconcile, wakes={SERVICE: _concerned}, state=Ledger, workers=32
)
