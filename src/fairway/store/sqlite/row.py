"""Row: one write as it lies in the table, and how its id holds the revision.  Pure.

Shape: ``id`` = revision * 2**20 + place in the commit, so that ids grow with revisions, rows of one commit are
neighbours, and the table needs no second index.
"""

from collections.abc import Sequence
from typing import NamedTuple

from fairway.store.interface import Entry, Revision

PLACE_BITS = 20
MAX_PUTS = 1 << PLACE_BITS
"""Puts in one commit."""


class Row(NamedTuple):
    """One line of the table: ``previous`` is the id that it supersedes, or 0; ``value`` is ``None`` in a delete."""

    id: int
    previous: int
    key: str
    value: bytes | None


def revision_of(row_id: int) -> Revision:
    """The revision in which the row was written."""
    return Revision(row_id >> PLACE_BITS)


def first_id(revision: int) -> int:
    """The smallest id that a row of ``revision`` may have."""
    return revision << PLACE_BITS


def entries(rows: Sequence[tuple[int, int, str, bytes | None]]) -> tuple[Entry, ...]:
    """The rows of one commit as its watchers see them."""
    revision = revision_of(rows[0][0])
    return tuple([Entry(key, value, revision) for _, _, key, value in rows])
