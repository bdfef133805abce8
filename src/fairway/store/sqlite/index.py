"""Index: which row holds each key now, and the decision whether a commit may happen.  Pure.

Shape: ``decide`` checks a batch and gives its rows; ``settle`` is called when they are durable, in the same order;
``roll_back`` forgets everything that was decided but did not become durable.
Rules for those who change it: expectations are checked against what was decided, reads see what is durable.
"""

from collections.abc import Sequence

from fairway.store.interface import Put, Revision, StoreConflict
from fairway.store.sqlite.row import MAX_PUTS, PLACE_BITS, Row, first_id


class Index:
    """Key to row id, for durable rows and, laid over it, for those on their way to the disk."""

    __slots__ = ("_durable", "_pending", "decided_revision", "durable_revision")

    def __init__(self, durable: dict[str, int], revision: Revision) -> None:
        self._durable = durable
        self._pending: dict[str, tuple[int, int]] = {}
        """Key to (id of the newest row, id of the live row or 0)."""
        self.durable_revision = revision
        self.decided_revision = revision

    def decide(self, puts: Sequence[Put]) -> tuple[Revision, list[Row]]:
        """The revision and rows of a commit of ``puts``; deletes of keys that do not exist leave no row.

        Raises: ``StoreConflict``; ``ValueError`` if a key stands twice.
        """
        if len(puts) > 1 and (len({put.key for put in puts}) != len(puts) or len(puts) > MAX_PUTS):
            raise ValueError(f"a commit takes every key once and at most {MAX_PUTS} keys")
        found = [self._check(put) for put in puts]
        row_id = first_id(self.decided_revision + 1)
        rows = []
        for put, current in zip(puts, found, strict=True):
            key, value, _ = put.key, put.value, put.expect
            if value is None and not current:
                continue
            rows.append(Row(row_id, current, key, value))
            self._pending[key] = (row_id, 0 if value is None else row_id)
            row_id += 1
        if rows:
            self.decided_revision = Revision(self.decided_revision + 1)
        return self.decided_revision, rows

    def _check(self, put: Put) -> int:
        pending = self._pending.get(put.key)
        current = self._durable.get(put.key, 0) if pending is None else pending[1]
        if put.expect is not None and put.expect != current >> PLACE_BITS:
            raise StoreConflict(put.key)
        return current

    def is_pending(self, key: str) -> bool:
        """Whether a decided write of ``key`` is not durable yet."""
        return key in self._pending

    def settle(self, revision: Revision, rows: Sequence[Row]) -> None:
        """The rows of the next decided commit are durable."""
        durable, pending = self._durable, self._pending
        for row_id, _, key, value in rows:
            if value is None:
                durable.pop(key, None)
            else:
                durable[key] = row_id
            if pending[key][0] == row_id:
                del pending[key]
        self.durable_revision = revision

    def roll_back(self) -> None:
        """What was decided and is not durable never happened."""
        self._pending.clear()
        self.decided_revision = self.durable_revision

    def ids(self, prefix: str) -> list[int]:
        """Ids of the live, durable rows under ``prefix``, in key order."""
        durable = self._durable
        keys = sorted([key for key in durable if key.startswith(prefix)] if prefix else durable)
        return [durable[key] for key in keys]
