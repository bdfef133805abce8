"""AdmissionMetrics: how often webhooks and policies were asked, how long that took, and what they refused.

Source: Kubernetes docs, "Kubernetes Metrics Reference".
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from fairway.transport.exposition import Histogram, sample

_WEBHOOK, _CONDITION = "apiserver_admission_webhook", "apiserver_admission_match_condition"
_BOUNDS_S = (0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 10, 25)
_POLICY_BOUNDS_S = (0.0000005, 0.001, 0.01, 0.1, 1.0)
_CONDITION_BOUNDS_S = (0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25)
_CODE_MAX = 600
NO_ERROR, CALLING, INTERNAL = "no_error", "calling_webhook_error", "apiserver_internal_error"
"""What was wrong when a webhook's request was refused."""
INVALID = "invalid_error"
"""What was wrong when a policy's expression failed."""
Named = tuple[tuple[str, str], ...]


class Conditioned(NamedTuple):
    """What has match conditions: a ``webhook`` or a ``policy``, what it does, and its name."""

    kind: str
    type: str
    name: str


class AdmissionMetrics:
    """Counts since the start; nothing is kept of what nobody asked for."""

    def __init__(self) -> None:
        self._durations: dict[Named, Histogram] = {}
        self._requests: Counter[Named] = Counter()
        self._refusals: Counter[Named] = Counter()
        self._open: Counter[Named] = Counter()
        self._checks: dict[Named, Histogram] = {}
        self._changes: dict[Named, Histogram] = {}
        self._conditions: dict[Named, Histogram] = {}
        self._excluded: Counter[Named] = Counter()
        self._condition_errors: Counter[Named] = Counter()

    def webhook(self, name: str, operation: str, seconds: float, code: int, *, mutating: bool, refused: str) -> None:
        """One was asked; ``refused`` says what was wrong if the request was refused, and is empty else."""
        code, rejected = min(code, _CODE_MAX), "true" if refused else "false"
        about: Named = (("name", name), ("operation", operation), ("rejected", rejected), ("type", _type(mutating)))
        self._durations.setdefault(about, Histogram(_BOUNDS_S)).observe(seconds)
        self._requests[("code", str(code)), *about] += 1
        if refused:
            key = (
                ("error_type", refused), ("name", name), ("operation", operation), ("rejection_code", str(code)),
                ("type", _type(mutating)),
            )  # fmt: skip
            self._refusals[key] += 1

    def failed_open(self, name: str, *, mutating: bool) -> None:
        """One failed, and the request went on."""
        self._open[("name", name), ("type", _type(mutating))] += 1

    def check(self, policy: str, binding: str, action: str, seconds: float, error: str = NO_ERROR) -> None:
        """A policy found something wrong, and this was done about it: ``deny``, ``warn``, ``audit``, ``allow``."""
        key = (("enforcement_action", action), ("error_type", error), ("policy", policy), ("policy_binding", binding))
        self._checks.setdefault(key, Histogram(_POLICY_BOUNDS_S)).observe(seconds)

    def changed(self, policy: str, binding: str, seconds: float, error: str = NO_ERROR) -> None:
        """A policy changed an object, or could not."""
        key = (("error_type", error), ("policy", policy), ("policy_binding", binding))
        self._changes.setdefault(key, Histogram(_POLICY_BOUNDS_S)).observe(seconds)

    def conditions(self, whose: Conditioned, operation: str, seconds: float, is_excluded: bool, errors: int) -> None:
        """Match conditions were asked; ``errors`` of them failed."""
        key = (("kind", whose.kind), ("name", whose.name), ("operation", operation), ("type", whose.type))
        self._conditions.setdefault(key, Histogram(_CONDITION_BOUNDS_S)).observe(seconds)
        if is_excluded:
            self._excluded[key] += 1
        elif errors:
            self._condition_errors[key] += errors

    def lines(self) -> Iterator[str]:
        """Everything, in the text format of Prometheus."""
        yield from _histograms(f"{_WEBHOOK}_admission_duration_seconds", self._durations)
        yield from _counters(f"{_WEBHOOK}_request_total", self._requests)
        yield from _counters(f"{_WEBHOOK}_rejection_count", self._refusals)
        yield from _counters(f"{_WEBHOOK}_fail_open_count", self._open)
        policies = "apiserver_validating_admission_policy_check"
        yield from _counters(f"{policies}_total", {key: one.count for key, one in self._checks.items()})
        yield from _histograms(f"{policies}_duration_seconds", self._checks)
        changes = "apiserver_mutating_admission_policy_check"
        yield from _counters(f"{changes}_total", {key: one.count for key, one in self._changes.items()})
        yield from _histograms(f"{changes}_duration_seconds", self._changes)
        yield from _counters(f"{_CONDITION}_evaluation_errors_total", self._condition_errors)
        yield from _histograms(f"{_CONDITION}_evaluation_seconds", self._conditions)
        yield from _counters(f"{_CONDITION}_exclusions_total", self._excluded)


def _type(mutating: bool) -> str:
    return "admit" if mutating else "validating"


def _labels(key: Iterable[tuple[str, str]]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in key)


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _counters(name: str, found: Mapping[Named, int]) -> Iterator[str]:
    if found:
        yield f"# TYPE {name} counter"
        yield from (sample(name, _labels(key), count) for key, count in found.items())


def _histograms(name: str, found: Mapping[Named, Histogram]) -> Iterator[str]:
    if found:
        yield f"# TYPE {name} histogram"
        for key, one in found.items():
            yield from one.lines(name, _labels(key))
