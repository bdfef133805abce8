"""Model: what the proxy knows of Services and endpoints, and what it wants the kernel to hold.

Shape: ``Service`` and ``Slice`` are what is kept of the API's objects; ``ServicePort`` is what one port of one Service
becomes in one address family.  Pure.
Rules for those who change it: addresses and ports are kept in the kernel's own form (network byte order, every part
padded to four bytes), because tens of thousands of them are held and none is ever computed with.
"""

import socket
import struct
from dataclasses import dataclass
from typing import Final, NamedTuple, NewType

from fairway.objects.authority import authority

Address = NewType("Address", bytes)
"""An IP address in network byte order: 4 bytes or 16."""
Endpoint = NewType("Endpoint", bytes)
"""Address, port and two bytes of padding: where a connection is sent to."""
FrontendKey = NewType("FrontendKey", bytes)
"""Address (none for a node port), protocol and port: what a client connects to."""

IPV4: Final = 4
IPV6: Final = 6
FAMILIES: Final = (IPV4, IPV6)
ADDRESS_BYTES: Final = {IPV4: 4, IPV6: 16}

TCP: Final = 6
UDP: Final = 17
SCTP: Final = 132
PROTOCOLS: Final = {"TCP": TCP, "UDP": UDP, "SCTP": SCTP}
PROTOCOL_NAMES: Final = {number: name for name, number in PROTOCOLS.items()}

CLUSTER_IP: Final = 0
LOAD_BALANCER: Final = 1
EXTERNAL_IP: Final = 2
NODE_PORT: Final = 3
HOST_PORT: Final = 4

_PORT = struct.Struct(">HH")
_AF = {IPV4: socket.AF_INET, IPV6: socket.AF_INET6}


class AddressError(ValueError):
    """A text is not an IP address or not a CIDR."""


def address(text: str) -> Address:
    """The address that ``text`` spells.  Raises: ``AddressError``."""
    try:
        return Address(socket.inet_pton(_AF[IPV6 if ":" in text else IPV4], text))
    except (OSError, ValueError, TypeError) as error:
        raise AddressError(f'"{text}" is not an IP address') from error


def address_text(packed: bytes) -> str:
    """An address as people write it."""
    return socket.inet_ntop(_AF[family_of(packed)], packed)


def family_of(packed: bytes) -> int:
    """4 or 6."""
    return IPV4 if len(packed) == 4 else IPV6


def port_tail(port: int) -> bytes:
    """A port as the last part of an endpoint or a frontend key."""
    return _PORT.pack(port, 0)


def endpoint(at: Address, port: int) -> Endpoint:
    """Where a connection is sent to."""
    return Endpoint(at + _PORT.pack(port, 0))


def endpoint_text(packed: bytes) -> str:
    """``10.244.0.5:8080`` or ``[fd00::5]:8080``."""
    return authority(address_text(packed[:-4]), _PORT.unpack(packed[-4:])[0])


def frontend_key(at: bytes, protocol: int, port: int) -> FrontendKey:
    """What a client connects to; ``at`` is empty for a node port."""
    return FrontendKey(at + bytes((protocol, 0, 0, 0)) + _PORT.pack(port, 0))


def frontend_parts(key: bytes) -> tuple[bytes, int, int]:
    """Address (empty for a node port), protocol and port of a frontend."""
    return key[:-8], key[-8], _PORT.unpack(key[-4:])[0]


def frontend_text(key: bytes) -> str:
    """``10.96.0.17:80/TCP``; a node port is ``:30080/TCP``."""
    at, protocol, port = frontend_parts(key)
    shown = address_text(at) if at else ""
    return f"{f'[{shown}]' if ':' in shown else shown}:{port}/{PROTOCOL_NAMES.get(protocol, protocol)}"


class Range(NamedTuple):
    """Addresses from ``first`` to ``last``, both included."""

    first: bytes
    last: bytes

    @property
    def is_everything(self) -> bool:
        """Whether every address of the family is in it."""
        return not any(self.first) and self.last == b"\xff" * len(self.last)


def address_range(cidr: str) -> Range:
    """The addresses of a CIDR.  Raises: ``AddressError``."""
    text, slash, length_text = cidr.strip().partition("/")
    packed = address(text)
    bits = len(packed) * 8
    try:
        length = int(length_text) if slash else bits
    except ValueError:
        length = -1
    if not 0 <= length <= bits:
        raise AddressError(f'"{cidr}" is not a CIDR')
    host = (1 << (bits - length)) - 1
    first = int.from_bytes(packed, "big") & ~host
    return Range(first.to_bytes(len(packed), "big"), (first | host).to_bytes(len(packed), "big"))


def merged(ranges: list[Range]) -> tuple[Range, ...]:
    """The same addresses of one family in order, no two ranges touching: interval sets refuse overlaps."""
    joined: list[Range] = []
    for first, last in sorted(ranges):
        if joined and int.from_bytes(first, "big") <= int.from_bytes(joined[-1].last, "big") + 1:
            joined[-1] = Range(joined[-1].first, max(joined[-1].last, last))
        else:
            joined.append(Range(first, last))
    return tuple(joined)


