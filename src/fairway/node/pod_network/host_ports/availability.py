"""Availability: whether a program of this machine listens where a host port is to be: it would be cut off.

The kernel is asked by trying to listen there for a moment.  Devices of clusters do not count: their DNS listens there,
and nobody reaches it by an address of the node.  Blocking.
"""

import errno
import socket
from collections.abc import Iterable

from fairway.node.names import is_of_cluster
from fairway.node.pod_network.host_ports.mapping import Frontend
from fairway.node.rtnetlink.connection import Connection
from fairway.node.rtnetlink.messages import dump_addresses, parse_address
from fairway.node.runtimes.interface import RuntimeFailure
from fairway.objects.authority import authority

_AF = {4: socket.AF_INET, 6: socket.AF_INET6}
_SOCKETS = {"tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0), "sctp": (socket.SOCK_STREAM, 132)}


def check_free(frontends: Iterable[Frontend], reason: str) -> None:
    """Raises: ``RuntimeFailure``.  An address that the machine does not have may be yet to come."""
    for frontend in frontends:
        for address in [frontend.address] if frontend.address else _own(frontend.family):
            if is_taken(frontend.protocol, address, frontend.port):
                where = f"{authority(address, frontend.port)}/{frontend.protocol.upper()}"
                raise RuntimeFailure(
                    reason, f"hostPort {where} is in use by another program on this node: end it or take another port"
                )


def _own(version: int) -> list[str]:
    """The machine's addresses, but for those of clusters."""
    with Connection() as host:
        strangers = {link.index for link in host.links() if not is_of_cluster(link.alias)}
        found = [parse_address(payload) for payload in host.dump(dump_addresses(_AF[version]))]
    return [address.ip for address in found if address.index in strangers and not address.ip.startswith("fe80:")]


def is_taken(transport: str, address: str, port: int) -> bool:
    """Whether a program listens there; ``transport`` is ``tcp``, ``udp`` or ``sctp``."""
    kind, protocol = _SOCKETS[transport]
    try:
        probe = socket.socket(_AF[6 if ":" in address else 4], kind, protocol)
    except OSError:  # The kernel has no SCTP sockets, so nobody listens.
        return False
    with probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
