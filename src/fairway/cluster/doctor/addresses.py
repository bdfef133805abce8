"""Addresses: whether the cluster's ranges meet networks of others, and whether the machine has a way out."""

import ipaddress
from collections.abc import Iterator
from typing import Final, NamedTuple

from fairway.cluster import families, surroundings
from fairway.cluster.config import NO_POOL
from fairway.cluster.doctor.finding import Finding, Scene, failure, warning, well
from fairway.cluster.doctor.sockets import Route, defaults, routes
from fairway.cluster.settling import used_ranges
from fairway.cluster.values import Network, address_blocks
from fairway.node.names import gateway_device, node_device, pod_device_prefix

TUNNELS: Final = ("tun", "tap", "wg", "ppp", "ipsec", "utun", "nebula", "tailscale", "zt")

UNREACHABLE: Final = "*"
"""The device of routes that lead nowhere, as our own for pods that are not there."""


class Range(NamedTuple):
    """One range of the cluster; ``is_fixed`` where it does not move aside."""

    setting: str
    network: Network
    is_fixed: bool


class Facts(NamedTuple):
    """``routes`` are others'; ``others`` are ranges of other clusters with their names."""

    ranges: tuple[Range, ...]
    routes: tuple[Route, ...]
    others: tuple[tuple[Network, str], ...]
    families: tuple[int, ...]
    node_ips: tuple[str, ...]
    lost_ips: tuple[str, ...]
    is_running: bool
    flags: str = ""


def look(scene: Scene) -> Facts:
    """Read the routes, and the settings of other clusters."""
    config = scene.config
    others = [other for other in surroundings.running() if other.name != config.name]
    ours = {UNREACHABLE, *(gateway_device(each.name) for each in (*others, config))}
    ours |= {node_device(each.name, number) for each in (*others, config) for number in range(2, each.nodes + 1)}
    prefixes = tuple(pod_device_prefix(each.name) for each in (*others, config))
    fixed = {name for name in used_ranges(config) if scene.is_known or name in config.chosen}
    return Facts(
        tuple(
            Range(name, network, name in fixed)
            for name in used_ranges(config)
            for network in _blocks(getattr(config, name) or families.default(name, config.families))
        ),
        tuple(each for each in routes() if each.device not in ours and not each.device.startswith(prefixes)),
        tuple(
            (network, other.name)
            for other in others
            for name in used_ranges(other)
            for network in _blocks(getattr(other, name))
        ),
        config.families,
        config.node_ips,
        tuple(address for address in config.node_ips if not surroundings.is_own_address(address)),
        scene.is_running,
        scene.flags,
    )


def _blocks(value: str) -> list[Network]:
    return [] if value == NO_POOL else [block for text in families.parts(value) for block in address_blocks(text)]


def _meets(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def overlaps(facts: Facts) -> Iterator[Finding]:
    """Routes of this machine, such as those of a VPN, that meet the cluster's ranges."""
    is_clear = True
    for each in facts.ranges:
        for route in facts.routes:
            if not route.network.prefixlen or not _meets(each.network, route.network):
                continue
            is_clear = False
            yield _overlap(facts, each, route)
    for each in facts.ranges:
        for network, name in facts.others:
            if _meets(each.network, network) and each.is_fixed:
                is_clear = False
                yield failure(
                    f"{_words(each.setting)} {each.network} overlaps {network} of cluster \"{name}\"",
                    "an address would lead to one of both, whichever was programmed last",
                    _other_range(facts, each),
                )  # fmt: skip
    if is_clear:
        yield well("the ranges " + ", ".join(str(each.network) for each in facts.ranges) + " are free")


def _overlap(facts: Facts, each: Range, route: Route) -> Finding:
    vpn = " (a VPN?)" if route.device.startswith(TUNNELS) else ""
    what = f"{_words(each.setting)} {each.network} overlaps the route {route.network} by {route.device}{vpn}"
    if not each.is_fixed:
        return warning(what, "the range moves aside at the first `up`", "nothing is to be done")
    if route.network.prefixlen < each.network.prefixlen:
        why = f"what of {each.network} lies behind {route.device} cannot be reached any more"
        return warning(what, why, _other_range(facts, each))
    return failure(what, f"packets to these addresses leave by {route.device}", _other_range(facts, each))


def _other_range(facts: Facts, each: Range) -> str:
    example = "172.30.0.0/16" if each.network.version == 4 else "fd12:3456:789a:1::/112"
    if facts.is_running or each.is_fixed:
        return (
            f"stop what uses it, or start anew: sudo fairway down{facts.flags} --purge && "
            f"sudo fairway up{facts.flags} {_flag(each.setting)} {example}"
        )
    return f"sudo fairway up{facts.flags} {_flag(each.setting)} {example}"


def way_out(facts: Facts) -> Iterator[Finding]:
    """Pods reach the outside by the machine's default route."""
    for family in facts.families:
        found = defaults(facts.routes, family)
        if not found:
            yield warning(
                f"this machine has no default route for IPv{family}",
                "pods do not reach the outside, and images cannot be pulled",
                "run: sudo ip route add default via ROUTER" if family == 4 else "set IPv6 up on a network card",
            )
        else:
            yield well(f"IPv{family} leaves by {', '.join(dict.fromkeys(each.device for each in found))}")


def node_address(facts: Facts) -> Iterator[Finding]:
    """A machine that moved to another network has another address."""
    for address in facts.lost_ips:
        yield failure(
            f"the node's address {address} is not on this machine any more",
            "node ports, host ports and the API's Endpoints still name it",
            f"take the new one: sudo fairway down{facts.flags} && sudo fairway up{facts.flags}",
        )
    if facts.node_ips and not facts.lost_ips:
        addresses = ", ".join(map(str, map(ipaddress.ip_address, facts.node_ips)))
        yield well(f"the node's address {addresses} is on this machine")


CHECKS = (overlaps, way_out, node_address)
