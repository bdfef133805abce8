"""Engine in memory: a double for tests of the controller, with faults on demand."""

import asyncio
from collections.abc import Mapping

from fairway.ingress.engine import EngineError
from fairway.ingress.model import Wanted


class MemoryEngine:
    """Does what is wanted by keeping it.

    ``failures`` are raised one by one by the next calls of ``apply``; ``gate`` holds them up while it is not set.
    """

    def __init__(self, *, is_running: bool = False) -> None:
        self.failures: list[EngineError] = []
        self.wanted = Wanted()
        self.applied = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._running = asyncio.Event()
        self._ended = asyncio.Event()
        if is_running:
            self._running.set()

    async def adopt(self) -> bool:
        """See ``Engine``."""
        return self.is_running

    @property
    def is_running(self) -> bool:
        """See ``Engine``."""
        return self._running.is_set()

    async def apply(self, wanted: Wanted) -> Mapping[str, str]:
        """See ``Engine``."""
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.wanted, self.applied = wanted, self.applied + 1
        self._ended.clear()
        self._running.set()
        return {}

    def end(self) -> None:
        """It has crashed."""
        self._running.clear()
        self._ended.set()

    async def ended(self) -> None:
        """See ``Engine``."""
        if self.is_running:
            await self._ended.wait()

    async def tidy(self) -> bool:
        """See ``Engine``."""
        return False

    def let_go(self) -> None:
        """See ``Engine``."""

    async def metrics(self) -> str:
        """See ``Engine``."""
        return ""
