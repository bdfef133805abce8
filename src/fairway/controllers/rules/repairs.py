"""Repairs: how we left what we write, whether somebody else has changed it since, and when to put it right.

Shape: state of one key without a clock; times are in seconds of any clock that only goes forward.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from fairway.objects import Object

REPAIR_S = 1.0
"""The least time between two repairs, so that no two writers race."""


@dataclass(slots=True)
class Repairs:
    """``written``: resourceVersion by name as we left it.  ``touched``: names that were seen to change since."""

    written: dict[str, str] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    repaired_s: float = -REPAIR_S

    def wrote(self, found: Object) -> None:
        """``found`` is the server's answer to a write of ours."""
        meta = found["metadata"]
        self.written[meta["name"]] = meta["resourceVersion"]

    def removed(self, name: str) -> None:
        """We have deleted it."""
        self.written.pop(name, None)

    def is_ours(self, found: Object) -> bool:
        """Whether it is as we left it."""
        meta = found["metadata"]
        return bool(self.written.get(meta["name"]) == meta["resourceVersion"])

    def take_foreign(self, current: Callable[[str], Object | None]) -> bool:
        """Whether something touched is not as we left it; ``current`` gives it as cached."""
        touched, self.touched = self.touched, set()
        return any(self._is_foreign(name, current(name)) for name in touched)

    def _is_foreign(self, name: str, found: Object | None) -> bool:
        return name in self.written if found is None else not self.is_ours(found)

    def wait_s(self, now: float) -> float:
        """The seconds until what somebody else changed may be put right; 0 if that is now."""
        wait_s = self.repaired_s + REPAIR_S - now
        if 0 < wait_s <= REPAIR_S:
            return wait_s
        self.repaired_s = now
        return 0.0
