"""Patience: what is costly to look at waits a little, so that many changes become one look and others come first.

Shape: state without a clock; times are in seconds of any clock that only goes forward.
Rule for those who use it: say ``served`` only when all went well; after a failure the queue's back-off decides alone.
"""

from collections.abc import Hashable


class Patience:
    """When each key may be looked at: a while after the first change that it has not been looked at for."""

    def __init__(self) -> None:
        self._due: dict[Hashable, float] = {}

    def wait_s(self, key: Hashable, patience_s: float, now: float) -> float:
        """How long the key still has to wait; 0 from when its time has come until it is ``served``."""
        return max(0.0, self._due.setdefault(key, now + patience_s) - now)

    def served(self, key: Hashable) -> None:
        """The key has been looked at, or is gone: the next change waits anew."""
        self._due.pop(key, None)
