"""Surroundings: what of the machine is taken already, and the choices that go round it.

Shape: ``settle(config, taken)`` is pure; ``look()`` reads the machine.
"""

import contextlib
import dataclasses
import errno
import ipaddress
import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from fairway.cluster import families
from fairway.cluster.config import NO_POOL, RUN_ROOT, Config, read
from fairway.cluster.errors import ClusterError
from fairway.cluster.values import Network, address_blocks

PRIVATE: dict[int, tuple[Network, ...]] = {
    4: tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))),
    6: (ipaddress.IPv6Network("fd00::/8"),),
}
"""Where ranges are looked for; source: RFC 1918, RFC 4193."""
SITE_PREFIX = 48
"""IPv6 ranges move aside by whole sites of this prefix, so that their addresses stay short."""
RANGES = ("service_cidr", "pod_cidr", "load_balancer_cidr", "node_cidr")
ROUTE = "a route of this machine"
PORTS = ("api_port", "node_api_port", "proxy_health_port", "proxy_metrics_port")


def _always(port: int) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Taken:
    """What others hold.

    ``networks`` and ``node_ports`` are in use, each with the words for who uses it; ``spared`` are the networks of
    clusters that are down, which are gone round but not forbidden; ``ports`` are TCP ports in use of those that the
    cluster wants; ``is_free`` tests any other.
    """

    networks: tuple[tuple[Network, str], ...] = ()
    node_ports: tuple[tuple[range, str], ...] = ()
    spared: tuple[Network, ...] = ()
    ports: frozenset[int] = frozenset()
    is_free: Callable[[int], bool] = _always


def look(config: Config, *, is_new: bool, own_ports: Iterable[int] = ()) -> Taken:
    """What others hold: routes of the machine, listening programs, and the other clusters.

    ``own_ports`` are those that this cluster's own processes listen on at the moment.
    """
    others = [other for other in running() if other.name != config.name]
    # Routes inside the ranges of a cluster that existed before are its own, left by a crash; wider ones are older.
    own = [] if is_new else _networks(config)
    routes = [route for route in _routes() if not any(route.overlaps(mine) for mine in own)]
    networks = [(route, ROUTE) for route in routes]
    networks += [(network, f'cluster "{other.name}"') for other in others for network in _networks(other)]
    siblings = _recorded(config) if is_new else []
    held = {getattr(other, name) for other in others for name in PORTS}
    hosts = {"127.0.0.1", config.bind_address, *config.node_ips}

    def is_free(port: int) -> bool:
        return port not in held and (port in own_ports or all(_can_listen(host, port) for host in hosts))

    return Taken(
        tuple(networks),
        tuple((other.node_ports, f'cluster "{other.name}"') for other in others),
        tuple(network for other in siblings for network in _networks(other)),
        frozenset(port for name in PORTS if not is_free(port := getattr(config, name))),
        is_free,
    )


def _networks(config: Config) -> list[Network]:
    texts = [text for name in _used(config) for text in families.parts(getattr(config, name))]
    return [block for text in texts for block in address_blocks(text)]


def _used(config: Config) -> list[str]:
    """Names of the ranges that the cluster makes use of."""
    return [name for name in RANGES if name != "node_cidr" or config.nodes > 1]


def settle(config: Config, taken: Taken, *, is_new: bool) -> Config:
    """``config`` with every default that is taken moved aside.  Pure but for ``taken.is_free``.

    A range is only moved while the cluster is new: later it is written into its objects.
    Raises: ``ClusterError`` where the user himself chose what is taken.
    """
    config = _settle_ranges(config, taken, is_new=is_new)
    if "node_port_range" in config.chosen or not is_new:
        for ports, whose in taken.node_ports:
            if _meet(config.node_ports, ports):
                raise ClusterError(
                    f"node port range {config.node_port_range} overlaps that of {whose}",
                    f"choose another: sudo fairway up{config.flags} --node-port-range 20000-22767",
                )
    else:
        moved = _free_node_ports(config.node_ports, [ports for ports, _ in taken.node_ports])
        config = dataclasses.replace(config, node_port_range=moved)
    return _settle_ports(config, taken)


def _settle_ranges(config: Config, taken: Taken, *, is_new: bool) -> Config:
    """First the ranges that stay, then those that may move, each clear of those before it."""
    used_names = _used(config)
    fixed = [name for name in used_names if name in config.chosen or (not is_new and _is_written(config, name))]
    placed: list[tuple[Network, str]] = []
    for name in [*fixed, *(name for name in used_names if name not in fixed)]:
        value = getattr(config, name) or families.default(name, config.families)
        if value == NO_POOL:
            continue
        used = [*_in_the_way(config, name, taken), *placed]
        if name in fixed:
            placed += _fixed(config, name, used, is_new=is_new)
            continue
        settled = []
        for network in map(ipaddress.ip_network, families.parts(value)):
            avoided = [*(each for each, _ in [*used, *placed]), *taken.spared]
            if any(network.overlaps(each) for each in avoided):
                network = _next_free(network, avoided)
            placed.append((network, f"the {_words(name)}"))
            settled.append(str(network))
        config = dataclasses.replace(config, **{name: ",".join(settled)})  # type: ignore[arg-type]
    return config


