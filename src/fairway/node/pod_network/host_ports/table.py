"""Table: host ports as nftables text, one table per family, and read back from the kernel.  Pure.

Rules never change; which port leads where is data of two maps: by address, and for every address of the node.  The
proxy's translation (-105) is asked first, ours stands before that of others (-100).  A client's address is kept, but
for a pod that reaches itself and for a client on 127.0.0.1, whose answers would else never come back this way.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from fairway.node.pod_network.host_ports.mapping import FAMILIES, Frontend, Mappings

NFT = {4: "ip", 6: "ip6"}
"""What nft calls the families."""
_ADDRESS_TYPE = {4: "ipv4_addr", 6: "ipv6_addr"}
_PROTOCOLS = {6: "tcp", 17: "udp", 132: "sctp"}
"""Their numbers, which ``nft -n`` writes."""
BY_ADDRESS, BY_PORT, OWN = "host-ports-by-address", "host-ports", "pods"


def frame(family: int) -> str:
    """Maps without elements, chains and rules."""
    ip, address = NFT[family], _ADDRESS_TYPE[family]
    loopback = "ip daddr 127.0.0.0/8" if family == 4 else "ip6 daddr ::1"
    # The kernel takes no answer for 127.0.0.1 from a device but for those that were told to; for ::1 from none.
    guard = f'iif != "lo" {loopback} drop'
    looped = 'ct status dnat ip saddr 127.0.0.0/8 oif != "lo" masquerade\n' if family == 4 else ""
    kept = "" if family == 4 else f"\t\t{loopback} return\n"
    return (
        f"\tmap {BY_ADDRESS} {{ type {address} . inet_proto . inet_service : {address} . inet_service; }}\n"
        f"\tmap {BY_PORT} {{ type inet_proto . inet_service : {address} . inet_service; }}\n"
        f"\tset {OWN} {{ type {address} . {address}; }}\n"
        "\tchain translate {\n"
        f"{kept}"
        "\t\tfib daddr type != local return\n"
        f"\t\tdnat {ip} to {ip} daddr . meta l4proto . th dport map @{BY_ADDRESS}\n"
        f"\t\tdnat {ip} to meta l4proto . th dport map @{BY_PORT}\n"
        "\t}\n"
        f"\tchain raw-prerouting {{ type filter hook prerouting priority -305; {guard}; }}\n"
        "\tchain nat-prerouting { type nat hook prerouting priority -104; goto translate; }\n"
        "\tchain nat-output { type nat hook output priority -104; goto translate; }\n"
        "\tchain nat-postrouting {\n"
        "\t\ttype nat hook postrouting priority 96;\n"
        f"\t\tct status dnat {ip} saddr . {ip} daddr @{OWN} masquerade\n"
        f"\t\t{looped}"
        "\t}\n"
    )


def digest(family: int) -> str:
    """What tells one version of the frame from another."""
    return hashlib.sha256(frame(family).encode()).hexdigest()[:12]


def render(table: str, mappings: Mappings) -> str:
    """Both tables for ``nft -f``, each replaced in one transaction; a family without host ports has none."""
    return "".join(
        _family(table, family, {key: backend for key, backend in mappings.items() if key.family == family})
        for family in FAMILIES
    )


def _family(table: str, family: int, mappings: Mappings) -> str:
    name = f"{NFT[family]} {table}"
    text = f"table {name} {{}}\ndelete table {name}\n"
    if not mappings:
        return text
    by_address, by_port = [], []
    for frontend, (ip, port) in sorted(mappings.items()):
        key = f"{frontend.protocol} . {frontend.port} : {ip} . {port}"
        if frontend.address:
            by_address.append(f"{frontend.address} . {key}")
        else:
            by_port.append(key)
    own = sorted({f"{ip} . {ip}" for ip, _ in mappings.values()})
    text += f"table {name} {{\n{frame(family)}"
    text += f"\tchain frame-{digest(family)} {{ }}\n}}\n"
    for place, elements in ((BY_ADDRESS, by_address), (BY_PORT, by_port), (OWN, own)):
        if elements:
            text += f"add element {name} {place} {{ {', '.join(elements)} }}\n"
    return text


def parse(listing: str, family: int) -> Mappings | None:
    """What the kernel has of a family, from what ``nft -j list table`` says; ``None`` for another version's table."""
    objects: list[dict[str, Any]] = json.loads(listing)["nftables"]
    found: Mappings = {}
    is_current = False
    for entry in objects:
        if chain := entry.get("chain"):
            is_current |= chain["name"] == f"frame-{digest(family)}"
        elif one := entry.get("map"):
            found |= _elements(family, one["name"], one.get("elem") or ())
    return found if is_current else None


def _elements(family: int, name: str, elements: Iterable[Any]) -> Mappings:
    found: Mappings = {}
    for key, value in elements:
        *address, protocol, port = key["concat"]
        ip, inner = value["concat"]
        frontend = Frontend(family, address[0] if name == BY_ADDRESS else "", _PROTOCOLS[protocol], port)
        found[frontend] = (ip, inner)
    return found
