"""Drain: whether the peer takes what we send, and who waits until it does."""

import asyncio


class Drain:
    """Follows ``pause_writing`` and ``resume_writing`` of a transport."""

    __slots__ = ("_waiters", "is_paused")

    def __init__(self) -> None:
        self.is_paused = False
        self._waiters: list[asyncio.Future[None]] = []

    def resume(self) -> None:
        """The peer has caught up, or has gone: nobody need wait any more."""
        self.is_paused = False
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self) -> None:
        """Return when the peer has caught up or gone; at once if it is not behind."""
        if self.is_paused:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
