"""Plan: what a Service's load balancer should be, from the Service, the pool and who has which address.  Pure.

1. A Service that is no longer to have a load balancer gives it up: status emptied, finalizer taken off.
2. One that is to have it keeps what it has while that is in the pool and its own, unless it asks for another
   (``spec.loadBalancerIP``); else it gets what it asks for, else the next free address of each of its families.
3. A wish that cannot be met is said by a condition and an Event; an address that the Service has stays meanwhile.
4. Where addresses are announced on a LAN, a new one is given when the nodes have looked for it there (``Lan``).  One
   that turns out to be another machine's is exchanged, unless the Service asked for it; both are said.

Source: Kubernetes docs, "Service", type LoadBalancer; KEP-980 (finalizer); KEP-1860 (ipMode).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fairway.controllers.load_balancer.ledger import Ledger, ingress_ips, is_ours
from fairway.kinds.rules import announcing
from fairway.kinds.rules.address_pool import FAMILIES, Pool, parsed
from fairway.objects import Object
from fairway.reconcile.indexes import object_key

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
CONDITION = "fairway.dev/LoadBalancerAddress"
"""Status False while a wish is not met, Unknown while an address is looked for on the LAN; gone when all is well."""
WISH = "fairway.dev/load-balancer-ips"
"""Annotation of a Service: the addresses that it asks for, at most one of each family, with a comma."""


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
    unproven: tuple[str, ...] = ()
    """Those of ``addresses`` that must be looked for on the LAN first."""
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
    unproven = tuple(at for at in addresses if at not in had and not ledger.lan.is_proven(at))
    if unproven:
        looking = fault or Fault("Probing", f"{', '.join(unproven)} is looked for on the LAN before it is given")
        return Plan(addresses, _written(service, service.get("status") or {}, looking, unproven, now), fault, unproven)
    changed = _written(service, _with_ingress(service, addresses), fault, (), now)
    if not addresses or set(addresses) == set(had):
        return Plan(addresses, changed, fault)
    before = [("EnsuringLoadBalancer", "Ensuring load balancer")]
    if had:
        before.append(("LoadbalancerIP", f"{', '.join(had)} -> {', '.join(addresses)}"))
    return Plan(addresses, changed, fault, (), tuple(before), (("EnsuredLoadBalancer", "Ensured load balancer"),))


def is_marked(service: Object) -> bool:
    """Whether a Service bears anything of ours."""
    meta = service["metadata"]
    return (
        FINALIZER in (meta.get("finalizers") or ())
        or bool(announcing.candidates(service))
        or any(True for _ in _conditions(service))
    )


def is_told(service: Object, fault: Fault) -> bool:
    """Whether the Service's status says so already."""
    return any(
        (each.get("reason"), each.get("message")) == (fault.reason, fault.message) for each in _conditions(service)
    )


def _release(service: Object) -> Plan:
    """Nothing is left of the load balancer but what other controllers hold."""
    meta = announcing.with_annotation(service["metadata"], announcing.CANDIDATES, "")
    finalizers = meta.get("finalizers") or []
    is_held = FINALIZER in finalizers
    if not is_marked(service) or not announcing.is_of_our_class(service):
        return NOTHING
    kept = [name for name in finalizers if name != FINALIZER]
    status = {**_without_condition(service), "loadBalancer": {}}
    changed = {**service, "metadata": {**meta, "finalizers": kept}, "status": status}
    if not is_held:
        return Plan(changed=changed)
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
    is_wish_unmet = bool(faults)
    for family in families:
        kept = list(_kept(service, ledger, pool, family))
        clean = next((at for at in kept if not ledger.lan.rival(at)), None)
        if family in asked:
            yield asked[family]
        elif is_wish_unmet:
            yield from kept[:1]
        elif (given := clean or _next_free(ledger, pool, family)) is not None:
            faults.extend(_rivalry(service, ledger, kept, "another is given"))
            yield given
        elif kept:
            faults.extend(_rivalry(service, ledger, kept, "no other is free"))
            yield from (at for at in kept[:1] if at in ingress_ips(service))
        else:
            faults.append(Fault("PoolExhausted", f"no {family} address is free in the pool {pool}"))


