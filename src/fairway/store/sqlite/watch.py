"""Watch: later changes in order, first from the file, then live, without gap or duplicate.

Shape: a ``Watcher`` is a position (the last revision it has given out) and, where it keeps up, a queue of live commits.
A slow watcher's queue is dropped and read again from the file, so it costs nobody memory and holds up nobody.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from fairway.store.interface import Entry, Revision

LIVE_COMMITS = 4096
"""Commits that wait in memory for one watcher."""
_HISTORY_ROWS = 512

History = Callable[[str, Revision, Revision, int], Awaitable[tuple[list[tuple[Entry, ...]], Revision]]]
"""(prefix, after, until, row limit) -> changes and the revision that they reach; see ``Log.history``."""


class Watcher:
    """One watch.  Of its two sources, ``_until`` is where the file ends and ``_live`` begins."""

    __slots__ = ("_is_ended", "_live", "_position", "_prefix", "_until", "_waiter")

    def __init__(self, prefix: str, after: Revision) -> None:
        self._prefix = prefix
        self._position = after
        self._until = after
        self._live: deque[tuple[Entry, ...]] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._is_ended = False

    def offer(self, revision: Revision, entries: tuple[Entry, ...]) -> None:
        """A commit became durable."""
        live = self._live
        if live is None or revision <= self._position:
            return
        prefix = self._prefix
        if prefix and not all([entry.key.startswith(prefix) for entry in entries]):
            entries = tuple([entry for entry in entries if entry.key.startswith(prefix)])
            if not entries:
                return
        if len(live) >= LIVE_COMMITS:
            self._live = None
            return
        live.append(entries)
        self._wake()

    def end(self) -> None:
        """The store closes: what waits in memory is still given out."""
        self._is_ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def changes(
        self, watchers: "set[Watcher]", newest: Callable[[], Revision], history: History
    ) -> AsyncIterator[Sequence[Entry]]:
        """Every later change; among ``watchers`` while someone reads them.  ``newest``: the durable revision now."""
        watchers.add(self)
        try:
            while not self._is_ended or self._live:
                if self._live is None:
                    self._live = deque()
                    self._until = newest()
                if self._position < self._until and not self._is_ended:
                    commits, reached = await history(self._prefix, self._position, self._until, _HISTORY_ROWS)
                    for entries in commits:
                        self._position = entries[0].revision
                        yield entries
                    self._position = reached
                elif self._live:
                    entries = self._live.popleft()
                    self._position = entries[0].revision
                    yield entries
                else:
                    await self._wait()
        finally:
            watchers.discard(self)

    async def _wait(self) -> None:
        if self._is_ended:
            return
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