def _in_the_way(config: Config, name: str, taken: Taken) -> Iterable[tuple[Network, str]]:
    """What a range must not meet.  The LAN on which load balancers are announced is where their addresses may lie."""
    if name == "load_balancer_cidr" and config.load_balancer_devices:
        return [each for each in taken.networks if each[1] != ROUTE]
    return taken.networks


def _fixed(
    config: Config, name: str, used: Iterable[tuple[Network, str]], *, is_new: bool
) -> list[tuple[Network, str]]:
    """The networks of a range that stays.  Raises: ``ClusterError`` where one is taken."""
    blocks = [(text, block) for text in families.parts(getattr(config, name)) for block in address_blocks(text)]
    for network, whose in used:
        for text, block in blocks:
            if block.overlaps(network):
                raise _overlap(config, name, text, network, whose, is_new=is_new)
    return [(block, f"the {_words(name)}") for _, block in blocks]


def _is_written(config: Config, name: str) -> bool:
    """Whether objects hold addresses of the range; nodes tell theirs anew whenever they start."""
    return bool(getattr(config, name)) and name != "node_cidr"


def _overlap(
    config: Config, name: str, text: str, network: Network, whose: str, *, is_new: bool
) -> ClusterError:  # fmt: skip
    flag = f"--{name.replace('_', '-')}"
    other = ",".join(families.EXAMPLES[family] for family in config.families)
    cure = (
        f"choose another: sudo fairway up{config.flags} {flag} {other}"
        if is_new
        else f"stop what uses it, or start anew: sudo fairway down{config.flags} --purge"
    )
    what = whose if str(network) == text else f"{whose}, {network}"
    return ClusterError(f"{_words(name)} {text} overlaps {what}", cure)


def _settle_ports(config: Config, taken: Taken) -> Config:
    used: set[int] = set()
    for name in sorted(PORTS, key=lambda name: name not in config.chosen):
        port = getattr(config, name)
        clash = _port_clash(config, port, taken, used)
        if clash and name in config.chosen:
            raise ClusterError(f"{_words(name)} {port} {clash}", f"choose another --{name.replace('_', '-')}")
        if clash:
            above = (each for each in range(port + 1, 65536) if not _port_clash(config, each, taken, used))
            port = next((each for each in above if taken.is_free(each)), None)
            if port is None:
                raise ClusterError(f"no free {_words(name)} was found", f"name one: --{name.replace('_', '-')}")
        used.add(port)
        config = dataclasses.replace(config, **{name: port})
    return config


def _port_clash(config: Config, port: int, taken: Taken, used: set[int]) -> str:
    """Why the port cannot be had, as the end of a sentence; empty if it can."""
    if port in taken.ports:
        return "is in use by another program"
    if port in config.node_ports:
        return f"lies in the range of node ports, {config.node_port_range}"
    return "is wanted twice" if port in used else ""


def _words(name: str) -> str:
    return name.replace("_", " ").replace("api", "API")


def _next_free(wanted: Network, used: Iterable[Network]) -> Network:
    """A private network of the same size that is free: the next above, or one of another private block."""
    taken = [each for each in used if each.version == wanted.version]
    home = next((block for block in PRIVATE[wanted.version] if _lies_in(wanted, block)), None)
    if home is not None and (found := _free_in(home, wanted, taken, int(wanted.broadcast_address) + 1)):
        return found
    for block in PRIVATE[wanted.version]:
        if block != home and (found := _free_in(block, wanted, taken, int(block.network_address))):
            return found
    raise ClusterError(
        f"no free network of the size of {wanted} was found",
        f"name two: sudo fairway up {_ANYWHERE[wanted.version]}",
    )


_ANYWHERE = {
    4: "--service-cidr 172.30.0.0/20 --pod-cidr 172.30.16.0/20",
    6: "--service-cidr fd12:3456:789a:1::/112 --pod-cidr fd12:3456:789b::/56",
}


def _lies_in(network: Network, block: Network) -> bool:
    return network.network_address in block and network.broadcast_address in block


