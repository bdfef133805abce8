"""Machine: whether a host port is free on this machine, and when the cluster's node has taken it.

The command may run elsewhere: what cannot be asked here is left to the node, which tells by an Event (HostPortInUse).
"""

import time

from fairway.cli.failure import Failure
from fairway.kinds.rules.host_ports import HostPort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE_S = 3.0
_LOOK_S = 0.005


def check_free(wanted: "Sequence[HostPort]") -> None:
    """Raises: ``Failure`` that names the program that listens there."""
    for each in wanted:
        if _is_taken(each):
            raise Failure(
                f"host port {each.where} is in use on this machine{_by_whom(each)}: end that program, or take another "
                f"port, such as {each.host_port + 1 if each.host_port < 65535 else 8080}:{each.port}"
            )


def wait_held(wanted: "Sequence[HostPort]") -> None:
    """Return when the node holds the ports, or after a while: it may be another machine's."""
    from fairway.cluster.surroundings import running

    until = time.monotonic() + _PATIENCE_S
    for each in wanted:
        while not _is_taken(each) and running() and time.monotonic() < until:
            time.sleep(_LOOK_S)  # the node binds it in its own time, and nothing tells when


def _is_taken(host_port: HostPort) -> bool:
    from fairway.node.pod_network.host_ports.availability import is_taken

    return is_taken(host_port.protocol.lower(), host_port.address or "0.0.0.0", host_port.host_port)


def _by_whom(host_port: HostPort) -> str:
    from fairway.cluster.doctor.sockets import listening

    for each in listening():
        if each.port == host_port.host_port and each.protocol == host_port.protocol.lower() and each.owner:
            return f" by {each.owner}"
    return ""
