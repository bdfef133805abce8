"""Writer: the one thread that writes, taking everything that waits as one group.

Shape: ``Commit`` records and jobs go in, in order; reports come out on the event loop, in the same order.
Rules for those who change it: after a group failed, whatever was decided before the loop heard of it stands on rows
that do not exist; such commits carry an old epoch and are dropped here, since the loop has failed them already.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from fairway.store.interface import Revision, StoreFailure
from fairway.store.sqlite.log import Log
from fairway.store.sqlite.row import Row

_log = logging.getLogger("fairway.store")
_GROUP_ROWS = 4096
_PAGE_BYTES = 4096
_CHECKPOINT_BYTES = 4 << 20
"""After that much was logged it is moved to the main file, by the reading thread, while commits go on."""
_LONG_LOG_PAGES = 8192
"""A log that became that long because commits never paused is moved to its end between two groups, and starts anew."""


@dataclass(slots=True)
class Commit:
    """A decided commit on its way to the disk.  No rows: it only waits for those before it."""

    revision: Revision
    rows: list[Row]
    epoch: int
    done: "asyncio.Future[Revision]"


@dataclass(slots=True)
class Job:
    """Something else to do with the file between two groups."""

    run: Callable[[Log], Any]
    done: "asyncio.Future[Any]"


def _settle(done: "asyncio.Future[Any]", value: Any, error: BaseException | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(value)
    else:
        done.set_exception(error)


class Writer:
    """Owns the writing connection.  ``on_durable`` and ``on_failed`` are called on the event loop.

    ``checkpoint_aside`` has a checkpoint done elsewhere and tells the length of the log, in pages; ``None`` where there
    is no log.
    """

    def __init__(
        self,
        log: Log,
        turn: threading.Lock,
        loop: asyncio.AbstractEventLoop,
        on_durable: Callable[[list[Commit]], None],
        on_failed: Callable[[StoreFailure], None],
        checkpoint_aside: Callable[[Callable[[int], None]], object] | None,
    ) -> None:
        self._disk = log
        self._turn = turn
        self._loop = loop
        self._on_durable = on_durable
        self._on_failed = on_failed
        self._queue: SimpleQueue[Commit | Job | None] = SimpleQueue()
        self._failed_epoch = -1
        self._checkpoint_aside = checkpoint_aside
        self._is_checkpointing = False
        self._logged_bytes = 0
        self._log_pages = 0
        self._closed: asyncio.Future[None] = loop.create_future()
        self._thread = threading.Thread(target=self._run, name="fairway-store-writer", daemon=True)
        self._thread.start()

    def add(self, commit: Commit) -> None:
        """Write ``commit`` after all that was added before."""
        self._queue.put(commit)

    async def run(self, job: Callable[[Log], Any]) -> Any:
        """The result of ``job``, run between two groups."""
        done = self._loop.create_future()
        self._queue.put(Job(job, done))
        return await done

    async def close(self) -> None:
        """Finish what was added, then end the thread and close the file."""
        self._queue.put(None)
        await asyncio.shield(self._closed)

    # In the thread.

    def _run(self) -> None:
        is_open = True
        while is_open:
            is_open = self._turn_of(self._take())
        try:
            self._disk.checkpoint(is_last=True)
        except StoreFailure as error:
            _log.warning("last checkpoint failed; the write-ahead log is kept and read at the next start: %s", error)
        self._disk.close()
        self._report(_settle, self._closed, None, None)

    def _take(self) -> list[Commit | Job | None]:
        """Everything that waits, up to a bound; waits for the first."""
        taken = [self._queue.get()]
        try:
            while len(taken) < _GROUP_ROWS:
                taken.append(self._queue.get_nowait())
        except Empty:
            pass
        return taken

    def _turn_of(self, taken: list[Commit | Job | None]) -> bool:
        group: list[Commit] = []
        for item in taken:
            if isinstance(item, Commit):
                group.append(item)
                continue
            self._write(group)
            group = []
            if item is None:
                return False
            self._do(item)
        self._write(group)
        self._checkpoint_if_due()
        return True

    def _write(self, group: list[Commit]) -> None:
        group = [commit for commit in group if commit.epoch > self._failed_epoch]
        if not group:
            return
        rows = [row for commit in group for row in commit.rows]
        try:
            if rows:
                with self._turn:
                    self._disk.append(rows)
        except StoreFailure as error:
            self._failed_epoch = group[-1].epoch
            self._report(self._on_failed, error)
        else:
            self._logged_bytes += _PAGE_BYTES + sum([len(row[2]) + len(row[3] or b"") for row in rows])
            self._report(self._on_durable, group)

    def _do(self, job: Job) -> None:
        try:
            with self._turn:
                value, error = job.run(self._disk), None
        except Exception as raised:
            value, error = None, raised
        self._logged_bytes += _PAGE_BYTES * 64
        self._report(_settle, job.done, value, error)

    def _checkpoint_if_due(self) -> None:
        if self._checkpoint_aside is None or self._is_checkpointing:
            return
        if self._log_pages > _LONG_LOG_PAGES:
            self._log_pages = self._logged_bytes = 0
            try:
                self._disk.checkpoint()
            except StoreFailure as error:
                _log.warning("checkpoint failed, will be tried again: %s", error)
        elif self._logged_bytes > _CHECKPOINT_BYTES:
            self._logged_bytes = 0
            self._is_checkpointing = True
            self._checkpoint_aside(self._checkpointed)

    def _checkpointed(self, pages: int) -> None:
        self._log_pages = pages
        self._is_checkpointing = False

    def _report(self, told: Callable[..., None], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(told, *arguments)
        except RuntimeError:
            _log.debug("the event loop has ended before the store was closed")
