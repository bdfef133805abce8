"""Health checks of Services: real listeners on each ``healthCheckNodePort``, which tell load balancers about this node.

Shape: ``want`` says what should be answered for a Service; one loop opens and closes listeners accordingly; counts
change without touching a listener.  A port that cannot be had is told and tried again.
Source: Kubernetes docs, "Create an External Load Balancer", preserving the client source IP; KEP-1669.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Final

from fairway.proxy.fixed import loopback_families, ranges
from fairway.proxy.model import (
    FAMILIES,
    IPV4,
    IPV6,
    PRIMARY,
    HealthCheck,
    NodeView,
    Settings,
    address,
    address_text,
)
from fairway.reconcile.backoff import Backoff
from fairway.transport.interface import Request, Response
from fairway.transport.server import Server, serve

log = logging.getLogger(__name__)

EVERY_ADDRESS: Final = ("",)
_LOOPBACK: Final = {IPV4: address("127.0.0.1"), IPV6: address("::1")}
_FIRST_DELAY_S, _MAX_DELAY_S = 1.0, 60.0
_GRACE_S = 0.5


def listening_hosts(node: NodeView, settings: Settings) -> tuple[str, ...]:
    """Where health checks are answered: at the addresses that node ports have.  Pure."""
    if not settings.nodeport_addresses:
        return EVERY_ADDRESS
    wanted = [each for family in FAMILIES for each in ranges(family, settings.nodeport_addresses)]
    if any(each.is_everything for each in wanted):
        return EVERY_ADDRESS
    found = [at for at in node.addresses
             if any(len(at) == len(first) and first <= at <= last for first, last in wanted)]  # fmt: skip
    found += [_LOOPBACK[family] for family in loopback_families(settings)]
    if PRIMARY in settings.nodeport_addresses:
        found += node.primary_addresses
    return tuple(dict.fromkeys(map(address_text, found)))


def answer(service: str, local_endpoints: int, *, is_proxy_healthy: bool) -> Response:
    """What a load balancer is told of a Service (``namespace/name``), whatever path it asks.  Pure."""
    namespace, _, name = service.partition("/")
    body = json.dumps(
        {
            "service": {"namespace": namespace, "name": name},
            "localEndpoints": local_endpoints,
            "serviceProxyHealthy": is_proxy_healthy,
        },
        indent="\t",
    )
    headers = [("X-Content-Type-Options", "nosniff"), ("X-Load-Balancing-Endpoint-Weight", str(local_endpoints))]
    status = 200 if local_endpoints and is_proxy_healthy else 503
    return Response(status, body.encode(), "application/json", headers)


class HealthChecks:
    """The listeners of all Services that have one.

    ``hosts`` and ``is_healthy`` are asked when needed; ``refused`` hears of a port that cannot be listened on.
    """

    def __init__(
        self, hosts: Callable[[], tuple[str, ...]], is_healthy: Callable[[], bool],
        refused: Callable[[str, int, OSError], None],
    ) -> None:  # fmt: skip
        self._hosts = hosts
        self._is_healthy = is_healthy
        self._refused = refused
        self._wanted: dict[str, HealthCheck] = {}
        self._servers: dict[str, tuple[int, tuple[str, ...], Server]] = {}
        self._wake = asyncio.Event()
        self._backoff = Backoff(_FIRST_DELAY_S, _MAX_DELAY_S)

    def want(self, service: str, check: HealthCheck | None) -> None:
        """Answer so for a Service from now on, or not at all."""
        known = self._wanted.get(service)
        if check is None:
            self._wanted.pop(service, None)
        else:
            self._wanted[service] = check
        if (known and known.port) != (check and check.port):
            self._wake.set()

    def node_changed(self) -> None:
        """The addresses to listen at may be others now."""
        self._wake.set()

    async def run(self) -> None:
        """Keep the listeners as wanted until cancelled."""
        try:
            while True:
                try:
                    async with asyncio.timeout(self._retry_s()):
                        await self._wake.wait()
                except TimeoutError:
                    log.debug("listening for health checks again", extra={"failures": self._backoff.failures})
                self._wake.clear()
                await self._settle()
        finally:
            for service in list(self._servers):
                await self._close(service)

    def _retry_s(self) -> float | None:
        if self._servers.keys() >= self._wanted.keys():
            self._backoff.reset()
            return None
        return self._backoff.next_delay_s()

    async def _settle(self) -> None:
        at = self._hosts()
        for service, (port, hosts, _) in list(self._servers.items()):
            wanted = self._wanted.get(service)
            if wanted is None or wanted.port != port or hosts != at:
                await self._close(service)
        for service, check in list(self._wanted.items()):
            if service not in self._servers:
                await self._open(service, check.port, at)

    async def _open(self, service: str, port: int, hosts: tuple[str, ...]) -> None:
        def handle(request: Request) -> Response:
            check = self._wanted.get(service)
            count = check.told(request.peer.address) if check else 0
            return answer(service, count, is_proxy_healthy=self._is_healthy())

        try:
            # Not every event loop takes the empty host, which is every address, within a list.
            server = await serve(handle, host="" if hosts == EVERY_ADDRESS else hosts, port=port)
        except OSError as error:
            log.warning("health check not served", extra={"service": service, "port": port, "error": str(error)})
            self._refused(service, port, error)
        else:
            self._servers[service] = (port, hosts, server)

    async def _close(self, service: str) -> None:
        _, _, server = self._servers.pop(service)
        await server.close(_GRACE_S)
