"""Storage: whether there is room, and whether the folder of data can carry containers."""

import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from fairway.cluster.config import RUN_ROOT
from fairway.cluster.doctor import trials
from fairway.cluster.doctor.finding import Finding, Scene, bytes_text, failure, warning, well

LEAST_BYTES: Final = 16 << 20
GOOD_BYTES: Final = 1 << 30
LEAST_INODES: Final = 2000
GOOD_INODES: Final = 50_000
PASSING: Final = frozenset({"tmpfs", "ramfs"})
REMOTE: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"})


class Facts(NamedTuple):
    """Of the folder of data ``wanted``, or the nearest one above it that exists: ``kind`` of file system, what is free.

    ``inodes`` is -1 where the file system makes them as it needs them; ``overlay`` says why none can be mounted
    there, empty if it can, ``None`` if it was not tried; ``write_refused`` and ``run_refused`` say why nothing can be
    written to the folder and to /run/fairway, empty if it can.
    """

    wanted: str
    folder: str
    kind: str
    free_bytes: int
    free_inodes: int
    options: frozenset[str]
    overlay: str | None
    write_refused: str = ""
    run_refused: str = ""


def look(scene: Scene) -> Facts:
    """Ask the file system, and try an overlay on it."""
    folder = _existing(scene.config.state_dir)
    there = os.statvfs(folder)
    kind, options = _mount_of(folder)
    overlay, refused, run_refused = None, "", ""
    if scene.is_root:
        refused = _write_refusal(folder)
        run_refused = _write_refusal(_existing(RUN_ROOT))
        overlay = "" if refused else _try_overlay(folder)
    return Facts(
        str(scene.config.state_dir),
        str(folder),
        kind,
        there.f_bavail * there.f_frsize,
        there.f_favail if there.f_files else -1,
        options,
        overlay,
        refused,
        run_refused,
    )


def _existing(path: Path) -> Path:
    return next(each for each in (path, *path.parents) if each.is_dir())


def _write_refusal(folder: Path) -> str:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"trial" * 1000)
            file.flush()
    except OSError as error:
        return str(error.strerror)
    return ""


def _try_overlay(folder: Path) -> str:
    try:
        with tempfile.TemporaryDirectory(prefix=".fairway-trial-", dir=folder, ignore_cleanup_errors=True) as place:
            outcome = trials.in_child(partial(trials.overlay, place))
    except OSError as error:
        return str(error.strerror)
    return str(outcome["refused"] if isinstance(outcome, dict) else outcome)


def _mount_of(folder: Path) -> tuple[str, frozenset[str]]:
    """File system type and options of the mount that holds a folder; source: proc_pid_mountinfo(5)."""
    best, found = "", ("", frozenset[str]())
    for line in Path("/proc/self/mountinfo").read_text(errors="replace").splitlines():
        left, _, right = line.partition(" - ")
        columns = left.split(" ")
        point = columns[4]
        is_above = str(folder) == point or str(folder).startswith(point.rstrip("/") + "/")
        if is_above and len(point) >= len(best):
            best, found = point, (right.split(" ")[0], frozenset(columns[5].split(",")))
    return found


def writable(facts: Facts) -> Iterator[Finding]:
    """Data and what is there until the next boot."""
    for refused, folder in ((facts.write_refused, facts.folder), (facts.run_refused, str(RUN_ROOT))):
        if refused:
            yield failure(
                f"nothing can be written to {folder}: {refused}",
                "objects, keys, images and logs are kept there",
                f"make room or make it writable: df -h {folder}",
            )


def room(facts: Facts) -> Iterator[Finding]:
    """Bytes."""
    if facts.write_refused:
        return
    shown = f"{bytes_text(facts.free_bytes)} are free in {facts.wanted}"
    cure = f"make room in {facts.wanted}, or name another folder in --data-dir (what takes it: du -xh {facts.folder})"
    if facts.free_bytes < LEAST_BYTES:
        yield failure(f"only {shown}", "the store refuses to write, and nothing can be changed any more", cure)
    elif facts.free_bytes < GOOD_BYTES:
        yield warning(f"only {shown}", "images and logs may fill it, and then nothing can be changed any more", cure)
    else:
        yield well(shown)


def inodes(facts: Facts) -> Iterator[Finding]:
    """A file system can be full though it has bytes left."""
    if facts.free_inodes < 0:
        return
    shown = f"{facts.free_inodes} inodes are free in {facts.folder}"
    cure = f"find the folder with the many files: du --inodes -x {facts.folder} | sort -n | tail"
    why = "each file of an image takes one, and none can be made without"
    if facts.free_inodes < LEAST_INODES:
        yield failure(f"only {shown}", why, cure)
    elif facts.free_inodes < GOOD_INODES:
        yield warning(f"only {shown}", why, cure)


def file_system(facts: Facts) -> Iterator[Finding]:
    """What it is, and how it is mounted."""
    cure = "name a folder on a local disk: --data-dir DIR"
    if facts.kind in PASSING:
        yield warning(f"{facts.folder} lies on {facts.kind}", "the cluster's data is gone after a reboot", cure)
    elif facts.kind in REMOTE:
        yield warning(
            f"{facts.folder} lies on {facts.kind}", "locks and overlays do not work over a network as they must", cure
        )
    if bad := sorted(facts.options & {"noexec", "nodev"}):
        yield warning(
            f"{facts.folder} is mounted {', '.join(bad)}", "programs or devices of containers do not work there", cure
        )


def overlay(facts: Facts) -> Iterator[Finding]:
    """Every container's root is an overlay in the folder of data."""
    if facts.overlay:
        on_overlay = " (it is an overlay itself, as in a container)" if facts.kind == "overlay" else ""
        yield failure(
            f"no overlay can be mounted in {facts.folder}{on_overlay}: {facts.overlay}",
            "every container's root is one",
            "name a folder on ext4, xfs or tmpfs: --data-dir DIR; or: sudo modprobe overlay",
        )
    elif facts.overlay is not None:
        yield well(f"overlays on {facts.kind}")


CHECKS = (writable, room, inodes, file_system, overlay)
