"""Bands: where in a range of addresses or ports a free number is looked for.

A range starts with a band for numbers that users choose; the rest is dynamic.  A free number is picked at a random
place of the dynamic band, then upwards with a turn at the end, and from the static band only when the other is full.
Source: KEP-3070 (static band of addresses), KEP-3668 (of node ports).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_network
from random import Random

from fairway.kinds.rules.addresses import IPV4, IPV6, parsed


@dataclass(frozen=True, slots=True)
class Bands:
    """The numbers from ``first`` to ``last``, both included; ``dynamic`` is the first of the dynamic band."""

    first: int
    dynamic: int
    last: int

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last

    def free(self, is_taken: Callable[[int], bool], rng: Random) -> int | None:
        """A number that nobody has, or ``None`` if the range is full."""
        for low, high in ((self.dynamic, self.last), (self.first, self.dynamic - 1)):
            count = high - low + 1
            start = rng.randrange(count) if count > 0 else 0
            for step in range(count):
                number = low + (start + step) % count
                if not is_taken(number):
                    return number
        return None


def _static_size(size: int, step: int, most: int) -> int:
    return 0 if size <= 16 else min(max(16, size // step), most)


@lru_cache(maxsize=16)
def of_ports(lowest: int, highest: int) -> Bands:
    """The bands of a range of node ports."""
    return Bands(lowest, lowest + _static_size(highest - lowest + 1, 32, 128), highest)


@dataclass(frozen=True, slots=True)
class AddressRange:
    """One ServiceCIDR range.  ``base`` is its network address, which is never handed out."""

    family: str
    base: str
    bands: Bands

    def __contains__(self, ip: str) -> bool:
        address = parsed(ip)
        return address is not None and address.max_prefixlen == self._width and int(address) in self.bands

    @property
    def _width(self) -> int:
        return 32 if self.family == IPV4 else 128

    def free(self, is_taken: Callable[[str], bool], rng: Random) -> str | None:
        """An address that nobody has, or ``None`` if the range is full."""
        text = _ipv4_text if self.family == IPV4 else _ipv6_text
        number = self.bands.free(lambda number: is_taken(text(number)), rng)
        return None if number is None else text(number)


@lru_cache(maxsize=64)
def of_cidr(cidr: str) -> AddressRange:
    """The usable addresses of a CIDR: not its network address and, in IPv4, not its broadcast address."""
    network = ip_network(cidr)
    first = int(network.network_address) + 1
    last = int(network.broadcast_address) - (network.version == 4)
    bands = Bands(first, first + _static_size(network.num_addresses, 16, 256), last)
    return AddressRange(IPV4 if network.version == 4 else IPV6, str(network.network_address), bands)


def _ipv4_text(number: int) -> str:
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _ipv6_text(number: int) -> str:
    return str(IPv6Address(number))
