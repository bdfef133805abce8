"""Kernel: what containers, their network and the Service proxy need of it, really tried.

Source: namespaces(7), pivot_root(2), cgroups(7), the kernel's overlayfs.rst; nft(8).
"""

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from fairway.cluster.doctor import rules_trial, trials
from fairway.cluster.doctor.finding import Finding, Scene, failure, warning, well
from fairway.node.cgroups import Hierarchy, hierarchies
from fairway.node.syscalls import CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWUTS, unshare

OLDEST: Final = (5, 15)
"""That of Ubuntu 22.04, the oldest that Fairway is tried on."""
NAMESPACES: Final = {
    "mount": CLONE_NEWNS, "network": CLONE_NEWNET, "IPC": CLONE_NEWIPC, "UTS": CLONE_NEWUTS,
    "PID": 0x20000000, "cgroup": 0x02000000,
}  # fmt: skip
"""Source: linux/sched.h."""
MODULES: Final = {
    "fib": "nft_fib_ipv4 nft_fib_ipv6",
    "hash": "nft_hash",
    "numgen": "nft_numgen",
    "masq": "nft_masq",
    "nat": "nft_chain_nat",
    "chain type nat": "nft_chain_nat",
    "reject": "nft_reject_ipv4 nft_reject_ipv6",
    "ct": "nft_ct",
    "tables": "nf_tables",
}
"""Part of nftables -> kernel modules that bring it."""
WANTED_CONTROLLERS: Final = frozenset({"cpu", "memory", "pids"})
_OFTEN = "a container or a small kernel often lacks it: use a virtual machine or the distribution's own kernel"


class Facts(NamedTuple):
    """``refused`` holds a text for each trial, empty where it worked; it is empty itself where nothing was tried."""

    release: str
    is_root: bool
    refused: Mapping[str, str]
    rules: Mapping[str, object]
    groups: tuple[Hierarchy, ...]
    controllers: frozenset[str]
    is_chroot: bool = False


def look(scene: Scene) -> Facts:
    """Try everything, as root; tell versions otherwise."""
    found = tuple(hierarchies())
    if not scene.is_root:
        return Facts(os.uname().release, False, {}, {}, found, _controllers(found))
    families = (4, 6) if os.path.exists("/proc/net/if_inet6") else (4,)
    rules = trials.Trial(partial(rules_trial.proxy_rules, families))
    network = trials.Trial(trials.network)
    spaces = trials.Trial(partial(trials.each, {name: partial(unshare, flag) for name, flag in NAMESPACES.items()}))
    pivoting, chroot = trials.Trial(trials.pivot_root), trials.Trial(trials.is_chroot)
    refused = {f"control group {each.path}": _try_group(each) for each in found if _is_needed(each)}
    refused |= {f"{name} namespaces": text for name, text in spaces.outcome().items()}
    refused |= network.outcome()
    refused["pivot_root"] = _refusal(pivoting.outcome())
    is_chroot = chroot.outcome() is True
    return Facts(os.uname().release, True, refused, rules.outcome(), found, _controllers(found), is_chroot)


def _refusal(outcome: object) -> str:
    return str(outcome["refused"]) if isinstance(outcome, dict) else str(outcome or "")


def _is_needed(group: Hierarchy) -> bool:
    return group.version == 2 or bool(group.controllers & WANTED_CONTROLLERS)


def _try_group(group: Hierarchy) -> str:
    try:
        return trials.control_group(str(group.path))
    except OSError as error:
        return str(error.strerror)


def _controllers(found: tuple[Hierarchy, ...]) -> frozenset[str]:
    names = {name for each in found for name in each.controllers}
    for each in found:
        if each.version == 2:
            try:
                names.update((Path(each.path) / "cgroup.controllers").read_text().split())
            except OSError:
                continue
    return frozenset(names)


def version(facts: Facts) -> Iterator[Finding]:
    """Old kernels lack system calls and parts of nftables."""
    numbers = _numbers(facts.release)
    if numbers < OLDEST:
        yield warning(
            f"kernel {facts.release} is older than {OLDEST[0]}.{OLDEST[1]}",
            "Fairway is not tried on it, and nftables of old kernels lack what the proxy uses",
            "use Debian 12, Ubuntu 22.04 or newer",
        )
    else:
        yield well(f"kernel {facts.release}")


def _numbers(release: str) -> tuple[int, int]:
    parts = release.replace("-", ".").split(".")
    return tuple(int(part) if part.isdecimal() else 0 for part in (*parts, "0")[:2])  # type: ignore[return-value]


