"""Messages: what is asked of rtnetlink, as bytes, and what it answers.  Pure.

Sources: netlink(7), rtnetlink(7), linux/if_link.h, linux/rtnetlink.h, linux/neighbour.h.
"""

import errno
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface, ip_network

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_GETADDR = 20, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWNEIGH = 28
NLMSG_ERROR, NLMSG_DONE = 2, 3

NLM_F_REQUEST, NLM_F_ACK = 0x1, 0x4
NLM_F_DUMP = 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400

IFF_UP = 1
NESTED = 0x8000

IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINKINFO, IFLA_IFALIAS = 1, 3, 4, 18, 20
IFLA_AF_SPEC, IFLA_NET_NS_FD = 26, 28
IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE = 8, 1
IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER = 1, 2, 1
IFA_ADDRESS, IFA_LOCAL = 1, 2
IFA_F_NODAD = 0x02
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC = 1, 4, 5, 6, 7
RT_TABLE_MAIN, RT_TABLE_LOCAL, RTPROT_STATIC, RTPROT_RA = 254, 255, 4, 9
RTN_UNICAST, RTN_LOCAL, RTN_UNREACHABLE = 1, 2, 7
SCOPE_UNIVERSE, SCOPE_LINK, SCOPE_NOWHERE = 0, 253, 255
NDA_DST, NDA_LLADDR, NUD_PERMANENT = 1, 2, 0x80

_HEADER = struct.Struct("=IHHII")
_WITHOUT_IPV6 = (errno.ENODEV, errno.EACCES, errno.EINVAL, errno.EOPNOTSUPP, errno.EAFNOSUPPORT)
"""What is answered for a device that is gone, or has no IPv6, or where the kernel has none."""


def _pad(length: int) -> int:
    return (length + 3) & ~3


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded."""
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + bytes(_pad(length) - length)


def attributes(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """Every attribute in ``payload``; a cut-off one ends the walk."""
    offset = 0
    while offset + 4 <= len(payload):
        length, kind = struct.unpack_from("=HH", payload, offset)
        if length < 4 or offset + length > len(payload):
            return
        yield kind & 0x3FFF, payload[offset + 4 : offset + length]
        offset += _pad(length)


def message(kind: int, flags: int, payload: bytes, sequence: int) -> bytes:
    """One framed message."""
    return _HEADER.pack(_HEADER.size + len(payload), kind, flags | NLM_F_REQUEST, sequence, 0) + payload


@dataclass(frozen=True, slots=True)
class Answer:
    """One message of the kernel's; ``error`` is a positive errno for a refusal, 0 for an acknowledgement."""

    kind: int
    sequence: int
    payload: bytes
    error: int = 0


