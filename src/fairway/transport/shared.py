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

    __slots__ = ("_emptied", "connections", "flusher", "handler", "heads", "is_closing", "limits", "loop", "tasks")

    def __init__(self, handler: Handler, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        self.handler = handler
        self.limits = limits
        self.loop = loop
        self.heads = Heads()
        self.flusher = Flusher(loop)
        self.connections: set[Closable] = set()
        self.tasks: set[asyncio.Future[Any]] = set()
        self.is_closing = False
        self._emptied: asyncio.Future[None] | None = None

    def forget_connection(self, connection: Closable) -> None:
        """A peer has gone."""
        self.connections.discard(connection)
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
