"""Prober: asks one attempt of a container its probes for as long as it runs.

Shape: ``run`` is one task per attempt; what it finds goes to a listener at once, and only when it changed.
Startup comes first; readiness and liveness are asked side by side after it has passed.
"""

import asyncio
from dataclasses import dataclass
from typing import Literal, Protocol

from fairway.node.probes.handlers import Target, handle
from fairway.node.probes.listening import LIMIT_S, wait_listening
from fairway.node.probes.tally import FIRST_COMMAND_RETRY_S, FIRST_RETRY_S, Tally, timing
from fairway.objects import Object


class Listener(Protocol):
    """Who wants to know what the probes of one attempt find."""

    def startup_passed(self) -> None:
        """The startup probe has succeeded, or there is none."""

    def ready_changed(self, *, is_ready: bool) -> None:
        """Readiness is now this."""

    def failed(self, kind: str) -> None:
        """The ``Liveness`` or ``Startup`` probe has failed for good: the container is to be started anew."""

    def told(self, type_: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """Something for an event."""


@dataclass(slots=True)
class Prober:
    """The probes of one attempt.  ``elapsed_s`` is how long the container had been running when probing began."""

    target: Target
    listener: Listener
    elapsed_s: float = 0.0
    is_ready: bool = False
    """Readiness as last recorded, for a container that was found running."""
    has_started: bool = False
    """Its startup probe has passed before."""
    awaited: frozenset[int] = frozenset()
    """Where a container without a readiness probe should listen before it is ready."""

    async def run(self) -> None:
        """Ask until cancelled or until a verdict ends this attempt."""
        container = self.target.container
        probe = container.get("startupProbe")
        if probe and not self.has_started and not await self._startup(probe):
            return
        self.listener.startup_passed()
        async with asyncio.TaskGroup() as group:
            if probe := container.get("readinessProbe"):
                group.create_task(self._readiness(probe))
            else:
                group.create_task(self._listening())
            if probe := container.get("livenessProbe"):
                group.create_task(self._liveness(probe))

    async def _startup(self, probe: Object) -> bool:
        tally = _tally(probe, is_hasty=True)
        await self._delay(tally)
        while True:
            pause_s = await self._ask(probe, "Startup", tally)
            if tally.verdict is True:
                return True
            if tally.verdict is False:
                self.listener.failed("Startup")
                return False
            await asyncio.sleep(pause_s)

    async def _readiness(self, probe: Object) -> None:
        tally = _tally(probe, is_hasty=not self.is_ready)
        was_ready = self.is_ready
        await self._delay(tally)
        while True:
            pause_s = await self._ask(probe, "Readiness", tally)
            if tally.verdict is not None and tally.verdict != was_ready:
                was_ready = tally.verdict
                self.listener.ready_changed(is_ready=was_ready)
            await asyncio.sleep(pause_s)

    async def _listening(self) -> None:
        target = self.target
        left_s = LIMIT_S - self.elapsed_s
        await wait_listening(target.runtime, target.pod_uid, target.container["name"], self.awaited, left_s)
        self.listener.ready_changed(is_ready=True)

    async def _liveness(self, probe: Object) -> None:
        tally = _tally(probe, is_hasty=False)
        await self._delay(tally)
        while True:
            pause_s = await self._ask(probe, "Liveness", tally)
            if tally.verdict is False:
                self.listener.failed("Liveness")
                return
            await asyncio.sleep(pause_s)

    async def _delay(self, tally: Tally) -> None:
        await asyncio.sleep(max(0.0, tally.timing.initial_delay_s - self.elapsed_s))

    async def _ask(self, probe: Object, kind: str, tally: Tally) -> float:
        began_s = _now_s()
        outcome = await handle(self.target, probe, tally.timing.timeout_s)
        if not outcome.is_success and tally.is_counted():
            self.listener.told("Warning", "Unhealthy", f"{kind} probe failed: {outcome.text}")
        elif outcome.is_success and outcome.text:
            self.listener.told("Warning", "ProbeWarning", f"{kind} probe warning: {outcome.text}")
        pause_s = tally.take(is_success=outcome.is_success)
        return max(0.0, pause_s - (_now_s() - began_s))


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _tally(probe: Object, *, is_hasty: bool) -> Tally:
    first_s = FIRST_COMMAND_RETRY_S if "exec" in probe else FIRST_RETRY_S
    return Tally(timing(probe), is_hasty, first_s)
