"""Ingress: the controller as a whole: follows the API, works out what should be served, and drives the engine.

Shape: Ingresses and their classes are always followed; all else only from the first Ingress of ours on, so that a
cluster without any pays nothing.  What comes in marks the inventory; one loop brings the engine up to date, retries
what failed, and starts an engine that has ended.
Rules: the engine outlives this process; what it does is only changed once the API has been listed.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fairway.client.interface import Client
from fairway.ingress.certificates import missing, secret_of
from fairway.ingress.engine import Engine, EngineError
from fairway.ingress.inventory import Inventory, View
from fairway.ingress.metrics import Metrics
from fairway.ingress.model import Problem, Server, Wanted
from fairway.ingress.reports import Reports
from fairway.ingress.upstreams import service_of, slice_of
from fairway.kinds import ENDPOINT_SLICE, INGRESS, INGRESS_CLASS, SECRET, SERVICE
from fairway.objects import Object
from fairway.reconcile.backoff import Backoff
from fairway.reconcile.informer import Change, Informer
from fairway.reconcile.kept import record, reducer

log = logging.getLogger(__name__)

_FIRST_DELAY_S, _MAX_DELAY_S = 0.1, 10.0
_TIDY_FIRST_S, _TIDY_MAX_S = 0.2, 30.0
_STEADY_S = 60.0
"""An engine that has worked so long counts as one that works."""
_LOOK_AGAIN_S = 3600.0
"""Generated certificates are looked after so often at least: timers stand still while the machine sleeps."""


class Certificates(Protocol):
    """Makes certificates for hosts that no Secret has one for."""

    def pem(self, host: str) -> str:
        """PEM text, the chain and then the key; that of the empty host is for who names none that is served."""

    def covers(self, host: str) -> bool:
        """Whether whoever trusts the maker trusts what is made for this host."""

    def forget(self, hosts: set[str]) -> None:
        """Keep only those of these hosts."""

    def due_in_s(self) -> float | None:
        """Seconds until the first must be asked for again; ``None`` where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the controller is told.

    ``points`` is where the Ingresses are reached, in the form of ``status.loadBalancer.ingress``.
    """

    certificates: Certificates
    points: list[dict[str, Any]] = field(default_factory=list)
    host: str = ""


class Ingress:
    """The controller of one engine.  ``client`` may be anything that speaks the API."""

    def __init__(self, client: Client, engine: Engine, settings: Settings) -> None:
        self._engine, self._settings = engine, settings
        self._inventory = Inventory(settings.certificates.covers)
        self.metrics = Metrics()
        self._reports = Reports(client, self._inventory.object, settings.host)
        self._classes = Informer(client, INGRESS_CLASS)
        self._ingresses = Informer(client, INGRESS)
        self._others = (
            (Informer(client, SERVICE, keep=reducer(service_of)), self._take_service),
            (Informer(client, ENDPOINT_SLICE, keep=reducer(slice_of)), self._take_slice),
            (Informer(client, SECRET, keep=reducer(secret_of)), self._take_secret),
        )
        self._wake = asyncio.Event()
        self._adopted, self._applied, self._started = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._left = asyncio.Condition()
        self._sending: frozenset[Server] = frozenset()
        self._generated: dict[str, str] = {}
        self._renewal: asyncio.TimerHandle | None = None
        self._changed_s = 0.0
        self._is_current = False
        self._backoff = Backoff(_FIRST_DELAY_S, _MAX_DELAY_S)

    async def run(self) -> None:
        """Work until cancelled; the engine goes on."""
        try:
            await self._run()
        finally:
            self._engine.let_go()

    async def _run(self) -> None:
        self._classes.subscribe(self._take_class)
        self._ingresses.subscribe(self._take_ingress)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._classes.run())
            tasks.create_task(self._ingresses.run())
            tasks.create_task(self._reports.run())
            is_running = await self._engine.adopt()
            self._adopted.set()
            await self._classes.wait_synced()
            await self._ingresses.wait_synced()
            while not is_running and not self._inventory.ours:
                self._reports.problems(self._inventory.wanted().problems)
                await self._woken()
            for informer, handler in self._others:
                informer.subscribe(handler)
                tasks.create_task(informer.run())
            for informer, _ in self._others:
                await informer.wait_synced()
            tasks.create_task(self._tidy())
            tasks.create_task(self._watch_engine())
            self._wake.set()
            while True:
                await self._woken()
                await self._catch_up()

    async def wait_left(self, addresses: Iterable[str], ports: Iterable[int] = ()) -> None:
        """Return when nothing new is sent to these addresses any more, on these ports (none: all)."""
        leaving, on = frozenset(addresses), frozenset(ports)
        await self._adopted.wait()
        async with self._left:
            await self._left.wait_for(lambda: self._has_left(leaving, on))

    async def wait_synced(self) -> None:
        """Return when the engine has been told something once more."""
        async with self._left:
            await self._left.wait()

    def _has_left(self, addresses: frozenset[str], ports: frozenset[int]) -> bool:
        if not self._engine.is_running:
            return True
        if not self._is_current:
            return False
        return not any(at.host in addresses and (not ports or at.port in ports) for at in self._sending)

    async def metrics_text(self) -> str:
        """What the controller and the engine count, as Prometheus reads it."""
        return self.metrics.text() + await self._engine.metrics()

    # What comes in

    def _take_class(self, change: Change) -> None:
        self._inventory.put_class(change.object["metadata"]["name"], change.new)
        self._queue()

    def _take_ingress(self, change: Change) -> None:
        self._inventory.put_ingress(change.new, change.old)
        self._queue()

    def _take_service(self, change: Change) -> None:
        self._inventory.put_service(_key(change.object), record(change.new))
        self._queue()

    def _take_slice(self, change: Change) -> None:
        self._inventory.put_slice(_key(change.object), record(change.old), record(change.new))
        self._queue()

    def _take_secret(self, change: Change) -> None:
        self._inventory.put_secret(_key(change.object), record(change.new))
        self._queue()

    def _queue(self) -> None:
        if self._is_current:
            self._is_current = False
            self._changed_s = time.monotonic()
        self._wake.set()

    async def _woken(self) -> None:
        await self._wake.wait()
        await asyncio.sleep(0)  # so that what came in one piece is done in one
        self._wake.clear()

    # What goes out

    async def _catch_up(self) -> None:
        began_s = time.monotonic()
        self._is_current = True
        view = self._inventory.wanted()
        try:
            wanted = Wanted(view.routes, view.upstreams, await self._certificates(view))
            refused = await self._engine.apply(wanted)
        except EngineError as error:
            await self._failed(view, error)
            return
        except Exception:
            log.exception("ingress failed to program")
            await self._failed(view, EngineError("Failed", "see the node's log"))
            return
        self._backoff.reset()
        now_s = time.monotonic()
        self.metrics.synced(now_s - began_s, now_s - (self._changed_s or began_s), view)
        self._reports.problems([*view.problems, *self._inventory.refused(refused)])
        self._reports.serving(self._inventory.ours, self._inventory.others, self._settings.points)
        # What is about to leave counts as gone where it serves only because there is no other.
        self._sending = frozenset().union(*(up.servers for up in view.upstreams.values() if not up.is_leaving))
        self._applied.set()
        self._started.set()
        await self._tell_leavers()

    async def _failed(self, view: View, error: EngineError) -> None:
        """Tell it at every Ingress, and try again after a while or when something changes."""
        self._is_current = False
        self.metrics.failures += 1
        level = logging.WARNING if not self._backoff.failures else logging.DEBUG
        log.log(level, "ingress not served", extra={"reason": error.reason, "error": str(error)})
        own = [Problem(key, error.reason, str(error)) for key in self._inventory.ours]
        self._reports.problems([*view.problems, *own])
        asyncio.get_running_loop().call_later(self._backoff.next_delay_s(), self._wake.set)
        await self._tell_leavers()

    async def _tell_leavers(self) -> None:
        async with self._left:
            self._left.notify_all()

    async def _certificates(self, view: View) -> Mapping[str, str]:
        """Those of Secrets, and generated ones where there is none; the fallback is under the empty host."""
        wanted, made = ["", *missing(view.certificates)], self._settings.certificates
        for host in wanted:
            if host not in self._generated:
                self._generated[host] = await asyncio.to_thread(made.pem, host)
                self._renew_later()
        if gone := self._generated.keys() - set(wanted):
            for host in gone:
                del self._generated[host]
            made.forget(set(wanted))
        found = {host: pem or self._generated[host] for host, pem in view.certificates.items()}
        return {"": self._generated[""], **found}

    def _renew_later(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
        if (due_s := self._settings.certificates.due_in_s()) is not None:
            self._renewal = asyncio.get_running_loop().call_later(min(due_s, _LOOK_AGAIN_S), self._renew)

    def _renew(self) -> None:
        """Ask for all of them again: what is not due stays the same."""
        self._renewal = None
        self._generated.clear()
        self._queue()

    async def _tidy(self) -> None:
        """Remove servers whose last requests have ended.  Nothing tells when they have, so it is tried."""
        while True:
            await self._applied.wait()
            self._applied.clear()
            delay_s = _TIDY_FIRST_S
            while await self._engine.tidy():
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, _TIDY_MAX_S)

    async def _watch_engine(self) -> None:
        """Start it again when it has ended: at once, or after a while if it does not last."""
        clock, backoff = asyncio.get_running_loop(), Backoff(_FIRST_DELAY_S, _MAX_DELAY_S)
        while True:
            await self._started.wait()
            self._started.clear()
            began_s = clock.time()
            await self._engine.ended()
            log.warning("the ingress engine has ended and is started again")
            if clock.time() - began_s > _STEADY_S:
                backoff.reset()
            elif backoff.failures or clock.time() - began_s < _FIRST_DELAY_S:
                await asyncio.sleep(backoff.next_delay_s())
            self.metrics.ends += 1
            self._queue()


def _key(found: Object) -> str:
    meta: dict[str, Any] = found["metadata"]
    return f"{meta['namespace']}/{meta['name']}"
