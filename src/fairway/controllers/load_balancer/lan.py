"""Lan: what the nodes found on their LANs about the pool's addresses.

Shape: ``observe`` takes every change of a Node; ``tick`` lets time pass; the questions follow from both.  No I/O.
An address is **proven** when a node looked for it and found nobody, when no node announces at all, or when none of
those that do has answered in time: a load balancer never stays pending for it.  An address that turned out to be
another machine's is **barred** for a while, so that it is not tried again at once.
"""

from collections.abc import Iterable

from fairway.kinds.rules import announcing
from fairway.objects.conditions import is_true
from fairway.reconcile.indexes import object_key
from fairway.reconcile.informer import Change

ANSWER_LIMIT_S = 3.0
"""How long to wait for a node to look for an address."""
BAR_S = 60.0
"""How long an address that another machine has is left in peace."""


class Lan:
    """Nodes' findings."""

    def __init__(self) -> None:
        self._findings: dict[str, dict[str, str]] = {}
        self._announcers: set[str] = set()
        self._asked_s: dict[str, float] = {}
        self._overdue: set[str] = set()
        self._barred: dict[str, tuple[str, float]] = {}

    def observe(self, change: Change) -> set[str]:
        """A Node came, changed or went.  The answer is the addresses of which something else is known now."""
        name = object_key(change.object)[1]
        before = self._findings.pop(name, {})
        after = announcing.findings(change.new) if change.new is not None and is_true(change.new, "Ready") else {}
        self._announcers.discard(name)
        if change.new is not None and announcing.devices(change.new):
            self._announcers.add(name)
        if after:
            self._findings[name] = after
        return {at for at in {*before, *after} if before.get(at) != after.get(at)}

    def tick(self, now_s: float) -> None:
        """It is ``now_s``: what has waited for too long is proven, what was barred for long enough is not any more."""
        late = [at for at, since_s in self._asked_s.items() if now_s - since_s >= ANSWER_LIMIT_S]
        self._overdue.update(late)
        for at in [at for at, (_, until_s) in self._barred.items() if until_s <= now_s]:
            del self._barred[at]

    def ask(self, addresses: Iterable[str], now_s: float) -> None:
        """These are looked for from now on, if not already."""
        for at in addresses:
            self._asked_s.setdefault(at, now_s)

    def settle(self, addresses: Iterable[str]) -> None:
        """These have been given or dropped."""
        for at in addresses:
            self._asked_s.pop(at, None)
            self._overdue.discard(at)

    def bar(self, at: str, now_s: float) -> None:
        """Leave an address that another machine has in peace for a while."""
        if (who := self.rival(at)) and at not in self._barred:
            self._barred[at] = (who, now_s + BAR_S)

    def rival(self, at: str) -> str:
        """Which machine has the address, in words; empty if none is known to."""
        found = next(filter(None, (each.get(at) for each in self._findings.values())), "")
        return found or self._barred.get(at, ("", 0.0))[0]

    def free(self) -> list[str]:
        """The addresses that were looked for and that nobody has."""
        return [at for each in self._findings.values() for at, who in each.items() if not who and not self.rival(at)]

    def is_proven(self, at: str) -> bool:
        """Whether the address may be given as far as the LAN is concerned."""
        if self.rival(at):
            return False
        return not self._announcers or at in self._overdue or any(at in each for each in self._findings.values())
