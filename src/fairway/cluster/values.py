"""Values: the shape that each setting's value must have, and what values must not do to each other.  Pure."""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from fairway.cluster import families
from fairway.cluster.errors import ClusterError
from fairway.objects.address_range import ends
from fairway.objects.authority import host_and_port

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MOST_NODES = 99
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*")
_NOT_FOR_HOSTS = tuple(
    map(
        ipaddress.ip_network,
        ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/8", "fe80::/10", "ff00::/8"),
    )
)
_PREFIXES = {"service_cidr": (64, 124), "pod_cidr": (40, 112), "node_cidr": (40, 120)}
"""Widest and narrowest range of IPv6; one of cluster IPs is at most a /64, as upstream has it."""


def cluster_name(name: str) -> str:
    """``name`` if a cluster may be called so: it becomes part of paths and of names in the kernel.

    Raises: ``ClusterError``.
    """
    if not _NAME.fullmatch(name):
        raise ClusterError(
            f'cluster name "{name}" is not valid: at most 40 lower-case letters, digits and hyphens',
            "choose another, such as --name demo",
        )
    return name


def checked(key: str, value: Any, origin: str) -> Any:
    """``value`` in the setting's type; ``origin`` is how the user wrote it.  Raises: ``ClusterError``."""
    try:
        return _CHECKS[key](value)
    except ValueError as error:
        raise ClusterError(f"{origin}: {error}", "`fairway up --help` and docs/settings.md tell the form") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected text in quotes")
    return value.strip()


def _port(value: Any) -> int:
    shown = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,6}", shown) or not 1 <= int(shown) <= 65535:
        raise ValueError("a port is a number between 1 and 65535")
    return int(shown)


def _port_or_none(value: Any) -> int:
    return 0 if str(value).strip() == "0" and not isinstance(value, bool) else _port(value)


def _domains(value: Any) -> str:
    """Domains with commas, each once, or ``none``."""
    texts = [text.strip().lower().strip(".") for text in _text(value).split(",") if text.strip()]
    if texts == ["none"]:
        return "none"
    for text in texts:
        if len(text) > 253 or not _SUBDOMAIN.fullmatch(text) or text.replace(".", "").isdecimal():
            raise ValueError(f"{text} is no domain: expected such as corp.example, without * or a port")
    if not texts:
        raise ValueError("expected domains with commas, or none")
    return ",".join(dict.fromkeys(texts))


def _count(value: Any) -> int:
    shown = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,3}", shown) or not 1 <= int(shown) <= MOST_NODES:
        raise ValueError(f"expected a number between 1 and {MOST_NODES}")
    return int(shown)


def _family(value: Any) -> str:
    text = _text(value).lower()
    if text not in families.CHOICES:
        raise ValueError(f"expected one of {', '.join(families.CHOICES)}")
    return text


def _pair(value: Any, check: Callable[[str], str]) -> str:
    """One value, or one of each family with a comma between."""
    found = [check(text.strip()) for text in _text(value).split(",")]
    if len({families.version(each) for each in found}) < len(found):
        raise ValueError("expected one value, or two with a comma, one of IPv4 and one of IPv6")
    return ",".join(found)


def _cidrs(value: Any, name: str) -> str:
    return _pair(value, partial(_cidr, name=name))


def _cidr(text: str, name: str) -> str:
    if "/" not in text:
        raise ValueError(f"expected an address and a prefix, such as {families.DEFAULTS[name][families.version(text)]}")
    network = ipaddress.ip_network(text)
    widest, narrowest = (12, 28) if network.version == 4 else _PREFIXES[name]
    if any(network.overlaps(reserved) for reserved in _NOT_FOR_HOSTS):
        raise ValueError(f"this range is reserved: take a private one, such as {families.EXAMPLES[network.version]}")
    if not widest <= network.prefixlen <= narrowest:
        raise ValueError(f"the prefix must be between /{widest} and /{narrowest}")
    return str(network)


def _pool(value: Any) -> str:
    """CIDRs and first-last ranges with commas, in their usual form, or ``none``."""
    texts = [text.strip() for text in _text(value).split(",") if text.strip()]
    if texts == ["none"]:
        return "none"
    if not texts:
        raise ValueError("expected ranges such as 10.97.0.0/16 or 192.168.1.200-192.168.1.220, or none")
    blocks = [block for text in texts for block in address_blocks(text)]
    for at, block in enumerate(blocks):
        if any(block.overlaps(reserved) for reserved in _NOT_FOR_HOSTS):
            raise ValueError(f"{block} is reserved: take a private range, such as {families.EXAMPLES[block.version]}")
        if any(block.version == other.version and block.overlaps(other) for other in blocks[:at]):
            raise ValueError(f"{block} is named twice")
    return ",".join(_usual_range(text) for text in texts)


