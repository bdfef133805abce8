"""Backoff: how long to wait before the next try, growing with each failure in a row.

Half of every delay is random, so that many clients that lost one server do not come back in one moment.
"""

import random
from collections.abc import Callable


class Backoff:
    """Delays of ``first_s`` doubled per failure up to ``limit_s``, of which the upper half is drawn at random."""

    __slots__ = ("_draw", "_failures", "_first_s", "_limit_s")

    def __init__(self, first_s: float, limit_s: float, draw: Callable[[], float] = random.random) -> None:
        self._first_s = first_s
        self._limit_s = limit_s
        self._draw = draw
        self._failures = 0

    def next_delay_s(self, limit_s: float | None = None) -> float:
        """The seconds to wait after one more failure.

        A lower ``limit_s`` is for failures of a milder kind: once it is reached, they do not count any more.
        """
        full = self._limit_s if limit_s is None else min(limit_s, self._limit_s)
        is_limited = self._failures >= 64 or self._first_s * 2**self._failures >= full
        if not is_limited:
            full = self._first_s * 2**self._failures
        if limit_s is None or not is_limited:
            self._failures += 1
        return full * (0.5 + 0.5 * self._draw())

    def reset(self) -> None:
        """Something worked: the next failure counts as the first."""
        self._failures = 0

    @property
    def failures(self) -> int:
        """Failures since something last worked."""
        return self._failures
