"""Engine: what serves the requests; the seam between the controller and a proxy program.

Rules: an engine goes on serving what it was told last while its owner is away, and is taken over when that is back.
"""

from collections.abc import Mapping
from typing import Protocol

from fairway.ingress.model import Wanted


class EngineError(Exception):
    """The engine could not be brought to do what is wanted.  ``reason`` is for an Event, in CamelCase."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Engine(Protocol):
    """A proxy program."""

    async def adopt(self) -> bool:
        """Take over what an earlier process of ours has left running; whether there was anything."""

    @property
    def is_running(self) -> bool:
        """Whether it serves, be it only what it was told by an earlier process of ours."""

    async def apply(self, wanted: Wanted) -> Mapping[str, str]:
        """Do this from now on; started if need be.  Raises: ``EngineError``, and then it may be tried again.

        The answer is what it said, by host, of certificates that it cannot serve; those hosts have the fallback.
        """

    async def ended(self) -> None:
        """Return when the engine, which was running, is not any more."""

    def let_go(self) -> None:
        """Look after it no more; it goes on."""

    async def tidy(self) -> bool:
        """Remove what was only waiting for its last requests; whether anything still waits."""

    async def metrics(self) -> str:
        """What it counts, as Prometheus reads it; empty while it does not run."""
