"""Charging: an object is stored together with what it takes of its namespace's quotas, in one commit.

Rules for those who change it: one namespace has one such write at a time, so that a crowd of them does not try in vain;
whoever else writes a quota meanwhile is noticed by its revision, and the object is judged anew.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from fairway.apiserver.call import Call
from fairway.apiserver.commit import ClaimLost
from fairway.apiserver.quota import usage
from fairway.apiserver.quota.judge import Exceeded, charged
from fairway.apiserver.reply import Reply
from fairway.apiserver.stored import encode
from fairway.kinds import RESOURCE_QUOTA
from fairway.objects import Object
from fairway.objects.errors import forbidden
from fairway.store.interface import Put, Revision

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

Storing = Callable[[list[Put]], Awaitable[Reply]]
"""Stores the object together with what else is to be written."""


class Quotas:
    """The quotas of all namespaces, as writers meet them."""

    def __init__(self, api: "Api") -> None:
        self._api = api
        self._quotas = api.cache.of(RESOURCE_QUOTA)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def concern(self, call: Call, old: Object | None) -> bool:
        """Whether a quota may have to do with a write."""
        if not self._quotas.live or not call.kind.namespaced or not usage.is_changed(call.kind, call.subresource, old):
            return False
        return bool(self._keys(call))

    def check(self, call: Call, new: Object, old: Object | None) -> list[Put]:
        """What is to be written of the quotas.  Raises: ``StatusError`` 403."""
        puts = []
        for key in self._keys(call):
            stored = self._quotas.live[key]
            try:
                used = charged(stored.object, call.kind, new, old)
            except Exceeded as error:
                kind = call.kind
                raise forbidden(kind.group, kind.plural, new["metadata"].get("name") or "", str(error)) from error
            if used is not None:
                quota = stored.copy()
                quota["status"]["used"] = used
                puts.append(Put(key, encode(quota), Revision(stored.revision)))
        return puts

    async def store(self, call: Call, new: Object, old: Object | None, storing: Storing) -> Reply:
        """Store, and charge.  Raises: ``StatusError`` 403, and whatever ``storing`` raises."""
        turn = self._turns.get(call.namespace or "")
        if turn is None:
            turn = self._turns[call.namespace or ""] = asyncio.Lock()
        async with turn:
            for _ in range(self._api.settings.limits.conflict_tries):
                puts = self.check(call, new, old)
                try:
                    return await storing(puts)
                except ClaimLost as lost:
                    moved = next((put for put in puts if put.key == lost.args[0]), None)
                    if moved is None:
                        raise
                await self._seen(call.namespace, moved)
        why = "quota evaluation timed out: others change it all the time"
        raise forbidden(call.kind.group, call.kind.plural, new["metadata"].get("name") or "", why)

    async def _seen(self, namespace: str | None, moved: Put) -> None:
        """Return when the cache knows what somebody else made of a quota."""
        name = moved.key.rpartition("/")[2]
        await self._api.cache.wait_newer(RESOURCE_QUOTA, namespace, name, int(moved.expect or 0))

    def _keys(self, call: Call) -> list[str]:
        return self._quotas.keys(f"{RESOURCE_QUOTA.prefix}{call.namespace}/")
