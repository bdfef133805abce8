"""Dns: cluster DNS as a whole: follows Services and EndpointSlices, keeps the zone as they say, and serves it.

Shape: informers write into the ``Zone`` at once; what a change touches is said anew from the next question on.
Only the slices that can matter are followed: those of headless Services, and those that nobody's controller made.
While the API is away, everything goes on as it was last heard of.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from fairway.client.interface import Client
from fairway.dns.exchange import Upstream
from fairway.dns.forward import TRIES_S, Forwarder
from fairway.dns.metrics import SERVICE_KINDS, DnsMetrics
from fairway.dns.records import Slice, service_of, slice_of
from fairway.dns.responder import Responder
from fairway.dns.server import Late, TcpServer, UdpServer, bind
from fairway.dns.status import status_handler
from fairway.dns.upstreams import Upstreams
from fairway.dns.zone import Zone
from fairway.kinds import ENDPOINT_SLICE, SERVICE
from fairway.kinds.well_known import HEADLESS, MANAGED_BY, SLICE_CONTROLLER
from fairway.reconcile.backoff import Backoff
from fairway.reconcile.informer import Change, Informer
from fairway.reconcile.kept import record, reducer
from fairway.transport.server import serve

log = logging.getLogger(__name__)

Opening = Callable[[str, int, socket.SocketKind], socket.socket]
_FIRST_DELAY_S, _MAX_DELAY_S = 0.2, 10.0
_GRACE_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the server is told.

    ``listen`` are the addresses to serve at; ``addresses`` are those that clients know.  ``cidrs`` are the ranges whose
    reverse names are never asked of others.  Without ``upstreams`` those of ``resolv_conf`` are asked.
    ``metrics_port`` 0 is none.
    """

    domain: str = "cluster.local"
    addresses: tuple[str, ...] = ("10.96.0.10",)
    listen: tuple[str, ...] = ("10.96.0.10",)
    port: int = 53
    metrics_port: int = 0
    cidrs: tuple[str, ...] = ()
    resolv_conf: Path = Path("/etc/resolv.conf")
    upstreams: tuple[Upstream, ...] = ()
    tries_s: tuple[float, ...] = TRIES_S


