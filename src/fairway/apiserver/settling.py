"""Settling: what follows from the objects of a collection is brought about now, and whenever one of them changes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from fairway.apiserver.collection import Collection
from fairway.apiserver.watchers import ChangeSignal
from fairway.objects.errors import StatusError

log = logging.getLogger(__name__)


class Settling:
    """Calls ``settle`` until cancelled; one that fails is told as that of ``what``, and called again ``retry_s`` later.

    Nothing is followed, and nobody called again, before ``keep`` has begun.
    """

    def __init__(
        self, collection: Collection, settle: Callable[[], Awaitable[None]], what: str, *, retry_s: float
    ) -> None:
        self._collection, self._settle, self._what, self._retry_s = collection, settle, what, retry_s
        self._signal: ChangeSignal | None = None
        self._later: asyncio.TimerHandle | None = None

    def follow(self, collection: Collection, *, wanted: bool = True) -> None:
        """Settle when this collection changes too, or no more."""
        if self._signal is not None:
            self._signal.follow(collection, wanted=wanted)

    def again_in(self, after_s: float) -> None:
        """Settle when that time has passed, whatever changes."""
        if self._later is not None:
            self._later.cancel()
        if self._signal is not None:
            self._later = asyncio.get_running_loop().call_later(after_s, self._signal.set)

    async def keep(self) -> None:
        """Until cancelled."""
        self._signal = ChangeSignal([self._collection], lambda _: True)
        self._signal.set()
        try:
            while True:
                await self._signal.wait()
                try:
                    await self._settle()
                except StatusError as error:
                    log.warning("%s cannot be settled yet", self._what, extra={"error": error.message})
                    self.again_in(self._retry_s)
        finally:
            self._signal.close()
            if self._later is not None:
                self._later.cancel()
