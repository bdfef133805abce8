"""Ingress: the cluster's Ingress controller, from the first Ingress on.

Shape: it works in the process of the first node, which is the machine itself, and listens at all its addresses.  The
listening sockets are kept by the supervisor, so that whoever connects while HAProxy is started again only waits.
Light: the node process imports it, and the controller itself only when there is an Ingress.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from fairway.client.interface import Client
from fairway.cluster.config import Config
from fairway.cluster.kept_sockets import KeptSockets
from fairway.cluster.nodes import ClusterNode
from fairway.kinds import INGRESS
from fairway.objects import Object
from fairway.reconcile.backoff import Backoff
from fairway.reconcile.informer import Informer
from fairway.reconcile.kept import reducer

if TYPE_CHECKING:
    from fairway.ingress.ingress import Ingress

log = logging.getLogger(__name__)

METRICS: Final = "/metrics/ingress"
"""Where its metrics are, at the port of the Service proxy's."""
_FIRST_DELAY_S, _MAX_DELAY_S = 0.2, 10.0


class Ingresses:
    """The controller of a node, if it has one and there is an Ingress for it."""

    def __init__(self, client: Client, config: Config, node: ClusterNode, kept: KeptSockets) -> None:
        self._client, self._config, self._node, self._kept = client, config, node, kept
        self._is_wanted = node.is_first and bool(config.ingress_http_port or config.ingress_https_port)
        # An earlier process of this node has left it running: what it sends where is known once it is taken over.
        self._is_needed = self._is_wanted and (config.run_dir / "ingress" / "haproxy.cfg").exists()
        self._made = asyncio.Event()
        self._controller: Ingress | None = None

    async def run(self) -> None:
        """Serve until cancelled.  A fault is told and followed by a fresh start: others live in the same process."""
        if not self._is_wanted:
            await asyncio.get_running_loop().create_future()
        if not self._is_needed:
            await self._until_needed()
        from fairway.cluster.ingress_controller import controller

        backoff = Backoff(_FIRST_DELAY_S, _MAX_DELAY_S)
        while True:
            self._controller = controller(self._client, self._config, self._node, self._kept)
            self._made.set()
            try:
                await self._controller.run()
            except Exception:
                log.exception("ingress failed", extra={"failures": backoff.failures})
            await asyncio.sleep(backoff.next_delay_s())

    async def _until_needed(self) -> None:
        """Return when there is an Ingress, whoever serves it."""
        ingresses = Informer(self._client, INGRESS, keep=reducer(_nothing))
        following = asyncio.create_task(ingresses.run())
        try:
            await ingresses.wait_until(lambda: len(ingresses) > 0)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def wait_left(self, addresses: Iterable[str], ports: Iterable[int]) -> None:
        """Return when no Ingress sends anything new there."""
        if self._is_needed:
            await self._made.wait()
        if self._controller is not None:
            await self._controller.wait_left(addresses, ports)

    async def metrics_text(self) -> str:
        """What controller and engine count, as Prometheus reads it."""
        return await self._controller.metrics_text() if self._controller is not None else ""


def _nothing(_ingress: Object) -> None:
    """What is kept of an Ingress before there is a controller."""
