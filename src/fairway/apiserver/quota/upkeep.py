"""Upkeep: the status of every ResourceQuota says what is in use, also after objects went or pods ended.

Shape: nothing runs while there is no quota; then each change in a namespace with one has its quotas counted anew, from
the cache, and a definition that changes all quotas: they may speak of a kind that comes later.  What a write charges by
itself is found to be right already, and is not written again.
"""

import asyncio
import logging
from time import perf_counter
from typing import TYPE_CHECKING

from fairway.apiserver.collection import Collection
from fairway.apiserver.quota import usage
from fairway.apiserver.quota.judge import add_up, status
from fairway.apiserver.watchers import ChangeSignal
from fairway.kinds import CUSTOM_RESOURCE_DEFINITION, RESOURCE_QUOTA
from fairway.kinds.resource_quota import COUNTED
from fairway.kinds.rules.pod_amounts import Amounts
from fairway.objects import Object
from fairway.objects.errors import StatusError

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

log = logging.getLogger(__name__)

_PACE_S = 0.05
"""Between two counts at least: a crowd of changes is one count."""
_SHARE = 10
"""Between two counts at least so many times what the last one took: counting is never what a server is busy with."""
_AT_ONCE = 200
"""Objects that are weighed before others have their turn."""
_RETRY_S = 5.0
_AGENT = "resource-quota-controller"


class QuotaUpkeep:
    """Counts what is in use."""

    def __init__(self, api: "Api") -> None:
        self._api = api
        self._quotas = api.cache.of(RESOURCE_QUOTA)
        self._definitions = api.cache.of(CUSTOM_RESOURCE_DEFINITION)
        self._with_quota: set[str] = set()
        self._due: set[str] = set()
        self._signal: ChangeSignal | None = None

    async def keep(self) -> None:
        """Count now, and whenever something changes; until cancelled."""
        self._signal = ChangeSignal([self._quotas, self._definitions], self._concerns)
        self._due.update(map(_namespace, self._quotas.live))
        self._signal.set()
        try:
            while True:
                await self._signal.wait()
                began = perf_counter()
                await self._count_due()
                await asyncio.sleep(max(_PACE_S, _SHARE * (perf_counter() - began)))
        finally:
            self._signal.close()

    def _concerns(self, key: str) -> bool:
        if key.startswith(CUSTOM_RESOURCE_DEFINITION.prefix):
            self._due |= self._with_quota
            return bool(self._with_quota)
        namespace = _namespace(key)
        if namespace not in self._with_quota and not key.startswith(RESOURCE_QUOTA.prefix):
            return False
        self._due.add(namespace)
        return True

    async def _count_due(self) -> None:
        due, self._due = self._due, set()
        self._follow()
        for namespace in due:
            for key in self._quotas.keys(f"{RESOURCE_QUOTA.prefix}{namespace}/"):
                try:
                    await self._count(namespace, self._quotas.live[key].object)
                except KeyError:
                    continue
                except StatusError as error:
                    if error.code in (404, 409):
                        continue  # Somebody was faster: there is a change to tell.
                    log.warning("a quota cannot be counted yet", extra={"quota": key, "error": error.message})
                    self._later(namespace)

    def _later(self, namespace: str) -> None:
        def again() -> None:
            self._due.add(namespace)
            if self._signal is not None:
                self._signal.set()

        asyncio.get_running_loop().call_later(_RETRY_S, again)

    def _follow(self) -> None:
        """Listen to those kinds that some quota speaks of."""
        self._with_quota = set(map(_namespace, self._quotas.live))
        spoken = {name for state in self._quotas.live.values() for name in state.object["spec"].get("hard") or ()}
        assert self._signal is not None
        for collection in list(self._api.cache.collections.values()):
            if collection is not self._quotas and collection.kind.namespaced:
                wanted = bool(usage.speaks_of(collection.kind, dict.fromkeys(spoken)))
                if wanted or self._signal in collection.watchers:
                    self._signal.follow(collection, wanted=wanted)

    async def _count(self, namespace: str, quota: Object) -> None:
        """Who writes the quota while others have their turn makes the count a vain one: it is done again."""
        hard = quota["spec"].get("hard") or {}
        sums: Amounts = {}
        counts: dict[str, int] = {}
        known: set[str] = set()
        for collection in list(self._api.cache.collections.values()):
            kind = collection.kind
            spoken = usage.speaks_of(kind, hard) if kind.namespaced else ()
            if not spoken:
                continue
            known.update(spoken)
            keys = collection.keys(f"{kind.prefix}{namespace}/")
            if usage.is_weighed(kind):
                await _weigh(quota, collection, keys, sums)
                continue
            counts[usage.count_name(kind)] = len(keys)
            if not kind.group and kind.plural in COUNTED:
                counts[kind.plural] = len(keys)
        found = status(quota, sums, counts, known)
        if found == (quota.get("status") or {}):
            return
        name = quota["metadata"]["name"]
        await self._api.call(
            "update", RESOURCE_QUOTA, namespace=namespace, name=name, subresource="status",
            body={**quota, "status": found}, agent=_AGENT,
        )  # fmt: skip


async def _weigh(quota: Object, collection: Collection, keys: list[str], sums: Amounts) -> None:
    """Add up the objects, a few at a time."""
    for start in range(0, len(keys), _AT_ONCE):
        states = (collection.live.get(key) for key in keys[start : start + _AT_ONCE])
        add_up(quota, collection.kind, (state.object for state in states if state is not None), sums)
        await asyncio.sleep(0)


def _namespace(key: str) -> str:
    """The namespace in a store key."""
    return key.split("/", 4)[3]
