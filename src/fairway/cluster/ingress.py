"""Ingress: the cluster's Ingress controller, composed with HAProxy as its engine.

Shape: it works in the process of the first node, which is the machine itself, and listens at all its addresses.  The
listening sockets are kept by the supervisor, so that whoever connects while HAProxy is started again only waits.
"""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from typing import Any, Final

from fairway.client.interface import Client
from fairway.cluster.config import Config
from fairway.cluster.ingress_process import folder
from fairway.cluster.kept_sockets import KeptSockets
from fairway.cluster.local_ca.leaves import Leaves
from fairway.cluster.local_ca.trust import folder as ca_folder
from fairway.cluster.nodes import ClusterNode
from fairway.cluster.surroundings import lacks_family
from fairway.ingress.haproxy.engine import Haproxy
from fairway.ingress.haproxy.engine import Settings as HaproxySettings
from fairway.ingress.ingress import Ingress, Settings, keep_serving
from fairway.node.path import find

PROGRAM: Final = "haproxy"
METRICS: Final = "/metrics/ingress"
"""Where its metrics are, at the port of the Service proxy's."""


def is_wanted(config: Config) -> bool:
    """Whether the cluster serves Ingresses."""
    return bool(config.ingress_http_port or config.ingress_https_port)


class Ingresses:
    """The controller of a node, if it has one."""

    def __init__(self, client: Client, config: Config, node: ClusterNode, kept: KeptSockets) -> None:
        self._client = client
        self._is_wanted = is_wanted(config) and node.is_first
        self._engine = HaproxySettings(
            folder=folder(config),
            log=config.log_dir / "ingress.log",
            find=lambda: find(PROGRAM),
            opening=lambda: opened(config, kept),
            ports=(config.ingress_http_port, config.ingress_https_port),
        )
        self._told = Settings(certificates=Leaves(ca_folder(config)), points=points(config, node), host=node.name)
        self._controller: Ingress | None = None

    async def run(self) -> None:
        """Serve until cancelled; without a controller, only wait."""
        if not self._is_wanted:
            await asyncio.get_running_loop().create_future()
        await keep_serving(self._make)

    async def wait_left(self, addresses: Iterable[str], ports: Iterable[int]) -> None:
        """Return when no Ingress sends anything new there."""
        if self._controller is not None:
            await self._controller.wait_left(addresses, ports)

    async def metrics_text(self) -> str:
        """What controller and engine count, as Prometheus reads it."""
        return await self._controller.metrics_text() if self._controller is not None else ""

    def _make(self) -> Ingress:
        self._controller = Ingress(self._client, Haproxy(self._engine), self._told)
        return self._controller


def points(config: Config, node: ClusterNode) -> list[dict[str, Any]]:
    """Where Ingresses are reached, in the form of ``status.loadBalancer.ingress``."""
    numbers = [number for number in (config.ingress_http_port, config.ingress_https_port) if number]
    ports = [{"port": number, "protocol": "TCP"} for number in numbers]
    return [{"ip": address, "ports": ports} for address in node.addresses]


def opened(config: Config, kept: KeptSockets) -> tuple[Sequence[socket.socket], Sequence[socket.socket]]:
    """Sockets for HTTP and HTTPS, at every address of the machine.  Raises: ``OSError`` that says how to go on."""
    hosts = ["0.0.0.0", *([] if lacks_family(6) else ["::"])]
    found: list[list[socket.socket]] = []
    try:
        for name in ("ingress_http_port", "ingress_https_port"):
            found.append([])
            for host in hosts if (port := getattr(config, name)) else ():
                try:
                    found[-1].append(kept.open(host, port, socket.SOCK_STREAM))
                except OSError as error:
                    flag = f"--{name.replace('_', '-')}"
                    raise OSError(
                        error.errno,
                        f"port {port} cannot be listened on: {error.strerror}; see who has it: "
                        f"sudo ss -ltnp 'sport = {port}'; or choose another: sudo fairway up{config.flags} {flag} PORT",
                    ) from error
    except OSError:
        for each in (*found[0], *found[-1]):
            each.close()
        raise
    return found[0], found[1]
