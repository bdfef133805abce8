"""Domains: for which names the local CA can sign at all.  Pure.

Rule: only names that nobody in the world can own, so that whoever steals the key, or may write an Ingress, can pass for
nobody else's site on a machine that trusts the CA.
Source: RFC 2606, RFC 6761, RFC 6762 (local), RFC 8375 (home.arpa), ICANN's reservation of "internal" (2024).
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

RESERVED: Final = (
    "localhost", "test", "example", "example.com", "example.net", "example.org", "internal", "local", "home.arpa",
)  # fmt: skip
LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
_NAME = re.compile(r"(\*\.)?[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9])?(\.[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9])?)*")


def of_cluster(cluster_domain: str, more: Iterable[str] = ()) -> tuple[str, ...]:
    """The domains of a CA: the reserved ones, the cluster's own and the user's, none below one before it."""
    found: tuple[str, ...] = RESERVED
    for domain in (cluster_domain, *more):
        if not covers(domain, found):
            found = (*found, domain)
    return found


def covers(host: str, domains: Iterable[str]) -> bool:
    """Whether a CA of these domains can sign for a host: a name, ``*.name``, or an address of this machine's own."""
    if (address := _address(host)) is not None:
        return address.is_loopback
    name = host.removeprefix("*.")
    return is_host(host) and any(name == domain or name.endswith("." + domain) for domain in domains)


def is_host(text: str) -> bool:
    """Whether a certificate can name it: an address, or a name in lower case, the first label perhaps ``*``."""
    return _address(text) is not None or (len(text) <= 253 and _NAME.fullmatch(text) is not None)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
