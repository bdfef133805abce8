"""AllocatorMetrics: how many cluster addresses and node ports are taken and left, and how often that went well.

Shape: an allocation is counted where it is decided; what is taken is counted when somebody asks.
Source: Kubernetes docs, "Kubernetes Metrics Reference"; the names of the two allocators.
"""

import ipaddress
import socket
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from fairway.transport.exposition import Histogram, sample

_IPS, _PORTS = "kube_apiserver_clusterip_allocator", "kube_apiserver_nodeport_allocator"
_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
STATIC, DYNAMIC = "static", "dynamic"


class AllocatorMetrics:
    """Counts since the start, of addresses by range and of ports."""

    def __init__(self) -> None:
        self._ips: Counter[tuple[str, str]] = Counter()
        self._ip_errors: Counter[tuple[str, str]] = Counter()
        self._ports: Counter[str] = Counter()
        self._port_errors: Counter[str] = Counter()
        self._durations = Histogram(_BOUNDS_S)

    def took_address(self, cidr: str, scope: str) -> None:
        """An address of a range was given."""
        self._ips[cidr, scope] += 1

    def took_port(self, scope: str) -> None:
        """A node port was given."""
        self._ports[scope] += 1

    def failed(self, cidr: str, scope: str) -> None:
        """No address was given: a wish that cannot be met (static), or a range that is full (dynamic)."""
        self._ip_errors[cidr, scope] += 1

    def failed_port(self, scope: str) -> None:
        """No node port was given."""
        self._port_errors[scope] += 1

    def lasted(self, seconds: float) -> None:
        """A write's allocations took so long."""
        self._durations.observe(seconds)

    def lines(self, cidrs: Sequence[str], addresses: Iterable[str], ports: range, ports_taken: int) -> Iterator[str]:
        """Everything, in the text format of Prometheus."""
        taken = allocated(cidrs, addresses)
        of_range = {cidr: f'cidr="{cidr}"' for cidr in cidrs}
        yield from _gauge(f"{_IPS}_allocated_ips", {shown: taken[cidr] for cidr, shown in of_range.items()})
        left = {shown: capacity(cidr) - taken[cidr] for cidr, shown in of_range.items()}
        yield from _gauge(f"{_IPS}_available_ips", left)
        yield from _counter(f"{_IPS}_allocation_total", _of_both(self._ips))
        yield from _counter(f"{_IPS}_allocation_errors_total", _of_both(self._ip_errors))
        yield f"# TYPE {_IPS}_allocation_duration_seconds histogram"
        yield from self._durations.lines(f"{_IPS}_allocation_duration_seconds")
        yield from _gauge(f"{_PORTS}_allocated_ports", {"": ports_taken})
        yield from _gauge(f"{_PORTS}_available_ports", {"": len(ports) - ports_taken})
        yield from _counter(f"{_PORTS}_allocation_total", _of_scope(self._ports))
        yield from _counter(f"{_PORTS}_allocation_errors_total", _of_scope(self._port_errors))


def range_of(address: str, cidrs: Sequence[str]) -> str:
    """The first range that an address lies in; empty if there is none, or the address is none."""
    try:
        at = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return next((cidr for cidr in cidrs if at in _network(cidr)), "")


_network = lru_cache(64)(ipaddress.ip_network)


def capacity(cidr: str) -> int:
    """How many addresses of a range can be given."""
    network = ipaddress.ip_network(cidr)
    unused = 2 if network.version == 4 else 1
    return network.num_addresses - unused if network.num_addresses > 2 else network.num_addresses


def allocated(cidrs: Sequence[str], addresses: Iterable[str]) -> Counter[str]:
    """How many of the (canonical) addresses lie in each range.  Quick, for there may be many."""
    networks = [(cidr, ipaddress.ip_network(cidr)) for cidr in cidrs]
    bounds = [(cidr, one.version, one.network_address.packed, one.broadcast_address.packed) for cidr, one in networks]
    found: Counter[str] = Counter()
    for address in addresses:
        version = 6 if ":" in address else 4
        packed = socket.inet_pton(socket.AF_INET6 if version == 6 else socket.AF_INET, address)
        for cidr, of, first, last in bounds:
            if of == version and first <= packed <= last:
                found[cidr] += 1
    return found


def _of_both(counts: Counter[tuple[str, str]]) -> dict[str, int]:
    return {f'cidr="{cidr}",scope="{scope}"': count for (cidr, scope), count in counts.items()}


def _of_scope(counts: Counter[str]) -> dict[str, int]:
    return {f'scope="{scope}"': count for scope, count in counts.items()}


def _gauge(name: str, values: dict[str, int]) -> Iterator[str]:
    yield f"# TYPE {name} gauge"
    yield from _values(name, values)


def _counter(name: str, values: dict[str, int]) -> Iterator[str]:
    yield f"# TYPE {name} counter"
    yield from _values(name, values)


def _values(name: str, values: dict[str, int]) -> Iterator[str]:
    for shown, value in values.items():
        yield sample(name, shown, value)
