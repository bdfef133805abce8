"""Addresses: which one the next pod gets.  Pure.

The one after the last given, round and round: an address comes back as late as the range allows, so that what still
points to a dead pod (a cache, a connection, a rule about to go) does not reach a new one.
"""

from collections.abc import Container, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network


def _bounds(cidr: str) -> tuple[IPv4Network | IPv6Network, int, int]:
    """The range and the first and last offset that a pod may have: not the network's own, not IPv4's broadcast."""
    network = ip_network(cidr)
    last = network.num_addresses - (2 if network.version == 4 else 1)
    return network, 1, last


def next_address(cidr: str, taken: Container[str], last: str = "") -> str | None:
    """The first address of ``cidr`` behind ``last`` that is not ``taken``; ``None`` when all are."""
    network, low, high = _bounds(cidr)
    base = int(network.network_address)
    count = high - low + 1
    if count <= 0:
        return None
    start = int(type(network.network_address)(last)) - base + 1 if last else low
    if not low <= start <= high:
        start = low
    for step in range(count):
        address = str(network[low + (start - low + step) % count])
        if address not in taken:
            return address
    return None


def highest(addresses: Iterable[str]) -> str:
    """The numerically highest address, where a restarted agent goes on; empty when there is none."""
    from ipaddress import ip_address

    return max(addresses, key=lambda address: int(ip_address(address)), default="")
