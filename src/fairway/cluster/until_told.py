"""Until told: how a process of ours lives and ends: until SIGTERM, or until a part of it ends."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any


def told_to_stop() -> asyncio.Event:
    """Set by SIGTERM or SIGINT, from now on."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


async def until_told(*works: Coroutine[Any, Any, Any], stopping: asyncio.Event | None = None) -> None:
    """Do ``works`` until the process is told to stop, or until one of them ends; a failure among them is raised.

    ``stopping`` is for those who have asked for it before.
    """
    told = (stopping or told_to_stop()).wait()
    tasks = [asyncio.ensure_future(work) for work in (*works, told)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
