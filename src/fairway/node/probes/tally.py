"""Tally: when a probe's answers turn into a verdict, and when the next one is due.  Pure.

A readiness probe that has never succeeded is asked more often at first: after 10 ms, 20 ms, 40 ms and so on until the
first whole period has gone by.  A container is thus ready milliseconds after its server listens and not up to a period
later.  These early failures are neither counted nor told, so that periodSeconds and failureThreshold mean what they
mean in Kubernetes.  Startup probes do the same.  Commands are costlier to run and begin at 250 ms.
Source: Kubernetes docs, "Configure Liveness, Readiness and Startup Probes".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FIRST_RETRY_S = 0.01
FIRST_COMMAND_RETRY_S = 0.25


@dataclass(frozen=True, slots=True)
class Timing:
    """The numbers of one probe, defaults filled in."""

    initial_delay_s: float
    period_s: float
    timeout_s: float
    success_threshold: int
    failure_threshold: int


def timing(probe: Mapping[str, Any]) -> Timing:
    """The timing of a probe as it stands in a pod."""
    return Timing(
        probe.get("initialDelaySeconds") or 0, probe.get("periodSeconds") or 10, probe.get("timeoutSeconds") or 1,
        probe.get("successThreshold") or 1, probe.get("failureThreshold") or 3,
    )  # fmt: skip


@dataclass(slots=True)
class Tally:
    """Answers in a row, and what they amount to.  ``verdict`` is ``None`` until a threshold is reached."""

    timing: Timing
    is_hasty: bool = False
    first_retry_s: float = FIRST_RETRY_S
    verdict: bool | None = None
    _is_last_success: bool = False
    _run: int = 0
    _retry_s: float = 0.0
    _hasty_s: float = 0.0

    def is_counted(self) -> bool:
        """Whether a failure now counts: the first whole period has gone by."""
        return not self.is_hasty or self._hasty_s >= self.timing.period_s

    def take(self, *, is_success: bool) -> float:
        """Count one answer; the seconds until the next one."""
        if not is_success and not self.is_counted():
            return self._hasty_delay_s()
        self.is_hasty = False
        self._run = self._run + 1 if self._is_last_success == is_success else 1
        self._is_last_success = is_success
        needed = self.timing.success_threshold if is_success else self.timing.failure_threshold
        if self._run >= needed:
            self.verdict = is_success
        return self.timing.period_s

    def _hasty_delay_s(self) -> float:
        self._retry_s = self._retry_s * 2 if self._retry_s else self.first_retry_s
        delay_s = min(self._retry_s, self.timing.period_s - self._hasty_s)
        self._hasty_s += delay_s
        return delay_s
