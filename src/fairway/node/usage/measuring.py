"""Measuring: how fast something is used takes two looks at what was used by then.

Shape: nobody looks while nobody asks.  The first one who asks waits for the second look; the next ones get what was
used since they asked last.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from fairway.node.runtimes.interface import Usage

LOOKS_APART_S = 0.5
_SHORTEST_S = 1.0
"""Who asks again sooner is told of the time since an earlier look."""
_OLD_S = 60.0
"""An older look says nothing of now."""


class Counted(NamedTuple):
    """What something has used since ``began_s`` (Unix seconds)."""

    usage: Usage
    began_s: float


class Key(NamedTuple):
    """One container that runs; both empty for the machine itself."""

    pod_uid: str
    container_id: str


MACHINE = Key("", "")


@dataclass(frozen=True, slots=True)
class Measured:
    """``usage`` as of ``at_s`` (Unix seconds), and how fast it grew in the ``window_s`` seconds before."""

    usage: Usage
    nanocores: int
    at_s: float
    window_s: float
    began_s: float


class Look(NamedTuple):
    """All that was counted at one moment (Unix seconds)."""

    at_s: float
    counted: Mapping[Key, Counted]


def compared(before: Look, after: Look) -> dict[Key, Measured]:
    """How fast each thing that is there in ``after`` was used; what is new, since it began.  Pure."""
    found = {}
    for key, (usage, began_s) in after.counted.items():
        known = before.counted.get(key)
        used_ns = usage.cpu_ns - (known.usage.cpu_ns if known else 0)
        window_s = max(after.at_s - (before.at_s if known else began_s), 0.001)
        found[key] = Measured(usage, max(0, round(used_ns / window_s)), after.at_s, window_s, began_s)
    return found


class Measuring:
    """``look`` counts now; ``now_s`` is the time in Unix seconds."""

    def __init__(self, look: Callable[[], Awaitable[Mapping[Key, Counted]]], now_s: Callable[[], float]) -> None:
        self._look_now = look
        self._now_s = now_s
        self._base: Look | None = None
        self._turn = asyncio.Lock()

    async def measured(self) -> dict[Key, Measured]:
        """What is used now, and how fast it was used since the last look that is a while ago."""
        async with self._turn:
            base = self._base
            if base is None or self._now_s() - base.at_s > _OLD_S:
                base = await self._look()
                await asyncio.sleep(LOOKS_APART_S)  # how fast something is used takes some time to see
            after = await self._look()
            self._base = after if after.at_s - base.at_s >= _SHORTEST_S else base
            return compared(base, after)

    async def _look(self) -> Look:
        return Look(self._now_s(), await self._look_now())
