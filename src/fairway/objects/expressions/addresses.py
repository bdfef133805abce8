"""Address functions: IP addresses and their networks."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from fairway.objects.expressions.lists import Function

_IP, _CIDR = "ip", "cidr"


def _ip(text: Any) -> dict[str, str]:
    if isinstance(text, dict):  # the address of a network: cidr('10.0.0.0/8').ip()
        return {_IP: text[_CIDR].partition("/")[0]}
    return {_IP: str(_parsed(text))}


def _parsed(text: str) -> IPv4Address | IPv6Address:
    """Raises: ``ValueError``."""
    try:
        found = ip_address(text)
    except ValueError as error:
        why = f'ParseAddr("{text}"): unable to parse IP'
        raise ValueError(f'IP Address "{text}" parse error during conversion from string: {why}') from error
    if isinstance(found, IPv6Address) and found.scope_id:
        raise ValueError(f'IP address "{text}" with zone value is not allowed')
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        raise ValueError(f'IPv4-mapped IPv6 address "{text}" is not allowed')
    return found


def _cidr(text: str) -> dict[str, str]:
    address, _, length = text.partition("/")
    if not length.isdigit():
        raise ValueError(f'network address parse error during conversion from string: netip.ParsePrefix("{text}")')
    ip_network(text, strict=False)
    return {_CIDR: f"{_parsed(address)}/{int(length)}"}


def _works(make: Callable[[str], Any]) -> Callable[[str], bool]:
    def run(text: str) -> bool:
        try:
            make(text)
        except ValueError:
            return False
        return True

    return run


def _of(attribute: str) -> Callable[[dict[str, str]], Any]:
    return lambda found: getattr(ip_address(found[_IP]), attribute)


def _address_text(found: Any) -> str:
    return found[_IP] if isinstance(found, dict) else str(found)


def _contains_network(outer: dict[str, str], inner: Any) -> bool:
    big = ip_network(outer[_CIDR], strict=False)
    small = ip_network(inner[_CIDR] if isinstance(inner, dict) else inner, strict=False)
    return big.version == small.version and big.supernet_of(small)  # type: ignore[arg-type]


def _masked(found: dict[str, str]) -> dict[str, str]:
    return {_CIDR: str(ip_network(found[_CIDR], strict=False))}


FUNCTIONS: tuple[Function, ...] = (
    ("@address_text", False, ("dyn",), "string", lambda found: found[_IP]),
    ("@network_text", False, ("dyn",), "string", lambda found: found[_CIDR]),
    ("ip", False, ("string",), "dyn", _ip),
    ("ip", True, ("dyn",), "dyn", _ip),
    ("isIP", False, ("string",), "bool", _works(_parsed)),
    ("ip.isCanonical", False, ("string",), "bool", lambda text: str(_parsed(text)) == text),
    ("family", True, ("dyn",), "int", _of("version")),
    ("isUnspecified", True, ("dyn",), "bool", _of("is_unspecified")),
    ("isLoopback", True, ("dyn",), "bool", _of("is_loopback")),
    ("isLinkLocalUnicast", True, ("dyn",), "bool", _of("is_link_local")),
    ("isLinkLocalMulticast", True, ("dyn",), "bool", lambda found: _is_link_multicast(found[_IP])),
    ("isGlobalUnicast", True, ("dyn",), "bool", lambda found: _is_global(found[_IP])),
    ("cidr", False, ("string",), "dyn", _cidr),
    ("isCIDR", False, ("string",), "bool", _works(_cidr)),
    (
        "containsIP", True, ("dyn", "dyn"), "bool",
        lambda found, one: ip_address(_address_text(one)) in ip_network(found[_CIDR], strict=False),
    ),
    ("containsCIDR", True, ("dyn", "dyn"), "bool", _contains_network),
    ("masked", True, ("dyn",), "dyn", _masked),
    ("prefixLength", True, ("dyn",), "int", lambda found: int(found[_CIDR].partition("/")[2])),
)  # fmt: skip


_LINK_MULTICAST = (ip_network("224.0.0.0/24"), ip_network("ff02::/16"))


def _is_link_multicast(text: str) -> bool:
    return any(ip_address(text) in network for network in _LINK_MULTICAST)


def _is_global(text: str) -> bool:
    """Whether it is an address of one machine that is not only its own, private ranges included."""
    found = ip_address(text)
    return not (found.is_unspecified or found.is_loopback or found.is_multicast or found.is_link_local)