def answers(data: bytes) -> Iterator[Answer]:
    """Every message in one datagram."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, _flags, sequence, _port = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size or offset + length > len(data):
            return
        payload = data[offset + _HEADER.size : offset + length]
        error = -struct.unpack_from("=i", payload)[0] if kind == NLMSG_ERROR else 0
        yield Answer(kind, sequence, payload, error)
        offset += _pad(length)


@dataclass(frozen=True, slots=True)
class Request:
    """A message without its sequence number; ``what`` is for the text of an error."""

    kind: int
    flags: int
    payload: bytes
    what: str
    allowed_errors: tuple[int, ...] = ()
    """What may be answered instead of success: errno values of "it is there already" or "it is gone"."""


def _ifinfo(index: int = 0, flags: int = 0, change: int = 0) -> bytes:
    return struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, change)


def _text(value: str) -> bytes:
    return value.encode() + b"\0"


def _number(value: int) -> bytes:
    return struct.pack("=I", value)


def _family(address: str) -> int:
    return socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET


def new_device(name: str, kind: str) -> Request:
    """A device with no hardware behind it (``dummy``, ``bridge``)."""
    info = attribute(IFLA_INFO_KIND, kind.encode())
    payload = _ifinfo() + attribute(IFLA_IFNAME, _text(name)) + attribute(IFLA_LINKINFO | NESTED, info)
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, payload, f"make {kind} device {name}")


@dataclass(frozen=True, slots=True)
class VethEnd:
    """One end of a veth pair: where it lives (a namespace's descriptor, ``None``: the socket's own) and its looks."""

    name: str
    mac: bytes
    mtu: int
    netns: int | None = None
    index: int = 0

    def encode(self) -> bytes:
        """The ifinfomsg and its attributes."""
        parts = [
            _ifinfo(self.index),
            attribute(IFLA_IFNAME, _text(self.name)),
            attribute(IFLA_ADDRESS, self.mac),
            attribute(IFLA_MTU, _number(self.mtu)),
        ]
        if self.netns is not None:
            parts.append(attribute(IFLA_NET_NS_FD, _number(self.netns)))
        return b"".join(parts)


def new_veth(end: VethEnd, peer: VethEnd) -> Request:
    """A veth pair."""
    nested = attribute(VETH_INFO_PEER | NESTED, peer.encode())
    info = attribute(IFLA_INFO_KIND, b"veth") + attribute(IFLA_INFO_DATA | NESTED, nested)
    payload = end.encode() + attribute(IFLA_LINKINFO | NESTED, info)
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, payload, f"make veth pair {end.name}")


def set_up(index: int) -> Request:
    """Bring a device up."""
    return Request(RTM_NEWLINK, 0, _ifinfo(index, IFF_UP, IFF_UP), f"bring device {index} up")


def set_alias(index: int, alias: str) -> Request:
    """Say on a device whose it is; the kernel takes no alias when it makes one."""
    payload = _ifinfo(index) + attribute(IFLA_IFALIAS, alias.encode())
    return Request(RTM_NEWLINK, 0, payload, f"label device {index}")


def no_link_local(index: int) -> Request:
    """Keep a device without an IPv6 link-local address: no router solicitation, no duplicate detection."""
    mode = attribute(IFLA_INET6_ADDR_GEN_MODE, bytes([IN6_ADDR_GEN_MODE_NONE]))
    payload = _ifinfo(index) + attribute(IFLA_AF_SPEC | NESTED, attribute(socket.AF_INET6 | NESTED, mode))
    allowed = (errno.EAFNOSUPPORT, errno.EOPNOTSUPP)
    return Request(RTM_NEWLINK, 0, payload, f"keep device {index} without link-local addresses", allowed)


def del_link(index: int, allowed_errors: tuple[int, ...] = ()) -> Request:
    """Remove a device (and, of a pair, its peer)."""
    return Request(RTM_DELLINK, 0, _ifinfo(index), f"remove device {index}", allowed_errors)


def get_link(name: str) -> Request:
    """Ask for one device by name."""
    return Request(RTM_GETLINK, 0, _ifinfo() + attribute(IFLA_IFNAME, _text(name)), f"look up device {name}")


def dump_links() -> Request:
    """Ask for all devices."""
    return Request(RTM_GETLINK, NLM_F_DUMP, _ifinfo(), "list devices")


def add_address(index: int, address: str, allowed_errors: tuple[int, ...] = ()) -> Request:
    """Give a device an address such as ``10.244.0.5/32``; IPv6 is usable at once, with no duplicate detection."""
    interface = ip_interface(address)
    family = _family(str(interface.ip))
    flags = IFA_F_NODAD if family == socket.AF_INET6 else 0
    head = struct.pack("=BBBBI", family, interface.network.prefixlen, flags, SCOPE_UNIVERSE, index)
    payload = head + attribute(IFA_LOCAL, interface.ip.packed) + attribute(IFA_ADDRESS, interface.ip.packed)
    return Request(
        RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, payload, f"add address {address} to device {index}", allowed_errors
    )


def dump_addresses(family: int) -> Request:
    """Ask for all addresses of a family."""
    return Request(RTM_GETADDR, NLM_F_DUMP, struct.pack("=BBBBI", family, 0, 0, 0, 0), "list addresses")


def add_route(
    destination: str, index: int, *, gateway: str = "", source: str = "", scope: int = SCOPE_UNIVERSE
) -> Request:
    """Route ``destination`` (a network) through a device, replacing a route of the same key."""
    network = ip_network(destination)
    family = _family(str(network.network_address))
    head = struct.pack(
        "=BBBBBBBBI", family, network.prefixlen, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, scope, RTN_UNICAST, 0
    )
    parts = [head, attribute(RTA_OIF, _number(index))]
    if network.prefixlen:
        parts.append(attribute(RTA_DST, network.network_address.packed))
    if gateway:
        parts.append(attribute(RTA_GATEWAY, ip_address(gateway).packed))
    if source:
        parts.append(attribute(RTA_PREFSRC, ip_address(source).packed))
    return Request(
        RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, b"".join(parts), f"route {destination} through device {index}"
    )


def del_route(destination: str, index: int) -> Request:
    """Take a route through a device back."""
    network = ip_network(destination)
    family = _family(str(network.network_address))
    head = struct.pack("=BBBBBBBBI", family, network.prefixlen, 0, 0, RT_TABLE_MAIN, 0, SCOPE_NOWHERE, 0, 0)
    parts = head + attribute(RTA_OIF, _number(index)) + attribute(RTA_DST, network.network_address.packed)
    return Request(RTM_DELROUTE, 0, parts, f"remove route {destination} through device {index}", (errno.ESRCH,))


def _unreachable(destination: str) -> bytes:
    network = ip_network(destination)
    family = _family(str(network.network_address))
    head = struct.pack(
        "=BBBBBBBBI", family, network.prefixlen, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, 0, RTN_UNREACHABLE, 0
    )
    return head + attribute(RTA_DST, network.network_address.packed)


def add_unreachable(destination: str) -> Request:
    """Answer "host unreachable" for whatever of a network has no route of its own, instead of asking the router."""
    flags = NLM_F_CREATE | NLM_F_REPLACE
    return Request(RTM_NEWROUTE, flags, _unreachable(destination), f"make {destination} unreachable")


def del_unreachable(destination: str) -> Request:
    """Take that back."""
    return Request(
        RTM_DELROUTE, 0, _unreachable(destination), f"remove unreachable route {destination}", (errno.ESRCH,)
    )


def _local(address: str, index: int, metric: int) -> bytes:
    packed = ip_address(address).packed
    head = struct.pack(
        "=BBBBBBBBI", _family(address), 8 * len(packed), 0, 0, RT_TABLE_LOCAL, RTPROT_STATIC, 0, RTN_LOCAL, 0
    )
    parts = (attribute(RTA_DST, packed), attribute(RTA_OIF, _number(index)), attribute(RTA_PRIORITY, _number(metric)))
    return head + b"".join(parts)


def add_local(address: str, index: int, metric: int) -> Request:
    """Take an address as the machine's own where packets for it come by a device; one that is down or gone has none."""
    allowed = (errno.EEXIST, errno.ENETDOWN, *_WITHOUT_IPV6)
    flags = NLM_F_CREATE | NLM_F_EXCL
    return Request(RTM_NEWROUTE, flags, _local(address, index, metric), f"take {address} from device {index}", allowed)


