"""Clearing: remove what attempts and pods have left, whatever state they are in.

Everything here works from paths and names alone, needs no agent and no runtime program, may be repeated, and goes on
after a failure; what could not be removed is told.  Blocking.
"""

import os
import select
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from fairway.node import cgroups, records, trees
from fairway.node.machine import Machine
from fairway.node.names import container_cgroup, container_id, pod_cgroup
from fairway.node.propagation import mounts_below
from fairway.node.records import ContainerRecord
from fairway.node.runtimes.crun.monitor import Bundle, monitor_alive
from fairway.node.syscalls import umount

MONITOR_WAIT_MS = 3000


def end_monitor(bundle: Bundle) -> None:
    """Wait until the monitor of a killed container has gone; one that does not go is killed."""
    pid = monitor_alive(bundle)
    if not pid:
        return
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if not poll.poll(MONITOR_WAIT_MS):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            poll.poll(MONITOR_WAIT_MS)
    finally:
        os.close(descriptor)


def clear_attempt(machine: Machine, hierarchies: Iterable[cgroups.Hierarchy], record: ContainerRecord) -> None:
    """Remove one attempt except its log: processes, control group, runtime state, bundle, writable layer."""
    where = (record.pod_uid, record.name, record.attempt)
    group = container_cgroup(machine.group, record.pod_uid, record.container_id)
    listed = list(hierarchies)
    bundle = Bundle(records.bundle_path(machine, *where), record.container_id)
    cgroups.kill(listed, group)
    end_monitor(bundle)
    cgroups.remove(listed, group)
    for path in (
        machine.run_path / "runtime" / record.container_id,
        records.layer_path(machine, *where),
        bundle.path,
    ):
        remove_tree(path)


def _bundles(machine: Machine, pod_uid: str) -> list[Bundle]:
    """Every bundle of a pod, whether it has a record or not."""
    found = []
    folder = records.pod_path(machine, pod_uid) / "containers"
    for attempt in folder.glob("*/*"):
        if attempt.name.isdigit():
            cid = container_id(machine.cluster, pod_uid, attempt.parent.name, int(attempt.name))
            found.append(Bundle(attempt, cid))
    return found


def clear_pod(machine: Machine, hierarchies: Iterable[cgroups.Hierarchy], pod_uid: str) -> list[str]:
    """Remove everything of a pod but its network; returns what would not go."""
    listed = list(hierarchies)
    group = pod_cgroup(machine.group, pod_uid)
    problems = [f"process {pid}" for pid in sorted(cgroups.kill(listed, group))]
    bundles = _bundles(machine, pod_uid)
    for bundle in bundles:
        end_monitor(bundle)
    problems += [f"control group {path}" for path in cgroups.remove(listed, group)]
    for bundle in bundles:
        remove_tree(machine.run_path / "runtime" / bundle.container_id)
    for path in (records.pod_path(machine, pod_uid), machine.sandboxes_path / pod_uid):
        problems += remove_tree(path)
    return problems


def remove_tree(path: Path) -> list[str]:
    """Remove a folder and what is in it, unmounting what is mounted in it; returns what would not go."""
    if not path.exists():
        return []
    try:
        trees.remove(path)
        return []
    except OSError:
        for point in mounts_below(path):
            with suppress(OSError):
                umount(point)
    trees.remove(path, ignore_errors=True)
    return [str(left) for left in (path, *path.iterdir())] if path.exists() else []