def _next_free(ledger: Ledger, pool: Pool, family: str) -> str | None:
    return next(filter(None, map(ledger.next_free, pool.of(family))), None)


def _rivalry(service: Object, ledger: Ledger, kept: list[str], outcome: str) -> Iterator[Fault]:
    """What is to be said of addresses that the Service has, or was to have, and another machine has too."""
    for at in kept:
        if rival := ledger.lan.rival(at):
            reason = "AddressConflict" if at in ingress_ips(service) else "AddressInUse"
            yield Fault(reason, f"{at} is in use by {rival}: {outcome}")


def _wishes(service: Object) -> list[str]:
    """The addresses that a Service asks for; where both ways name one of a family, the annotation counts."""
    texts = announcing.annotations(service).get(WISH, "").split(",")
    return [text.strip() for text in (*texts, service["spec"].get("loadBalancerIP") or "") if text.strip()]


def _asked(service: Object, ledger: Ledger, pool: Pool, families: list[str], faults: list[Fault]) -> dict[str, str]:
    """By family, what the Service asks for and can have; what cannot be had is added to ``faults``."""
    found: dict[str, str] = {}
    for text in _wishes(service):
        at = parsed(text)
        if at is not None and FAMILIES[at.version] in found:
            continue
        if at is None or str(at) not in pool or FAMILIES[at.version] not in families:
            faults.append(Fault("AddressNotInPool", f"{text} is not in the pool {pool}"))
        else:
            is_mine = str(at) in ingress_ips(service) and ledger.may_keep(str(at), service)
            if (user := ledger.user(str(at), object_key(service))) is not None and not is_mine:
                faults.append(Fault("AddressInUse", f"{at} is in use by Service {'/'.join(user)}"))
                continue
            if rival := ledger.lan.rival(str(at)):
                faults.append(Fault("AddressConflict" if is_mine else "AddressInUse", f"{at} is in use by {rival}"))
                if not is_mine:
                    continue
            found[FAMILIES[at.version]] = str(at)
    return found


def _kept(service: Object, ledger: Ledger, pool: Pool, family: str) -> Iterator[str]:
    """What the Service has, then what it was promised, of a family."""
    for at in (*ingress_ips(service), *ledger.promised_to(object_key(service))):
        address = parsed(at)
        is_fit = address is not None and FAMILIES[address.version] == family and at in pool
        if is_fit and ledger.may_keep(at, service):
            yield at


def _with_ingress(service: Object, addresses: tuple[str, ...]) -> Object:
    """The status with these addresses."""
    status: Object = service.get("status") or {}
    known = (status.get("loadBalancer") or {}).get("ingress") or []
    if {*addresses} == {entry.get("ip") for entry in known} and len(known) == len(addresses):
        return status
    kept = {entry.get("ip"): entry for entry in known}
    ingress = [kept.get(at) or {"ip": at, "ipMode": "VIP"} for at in addresses]
    return {**status, "loadBalancer": {"ingress": ingress} if ingress else {}}


def _written(
    service: Object, status: Object, fault: Fault | None, candidates: tuple[str, ...], now: str
) -> Object | None:
    """The Service with a status, a fault told and candidates named; ``None`` if all of that is so already."""
    meta = announcing.with_annotation(service["metadata"], announcing.CANDIDATES, announcing.joined(candidates))
    has_address = bool((status.get("loadBalancer") or {}).get("ingress"))
    finalizers = meta.get("finalizers") or []
    if has_address and FINALIZER not in finalizers:
        meta = {**meta, "finalizers": [*finalizers, FINALIZER]}
    if fault is None:
        status = _without_condition({"status": status})
    elif not is_told(service, fault):
        condition = {
            "type": CONDITION, "status": "Unknown" if fault.reason == "Probing" else "False",
            "lastTransitionTime": now, "reason": fault.reason, "message": fault.message,
        }  # fmt: skip
        status = {**_without_condition({"status": status}), "conditions": [*_others(service), condition]}
    if status == (service.get("status") or {}) and meta is service["metadata"]:
        return None
    return {**service, "metadata": meta, "status": status}


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
