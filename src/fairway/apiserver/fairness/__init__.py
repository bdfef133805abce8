"""Fairness: whose request runs now and whose waits, so that one noisy client does not starve the others.

Shape: ``Fairness.classify`` says of which FlowSchema and level a request is, ``Fairness.waits`` whether it has to wait
its turn, ``Fairness.turn`` waits for it.  Two things are shared out: the seats of a level, which requests hold while
they wait for the store, and the time of the event loop.  A flow that has used more than its part of the loop runs one
request a turn, round after round, levels first and then the flows of a level; all others run at once.
Source: Kubernetes docs, "API Priority and Fairness".
"""

import asyncio
from collections.abc import Iterator
from math import ceil
from time import perf_counter
from typing import TYPE_CHECKING

from fairway.apiserver.authorization import Asked
from fairway.apiserver.call import User
from fairway.apiserver.fairness.matching import Schema, find, ordered
from fairway.apiserver.fairness.turns import Flow, Level, Turns
from fairway.kinds import FLOW_SCHEMA, PRIORITY_LEVEL_CONFIGURATION
from fairway.objects import Object
from fairway.objects.errors import StatusError, too_many_requests

if TYPE_CHECKING:
    from fairway.apiserver.cache import Cache

__all__ = ["Fairness", "Flow"]

SEATS = 600
"""Of all levels together, shared out by their shares; upstream's default."""
QUEUE_PATIENCE = 4
"""A request may wait for this part of the time that it may take."""
_REMEMBERED = 4096
_REMEMBERED_LETTERS = 512
"""Of what clients make up: longer requests are classified each time."""
_FLOWS = 1024
WRITE_S = 0.001
"""What a request that waits for the store is taken to cost the loop."""
EXEMPT = Level("exempt", "", None, 0, 0)
_UNKNOWN = Schema("", "", 0, "", "", ())


