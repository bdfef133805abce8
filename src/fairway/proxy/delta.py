"""Delta: resolved Services in, the smallest kernel transaction out.

Shape: a ``Table`` knows what one family's kernel table should hold.  ``change`` takes what touched Services have
become and returns the elements to delete and to add; nothing else is looked at, so that a change costs what it is
and not what the table is.  Pure: a ``Table`` is plain memory, no I/O, no clock.

How a change is found:

1. The elements that the touched Services have now are what may go.
2. Endpoints are placed in slots (``placement``) and numbers are drawn for what is new.
3. The elements that the Services will have are what must be there.
4. What stands in both with equal data is left alone.  A changed value is a delete and an add.

Elements that more than one Service may want (a frontend, a cluster IP, a pod's hairpin entry) go through ``sharing``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from fairway.proxy import words
from fairway.proxy.entry import Entry, own_changes, own_elements
from fairway.proxy.model import TCP, Endpoint, FrontendKey, ServicePort, frontend_parts
from fairway.proxy.placement import EndpointList, Numbers, place_list
from fairway.proxy.recovery import Recovered
from fairway.proxy.sharing import Claim, Sharing
from fairway.proxy.words import Elements, pack_word


class Transaction(NamedTuple):
    """Elements to delete, then elements to add: all or nothing."""

    deletes: Elements
    adds: Elements

    @property
    def size(self) -> int:
        """How many elements it touches."""
        return sum(map(len, self.deletes.values())) + sum(map(len, self.adds.values()))


class FlowRule(NamedTuple):
    """The flows to ``frontend`` may only be answered by ``endpoints``."""

    frontend: FrontendKey
    endpoints: frozenset[Endpoint]


class Table:
    """What one family's table holds and which numbers it uses.

    ``found`` is what the kernel holds at the start: its numbers and slots are taken over, so that nothing is rewritten
    without need.  ``affinity_start`` is where new affinity numbers begin: bindings of Services that are gone outlive a
    restart in the kernel, so a proxy that starts anywhere hardly ever gives their number to another Service.
    """

    def __init__(self, found: Elements | None = None, *, affinity_start: int = 0) -> None:
        self._entries: dict[str, tuple[Entry, ...]] = {}
        self._sharing = Sharing()
        self._fixed: Elements = {}
        self._recovered = Recovered(found or {})
        self._numbers = Numbers(words.LIST_LIMIT, self._recovered.list_numbers)
        self._affinities = Numbers(words.AFFINITY_LIMIT, self._recovered.affinity_numbers, start=affinity_start)
        self._timeouts = dict(self._recovered.timeouts)
        self._new_timeouts: dict[bytes, bytes] = {}
        self._touched_flows: set[FrontendKey] = set()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> Mapping[str, Sequence[Entry]]:
        """The service ports of every Service, as the kernel has them or is about to."""
        return self._entries

    def change(self, wanted: Mapping[str, Sequence[ServicePort]]) -> Transaction:
        """What to do for these Services to be as wanted; an empty sequence takes a Service away.

        ``flow_rules`` then tells whose flows may have lost their endpoint.
        """
        before: Elements = {}
        after: Elements = {}
        self._sharing.begin()
        for service, ports in wanted.items():
            old = self._entries.get(service, ())
            for entry in old:
                self._sharing.leave(_claims(service, entry), entry.hairpin)
            new = self._place(old, ports)
            for entry in new:
                self._sharing.join(_claims(service, entry), entry.hairpin)
            own_changes(old, new, before, after)
            self._note_flows(old, new)
            if new:
                self._entries[service] = new
            else:
                self._entries.pop(service, None)
        self._sharing.differences(before, after)
        if self._new_timeouts:
            after[words.TIMEOUTS] = self._new_timeouts
            self._new_timeouts = {}
        return difference(before, after)

    def start(self, wanted: Mapping[str, Sequence[ServicePort]], found: Elements) -> Transaction:
        """As ``change`` for ``wanted``, which with earlier changes are all Services, against what the kernel holds.

        ``found`` is used up.
        """
        self.change(wanted)
        for name in (words.FRONTENDS, words.NODE_PORTS):
            self._touched_flows.update(FrontendKey(key) for key in found.get(name, ()) if frontend_parts(key)[1] != TCP)
        entries = [entry for entries in self._entries.values() for entry in entries]
        self._numbers.retain({entry.number for entry in entries})
        self._affinities.retain(
            {each.affinity for entry in entries for each in (entry.everywhere, entry.local) if each}
        )
        self._recovered = Recovered({})
        return self.repair(found)

    def fix(self, fixed: Elements) -> Transaction:
        """Set the elements that follow from settings and the Node and not from any Service."""
        before, self._fixed = self._fixed, fixed
        return difference(before, fixed)

    def repair(self, found: Elements) -> Transaction:
        """What to do for the kernel to hold what it should, whatever it was found to hold.

        ``found`` is used up.  Service by Service, since everything that should be there needs as much memory again.
        """
        deletes: Elements = {}
        adds: Elements = {}
        for part in self._parts():
            for name, wanted in part.items():
                held = found.get(name, {})
                for key, value in wanted.items():
                    had = held.pop(key, None)
                    if had != value:
                        adds.setdefault(name, {})[key] = value
                        if had is not None:
                            deletes.setdefault(name, {})[key] = had
        for name, foreign in found.items():
            if foreign:
                deletes.setdefault(name, {}).update(foreign)
        return Transaction(deletes, adds)

    def elements(self) -> Elements:
        """Everything that the kernel should hold."""
        wanted: Elements = {}
        for part in self._parts():
            for name, held in part.items():
                wanted.setdefault(name, {}).update(held)
        return wanted

    def _parts(self) -> Iterator[Elements]:
        """Everything that the kernel should hold, in parts that have no element in common."""
        yield self._fixed
        for entries in self._entries.values():
            own: Elements = {}
            for entry in entries:
                own_elements(entry, own)
            yield own
        yield from self._sharing.parts()
        if self._timeouts:
            yield {words.TIMEOUTS: {_timeout_key(number): pack_word(s) for s, number in self._timeouts.items()}}

    def flow_rules(self) -> list[FlowRule]:
        """A rule for each connectionless frontend whose endpoints have changed since the last call."""
        touched, self._touched_flows = self._touched_flows, set()
        return [self._flow_rule(key) for key in touched]

    def _place(self, old: Sequence[Entry], wanted: Sequence[ServicePort]) -> tuple[Entry, ...]:
        known = {(entry.protocol, entry.port): entry for entry in old}
        placed = tuple(self._place_port(known.pop((port.protocol, port.port), None), port) for port in wanted)
        for entry in known.values():
            self._numbers.give_back(entry.number)
            for each in (entry.everywhere, entry.local):
                self._let_go(each)
        return placed

    def _place_port(self, old: Entry | None, wanted: ServicePort) -> Entry:
        if old is None:
            number, everywhere, local = self._recovered.lists(frontend.key for frontend in wanted.frontends)
            if number:
                self._numbers.keep(number)
            else:
                number = self._numbers.take()
        else:
            number, everywhere, local = old.number, old.everywhere, old.local
        return Entry(
            wanted.protocol,
            wanted.port,
            number,
            wanted.frontends,
            self._place_endpoints(everywhere, wanted.endpoints, wanted.affinity_s),
            self._place_local(local, wanted),
            wanted.hairpin,
            wanted.flows,
        )

    def _place_local(self, before: EndpointList | None, wanted: ServicePort) -> EndpointList | None:
        if wanted.local_endpoints is None:
            self._let_go(before)
            return None
        return self._place_endpoints(before, wanted.local_endpoints, wanted.affinity_s)

    def _place_endpoints(
        self, before: EndpointList | None, wanted: Sequence[Endpoint], affinity_s: int
    ) -> EndpointList:
        before = before or EndpointList()
        if not affinity_s:
            self._let_go(before)
            return place_list(before, wanted, 0, 0) if before.slots else EndpointList(tuple(wanted))
        affinity = before.affinity or self._affinities.take()
        self._affinities.keep(affinity)
        return place_list(before, wanted, affinity, self._timeout_number(affinity_s))

    def _let_go(self, before: EndpointList | None) -> None:
        if before is not None and before.affinity:
            self._affinities.give_back(before.affinity)

    def _timeout_number(self, timeout_s: int) -> int:
        number = self._timeouts.get(timeout_s)
        if number is not None:
            return number
        if len(self._timeouts) == words.TIMEOUT_LIMIT:
            return self._timeouts[min(self._timeouts, key=lambda known_s: abs(known_s - timeout_s))]
        used = set(self._timeouts.values())
        number = next(free for free in range(words.TIMEOUT_LIMIT) if free not in used)
        self._timeouts[timeout_s] = number
        self._new_timeouts[_timeout_key(number)] = pack_word(timeout_s)
        return number

    def _note_flows(self, old: Sequence[Entry], new: Sequence[Entry]) -> None:
        before, after = _flows(old), _flows(new)
        self._touched_flows.update(key for key in before | after if before.get(key) != after.get(key))

    def _flow_rule(self, key: FrontendKey) -> FlowRule:
        """Who may answer the flows to a frontend: the endpoints of the Service that has it, if one does."""
        claim = self._sharing.holder(key)
        if claim is None:
            return FlowRule(key, frozenset())
        return FlowRule(key, _flows(self._entries[claim.service]).get(key, frozenset()))


def difference(before: Elements, after: Elements) -> Transaction:
    """What to delete and what to add to come from one to the other."""
    deletes: Elements = {}
    adds: Elements = {}
    for name, held in before.items():
        kept = after.get(name, {})
        gone = {key: value for key, value in held.items() if kept.get(key) != value}
        if gone:
            deletes[name] = gone
    for name, wanted in after.items():
        held = before.get(name, {})
        new = {key: value for key, value in wanted.items() if held.get(key) != value} if held else wanted
        if new:
            adds[name] = new
    return Transaction(deletes, adds)


def _flows(entries: Iterable[Entry]) -> dict[FrontendKey, frozenset[Endpoint]]:
    return {frontend.key: entry.flows for entry in entries if entry.flows is not None for frontend in entry.frontends}


def _claims(service: str, entry: Entry) -> list[Claim]:
    word = entry.number << words.LIST_SHIFT
    return [
        Claim(frontend.kind, service, frontend.key, pack_word(word | frontend.flags), frontend.source_ranges)
        for frontend in entry.frontends
    ]


def _timeout_key(number: int) -> bytes:
    return pack_word(number << words.TIMEOUT_SHIFT)