def _usual_range(text: str) -> str:
    return "-".join(map(str, ends(text))) if "-" in text else text


def address_blocks(text: str) -> list[Network]:
    """A CIDR, or a range first-last as the fewest CIDRs.  Raises: ``ValueError``."""
    if "-" not in text:
        if "/" not in text:
            raise ValueError("expected an address and a prefix, such as 10.97.0.0/16, or first-last")
        block = ipaddress.ip_network(text)
        if block.prefixlen < (8 if block.version == 4 else 32):
            raise ValueError("the prefix must be at least /8, of IPv6 /32")
        return [block]
    return list(ipaddress.summarize_address_range(*ends(text)))  # type: ignore[type-var,unused-ignore]


def _devices(value: Any) -> str:
    """Names of network devices with commas, or ``none``."""
    names = [name.strip() for name in _text(value).split(",") if name.strip()]
    for name in names:
        if not re.fullmatch(r"[^\s/:]{1,15}", name):
            raise ValueError(f'"{name}" is no name of a network device: expected one such as eth0, or none')
    if not names or ("none" in names and len(names) > 1):
        raise ValueError("expected names of network devices, such as eth0, or none")
    return ",".join(dict.fromkeys(names))


def _range(value: Any) -> str:
    found = re.fullmatch(r"([0-9]{1,5})\s*-\s*([0-9]{1,5})", str(value).strip())
    if not found or not 1 <= int(found[1]) <= int(found[2]) <= 65535:
        raise ValueError("expected first-last, such as 30000-32767")
    return f"{int(found[1])}-{int(found[2])}"


def _node_port_addresses(value: Any) -> str:
    """``all``, ``primary`` and CIDRs; a single address is a CIDR of its own."""
    texts = [text.strip() for text in _text(value).split(",") if text.strip()]
    for place, text in enumerate(texts):
        if text in ("all", "primary"):
            continue
        texts[place] = str(ipaddress.ip_network(text))
    if not texts:
        raise ValueError("expected all, primary, or CIDRs such as 192.0.2.0/24 with commas")
    return ",".join(dict.fromkeys(texts))


def _listening_address(value: Any) -> str:
    address = ipaddress.ip_address(_text(value))
    if address.is_multicast:
        raise ValueError("nobody can listen on a multicast address")
    return str(address)


def _node_addresses(value: Any) -> str:
    return _pair(value, _node_address)


def _node_address(text: str) -> str:
    address = ipaddress.ip_address(text)
    if any(address in network for network in _NOT_FOR_HOSTS):
        raise ValueError("expected an address of this machine that others can reach")
    return str(address)


def _subdomain(value: Any) -> str:
    text = _text(value)
    if len(text) > 253 or not _SUBDOMAIN.fullmatch(text):
        raise ValueError("expected lower-case letters, digits, hyphens and dots, as in a host name")
    return text


def _name_servers(value: Any) -> str:
    """``IP``, ``IP:port`` or ``[IPv6]:port``, several with commas; empty for those of the machine."""
    texts = [text.strip() for text in _text(value).split(",") if text.strip()]
    for text in texts:
        host, port = host_and_port(text, 53)
        ipaddress.ip_address(host)
        _port(port)
    return ",".join(texts)


def _file(value: Any) -> str:
    """A path from the root, because the cluster's processes run elsewhere, or ``none``."""
    text = _text(value)
    if not text:
        raise ValueError("expected the path of a file, or none")
    return text if text == "none" else os.path.abspath(text)


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "api_port": _port,
    "node_api_port": _port,
    "ip_family": _family,
    "service_cidr": partial(_cidrs, name="service_cidr"),
    "pod_cidr": partial(_cidrs, name="pod_cidr"),
    "load_balancer_cidr": _pool,
    "load_balancer_announce": _devices,
    "proxy_health_port": _port,
    "proxy_metrics_port": _port,
    "ingress_http_port": _port_or_none,
    "ingress_https_port": _port_or_none,
    "ingress_ca_domains": _domains,
    "audit_log": _file,
    "audit_policy": _file,
    "node_port_range": _range,
    "node_port_addresses": _node_port_addresses,
    "bind_address": _listening_address,
    "node_ip": _node_addresses,
    "node_name": _subdomain,
    "nodes": _count,
    "node_cidr": partial(_cidrs, name="node_cidr"),
    "cluster_domain": _subdomain,
    "dns_upstreams": _name_servers,
}
