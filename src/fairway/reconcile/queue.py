"""Queue: which keys are due, never the same key twice at once.

Shape: pure state; the clock is an argument in seconds.  A key is waiting, due, or being worked on; a key added while it
is worked on is due again when it is done.
"""

import heapq
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

FIRST_RETRY_S = 0.005
MAX_RETRY_S = 1000.0


class Queue(Generic[Key]):
    """Keys in the order in which they became due.  Retries wait ``first_retry_s`` doubled per failure in a row."""

    def __init__(self, first_retry_s: float = FIRST_RETRY_S, max_retry_s: float = MAX_RETRY_S) -> None:
        self._first_retry_s = first_retry_s
        self._max_retry_s = max_retry_s
        self._due: deque[Key] = deque()
        self._is_due: set[Key] = set()
        self._working: set[Key] = set()
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._deadlines: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._due)

    def add(self, key: Key) -> None:
        """The key is due now.  What it waited for is forgotten, since it is looked at in any case."""
        self._deadlines.pop(key, None)
        if key in self._working:
            self._again.add(key)
        elif key not in self._is_due:
            self._is_due.add(key)
            self._due.append(key)

    def add_after(self, key: Key, delay_s: float, now: float) -> None:
        """The key is due in ``delay_s``, or when it was already going to be if that is sooner."""
        if delay_s <= 0:
            self.add(key)
            return
        deadline = now + delay_s
        known = self._deadlines.get(key)
        if (known is not None and known <= deadline) or key in self._is_due or key in self._again:
            return
        self._deadlines[key] = deadline
        self._count += 1
        heapq.heappush(self._heap, (deadline, self._count, key))

    def add_rate_limited(self, key: Key, now: float) -> float:
        """The key failed: it is due again after a delay that grows with its failures; the delay is returned."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay_s = self._max_retry_s if failures > 40 else min(self._max_retry_s, self._first_retry_s * 2**failures)
        self.add_after(key, delay_s, now)
        return delay_s

    def forget(self, key: Key) -> None:
        """The key succeeded: its next failure counts as the first."""
        self._failures.pop(key, None)

    def failures(self, key: Key) -> int:
        """Failures of the key in a row."""
        return self._failures.get(key, 0)

    def get_ready(self, now: float) -> Key | None:
        """The next due key, which is being worked on from now until ``done``; ``None`` if none is due."""
        while self._heap and self._heap[0][0] <= now:
            deadline, _, key = heapq.heappop(self._heap)
            if self._deadlines.get(key) == deadline:
                self.add(key)
        if not self._due:
            return None
        key = self._due.popleft()
        self._is_due.discard(key)
        self._working.add(key)
        return key

    def done(self, key: Key) -> None:
        """The work on the key has ended, well or not."""
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def next_deadline(self) -> float | None:
        """When the next waiting key is due; ``None`` if none waits."""
        while self._heap:
            deadline, _, key = self._heap[0]
            if self._deadlines.get(key) == deadline:
                return deadline
            heapq.heappop(self._heap)
        return None
