"""AddressPool: the addresses that load balancers may have; the controller gives them, nodes look for them on LANs.

Shape: ``Pool`` is made once from CIDRs and ranges; frozen.  Who has which address is not its business.  Pure.
"""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from fairway.objects.address_range import Address, ends

FAMILIES = {4: "IPv4", 6: "IPv6"}


@dataclass(frozen=True, slots=True)
class Part:
    """One range of the pool, as ``text`` spells it.

    ``first`` and ``count`` leave out the own address of a CIDR's network and IPv4's broadcast address; a range that is
    given as first-last is taken at its word.
    """

    text: str
    version: int
    first: int
    count: int

    @property
    def family(self) -> str:
        """``IPv4`` or ``IPv6``."""
        return FAMILIES[self.version]

    def number(self, at: Address) -> int:
        """The place of an address in the part, or -1 if it cannot be given out."""
        number = int(at) - self.first if at.version == self.version else -1
        return number if 0 <= number < self.count else -1

    def address(self, number: int) -> str:
        """The address at a place."""
        kind = ipaddress.IPv4Address if self.version == 4 else ipaddress.IPv6Address
        return str(kind(self.first + number))


@dataclass(frozen=True, slots=True)
class Pool:
    """All parts, in the order in which they are used up."""

    parts: tuple[Part, ...]

    def of(self, family: str) -> tuple[Part, ...]:
        """The parts of one family."""
        return tuple(part for part in self.parts if part.family == family)

    def __contains__(self, at: str) -> bool:
        """Whether ``at`` can be given out."""
        address = parsed(at)
        return address is not None and any(part.number(address) >= 0 for part in self.parts)

    def __str__(self) -> str:
        return ", ".join(part.text for part in self.parts)


def parsed(text: str) -> Address | None:
    """The address that ``text`` spells; ``None`` if it is none."""
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


@lru_cache(maxsize=8)
def pool_of(ranges: tuple[str, ...]) -> Pool:
    """The pool of these CIDRs and first-last ranges.  Raises: ``ValueError`` for what is neither."""
    return Pool(tuple(map(_part, ranges)))


def _part(text: str) -> Part:
    if "-" in text:
        start, end = ends(text)
        return Part(f"{start}-{end}", start.version, int(start), int(end) - int(start) + 1)
    network = ipaddress.ip_network(text)
    size, first_number = network.num_addresses, int(network.network_address)
    if size <= 2:
        return Part(str(network), network.version, first_number, size)
    return Part(str(network), network.version, first_number + 1, size - (2 if network.version == 4 else 1))
