"""Metrics: what the Ingress controller counts, in the text format of Prometheus."""

from collections.abc import Iterator
from typing import Final

from fairway.ingress.inventory import View
from fairway.transport.exposition import Histogram, sample

_BOUNDS_S: Final = tuple(0.0005 * 2**power for power in range(16))


class Metrics:
    """``took`` is the work on a change, ``delay`` the time from when a change came in to when it was in force."""

    def __init__(self) -> None:
        self.took, self.delay = Histogram(_BOUNDS_S), Histogram(_BOUNDS_S)
        self.failures = self.ends = 0
        self._sizes: dict[str, int] = {}

    def synced(self, took_s: float, delay_s: float, view: View) -> None:
        """The engine does what is wanted."""
        self.took.observe(took_s)
        self.delay.observe(delay_s)
        self._sizes = {
            "routes": len(view.routes),
            "backends": len(view.upstreams),
            "servers": sum(len(each.servers) for each in view.upstreams.values()),
            "certificates": len(view.certificates),
        }

    def text(self) -> str:
        """Everything, as Prometheus reads it."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        for name, histogram in (("sync_duration_seconds", self.took), ("sync_delay_seconds", self.delay)):
            yield f"# TYPE fairway_ingress_{name} histogram"
            yield from histogram.lines(f"fairway_ingress_{name}")
        for name, count in (("sync_failures_total", self.failures), ("engine_ends_total", self.ends)):
            yield f"# TYPE fairway_ingress_{name} counter"
            yield sample(f"fairway_ingress_{name}", "", count)
        for name, size in self._sizes.items():
            yield f"# TYPE fairway_ingress_{name} gauge"
            yield sample(f"fairway_ingress_{name}", "", size)