def _free_in(block: Network, wanted: Network, taken: Iterable[Network], start: int) -> Network | None:
    """The first network of the size of ``wanted`` in ``block`` that is free, from the address ``start`` on."""
    stride = wanted.num_addresses
    if wanted.version == 6:
        stride = max(stride, 1 << (wanted.max_prefixlen - SITE_PREFIX))
    while True:
        start = -(-start // stride) * stride
        candidate = type(wanted)((start, wanted.prefixlen)) if start <= int(block.broadcast_address) else None
        if candidate is None or not _lies_in(candidate, block):
            return None
        hit = next((each for each in taken if candidate.overlaps(each)), None)
        if hit is None:
            return candidate
        start = max(int(hit.broadcast_address), int(candidate.network_address)) + 1


def _free_node_ports(wanted: range, others: list[range]) -> str:
    """The range itself, or the same number of ports below or above those of other clusters."""
    candidates = [wanted, *(range(start, start + len(wanted)) for start in range(20000, 62000, len(wanted)))]
    for candidate in candidates:
        if not any(_meet(candidate, other) for other in others):
            return f"{candidate.start}-{candidate.stop - 1}"
    raise ClusterError("no free node port range was found", "name one: sudo fairway up --node-port-range 40000-41000")


def _meet(one: range, other: range) -> bool:
    return one.start < other.stop and other.start < one.stop


def running() -> list[Config]:
    """The clusters that are up on this machine, or were when it lost them."""
    return _read_all(RUN_ROOT.glob("*/config.json"))


def _recorded(config: Config) -> list[Config]:
    """The other clusters of the same data folder, also those that are down."""
    found = _read_all(Path(config.data_dir).glob("*/config.json"))
    return [other for other in found if other.name != config.name]


def _read_all(paths: Iterable[Path]) -> list[Config]:
    found = []
    for path in sorted(paths):
        with contextlib.suppress(OSError, ValueError, TypeError):
            found.append(read(path))
    return found


IPV6_ADDR_PREFERENCES, PREFER_SRC_PUBLIC = 72, 0x2
"""Source: RFC 5014; linux/in6.h."""
_BEYOND = {4: "192.0.2.1", 6: "2001:db8::1"}
"""Addresses that nobody has, on the way out; source: RFC 5737, RFC 3849."""


def default_address(family: int) -> str:
    """This machine's address on the way out, or empty where there is no such way.  Sends nothing."""
    with contextlib.suppress(OSError), socket.socket(_socket_family(_BEYOND[family]), socket.SOCK_DGRAM) as probe:
        if family == 6:
            # Not the temporary address that hides a client: it would be gone within days.
            probe.setsockopt(socket.IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, PREFER_SRC_PUBLIC)
        probe.connect((_BEYOND[family], 9))
        address = ipaddress.ip_address(probe.getsockname()[0])
        return "" if address.is_loopback or address.is_link_local else str(address)
    return ""


def lacks_family(family: int) -> bool:
    """Whether the kernel does not speak IPv4 or IPv6, or was told not to."""
    if family == 4:
        return False
    try:
        # "default" is what the devices that we make start with.
        return any(Path(f"/proc/sys/net/ipv6/conf/{of}/disable_ipv6").read_text() != "0\n" for of in ("all", "default"))
    except OSError:
        return True


def _socket_family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def devices() -> list[str]:
    """The network devices of this machine, the loopback apart."""
    return [name for _, name in socket.if_nameindex() if name != "lo"]


def is_own_address(address: str) -> bool:
    """Whether a device of this machine has the address."""
    return _can_listen(address, 0)


def _can_listen(host: str, port: int) -> bool:
    """Whether nothing listens there, and for port 0 whether the address is this machine's."""
    with socket.socket(_socket_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return port != 0 and error.errno != errno.EADDRINUSE
    return True


def _routes() -> list[Network]:
    """Networks that the machine routes, the default routes apart."""
    return [*_routes_4(), *_routes_6()]


def _routes_4() -> Iterable[Network]:
    """Source: proc(5), /proc/net/route."""
    for line in Path("/proc/thread-self/net/route").read_text().splitlines()[1:]:
        fields = line.split()
        address, mask = (struct.pack("<I", int(fields[i], 16)) for i in (1, 7))
        if mask != b"\0\0\0\0":
            prefix = int.from_bytes(mask, "big").bit_count()
            yield ipaddress.IPv4Network((int.from_bytes(address, "big"), prefix))


def _routes_6() -> Iterable[Network]:
    """Source: proc(5), /proc/net/ipv6_route, which lists the machine's own addresses too."""
    with contextlib.suppress(FileNotFoundError):
        for line in Path("/proc/thread-self/net/ipv6_route").read_text().splitlines():
            fields = line.split()
            network = ipaddress.IPv6Network((int(fields[0], 16), int(fields[1], 16)))
            if network.prefixlen and not network.is_link_local and not network.is_multicast:
                yield network
