"""Watchers inside the process: ``ObjectWatch`` tells every change by a queue, ``ChangeSignal`` that there was one."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable

from fairway.apiserver.collection import Batch, Collection
from fairway.apiserver.selection import Selection
from fairway.objects import Object
from fairway.objects.errors import expired


def check_window(collection: Collection, revision: int) -> None:
    """Whether a watch can resume after ``revision``.  Raises: ``StatusError`` 410."""
    if revision < collection.floor:
        raise expired(f"too old resource version: {revision} ({collection.floor})")


class ObjectWatch:
    """Follows one collection until closed; iterate over ``events()``."""

    def __init__(self, collection: Collection, selection: Selection, revision: int) -> None:
        self._collection = collection
        self._selection = selection
        self._after = revision
        self._queue: deque[tuple[str, Object]] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._is_lost = self._is_over = False

    def take(self, batch: Batch) -> None:
        """See ``Watcher``."""
        for event in batch.events:
            if event.revision <= self._after:
                continue
            seen = event.seen(self._selection)
            if seen is not None:
                self._queue.append((seen[0], seen[1].object))
        self._rouse()

    def bookmark(self, revision: int) -> None:
        """See ``Watcher``; who is in the process lists from memory."""

    def lose(self) -> None:
        """See ``Watcher``."""
        self._is_lost = True
        self._rouse()

    def end(self) -> None:
        """See ``Watcher``."""
        self._is_over = True
        self._rouse()

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def events(self) -> AsyncIterator[tuple[str, Object]]:
        """(type, shared object), in order.  Raises: ``StatusError`` 410."""
        check_window(self._collection, self._after)
        self.take(Batch(self._collection.since(self._after)))
        self._after = max(self._after, self._collection.changed)
        self._collection.watchers[self] = None
        try:
            while True:
                while self._queue:
                    yield self._queue.popleft()
                if self._is_lost:
                    raise expired("too old resource version: changes were lost")
                if self._is_over:
                    return
                self._wake = asyncio.get_running_loop().create_future()
                await self._wake
        finally:
            self._collection.watchers.pop(self, None)


class ChangeSignal:
    """Wakes whoever waits when an object has changed whose key ``concerns`` him."""

    def __init__(self, collections: Iterable[Collection], concerns: Callable[[str], bool]) -> None:
        self._collections: set[Collection] = set()
        self._concerns = concerns
        self._event = asyncio.Event()
        for collection in collections:
            self.follow(collection)

    def follow(self, collection: Collection, *, wanted: bool = True) -> None:
        """Listen to this collection too, or no more."""
        if wanted:
            self._collections.add(collection)
            collection.watchers[self] = None
        else:
            self._collections.discard(collection)
            collection.watchers.pop(self, None)

    def take(self, batch: Batch) -> None:
        """See ``Watcher``."""
        if any(self._concerns(event.key) for event in batch.events):
            self._event.set()

    def bookmark(self, revision: int) -> None:
        """See ``Watcher``."""

    def lose(self) -> None:
        """See ``Watcher``."""
        self._event.set()

    def end(self) -> None:
        """See ``Watcher``."""
        self._event.set()

    def set(self) -> None:
        """As if something had changed."""
        self._event.set()

    async def wait(self) -> None:
        """Return when something has changed since the last return."""
        await self._event.wait()
        self._event.clear()

    def close(self) -> None:
        """Listen no more."""
        for collection in self._collections:
            collection.watchers.pop(self, None)
