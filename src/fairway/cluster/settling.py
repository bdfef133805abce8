"""Settling: choices that go round what of the machine is taken already.  Pure but for ``Taken.is_free``."""

import dataclasses
import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fairway.cluster import families
from fairway.cluster.config import NO_POOL, Config
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
INGRESS_PORTS = ("ingress_http_port", "ingress_https_port")
"""These are listened on at every address of the machine; 0 is none."""
PORTS = ("api_port", "node_api_port", "proxy_health_port", "proxy_metrics_port", *INGRESS_PORTS)


def _always(port: int) -> bool:
    return True


def _somebody(port: int) -> str:
    return "another program"


@dataclass(frozen=True, slots=True)
class Taken:
    """What others hold.

    ``networks`` and ``node_ports`` are in use, each with the words for who uses it; ``spared`` are the networks of
    clusters that are down, which are gone round but not forbidden; ``ports`` are TCP ports in use of those that the
    cluster wants; ``is_free`` tests any other, ``is_free_everywhere`` at all addresses of the machine; ``owner`` says
    who uses a port.
    """

    networks: tuple[tuple[Network, str], ...] = ()
    node_ports: tuple[tuple[range, str], ...] = ()
    spared: tuple[Network, ...] = ()
    ports: frozenset[int] = frozenset()
    is_free: Callable[[int], bool] = _always
    is_free_everywhere: Callable[[int], bool] = _always
    owner: Callable[[int], str] = _somebody


def used_ranges(config: Config) -> list[str]:
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
    used_names = used_ranges(config)
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
        if not port:
            continue
        clash = _port_clash(config, port, taken, used)
        if clash and name in config.chosen:
            whose = f" by {taken.owner(port)}" if port in taken.ports else ""
            raise ClusterError(f"{_words(name)} {port} {clash}{whose}", f"choose another --{name.replace('_', '-')}")
        if clash:
            above = (each for each in range(port + 1, 65536) if not _port_clash(config, each, taken, used))
            is_free = taken.is_free_everywhere if name in INGRESS_PORTS else taken.is_free
            port = next((each for each in above if is_free(each)), None)
            if port is None:
                raise ClusterError(f"no free {_words(name)} was found", f"name one: --{name.replace('_', '-')}")
        used.add(port)
        config = dataclasses.replace(config, **{name: port})
    return config


def _port_clash(config: Config, port: int, taken: Taken, used: set[int]) -> str:
    """Why the port cannot be had, as the end of a sentence; empty if it can."""
    if port in taken.ports:
        return "is in use"
    if port in config.node_ports:
        return f"lies in the range of node ports, {config.node_port_range}"
    return "is wanted twice" if port in used else ""


def _words(name: str) -> str:
    words = {"api": "API", "http": "HTTP", "https": "HTTPS"}
    return " ".join(words.get(word, word) for word in name.split("_"))


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
