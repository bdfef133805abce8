"""Back-off: how long a container or an image waits before the next attempt.  Pure: the clock is an argument.

The first retry is immediate; then 10 s, doubled at each attempt up to 300 s; ten quiet minutes forget everything.
Source: Kubernetes docs, "Pod Lifecycle", "How Pods handle problems with containers".
"""

from dataclasses import dataclass

INITIAL_S = 10.0
MAX_S = 300.0
FORGOTTEN_AFTER_S = 600.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """The delay now in force and when it was set (Unix seconds)."""

    delay_s: float
    since_s: float


def extended(previous: Backoff | None, now_s: float, *, initial_s: float = INITIAL_S, max_s: float = MAX_S) -> Backoff:
    """The back-off after one more attempt made at ``now_s``."""
    if previous is None or now_s - previous.since_s > FORGOTTEN_AFTER_S:
        return Backoff(initial_s, now_s)
    return Backoff(min(previous.delay_s * 2, max_s), now_s)


def due_s(backoff: Backoff | None, failed_s: float) -> float:
    """When the next attempt may be made after a failure at ``failed_s``.

    An attempt that lasted for ten minutes before it failed starts afresh.
    """
    if backoff is None or failed_s - backoff.since_s > FORGOTTEN_AFTER_S:
        return failed_s
    return failed_s + backoff.delay_s
