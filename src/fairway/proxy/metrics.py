"""Metrics: what the proxy counts, under kube-proxy's names, in the text format of Prometheus.

Shape: plain counters and histograms; the text is made when somebody asks for it.
Source: Kubernetes docs, "Kubernetes Metrics Reference"; Prometheus docs, "Exposition formats".
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

SYNC_BOUNDS_S: Final = tuple(0.001 * 2**power for power in range(15))
PROGRAMMING_BOUNDS_S: Final = (
    0.25, 0.5, *(float(second) for second in range(1, 60)), *(float(second) for second in range(60, 120, 5)),
    *(float(second) for second in range(120, 301, 30)),
)  # fmt: skip


class Histogram:
    """How often a duration fell below each bound; ``total_s`` is the sum of all."""

    __slots__ = ("_bounds", "_counts", "total_s")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total_s = 0.0

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self._counts)

    def observe(self, seconds: float) -> None:
        """One duration."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self.total_s += seconds

    def lines(self, name: str) -> Iterator[str]:
        """The histogram in text."""
        yield f"# TYPE {name} histogram"
        total = 0
        for bound, count in zip((*self._bounds, "+Inf"), self._counts, strict=True):
            total += count
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self.total_s}"
        yield f"{name}_count {total}"


class ProxyMetrics:
    """Everything that the proxy counts."""

    def __init__(self) -> None:
        self.sync = Histogram(SYNC_BOUNDS_S)
        self.full_sync = Histogram(SYNC_BOUNDS_S)
        self.partial_sync = Histogram(SYNC_BOUNDS_S)
        self.programming = Histogram(PROGRAMMING_BOUNDS_S)
        self.conntrack = Histogram(SYNC_BOUNDS_S)
        self.answers: Counter[tuple[str, int]] = Counter()
        self.values: dict[str, tuple[str, float]] = {
            "sync_proxy_rules_last_timestamp_seconds": ("gauge", 0),
            "sync_proxy_rules_last_queued_timestamp_seconds": ("gauge", 0),
            "sync_proxy_rules_service_changes_pending": ("gauge", 0),
            "sync_proxy_rules_service_changes_total": ("counter", 0),
            "sync_proxy_rules_endpoint_changes_pending": ("gauge", 0),
            "sync_proxy_rules_endpoint_changes_total": ("counter", 0),
            "sync_proxy_rules_nftables_sync_failures_total": ("counter", 0),
            "sync_proxy_rules_nftables_cleanup_failures_total": ("counter", 0),
            "conntrack_reconciler_deleted_entries_total": ("counter", 0),
        }

    def set(self, name: str, value: float) -> None:
        """Set a value."""
        self.values[name] = (self.values[name][0], value)

    def add(self, name: str, value: float = 1) -> None:
        """Add to a counter."""
        kind, known = self.values[name]
        self.values[name] = (kind, known + value)

    def answered(self, path: str, code: int) -> None:
        """Somebody asked ``healthz`` or ``livez``."""
        self.answers[f"proxy_{path}_total", code] += 1

    def text(self) -> str:
        """Everything, as Prometheus reads it."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield from self.sync.lines("kubeproxy_sync_proxy_rules_duration_seconds")
        yield from self.full_sync.lines("kubeproxy_sync_full_proxy_rules_duration_seconds")
        yield from self.partial_sync.lines("kubeproxy_sync_partial_proxy_rules_duration_seconds")
        yield from self.programming.lines("kubeproxy_network_programming_duration_seconds")
        yield from self.conntrack.lines("kubeproxy_conntrack_reconciler_sync_duration_seconds")
        for name, (kind, value) in self.values.items():
            yield f"# TYPE kubeproxy_{name} {kind}"
            yield f"kubeproxy_{name} {value}"
        for name in sorted({name for name, _ in self.answers}):
            yield f"# TYPE kubeproxy_{name} counter"
            yield from (f'kubeproxy_{name}{{code="{code}"}} {count}' for (each, code), count in
                        sorted(self.answers.items()) if each == name)  # fmt: skip
