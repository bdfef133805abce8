"""Control groups: find them, empty them, remove them, in version 1, version 2 and the mix of both.

Source: the kernel's cgroup-v1/cgroups.rst and cgroup-v2.rst.
"""

import os
import select
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

KILL_ROUNDS = 20
KILL_WAIT_MS = 500
PLACE_CONTROLLERS = frozenset({"pids", "name=systemd"})
"""Of version 1: where a process is placed that only has to be found again, and spared by its starter's end."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One mounted hierarchy; ``controllers`` is empty for version 2."""

    path: Path
    version: int
    controllers: frozenset[str]


def parse_hierarchies(mountinfo: str) -> list[Hierarchy]:
    """The hierarchies in the text of ``/proc/self/mountinfo``, each once."""
    found: dict[str, Hierarchy] = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        point = left.split(" ")[4]
        kind, _, rest = right.partition(" ")
        if kind == "cgroup2":
            found[point] = Hierarchy(Path(point), 2, frozenset())
        elif kind == "cgroup":
            options = rest.rpartition(" ")[2].split(",")
            found[point] = Hierarchy(Path(point), 1, frozenset(options) - {"rw", "ro"})
    return list(found.values())


def hierarchies() -> list[Hierarchy]:
    """The machine's hierarchies."""
    return parse_hierarchies(Path("/proc/self/mountinfo").read_text(errors="replace"))


def mixed_version_2(found: Iterable[Hierarchy]) -> str:
    """The version 2 mount that crun stumbles over beside version 1, because it has controllers; else empty."""
    listed = list(found)
    if not any(hierarchy.version == 1 for hierarchy in listed):
        return ""
    for hierarchy in listed:
        if hierarchy.version == 2:
            with suppress(OSError):
                if (hierarchy.path / "cgroup.controllers").read_text().strip():
                    return str(hierarchy.path)
    return ""


def _below(found: Iterable[Hierarchy], group: str) -> Iterator[Path]:
    for hierarchy in found:
        folder = hierarchy.path / group.lstrip("/")
        if folder.is_dir():
            yield folder


def _tree(folder: Path) -> list[Path]:
    """The group and all below it, deepest first."""
    return [Path(path) for path, _folders, _files in os.walk(folder, topdown=False)]


def children(found: Iterable[Hierarchy], group: str) -> set[str]:
    """Names of the groups directly below a group, in any hierarchy."""
    return {entry.name for top in _below(found, group) for entry in top.iterdir() if entry.is_dir()}


def processes(found: Iterable[Hierarchy], group: str) -> set[int]:
    """Every process in a group or below it, in any hierarchy."""
    pids: set[int] = set()
    for top in _below(found, group):
        for folder in _tree(top):
            with suppress(OSError):
                pids.update(int(line) for line in (folder / "cgroup.procs").read_text().split())
    pids.discard(0)
    return pids


def kill(found: Iterable[Hierarchy], group: str, spare: Iterable[int] = ()) -> set[int]:
    """Kill every process in a group and wait for their end; returns those that would not die.

    Blocking.  What forks while it is killed is met in the next round.
    """
    listed = list(found)
    spared = {os.getpid(), *spare}
    for _round in range(KILL_ROUNDS):
        left = processes(listed, group) - spared
        if not left:
            return set()
        _kill_and_wait(left)
    return processes(listed, group) - spared


def _kill_and_wait(pids: set[int]) -> None:
    poll = select.poll()
    descriptors = set()
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        descriptors.add(descriptor)
        poll.register(descriptor, select.POLLIN)
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    waiting = set(descriptors)
    while waiting:
        ended = poll.poll(KILL_WAIT_MS)
        if not ended:
            break
        for descriptor, _event in ended:
            poll.unregister(descriptor)
            waiting.discard(descriptor)
    for descriptor in descriptors:
        os.close(descriptor)


def remove(found: Iterable[Hierarchy], group: str) -> list[str]:
    """Remove an empty group and all below it, in every hierarchy; returns the folders that would not go."""
    stuck = []
    for top in _below(found, group):
        for folder in _tree(top):
            try:
                folder.rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                stuck.append(str(folder))
    return stuck


def place(found: Iterable[Hierarchy], group: str, pid: int, *, thread: bool = False) -> None:
    """Put a process (or, in version 1, one thread of it) into a group, making it where it is missing.

    In version 1 only hierarchies without limits are used.
    """
    for hierarchy in found:
        if hierarchy.version == 1 and not hierarchy.controllers & PLACE_CONTROLLERS:
            continue
        if hierarchy.version == 2 and thread:
            continue
        folder = hierarchy.path / group.lstrip("/")
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ("tasks" if thread else "cgroup.procs")).write_text(str(pid))
