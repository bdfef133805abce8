"""Pace: long answers go out piece by piece, at the pace of who reads them, and one piece in each round of the loop.

Shape: every long answer awaits ``Pace.turn`` before it makes a piece, and ``taken`` after it has written one.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence

from fairway.apiserver.stored import Stored
from fairway.transport.interface import StreamWriter

PIECE_BYTES = 128 * 1024
_PIECE_ITEMS = 256


class Pace:
    """One for a server, so that many long answers take no more of the loop than one."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_scheduled = False

    async def turn(self) -> None:
        """Return when nobody else makes a piece in this round."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        if not self._is_scheduled:
            self._is_scheduled = True
            loop.call_soon(self._next)
        await turn

    def _next(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                break
        self._is_scheduled = bool(self._waiting)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)


async def taken(writer: StreamWriter, patience_s: float) -> bool:
    """Whether the peer has taken what was written, so that more may be; one that takes nothing for long is dropped."""
    try:
        async with asyncio.timeout(patience_s):
            await writer.drained()
    except TimeoutError:
        writer.abort()
    return not writer.is_closed


def pieces(states: Sequence[Stored]) -> Iterator[Sequence[Stored]]:
    """The states in parts of about ``PIECE_BYTES``."""
    start = size = 0
    for place, stored in enumerate(states):
        size += stored.size
        if size >= PIECE_BYTES or place - start + 1 >= _PIECE_ITEMS:
            yield states[start : place + 1]
            start, size = place + 1, 0
    if start < len(states):
        yield states[start:]
