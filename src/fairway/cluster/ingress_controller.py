"""Ingress controller: composed with HAProxy as its engine.  Imported when there is an Ingress, as it is not light."""

import socket
from collections.abc import Sequence
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
from fairway.ingress.ingress import Ingress, Settings
from fairway.node.path import find

PROGRAM: Final = "haproxy"


def controller(client: Client, config: Config, node: ClusterNode, kept: KeptSockets) -> Ingress:
    """A controller with its engine; another one may have had the same HAProxy before."""
    engine = HaproxySettings(
        folder=folder(config),
        log=config.log_dir / "ingress.log",
        find=lambda: find(PROGRAM),
        opening=lambda: opened(config, kept),
        keeping=kept.take_over,
        ports=(config.ingress_http_port, config.ingress_https_port),
    )
    told = Settings(certificates=Leaves(ca_folder(config)), points=points(config, node), host=node.name)
    return Ingress(client, Haproxy(engine), told)


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
                        f"sudo ss -ltnp 'sport = {port}', fairway expose-host --list -A; "
                        f"or choose another: sudo fairway up{config.flags} {flag} PORT",
                    ) from error
    except OSError:
        for each in (*found[0], *found[-1]):
            each.close()
        raise
    return found[0], found[1]