class Port(NamedTuple):
    """One entry of a Service's ``spec.ports``; ``node_port`` is 0 where there is none."""

    name: str
    protocol: int
    port: int
    node_port: int


class HostPort(NamedTuple):
    """A port of the machine that leads to a Service's ``port``; ``address`` is empty for every address of it."""

    address: bytes
    protocol: int
    host_port: int
    port: int

    @property
    def key(self) -> FrontendKey:
        """What clients connect to."""
        return frontend_key(self.address, self.protocol, self.host_port)


class Service(NamedTuple):
    """What the proxy keeps of a Service that it serves.

    ``source_ranges`` limits the load balancer's addresses; empty means everyone.
    ``affinity_s`` is how long a client stays with its endpoint; 0 means no affinity.
    ``health_check_port`` is where load balancers ask whether this node has endpoints; 0 means nowhere.
    """

    ports: tuple[Port, ...]
    cluster_ips: tuple[Address, ...]
    external_ips: tuple[Address, ...] = ()
    ingress_ips: tuple[Address, ...] = ()
    source_ranges: tuple[Range, ...] = ()
    internal_local: bool = False
    external_local: bool = False
    affinity_s: int = 0
    health_check_port: int = 0
    host_ports: tuple[HostPort, ...] = ()


class HealthCheck(NamedTuple):
    """What a load balancer learns at ``port``: how many addresses of this node are ready for the Service, by family."""

    port: int
    ipv4: int = 0
    ipv6: int = 0

    def told(self, client: str) -> int:
        """The number that counts for who asks from an address: those that his packets could reach."""
        return self.ipv4 if "." in client else self.ipv6


READY: Final = 1
SERVING: Final = 2
TERMINATING: Final = 4


class SliceEndpoint(NamedTuple):
    """One endpoint of a slice; ``state`` is READY, SERVING and TERMINATING together.

    ``zones`` and ``nodes`` are its hints.
    """

    address: Address
    node: str
    state: int
    zones: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()


class SlicePort(NamedTuple):
    """One port that every endpoint of a slice has."""

    name: str
    protocol: int
    port: int


class Slice(NamedTuple):
    """What the proxy keeps of an EndpointSlice.

    ``triggered_s`` is when the change that it answers to happened (Unix time), 0 where unknown.
    """

    service: str
    family: int
    ports: tuple[SlicePort, ...]
    endpoints: tuple[SliceEndpoint, ...]
    triggered_s: float = 0.0


@dataclass(frozen=True, slots=True)
class NodeView:
    """What matters of the node that the proxy runs on; ``is_eligible`` is false while it is being taken away."""

    name: str
    zone: str = ""
    addresses: tuple[Address, ...] = ()
    pod_cidrs: tuple[str, ...] = ()
    is_eligible: bool = True

    @property
    def primary_addresses(self) -> tuple[Address, ...]:
        """The first of each family, IPv4 before IPv6."""
        return tuple(mine[0] for family in FAMILIES
                     if (mine := [at for at in self.addresses if family_of(at) == family]))  # fmt: skip


PRIMARY: Final = "primary"


@dataclass(frozen=True, slots=True)
class Settings:
    """The proxy's settings.

    ``service_cidrs``: unallocated addresses in them are dropped.  ``pod_cidrs``: where this node's pods (or all pods)
    live; sources outside are masqueraded on their way to a cluster IP; left out, the Node's own are taken.
    ``nodeport_addresses``: CIDRs, and ``primary`` for the Node's own addresses; left out, every address of the machine
    but loopback, which only a CIDR within it adds.
    """

    service_cidrs: tuple[str, ...] = ()
    pod_cidrs: tuple[str, ...] = ()
    nodeport_addresses: tuple[str, ...] = ()
    masquerade_all: bool = False
    serves_host_ports: bool = False
    """Services may have ports of the machine (docs/expose-host.md)."""
    balances_nodes: bool = False
    """This node is the load balancer in front of all nodes, and the way of every answer: with a policy Local it sends
    what comes to a load balancer's address to endpoints of any node, and the source is kept all the same."""


class Frontend(NamedTuple):
    """One thing that clients connect to; ``flags`` are the policy bits of ``words``."""

    key: FrontendKey
    kind: int
    flags: int
    source_ranges: tuple[Range, ...] = ()


class ServicePort(NamedTuple):
    """One port of one Service in one family, resolved: who connects to what, and who answers.

    ``local_endpoints`` is ``None`` unless a policy asks for endpoints of this node only.
    ``hairpin`` are the addresses of this node's endpoints, which may reach themselves through the Service.
    ``flows`` (UDP and SCTP only) are the endpoints that an existing flow may stay with.
    """

    protocol: int
    port: int
    frontends: tuple[Frontend, ...]
    endpoints: tuple[Endpoint, ...]
    local_endpoints: tuple[Endpoint, ...] | None = None
    affinity_s: int = 0
    hairpin: tuple[Address, ...] = ()
    flows: frozenset[Endpoint] | None = None


class Resolved(NamedTuple):
    """One Service's ports in each family."""

    ipv4: tuple[ServicePort, ...]
    ipv6: tuple[ServicePort, ...]


NOTHING: Final = Resolved((), ())
