"""Limits: settings of the kernel that packets and processes depend on.

Shape: ``Facts.settings`` holds sysctls by name; what a kernel does not have is missing there.
Source: the kernel's ip-sysctl.rst, nf_conntrack-sysctl.rst, fs.rst; inotify(7).
"""

import os
import resource
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from fairway.cluster.doctor.finding import Finding, Scene, failure, warning, well
from fairway.node.pod_network.node import ROUTE_LOCALNET

SETTINGS: Final = (
    "net.ipv4.ip_forward",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.default.rp_filter",
    "net.ipv4.conf.all.route_localnet",
    "net.ipv6.conf.all.forwarding",
    "net.ipv6.conf.all.disable_ipv6",
    "net.ipv6.conf.default.disable_ipv6",
    "net.bridge.bridge-nf-call-iptables",
    "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_conntrack_count",
    "net.ipv4.neigh.default.gc_thresh3",
    "fs.inotify.max_user_instances",
    "fs.inotify.max_user_watches",
    "fs.file-nr",
    "kernel.pid_max",
    "user.max_net_namespaces",
    "user.max_mnt_namespaces",
)
LEAST_FILES: Final = 4096
GOOD_FILES: Final = 16384
NODE_PODS: Final = 110
"""As many pods as a node takes."""


class Facts(NamedTuple):
    """``files`` is the highest number of open files that a process of ours may have; ``threads`` counts all.

    ``has_loopback``: a cluster of this machine has opened localhost, for node ports or host ports.
    """

    settings: Mapping[str, str]
    files: int
    threads: int
    processors: int
    families: tuple[int, ...]
    wants_loopback: bool
    is_running: bool
    flags: str = ""
    has_loopback: bool = False

    def number(self, name: str) -> int | None:
        """A sysctl's first number; ``None`` where the kernel has none."""
        text = self.settings.get(name, "").split()
        return int(text[0]) if text else None


def look(scene: Scene) -> Facts:
    """Read /proc/sys."""
    found = {}
    for name in SETTINGS:
        try:
            found[name] = Path("/proc/sys", *name.split(".")).read_text()
        except OSError:
            continue
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return Facts(
        found,
        files if files != resource.RLIM_INFINITY else 1 << 30,
        int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2]),
        os.cpu_count() or 1,
        scene.config.families,
        any(cidr.startswith("127.") for cidr in scene.config.node_port_cidrs),
        scene.is_running,
        scene.flags,
        any((scene.config.run_dir.parent / ".sysctls" / ROUTE_LOCALNET).glob("by-*")),
    )


