"""StreamWatch: a watch over HTTP: the same bytes for every watcher that sees an object in the same shape.

A watch first tells the present state and what it missed, at the peer's pace; from then on it is fed in batches by its
collection and costs nothing while nothing happens.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from fairway.apiserver.cache import Cache
from fairway.apiserver.collection import Batch
from fairway.apiserver.events import Event, View
from fairway.apiserver.pace import Pace, pieces, taken
from fairway.apiserver.reply import Watching
from fairway.apiserver.settings import Limits
from fairway.apiserver.shapes import Shape
from fairway.objects.errors import StatusError, expired
from fairway.transport.interface import StreamWriter
from fairway.transport.server import frame

Item = TypeVar("Item")

_AT_ONCE = 256
_AT_ONCE_BYTES = 512 * 1024
"""Events that are written without waiting for the peer, and what they may come to."""


class StreamWatch:
    """One watch.  ``opened`` and ``closed`` are called by the transport; ``over`` is told when it has ended."""

    def __init__(
        self, watching: Watching, shape: Shape, cache: Cache, limits: Limits, pace: Pace, over: Callable[[int], None]
    ) -> None:
        self._watching = watching
        self._shape = shape
        self._cache = cache
        self._limits = limits
        self._pace = pace
        self._over = over
        self._collection = watching.collection
        self._selection = watching.selection
        self._after = watching.after
        self._initial = watching.initial
        self._sent = 0
        self._is_live = False
        self._writer: StreamWriter | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._catching_up: asyncio.Task[None] | None = None

    def opened(self, writer: StreamWriter) -> None:
        """The head has gone out."""
        self._writer = writer
        limits = self._limits
        seconds = self._watching.timeout_s or random.uniform(limits.watch_s, 2 * limits.watch_s)
        self._timer = asyncio.get_running_loop().call_later(seconds, self._end)
        self._collection.watchers[self] = None
        if self._is_short():
            for _ in self._steps():
                pass
        else:
            self._catching_up = asyncio.get_running_loop().create_task(self._catch_up())

    def _is_short(self) -> bool:
        """Whether what is to be told first is so little that nobody has to wait for it."""
        states = list(self._initial or ())
        if len(states) + self._collection.changed - self._after > _AT_ONCE:
            return False
        states += [event.new for event in self._collection.since(self._after) if event.new is not None]
        return sum(state.size for state in states) <= _AT_ONCE_BYTES

    def closed(self) -> None:
        """The peer has gone, or ``_end`` ended it."""
        self._collection.watchers.pop(self, None)
        self._is_live = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._catching_up is not None:
            self._catching_up.cancel()
            self._catching_up = None
        self._over(self._sent)

    async def _catch_up(self) -> None:
        """The same as at once, waiting for the peer after each step and for the turn before the next."""
        assert self._writer is not None
        await self._pace.turn()
        for _ in self._steps():
            if not await taken(self._writer, self._limits.patience_s):
                return
            await self._pace.turn()
        self._catching_up = None

    def _steps(self) -> Iterator[None]:
        """1 the present state; 2 the mark of its end; 3 what happened meanwhile; then the watch is live."""
        if self._initial is not None:
            for part in pieces(self._initial):
                self._write([("ADDED", state) for state in part])
                yield
            self._initial = None
            if self._watching.ends_initial:
                self._write_line(self._shape.bookmark(self._after, ends_initial=True))
        while not self._is_too_old() and self._after < self._collection.changed:
            for events in _parts(self._collection.since(self._after)):
                self._after = events[-1].revision
                self._write(self._seen(events))
                yield
        self._is_live = not self._is_too_old()
        if not self._is_live:
            self._fail(expired(f"too old resource version: {self._after} ({self._collection.floor})"))

    def _is_too_old(self) -> bool:
        return self._after < self._collection.floor

    def _seen(self, events: Iterable[Event]) -> Iterator[View]:
        for event in events:
            seen = event.seen(self._selection)
            if seen is not None:
                yield seen

    def _write(self, views: Iterable[View]) -> None:
        lines = self._lines(views)
        if lines:
            self._write_line(lines)

    def _lines(self, views: Iterable[View]) -> bytes:
        lines = []
        for type_, stored in views:
            lines.append(self._shape.event(type_, stored, is_first=not self._sent))
            self._sent += 1
        return b"".join(lines)

    def _write_line(self, line: bytes) -> None:
        if self._writer is not None:
            self._writer.write(frame(line))

    def take(self, batch: Batch) -> None:
        """See ``Watcher``."""
        if not self._is_live:
            return
        events = batch.events
        if events[0].revision <= self._after:
            # The first batch after the start holds what the start has already told.
            self._write(self._seen(event for event in events if event.revision > self._after))
        elif self._selection.is_plain:
            self._write_made(batch)
        else:
            self._write(self._seen(events))
        self._after = max(self._after, events[-1].revision)

    def _write_made(self, batch: Batch) -> None:
        """Without selectors everybody who sees the same shape of the same namespace gets the same chunk."""
        key = (self._shape, self._selection.prefix, not self._sent)
        made = batch.made.get(key)
        if made is None:
            before = self._sent
            lines = self._lines(self._seen(batch.events))
            made = batch.made[key] = (frame(lines) if lines else b"", self._sent - before)
            self._sent = before
        chunk, count = made
        if chunk and self._writer is not None:
            self._writer.write(chunk)
            self._sent += count

    def bookmark(self, revision: int) -> None:
        """See ``Watcher``."""
        if self._is_live and self._watching.has_bookmarks:
            self._write_line(self._shape.bookmark(revision, ends_initial=False))

    def lose(self) -> None:
        """See ``Watcher``."""
        self._fail(expired("too old resource version: changes were lost"))

    def _fail(self, error: StatusError) -> None:
        self._write_line(self._shape.failed(error.status()))
        self._close()

    def end(self) -> None:
        """See ``Watcher``."""
        self._close()

    def _end(self) -> None:
        self._cache.send()
        self.bookmark(self._cache.revision)
        self._close()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
