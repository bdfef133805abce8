"""ApiServer: the parts joined: cache, write path, HTTP."""

import asyncio

from fairway.apiserver.cache import Cache
from fairway.apiserver.serve import Api
from fairway.apiserver.settings import Settings
from fairway.kinds import ALL
from fairway.store.interface import Store


class ApiServer:
    """``start``, then use ``handler`` (HTTP) and ``api`` (this process); ``stop`` leaves the store open."""

    def __init__(self, store: Store, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.cache = Cache(store, ALL, window_bytes=self.settings.limits.window_bytes)
        self.api = Api(store, self.cache, self.settings)
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the cache and follow the store."""
        await self.cache.load()
        self._following = asyncio.create_task(self.cache.run(), name="follow the store")

    async def stop(self) -> None:
        """Stop following; nothing is lost: what was acknowledged is in the store."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
