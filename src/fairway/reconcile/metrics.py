"""Metrics: what controllers count, under upstream's names, in the text format of Prometheus.

Shape: a metric is declared once as data; recording costs a look-up and an addition; text is made when somebody asks.
Source: Kubernetes docs, "Kubernetes Metrics Reference"; Prometheus docs, "Exposition formats".
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fairway.transport.exposition import Histogram, sample

SECONDS = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""The bounds of upstream's work queues."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What is counted.  ``type``: ``counter``, ``gauge`` or ``histogram``, which has ``bounds``."""

    name: str
    help: str
    type: str = "counter"
    bounds: tuple[float, ...] = ()


class Metrics:
    """The numbers, by metric and by labels as they stand in the text (``name="a",code="b"``)."""

    def __init__(self) -> None:
        self._numbers: dict[Metric, dict[str, float]] = {}
        self._histograms: dict[Metric, dict[str, Histogram]] = {}

    def add(self, metric: Metric, labels: str = "", amount: float = 1) -> None:
        """Raise a counter, or move a gauge up or down."""
        numbers = self._numbers.setdefault(metric, {})
        numbers[labels] = numbers.get(labels, 0) + amount

    def observe(self, metric: Metric, value: float, labels: str = "") -> None:
        """One value of a histogram."""
        series = self._histograms.setdefault(metric, {})
        found = series.get(labels)
        if found is None:
            found = series[labels] = Histogram(metric.bounds)
        found.observe(value)

    def lines(self) -> Iterator[str]:
        """Everything that was counted."""
        for metric, numbers in self._numbers.items():
            yield from _head(metric)
            for labels, number in numbers.items():
                yield sample(metric.name, labels, number)
        for metric, series in self._histograms.items():
            yield from _head(metric)
            for labels, found in series.items():
                yield from found.lines(metric.name, labels)


def _head(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} {metric.type}"
