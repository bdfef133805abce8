"""Surroundings: what of the machine is taken already, and the choices that go round it.

Shape: ``settle(config, chosen, taken)`` is pure; ``look()`` reads the machine.
"""

import contextlib
import dataclasses
import errno
import ipaddress
import json
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fairway.cluster.config import RUN_ROOT, Config
from fairway.cluster.errors import ClusterError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Taken:
    """Ranges and node ports in use by others, and a test for TCP ports."""

    networks: tuple[Network, ...]
    node_ports: tuple[range, ...]
    ports: frozenset[int]


def look(config: Config, *, is_new: bool) -> Taken:
    """What others hold: routes and addresses of the machine, and the other clusters of this house."""
    others = [other for other in running() if other.name != config.name]
    # Routes of a cluster that existed before are its own, left by a crash.
    own = [] if is_new else [ipaddress.ip_network(config.service_cidr), ipaddress.ip_network(config.pod_cidr)]
    networks = [route for route in _routes() if not any(_is_within(route, mine) for mine in own)]
    networks += [ipaddress.ip_network(cidr) for other in others for cidr in (other.service_cidr, other.pod_cidr)]
    wanted = (config.api_port, config.node_api_port)
    busy = frozenset(port for port in wanted if not _is_free(port))
    return Taken(
        tuple(networks),
        tuple(o.node_ports for o in others),
        busy | {p for o in others for p in (o.api_port, o.node_api_port)},
    )


def _is_within(network: Network, other: Network) -> bool:
    return network.version == other.version and network.subnet_of(other)  # type: ignore[arg-type]


def settle(config: Config, chosen: set[str], taken: Taken, *, is_new: bool, free_port: Iterator[int]) -> Config:
    """``config`` with every default that is taken moved aside.  Pure.

    A range is only moved while the cluster is new: later it is written into its objects.
    Raises: ``ClusterError`` where the user himself chose what is taken.
    """
    changes: dict[str, object] = {}
    for name in ("service_cidr", "pod_cidr"):
        wanted = ipaddress.ip_network(getattr(config, name))
        used = [*taken.networks, *(ipaddress.ip_network(str(v)) for k, v in changes.items() if k.endswith("cidr"))]
        if not any(wanted.version == n.version and wanted.overlaps(n) for n in used):
            continue
        if name in chosen or not is_new:
            raise ClusterError(
                f"{name.replace('_', ' ')} {wanted} overlaps a network that this machine already uses",
                f"choose another: sudo fairway up --{name.replace('_', '-')} 10.120.0.0/16",
            )
        changes[name] = str(_next_free(wanted, used))
    for name in ("api_port", "node_api_port"):
        if getattr(config, name) in taken.ports:
            if name in chosen:
                raise ClusterError(
                    f"port {getattr(config, name)} is in use by another program",
                    f"choose another --{name.replace('_', '-')}",
                )
            changes[name] = next(free_port)
    if "node_port_range" not in chosen and is_new:
        changes["node_port_range"] = _free_node_ports(config.node_ports, taken.node_ports)
    return dataclasses.replace(config, **changes)  # type: ignore[arg-type]


def _next_free(wanted: Network, used: Iterable[Network]) -> Network:
    taken = list(used)
    step = wanted.num_addresses
    for number in range(1, 512):
        start = int(wanted.network_address) + number * step
        candidate = ipaddress.ip_network((start, wanted.prefixlen))
        if not candidate.is_private:
            break
        if not any(candidate.version == n.version and candidate.overlaps(n) for n in taken):
            return candidate
    raise ClusterError(f"no free network like {wanted} was found", "name one: sudo fairway up --pod-cidr 172.30.0.0/16")


def _free_node_ports(wanted: range, others: tuple[range, ...]) -> str:
    """The range itself, or the same number of ports below or above those of other clusters."""
    candidates = [wanted, *(range(start, start + len(wanted)) for start in range(20000, 62000, len(wanted)))]
    for candidate in candidates:
        if not any(candidate.start < o.stop and o.start < candidate.stop for o in others):
            return f"{candidate.start}-{candidate.stop - 1}"
    raise ClusterError("no free node port range was found", "name one: sudo fairway up --node-port-range 40000-41000")


def running() -> list[Config]:
    """The clusters that are up on this machine, or were when it lost them."""
    found = []
    for path in sorted(RUN_ROOT.glob("*/config.json")):
        with contextlib.suppress(OSError, ValueError, TypeError):
            found.append(Config(**json.loads(path.read_text())))
    return found


def free_ports() -> Iterator[int]:
    """Port numbers that nobody listens on now."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            yield probe.getsockname()[1]


def default_address() -> str:
    """This machine's address on the way out, or empty where there is no such way.  Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        address: str = probe.getsockname()[0]
        return "" if address.startswith("127.") else address


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
    return True


def _routes() -> list[Network]:
    """IPv4 networks that the machine routes, the default route apart.  Source: proc(5), /proc/net/route."""
    networks: list[Network] = []
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        fields = line.split()
        address, mask = (struct.pack("<I", int(fields[i], 16)) for i in (1, 7))
        if mask != b"\0\0\0\0":
            prefix = int.from_bytes(mask, "big").bit_count()
            networks.append(ipaddress.ip_network((int.from_bytes(address, "big"), prefix)))
    return networks