class ClusterDns:
    """The DNS server of one node.  ``client`` may be anything that speaks the API; ``opening`` gives bound sockets.

    ``known`` is set when the cluster is known, for those who let names go first.
    """

    def __init__(
        self, client: Client, settings: Settings, opening: Opening = bind, known: asyncio.Event | None = None
    ) -> None:
        self.metrics = DnsMetrics(f"dns://:{settings.port}", f"{settings.domain}.")
        self._settings = settings
        self._opening = opening
        self._zone = Zone(
            settings.domain, addresses=settings.addresses, cidrs=settings.cidrs, serial=int(time.time())
        )  # fmt: skip
        own = [Upstream(host, settings.port) for host in (*settings.listen, *settings.addresses)]
        upstreams = Upstreams(settings.resolv_conf, fixed=settings.upstreams, own=own)
        self._forwarder = Forwarder(upstreams, self.metrics, tries_s=settings.tries_s)
        self.responder = Responder(self._zone, self._forwarder, self.metrics)
        self._services = Informer(client, SERVICE, keep=reducer(service_of))
        self._slices = [
            Informer(client, ENDPOINT_SLICE, labels=labels, keep=reducer(slice_of))
            for labels in (HEADLESS, f"!{HEADLESS},{MANAGED_BY}!={SLICE_CONTROLLER}")
        ]
        self._serving = asyncio.Event()
        self._synced = known or asyncio.Event()
        self.ports: tuple[int, ...] = ()

    async def run(self) -> None:
        """Work until cancelled.  What goes wrong with a socket is tried again, for ever."""
        self._services.subscribe(self._take_service)
        for place, informer in enumerate(self._slices):
            informer.subscribe(self._take_slice(place))
        async with asyncio.TaskGroup() as tasks:
            for informer in (self._services, *self._slices):
                tasks.create_task(informer.run())
            tasks.create_task(self._serve())
            for informer in (self._services, *self._slices):
                await informer.wait_synced()
            self.responder.synced()
            self._synced.set()
            log.info("cluster DNS knows the cluster", extra={"services": self._zone.services})

    async def wait_serving(self) -> None:
        """Return when the sockets are open."""
        await self._serving.wait()

    async def wait_ready(self) -> None:
        """Return when the sockets are open and the cluster is known."""
        await self._serving.wait()
        await self._synced.wait()

    # What comes in

    def _take_service(self, change: Change) -> None:
        meta = change.object["metadata"]
        new = record(change.new)
        if change.old is None or change.new is None or record(change.old) != new:
            self.responder.touch(self._zone.put_service(meta["namespace"], meta["name"], new))

    def _take_slice(self, place: int) -> Callable[[Change], None]:
        """The two informers never hold the same slice at once, but one may hear of it before the other forgets it."""

        def take(change: Change) -> None:
            meta = change.object["metadata"]
            old: Slice | None = record(change.old)
            new: Slice | None = record(change.new)
            if old != new:
                self.responder.touch(self._zone.put_slice(f"{place}/{meta['namespace']}/{meta['name']}", old, new))
                self._measure(old, new)

        return take

    def _measure(self, old: Slice | None, new: Slice | None) -> None:
        """How long the endpoints of a headless Service took from their change to their name."""
        if new is None or not new.triggered_s or not self.responder.is_synced:
            return
        if (old is None or old.triggered_s != new.triggered_s) and self._zone.is_headless(new.service):
            kind = SERVICE_KINDS[0] if new.is_selected else SERVICE_KINDS[1]
            self.metrics.programming[kind].observe(max(time.time() - new.triggered_s, 0.0))

    # What goes out

    async def _serve(self) -> None:
        backoff = Backoff(_FIRST_DELAY_S, _MAX_DELAY_S)
        while True:
            async with AsyncExitStack() as stack:
                try:
                    await self._open(stack)
                except OSError as error:
                    told = {"at": error.filename, "error": error.strerror or str(error), "tries": backoff.failures}
                    log.warning("cluster DNS cannot listen", extra={**told, "fix": "see who listens there: ss -lntup"})
                else:
                    self._serving.set()
                    log.info("cluster DNS serves", extra={"at": ",".join(self._settings.listen)})
                    await asyncio.Event().wait()
            await asyncio.sleep(backoff.next_delay_s())

    async def _open(self, stack: AsyncExitStack) -> None:
        late = Late()
        stack.push_async_callback(self._forwarder.close)
        stack.push_async_callback(late.close)
        ports = []
        for host in dict.fromkeys(self._settings.listen):
            datagrams = self._opening(host, self._settings.port, socket.SOCK_DGRAM)
            udp = UdpServer(datagrams, self.responder, late)
            stack.callback(udp.close)
            port = datagrams.getsockname()[1]
            tcp = TcpServer(self.responder, late)
            await tcp.listen(self._opening(host, port, socket.SOCK_STREAM))
            stack.callback(tcp.close)
            ports.append(port)
            if self._settings.metrics_port:
                await self._open_status(stack, host)
        self.ports = tuple(ports)

    async def _open_status(self, stack: AsyncExitStack, host: str) -> None:
        """Metrics where they can be had; names do not wait for them."""
        port = self._settings.metrics_port
        try:
            sock = bind(host, port, socket.SOCK_STREAM)
        except OSError as error:
            log.warning("DNS metrics not served", extra={"host": host, "port": port, "error": str(error)})
            return
        status = await serve(status_handler(self.metrics, self.responder), sockets=[sock])
        stack.push_async_callback(status.close, _GRACE_S)


async def keep_serving(
    client: Client, settings: Settings, opening: Opening = bind, known: asyncio.Event | None = None
) -> None:
    """Serve until cancelled; a fault is told and followed by a fresh start, since others live in the same process."""
    backoff = Backoff(_FIRST_DELAY_S, _MAX_DELAY_S)
    while True:
        try:
            await ClusterDns(client, settings, opening, known).run()
        except Exception:
            log.exception("cluster DNS failed", extra={"failures": backoff.failures})
        await asyncio.sleep(backoff.next_delay_s())