class Fairness:
    """One for a server; knows the schemas and levels that the cache has, and every flow that was active lately."""

    def __init__(self, cache: "Cache", request_s: float) -> None:
        self._schema_objects = cache.of(FLOW_SCHEMA)
        self._level_objects = cache.of(PRIORITY_LEVEL_CONFIGURATION)
        self._patience_s = request_s / QUEUE_PATIENCE
        self._as_of = (-1, -1)
        self._schemas: list[Schema] = []
        self._levels: dict[str, Level] = {}
        self._known: dict[object, Flow] = {}
        self._flows: dict[tuple[str, str], Flow] = {}
        self._turns = Turns()
        self.rejected: dict[tuple[str, str, str], int] = {}

    def classify(self, user: User, asked: Asked) -> Flow:
        """The flow of a request."""
        if self._as_of != (self._schema_objects.changed, self._level_objects.changed):
            self._read()
        # Which of the objects is asked for is nothing to a schema.
        key = (user.name, user.groups, asked[:5], asked.path)
        found = self._known.get(key)
        if found is None:
            found = self._find(user, asked)
            if len(user.name) + len(asked.subresource) + len(asked.path) <= _REMEMBERED_LETTERS:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[key] = found
        return found

    def _find(self, user: User, asked: Asked) -> Flow:
        schema = find(self._schemas, user, asked) or _UNKNOWN
        level = self._levels.get(schema.level, EXEMPT)
        distinguisher = {"ByUser": user.name, "ByNamespace": asked.namespace or ""}.get(schema.method, "")
        key = (schema.name, distinguisher)
        flow = self._flows.get(key)
        if flow is None:
            if len(self._flows) >= _FLOWS:
                self._known.clear()
                self._flows = {key: one for key, one in self._flows.items() if one.waiting}
            flow = self._flows[key] = Flow(schema.name, schema.uid, level)
        return flow

    def _read(self) -> None:
        self._as_of = (self._schema_objects.changed, self._level_objects.changed)
        self._schemas = ordered(stored.object for stored in self._schema_objects.live.values())
        found = [stored.object for stored in self._level_objects.live.values()]
        shares = sum(_shares(one) for one in found) or 1
        for one in found:
            name = one["metadata"]["name"]
            seats, capacity, per_flow = _limits(one, shares)
            level = self._levels.get(name)
            if level is None:
                self._levels[name] = Level(name, one["metadata"]["uid"], seats, capacity, per_flow)
            else:
                level.uid, level.seats, level.capacity, level.per_flow = (
                    one["metadata"]["uid"],
                    seats,
                    capacity,
                    per_flow,
                )
        names = {one["metadata"]["name"] for one in found}
        self._levels = {name: level for name, level in self._levels.items() if name in names}
        self._known.clear()
        self._flows = {key: flow for key, flow in self._flows.items() if flow.waiting}

    @staticmethod
    def waits(flow: Flow) -> bool:
        """Whether a request must wait its turn: its level is full, others wait before it, or its flow was greedy."""
        level = flow.level
        if level.seats is None:
            return False
        if level.executing >= level.seats:
            return True
        # Where nobody may wait, nobody is asked to.
        return bool(level.capacity) and (bool(flow.waiting) or flow.is_greedy(perf_counter()))

    async def turn(self, flow: Flow) -> None:
        """Return when it is this request's turn; it has a seat then.  Raises: ``StatusError`` 429."""
        level = flow.level
        if len(flow.waiting) >= level.per_flow or level.waiting >= level.capacity:
            raise self._refused(flow, "queue-full")
        try:
            async with asyncio.timeout(self._patience_s):
                await self._turns.wait(flow)
        except TimeoutError:
            raise self._refused(flow, "time-out") from None

    def take_seat(self, flow: Flow) -> None:
        """A request that did not have to wait begins to wait for the store."""
        flow.level.executing += 1

    def leave(self, flow: Flow) -> None:
        """A request with a seat is over."""
        flow.level.executing -= 1
        self._turns.wake()

    def _refused(self, flow: Flow, reason: str) -> StatusError:
        key = (flow.level.name, flow.schema, reason)
        self.rejected[key] = self.rejected.get(key, 0) + 1
        return too_many_requests("Too many requests, please try again later.")

    def metrics(self) -> Iterator[str]:
        """What is executed, waits, may be executed and was refused, by level."""
        yield from _gauge("current_executing_requests", {one.name: one.executing for one in self._levels.values()})
        yield from _gauge("current_inqueue_requests", {one.name: one.waiting for one in self._levels.values()})
        yield from _gauge("nominal_limit_seats", {one.name: one.seats or 0 for one in self._levels.values()})
        yield "# HELP apiserver_flowcontrol_rejected_requests_total Requests refused with 429."
        yield "# TYPE apiserver_flowcontrol_rejected_requests_total counter"
        for (level, schema, reason), count in self.rejected.items():
            labels = f'flow_schema="{schema}",priority_level="{level}",reason="{reason}"'
            yield f"apiserver_flowcontrol_rejected_requests_total{{{labels}}} {count}"


def _gauge(name: str, values: dict[str, int]) -> Iterator[str]:
    yield f"# TYPE apiserver_flowcontrol_{name} gauge"
    for level, value in sorted(values.items()):
        yield f'apiserver_flowcontrol_{name}{{priority_level="{level}"}} {value}'


def _shares(level: Object) -> int:
    spec = level["spec"]
    found: int = (spec.get("limited") or spec.get("exempt") or {}).get("nominalConcurrencyShares") or 0
    return found


def _limits(level: Object, all_shares: int) -> tuple[int | None, int, int]:
    """(seats, how many may wait, how many of one flow); no limit of seats for who is exempt."""
    spec = level["spec"]
    if spec.get("type") == "Exempt":
        return None, 0, 0
    seats = max(1, ceil(SEATS * _shares(level) / all_shares))
    response = (spec.get("limited") or {}).get("limitResponse") or {}
    queuing = response.get("queuing") if response.get("type") == "Queue" else None
    if not queuing:
        return seats, 0, 0
    length = queuing["queueLengthLimit"]
    return seats, queuing["queues"] * length, queuing["handSize"] * length
