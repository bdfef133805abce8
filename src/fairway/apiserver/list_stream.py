"""ListStream: a large list, sent in pieces: it costs the memory of a piece, and nobody else has to wait for the whole.

Source: KEP-5116.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from fairway.apiserver.pace import Pace, pieces, taken
from fairway.apiserver.shapes import Parts
from fairway.apiserver.stored import Stored
from fairway.transport.interface import StreamWriter
from fairway.transport.server import frame, frame_of

log = logging.getLogger(__name__)


class ListStream:
    """``opened`` and ``closed`` are called by the transport."""

    def __init__(self, items: Sequence[Stored], parts: Parts, pace: Pace, patience_s: float) -> None:
        self._items = items
        self._parts = parts
        self._pace = pace
        self._patience_s = patience_s
        self._task: asyncio.Task[None] | None = None

    def opened(self, writer: StreamWriter) -> None:
        """The head has gone out."""
        self._task = asyncio.get_running_loop().create_task(self._sent(writer))

    def closed(self) -> None:
        """The peer has gone, or has it all."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _sent(self, writer: StreamWriter) -> None:
        try:
            await self._send(writer)
        except Exception:
            # The head has gone out: the only way to say that the rest is missing.
            log.exception("a list could not be made to its end")
            writer.abort()

    async def _send(self, writer: StreamWriter) -> None:
        parts = self._parts
        if parts.sized is not None:
            await self._send_sized(writer, parts.sized)
            return
        start = parts.head + parts.opening
        for states in pieces(self._items):
            await self._pace.turn()
            made: list[bytes | memoryview] = []
            for state in states:
                made += (start, parts.one(state))
                start = parts.between
            writer.write(frame_of(made))
            if not await taken(writer, self._patience_s):
                return
        self._end(writer)

    async def _send_sized(self, writer: StreamWriter, head: Callable[[int], bytes]) -> None:
        """What says first how long it is: all is made before the first piece goes out."""
        made: deque[bytes] = deque()
        for states in pieces(self._items):
            await self._pace.turn()
            made.append(b"".join(map(self._parts.one, states)))
        writer.write(frame(head(sum(map(len, made)))))
        while made:
            writer.write(frame(made.popleft()))
            if not await taken(writer, self._patience_s):
                return
        self._end(writer)

    def _end(self, writer: StreamWriter) -> None:
        if self._parts.tail:
            writer.write(frame(self._parts.tail))
        self._task = None
        writer.close()
