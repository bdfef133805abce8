"""Turns: flows that wait, level by level and flow by flow, one request each.

Shape: ``Turns.wait(flow)`` returns when it is the request's turn and it has a seat of its level.
"""

import asyncio
from collections import deque

BURST_S = 0.05
"""Seconds of the loop that a flow may use at a stretch before it has to take turns."""
RATE = 0.25
"""The part of the loop's time that a flow may use for ever."""


class Level:
    """A priority level: its seats (``None``: no limit), how many requests may wait, and how many of one flow."""

    def __init__(self, name: str, uid: str, seats: int | None, capacity: int, per_flow: int) -> None:
        self.name, self.uid = name, uid
        self.seats, self.capacity, self.per_flow = seats, capacity, per_flow
        self.executing = 0
        self.waiting = 0
        self.flows: deque[Flow] = deque()
        """The flows with requests that wait, who is next first."""


class Flow:
    """Requests that are told apart by nothing: of one schema and one user or namespace."""

    __slots__ = ("_at", "_used_s", "headers", "level", "schema", "waiting")

    def __init__(self, schema: str, uid: str, level: Level) -> None:
        self.schema = schema
        self.level = level
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.headers = (
            ("X-Kubernetes-Pf-Flowschema-Uid", uid),
            ("X-Kubernetes-Pf-Prioritylevel-Uid", level.uid),
        )
        self._used_s = 0.0
        self._at = 0.0

    def used(self, seconds: float, now: float) -> None:
        """The loop has worked for this flow."""
        self._used_s = max(0.0, self._used_s - (now - self._at) * RATE) + seconds
        self._at = now

    def is_greedy(self, now: float) -> bool:
        """Whether it has used more than its part of the loop lately."""
        return self._used_s - (now - self._at) * RATE > BURST_S


class Turns:
    """Who is next.  One request begins in each round of the event loop, so that all others get in between."""

    def __init__(self) -> None:
        self._levels: deque[Level] = deque()
        self._is_scheduled = False

    async def wait(self, flow: Flow) -> None:
        """Return when it is this request's turn, with a seat taken for it; cancelled, it has none."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        level = flow.level
        if not flow.waiting:
            level.flows.append(flow)
        if not level.waiting:
            self._levels.append(level)
        flow.waiting.append(turn)
        level.waiting += 1
        self.wake()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                level.executing -= 1
                self.wake()
            raise

    def wake(self) -> None:
        """A seat is free or somebody waits."""
        if self._levels and not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._begin_one)

    def _begin_one(self) -> None:
        self._is_scheduled = False
        for _ in range(len(self._levels)):
            level = self._levels.popleft()
            began = level.seats is None or level.executing < level.seats
            began = began and self._begin(level)
            if level.waiting:
                self._levels.append(level)
            if began:
                # The next one in the next round; who waits for a seat is woken when one is free.
                self.wake()
                return

    @staticmethod
    def _begin(level: Level) -> bool:
        """Let the next request of a level begin; those that gave up are passed over."""
        while level.flows:
            flow = level.flows.popleft()
            turn = flow.waiting.popleft()
            level.waiting -= 1
            if flow.waiting:
                level.flows.append(flow)
            if not turn.done():
                level.executing += 1
                turn.set_result(None)
                return True
        return False
