"""Metrics: counters and histograms under upstream's names, in the text format of Prometheus.

Shape: recording costs a look-up and two additions; the text is made when somebody asks for it.
Source: Kubernetes docs, "Kubernetes Metrics Reference"; Prometheus docs, "Exposition formats".
"""

import resource
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from fairway.transport.exposition import Histogram

_BOUNDS_S = (
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
)  # fmt: skip
_STARTED = time.time()


class Labels(NamedTuple):
    """What requests are counted by."""

    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    scope: str = ""


class _Series:
    __slots__ = ("codes", "durations")

    def __init__(self) -> None:
        self.codes: dict[int, int] = {}
        self.durations = Histogram(_BOUNDS_S)


class Metrics:
    """What the API server counts about its requests and watches."""

    def __init__(self) -> None:
        self._requests: dict[Labels, _Series] = {}
        self.others: list[Callable[[], Iterable[str]]] = []
        self.watches: dict[Labels, int] = {}
        self.watch_events: dict[tuple[str, str, str], int] = {}

    def observe(self, labels: Labels, code: int, seconds: float) -> None:
        """One request has been answered."""
        series = self._requests.get(labels)
        if series is None:
            series = self._requests[labels] = _Series()
        series.codes[code] = series.codes.get(code, 0) + 1
        series.durations.observe(seconds)

    def watch_opened(self, labels: Labels) -> None:
        """A watch goes on until ``watch_closed``."""
        self.watches[labels] = self.watches.get(labels, 0) + 1

    def watch_closed(self, labels: Labels) -> None:
        """See ``watch_opened``."""
        self.watches[labels] -= 1

    def text(self, objects: Iterable[tuple[str, int]], more: Iterable[str] = ()) -> str:
        """Everything; ``objects`` are the numbers of stored objects by resource, ``more`` are others' lines."""
        return "".join(
            f"{line}\n"
            for part in (
                self._request_lines(), self._watch_lines(), _object_lines(objects), more, self._other_lines(),
                _process_lines(),
            )
            for line in part
        )  # fmt: skip

    def _other_lines(self) -> Iterator[str]:
        """What others in this process count."""
        for lines in self.others:
            yield from lines()

    def _request_lines(self) -> Iterator[str]:
        yield "# HELP apiserver_request_total Counter of apiserver requests."
        yield "# TYPE apiserver_request_total counter"
        for labels, series in self._requests.items():
            for code, count in series.codes.items():
                yield f'apiserver_request_total{{code="{code}",{_shown(labels)},dry_run=""}} {count}'
        name = "apiserver_request_duration_seconds"
        yield f"# HELP {name} Response latency distribution in seconds."
        yield f"# TYPE {name} histogram"
        for labels, series in self._requests.items():
            yield from series.durations.lines(name, f'{_shown(labels)},dry_run=""')

    def _watch_lines(self) -> Iterator[str]:
        yield "# HELP apiserver_longrunning_requests Gauge of all active long-running apiserver requests."
        yield "# TYPE apiserver_longrunning_requests gauge"
        for labels, count in self.watches.items():
            yield f"apiserver_longrunning_requests{{{_shown(labels)}}} {count}"
        yield "# HELP apiserver_watch_events_total Number of events sent in watch clients."
        yield "# TYPE apiserver_watch_events_total counter"
        for (group, version, kind), count in self.watch_events.items():
            yield f'apiserver_watch_events_total{{group="{group}",version="{version}",kind="{kind}"}} {count}'


def _shown(labels: Labels) -> str:
    return (
        f'component="apiserver",group="{labels.group}",resource="{labels.resource}",scope="{labels.scope}",'
        f'subresource="{labels.subresource}",verb="{labels.verb}",version="{labels.version}"'
    )


def _object_lines(objects: Iterable[tuple[str, int]]) -> Iterator[str]:
    yield "# HELP apiserver_storage_objects Number of stored objects by resource."
    yield "# TYPE apiserver_storage_objects gauge"
    for name, count in objects:
        yield f'apiserver_storage_objects{{resource="{name}"}} {count}'


def _process_lines() -> Iterator[str]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield "# TYPE process_cpu_seconds_total counter"
    yield f"process_cpu_seconds_total {used.ru_utime + used.ru_stime:.2f}"
    yield "# TYPE process_start_time_seconds gauge"
    yield f"process_start_time_seconds {_STARTED:.2f}"
    yield "# TYPE process_resident_memory_bytes gauge"
    yield f"process_resident_memory_bytes {_resident_bytes()}"


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
