"""ListStream: a large list, sent in pieces: it costs the memory of a piece, and nobody else has to wait for the whole.

Source: KEP-5116.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

import orjson

from fairway.apiserver.pace import Pace, pieces, taken
from fairway.apiserver.shapes import Parts
from fairway.apiserver.stored import Stored
from fairway.transport.interface import StreamWriter
from fairway.transport.server import frame


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
        self._task = asyncio.get_running_loop().create_task(self._send(writer))

    def closed(self) -> None:
        """The peer has gone, or has it all."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _send(self, writer: StreamWriter) -> None:
        start = self._parts.head
        for states in pieces(self._items):
            await self._pace.turn()
            writer.write(frame(start + b",".join(map(self._parts.one, states))))
            start = b","
            if not await taken(writer, self._patience_s):
                return
        self._end(writer, self._parts.tail)

    def _end(self, writer: StreamWriter, tail: bytes) -> None:
        writer.write(frame(tail))
        self._task = None
        writer.close()


class ProtobufListStream(ListStream):
    """The same in protobuf, which wants to know its length first: all is made before the first piece goes out."""

    async def _send(self, writer: StreamWriter) -> None:
        # Not at module level: only some clients ask for it, and its table is large.
        from fairway.apiserver import protobuf

        empty = orjson.loads(self._parts.joined(()))
        made: deque[bytes] = deque()
        for states in pieces(self._items):
            await self._pace.turn()
            made.append(b"".join([protobuf.list_item(empty, orjson.loads(self._parts.one(one))) for one in states]))
        head, tail = protobuf.list_ends(empty, sum(map(len, made)))
        writer.write(frame(head))
        while made:
            writer.write(frame(made.popleft()))
            if not await taken(writer, self._patience_s):
                return
        self._end(writer, tail)