def forwarding(facts: Facts) -> Iterator[Finding]:
    """`up` switches it on; something else may switch it off again."""
    wanted = {4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding"}
    off = [wanted[family] for family in facts.families if facts.number(wanted[family]) != 1]
    if facts.is_running:
        for name in off:
            yield failure(f"{name} is off", "no packet passes from pod to pod", f"run: sudo sysctl -w {name}=1")
    if not off:
        yield well("packets are forwarded")


def ipv6(facts: Facts) -> Iterator[Finding]:
    """A cluster with IPv6 needs a kernel that speaks it."""
    names = ("net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.default.disable_ipv6")
    if 6 in facts.families and any(facts.number(name) != 0 for name in names):
        yield failure(
            "the kernel lacks IPv6, or was told not to speak it",
            "the cluster has IPv6 addresses",
            "run: sudo sysctl -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0",
        )


def reverse_path(facts: Facts) -> Iterator[Finding]:
    """Strict checks drop what comes in by another way than the answer would go."""
    names = ("net.ipv4.conf.all.rp_filter", "net.ipv4.conf.default.rp_filter")
    if strict := [name for name in names if facts.number(name) == 1]:
        yield warning(
            f"{' and '.join(strict)} {'is' if len(strict) == 1 else 'are'} strict (1)",
            "a client that comes in by another device than its answer would leave by gets none: a second network "
            "card, a VPN, an announced load balancer",
            "run: sudo sysctl -w " + " ".join(f"{name}=2" for name in strict),
        )


def route_localnet(facts: Facts) -> Iterator[Finding]:
    """Node ports on localhost need it; without them it should be off."""
    value = facts.number("net.ipv4.conf.all.route_localnet")
    if facts.wants_loopback and facts.is_running and value != 1:
        yield failure(
            "net.ipv4.conf.all.route_localnet is off",
            "node ports do not answer on localhost, which was asked for",
            "run: sudo sysctl -w net.ipv4.conf.all.route_localnet=1",
        )
    elif value == 1 and not facts.has_loopback:
        yield warning(
            "net.ipv4.conf.all.route_localnet is on, and not for a cluster of this machine",
            "neighbours on the LAN may reach what listens on localhost alone",
            "if nothing else needs it: sudo sysctl -w net.ipv4.conf.all.route_localnet=0",
        )


def bridges(facts: Facts) -> Iterator[Finding]:
    """Fairway's pods are routed, so it is others' bridges that this is about."""
    if facts.number("net.bridge.bridge-nf-call-iptables") == 1:
        yield well("packets on bridges of others pass the firewall too (bridge-nf-call-iptables)")


def connections(facts: Facts) -> Iterator[Finding]:
    """A full table refuses every new connection."""
    most, count = facts.number("net.netfilter.nf_conntrack_max"), facts.number("net.netfilter.nf_conntrack_count")
    if not most or count is None:
        return
    cure = f"run: sudo sysctl -w net.netfilter.nf_conntrack_max={max(2 * most, 262144)}"
    if count >= most * 0.98:
        yield failure(f"the table of connections is full: {count} of {most}", "every new connection is dropped", cure)
    elif count >= most * 0.8:
        yield warning(f"{count} of {most} connections are in use", "at the limit new ones are dropped", cure)
    else:
        yield well(f"{count} of {most} tracked connections are in use")


def open_files(facts: Facts) -> Iterator[Finding]:
    """Each connection, watch and log takes one, in the process and on the machine."""
    cure = "raise it: LimitNOFILE in the service, or hard nofile in /etc/security/limits.conf, and log in again"
    if facts.files < LEAST_FILES:
        yield failure(
            f"a process may open {facts.files} files at most",
            "every connection to the API and every watch takes one",
            cure,
        )
    elif facts.files < GOOD_FILES:
        yield warning(
            f"a process may open {facts.files} files at most",
            "every connection to the API and every watch takes one; many clients will be refused",
            cure,
        )
    else:
        yield well(f"a process may open {facts.files} files")
    numbers = facts.settings.get("fs.file-nr", "").split()
    if len(numbers) == 3 and int(numbers[0]) > 0.9 * int(numbers[2]):
        yield warning(
            f"{numbers[0]} of {numbers[2]} files of the machine are open",
            "at the limit nothing can be opened any more, by anyone",
            f"run: sudo sysctl -w fs.file-max={2 * int(numbers[2])}",
        )


def inotify(facts: Facts) -> Iterator[Finding]:
    """Each follower of a log takes one."""
    for name, least in (("instances", 128), ("watches", 8192)):
        value = facts.number(f"fs.inotify.max_user_{name}")
        if value is not None and value < least:
            yield warning(
                f"a user may have {value} inotify {name} at most",
                "each `logs -f` takes one, and many programs in pods do",
                f"run: sudo sysctl -w fs.inotify.max_user_{name}={least * 8}",
            )


def processes(facts: Facts) -> Iterator[Finding]:
    """Each thread takes a number."""
    most = facts.number("kernel.pid_max")
    if most is not None and facts.threads > 0.8 * most:
        yield warning(
            f"{facts.threads} of {most} process numbers are in use",
            "at the limit no container can be started",
            f"run: sudo sysctl -w kernel.pid_max={min(4 * most, 4194304)}",
        )


def namespaces(facts: Facts) -> Iterator[Finding]:
    """Some distributions forbid them by a limit of zero."""
    for name in ("net", "mnt"):
        value = facts.number(f"user.max_{name}_namespaces")
        if value is not None and value < 2 * NODE_PODS:
            yield (failure if value < 4 else warning)(
                f"user.max_{name}_namespaces is {value}",
                "each pod takes at least one",
                f"run: sudo sysctl -w user.max_{name}_namespaces=10000",
            )


def neighbours(facts: Facts) -> Iterator[Finding]:
    """The kernel forgets pods' hardware addresses when its table is full."""
    value = facts.number("net.ipv4.neigh.default.gc_thresh3")
    if value is not None and value < 4 * NODE_PODS:
        yield warning(
            f"net.ipv4.neigh.default.gc_thresh3 is {value}",
            "with many pods the kernel's table of neighbours is full, and packets are lost",
            "run: sudo sysctl -w net.ipv4.neigh.default.gc_thresh3=4096",
        )


CHECKS = (
    forwarding, ipv6, reverse_path, route_localnet, bridges, connections, open_files, inotify, processes, namespaces,
    neighbours,
)  # fmt: skip