def tried(facts: Facts) -> Iterator[Finding]:
    """Without root there are no trials."""
    if not facts.is_root:
        yield warning(
            "namespaces, control groups and nftables were not tried",
            "only root may make them",
            "run: sudo fairway doctor",
        )


def namespaces(facts: Facts) -> Iterator[Finding]:
    """Each pod has its own."""
    kinds = {name: text for name, text in facts.refused.items() if name.endswith(" namespaces")}
    for name, text in kinds.items():
        if text:
            yield failure(f"{name} cannot be made: {text}", "each pod needs its own", _OFTEN)
    if kinds and not any(kinds.values()):
        yield well("namespaces: " + ", ".join(name.removesuffix(" namespaces") for name in kinds))


def veth(facts: Facts) -> Iterator[Finding]:
    """Pairs of devices link the pods."""
    text = facts.refused.get("veth")
    if text:
        yield failure(
            f"veth devices cannot be made: {text}", "they link every pod to its node", "run: sudo modprobe veth"
        )
    elif text is not None:
        yield well("veth devices")


def gateway_device(facts: Facts) -> Iterator[Finding]:
    """The node's address lies on a dummy device, or on a bridge where there is no other."""
    dummy, bridge = facts.refused.get("dummy"), facts.refused.get("bridge")
    if dummy and bridge:
        yield failure(
            f"neither dummy nor bridge devices can be made: {dummy}",
            "the node's own address in the pod network lies on one",
            "run: sudo modprobe dummy",
        )
    elif dummy is not None:
        yield well("dummy devices" if not dummy else "bridge devices, in place of dummy ones")


def nftables(facts: Facts) -> Iterator[Finding]:
    """The proxy's own rules were given to the kernel."""
    refused = facts.rules.get("refused")
    if refused:
        parts = [str(part) for part in facts.rules.get("parts") or ()]  # type: ignore[attr-defined]
        modules = " ".join(dict.fromkeys(MODULES[part] for part in parts if part in MODULES)) or "nf_tables"
        named = f", for want of: {', '.join(parts)}" if parts else ""
        yield failure(
            f"the kernel refuses the Service proxy's nftables rules: {refused}{named}",
            "no Service would lead anywhere",
            f"run: sudo modprobe -a {modules}",
        )
    elif refused is not None:
        yield well("nftables: the Service proxy's own rules are accepted")


def control_groups(facts: Facts) -> Iterator[Finding]:
    """Containers are found, limited and ended by them."""
    refusals = {name: text for name, text in facts.refused.items() if name.startswith("control group ") and text}
    versions = sorted({group.version for group in facts.groups})
    for name, text in refusals.items():
        yield failure(
            f"no control group can be made in {name.removeprefix('control group ')}: {text}",
            "containers are limited and ended by their control groups",
            "mount it writable: sudo mount -o remount,rw " + name.removeprefix("control group "),
        )
    if not facts.groups:
        yield failure(
            "no control groups are mounted",
            "containers are limited and ended by them",
            "run: sudo mount -t cgroup2 none /sys/fs/cgroup",
        )
    elif missing := sorted(WANTED_CONTROLLERS - facts.controllers):
        yield warning(
            f"control groups lack the controllers {', '.join(missing)}",
            "limits of that kind in a pod's resources have no effect",
            "start the kernel with: cgroup_enable=memory (and see /proc/cgroups)",
        )
    elif not refusals:
        words = {(1,): "version 1", (2,): "version 2", (1, 2): "both versions side by side"}
        yield well(f"control groups: {words[tuple(versions)]}")


def root(facts: Facts) -> Iterator[Finding]:
    """The root must be that of a namespace of mounts: a container's start changes it, and `exec` begins there."""
    text = facts.refused.get("pivot_root")
    if text is None:
        return
    if facts.is_chroot and text:
        yield failure(
            f"this is a chroot whose root is no mount (pivot_root: {text})",
            "no container can be started in it",
            _ENTER,
        )
    elif facts.is_chroot:
        yield warning(
            "this is a chroot",
            "commands by `kubectl exec` start in the machine's own root, not in the container's",
            _ENTER,
        )
    elif text:
        yield warning(
            f"pivot_root does not work: {text}; the root lies in the start-up RAM disk",
            "commands by `kubectl exec` may start in the machine's own root, not in the container's",
            "start from a disk or tmpfs root (switch_root)",
        )
    else:
        yield well("pivot_root")


_ENTER = (
    "make the folder the root of a namespace of its own: systemd-nspawn -D DIR; or: unshare -m sh -c "
    "'mount --bind DIR DIR && cd DIR && mkdir -p .old && pivot_root . .old && umount -l .old && exec sh'"
)


CHECKS = (version, tried, namespaces, veth, gateway_device, nftables, control_groups, root)
