"""SqliteStore: the store in one SQLite file, durable by group commit.

A commit goes through these steps:
1. ``Index.decide`` checks it on the event loop, against all that was decided before, and gives it its revision;
2. the writer thread takes everything that waits and makes it durable in one transaction;
3. back on the event loop, in order, the index settles, watchers get the change, then the committer its answer.
If step 2 fails, every commit that is not durable fails, and the index forgets them.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TypeVar

from fairway.store.interface import Entry, Put, Revision, StoreCompacted, StoreConflict, StoreFailure
from fairway.store.sqlite.index import Index
from fairway.store.sqlite.lock import FileLock
from fairway.store.sqlite.log import MEMORY, Log, create_file
from fairway.store.sqlite.retention import DEFAULT_RETENTION, Retention, RevisionTimes
from fairway.store.sqlite.row import Row, entries
from fairway.store.sqlite.watch import Watcher
from fairway.store.sqlite.writer import Commit, Writer

_log = logging.getLogger("fairway.store")
_SWEEP_ROWS = 512
_SHRINK_PAGES = 512
T = TypeVar("T")


class _Files:
    """What is open: the lock, the writing and the reading connection, and what the file held."""

    def __init__(self, path: str, *, is_durable: bool) -> None:
        self.lock: FileLock | None = None
        try:
            if path != MEMORY:
                self.lock = FileLock(Path(path))
                create_file(Path(path))
            self.writing = Log(path, is_durable=is_durable)
            self.reading = self.writing if path == MEMORY else Log(path)
            self.live, self.revision, self.compacted, self.swept = self.reading.load()
        except BaseException as error:
            self.release()
            if isinstance(error, OSError):
                raise StoreFailure(f"store {path} cannot be opened: {error.strerror}") from error
            raise

    def release(self) -> None:
        """Let others open the store."""
        if self.lock is not None:
            self.lock.release()


class SqliteStore:
    """A ``Store``.  Made by ``await SqliteStore.open(path)``; belongs to the event loop that opened it."""

    def __init__(self, files: _Files, reader: ThreadPoolExecutor, retention: Retention | None) -> None:
        loop = asyncio.get_running_loop()
        turn = threading.Lock()
        self._loop = loop
        self._files = files
        self._reader = reader
        self._reading_turn = turn if files.reading is files.writing else threading.Lock()
        self._index = Index(files.live, files.revision)
        self._compacted = files.compacted
        self._swept = files.swept
        self._compacting = asyncio.Lock()
        self._epoch = 0
        self._waiting: deque[Commit] = deque()
        self._watchers: set[Watcher] = set()
        self._is_closed = False
        aside = self._checkpoint_aside if files.lock is not None else None
        self._writer = Writer(files.writing, turn, loop, self._durable, self._failed, aside)
        self._retaining = loop.create_task(self._retain(retention)) if retention else None

    @classmethod
    async def open(
        cls, path: str | PathLike[str], *, is_durable: bool = True, retention: Retention | None = DEFAULT_RETENTION
    ) -> "SqliteStore":
        """Open or create the store at ``path``, or one in memory (``":memory:"``).

        ``is_durable=False`` leaves fsync out, for tests.  ``retention=None``: compact only when told.
        Raises: ``StoreFailure`` if another process has it, it is no store, or the system refuses.
        """
        reader = ThreadPoolExecutor(1, "fairway-store-reader")
        try:
            files = await asyncio.get_running_loop().run_in_executor(
                reader, lambda: _Files(str(path), is_durable=is_durable)
            )
        except BaseException:
            reader.shutdown(wait=False)
            raise
        return cls(files, reader, retention)

    @property
    def revision(self) -> Revision:
        """The newest durable revision."""
        return self._index.durable_revision

    @property
    def compacted_revision(self) -> Revision:
        """The oldest revision that can still be read and watched from."""
        return self._compacted

    # Committing.

    async def commit(self, puts: Sequence[Put]) -> Revision:
        """See ``Store``.  A commit that changes nothing waits for those before it and gives their revision."""
        self._check_open()
        try:
            revision, rows = self._index.decide(puts)
        except StoreConflict as conflict:
            if self._index.is_pending(conflict.key):
                # Whoever hears of the conflict must be able to read what it is about.
                await self._write(self._index.decided_revision, [])
            raise
        return await self._write(revision, rows)

    def _write(self, revision: Revision, rows: list[Row]) -> "asyncio.Future[Revision]":
        commit = Commit(revision, rows, self._epoch, self._loop.create_future())
        self._waiting.append(commit)
        self._writer.add(commit)
        return commit.done

    def _durable(self, group: list[Commit]) -> None:
        index, waiting, watchers = self._index, self._waiting, self._watchers
        for commit in group:
            waiting.popleft()
            if commit.rows:
                index.settle(commit.revision, commit.rows)
                if watchers:
                    changed = entries(commit.rows)
                    for watcher in watchers:
                        watcher.offer(commit.revision, changed)
            if not commit.done.done():
                commit.done.set_result(commit.revision)

    def _failed(self, error: StoreFailure) -> None:
        self._index.roll_back()
        self._epoch += 1
        waiting, self._waiting = self._waiting, deque()
        for commit in waiting:
            if not commit.done.done():
                failure = StoreFailure(str(error))
                failure.__cause__ = error
                commit.done.set_exception(failure)

    def _checkpoint_aside(self, told: Callable[[int], None]) -> None:
        """Called by the writer, in its thread: the reading thread moves the log while commits go on."""

        def checkpoint() -> None:
            pages = 0
            try:
                pages = self._files.reading.checkpoint()
            except StoreFailure as error:
                _log.warning("checkpoint failed, will be tried again: %s", error)
            told(pages)

        self._reader.submit(checkpoint)

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreFailure("the store is closed")

    # Reading.

    async def _read(self, job: Callable[[Log], T]) -> T:
        self._check_open()
        reading, turn = self._files.reading, self._reading_turn

        def run() -> T:
            with turn:
                return job(reading)

        return await self._loop.run_in_executor(self._reader, run)

    async def read(self, prefix: str, at: Revision | None = None) -> tuple[list[Entry], Revision]:
        """See ``Store``.  Raises: ``ValueError`` if ``at`` is still to come."""
        if at is not None and at != self.revision:
            if at > self.revision:
                raise ValueError(f"revision {at} is still to come: the newest is {self.revision}")
            self._check_compaction(at)
            return await self._read(lambda log: log.read_at(prefix, at)), at
        while True:
            revision = self.revision
            ids = self._index.ids(prefix)
            found = await self._read(partial(Log.fetch, ids=ids)) if ids else []
            if found is not None:
                return found, revision
            if at is not None:
                self._check_compaction(at)

    def watch(self, prefix: str, after: Revision) -> AsyncIterator[Sequence[Entry]]:
        """See ``Store``.  ``StoreCompacted`` comes with the first item."""
        return Watcher(prefix, after).changes(self._watchers, lambda: self._index.durable_revision, self._history)

    async def _history(
        self, prefix: str, after: Revision, until: Revision, limit: int
    ) -> tuple[list[tuple[Entry, ...]], Revision]:
        self._check_compaction(after)
        return await self._read(lambda log: log.history(prefix, after, until, limit))

    def _check_compaction(self, revision: Revision) -> None:
        if revision < self._compacted:
            raise StoreCompacted(f"revision {revision} was compacted: the oldest that is kept is {self._compacted}")

    # Compaction.

    async def compact(self, before: Revision) -> None:
        """See ``Store``.  Returns when the superseded rows are gone; commits go on meanwhile."""
        self._check_open()
        before = min(before, self.revision)
        async with self._compacting:
            if before > self._compacted:
                await self._writer.run(lambda log: log.mark_compacted(before))
                self._compacted = before
            await self._sweep()

    async def _sweep(self) -> None:
        while self._swept < self._compacted and not self._is_closed:
            swept, compacted = self._swept, self._compacted
            self._swept = await self._writer.run(partial(Log.sweep, swept=swept, before=compacted, limit=_SWEEP_ROWS))
        while not self._is_closed and await self._writer.run(lambda log: log.shrink(_SHRINK_PAGES)):
            pass

    async def _retain(self, retention: Retention) -> None:
        """Compact by itself, for ever."""
        times = RevisionTimes(retention)
        while True:
            before = times.due(self._loop.time(), self.revision, self._compacted)
            try:
                if before is not None or self._swept < self._compacted:
                    await self.compact(before or self._compacted)
            except StoreFailure as error:
                _log.warning("compaction failed, will be tried again: %s", error)
            await asyncio.sleep(retention.period_s)

    async def close(self) -> None:
        """See ``Store``.  Watches end after what was committed; closing twice is harmless."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._retaining is not None:
            self._retaining.cancel()
        await self._writer.close()
        for watcher in list(self._watchers):
            watcher.end()
        if self._files.reading is not self._files.writing:
            await self._loop.run_in_executor(self._reader, self._files.reading.close)
        self._reader.shutdown(wait=False)
        self._files.release()
