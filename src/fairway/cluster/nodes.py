"""Nodes: what each node of a cluster is called and which share of the cluster's addresses and folders it has.  Pure.

Shape: the first node is the machine itself; the n-th lives in a network namespace of the machine and has the n-th
address of ``node_cidr``, the n-th /24 of the pod range, and folders of its own below the cluster's.
"""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from fairway.cluster import families, processes
from fairway.cluster.config import Config
from fairway.cluster.errors import ClusterError
from fairway.objects.authority import authority

FOLDER = "nodes"
"""Where further nodes have their folders, below the cluster's."""


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """One node.  ``number`` counts from 1; ``server`` is the API server's URL from there.

    Of each family of the cluster, the primary one first: ``addresses``, its InternalIPs; ``pod_cidrs``, what it hands
    out; ``gateways``, its own addresses among the pods.
    """

    number: int
    name: str
    addresses: tuple[str, ...]
    pod_cidrs: tuple[str, ...]
    gateways: tuple[str, ...]
    state_dir: Path
    run_dir: Path
    server: str

    @property
    def is_first(self) -> bool:
        """Whether it is the machine itself."""
        return self.number == 1

    @property
    def part(self) -> str:
        """What its process, its log and its certificate are called."""
        return processes.part_of(self.number)

    @property
    def netns(self) -> Path:
        """Where the network namespace of a further node is kept."""
        return self.run_dir / "network"


def parts(config: Config) -> tuple[str, ...]:
    """The processes of a cluster that its supervisor keeps alive, and the supervisor."""
    return ("supervisor", *processes.parts(config.nodes))


def node_of(config: Config, number: int = 1) -> ClusterNode:
    """The n-th node; ``check_room`` tells whether the ranges have a share for it."""
    if number == 1:
        return ClusterNode(
            1, config.node_name, config.node_ips, config.node_pod_cidrs, config.gateways,
            config.state_dir, config.run_dir, config.server,
        )  # fmt: skip
    pods = tuple(families.node_share(cidr, number) for cidr in config.pod_cidrs)
    return ClusterNode(
        number, f"{config.node_name}-{number}",
        tuple(families.nth(cidr, number) for cidr in config.node_cidrs), pods,
        tuple(families.nth(cidr, 1) for cidr in pods),
        config.state_dir / FOLDER / str(number), config.run_dir / FOLDER / str(number),
        f"https://{authority(config.gateways[0], config.api_port)}",
    )  # fmt: skip


def nodes_of(config: Config) -> list[ClusterNode]:
    """All nodes."""
    return [node_of(config, number) for number in range(1, config.nodes + 1)]


def check_room(config: Config) -> None:
    """Raises: ``ClusterError`` where a range has no share for the last node."""
    if config.nodes == 1:
        return
    for cidr in config.pod_cidrs:
        if config.nodes > (room := families.node_room(cidr)):
            raise ClusterError(
                f"pod cidr {cidr} has room for {room} nodes of a /{families.NODE_PREFIX[families.version(cidr)]} each, "
                f"not for {config.nodes}",
                f"ask for fewer: sudo fairway up{config.flags} --nodes {room}; or start anew with a wider --pod-cidr",
            )
    for cidr in config.node_cidrs:
        if config.nodes > (room := ipaddress.ip_network(cidr).num_addresses - 2):
            raise ClusterError(
                f"node cidr {cidr} has addresses for {room} nodes, not for {config.nodes}",
                f"name a wider one: sudo fairway up{config.flags} --node-cidr "
                f"{families.default('node_cidr', config.families)}",
            )


def strays(config: Config) -> list[int]:
    """Numbers of further nodes that have folders but are not wanted any more.  Looks at the disk."""
    return [number for number in found(config) if number > config.nodes]


def found(config: Config) -> list[int]:
    """Numbers of all further nodes that have folders.  Looks at the disk."""
    places = (config.state_dir / FOLDER, config.run_dir / FOLDER)
    names = {entry.name for place in places if place.is_dir() for entry in place.iterdir()}
    return sorted(int(name) for name in names if name.isdecimal())
