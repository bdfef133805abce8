"""Container log: the log of one attempt of a container, followed until that attempt has ended."""

import asyncio
from collections.abc import AsyncGenerator

from fairway.node.container_record import ContainerRecord
from fairway.node.logs.cri import LogOptions
from fairway.node.logs.inotify import Inotify
from fairway.node.logs.reader import read_log


def is_running(record: ContainerRecord, number: int) -> bool:
    """Whether attempt ``number`` still runs."""
    return any(attempt.number == number and attempt.is_running for attempt in record.attempts)


async def container_log(
    record: ContainerRecord, number: int, path: str, options: LogOptions
) -> AsyncGenerator[bytes, None]:  # fmt: skip
    """Pieces of output of attempt ``number``."""
    if not options.follow:
        async for piece in read_log(path, options, lambda: False):
            yield piece
        return
    inotify = Inotify()
    ending = asyncio.ensure_future(_poke_at_end(record, number, inotify))
    try:
        async for piece in read_log(path, options, lambda: is_running(record, number), inotify):
            yield piece
    finally:
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
        inotify.close()


async def _poke_at_end(record: ContainerRecord, number: int, inotify: Inotify) -> None:
    while is_running(record, number):
        await record.changed.wait()
    inotify.poke()
