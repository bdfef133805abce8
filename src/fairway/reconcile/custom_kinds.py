"""CustomKinds: informers for kinds that come and go at run time, for the controllers that concern every kind.

Shape: ``start`` follows what is there, and what comes; each controller that ``joins`` is told.  Custom kinds come by
their definitions, those of extension servers by ``ExtensionKinds``, from whoever knows them.
Objects are kept as their metadata alone: that is all that such controllers look at.
Source: Kubernetes docs, "Custom Resources", "Kubernetes API Aggregation Layer".
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from fairway.client.interface import Client
from fairway.kinds import CUSTOM_RESOURCE_DEFINITION
from fairway.kinds.custom import plain_kind
from fairway.kinds.custom_resource_definition.naming import is_established
from fairway.kinds.kind import Kind
from fairway.reconcile.indexes import IndexFunction
from fairway.reconcile.informer import Change, Informer
from fairway.reconcile.lean import identity

if TYPE_CHECKING:
    from fairway.reconcile.controller import Wake

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Joined:
    """How a controller follows one more kind."""

    wake: "Wake"
    indexes: Mapping[str, IndexFunction] = field(default_factory=dict)


Joins = Callable[[Kind], Joined | None]
Subscribe = Callable[[Kind, Informer], None]
Feed = Callable[[Callable[[Sequence[Kind]], None]], None]
"""Tells somebody kinds, now and whenever they change."""


class RuntimeKinds:
    """Adds to ``informers`` and ``kinds`` (by ``plural.group``), which it shares with every controller's view."""

    def __init__(self, client: Client, informers: dict[Kind, Informer], kinds: dict[str, Kind]) -> None:
        self._client = client
        self._informers = informers
        self._kinds = kinds
        self._indexes: list[Joins] = []
        self._subscribers: list[Subscribe] = []
        self._followed: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None

    def join(self, joins: Joins | None) -> None:
        """Keep the indexes that a controller asks for, if it does."""
        if joins is not None:
            self._indexes.append(joins)

    def subscribe(self, joins: Joins | None, join: Callable[[Joins, Kind, Informer], None]) -> None:
        """Tell a controller's loop, if it joins, of every kind, beginning with those that are there."""
        if joins is None:
            return
        subscriber = partial(join, joins)
        self._subscribers.append(subscriber)
        for kind in self._kinds.values():
            subscriber(kind, self._informers[kind])

    def _turn(self, name: str, wanted: Kind | None) -> None:
        """From now on the kind of that name is this one, or there is none."""
        known = self._kinds.get(name)
        if known is not None and (wanted is None or _differs(known, wanted)):
            self._leave(name, known)
            known = None
        if known is None and wanted is not None:
            self._follow(name, wanted)

    def _follow(self, name: str, kind: Kind) -> None:
        assert self._group is not None
        informer = Informer(self._client, kind, keep=identity)
        for joins in self._indexes:
            joined = joins(kind)
            for index, function in (joined.indexes if joined is not None else {}).items():
                informer.add_index(index, function)
        self._informers[kind], self._kinds[name] = informer, kind
        for subscriber in self._subscribers:
            subscriber(kind, informer)
        self._followed[name] = self._group.create_task(_run(informer), name=f"informer {kind.resource}")

    def _leave(self, name: str, kind: Kind) -> None:
        """The objects of a kind that is gone are gone too."""
        self._followed.pop(name).cancel()
        self._informers[kind].clear()
        del self._informers[kind], self._kinds[name]


class CustomKinds(RuntimeKinds):
    """Those of CustomResourceDefinitions."""

    async def start(self, group: asyncio.TaskGroup) -> None:
        """Follow what is established now, and return when it is all in."""
        self._group = group
        definitions = self._informers[CUSTOM_RESOURCE_DEFINITION]
        for found in definitions.items():
            self._take(Change(None, found))
        for kind in list(self._kinds.values()):
            await self._informers[kind].wait_answered()
        definitions.subscribe(self._take)

    def _take(self, change: Change) -> None:
        new = change.new
        wanted = plain_kind(new) if new is not None and is_established(new) else None
        self._turn(change.object["metadata"]["name"], wanted)


class ExtensionKinds(RuntimeKinds):
    """Those of extension servers, as far as they can be followed and deleted."""

    def start(self, group: asyncio.TaskGroup, feed: Feed | None) -> None:
        """Follow what ``feed`` tells, if anybody wants to know."""
        self._group = group
        if feed is not None and self._indexes:
            feed(self._take)

    def _take(self, kinds: Sequence[Kind]) -> None:
        wanted = {f"{kind.plural}.{kind.group}": kind for kind in kinds if {"delete", "list", "watch"} <= {*kind.verbs}}
        for name in [*wanted, *(name for name in self._kinds if name not in wanted)]:
            self._turn(name, wanted.get(name))


async def _run(informer: Informer) -> None:
    """Its end is no failure of the others."""
    try:
        await informer.run()
    except asyncio.CancelledError:
        log.debug("informer of a kind that is gone ends", extra={"kind": informer.kind.resource})


def _differs(known: Kind, wanted: Kind) -> bool:
    return (known.version, known.name, known.namespaced) != (wanted.version, wanted.name, wanted.namespaced)
