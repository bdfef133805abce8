"""Runs one test on each event loop that we serve on."""

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

_LIMIT_S = 60.0


def on_both_loops(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """The test, once on asyncio's own loop and once on uvloop."""

    @functools.wraps(test)
    def run(loop_factory: Callable[[], asyncio.AbstractEventLoop], **fixtures: Any) -> None:
        async def limited() -> None:
            async with asyncio.timeout(_LIMIT_S):
                await test(**fixtures)

        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(limited())

    wanted = inspect.signature(test)
    first = inspect.Parameter("loop_factory", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    run.__signature__ = wanted.replace(parameters=[first, *wanted.parameters.values()])  # type: ignore[attr-defined]
    factories = [asyncio.new_event_loop, uvloop.new_event_loop]
    on_each: Callable[..., None] = pytest.mark.parametrize("loop_factory", factories, ids=["asyncio", "uvloop"])(run)
    return on_each


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that tells nobody; the test's own limit bounds it."""
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
