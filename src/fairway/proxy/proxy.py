"""Proxy: follows Services, EndpointSlices and the Node, and keeps the dataplane as they say.

Shape: ``Feeds`` write into the ``Inventory``; one loop takes what was touched, resolves it, and commits the
difference.  Nothing is programmed until everything has been listed once; while the API is away, nothing changes.
A change waits for one turn of the event loop, so that what arrived together is committed together, and no timer runs.
After a refused commit nothing is believed of the dataplane any more: it is read, compared and repaired.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from fairway.client.interface import Client
from fairway.kinds import SERVICE
from fairway.objects import Object
from fairway.proxy import words
from fairway.proxy.dataplanes.interface import Dataplane, DataplaneError
from fairway.proxy.delta import Table, Transaction
from fairway.proxy.departures import Departures, Leaving
from fairway.proxy.feeds import Feeds
from fairway.proxy.fixed import fixed_elements
from fairway.proxy.health import Health
from fairway.proxy.health_check import HealthChecks, listening_hosts
from fairway.proxy.host_ports import IN_USE, HostPorts, in_use
from fairway.proxy.inventory import Inventory
from fairway.proxy.metrics import FAILURES, QUEUED, SYNCED, ProxyMetrics
from fairway.proxy.model import FAMILIES, HostPort, NodeView, Resolved, Service, Settings, address
from fairway.proxy.no_local import NoLocal
from fairway.proxy.preview import Change as Preview
from fairway.proxy.preview import preview
from fairway.proxy.sweep import Sweeper
from fairway.proxy.words import Elements
from fairway.reconcile.backoff import Backoff
from fairway.reconcile.events import EventRecorder
from fairway.reconcile.informer import Change
from fairway.reconcile.kept import record

log = logging.getLogger(__name__)

PORTION: Final = 250
"""How many Services are committed at once: a flood of changes does not hold up the process, and the kernel, which
enlarges its hash tables between commits, takes many elements faster in portions."""
AUDIT_S: Final = 3600.0
"""How often everything is compared, as kube-proxy does: who deletes single elements is not heard."""
_FIRST_DELAY_S, _MAX_DELAY_S = 0.05, 30.0


class Proxy:
    """The Service proxy of one node.  ``client`` may be anything that speaks the API, a real one too."""

    def __init__(
        self, client: Client, dataplane: Dataplane, *, node_name: str, settings: Settings | None = None,
        audit_s: float = AUDIT_S,
    ) -> None:  # fmt: skip
        self._audit_s = audit_s
        self.metrics = ProxyMetrics()
        self._dataplane = dataplane
        self._inventory = Inventory(NodeView(node_name), settings or Settings())
        self._departures = Departures()
        self._tables: dict[int, Table] = {}
        self._wake = asyncio.Event()
        self._programmed = asyncio.Event()
        self._backoff = Backoff(_FIRST_DELAY_S, _MAX_DELAY_S)
        self._is_doubtful = False
        self._repaired = asyncio.Event()
        self._has_new_node = True
        self._began_s = time.time()
        self._last_updated_s = 0.0
        self._queued_s = 0.0
        self._no_local = NoLocal()
        self._pending_since_s: float | None = None
        self._sweeper = Sweeper(dataplane, self.metrics)
        self._recorder = EventRecorder(client, "kube-proxy", host=node_name)
        self._health_checks = HealthChecks(
            lambda: listening_hosts(self._inventory.node, self._inventory.settings),
            lambda: self.health().is_live, self._tell_deaf_check,
        )  # fmt: skip
        self.host_ports = HostPorts(self._tell_taken_port, self._take_again)
        self._feeds = Feeds(
            client, node_name, services=self._take_service, slices=self._take_slice, node=self._take_node,
            cidrs=self._take_service_cidr,
        )  # fmt: skip

    async def run(self) -> None:
        """Work until cancelled; the rules stay in force after that."""
        async with asyncio.TaskGroup() as tasks:
            await self._feeds.follow(tasks)
            tasks.create_task(self._sweeper.run())
            tasks.create_task(self._recorder.run())
            tasks.create_task(self._health_checks.run())
            tasks.create_task(self.host_ports.run())
            await self._persist(self._start)
            self._programmed.set()
            tasks.create_task(self._notice_others())
            tasks.create_task(self._audit())
            while True:
                await self._wake.wait()
                await asyncio.sleep(0)
                self._wake.clear()
                await self._persist(self._catch_up)

    async def preview(self) -> list[Preview]:
        """What ``run`` would change in the dataplane at its start; nothing is changed.  Raises: ``DataplaneError``."""
        async with asyncio.TaskGroup() as tasks:
            watches = await self._feeds.follow(tasks)
            for watch in watches:
                watch.cancel()
        found = await self._dataplane.open()
        self._inventory.touch_all()
        wanted = self._resolve_all(self._inventory.take())
        node, settings = self._inventory.node, self._inventory.settings
        return [
            change
            for family, held in found.elements.items()
            for change in preview(family, held, _of_family(wanted, family), fixed_elements(family, node, settings))
        ]

    async def wait_programmed(self) -> None:
        """Return when the dataplane holds what was listed first."""
        await self._programmed.wait()

    async def wait_left(self, addresses: Iterable[str], ports: Iterable[int] = ()) -> None:
        """Return when this node sends nothing new to these addresses any more, on these ports (none: all).

        Raises: ``AddressError``.
        """
        leaving = Leaving(frozenset(map(address, addresses)), frozenset(ports))
        await self._programmed.wait()
        is_settled = self._pending_since_s is None and not self._is_doubtful
        await self._departures.wait(leaving, self._inventory.slices(), is_settled=is_settled)

    @property
    def node_name(self) -> str:
        """The node that it works on."""
        return str(self._inventory.node.name)

    @property
    def settings(self) -> Settings:
        """What it was told."""
        return self._inventory.settings

    @property
    def services(self) -> int:
        """How many Services are served."""
        return len(self._inventory)

    @property
    def troubles(self) -> list[str]:
        """What keeps it from knowing the cluster, kind by kind."""
        return self._feeds.troubles

    def health(self) -> Health:
        """Whether changes get through."""
        return Health(
            now_s=time.time(),
            last_updated_s=self._last_updated_s,
            pending_since_s=self._pending_since_s,
            node_eligible=self._inventory.node.is_eligible,
            families=tuple(self._tables),
        )

    def metrics_text(self) -> str:
        """What it counts, as Prometheus reads it."""
        known = self._inventory
        for family in self._tables:
            counted = self.metrics.of(family)
            counted.values[QUEUED], counted.values[SYNCED] = self._queued_s, self._last_updated_s
            for kind in ("service", "endpoint"):
                counted.values[f"sync_proxy_rules_{kind}_changes_pending"] = known.pending_changes[kind, family]
                counted.values[f"sync_proxy_rules_{kind}_changes_total"] = known.changes[kind, family]
            counted.no_local = self._no_local.counts(family)
        return self.metrics.text()

    # What comes in

    def _take_service(self, change: Change) -> None:
        self._put_service(_key(change.object), record(change.new))

    def _put_service(self, key: str, new: Service | None) -> None:
        if not self._inventory.settings.serves_host_ports:
            new = new and new._replace(host_ports=())
        self._inventory.put_service(key, self.host_ports.granted(key, new))
        self._queue()

    def _take_again(self, key: str) -> None:
        """A host port that another program had is free."""
        namespace, _, name = key.partition("/")
        self._put_service(key, record(self._feeds.service(namespace, name)))

    def _take_slice(self, change: Change) -> None:
        old, new = record(change.old), record(change.new)
        self._inventory.put_slice(_key(change.object), old, new)
        self._departures.put_slice(_key(change.object), new)
        self._queue()

    def _take_node(self, change: Change) -> None:
        known: NodeView = self._inventory.node
        view = record(change.new) or NodeView(known.name)
        if view != known:
            self._inventory.node = view
            self._inventory.touch_all()
            self._has_new_node = True
            self._health_checks.node_changed()
            self._queue()

    def _take_service_cidr(self, change: Change) -> None:
        ranges = record(change.new)
        if self._inventory.put_service_cidr(change.object["metadata"]["name"], ranges):
            self._has_new_node = True
            self._queue()

    def _queue(self) -> None:
        now_s = time.time()
        if self._pending_since_s is None:
            self._pending_since_s = now_s
        self._queued_s = now_s
        self._wake.set()

    # What goes out

    async def _persist(self, work: Callable[[], Any]) -> None:
        """Do it until it is done; each failure waits longer."""
        while True:
            try:
                await work()
            except DataplaneError as error:
                self._is_doubtful = True
                for family in self._tables or FAMILIES:
                    self.metrics.of(family).add(FAILURES)
                log.warning("dataplane refused", extra={"error": str(error), "failures": self._backoff.failures})
            except Exception:
                self._is_doubtful = True
                log.exception("proxy failed to program")
            else:
                self._backoff.reset()
                return
            await asyncio.sleep(self._backoff.next_delay_s())

    async def _start(self) -> None:
        """Adopt what stands in the dataplane and repair what differs, or fill an empty one."""
        began_s = time.perf_counter()
        found = await self._dataplane.open()
        start = random.randrange(1, words.AFFINITY_LIMIT)
        self._tables = {each: Table(held, affinity_start=start) for each, held in found.elements.items()}
        self._has_new_node = False
        fixed = self._fix()
        self._inventory.touch_all()
        services = self._inventory.take()
        if found.is_fresh:
            await self._dataplane.commit(fixed)
            for portion in _portions(services):
                await self._program(portion)
                await asyncio.sleep(0)
        else:
            await self._adopt(services, found.elements)
        self._is_doubtful = False
        self._sweep()
        self._done(began_s, services, is_full=True)

    async def _adopt(self, services: list[str], found: dict[int, Elements]) -> None:
        """Everything in one transaction, which is empty where all is right."""
        for portion in _portions(services):
            wanted = self._resolve_all(portion)
            for family, table in self._tables.items():
                table.change(_of_family(wanted, family))  # what that takes follows from the comparison below
            await asyncio.sleep(0)
        repairs = {
            family: await asyncio.to_thread(table.start, {}, found[family]) for family, table in self._tables.items()
        }
        await self._dataplane.commit(repairs)

    async def _catch_up(self) -> None:
        """Bring everything that is touched into the dataplane."""
        if self._is_doubtful:
            await self._repair()
        if self._has_new_node:
            self._has_new_node = False
            await self._dataplane.commit(self._fix())
        while services := self._inventory.take(PORTION):
            began_s = time.perf_counter()
            try:
                await self._program(services)
            except BaseException:
                self._inventory.touch(services)
                raise
            self._done(began_s, services, is_full=False)
            if self._inventory.pending:
                await asyncio.sleep(0)
        self._pending_since_s = None
        self._departures.settle()

    async def _program(self, services: list[str]) -> None:
        wanted = self._resolve_all(services)
        changes = {family: table.change(_of_family(wanted, family)) for family, table in self._tables.items()}
        await self._dataplane.commit(changes)
        self._sweep()

    def _sweep(self) -> None:
        for family, table in self._tables.items():
            self._sweeper.want(family, table.flow_rules())

    async def _repair(self) -> None:
        """Make the dataplane what the tables say, whatever it holds."""
        began_s = time.perf_counter()
        found: dict[int, Elements] = await self._dataplane.dump()
        repairs = {
            family: await asyncio.to_thread(table.repair, found.get(family, {}))
            for family, table in self._tables.items()
        }
        await self._dataplane.commit(repairs)
        self._is_doubtful = False
        self._repaired.set()
        self._done(began_s, [], is_full=True)
        if elements := sum(each.size for each in repairs.values()):
            log.warning("dataplane repaired", extra={"elements": elements})

    async def _notice_others(self) -> None:
        """Repair at once what another program has taken away."""
        while True:
            try:
                await self._dataplane.disturbed()
            except DataplaneError as error:
                log.warning("dataplane not watched", extra={"error": str(error)})
                return
            self._repaired.clear()
            self._is_doubtful = True
            self._wake.set()
            await self._repaired.wait()

    async def _audit(self) -> None:
        """Doubt everything from time to time."""
        while True:
            await asyncio.sleep(self._audit_s)
            self._is_doubtful = True
            self._wake.set()

    def _fix(self) -> dict[int, Transaction]:
        node, settings = self._inventory.node, self._inventory.settings
        return {family: table.fix(fixed_elements(family, node, settings)) for family, table in self._tables.items()}

    def _resolve_all(self, services: list[str]) -> dict[str, Resolved]:
        wanted: dict[str, Resolved] = {}
        for service in services:
            try:
                wanted[service] = self._inventory.resolved(service)
                self._no_local.put(service, wanted[service])
            except Exception:
                # One Service that cannot be understood must not hold up the others.
                log.exception("service left as it is", extra={"service": service})
        return wanted

    def _done(self, began_s: float, services: list[str], *, is_full: bool) -> None:
        self._last_updated_s = time.time()
        took_s = time.perf_counter() - began_s
        for counted in map(self.metrics.of, self._tables):
            counted.sync.observe(took_s)
            (counted.full_sync if is_full else counted.partial_sync).observe(took_s)
        for service in services:
            self._health_checks.want(service, self._inventory.health_check(service))
        for family, happened_s in self._inventory.take_triggers(services):
            # What happened before this proxy was there says nothing about how fast it is.
            if happened_s >= self._began_s:
                self.metrics.of(family).programming.observe(max(0.0, self._last_updated_s - happened_s))
        if not self._inventory.pending:
            self._inventory.settled()
            self._pending_since_s = None

    def _tell_taken_port(self, service: str, host_port: HostPort, error: OSError) -> None:
        namespace, _, name = service.partition("/")
        kept = self._feeds.service(namespace, name)
        if kept is not None:
            self._recorder.record(SERVICE, kept, "Warning", IN_USE, in_use(self.node_name, host_port, error))

    def _tell_deaf_check(self, service: str, port: int, error: OSError) -> None:
        namespace, _, name = service.partition("/")
        kept = self._feeds.service(namespace, name)
        if kept is not None:
            node = self._inventory.node.name
            text = f'node {node} failed to start healthcheck "{service}" on port {port}: {error}'
            self._recorder.record(SERVICE, kept, "Warning", "FailedToStartServiceHealthcheck", text)


def _portions(services: list[str]) -> Iterator[list[str]]:
    return (services[start : start + PORTION] for start in range(0, len(services), PORTION))


def _of_family(wanted: dict[str, Resolved], family: int) -> dict[str, Any]:
    place = FAMILIES.index(family)
    return {service: ports[place] for service, ports in wanted.items()}


def _key(kept: Object) -> str:
    meta = kept["metadata"]
    return f"{meta['namespace']}/{meta['name']}"
