"""Forms of addresses and ranges that are read but will not last (KEP-4858)."""

from collections.abc import Iterable, Iterator

from fairway.kinds.rules import addresses


def address_hints(path: str, ips: Iterable[str]) -> Iterator[str]:
    """Those of a list."""
    for index, ip in enumerate(ips):
        yield from address_hint(f"{path}[{index}]", ip)


def address_hint(path: str, ip: str) -> Iterator[str]:
    """Leading zeros, IPv4 dressed as IPv6, and IPv6 that RFC 5952 spells another way."""
    wanted = addresses.canonical(ip)
    if wanted == ip or addresses.parsed(ip) is None:
        return
    if addresses.family(ip) == addresses.IPV6:
        yield f'{path}: IPv6 address "{ip}" should be in RFC 5952 canonical format ("{wanted}")'
    else:
        yield f'{path}: non-standard IP address "{ip}" is invalid: use "{wanted}"'


def range_hint(path: str, cidr: str) -> Iterator[str]:
    """A range of IPv6 that RFC 5952 spells another way."""
    found = addresses.network(cidr)
    if found is not None and found.version == 6 and str(found) != cidr:
        yield f'{path}: IPv6 CIDR value "{cidr}" should be in RFC 5952 canonical format ("{found}")'
