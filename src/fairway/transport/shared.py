"""Shared: what all connections of one server have in common."""

import asyncio
from typing import Any, Protocol

from fairway.transport.head import Heads
from fairway.transport.interface import Handler
from fairway.transport.limits import Limits
from fairway.transport.stream import Flusher


class Closable(Protocol):
    """What a server can ask of a connection."""

    def finish(self) -> None:
        """Close as soon as nothing runs."""

    def abort(self) -> None:
        """Drop the peer."""


class Shared:
    """Handler, limits, and who is there."""

    __slots__ = (
        "_emptied", "connections", "flusher", "handler", "heads", "idle", "is_closing", "limits", "loop", "tasks",
    )  # fmt: skip

    def __init__(self, handler: Handler, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        self.handler = handler
        self.limits = limits
        self.loop = loop
        self.heads = Heads()
        self.flusher = Flusher(loop)
        self.connections: set[Closable] = set()
        self.idle: dict[Closable, None] = {}
        """Those that wait for a request, who has waited longest first."""
        self.tasks: set[asyncio.Future[Any]] = set()
        self.is_closing = False
        self._emptied: asyncio.Future[None] | None = None

    def admit(self, connection: Closable) -> bool:
        """Take in one more; where there is no room whoever has been idle longest goes.

        A few more than there is room for are taken in to be told so; ``False`` for all further ones.
        """
        most = self.limits.connections
        if len(self.connections) >= most and self.idle:
            longest = next(iter(self.idle))
            self.forget_connection(longest)
            longest.abort()
        elif self.is_closing or len(self.connections) >= most + self.limits.refused_connections:
            return False
        self.connections.add(connection)
        self.idle[connection] = None
        return not self.is_closing

    def forget_connection(self, connection: Closable) -> None:
        """A peer has gone."""
        self.connections.discard(connection)
        self.idle.pop(connection, None)
        self._look()

    def forget_task(self, task: "asyncio.Future[Any]") -> None:
        """A handler has ended."""
        self.tasks.discard(task)
        self._look()

    def _look(self) -> None:
        if self._emptied is not None and not self._emptied.done() and not self.connections and not self.tasks:
            self._emptied.set_result(None)

    async def wait_empty(self) -> None:
        """Return when no connection and no handler is left."""
        while self.connections or self.tasks:
            self._emptied = self.loop.create_future()
            await self._emptied
