"""Status server: what the proxy tells about itself over HTTP, on kube-proxy's ports and paths.

Shape: two listeners; one for everybody (``/healthz``, ``/livez``, ``/leaving``), one for this machine (``/metrics``,
``/healthz``, ``/proxyMode``, ``/configz``).  A port that cannot be had is tried again for ever: the rules do not depend
on it.
Source: Kubernetes docs, "kube-proxy", --healthz-bind-address and --metrics-bind-address; KEP-3836.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from fairway.objects.authority import authority
from fairway.proxy.model import AddressError
from fairway.proxy.proxy import Proxy
from fairway.reconcile.backoff import Backoff
from fairway.transport.exposition import CONTENT_TYPE
from fairway.transport.interface import Handler, Request, Response
from fairway.transport.server import Server, serve

log = logging.getLogger(__name__)

MODE: Final = "nftables"
TEXT: Final = "text/plain; charset=utf-8"
NO_SNIFFING: Final = ("X-Content-Type-Options", "nosniff")
_FIRST_DELAY_S, _MAX_DELAY_S = 1.0, 60.0
_GRACE_S = 0.5
_LEAVING_S: Final = 25.0
LEAVING: Final = "/leaving"
"""Asked by the agent of a node before it stops a pod (docs/zero-drop.md)."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Hosts (empty: every address) and ports; ``None`` is not to listen at all."""

    health_host: str = ""
    health_port: int | None = 10256
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = 10249


class StatusServer:
    """Answers for one proxy; ``wait_left`` is for others of the node who send to pods too.

    ``other_metrics`` are served to this machine beside the proxy's own, by path.
    """

    def __init__(
        self, proxy: Proxy, listening: Listening | None = None,
        wait_left: Callable[[list[str], list[int]], Awaitable[object]] | None = None,
        other_metrics: Mapping[str, Callable[[], Awaitable[str]]] | None = None,
    ) -> None:  # fmt: skip
        self._proxy = proxy
        self._wait_left = wait_left or proxy.wait_left
        self._other_metrics = other_metrics or {}
        self._listening = listening or Listening()
        self._local: dict[str, Callable[[], Response]] = {
            "/metrics": lambda: Response(200, proxy.metrics_text().encode(), CONTENT_TYPE),
            "/healthz": lambda: Response(200, b"ok", TEXT, [NO_SNIFFING]),
            "/proxyMode": lambda: Response(200, MODE.encode(), TEXT, [NO_SNIFFING]),
            "/configz": self._configz,
        }

    async def run(self) -> None:
        """Serve until cancelled."""
        at = self._listening
        async with asyncio.TaskGroup() as tasks:
            if at.health_port is not None:
                tasks.create_task(self._serve(self.answer_health, at.health_host, at.health_port))
            if at.metrics_port is not None:
                tasks.create_task(self._serve(self.answer_local, at.metrics_host, at.metrics_port))
            await asyncio.get_running_loop().create_future()

    def answer_health(self, request: Request) -> Response | Awaitable[Response]:
        """``/healthz``: may this node be sent traffic; ``/livez``: does the proxy work; ``/leaving``: see there."""
        if request.path == LEAVING:
            return self._answer_leaving(request)
        if request.path not in ("/healthz", "/livez"):
            return _not_found()
        health = self._proxy.health()
        is_good = health.is_healthy if request.path == "/healthz" else health.is_live
        code = 200 if is_good else 503
        self._proxy.metrics.answered(request.path[1:], code)
        return Response(code, health.body(), "application/json", [NO_SNIFFING])

    async def _answer_leaving(self, request: Request) -> Response:
        """200 as soon as this node sends nothing new to every ``address`` (on every ``port``) of the query.

        504 after some time in which it did; 400 for what is no address.  It tells nothing and changes nothing.
        """
        try:
            addresses = [text for name, text in request.query if name == "address"]
            ports = [int(text) for name, text in request.query if name == "port"]
            async with asyncio.timeout(_LEAVING_S):
                await self._wait_left(addresses, ports)
        except (AddressError, ValueError) as error:
            return Response(400, f"{error}\n".encode(), TEXT, [NO_SNIFFING])
        except TimeoutError:
            return Response(504, b"still sending\n", TEXT, [NO_SNIFFING])
        return Response(200, b"ok", TEXT, [NO_SNIFFING])

    def answer_local(self, request: Request) -> Response | Awaitable[Response]:
        """What only this machine may ask."""
        if (metrics := self._other_metrics.get(request.path)) is not None:
            return _metrics(metrics)
        found = self._local.get(request.path)
        return found() if found is not None else _not_found()

    def _configz(self) -> Response:
        at, settings = self._listening, self._proxy.settings
        config = {
            "kind": "KubeProxyConfiguration", "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "mode": MODE,
            "clusterCIDR": ",".join(settings.pod_cidrs), "nodePortAddresses": list(settings.nodeport_addresses),
            "healthzBindAddress": _place(at.health_host, at.health_port),
            "metricsBindAddress": _place(at.metrics_host, at.metrics_port),
            "hostnameOverride": self._proxy.node_name, "nftables": {"masqueradeAll": settings.masquerade_all},
        }  # fmt: skip
        return Response(200, json.dumps({"kubeproxy.config.k8s.io": config}).encode(), headers=[NO_SNIFFING])

    async def _serve(self, handler: Handler, host: str, port: int) -> None:
        server = await _listen(handler, host, port)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await server.close(_GRACE_S)


async def _listen(handler: Handler, host: str, port: int) -> Server:
    backoff = Backoff(_FIRST_DELAY_S, _MAX_DELAY_S)
    while True:
        try:
            return await serve(handler, host=host, port=port)
        except OSError as error:
            level = logging.DEBUG if backoff.failures else logging.WARNING
            log.log(level, "proxy status not served", extra={"host": host, "port": port, "error": str(error)})
        await asyncio.sleep(backoff.next_delay_s())


def _place(host: str, port: int | None) -> str:
    return "" if port is None else authority(host or "0.0.0.0", port)


async def _metrics(text: Callable[[], Awaitable[str]]) -> Response:
    return Response(200, (await text()).encode(), CONTENT_TYPE)


def _not_found() -> Response:
    return Response(404, b"404 page not found\n", TEXT, [NO_SNIFFING])
