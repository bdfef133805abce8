"""Families: which of IPv4 and IPv6 a cluster has, which of them comes first, and the ranges of each.  Pure.

Shape: a setting of ranges or addresses is text with one value a family, separated by a comma, the primary family first;
only the pool of load balancers may have any number.  The order is that of the first such setting which the user gave.
Source: KEP-563 (dual-stack).
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fairway.cluster.errors import ClusterError

NAMES = {4: "IPv4", 6: "IPv6"}
CHOICES: Mapping[str, tuple[int, ...]] = {"ipv4": (4,), "ipv6": (6,), "dual": (4, 6)}
"""Values of ``ip_family`` and the families that they mean, in the order that holds where nothing else says so."""

DEFAULTS: Mapping[str, Mapping[int, str]] = {
    "service_cidr": {4: "10.96.0.0/16", 6: "fd00:10:96::/112"},
    "pod_cidr": {4: "10.244.0.0/16", 6: "fd00:10:244::/56"},
    "load_balancer_cidr": {4: "10.97.0.0/16", 6: "fd00:10:97::/112"},
    "node_cidr": {4: "10.98.0.0/24", 6: "fd00:10:98::/112"},
}
"""Private ranges (RFC 1918) and unique local ones (RFC 4193); a node has a /24 and a /64 of the pods'."""

NODE_PREFIX = {4: 24, 6: 64}
"""How much of the pods' range a node hands out; source: kube-controller-manager's default node mask sizes."""

EXAMPLES = {4: "10.120.0.0/16", 6: "fd00:10:120::/112"}
"""What messages propose."""

_PARTIAL = ("load_balancer_cidr", "node_ip")
"""Settings that may leave out a family: load balancers then have no address of it, a node the one found by itself."""


def parts(text: str) -> tuple[str, ...]:
    """The ranges or addresses of a setting; none in that of a pool that there is not."""
    return () if text == "none" else tuple(part for part in text.split(",") if part)


def version(part: str) -> int:
    """4 or 6, of an address or a range."""
    return 6 if ":" in part else 4


def default(name: str, families: Iterable[int]) -> str:
    """The default of a setting of ranges."""
    return ",".join(DEFAULTS[name][family] for family in families)


def completed(wanted: Mapping[str, Any], families: Sequence[int], *, is_new: bool) -> dict[str, Any]:
    """``wanted`` with what follows from it: the family of a new cluster, and its ranges that are not given.

    ``families`` are those of the cluster before.  Raises: ``ClusterError`` for values that contradict each other.
    """
    given = {name: parts(wanted[name]) for name in (*DEFAULTS, "node_ip") if name in wanted}
    if is_new:
        families = _families(wanted.get("ip_family"), given)
    for name, values in given.items():
        _check(name, values, families)
    if not is_new:
        return dict(wanted)
    ranges = {name: default(name, families) for name in DEFAULTS}
    return {"ip_family": next(name for name in CHOICES if set(CHOICES[name]) == set(families)), **ranges, **wanted}


def _families(ip_family: str | None, given: Mapping[str, Sequence[str]]) -> tuple[int, ...]:
    """The families of a new cluster: those that it is told, else those of the ranges, in the order of the ranges."""
    ranges = [tuple(map(version, values)) for name, values in given.items() if values and name not in _PARTIAL]
    wanted = CHOICES[ip_family] if ip_family else (ranges[0] if ranges else CHOICES["ipv4"])
    order = next((each for each in ranges if set(each) == set(wanted)), None)
    return order or tuple(wanted)


def _check(name: str, values: Sequence[str], families: Sequence[int]) -> None:
    found = [version(value) for value in values]
    flag, shown = f"--{name.replace('_', '-')}", name.replace("_", " ")
    has = " and ".join(NAMES[family] for family in families)
    if other := [NAMES[each] for each in found if each not in families]:
        raise ClusterError(
            f"{shown} {','.join(values)} is of {other[0]}, but the cluster's family is {has}",
            f"leave it away, or start a cluster of both: sudo fairway up --ip-family dual {flag} ...",
        )
    if name not in _PARTIAL and (missing := [family for family in families if family not in found]):
        example = default(name, families)
        raise ClusterError(
            f"{shown} {','.join(values)} has no range of {NAMES[missing[0]]}, but the cluster's families are {has}",
            f"give one of each, the primary first, such as {flag} {example}",
        )
    if name != "load_balancer_cidr" and len(found) == 2 and tuple(found) != tuple(families):
        raise ClusterError(
            f"{shown} {','.join(values)} has {NAMES[found[0]]} first, but the cluster's primary family is "
            f"{NAMES[families[0]]}",
            f"turn it round: {flag} {','.join(reversed(values))}",
        )


def node_share(cidr: str, number: int = 1) -> str:
    """The part of a pod range that the n-th node hands out; ``node_room`` tells how many it can be."""
    network, prefix = ipaddress.ip_network(cidr), NODE_PREFIX[version(cidr)]
    if network.prefixlen >= prefix:
        return str(network)
    first = network.network_address + ((number - 1) << (network.max_prefixlen - prefix))
    return str(ipaddress.ip_network((first, prefix)))


def node_room(cidr: str) -> int:
    """How many nodes a pod range has a part for."""
    return 1 << max(0, NODE_PREFIX[version(cidr)] - ipaddress.ip_network(cidr).prefixlen)


def nth(cidr: str, number: int) -> str:
    """An address of a range, counted from its own."""
    return str(ipaddress.ip_network(cidr)[number])
