"""Choice: which addresses this node answers for, so that of several nodes exactly one does.  Pure.

Every node that can announce draws a number for every address, and the highest has it; all of them know all that is
needed, so nobody need ask.  A node that comes or goes moves only addresses that it gets or had.  Of a Service with
``externalTrafficPolicy: Local`` only nodes with an endpoint that is ready take part.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from fairway.kinds.rules import announcing
from fairway.objects import Object

EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
"""Label of a node that is to get no traffic from load balancers."""


@dataclass(frozen=True, slots=True)
class Choice:
    """``probed`` are to be looked for, ``announced`` are this node's, ``active`` are all that are in use."""

    probed: frozenset[str] = field(default=frozenset())
    announced: frozenset[str] = field(default=frozenset())
    active: frozenset[str] = field(default=frozenset())


def choice(
    services: Iterable[Object], nodes: Iterable[Object], local: Mapping[tuple[str, str], Collection[str]], me: str
) -> Choice:
    """What is this node's; ``local`` says on which nodes a Service (namespace, name) has endpoints that are ready."""
    able = {node["metadata"]["name"] for node in nodes if _is_able(node)}
    probed: set[str] = set()
    announced: set[str] = set()
    active: set[str] = set()
    for service in services:
        meta = service["metadata"]
        probed.update(at for at in announcing.candidates(service) if chosen(at, able) == me)
        fit = able
        if service["spec"].get("externalTrafficPolicy") == "Local":
            fit = able.intersection(local.get((meta["namespace"], meta["name"]), ()))
        for at in ingress(service):
            active.add(at)
            if chosen(at, fit) == me:
                announced.add(at)
    return Choice(frozenset(probed - active), frozenset(announced), frozenset(active))


def chosen(at: str, nodes: Iterable[str]) -> str | None:
    """The node that answers for an address; source: rendezvous hashing (Thaler, Ravishankar 1998)."""
    return max(nodes, key=lambda node: hashlib.sha256(f"{at} {node}".encode()).digest(), default=None)


def _is_able(node: Object) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    is_ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return is_ready and bool(announcing.devices(node)) and EXCLUDED not in (node["metadata"].get("labels") or {})


def ingress(service: Object) -> list[str]:
    """The addresses of a load balancer that are ours to answer for."""
    is_balancer = service["spec"].get("type") == "LoadBalancer" and announcing.is_of_our_class(service)
    if "deletionTimestamp" in service["metadata"] or not is_balancer:
        return []
    entries = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [entry["ip"] for entry in entries if entry.get("ip") and entry.get("ipMode") != "Proxy"]


def ready_nodes(slices: Iterable[Object]) -> set[str]:
    """The nodes with an endpoint that is ready."""
    return {
        endpoint["nodeName"]
        for each in slices
        for endpoint in each.get("endpoints") or ()
        if endpoint.get("nodeName") and (endpoint.get("conditions") or {}).get("ready") is not False
    }
