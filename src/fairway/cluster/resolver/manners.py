"""Manners: in which way a machine's own resolver is told of another name server.  Pure.

Shape: ``Host`` is what is seen of the machine, ``choose`` says what is to be changed.
Source: systemd-resolved.service(8), nss-resolve(8), NetworkManager.conf(5), dnsmasq(8), nsswitch.conf(5).
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from fairway.dns.names import reverse_name
from fairway.dns.upstreams import servers_of

NETWORK_MANAGER_FOLDER: Final = "/etc/NetworkManager/dnsmasq.d"
DNSMASQ_FOLDER: Final = "/etc/dnsmasq.d"
_RESOLVED_STUBS: Final = frozenset({"127.0.0.53", "127.0.0.54"})
_MAX_ZONES: Final = 256


class Manner(Enum):
    """What is told of the name server."""

    RESOLVED = "systemd-resolved"
    NETWORK_MANAGER = "NetworkManager's dnsmasq"
    DNSMASQ = "dnsmasq"
    FILE = "/etc/resolv.conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What is seen of the machine.  ``target`` is what ``/etc/resolv.conf`` is in truth; ``sources`` are the words
    behind ``hosts:`` in nsswitch.conf, none where there is no such line; ``folders`` are those above that there are."""

    text: str = ""
    target: str = "/etc/resolv.conf"
    sources: tuple[str, ...] = ()
    runs_resolved: bool = False
    has_resolvectl: bool = False
    folders: frozenset[str] = frozenset()


def sources_of(text: str) -> tuple[str, ...]:
    """Where an nsswitch.conf has host names looked up."""
    for line in text.splitlines():
        database, colon, rest = line.partition("#")[0].partition(":")
        if colon and database.strip() == "hosts":
            return tuple(rest.split())
    return ()


def choose(host: Host) -> Manner:
    """The one place that, once told, is asked by every program of the machine."""
    servers = {each.host for each in servers_of(host.text)}
    asks_resolved = bool(servers & _RESOLVED_STUBS) or "resolve" in host.sources
    if host.runs_resolved and host.has_resolvectl and asks_resolved:
        return Manner.RESOLVED
    if any(ipaddress.ip_address(server).is_loopback for server in servers):
        if "NetworkManager" in host.text and NETWORK_MANAGER_FOLDER in host.folders:
            return Manner.NETWORK_MANAGER
        if DNSMASQ_FOLDER in host.folders:
            return Manner.DNSMASQ
    return Manner.FILE


def remarks(host: Host, manner: Manner) -> list[str]:
    """What the user must know of the chosen manner."""
    found = []
    if host.sources and not {"dns", "resolve"} & set(host.sources):
        found.append("programs do not ask name servers here: the line hosts: of /etc/nsswitch.conf has no dns")
    if manner is Manner.FILE and (writer := _writer(host)):
        found.append(f"{writer} writes {host.target} too, and may write it anew: then run this again")
    return found


def _writer(host: Host) -> str:
    """The program that keeps the file, as far as can be seen; empty if it is the user's own."""
    for program in ("NetworkManager", "systemd-resolved", "resolvconf", "dhcpcd", "dhclient", "netconfig"):
        if program in host.text:
            return program
    parts = Path(host.target).parts
    return f"a program that keeps /run/{parts[2]}" if parts[1:2] == ("run",) and len(parts) > 3 else ""


def domains(cluster_domain: str, cidrs: Iterable[str]) -> list[str]:
    """The domains that only the cluster's DNS knows: its own, and those of the addresses in ``cidrs``."""
    zones = [zone for cidr in cidrs for zone in _reverse_zones(cidr)]
    return [cluster_domain, *zones[:_MAX_ZONES]]


def _reverse_zones(cidr: str) -> Iterable[str]:
    network = ipaddress.ip_network(cidr)
    unit = 8 if network.version == 4 else 4
    length = -(-network.prefixlen // unit) * unit
    for each in network.subnets(new_prefix=length):
        labels = reverse_name(each.network_address.packed).rstrip(".").split(".")
        yield ".".join(labels[(each.max_prefixlen - length) // unit :])


def dnsmasq_conf(name: str, address: str, wanted: Iterable[str]) -> str:
    """Settings of dnsmasq that send some domains to a name server, whose answers may be private addresses."""
    lines = [f"# Names of fairway cluster {name}; take out with: fairway dns remove-resolver"]
    lines += ["address=/localhost/127.0.0.1", "address=/localhost/::1"]  # RFC 6761; dnsmasq knows only the name itself
    for domain in wanted:
        lines += [f"server=/{domain}/{address}", f"rebind-domain-ok=/{domain}/"]
    return "\n".join(lines) + "\n"
