"""Plan: what a Service's load balancer should be, from the Service, the pool and who has which address.  Pure.

1. A Service that is no longer to have a load balancer gives it up: status emptied, finalizer taken off.
2. One that is to have it keeps what it has while that is in the pool and its own, unless it asks for another
   (``spec.loadBalancerIP``); else it gets what it asks for, else the next free address of each of its families.
3. A wish that cannot be met is said by a condition and an Event; an address that the Service has stays meanwhile.

Source: Kubernetes docs, "Service", type LoadBalancer; KEP-980 (finalizer); KEP-1860 (ipMode).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fairway.controllers.load_balancer.ledger import Ledger, ingress_ips, is_of_our_class, is_ours
from fairway.controllers.load_balancer.pool import FAMILIES, Pool, parsed
from fairway.objects import Object
from fairway.reconcile.indexes import object_key

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
CONDITION = "fairway.dev/LoadBalancerAddress"
"""Status False while a wish is not met; gone as soon as it is."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a wish cannot be met."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """``addresses`` is what the Service is to have; ``changed`` the Service to write, ``None`` if it is right."""

    addresses: tuple[str, ...] = ()
    changed: Object | None = None
    fault: Fault | None = None
    before: tuple[tuple[str, str], ...] = field(default=())
    """Reason and message of the Events to tell before the write, and ``after`` it."""
    after: tuple[tuple[str, str], ...] = field(default=())


NOTHING = Plan()


def plan(service: Object, ledger: Ledger, pool: Pool, now: str) -> Plan:
    """What to write and to tell; ``now`` is for a condition."""
    if not is_ours(service):
        return _release(service)
    if not pool.parts:
        return NOTHING
    had = ingress_ips(service)
    faults: list[Fault] = []
    addresses = tuple(_addresses(service, ledger, pool, faults))
    fault = faults[0] if faults else None
    changed = _with_status(service, addresses, fault, now)
    if not addresses or set(addresses) == set(had):
        return Plan(addresses, changed, fault)
    before = [("EnsuringLoadBalancer", "Ensuring load balancer")]
    if had:
        before.append(("LoadbalancerIP", f"{', '.join(had)} -> {', '.join(addresses)}"))
    return Plan(addresses, changed, fault, tuple(before), (("EnsuredLoadBalancer", "Ensured load balancer"),))


def is_told(service: Object, fault: Fault) -> bool:
    """Whether the Service's status says so already."""
    return any(
        (each.get("reason"), each.get("message")) == (fault.reason, fault.message) for each in _conditions(service)
    )


def _release(service: Object) -> Plan:
    """Nothing is left of the load balancer but what other controllers hold."""
    meta = service["metadata"]
    finalizers = meta.get("finalizers") or []
    if FINALIZER not in finalizers or not is_of_our_class(service):
        return NOTHING
    kept = [name for name in finalizers if name != FINALIZER]
    status = {**_without_condition(service), "loadBalancer": {}}
    changed = {**service, "metadata": {**meta, "finalizers": kept}, "status": status}
    return Plan(
        changed=changed,
        before=(("DeletingLoadBalancer", "Deleting load balancer"),),
        after=(("DeletedLoadBalancer", "Deleted load balancer"),),
    )


def _addresses(service: Object, ledger: Ledger, pool: Pool, faults: list[Fault]) -> Iterator[str]:
    """An address of each family of the Service that the pool has."""
    families = [family for family in service["spec"].get("ipFamilies") or ("IPv4",) if pool.of(family)]
    if not families:
        faults.append(Fault("NoPool", f"no address of the Service's IP families is in the pool {pool}"))
    asked = _asked(service, ledger, pool, families, faults)
    for family in families:
        if asked is not None and asked[0] == family:
            yield asked[1]
        elif (kept := _kept(service, ledger, pool, family)) is not None:
            yield kept
        elif asked is None and not faults:
            given = next(filter(None, map(ledger.next_free, pool.of(family))), None)
            if given is None:
                faults.append(Fault("PoolExhausted", f"no {family} address is free in the pool {pool}"))
            else:
                yield given


def _asked(
    service: Object, ledger: Ledger, pool: Pool, families: list[str], faults: list[Fault]
) -> tuple[str, str] | None:
    """Family and address of ``spec.loadBalancerIP``, if it can be had."""
    text = service["spec"].get("loadBalancerIP")
    if not text:
        return None
    at = parsed(text)
    if at is None or str(at) not in pool or FAMILIES[at.version] not in families:
        faults.append(Fault("AddressNotInPool", f"{text} is not in the pool {pool}"))
        return None
    user = ledger.user(str(at), object_key(service))
    if user is not None and not (str(at) in ingress_ips(service) and ledger.may_keep(str(at), service)):
        faults.append(Fault("AddressInUse", f"{at} is in use by Service {'/'.join(user)}"))
        return None
    return FAMILIES[at.version], str(at)


def _kept(service: Object, ledger: Ledger, pool: Pool, family: str) -> str | None:
    """What the Service has, or was promised, of a family."""
    for at in (*ingress_ips(service), *ledger.promised_to(object_key(service))):
        address = parsed(at)
        if address is None or FAMILIES[address.version] != family or at not in pool:
            continue
        if ledger.may_keep(at, service):
            return at
    return None


def _with_status(service: Object, addresses: tuple[str, ...], fault: Fault | None, now: str) -> Object | None:
    """The Service with these addresses, or ``None`` if it has them and says so."""
    meta, status = service["metadata"], service.get("status") or {}
    finalizers = meta.get("finalizers") or []
    wanted = finalizers if FINALIZER in finalizers or not addresses else [*finalizers, FINALIZER]
    known = (status.get("loadBalancer") or {}).get("ingress") or []
    fresh = dict(status)
    if {*addresses} != {entry.get("ip") for entry in known} or len(known) != len(addresses):
        kept = {entry.get("ip"): entry for entry in known}
        ingress = [kept.get(at) or {"ip": at, "ipMode": "VIP"} for at in addresses]
        fresh["loadBalancer"] = {"ingress": ingress} if ingress else {}
    if fault is None:
        fresh = _without_condition({"status": fresh})
    elif not is_told(service, fault):
        condition = {
            "type": CONDITION, "status": "False", "lastTransitionTime": now, "reason": fault.reason,
            "message": fault.message,
        }  # fmt: skip
        fresh = {**_without_condition({"status": fresh}), "conditions": [*_others(service), condition]}
    if fresh == status and wanted == finalizers:
        return None
    return {**service, "metadata": {**meta, "finalizers": wanted}, "status": fresh}


def _conditions(service: Object) -> Iterator[Object]:
    """Ours."""
    conditions = (service.get("status") or {}).get("conditions") or ()
    return (each for each in conditions if each.get("type") == CONDITION)


def _others(service: Object) -> list[Object]:
    conditions = (service.get("status") or {}).get("conditions") or ()
    return [each for each in conditions if each.get("type") != CONDITION]


def _without_condition(service: Object) -> Object:
    """The status without our condition."""
    status: Object = service.get("status") or {}
    if not any(True for _ in _conditions(service)):
        return status
    rest = {name: value for name, value in status.items() if name != "conditions"}
    others = _others(service)
    return {**rest, "conditions": others} if others else rest
