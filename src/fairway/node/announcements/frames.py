"""Frames: ARP and neighbour discovery as Ethernet frames.  Pure.

Sources: RFC 826 (ARP), RFC 5227 (address conflict detection), RFC 4861 and 4862 (neighbour discovery, duplicate
address detection).  MAC addresses are six bytes, IP addresses text.
"""

import ipaddress
import struct
from dataclasses import dataclass

ETH_P_ARP, ETH_P_IPV6 = 0x0806, 0x86DD
BROADCAST, NO_MAC = b"\xff" * 6, bytes(6)
NOBODY, NOBODY_6, ALL_NODES = "0.0.0.0", "::", "ff02::1"
REQUEST, REPLY = 1, 2
ICMPV6, SOLICITATION, ADVERTISEMENT = 58, 135, 136
SOLICITED, OVERRIDE = 0x40000000, 0x20000000
_SOURCE_MAC, _TARGET_MAC = 1, 2
_ARP_HEAD = struct.pack("!HHBB", 1, 0x0800, 6, 4)


@dataclass(frozen=True, slots=True)
class Heard:
    """What another machine says.

    ``claimed`` is the address that it says is its own, ``asked`` the one that it looks for; either may be empty.
    With ``asked`` and without ``claimed`` it probes: it would like to have the address itself.
    """

    mac: bytes
    claimed: str = ""
    asked: str = ""


def mac_text(mac: bytes) -> str:
    """A MAC address as users write it."""
    return mac.hex(":")


# What we say


def probe(mac: bytes, at: str) -> bytes:
    """Ask who has an address without saying that anybody has."""
    if ":" in at:
        return _solicitation(mac, at)
    return _arp(BROADCAST, REQUEST, (mac, NOBODY), (NO_MAC, at))


def announcement(mac: bytes, at: str) -> list[bytes]:
    """Tell everybody that an address is at ``mac``: of ARP in both forms, as some heed only one."""
    if ":" in at:
        return [_advertisement(mac, at, ALL_NODES, BROADCAST, OVERRIDE)]
    return [
        _arp(BROADCAST, REQUEST, (mac, at), (NO_MAC, at)),
        _arp(BROADCAST, REPLY, (mac, at), (mac, at)),
    ]


def answer(mac: bytes, heard: Heard) -> bytes:
    """Tell who looks for ``heard.asked`` that it is at ``mac``; one who probes for it is told that it is taken."""
    at = heard.asked
    if ":" not in at:
        return _arp(heard.mac, REPLY, (mac, at), (heard.mac, heard.claimed or NOBODY))
    if not heard.claimed:
        return _advertisement(mac, at, ALL_NODES, BROADCAST, OVERRIDE)
    return _advertisement(mac, at, heard.claimed, heard.mac, SOLICITED | OVERRIDE)


def _arp(to: bytes, operation: int, sender: tuple[bytes, str], target: tuple[bytes, str]) -> bytes:
    parts = (part for mac, at in (sender, target) for part in (mac, ipaddress.IPv4Address(at).packed))
    return to + sender[0] + struct.pack("!H", ETH_P_ARP) + _ARP_HEAD + struct.pack("!H", operation) + b"".join(parts)


def _solicitation(mac: bytes, at: str) -> bytes:
    group = solicited_node(at)
    body = struct.pack("!BBHI", SOLICITATION, 0, 0, 0) + ipaddress.IPv6Address(at).packed
    return _ipv6(mac, multicast_mac(group), NOBODY_6, group, body)


def _advertisement(mac: bytes, at: str, to: str, to_mac: bytes, flags: int) -> bytes:
    option = struct.pack("!BB", _TARGET_MAC, 1) + mac
    body = struct.pack("!BBHI", ADVERTISEMENT, 0, 0, flags) + ipaddress.IPv6Address(at).packed + option
    return _ipv6(mac, multicast_mac(to) if to == ALL_NODES else to_mac, at, to, body)


def _ipv6(mac: bytes, to_mac: bytes, source: str, to: str, body: bytes) -> bytes:
    addresses = ipaddress.IPv6Address(source).packed + ipaddress.IPv6Address(to).packed
    checked = addresses + struct.pack("!II", len(body), ICMPV6) + body
    body = body[:2] + struct.pack("!H", _checksum(checked)) + body[4:]
    head = struct.pack("!IHBB", 6 << 28, len(body), ICMPV6, 255)
    return to_mac + mac + struct.pack("!H", ETH_P_IPV6) + head + addresses + body


def _checksum(text: bytes) -> int:
    text += b"\0" * (len(text) % 2)
    total: int = sum(struct.unpack(f"!{len(text) // 2}H", text))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def solicited_node(at: str) -> str:
    """The multicast group in which an IPv6 address is looked for."""
    low = int(ipaddress.IPv6Address(at)) & 0xFFFFFF
    return str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("ff02::1:ff00:0")) | low))


def multicast_mac(group: str) -> bytes:
    """Where frames to an IPv6 multicast group go."""
    return b"\x33\x33" + ipaddress.IPv6Address(group).packed[-4:]


# What we hear


def heard(frame: bytes) -> Heard | None:
    """What an Ethernet frame says of addresses; ``None`` if it is no ARP or neighbour discovery, or broken."""
    kind = frame[12:14]
    if kind == b"\x08\x06":
        return _heard_arp(frame[14:])
    if kind == b"\x86\xdd":
        return _heard_nd(frame[6:12], frame[14:])
    return None


def _heard_arp(body: bytes) -> Heard | None:
    if len(body) < 28 or body[:6] != _ARP_HEAD:
        return None
    operation = int.from_bytes(body[6:8], "big")
    mac, sender = body[8:14], str(ipaddress.IPv4Address(body[14:18]))
    target = str(ipaddress.IPv4Address(body[24:28]))
    claimed = "" if sender == NOBODY else sender
    asked = target if operation == REQUEST and target != sender else ""
    return Heard(mac, claimed, asked)


def _heard_nd(mac: bytes, packet: bytes) -> Heard | None:
    """Only what has not passed a router (hop limit 255) counts; RFC 4861, 7.1."""
    if len(packet) < 64 or packet[6] != ICMPV6 or packet[7] != 255:
        return None
    source, target = str(ipaddress.IPv6Address(packet[8:24])), str(ipaddress.IPv6Address(packet[48:64]))
    options = _options(packet[64:])
    if packet[40] == SOLICITATION:
        return Heard(options.get(_SOURCE_MAC, mac), "" if source == NOBODY_6 else source, target)
    if packet[40] == ADVERTISEMENT:
        return Heard(options.get(_TARGET_MAC, mac), target)
    return None


def _options(text: bytes) -> dict[int, bytes]:
    found = {}
    while len(text) >= 8 and text[1]:
        found[text[0]] = text[2:8]
        text = text[text[1] * 8 :]
    return found
