"""Metrics: what the proxy counts, under kube-proxy's names, in the text format of Prometheus.

Shape: plain counters and histograms, apart for each address family as upstream's two proxies have them (label
``ip_family``); the text is made when somebody asks for it.
Source: Kubernetes docs, "Kubernetes Metrics Reference"; Prometheus docs, "Exposition formats".
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from fairway.transport.exposition import Histogram

SYNC_BOUNDS_S: Final = tuple(0.001 * 2**power for power in range(15))
PROGRAMMING_BOUNDS_S: Final = (
    0.25, 0.5, *(float(second) for second in range(1, 60)), *(float(second) for second in range(60, 120, 5)),
    *(float(second) for second in range(120, 301, 30)),
)  # fmt: skip


class Value(NamedTuple):
    """A number that is no histogram."""

    name: str
    type: str
    help: str


QUEUED: Final = "sync_proxy_rules_last_queued_timestamp_seconds"
SYNCED: Final = "sync_proxy_rules_last_timestamp_seconds"
FAILURES: Final = "sync_proxy_rules_nftables_sync_failures_total"
ENDED: Final = "conntrack_reconciler_deleted_entries_total"
NO_LOCAL: Final = "sync_proxy_rules_no_local_endpoints_total"

_VALUES: Final = (
    Value(SYNCED, "gauge", "When the kernel was last as it should be, in Unix time."),
    Value(QUEUED, "gauge", "When a change last came, in Unix time."),
    Value("sync_proxy_rules_service_changes_pending", "gauge", "Changes of Services that are not yet in the kernel."),
    Value("sync_proxy_rules_service_changes_total", "counter", "Changes of Services."),
    Value("sync_proxy_rules_endpoint_changes_pending", "gauge", "Changes of endpoints that are not yet in the kernel."),
    Value("sync_proxy_rules_endpoint_changes_total", "counter", "Changes of endpoints."),
    Value(FAILURES, "counter", "Transactions that the kernel has refused."),
    Value("sync_proxy_rules_nftables_cleanup_failures_total", "counter", "Clean-ups that the kernel has refused."),
    Value(ENDED, "counter", "Entries of connection tracking that led to endpoints which are gone, and were deleted."),
)


class FamilyMetrics:
    """What is counted for one address family."""

    def __init__(self) -> None:
        self.sync = Histogram(SYNC_BOUNDS_S)
        self.full_sync = Histogram(SYNC_BOUNDS_S)
        self.partial_sync = Histogram(SYNC_BOUNDS_S)
        self.programming = Histogram(PROGRAMMING_BOUNDS_S)
        self.conntrack = Histogram(SYNC_BOUNDS_S)
        self.values: dict[str, float] = {each.name: 0 for each in _VALUES}
        self.no_local = {"internal": 0, "external": 0}

    def add(self, name: str, value: float = 1) -> None:
        """Raise a counter."""
        self.values[name] += value


_HISTOGRAMS: Final[tuple[tuple[str, str, Callable[[FamilyMetrics], Histogram]], ...]] = (
    ("sync_proxy_rules_duration_seconds", "How long a synchronization took.", lambda each: each.sync),
    ("sync_full_proxy_rules_duration_seconds", "How long one of everything took.", lambda each: each.full_sync),
    ("sync_partial_proxy_rules_duration_seconds", "How long one of changes took.", lambda each: each.partial_sync),
    ("network_programming_duration_seconds", "From a change to its rules, in seconds.", lambda each: each.programming),
    ("conntrack_reconciler_sync_duration_seconds", "How long a look at all flows took.", lambda each: each.conntrack),
)
_ANSWERS: Final = {
    "proxy_healthz_total": "Answers to /healthz, by code.",
    "proxy_livez_total": "Answers to /livez, by code.",
}


class ProxyMetrics:
    """Everything that the proxy counts."""

    def __init__(self) -> None:
        self._families: dict[int, FamilyMetrics] = {}
        self._answers: Counter[tuple[str, int]] = Counter()

    def of(self, family: int) -> FamilyMetrics:
        """What is counted for IPv4 or IPv6."""
        return self._families.setdefault(family, FamilyMetrics())

    def answered(self, path: str, code: int) -> None:
        """Somebody asked ``healthz`` or ``livez``."""
        self._answers[f"proxy_{path}_total", code] += 1

    def text(self) -> str:
        """Everything, as Prometheus reads it."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        families = [(f'ip_family="IPv{family}"', each) for family, each in sorted(self._families.items())]
        for name, about, histogram in _HISTOGRAMS:
            yield from _head(name, "histogram", about)
            for label, each in families:
                yield from histogram(each).lines(f"kubeproxy_{name}", label)
        for name, kind, about in _VALUES:
            yield from _head(name, kind, about)
            yield from (f"kubeproxy_{name}{{{label}}} {each.values[name]}" for label, each in families)
        yield from _head(NO_LOCAL, "gauge", "Service ports with a policy Local whose endpoints are all elsewhere.")
        for label, each in families:
            for policy, count in each.no_local.items():
                yield f'kubeproxy_{NO_LOCAL}{{{label},traffic_policy="{policy}"}} {count}'
        for name, about in _ANSWERS.items():
            yield from _head(name, "counter", about)
            yield from (f'kubeproxy_{name}{{code="{code}"}} {count}' for (each, code), count in
                        sorted(self._answers.items()) if each == name)  # fmt: skip


def _head(name: str, kind: str, about: str) -> Iterator[str]:
    yield f"# HELP kubeproxy_{name} {about}"
    yield f"# TYPE kubeproxy_{name} {kind}"
