"""OpenBody: a request's body that is handed on as it comes, however long it is.

Shape: the connection feeds, ends or loses it; whoever answers the request iterates over ``pieces()``.  The connection
stops reading while ``is_full``, and goes on once ``wanted`` is called.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from fairway.transport.limits import KIBIBYTE

_HELD_BYTES = 256 * KIBIBYTE


class OpenBody:
    """One body."""

    __slots__ = ("_arrived", "_held_bytes", "_is_lost", "_is_over", "_parts", "wanted")

    def __init__(self) -> None:
        self._parts: deque[bytes] = deque()
        self._held_bytes = 0
        self._is_over = False
        self._is_lost = False
        self._arrived = asyncio.Event()
        self.wanted: Callable[[], None] = lambda: None
        """Called when there is room again."""

    @property
    def is_full(self) -> bool:
        """Whether more is held than should be."""
        return self._held_bytes > _HELD_BYTES

    def feed(self, part: bytes) -> None:
        """Take the next bytes."""
        self._parts.append(part)
        self._held_bytes += len(part)
        self._arrived.set()

    def end(self) -> None:
        """That was all."""
        self._is_over = True
        self._arrived.set()

    def lose(self) -> None:
        """The rest will never come."""
        self._is_lost = not self._is_over
        self.end()

    async def pieces(self) -> AsyncIterator[bytes]:
        """All parts, in order.  Raises: ``ConnectionResetError`` if the rest never comes."""
        while True:
            while self._parts:
                part = self._parts.popleft()
                was_full, self._held_bytes = self.is_full, self._held_bytes - len(part)
                if was_full and not self.is_full:
                    self.wanted()
                yield part
            if self._is_lost:
                raise ConnectionResetError("the client has gone in the middle of its body")
            if self._is_over:
                return
            self._arrived.clear()
            await self._arrived.wait()
