"""Pod namespaces: what the containers of one pod share beside its network: System V IPC, /dev/shm, and processes.

Each is bound to a file in the pod's folder, so that containers started later find it, also by another agent; what
removes the folder removes them.  A process namespace lives as long as its first process, which here does nothing but
wait: whatever is orphaned in the pod becomes its child and is reaped by the kernel, as it ignores SIGCHLD.
Blocking.  Sources: Kubernetes docs, "Share Process Namespace between Containers in a Pod"; pid_namespaces(7).
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from fairway.node import cgroups, records
from fairway.node.machine import Machine
from fairway.node.names import pause_cgroup
from fairway.node.records import SandboxRecord
from fairway.node.runtimes.interface import RuntimeFailure
from fairway.node.syscalls import CLONE_NEWIPC, MS_BIND, is_namespace, mount, setns, umount, unshare

SHM_OPTIONS = "mode=1777,size=65536k"
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 2, 4, 8
_REASON = "FailedCreatePodSandBox"
_PAUSE = (
    "read -r _ && { unshare --pid --fork --kill-child sh -c '"
    'read -r pid _ </proc/self/stat; echo "$pid"; exec env --ignore-signal=CHLD sleep infinity </dev/null >/dev/null'
    "' & }"
)
"""Begins once it has been put into its control group; tells the process id of the first process; is nobody's child."""


def make(machine: Machine, hierarchies: Sequence[cgroups.Hierarchy], sandbox: SandboxRecord) -> None:
    """Make what the sandbox's record says and is not there.  Raises: ``RuntimeFailure``."""
    try:
        if not sandbox.host_ipc:
            _make_ipc(records.namespace_path(machine, sandbox.pod_uid, "ipc"))
            _make_shm(records.shm_path(machine, sandbox.pod_uid))
        if sandbox.shares_processes and not sandbox.host_pid:
            path = records.namespace_path(machine, sandbox.pod_uid, "pid")
            _make_pid(path, hierarchies, pause_cgroup(machine.group, sandbox.pod_uid))
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise RuntimeFailure(_REASON, f"making the pod's namespaces failed: {what}") from error


def remove(machine: Machine, hierarchies: Sequence[cgroups.Hierarchy], pod_uid: str) -> None:
    """Take all of it back; harmless when there is nothing.  Raises: ``OSError``."""
    group = pause_cgroup(machine.group, pod_uid)
    cgroups.kill(hierarchies, group)
    cgroups.remove(hierarchies, group)
    paths = [records.namespace_path(machine, pod_uid, kind) for kind in ("ipc", "pid")]
    for path in (*paths, records.shm_path(machine, pod_uid)):
        umount(str(path))
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


def joined(machine: Machine, sandbox: SandboxRecord, target: int) -> dict[str, str]:
    """The namespaces that a container of the pod does not have for itself; see ``spec.Surroundings``.

    ``target`` is a process among which the container's are to be; 0 for none.
    """
    uid = sandbox.pod_uid
    ipc = records.namespace_path(machine, uid, "ipc")
    found = {"network": "" if sandbox.host_network else str(machine.netns_path / uid)}
    if sandbox.host_ipc:
        found["ipc"] = ""
    elif ipc.exists():
        found["ipc"] = str(ipc)
    if sandbox.host_pid:
        found["pid"] = ""
    elif sandbox.shares_processes:
        found["pid"] = str(records.namespace_path(machine, uid, "pid"))
    elif target:
        found["pid"] = f"/proc/{target}/ns/pid"
    return found


def shm(machine: Machine, sandbox: SandboxRecord) -> str:
    """What the pod's containers see as /dev/shm; empty where each has its own (a sandbox of an older agent)."""
    if sandbox.host_ipc:
        return "/dev/shm"
    path = records.shm_path(machine, sandbox.pod_uid)
    return str(path) if path.is_mount() else ""


def _prepared(path: Path) -> bool:
    """Make the file that a namespace is bound to; false if one is there already."""
    if is_namespace(str(path)):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o444)
    return True


def _make_ipc(path: Path) -> None:
    """On this thread, and back."""
    if not _prepared(path):
        return
    own = os.open("/proc/thread-self/ns/ipc", os.O_RDONLY | os.O_CLOEXEC)
    try:
        unshare(CLONE_NEWIPC)
        try:
            mount("/proc/thread-self/ns/ipc", str(path), flags=MS_BIND)
        finally:
            setns(own, CLONE_NEWIPC)
    finally:
        os.close(own)


def _make_shm(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    if not path.is_mount():
        mount("shm", str(path), "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, SHM_OPTIONS)


def _make_pid(path: Path, hierarchies: Sequence[cgroups.Hierarchy], group: str) -> None:
    if not _prepared(path):
        return
    starter = subprocess.Popen(
        ["sh", "-c", _PAUSE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    with starter:
        cgroups.place(hierarchies, group, starter.pid)
        assert starter.stdin is not None
        assert starter.stdout is not None
        assert starter.stderr is not None
        starter.stdin.write(b"\n")
        starter.stdin.close()
        told = starter.stdout.readline().strip()
        if not told.isdigit():
            reason = starter.stderr.read().decode(errors="replace").strip()
            raise RuntimeFailure(_REASON, f"a process namespace could not be made: {reason}")
    mount(f"/proc/{int(told)}/ns/pid", str(path), flags=MS_BIND)
