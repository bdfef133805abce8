"""The Store seam: a revisioned map of keys to bytes, with watch.

Shape: ``commit`` takes a batch and gives one revision; ``watch`` gives every later change in order.
Rules for drivers: a commit is acknowledged only when it is durable (fsync); events of one commit come together and
in the order of its puts; a watcher sees a commit no later than the committer does.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import NewType, Protocol

Revision = NewType("Revision", int)
"""A point in the store's history; every commit has a higher one."""
ABSENT = Revision(0)
"""As ``Put.expect``: the key must not exist yet."""


@dataclass(frozen=True, slots=True)
class Put:
    """Write ``value`` (``None``: delete) if the key is still at ``expect`` (``None``: any)."""

    key: str
    value: bytes | None
    expect: Revision | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One key as of one revision; ``value`` is ``None`` where it was deleted."""

    key: str
    value: bytes | None
    revision: Revision


class StoreConflict(Exception):
    """An expectation did not hold; nothing was written.  ``key`` is the first that failed."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key}: changed since it was read")
        self.key = key


class StoreCompacted(Exception):
    """The revision asked for is older than the store remembers: list again."""


class StoreFailure(Exception):
    """The storage refused (disk full, I/O error, lost connection); nothing of the batch was acknowledged."""


class Store(Protocol):
    """Every method is atomic.  Drivers: sqlite, etcd."""

    async def commit(self, puts: Sequence[Put]) -> Revision:
        """All of ``puts`` or none.  Raises: ``StoreConflict``, ``StoreFailure``."""

    async def read(self, prefix: str, at: Revision | None = None) -> tuple[list[Entry], Revision]:
        """Live entries under ``prefix`` in key order, and the revision they are of.  Raises: ``StoreCompacted``."""

    def watch(self, prefix: str, after: Revision) -> AsyncIterator[Sequence[Entry]]:
        """Every later change under ``prefix``, in order, one item per commit.  Raises: ``StoreCompacted``."""

    async def compact(self, before: Revision) -> None:
        """Forget what was superseded before ``before``; older reads and watches raise ``StoreCompacted``."""

    async def close(self) -> None:
        """Finish what was accepted and let go of the files or connections."""
