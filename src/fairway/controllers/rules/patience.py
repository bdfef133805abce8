"""Patience: what is costly to look at waits a little, so that many changes become one look and others come first.

Shape: state without a clock; times are in seconds of any clock that only goes forward.
"""

from collections.abc import Hashable


class Patience:
    """When each key may be looked at: a while after the first change that it has not been looked at for."""

    def __init__(self) -> None:
        self._due: dict[Hashable, float] = {}

    def wait_s(self, key: Hashable, patience_s: float, now: float) -> float:
        """How long the key still has to wait; 0, once, when its time has come."""
        due = self._due.setdefault(key, now + patience_s)
        if now < due:
            return due - now
        del self._due[key]
        return 0.0

    def forget(self, key: Hashable) -> None:
        """The key is gone."""
        self._due.pop(key, None)
