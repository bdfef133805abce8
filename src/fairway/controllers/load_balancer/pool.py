"""Pool: the addresses that Services of type LoadBalancer may have.

Shape: made once from CIDRs; frozen.  Who has which address is the ``Ledger``'s business.  Pure.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
FAMILIES = {4: "IPv4", 6: "IPv6"}


@dataclass(frozen=True, slots=True)
class Part:
    """One CIDR of the pool; ``first`` and ``count`` leave out the network's own address and IPv4's broadcast."""

    network: Network
    first: int
    count: int

    @property
    def family(self) -> str:
        """``IPv4`` or ``IPv6``."""
        return FAMILIES[self.network.version]

    def number(self, at: Address) -> int:
        """The place of an address in the part, or -1 if it cannot be given out."""
        number = int(at) - self.first if at.version == self.network.version else -1
        return number if 0 <= number < self.count else -1

    def address(self, number: int) -> str:
        """The address at a place."""
        return str(type(self.network.network_address)(self.first + number))


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
        return ", ".join(str(part.network) for part in self.parts)


def parsed(text: str) -> Address | None:
    """The address that ``text`` spells; ``None`` if it is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


@lru_cache(maxsize=8)
def pool_of(cidrs: tuple[str, ...]) -> Pool:
    """The pool of these CIDRs.  Raises: ``ValueError`` for what is none."""
    return Pool(tuple(_parts(cidrs)))


def _parts(cidrs: Iterable[str]) -> Iterable[Part]:
    for cidr in cidrs:
        network = ipaddress.ip_network(cidr)
        size = network.num_addresses
        if size <= 2:
            yield Part(network, int(network.network_address), size)
        else:
            yield Part(network, int(network.network_address) + 1, size - (2 if network.version == 4 else 1))
