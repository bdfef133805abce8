"""Deadline: what a peer owes us, and until when.

Rules for those who change it: there is at most one timer per connection; it is set anew only when it fires or when an
earlier time is asked for, so a connection that is quick costs no timer per request.
"""

import asyncio
from collections.abc import Callable
from typing import Literal

Awaited = Literal["", "idle", "head", "body", "write", "linger"]


class Deadline:
    """Calls ``on_expired(awaited)`` when the peer is late."""

    __slots__ = ("_at_s", "_loop", "_on_expired", "_timer", "awaited")

    def __init__(self, loop: asyncio.AbstractEventLoop, on_expired: Callable[[Awaited], None]) -> None:
        self._loop = loop
        self._on_expired = on_expired
        self._timer: asyncio.TimerHandle | None = None
        self._at_s = 0.0
        self.awaited: Awaited = ""
        """What the peer owes; nothing: ``""``."""

    def expect(self, awaited: Awaited, seconds: float) -> None:
        """From now on the peer has ``seconds``."""
        self.awaited = awaited
        self._at_s = self._loop.time() + seconds
        if self._timer is not None:
            if self._timer.when() <= self._at_s:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(self._at_s, self._on_time)

    def rest(self) -> None:
        """The peer owes nothing."""
        self.awaited = ""

    def cancel(self) -> None:
        """Never call again."""
        self.awaited = ""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_time(self) -> None:
        self._timer = None
        if not self.awaited:
            return
        if self._loop.time() < self._at_s - 0.001:
            self._timer = self._loop.call_at(self._at_s, self._on_time)
            return
        awaited, self.awaited = self.awaited, ""
        self._on_expired(awaited)
