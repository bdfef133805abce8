"""Propagation: our mounts must be unmounted everywhere at once.

Monitors and containers see copies of the machine's mounts.  Below a *shared* mount an unmount reaches every copy, so
a dead pod's namespace or volume is not held by its neighbours.  systemd makes ``/`` shared; where nobody did, the
folder is bound to itself and that mount is shared (mount_namespaces(7)).
"""

import fcntl
import os
from pathlib import Path

from fairway.node.syscalls import MNT_DETACH, MS_BIND, MS_SHARED, mount, umount


def mounts(mountinfo: str = "/proc/thread-self/mountinfo") -> list[tuple[str, bool]]:
    """Mount points of the calling thread, in order of mounting, and whether each is shared."""
    found = []
    for line in Path(mountinfo).read_text(errors="surrogateescape").splitlines():
        fields, _, _ = line.partition(" - ")
        columns = fields.split(" ")
        point = columns[4].encode().decode("unicode_escape") if "\\" in columns[4] else columns[4]
        found.append((point, any(flag.startswith("shared:") for flag in columns[6:])))
    return found


def containing(path: str, points: list[tuple[str, bool]]) -> tuple[str, bool]:
    """The mount that ``path`` is on: the longest mount point above it, the latest of equals."""
    best = ("/", False)
    for point, shared in points:
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best[0]):
            best = (point, shared)
    return best


def make_shared(folder: Path) -> bool:
    """See to it that mounts below ``folder`` are shared; true if it had to be bound to itself for that.

    Nodes of one machine that start together do it once: a second bind would hide what was mounted below the first.
    """
    path = os.path.realpath(folder)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        point, shared = containing(path, mounts())
        if shared:
            return False
        if point != path:
            mount(path, path, flags=MS_BIND)
        mount("", path, flags=MS_SHARED)
        return True
    finally:
        os.close(descriptor)


def unbind(folder: Path) -> bool:
    """Undo ``make_shared``; false when nothing was bound."""
    path = os.path.realpath(folder)
    if containing(path, mounts())[0] != path:
        return False
    return umount(path, MNT_DETACH)


def mounts_below(folder: Path) -> list[str]:
    """Every mount point below ``folder``, deepest first."""
    path = os.path.realpath(folder)
    found = [point for point, _shared in mounts() if point.startswith(path + "/")]
    return sorted(found, key=len, reverse=True)
