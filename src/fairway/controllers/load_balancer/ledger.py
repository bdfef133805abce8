"""Ledger: who has which address, as the Services' own statuses say, and what is promised but not yet written.

Shape: ``observe`` takes every change of a Service in order; ``promise`` follows a decision at once, before anything
waits, so that two decisions never see the same address as free.  No I/O.
Nothing is kept on disk: after a restart the statuses tell everything again.
"""

from collections.abc import Iterable
from itertools import chain
from typing import TypeVar

from fairway.controllers.load_balancer.lan import Lan
from fairway.kinds.rules.address_pool import Part, Pool, parsed
from fairway.kinds.rules.announcing import is_of_our_class
from fairway.objects import Object
from fairway.reconcile.indexes import ObjectKey, object_key
from fairway.reconcile.informer import Change

T = TypeVar("T")
Holder = tuple[str, ObjectKey]
"""Time of creation and key: of two that hold one address, the smaller keeps it."""


def is_ours(service: Object) -> bool:
    """Whether a Service is to have an address of the pool."""
    is_wanted = service["spec"].get("type") == "LoadBalancer" and "deletionTimestamp" not in service["metadata"]
    return is_wanted and is_of_our_class(service)


def ingress_ips(service: Object) -> list[str]:
    """The addresses in a Service's status, in their usual form."""
    balancer = (service.get("status") or {}).get("loadBalancer") or {}
    return _usual(entry.get("ip") for entry in balancer.get("ingress") or ())


def holder(service: Object) -> Holder:
    """A Service as one that holds addresses."""
    return service["metadata"].get("creationTimestamp") or "", object_key(service)


class Ledger:
    """Every address that is in use, whether it is of the pool or not."""

    def __init__(self) -> None:
        self._recorded: dict[str, set[Holder]] = {}
        self._foreign: dict[str, set[ObjectKey]] = {}
        self._promised: dict[str, ObjectKey] = {}
        self._promises: dict[ObjectKey, tuple[str, ...]] = {}
        self._cursors: dict[Part, int] = {}
        self.waiting: set[ObjectKey] = set()
        """Services whose wish could not be met; to be looked at again when an address becomes free."""
        self.lan = Lan()

    # What is so

    def observe(self, change: Change) -> bool:
        """A Service came, changed or went.  The answer is whether an address may have become free."""
        before, after = _held(change.old), _held(change.new)
        if change.old is not None:
            self._forget(change.old, before)
        if change.new is not None:
            self._note(change.new, after)
        key = object_key(change.object)
        is_freed = bool(set(before) - set(after))
        if change.new is None or not is_ours(change.new):
            self.waiting.discard(key)
            is_freed = is_freed or key in self._promises
            self.promise(key, ())
        elif set(self._promises.get(key, ())) <= set(after):
            self.promise(key, ())
        return is_freed

    def _note(self, service: Object, addresses: Iterable[str]) -> None:
        ours, who = _own(service), holder(service)
        for at in addresses:
            if at in ours:
                self._recorded.setdefault(at, set()).add(who)
            else:
                self._foreign.setdefault(at, set()).add(who[1])

    def _forget(self, service: Object, addresses: Iterable[str]) -> None:
        ours, who = _own(service), holder(service)
        for at in addresses:
            if at in ours:
                _take(self._recorded, at, who)
            else:
                _take(self._foreign, at, who[1])

    # What is decided

    def promise(self, key: ObjectKey, addresses: Iterable[str]) -> None:
        """A Service is about to have exactly these addresses, besides those that its status says."""
        for at in self._promises.pop(key, ()):
            del self._promised[at]
        promised = tuple(at for at in addresses if all(who[1] != key for who in self._recorded.get(at, ())))
        if promised:
            self._promises[key] = promised
            self._promised |= dict.fromkeys(promised, key)

    def advance(self, pool: Pool, addresses: Iterable[str]) -> None:
        """Look for the next address behind these: what was given back rests as long as possible."""
        for at in map(parsed, addresses):
            for part in pool.parts:
                if at is not None and (number := part.number(at)) >= 0:
                    self._cursors[part] = number + 1

    # Questions

    def concerned(self, addresses: Iterable[str]) -> set[ObjectKey]:
        """The Services that have one of these addresses, or were promised it."""
        keys = {who[1] for at in addresses for who in self._recorded.get(at, ())}
        return keys | {self._promised[at] for at in addresses if at in self._promised}

    def user(self, at: str, key: ObjectKey) -> ObjectKey | None:
        """Which other Service has the address, or has it promised."""
        promised = self._promised.get(at)
        if promised is not None and promised != key:
            return promised
        others = [who[1] for who in sorted(self._recorded.get(at, ())) if who[1] != key]
        others += sorted(name for name in self._foreign.get(at, ()) if name != key)
        return others[0] if others else None

    def may_keep(self, at: str, service: Object) -> bool:
        """Whether a Service that says it has the address is the one that has it."""
        me = holder(service)
        return self._promised.get(at, me[1]) == me[1] and min(self._recorded.get(at, {me})) == me

    def promised_to(self, key: ObjectKey) -> tuple[str, ...]:
        """What a Service was promised and has not been seen to have."""
        return self._promises.get(key, ())

    def next_free(self, part: Part) -> str | None:
        """The next address of a part that nobody has; one that was looked for on the LAN before others."""
        if part not in self._cursors:
            known = (at for at in map(parsed, self._recorded) if at is not None)
            self._cursors[part] = max((part.number(at) + 1 for at in known), default=0)
        start = self._cursors[part]
        looked_for = sorted(number for at in map(parsed, self.lan.free()) if at and (number := part.number(at)) >= 0)
        ahead = [number for number in looked_for if number >= start]
        for number in chain(ahead, looked_for, range(start, part.count), range(start)):
            at = part.address(number)
            is_used = at in self._recorded or at in self._promised or at in self._foreign
            if not is_used and not self.lan.rival(at):
                return at
        return None


def _own(service: Object) -> set[str]:
    """The addresses that a Service has of us; of those of other load balancers we only know that they are in use."""
    is_balancer = service["spec"].get("type") == "LoadBalancer" and is_of_our_class(service)
    return set(ingress_ips(service)) if is_balancer else set()


def _held(service: Object | None) -> list[str]:
    """Every outside address that a Service has, by whatever way."""
    if service is None:
        return []
    return list(dict.fromkeys((*ingress_ips(service), *_usual(service["spec"].get("externalIPs") or ()))))


def _usual(texts: Iterable[str | None]) -> list[str]:
    return [str(at) for at in (parsed(text or "") for text in texts) if at is not None]


def _take(table: dict[str, set[T]], at: str, who: T) -> None:
    known = table[at]
    known.discard(who)
    if not known:
        del table[at]
