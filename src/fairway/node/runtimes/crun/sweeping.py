"""Sweeping: remove everything of a cluster from this machine, with no agent running and whatever has crashed.

Things are found by the names they carry (control groups, device aliases, folders), not by a list that could be lost.
Only the images and what the control plane keeps stay in the data directory.
"""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from fairway.node import cgroups, records
from fairway.node.machine import Machine
from fairway.node.names import cluster_cgroup
from fairway.node.pod_network.network import remove_links
from fairway.node.pod_network.node import gateway_down
from fairway.node.propagation import mounts_below, unbind
from fairway.node.runtimes.crun.clearing import clear_pod, remove_tree
from fairway.node.runtimes.interface import RuntimeFailure
from fairway.node.syscalls import umount


@dataclass(slots=True)
class Swept:
    """What was removed, and what would not go."""

    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


async def sweep(machine: Machine) -> Swept:
    """Remove processes, control groups, mounts, namespaces, devices, routes, tables, settings and files.

    The agent must not run.  May be repeated; never raises for what can be told in ``left``.
    """
    return await asyncio.to_thread(_sweep, machine)


def _sweep(machine: Machine) -> Swept:
    swept = Swept()
    hierarchies = cgroups.hierarchies()
    steps: list[Callable[[], None]] = [
        lambda: _processes(machine, hierarchies, swept),
        lambda: _pods(machine, hierarchies, swept),
        lambda: _mounts(machine, swept),
        lambda: _network(machine, swept),
        lambda: _groups(machine, hierarchies, swept),
        lambda: _files(machine, swept),
    ]
    for step in steps:
        try:
            step()
        except (OSError, RuntimeFailure) as error:
            swept.left.append(str(error))
    return swept


def _processes(machine: Machine, hierarchies: list[cgroups.Hierarchy], swept: Swept) -> None:
    group = cluster_cgroup(machine.group)
    before = cgroups.processes(hierarchies, group)
    stubborn = cgroups.kill(hierarchies, group)
    if before:
        swept.removed.append(f"{len(before - stubborn)} processes")
    swept.left += [f"process {pid}" for pid in sorted(stubborn)]


def _pods(machine: Machine, hierarchies: list[cgroups.Hierarchy], swept: Swept) -> None:
    groups = cgroups.children(hierarchies, cluster_cgroup(machine.group))
    pods = records.pods_with_files(machine) | {name.removeprefix("pod") for name in groups if name.startswith("pod")}
    for pod_uid in sorted(pods):
        swept.left += clear_pod(machine, hierarchies, pod_uid)
    if pods:
        swept.removed.append(f"{len(pods)} pods")


def _mounts(machine: Machine, swept: Swept) -> None:
    """Every mount of ours; a network namespace without processes goes with its mount."""
    places = (machine.run_path, machine.sandboxes_path, machine.volumes_path)
    points = [point for place in places for point in mounts_below(place)]
    for point in points:
        try:
            umount(point)
        except OSError as error:
            swept.left.append(str(error))
    if points:
        swept.removed.append(f"{len(points)} mounts")
    unbind(machine.run_path)


def _network(machine: Machine, swept: Swept) -> None:
    if machine.node > 1:
        return  # It goes with the node's namespace.
    links = remove_links(machine.cluster)
    if links:
        swept.removed.append(f"{links} devices of pods")
    swept.removed += gateway_down(machine)


def _groups(machine: Machine, hierarchies: list[cgroups.Hierarchy], swept: Swept) -> None:
    stuck = cgroups.remove(hierarchies, cluster_cgroup(machine.group))
    swept.left += [f"control group {path}" for path in stuck]
    if machine.node > 1:
        return
    for hierarchy in hierarchies:
        with suppress(OSError):  # Other clusters may still have theirs below it.
            (hierarchy.path / "fairway").rmdir()


def _files(machine: Machine, swept: Swept) -> None:
    for path in (machine.run_pods_path, machine.netns_path, machine.run_path / "runtime", machine.sandboxes_path):
        swept.left += [f"file {name}" for name in remove_tree(path)]
    with suppress(OSError):
        machine.run_path.rmdir()
    if machine.node == 1:
        shutil.rmtree(machine.images_path / "ingest", ignore_errors=True)
