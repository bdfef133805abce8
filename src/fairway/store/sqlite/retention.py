"""Retention: how much history a store keeps by itself.  Pure: the clock is an argument.

Source: kube-apiserver compacts etcd every five minutes; watch clients resume within that time.
"""

from collections import deque
from dataclasses import dataclass

from fairway.store.interface import Revision


@dataclass(frozen=True, slots=True)
class Retention:
    """Superseded values stay for at least ``keep_s`` seconds and ``keep_revisions`` revisions.

    ``period_s`` is how often it is looked at; a compaction for fewer than ``least_revisions`` is not worth its writes.
    """

    keep_s: float = 300.0
    keep_revisions: int = 10_000
    period_s: float = 60.0
    least_revisions: int = 1_000


DEFAULT_RETENTION = Retention()


class RevisionTimes:
    """Which revision was the newest at which time, as far back as it matters."""

    __slots__ = ("_retention", "_seen")

    def __init__(self, retention: Retention) -> None:
        self._retention = retention
        self._seen: deque[tuple[float, Revision]] = deque()

    def due(self, now_s: float, newest: Revision, compacted: Revision) -> Revision | None:
        """Note the newest revision and give the one to compact to, if any."""
        if not self._seen or self._seen[-1][1] != newest:
            self._seen.append((now_s, newest))
        old_enough: Revision | None = None
        while self._seen and self._seen[0][0] <= now_s - self._retention.keep_s:
            old_enough = self._seen[0][1]
            if len(self._seen) == 1 or self._seen[1][0] > now_s - self._retention.keep_s:
                break
            self._seen.popleft()
        if old_enough is None:
            return None
        before = Revision(min(old_enough, newest - self._retention.keep_revisions))
        return before if before - compacted >= self._retention.least_revisions else None
