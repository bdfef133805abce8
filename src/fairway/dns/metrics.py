"""Metrics: what the DNS server counts, under CoreDNS's names, in the text format of Prometheus.

Shape: an answer's counter is a list of one number that is fetched once and raised by whoever gives the answer.
Source: CoreDNS docs, plugins "metrics", "cache", "forward" and "kubernetes"; Prometheus docs, "Exposition formats".
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from fairway.dns.wire import NOERROR, NXDOMAIN, RCODE_NAMES, TYPE_NAMES
from fairway.transport.exposition import Histogram, sample

_ANSWER_BOUNDS_S: Final = tuple(0.00025 * 2**power for power in range(16))
_PROGRAMMING_BOUNDS_S: Final = tuple(0.001 * 2**power for power in range(20))
SERVICE_KINDS: Final = ("headless_with_selector", "headless_without_selector")
"""Those of which is known when they changed: a slice says it, a Service does not."""


class DnsMetrics:
    """Everything that the server counts."""

    def __init__(self, server: str = "dns://:53", zone: str = "cluster.local.") -> None:
        self.hits = {"success": 0, "denial": 0}
        self.cache_misses = self.cache_evictions = self.served_stale = 0
        self.cache_entries = 0
        self.prepared_answers: Callable[[], int] = lambda: 0
        self.forward_failures = self.forward_rejects = self.panics = 0
        self.programming = {kind: Histogram(_PROGRAMMING_BOUNDS_S) for kind in SERVICE_KINDS}
        self.own_durations, self.other_durations = Histogram(_ANSWER_BOUNDS_S), Histogram(_ANSWER_BOUNDS_S)
        self._server, self._zone = server, zone
        self._answers: dict[tuple[str, int, str, str, str], list[int]] = {}
        self._forwards: dict[tuple[str, str], Histogram] = {}

    def answers(self, protocol: str, family: int, kind: int, rcode: int, *, is_own: bool) -> list[int]:
        """The counter of the answers of one sort; ``family`` is 1 for IPv4 and 2 for IPv6."""
        key = (
            protocol, family, TYPE_NAMES.get(kind, "other"), RCODE_NAMES.get(rcode, str(rcode)),
            self._zone if is_own else ".",
        )  # fmt: skip
        return self._answers.setdefault(key, [0])

    def cache_hit(self, rcode: int, answers: int) -> None:
        """One answer from memory."""
        self.hits["denial" if rcode == NXDOMAIN or (rcode == NOERROR and not answers) else "success"] += 1

    def forwarded(self, to: str, rcode: int, seconds: float) -> None:
        """One answer of another server; ``to`` is its address with the port."""
        key = (to, RCODE_NAMES.get(rcode, str(rcode)))
        self._forwards.setdefault(key, Histogram(_ANSWER_BOUNDS_S)).observe(seconds)

    def text(self) -> str:
        """Everything, as Prometheus reads it."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield from self._answer_lines()
        yield from self._cache_lines()
        yield from self._forward_lines()
        yield from _plain("coredns_panics_total", "counter", {"": self.panics})
        yield from _plain("fairway_dns_prepared_answers", "gauge", {"": self.prepared_answers()})
        kinds = {f'service_kind="{kind}"': histogram for kind, histogram in self.programming.items()}
        yield from _histograms("coredns_kubernetes_dns_programming_duration_seconds", kinds)

    def _answer_lines(self) -> Iterator[str]:
        requests: dict[str, int] = {}
        responses: dict[str, int] = {}
        for (protocol, family, kind, rcode, zone), (count,) in self._answers.items():
            if not count:
                continue  # an answer kept ready for a family that has not asked yet
            where = self._where(zone)
            asked = f'{where},proto="{protocol}",family="{family}",type="{kind}"'
            requests[asked] = requests.get(asked, 0) + count
            said = f'{where},rcode="{rcode}",plugin="{"kubernetes" if zone != "." else "forward"}"'
            responses[said] = responses.get(said, 0) + count
        yield from _plain("coredns_dns_requests_total", "counter", requests)
        yield from _plain("coredns_dns_responses_total", "counter", responses)
        durations = {self._where(self._zone): self.own_durations, self._where("."): self.other_durations}
        yield from _histograms("coredns_dns_request_duration_seconds", durations)

    def _cache_lines(self) -> Iterator[str]:
        where = f'server="{self._server}",zones=".",view=""'
        hits = {f'{where},type="{kind}"': count for kind, count in self.hits.items()}
        requests = self.cache_misses + sum(self.hits.values())
        yield from _plain("coredns_cache_requests_total", "counter", {where: requests})
        yield from _plain("coredns_cache_hits_total", "counter", hits)
        yield from _plain("coredns_cache_misses_total", "counter", {where: self.cache_misses})
        yield from _plain("coredns_cache_served_stale_total", "counter", {where: self.served_stale})
        yield from _plain("coredns_cache_evictions_total", "counter", {f'{where},type="success"': self.cache_evictions})
        yield from _plain("coredns_cache_entries", "gauge", {f'{where},type="success"': self.cache_entries})

    def _forward_lines(self) -> Iterator[str]:
        requests: dict[str, int] = {}
        responses: dict[str, int] = {}
        for (to, rcode), histogram in self._forwards.items():
            requests[f'to="{to}"'] = requests.get(f'to="{to}"', 0) + histogram.count
            responses[f'to="{to}",rcode="{rcode}"'] = histogram.count
        yield from _plain("coredns_forward_requests_total", "counter", requests)
        yield from _plain("coredns_forward_responses_total", "counter", responses)
        yield from _plain("coredns_forward_healthcheck_broken_total", "counter", {"": self.forward_failures})
        yield from _plain("coredns_forward_max_concurrent_rejects_total", "counter", {"": self.forward_rejects})
        durations = {
            f'proxy_name="forward",to="{to}",rcode="{rcode}"': each for (to, rcode), each in self._forwards.items()
        }
        yield from _histograms("coredns_proxy_request_duration_seconds", durations)

    def _where(self, zone: str) -> str:
        return f'server="{self._server}",zone="{zone}",view=""'


def _plain(name: str, kind: str, values: Mapping[str, int]) -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    for labels, value in values.items():
        yield sample(name, labels, value)


def _histograms(name: str, histograms: Mapping[str, Histogram]) -> Iterator[str]:
    yield f"# TYPE {name} histogram"
    for labels, histogram in histograms.items():
        yield from histogram.lines(name, labels)
