"""Exposition: numbers in the text format of Prometheus, as every ``/metrics`` of ours has them.

Source: Prometheus docs, "Exposition formats".
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Histogram:
    """How often a value fell below each bound; ``total`` is the sum of all values."""

    __slots__ = ("_bounds", "_counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self._counts)

    def observe(self, value: float, times: int = 1) -> None:
        """One value, or the same several times."""
        self._counts[bisect_left(self._bounds, value)] += times
        self.total += value * times

    def lines(self, name: str, labels: str = "") -> Iterator[str]:
        """The histogram in text."""
        before = f"{labels}," if labels else ""
        total = 0
        for bound, count in zip((*self._bounds, "+Inf"), self._counts, strict=True):
            total += count
            yield f'{name}_bucket{{{before}le="{bound}"}} {total}'
        yield sample(f"{name}_sum", labels, self.total)
        yield sample(f"{name}_count", labels, total)


def sample(name: str, labels: str, number: float) -> str:
    """One line, with as many digits as a double is exact for: a counter that is rounded stands still."""
    return f"{name}{{{labels}}} {number:.15g}" if labels else f"{name} {number:.15g}"
