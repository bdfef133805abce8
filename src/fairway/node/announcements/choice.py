"""Choice: which addresses this node answers for, so that of several nodes exactly one does.  Pure.

Every node that can announce draws a number for every address, and the highest has it; all of them know all that is
needed, so nobody need ask.  A node that comes or goes moves only addresses that it gets or had.  Of a Service with
``externalTrafficPolicy: Local`` only nodes with an endpoint that is ready take part.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from fairway.kinds.rules import announcing
from fairway.objects import Object
from fairway.objects.conditions import is_true

EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
"""Label of a node that is to get no traffic from load balancers."""


@dataclass(frozen=True, slots=True)
class Choice:
    """``probed`` are to be looked for, ``announced`` are this node's, ``active`` are all that are in use."""

    probed: frozenset[str] = field(default=frozenset())
    announced: frozenset[str] = field(default=frozenset())
    active: frozenset[str] = field(default=frozenset())


NOTHING = Choice()
ServiceKey = tuple[str, str]
"""Namespace and name."""


class Choices:
    """What is this node's, kept up to date change by change: with many Services each change must stay cheap."""

    def __init__(self, me: str) -> None:
        self._me = me
        self._able: frozenset[str] = frozenset()
        self._parts: dict[ServiceKey, Choice] = {}
        self._probed: Counter[str] = Counter()
        self._announced: Counter[str] = Counter()
        self._active: Counter[str] = Counter()

    def nodes_are(self, nodes: Iterable[Object]) -> bool:
        """These are all nodes; whether the choice is another now, so that every Service must be put again."""
        able = frozenset(_able(nodes))
        is_other, self._able = able != self._able, able
        return is_other

    def put(self, key: ServiceKey, service: Object | None, local: Collection[str] = ()) -> frozenset[str]:
        """A Service is so now, or is gone; ``local`` are the nodes on which it has endpoints that are ready.

        The answer is which addresses it has now and had not before.
        """
        before = self._parts.pop(key, NOTHING)
        after = NOTHING if service is None else self._part(service, local)
        if after != NOTHING:
            self._parts[key] = after
        for counts, old, new in (
            (self._probed, before.probed, after.probed),
            (self._announced, before.announced, after.announced),
            (self._active, before.active, after.active),
        ):
            counts.update(new)
            for at in old:
                counts[at] -= 1
                if not counts[at]:
                    del counts[at]
        return after.active - before.active

    def _part(self, service: Object, local: Collection[str]) -> Choice:
        fit = self._able
        if is_local(service):
            fit = fit.intersection(local)
        active = frozenset(ingress(service))
        return Choice(
            frozenset(at for at in announcing.candidates(service) if chosen(at, self._able) == self._me),
            frozenset(at for at in active if chosen(at, fit) == self._me),
            active,
        )

    @property
    def looks_ahead(self) -> bool:
        """Whether it is this node that looks for addresses that nobody wants yet."""
        return chosen("spares", self._able) == self._me

    def whole(self, spares: Iterable[str] = ()) -> Choice:
        """All of it, and these to be looked for as well."""
        active = frozenset(self._active)
        return Choice(frozenset((*self._probed, *spares)) - active, frozenset(self._announced), active)

    @property
    def active(self) -> Collection[str]:
        """All addresses that are in use."""
        return self._active.keys()


def is_local(service: Object) -> bool:
    """Whether only nodes with an endpoint may answer for a Service."""
    return bool(service["spec"].get("externalTrafficPolicy") == "Local")


def chosen(at: str, nodes: Iterable[str]) -> str | None:
    """The node that answers for an address; source: rendezvous hashing (Thaler, Ravishankar 1998)."""
    return max(nodes, key=lambda node: hashlib.sha256(f"{at} {node}".encode()).digest(), default=None)


def _able(nodes: Iterable[Object]) -> list[str]:
    """The nodes that can answer: those that are Ready or, where none is, all that stand on a LAN.

    A node that does not say that it is well may only be out of touch with the API, and silence would surely be wrong.
    """
    fit = [
        node for node in nodes if announcing.devices(node) and EXCLUDED not in (node["metadata"].get("labels") or {})
    ]
    return [node["metadata"]["name"] for node in [each for each in fit if is_true(each, "Ready")] or fit]


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
