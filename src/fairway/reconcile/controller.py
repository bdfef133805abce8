"""Controller: "for this kind, woken by those kinds, run this function", and the loop that does it.

Shape: a ``Controller`` is data; ``run`` gives all controllers shared informers and each a loop of its own.
Rules for those who change it: a key is never reconciled twice at once; nothing polls: a loop sleeps until a change or
the next deadline.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fairway.client.interface import Client
from fairway.kinds import CUSTOM_RESOURCE_DEFINITION
from fairway.kinds.kind import Kind
from fairway.objects.errors import StatusError
from fairway.reconcile.cluster import UNSEEN_LIMIT_S, Cluster, Written
from fairway.reconcile.custom_kinds import CustomKinds, ExtensionKinds, Feed, Joins
from fairway.reconcile.events import EventRecorder
from fairway.reconcile.indexes import IndexFunction, object_key
from fairway.reconcile.informer import Change, Informer
from fairway.reconcile.lean import identity, lean
from fairway.reconcile.metrics import SECONDS, Metric, Metrics
from fairway.reconcile.queue import Queue

log = logging.getLogger(__name__)

Key = tuple[str, str]
"""Namespace (empty for cluster-scoped kinds) and name."""

Wake = Callable[[Change, Cluster], Iterable[Key]]
Reconcile = Callable[[Key, Cluster], Awaitable[float | None]]
"""Makes what is equal to what should be for one key; may be repeated at any time.

