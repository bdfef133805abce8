"""Address rules: IP addresses and ranges, with upstream's messages.

Shape: ``ip`` and ``cidr`` yield problems; ``family``, ``canonical`` and ``parsed`` read values.
Source: KEP-4858 (strict IP and CIDR validation); RFC 5952 (canonical IPv6 text).
"""

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from fairway.objects.errors import Problem, invalid_value

IPV4 = "IPv4"
IPV6 = "IPv6"
_NOT_AN_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_NOT_A_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_LONGEST = 128
"""Characters of an address with some leading zeros; nothing longer is read, or remembered."""
_is_decimal = re.compile("[0-9]+", re.ASCII).fullmatch


def parsed(value: str) -> IPv4Address | IPv6Address | None:
    """The address, read leniently (leading zeros are decimal, IPv4-mapped IPv6 is IPv4), or ``None``."""
    return _parsed(value) if len(value) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _parsed(value: str) -> IPv4Address | IPv6Address | None:
    if "%" in value:
        return None
    try:
        found = ip_address(_without_zeros(value))
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def _without_zeros(value: str) -> str:
    head, colon, tail = value.rpartition(":")
    if "." not in tail:
        return value
    parts = tail.split(".")
    if not all(_is_decimal(part) for part in parts):
        return value
    return head + colon + ".".join(part.lstrip("0") or "0" for part in parts)


def canonical(value: str) -> str:
    """The one text form of a valid address (RFC 5952)."""
    found = parsed(value)
    return value if found is None else str(found)


def family(value: str) -> str:
    """``IPv4`` or ``IPv6`` by the form of the text; IPv4-mapped IPv6 counts as IPv4."""
    return IPV6 if ":" in value and isinstance(parsed(value), IPv6Address) else IPV4


def ip(path: str, value: str, known: Collection[str] = ()) -> Iterator[Problem]:
    """An IP address; values that stood in the old object already (``known``) need only be readable."""
    if parsed(value) is None:
        yield invalid_value(path, value, _NOT_AN_IP)
    elif value not in known:
        yield from _strict(path, value)


def _strict(path: str, value: str) -> Iterator[Problem]:
    if _without_zeros(value) != value:
        yield invalid_value(path, value, "must not have leading 0s")
    elif ":" in value and isinstance(parsed(value), IPv4Address):
        yield invalid_value(path, value, "must not be an IPv4-mapped IPv6 address")


def canonical_ip(path: str, value: str) -> Iterator[Problem]:
    """An IP address in the form that new API fields demand."""
    problems = list(ip(path, value))
    yield from problems
    if not problems and canonical(value) != value:
        yield invalid_value(path, value, f'must be in canonical form ("{canonical(value)}")')


def reachable_ip(path: str, value: str) -> Iterator[Problem]:
    """A valid address that an endpoint or external IP may have."""
    found = parsed(value)
    if found is None:
        yield invalid_value(path, value, _NOT_AN_IP)
        return
    if found.is_unspecified:
        yield invalid_value(path, value, f"may not be unspecified ({value})")
    if found.is_loopback:
        yield invalid_value(path, value, "may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if found.is_link_local:
        yield invalid_value(path, value, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if _is_link_local_multicast(found):
        yield invalid_value(path, value, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")


def _is_link_local_multicast(address: IPv4Address | IPv6Address) -> bool:
    first = address.packed
    return first[:3] == b"\xe0\x00\x00" if len(first) == 4 else first[0] == 0xFF and first[1] & 0x0F == 2


def _split(value: str) -> tuple[IPv4Address | IPv6Address, int] | None:
    text, slash, prefix = value.partition("/")
    address = parsed(text)
    if not slash or address is None or not _is_decimal(prefix):
        return None
    length = int(prefix)
    return (address, length) if length <= (128 if ":" in text else 32) else None


Network = IPv4Network | IPv6Network


def network(value: str) -> Network | None:
    """The range, read leniently (bits beyond the prefix are dropped), or ``None``."""
    found = _split(value)
    return None if found is None else ip_network(found, strict=False)


def cidr(path: str, value: str, known: Collection[str] = ()) -> Iterator[Problem]:
    """A range of addresses; see ``ip`` for ``known``."""
    found = _split(value)
    if found is None:
        yield invalid_value(path, value, _NOT_A_CIDR)
    elif value not in known:
        yield from _strict_cidr(path, value, *found)


def _strict_cidr(path: str, value: str, address: IPv4Address | IPv6Address, length: int) -> Iterator[Problem]:
    text, _, prefix = value.partition("/")
    if _without_zeros(text) != text or prefix != str(length):
        yield invalid_value(path, value, "must not have leading 0s in IP or prefix length")
    elif ":" in text and isinstance(address, IPv4Address):
        yield invalid_value(path, value, "must not have an IPv4-mapped IPv6 address")
    elif int(address) & ((1 << (address.max_prefixlen - length)) - 1):
        yield invalid_value(path, value, "must not have bits set beyond the prefix length")


def canonical_cidr(path: str, value: str) -> Iterator[Problem]:
    """A range in the form that new API fields demand."""
    problems = list(cidr(path, value))
    yield from problems
    found = _split(value)
    if not problems and found is not None and (wanted := f"{found[0]}/{found[1]}") != value:
        yield invalid_value(path, value, f'must be in canonical form ("{wanted}")')


def family_of_range(value: str) -> str:
    """``IPv4`` or ``IPv6`` of a CIDR."""
    return IPV6 if ":" in value else IPV4
