"""Sweep: ends flows that lead to endpoints which are gone, beside the loop that programs.

Shape: flow rules go in, the newest per frontend counts; one task works them off.  Nothing wanted, nothing done.
Reading the connection table takes milliseconds, for which no new Service should wait.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Final

from fairway.proxy.dataplanes.interface import Dataplane, DataplaneError
from fairway.proxy.delta import FlowRule
from fairway.proxy.metrics import ENDED, ProxyMetrics
from fairway.proxy.model import FrontendKey

log = logging.getLogger(__name__)

RETRY_S: Final = 1.0


class Sweeper:
    """Works off flow rules."""

    def __init__(self, dataplane: Dataplane, metrics: ProxyMetrics) -> None:
        self._dataplane = dataplane
        self._metrics = metrics
        self._wanted: dict[int, dict[FrontendKey, FlowRule]] = {}
        self._wake = asyncio.Event()

    def want(self, family: int, rules: Iterable[FlowRule]) -> None:
        """These flows are to be looked at."""
        for rule in rules:
            self._wanted.setdefault(family, {})[rule.frontend] = rule
            self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            wanted, self._wanted = self._wanted, {}
            for family, mine in wanted.items():
                if not await self._sweep(family, mine):
                    self._wanted[family] = mine | self._wanted.get(family, {})
                    await asyncio.sleep(RETRY_S)
                    self._wake.set()

    async def _sweep(self, family: int, mine: dict[FrontendKey, FlowRule]) -> bool:
        began_s = time.perf_counter()
        try:
            ended = await self._dataplane.forget_flows({family: list(mine.values())})
        except DataplaneError as error:
            log.warning("flows not swept", extra={"error": str(error)})
            return False
        counted = self._metrics.of(family)
        counted.conntrack.observe(time.perf_counter() - began_s)
        counted.add(ENDED, ended)
        return True