The answer is ``None``, or the seconds after which to look again though nothing changed.
"""

ADDS = Metric("workqueue_adds_total", "Total number of adds handled by workqueue")
RETRIES = Metric("workqueue_retries_total", "Total number of retries handled by workqueue")
DURATION = Metric(
    "workqueue_work_duration_seconds", "How long in seconds processing an item from workqueue takes.", "histogram",
    SECONDS,
)  # fmt: skip

QUIET = frozenset({404, 409})
"""Answers that only say that a cached read was old: tried again without a word."""


def own_key(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The changed object itself."""
    return (object_key(change.object),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """One controller.

    ``wakes`` maps kinds to the keys that a change of one concerns; ``owns`` need not stand there, its key is its own.
    ``reads`` are further kinds that are cached and wake nobody.  ``only_identity``: of these kinds, whichever they
    are, the metadata is enough.  ``indexes`` are kept on the shared informers.
    ``state`` makes what the controller remembers between reconciles.  ``workers``: keys at once, ``None``: as given to
    ``run``.
    """

    name: str
    owns: Kind
    reconcile: Reconcile
    wakes: Mapping[Kind, Wake] = field(default_factory=dict)
    reads: tuple[Kind, ...] = ()
    only_identity: Collection[Kind] = ()
    indexes: Mapping[Kind, Mapping[str, IndexFunction]] = field(default_factory=dict)
    state: Callable[[], Any] | None = None
    workers: int | None = None
    joins: Joins | None = None
    """How it follows kinds that come at run time, if it does."""
    joins_elsewhere: Joins | None = None
    """The same for kinds of extension servers."""

    @property
    def wakers(self) -> Mapping[Kind, Wake]:
        """Every kind whose changes concern this controller, with what they concern."""
        return {self.owns: own_key, **self.wakes}

    @property
    def kinds(self) -> set[Kind]:
        """Every kind that must be cached."""
        return {*self.wakers, *self.reads}


async def run(
    controllers: Iterable[Controller], client: Client, *, workers: int = 4, settings: Any = None,
    now: Callable[[], float] = time.time, metrics: Metrics | None = None, elsewhere: Feed | None = None,
) -> None:  # fmt: skip
    """Run ``controllers`` until cancelled.  ``now`` gives Unix seconds; ``metrics`` takes what they count;
    ``elsewhere`` tells the kinds of extension servers.

    Where one change concerns several, those that stand first have the first turn.
    """
    chosen = list(controllers)
    informers = shared_informers(chosen, client)
    custom: dict[str, Kind] = {}
    custom_kinds = CustomKinds(client, informers, custom)
    extension: dict[str, Kind] = {}
    extension_kinds = ExtensionKinds(client, informers, extension)
    for controller in chosen:
        custom_kinds.join(controller.joins)
        extension_kinds.join(controller.joins_elsewhere)
    recorder = EventRecorder(client, "fairway", now=now)
    async with asyncio.TaskGroup() as group:
        group.create_task(recorder.run(), name="events")
        for informer in informers.values():
            group.create_task(informer.run(), name=f"informer {informer.kind.resource}")
        for informer in list(informers.values()):
            await informer.wait_synced()
        if CUSTOM_RESOURCE_DEFINITION in informers:
            await custom_kinds.start(group)
        for controller in chosen:
            cluster = Cluster(
                client, informers, recorder, now, controller.name, settings,
                controller.state() if controller.state else None, metrics=metrics or Metrics(),
                custom=custom, extension=extension,
            )  # fmt: skip
            loop = Loop(controller, cluster, controller.workers or workers)
            custom_kinds.subscribe(controller.joins, loop.join)
            extension_kinds.subscribe(controller.joins_elsewhere, loop.join)
            group.create_task(loop.run(), name=controller.name)
        extension_kinds.start(group, elsewhere)


def shared_informers(controllers: Collection[Controller], client: Client) -> dict[Kind, Informer]:
    """One informer per kind with the indexes that any of ``controllers`` asks for, and as much of each object."""
    whole = {kind for controller in controllers for kind in controller.kinds.difference(controller.only_identity)}
    informers: dict[Kind, Informer] = {}
    for controller in controllers:
        more = () if controller.joins is None else (CUSTOM_RESOURCE_DEFINITION,)
        for kind in (*controller.kinds, *more):
            if kind not in informers:
                informers[kind] = Informer(client, kind, keep=lean if kind in whole else identity)
        for kind, indexes in controller.indexes.items():
            for name, function in indexes.items():
                informers[kind].add_index(name, function)
    return informers


class Loop:
    """One controller at work: changes make keys due, due keys are reconciled, failures are tried again."""

    def __init__(self, controller: Controller, cluster: Cluster, workers: int) -> None:
        self._controller = controller
        self._cluster = cluster
        self._workers = workers
        self._running = 0
        self._queue: Queue[Key] = Queue()
        self._unseen: dict[Key, Written] = {}
        self._pump_is_due = False
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0
        self._group = asyncio.TaskGroup()
        self._clock = asyncio.get_running_loop()
        self._name = f'name="{controller.name}"'

    async def run(self) -> None:
        """Follow the informers for ever; ends only by cancellation."""
        informers = self._cluster.informers
        for kind in self._controller.kinds:
            await informers[kind].wait_synced()
        async with self._group:
            endings = [informers[kind].subscribe(self._handler(wake)) for kind, wake in self._controller.wakers.items()]
            try:
                await self._clock.create_future()
            finally:
                for end in endings:
                    end()
                if self._timer is not None:
                    self._timer.cancel()
                self._workers = 0

    def join(self, joins: Joins, kind: Kind, informer: Informer) -> None:
        """Follow a kind that came at run time; its informer ends with it."""
        joined = joins(kind)
        if joined is not None:
            informer.subscribe(self._handler(joined.wake))

    def _handler(self, wake: Wake) -> Callable[[Change], None]:
        cluster, queue = self._cluster, self._queue

        def handle(change: Change) -> None:
            for key in wake(change, cluster):
                queue.add(key)
            self._pump_soon()

        return handle

    def _pump_soon(self) -> None:
        """Start work after the changes of this turn are all in, so that each key is reconciled once for them."""
        if not self._pump_is_due and (len(self._queue) or self._queue.next_deadline() is not None):
            self._pump_is_due = True
            self._clock.call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_is_due = False
        now = self._clock.time()
        while self._running < self._workers and (key := self._queue.get_ready(now)) is not None:
            self._running += 1
            self._group.create_task(self._work(key))
        self._arm()

    def _arm(self) -> None:
        """Wake up at the next deadline, unless every worker is busy: the first one free looks again."""
        deadline = self._queue.next_deadline()
        if self._timer is not None:
            if self._rings_at == deadline:
                return
            self._timer.cancel()
            self._timer = None
        if deadline is not None and self._running < self._workers:
            self._rings_at = deadline
            self._timer = self._clock.call_at(deadline, self._timer_rang)

    def _timer_rang(self) -> None:
        self._timer = None
        self._pump()

    async def _work(self, key: Key) -> None:
        view = replace(self._cluster, written=Written())
        began_s = self._clock.time()
        view.metrics.add(ADDS, self._name)
        try:
            if (unseen := self._unseen.pop(key, None)) is not None:
                await view.wait_seen(unseen)
            again_s = await self._controller.reconcile(key, view)
        except Exception as error:
            view.metrics.add(RETRIES, self._name)
            delay_s = self._queue.add_rate_limited(key, self._clock.time())
            self._report(key, error, delay_s)
        else:
            self._queue.forget(key)
            if again_s is not None:
                self._queue.add_after(key, again_s, self._clock.time())
        finally:
            if view.written:
                self._remember(key, view.written)
            view.metrics.observe(DURATION, self._clock.time() - began_s, self._name)
            self._queue.done(key)
            self._running -= 1
            self._pump_soon()

    def _remember(self, key: Key, written: Written) -> None:
        """Keep ``written`` for the key's next turn, but not for ever: it may never have one."""
        self._unseen[key] = written
        self._clock.call_later(UNSEEN_LIMIT_S, self._forget, key, written)

    def _forget(self, key: Key, written: Written) -> None:
        if self._unseen.get(key) is written:
            del self._unseen[key]

    def _report(self, key: Key, error: Exception, delay_s: float) -> None:
        fields = {"controller": self._controller.name, "key": "/".join(key), "again_in_s": delay_s}
        if isinstance(error, StatusError | OSError):
            is_quiet = isinstance(error, StatusError) and error.code in QUIET
            log.log(
                logging.DEBUG if is_quiet else logging.WARNING,
                "reconcile refused",
                extra={**fields, "error": str(error)},
            )
        else:
            log.error("reconcile failed", exc_info=error, extra=fields)
