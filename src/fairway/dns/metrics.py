"""Metrics: what the DNS server counts, under CoreDNS's names, in the text format of Prometheus.

Shape: an answer's counter is a list of one number that is fetched once and raised by whoever gives the answer.
Source: CoreDNS docs, plugins "metrics", "cache", "forward" and "kubernetes"; Prometheus docs, "Exposition formats".
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from fairway.dns.wire import RCODE_NAMES, TYPE_NAMES

_BOUNDS_S: Final = tuple(0.001 * 2**power for power in range(21))
_KIND: Final = "headless_with_selector"


class Histogram:
    """How often a duration fell below each bound."""

    __slots__ = ("_counts", "total_s")

    def __init__(self) -> None:
        self._counts = [0] * (len(_BOUNDS_S) + 1)
        self.total_s = 0.0

    def observe(self, seconds: float) -> None:
        """One duration."""
        self._counts[bisect_left(_BOUNDS_S, seconds)] += 1
        self.total_s += seconds

    def lines(self, name: str, labels: str) -> Iterator[str]:
        """The histogram in text; ``labels`` is not empty."""
        total = 0
        for bound, count in zip((*_BOUNDS_S, "+Inf"), self._counts, strict=True):
            total += count
            yield f'{name}_bucket{{{labels},le="{bound}"}} {total}'
        yield f"{name}_sum{{{labels}}} {self.total_s}"
        yield f"{name}_count{{{labels}}} {total}"


class DnsMetrics:
    """Everything that the server counts."""

    def __init__(self, server: str = "dns://:53", zone: str = "cluster.local.") -> None:
        self.cache_hits = self.cache_misses = self.cache_entries = self.prepared_entries = 0
        self.forward_failures = self.panics = 0
        self.programming = Histogram()
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

    def forwarded(self, host: str, rcode: int, seconds: float) -> None:
        """One answer of another server."""
        key = (host, RCODE_NAMES.get(rcode, str(rcode)))
        self._forwards.setdefault(key, Histogram()).observe(seconds)

    def text(self) -> str:
        """Everything, as Prometheus reads it."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield from self._requests()
        server = f'server="{self._server}"'
        values = (
            ("coredns_panics_total", "counter", "", self.panics),
            ("coredns_cache_hits_total", "counter", f'{server},type="success"', self.cache_hits),
            ("coredns_cache_misses_total", "counter", server, self.cache_misses),
            ("coredns_cache_entries", "gauge", f'{server},type="success"', self.cache_entries),
            ("coredns_forward_healthcheck_broken_total", "counter", "", self.forward_failures),
            ("fairway_dns_prepared_answers", "gauge", "", self.prepared_entries),
        )
        for name, kind, labels, value in values:
            yield f"# TYPE {name} {kind}"
            yield f"{name}{{{labels}}} {value}" if labels else f"{name} {value}"
        name = "coredns_proxy_request_duration_seconds"
        yield f"# TYPE {name} histogram"
        for (host, rcode), histogram in self._forwards.items():
            yield from histogram.lines(name, f'proxy_name="forward",to="{host}:53",rcode="{rcode}"')
        name = "coredns_kubernetes_dns_programming_duration_seconds"
        yield f"# TYPE {name} histogram"
        yield from self.programming.lines(name, f'service_kind="{_KIND}"')

    def _requests(self) -> Iterator[str]:
        requests: dict[str, int] = {}
        responses: dict[str, int] = {}
        for (protocol, family, kind, rcode, zone), (count,) in self._answers.items():
            where = f'server="{self._server}",zone="{zone}",view=""'
            asked = f'{where},proto="{protocol}",family="{family}",type="{kind}"'
            requests[asked] = requests.get(asked, 0) + count
            said = f'{where},rcode="{rcode}",plugin="{"kubernetes" if zone != "." else "forward"}"'
            responses[said] = responses.get(said, 0) + count
        for name, counts in (("coredns_dns_requests_total", requests), ("coredns_dns_responses_total", responses)):
            yield f"# TYPE {name} counter"
            for labels, count in counts.items():
                yield f"{name}{{{labels}}} {count}"