def del_local(address: str, index: int, metric: int) -> Request:
    """Take that back."""
    allowed = (errno.ESRCH, *_WITHOUT_IPV6)
    return Request(RTM_DELROUTE, 0, _local(address, index, metric), f"refuse {address} from device {index}", allowed)


def dump_routes(family: int) -> Request:
    """Ask for all routes of a family."""
    return Request(RTM_GETROUTE, NLM_F_DUMP, struct.pack("=BBBBBBBBI", family, *[0] * 8), "list routes")


def add_neighbour(index: int, address: str, mac: bytes) -> Request:
    """Tell a device where an address lives, for good: no ARP or neighbour discovery is needed."""
    head = struct.pack("=BxxxiHBB", _family(address), index, NUD_PERMANENT, 0, 0)
    payload = head + attribute(NDA_DST, ip_address(address).packed) + attribute(NDA_LLADDR, mac)
    return Request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, payload, f"add neighbour {address} to device {index}")


@dataclass(frozen=True, slots=True)
class Link:
    """A device as listed."""

    index: int
    name: str
    alias: str
    mtu: int
    kind: str


def parse_link(payload: bytes) -> Link:
    """The device in the payload of a NEWLINK answer."""
    index = struct.unpack_from("=BxHiII", payload)[2]
    found = dict(attributes(payload[16:]))
    info = dict(attributes(found.get(IFLA_LINKINFO, b"")))
    mtu = found.get(IFLA_MTU, b"\0\0\0\0")
    return Link(
        index,
        found.get(IFLA_IFNAME, b"").rstrip(b"\0").decode(),
        found.get(IFLA_IFALIAS, b"").rstrip(b"\0").decode(errors="replace"),
        struct.unpack("=I", mtu)[0],
        info.get(IFLA_INFO_KIND, b"").rstrip(b"\0").decode(),
    )


@dataclass(frozen=True, slots=True)
class Address:
    """An address of a device as listed."""

    ip: str
    index: int


def parse_address(payload: bytes) -> Address:
    """The address in the payload of a NEWADDR answer: the device's own, where there is one at the other end too."""
    family, _prefix, _flags, _scope, index = struct.unpack_from("=BBBBI", payload)
    found = dict(attributes(payload[8:]))
    return Address(socket.inet_ntop(family, found.get(IFA_LOCAL) or found[IFA_ADDRESS]), index)


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the main table as listed; ``destination`` is empty for the default route."""

    destination: str
    index: int
    gateway: str
    protocol: int = RTPROT_STATIC


def parse_route(payload: bytes) -> Route | None:
    """The route in the payload of a NEWROUTE answer; ``None`` when it is of another table than main."""
    family, prefix, _src, _tos, table, protocol, _scope, _kind, _flags = struct.unpack_from("=BBBBBBBBI", payload)
    if table != RT_TABLE_MAIN:
        return None
    found = dict(attributes(payload[12:]))

    def text(kind: int) -> str:
        raw = found.get(kind)
        return socket.inet_ntop(family, raw) if raw else ""

    destination = f"{text(RTA_DST)}/{prefix}" if prefix else ""
    return Route(destination, struct.unpack("=I", found.get(RTA_OIF, b"\0\0\0\0"))[0], text(RTA_GATEWAY), protocol)
