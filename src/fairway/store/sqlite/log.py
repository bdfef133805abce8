"""Log: the SQLite file; every statement that Fairway ever sends to it.

Shape: blocking calls; one ``Log`` writes (from one thread), a second one reads.  A statement that succeeds is durable.
Source: SQLite docs, "Write-Ahead Logging", "PRAGMA synchronous", "Incremental vacuum".
Rules for those who change it: the interpreter lock is let go once per step of a statement, and under load it takes long
to come back; so a group of commits is one statement where that is possible.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fairway.store.interface import Entry, Revision, StoreCompacted, StoreFailure
from fairway.store.sqlite.row import PLACE_BITS, Row, entries, first_id, revision_of

APPLICATION_ID = 0x46574159
SCHEMA_VERSION = 1
MEMORY = ":memory:"
_SCHEMA = """
CREATE TABLE log (id INTEGER PRIMARY KEY, previous INTEGER NOT NULL, key TEXT NOT NULL, value BLOB);
CREATE TABLE mark (compacted INTEGER NOT NULL, swept INTEGER NOT NULL);
INSERT INTO mark VALUES (0, 0);
"""
_ROWS_PER_STATEMENT = 48
_INSERTS = [""] + [f"INSERT INTO log VALUES {','.join(['(?,?,?,?)'] * n)}" for n in range(1, _ROWS_PER_STATEMENT + 1)]
_IDS_PER_STATEMENT = 250
_AFTER_ALL_KEYS = "\U0010ffff"
_FREE_PAGES_KEPT = 1024
"""Pages that stay in the file for the next writes."""


def create_file(path: Path) -> None:
    """An empty file that only its owner can read, with a durable name."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    os.chmod(path, 0o600)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Log:
    """One connection to the file.  Every method raises ``StoreFailure`` where SQLite refuses."""

    def __init__(self, path: str, *, is_durable: bool = True) -> None:
        self._path = path
        with self._failures("open"):
            self._sql = sqlite3.connect(
                path, timeout=10, isolation_level=None, check_same_thread=False, cached_statements=128
            )
        try:
            self._prepare(is_durable=is_durable)
        except BaseException:
            self._sql.close()
            raise

    def _prepare(self, *, is_durable: bool) -> None:
        with self._failures("open"):
            version = self._pragma("user_version")
            if not self._sql.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                self._create()
                version = self._pragma("user_version")
            if self._pragma("application_id") != APPLICATION_ID:
                raise StoreFailure(f"{self._path} is not a Fairway store: give another path or move it away")
            if version != SCHEMA_VERSION:
                raise StoreFailure(
                    f"store {self._path} has schema version {version}, this Fairway knows {SCHEMA_VERSION}: "
                    "run the Fairway that wrote it"
                )
            self._sql.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'OFF'}")
            self._sql.execute("PRAGMA wal_autocheckpoint = 0")
            self._sql.execute("PRAGMA journal_size_limit = 33554432")
            self._sql.execute("PRAGMA cache_size = -4096")
            self._sql.execute("PRAGMA secure_delete = FAST")

    def _create(self) -> None:
        self._sql.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self._sql.execute("PRAGMA journal_mode = WAL")
        self._sql.executescript(
            f"BEGIN;{_SCHEMA}PRAGMA application_id = {APPLICATION_ID};PRAGMA user_version = {SCHEMA_VERSION};COMMIT;"
        )

    def _pragma(self, name: str) -> int:
        value: int = self._sql.execute(f"PRAGMA {name}").fetchone()[0]
        return value

    @contextmanager
    def _failures(self, action: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorname", "")
            raise StoreFailure(f"store {self._path}: {action} failed: {error} {code}".rstrip()) from error

    @contextmanager
    def _transaction(self, start: str = "BEGIN IMMEDIATE") -> Iterator[None]:
        self._sql.execute(start)
        try:
            yield
            self._sql.execute("COMMIT")
        except BaseException:
            if self._sql.in_transaction:
                self._sql.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._sql.close()

    # Writing.

    def append(self, rows: Sequence[Row]) -> None:
        """Make ``rows`` durable, all or none."""
        with self._failures("write"):
            if len(rows) <= _ROWS_PER_STATEMENT:
                self._insert(rows)
            else:
                with self._transaction():
                    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
                        self._insert(rows[start : start + _ROWS_PER_STATEMENT])

    def _insert(self, rows: Sequence[Row]) -> None:
        self._sql.execute(_INSERTS[len(rows)], [value for row in rows for value in row])

    def checkpoint(self, *, is_last: bool = False) -> int:
        """Move what is in the write-ahead log into the main file; gives the pages that the log holds.

        Any connection may do it while another one writes; once all is moved, the next write starts the log anew.
        """
        with self._failures("checkpoint"):
            mode = "TRUNCATE" if is_last else "PASSIVE"
            _, pages, _ = self._sql.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
            return int(pages)

    # Reading.

    def load(self) -> tuple[dict[str, int], Revision, Revision, Revision]:
        """Live keys and their ids, the newest revision, and the revisions compacted and swept."""
        with self._failures("read"):
            compacted, swept = self._sql.execute("SELECT compacted, swept FROM mark").fetchone()
            live: dict[str, int] = {}
            newest = first_id(compacted)
            for row_id, key, is_delete in self._sql.execute("SELECT id, key, value IS NULL FROM log ORDER BY id"):
                newest = row_id
                if is_delete:
                    live.pop(key, None)
                else:
                    live[key] = row_id
            # An empty store is at 1, as etcd's is: to the API's clients "0" means any revision.
            newest_revision = max(revision_of(newest), Revision(compacted), Revision(1))
            return live, newest_revision, Revision(compacted), Revision(swept)

    def fetch(self, ids: Sequence[int]) -> list[Entry] | None:
        """The rows with these ids, in that order; ``None`` if one is gone, which only compaction can do."""
        found: dict[int, Entry] = {}
        with self._failures("read"), self._transaction("BEGIN"):
            for start in range(0, len(ids), _IDS_PER_STATEMENT):
                wanted = ids[start : start + _IDS_PER_STATEMENT]
                marks = ",".join("?" * len(wanted))
                for row_id, key, value in self._sql.execute(
                    f"SELECT id, key, value FROM log WHERE id IN ({marks})", wanted
                ):
                    found[row_id] = Entry(key, value, revision_of(row_id))
        return [found[row_id] for row_id in ids] if len(found) == len(ids) else None

    def read_at(self, prefix: str, revision: Revision) -> list[Entry]:
        """Live entries under ``prefix`` as of ``revision``, in key order.  Raises: ``StoreCompacted``."""
        with self._failures("read"), self._transaction("BEGIN"):
            self._check_compaction(revision)
            rows = self._sql.execute(
                "SELECT log.id, log.key, log.value FROM"
                " (SELECT max(id) AS id FROM log WHERE id < ? AND key >= ? AND key < ? GROUP BY key) AS newest"
                " JOIN log ON log.id = newest.id WHERE log.value IS NOT NULL ORDER BY log.key",
                (first_id(revision + 1), prefix, prefix + _AFTER_ALL_KEYS),
            ).fetchall()
        return [Entry(key, value, revision_of(row_id)) for row_id, key, value in rows]

    def history(
        self, prefix: str, after: Revision, until: Revision, limit: int
    ) -> tuple[list[tuple[Entry, ...]], Revision]:
        """Changes under ``prefix`` later than ``after``, one item per commit, and the revision that this reaches.

        Reaches ``until``, or less after about ``limit`` rows; a commit is never cut.  Raises: ``StoreCompacted``.
        """
        with self._failures("read"), self._transaction("BEGIN"):
            self._check_compaction(after)
            rows = self._history_rows(prefix, first_id(after + 1), first_id(until + 1), limit)
            if len(rows) == limit:
                until = revision_of(rows[-1][0])
                rows += self._history_rows(prefix, rows[-1][0] + 1, first_id(until + 1), -1)
        commits: list[list[tuple[int, int, str, bytes | None]]] = []
        for row in rows:
            if commits and commits[-1][0][0] >> PLACE_BITS == row[0] >> PLACE_BITS:
                commits[-1].append(row)
            else:
                commits.append([row])
        return [entries(commit) for commit in commits], until

    def _history_rows(self, prefix: str, start: int, end: int, limit: int) -> list[tuple[int, int, str, bytes | None]]:
        return self._sql.execute(
            "SELECT id, previous, key, value FROM log WHERE id >= ? AND id < ? AND key >= ? AND key < ?"
            " ORDER BY id LIMIT ?",
            (start, end, prefix, prefix + _AFTER_ALL_KEYS, limit),
        ).fetchall()

    def _check_compaction(self, revision: Revision) -> None:
        compacted = self._sql.execute("SELECT compacted FROM mark").fetchone()[0]
        if revision < compacted:
            raise StoreCompacted(f"revision {revision} was compacted: the oldest that is kept is {compacted}")

    # Compaction.

    def mark_compacted(self, before: Revision) -> None:
        """From now on nothing older than ``before`` is answered."""
        with self._failures("compact"):
            self._sql.execute("UPDATE mark SET compacted = ? WHERE compacted < ?", (before, before))

    def sweep(self, swept: Revision, before: Revision, limit: int) -> Revision:
        """Delete what the next ``limit`` or so rows after ``swept`` supersede, and give the revision reached.

        A row names what it supersedes, so this costs what was written and not what is stored.
        """
        with self._failures("compact"), self._transaction():
            start, end = first_id(swept + 1), first_id(before + 1)
            cut = self._sql.execute(
                "SELECT id FROM log WHERE id >= ? AND id < ? ORDER BY id LIMIT 1 OFFSET ?", (start, end, limit)
            ).fetchone()
            reached = revision_of(cut[0]) if cut else before
            span = (start, first_id(reached + 1))
            self._sql.execute(
                "DELETE FROM log WHERE id IN"
                " (SELECT previous FROM log WHERE id >= ? AND id < ? AND previous > 0)", span
            )  # fmt: skip
            self._sql.execute("DELETE FROM log WHERE id >= ? AND id < ? AND value IS NULL", span)
            self._sql.execute("UPDATE mark SET swept = ?", (reached,))
        return reached

    def shrink(self, limit_pages: int) -> bool:
        """Give up to ``limit_pages`` free pages back to the file system; whether there are more to give."""
        with self._failures("shrink"):
            spare = self._pragma("freelist_count") - max(_FREE_PAGES_KEPT, self._pragma("page_count") // 4)
            if spare > 0:
                self._sql.execute(f"PRAGMA incremental_vacuum({min(spare, limit_pages)})").fetchall()
            return spare > limit_pages
