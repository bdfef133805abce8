"""Flows: ends what connection tracking remembers of UDP and SCTP clients when a host port comes, goes or moves.

A client that never stops sending would else go on to a pod that is gone, or past the pod that has come.
Source: linux/netfilter/nfnetlink_conntrack.h.
"""

import errno
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from fairway.node.pod_network.host_ports.mapping import Backend, Difference, Frontend, Mappings
from fairway.node.rtnetlink.connection import NETFILTER, Connection
from fairway.node.rtnetlink.messages import NESTED, NLM_F_DUMP, Request, attribute, attributes

PROTOCOLS = {17: "udp", 132: "sctp"}
_GET, _DELETE = 1 << 8 | 1, 1 << 8 | 2
_ORIGINAL, _REPLY, _STATUS, _ID, _ZONE = 1, 2, 3, 12, 18
_IP, _PROTOCOL = 1, 2
_SOURCES, _DESTINATIONS = (1, 3), (2, 4)
_NUMBER, _SOURCE_PORT, _DESTINATION_PORT = 1, 2, 3
_DESTINATION_TRANSLATED = 1 << 5
_AF = {4: socket.AF_INET, 6: socket.AF_INET6}


@dataclass(frozen=True, slots=True)
class Flow:
    """An entry: what its client asked for, and who answers."""

    asked: Frontend
    answered_by: Backend
    is_translated: bool
    name: bytes = b""
    """How the kernel is told which entry is meant."""


def is_stale(flow: Flow, change: Difference, is_local: Callable[[str], bool]) -> bool:
    """Whether the entry leads where the port no longer leads, or has passed by a port that is there now.  Pure."""
    if flow.is_translated:
        return any(change.gone.get(each) == flow.answered_by for each in _ways(flow.asked))
    return any(each in change.new for each in _ways(flow.asked)) and is_local(flow.asked.address)


def _ways(asked: Frontend) -> tuple[Frontend, Frontend]:
    return asked, Frontend(asked.family, "", asked.protocol, asked.port)


def forget(change: Difference) -> int:
    """End the flows that a change has made stale; the answer is how many.  Raises: ``OSError``."""
    count = 0
    for family in _families(change.gone, change.new):
        with Connection(NETFILTER) as connection:
            request = Request(_GET, NLM_F_DUMP, _general(family), "list flows")
            flows = filter(None, (flow_of(payload) for payload in connection.dump(request)))
            stale = [flow for flow in flows if is_stale(flow, change, _is_local)]
            connection.run([_delete(family, flow) for flow in stale])
        count += len(stale)
    return count


def _families(*mappings: Mappings) -> list[int]:
    """Where a protocol without connections is concerned."""
    frontends: Iterable[Frontend] = (frontend for each in mappings for frontend in each)
    return sorted({each.family for each in frontends if each.protocol in PROTOCOLS.values()})


def _is_local(address: str) -> bool:
    """Whether this machine has the address: only then may a socket be bound to it."""
    with suppress(OSError), socket.socket(_AF[ip_address(address).version], socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return True
    return False


def _general(family: int) -> bytes:
    return struct.pack("=BBH", _AF[family], 0, 0)


def _delete(family: int, flow: Flow) -> Request:
    """One that ended by itself meanwhile is as good."""
    return Request(_DELETE, 0, _general(family) + flow.name, f"end a flow to {flow.asked}", (errno.ENOENT,))


def flow_of(payload: bytes) -> Flow | None:
    """What must be known of an entry; ``None`` where the protocol is another one."""
    parts = dict(attributes(payload[4:]))
    there, back = _tuple(parts.get(_ORIGINAL, b"")), _tuple(parts.get(_REPLY, b""))
    if there is None or back is None:
        return None
    protocol, _, (address, port) = there
    status = int.from_bytes(parts.get(_STATUS, b""), "big")
    name = attribute(_ORIGINAL | NESTED, parts[_ORIGINAL])
    name += b"".join(attribute(kind, parts[kind]) for kind in (_ID, _ZONE) if kind in parts)
    asked = Frontend(ip_address(address).version, address, protocol, port)
    return Flow(asked, back[1], bool(status & _DESTINATION_TRANSLATED), name)


def _tuple(payload: bytes) -> tuple[str, Backend, Backend] | None:
    """Protocol, source and destination of one direction."""
    outer = dict(attributes(payload))
    addresses, ports = dict(attributes(outer.get(_IP, b""))), dict(attributes(outer.get(_PROTOCOL, b"")))
    protocol = PROTOCOLS.get(ports.get(_NUMBER, b"\0")[0])
    source, destination = _first(addresses, _SOURCES), _first(addresses, _DESTINATIONS)
    if protocol is None or not source or not destination or _SOURCE_PORT not in ports:
        return None
    return protocol, (source, _port(ports, _SOURCE_PORT)), (destination, _port(ports, _DESTINATION_PORT))


def _port(ports: dict[int, bytes], kind: int) -> int:
    return int.from_bytes(ports.get(kind, b""), "big")


def _first(addresses: dict[int, bytes], kinds: Iterable[int]) -> str:
    found: Iterator[str] = (str(ip_address(addresses[kind])) for kind in kinds if kind in addresses)
    return next(found, "")
