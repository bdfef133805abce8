"""The load balancer controller: decides, promises, writes the status, tells.

Shape: between a decision and its promise nothing waits, so many Services are served at once and no address twice.
Finalizer and address are one write to the ``status`` subresource; a stale cache only means that it is refused.
Source: Kubernetes docs, "Service", type LoadBalancer; the Events are those of upstream's service controller.
"""

from collections.abc import Iterable

from fairway.controllers.load_balancer.lan import ANSWER_LIMIT_S, BAR_S
from fairway.controllers.load_balancer.ledger import Ledger, ingress_ips, is_ours
from fairway.controllers.load_balancer.plan import Fault, Plan, is_marked, is_told, plan
from fairway.kinds import NODE, SERVICE
from fairway.kinds.rules.address_pool import Pool, pool_of
from fairway.objects import Object
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import object_key
from fairway.reconcile.informer import Change
from fairway.reconcile.times import rfc3339

ON_THE_LAN = ("AddressInUse", "AddressConflict")
"""Reasons that may have gone without any change here, because another machine is gone."""


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """Give the Service its address, or take it back."""
    service = cluster.get(SERVICE, *key)
    if service is None:
        return None
    ledger: Ledger = cluster.state
    pool = pool_of(cluster.settings.load_balancer_cidrs)
    found = _decide(service, ledger, pool, cluster.now())
    for reason, message in found.before:
        cluster.event(SERVICE, service, "Normal", reason, message)
    if found.changed is not None:
        await cluster.update(SERVICE, found.changed, subresource="status")
    for reason, message in found.after:
        cluster.event(SERVICE, service, "Normal", reason, message)
    if found.fault is not None and not is_told(service, found.fault):
        _tell(service, found.fault, cluster)
    if found.unproven:
        return ANSWER_LIMIT_S
    return BAR_S + 1 if found.fault is not None and found.fault.reason in ON_THE_LAN else None


def _decide(service: Object, ledger: Ledger, pool: Pool, now_s: float) -> Plan:
    """What is to be, promised before anything else has a turn."""
    key = object_key(service)
    ledger.lan.tick(now_s)
    before = {*ingress_ips(service), *ledger.promised_to(key)}
    found = plan(service, ledger, pool, rfc3339(now_s))
    for at in before.difference(found.addresses):
        ledger.lan.bar(at, now_s)
    ledger.lan.settle(before.difference(found.unproven))
    ledger.lan.ask(found.unproven, now_s)
    ledger.promise(key, found.addresses)
    ledger.advance(pool, ledger.promised_to(key))
    (ledger.waiting.discard if found.fault is None else ledger.waiting.add)(key)
    return found


def _tell(service: Object, fault: Fault, cluster: Cluster) -> None:
    if fault.reason == "AddressConflict":
        cluster.event(SERVICE, service, "Warning", fault.reason, fault.message)
        return
    message = f"Error syncing load balancer: failed to ensure load balancer: {fault.message}"
    cluster.event(SERVICE, service, "Warning", "SyncLoadBalancerFailed", message)


def _concerned(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The Service itself, and those that wait for an address that has become free."""
    ledger: Ledger = cluster.state
    is_freed = ledger.observe(change)
    service = change.new
    if service is not None and (is_ours(service) or is_marked(service)):
        yield object_key(service)
    if is_freed:
        yield from sorted(ledger.waiting)


def _found(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The Services about whose addresses a node says something new."""
    ledger: Ledger = cluster.state
    if not cluster.settings.is_announcing:
        return ()
    return sorted(ledger.concerned(ledger.lan.observe(change)))


LOAD_BALANCERS = Controller(
    name="service-controller",
    owns=SERVICE,
    reconcile=reconcile,
    wakes={SERVICE: _concerned, NODE: _found},
    state=Ledger,
    workers=32,
)
