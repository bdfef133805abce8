"""Cluster: all that a reconcile may use: cached reads, writes, the clock, Events, settings.

Shape: reads come from informers and may lag behind the server; what a reconcile wrote is remembered, and the same key
is not reconciled again before the informers have seen it.  So a cached read never leads to the same write twice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fairway.client.interface import MERGE_PATCH, Client
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.objects.labels import Selector
from fairway.reconcile.events import EventRecorder, EventType
from fairway.reconcile.indexes import by_label
from fairway.reconcile.informer import Informer
from fairway.reconcile.metrics import Metrics

log = logging.getLogger(__name__)

UNSEEN_LIMIT_S = 30.0
"""How long to wait at most for the informers to see what was written."""

LABELS = "labels"
"""The index that ``Cluster.find`` uses."""


@dataclass(slots=True)
class Written:
    """What one reconcile wrote and its informers may not have seen yet."""

    revisions: dict[Kind, int] = field(default_factory=dict)
    conditions: list[tuple[Kind, Callable[[], bool]]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.revisions or self.conditions)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One reconcile's view.

    ``now`` gives Unix seconds; ``state`` is the controller's own between reconciles, ``settings`` are the operator's.
    """

    client: Client
    informers: Mapping[Kind, Informer]
    recorder: EventRecorder
    now: Callable[[], float]
    component: str = ""
    settings: Any = None
    state: Any = None
    written: Written = field(default_factory=Written)
    metrics: Metrics = field(default_factory=Metrics)
    custom: Mapping[str, Kind] = field(default_factory=dict)
    """Custom kinds, which come at run time and are cached too, by ``plural.group``."""
    extension: Mapping[str, Kind] = field(default_factory=dict)
    """The same for kinds of extension servers."""

    # Cached reads

    def get(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        """One object as cached."""
        return self.informers[kind].get(namespace, name)

    def items(self, kind: Kind) -> Iterable[Object]:
        """Every cached object of a kind."""
        return self.informers[kind].items()

    def by_index(self, kind: Kind, index: str, value: str) -> list[Object]:
        """The cached objects under ``value`` of an index."""
        return self.informers[kind].by_index(index, value)

    def find(self, kind: Kind, namespace: str, selector: Selector) -> list[Object]:
        """The cached objects of a namespace that ``selector`` selects, by the rarest label that it asks for."""
        index = self.informers[kind].index(LABELS)
        assert index is not None and index.function is by_label, f"{kind.resource} has no index of labels"
        value = f"{namespace}/"
        count = index.count(value)
        for asked in selector.requirements:
            if asked.operator in ("=", "=="):
                rarer = f"{namespace}/{asked.key}={asked.values[0]}"
                if (found := index.count(rarer)) <= count:
                    value, count = rarer, found
        return [found for found in index.get(value) if selector.matches(found["metadata"].get("labels"))]

    # Writes

    async def read(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        """One object as the server has it now, or ``None``."""
        try:
            return await self.client.get(kind, namespace, name)
        except StatusError as error:
            if error.code == 404:
                return None
            raise

    async def create(self, kind: Kind, new: Object) -> Object:
        """Create ``new``."""
        return self._wrote(kind, await self.client.create(kind, new))

    async def update(self, kind: Kind, new: Object, *, subresource: str = "") -> Object:
        """Replace; 409 if ``new`` was made from a stale object."""
        return self._wrote(kind, await self.client.update(kind, new, subresource=subresource))

    async def patch(
        self, kind: Kind, found: Object, patch: Any, *, content_type: str = MERGE_PATCH, subresource: str = ""
    ) -> Object:
        """Change part of ``found``."""
        meta = found["metadata"]
        return self._wrote(
            kind,
            await self.client.patch(
                kind, meta.get("namespace"), meta["name"], patch, content_type=content_type, subresource=subresource
            ),
        )

    async def delete(self, kind: Kind, found: Object, **options: Any) -> bool:
        """Delete this very object (by uid); ``False`` if it was gone.  ``options`` as in DeleteOptions."""
        meta = found["metadata"]
        options.setdefault("preconditions", {"uid": meta["uid"]})
        try:
            await self.client.delete(kind, meta.get("namespace"), meta["name"], options=options)
        except StatusError as error:
            if error.code == 404:
                return False
            raise
        self.expect(kind, lambda: self._is_leaving(kind, found))
        return True

    def expect(self, kind: Kind, condition: Callable[[], bool]) -> None:
        """Do not reconcile this key again before cached reads of ``kind`` meet ``condition``."""
        if kind in self.informers:
            self.written.conditions.append((kind, condition))

    def _is_leaving(self, kind: Kind, deleted: Object) -> bool:
        meta = deleted["metadata"]
        found = self.get(kind, meta.get("namespace"), meta["name"])
        return found is None or found["metadata"]["uid"] != meta["uid"] or "deletionTimestamp" in found["metadata"]

    async def together(self, *writes: Awaitable[Any]) -> None:
        """Await all of ``writes`` at once; the first failure is raised when all have ended."""
        if len(writes) == 1:
            await writes[0]
            return
        for answer in await asyncio.gather(*writes, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer

    def event(self, kind: Kind, regarding: Object, type_: EventType, reason: str, message: str) -> None:
        """Tell users what happened to ``regarding``.  Never waits, never fails."""
        self.recorder.record(kind, regarding, type_, reason, message, component=self.component)

    def _wrote(self, kind: Kind, answer: Object) -> Object:
        if kind in self.informers:
            revision = answer.get("metadata", {}).get("resourceVersion", "")
            if revision.isdigit():
                self.written.revisions[kind] = max(self.written.revisions.get(kind, 0), int(revision))
        return answer

    # Catching up

    async def wait_seen(self, written: Written) -> None:
        """Return when the informers have seen all that was ``written``."""
        try:
            async with asyncio.timeout(UNSEEN_LIMIT_S):
                for kind, revision in written.revisions.items():
                    informer = self.informers[kind]
                    if informer.revision < revision:
                        await informer.wait_revision(revision)
                for kind, condition in written.conditions:
                    await self.informers[kind].wait_until(condition)
        except TimeoutError:
            log.warning("informers did not see a write", extra={"controller": self.component})
