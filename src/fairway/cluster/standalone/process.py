"""Process: how a program that runs alone lives and ends: until SIGTERM, or until a part of it fails."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any


async def until_told(*works: Coroutine[Any, Any, Any]) -> None:
    """Do ``works`` until SIGTERM or SIGINT, or until one of them ends; a failure among them is raised."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    tasks = [asyncio.ensure_future(work) for work in (*works, stopping.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
