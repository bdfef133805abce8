"""References: ConfigMaps, Secrets, claims and volumes that pods of this node need, each watched while a pod needs it.

Shape: one informer for each object referred to, started with its first user and ended some time after its last, since
the next pod often names the same; a change wakes the pods that use it.  A node never lists what its pods do not name.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from fairway.client.interface import Client
from fairway.kinds import CONFIG_MAP, PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM, SECRET
from fairway.node.environment import Reference
from fairway.objects import Object
from fairway.reconcile.informer import Change, Informer

_KINDS = {
    "ConfigMap": CONFIG_MAP, "Secret": SECRET, "PersistentVolumeClaim": PERSISTENT_VOLUME_CLAIM,
    "PersistentVolume": PERSISTENT_VOLUME,
}  # fmt: skip

LINGER_S = 60.0
"""How long a watch outlives its last user."""

Watched = tuple[str, str, str]
"""Kind, namespace and name."""


def _namespace(kind: str, namespace: str) -> str:
    """Where an object of that kind lies that a pod of ``namespace`` names; empty for what has no namespace."""
    return namespace if _KINDS[kind].namespaced else ""


@dataclass(slots=True)
class _Watch:
    informer: Informer
    task: asyncio.Task[None]
    users: set[str] = field(default_factory=set)


class References:
    """``wake(uid)`` is called for every user of an object that changed."""

    def __init__(self, client: Client, wake: Callable[[str], None]) -> None:
        self._client = client
        self._wake = wake
        self._watches: dict[Watched, _Watch] = {}

    async def resolve(self, uid: str, namespace: str, wanted: Iterable[Reference]) -> dict[Reference, Object | None]:
        """The objects of ``namespace`` that the pod ``uid`` names; ``None`` for one that does not exist."""
        found: dict[Reference, Object | None] = {}
        for kind, name in dict.fromkeys(wanted):
            where = _namespace(kind, namespace)
            watch = self._watch((kind, where, name))
            watch.users.add(uid)
            await watch.informer.wait_synced()
            found[kind, name] = watch.informer.get(where, name)
        return found

    def known(self, namespace: str, wanted: Iterable[Reference]) -> dict[Reference, Object | None] | None:
        """The same at once, or ``None`` while one of them has not been read."""
        found: dict[Reference, Object | None] = {}
        for kind, name in wanted:
            where = _namespace(kind, namespace)
            watch = self._watches.get((kind, where, name))
            if watch is None or not watch.informer.has_synced:
                return None
            found[kind, name] = watch.informer.get(where, name)
        return found

    def release(self, uid: str) -> None:
        """The pod needs nothing any more."""
        for key, watch in list(self._watches.items()):
            if uid in watch.users:
                watch.users.discard(uid)
                if not watch.users:
                    asyncio.get_running_loop().call_later(LINGER_S, self._end_unused, key, watch)

    def _end_unused(self, key: Watched, watch: _Watch) -> None:
        if not watch.users and self._watches.get(key) is watch:
            watch.task.cancel()
            del self._watches[key]

    def _watch(self, key: Watched) -> _Watch:
        watch = self._watches.get(key)
        if watch is None:
            kind, namespace, name = key
            informer = Informer(self._client, _KINDS[kind], namespace=namespace or None, fields=f"metadata.name={name}")
            watch = _Watch(informer, asyncio.create_task(informer.run()))
            self._watches[key] = watch
            informer.subscribe(lambda change: self._changed(key, change))
        return watch

    def _changed(self, key: Watched, change: Change) -> None:
        if change.object["metadata"]["name"] == key[2] and key in self._watches:
            for uid in list(self._watches[key].users):
                self._wake(uid)

    async def close(self) -> None:
        """End every watch."""
        tasks = [watch.task for watch in self._watches.values()]
        self._watches.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
