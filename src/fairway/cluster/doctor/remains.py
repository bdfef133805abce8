"""Remains: what crashed clusters have left in the kernel, on the disk and among the processes."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fairway.cluster import processes, surroundings
from fairway.cluster.config import RUN_ROOT, Config, name_flags
from fairway.cluster.doctor.finding import Finding, Scene, failure, warning, well
from fairway.cluster.nodes import parts
from fairway.cluster.standalone.proxy import TABLE as STANDALONE
from fairway.node.cgroups import children, hierarchies

GROUP = "/fairway"
_COMMAND = re.compile(r"^fairway\.cluster\.(supervisor|control|node)$")


class Known(NamedTuple):
    """A cluster with a folder in /run/fairway; ``missing`` are the parts of it that do not run."""

    name: str
    data_dir: str
    missing: tuple[str, ...]
    has_data: bool = True

    @property
    def flags(self) -> str:
        """The flags that name it."""
        return name_flags(self.name, self.data_dir)


class Facts(NamedTuple):
    """``tables``, ``groups``, ``folders``: names of nftables tables, control groups and folders in /run/fairway.

    ``strays`` are processes of clusters without a folder: (pid, name, data folder).
    ``damaged`` are settings files that cannot be read.  ``elsewhere`` are clusters that work with another root than we
    do: from a chroot those of the machine around it, whose folders are not to be seen.
    """

    clusters: tuple[Known, ...]
    tables: tuple[str, ...]
    groups: tuple[str, ...]
    folders: tuple[str, ...]
    strays: tuple[tuple[int, str, str], ...]
    damaged: tuple[tuple[str, str], ...]
    elsewhere: frozenset[str] = frozenset()


def look(scene: Scene) -> Facts:
    """Ask the kernel for tables and groups; read /run/fairway and the processes."""
    everywhere = list(_processes())
    there = [each for each in everywhere if _has_our_root(each[0])]
    clusters = [_known(each, there) for each in surroundings.running()]
    names = {each.name for each in clusters}
    strays = [(pid, name, data_dir) for pid, _, name, data_dir in there if name not in names]
    return Facts(
        tuple(clusters),
        tuple(_tables()) if scene.is_root else (),
        tuple(sorted(children(hierarchies(), GROUP))),
        tuple(sorted(each.name for each in RUN_ROOT.iterdir() if each.is_dir() and each.name[0] != "."))
        if RUN_ROOT.is_dir()
        else (),
        tuple(strays),
        tuple(_damaged(scene)),
        frozenset(name for _, _, name, _ in everywhere) - {name for _, _, name, _ in there},
    )


def _has_our_root(pid: int) -> bool:
    """Whether a process sees the same folders as we do; so is one that may not be asked."""
    try:
        return os.path.samestat(os.stat(f"/proc/{pid}/root"), os.stat("/"))
    except OSError:
        return True


def _known(config: Config, there: list[tuple[int, str, str, str]]) -> Known:
    running = {part for _, part, name, data_dir in there if (name, data_dir) == (config.name, config.data_dir)}
    missing = tuple(part for part in parts(config) if part not in running)
    return Known(config.name, config.data_dir, missing, config.state_dir.is_dir())


def _tables() -> Iterator[str]:
    from fairway.proxy.dataplanes.nftables import load
    from fairway.proxy.dataplanes.nftables.netlink import NetlinkSocket, first

    socket = NetlinkSocket()
    try:
        found = {
            (first(answer, 20, len(answer), 1) or b"").rstrip(b"\0").decode(errors="replace")
            for family in (4, 6)
            for answer in socket.dump(load.nft_message(load.GET_TABLE, 0, family))
        }
    finally:
        socket.close()
    yield from sorted(name for name in found if name.startswith("fairway-"))


def _processes() -> Iterator[tuple[int, str, str, str]]:
    """Pid, part, cluster and data folder of all processes of all clusters."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError, ValueError, IndexError, KeyError):
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if role := next(filter(None, map(_COMMAND.match, words)), None):
                    given = processes.arguments(words[words.index(role[0]) + 1 : -1])
                    part = f"node-{given['node']}" if "node" in given else role[1]
                    yield int(folder.name), part, given["name"], given["data_dir"]


def _damaged(scene: Scene) -> Iterator[tuple[str, str]]:
    from fairway.cluster.config import read

    for path in (*RUN_ROOT.glob("*/config.json"), *Path(scene.config.data_dir).glob("*/config.json")):
        try:
            read(path)
        except OSError:
            continue
        except (ValueError, TypeError) as error:
            yield str(path), str(error)


def crashed(facts: Facts) -> Iterator[Finding]:
    """Clusters whose processes went without `down`: a crash, or kill -9."""
    for each in facts.clusters:
        if not each.missing:
            yield well(f'cluster "{each.name}" runs, with its data in {each.data_dir}')
        elif not each.has_data:
            yield failure(
                f'cluster "{each.name}" has lost its data: {each.data_dir}/{each.name} is gone',
                "its pods and rules are still there, and nobody looks after them",
                f"run: sudo fairway down{each.flags}",
            )
        else:
            do = "does" if len(each.missing) == 1 else "do"
            yield failure(
                f'of cluster "{each.name}" {", ".join(each.missing)} {do} not run',
                "pods and rules stay as they were, and follow no change",
                f"bring it back: sudo fairway up{each.flags}; or clear away: sudo fairway down{each.flags}",
            )  # fmt: skip


def left_behind(facts: Facts) -> Iterator[Finding]:
    """Things in the kernel whose cluster is not there any more."""
    known = {each.name for each in facts.clusters} | facts.elsewhere
    folders = {name for name in facts.folders if name not in known}
    for kind, names in (
        ("kernel rules", {owner for table in facts.tables if (owner := _owner(table, known)) not in known}),
        ("control groups", {name for name in facts.groups if name not in known}),
        ("folders in /run/fairway", folders),
    ):
        for name in sorted(names):
            yield warning(
                f'{kind} of a cluster "{name}" are left, which is not there any more',
                "its ranges and names stay taken, and packets may be led to pods that are gone",
                f"run: sudo fairway down --name {name}",
            )


def _owner(table: str, known: set[str]) -> str:
    """Whose a table is: its name is that of the cluster, with -pods, -host-ports or .next behind it."""
    name = table.removeprefix("fairway-")
    if name == STANDALONE:
        return next(iter(known), name) if known else STANDALONE
    owners = [each for each in known if name == each or name.startswith((f"{each}-", f"{each}."))]
    if owners:
        return max(owners, key=len)
    return re.sub(r"(-pods|-host-ports|\.next)$", "", name)


def stray_processes(facts: Facts) -> Iterator[Finding]:
    """Processes of a cluster that nobody knows any more."""
    for pid, name, data_dir in facts.strays:
        yield failure(
            f'process {pid} belongs to a cluster "{name}" in {data_dir}, which is not recorded in /run/fairway',
            "it holds ports and writes to data that nobody looks after",
            f"run: sudo fairway down{name_flags(name, data_dir)}",
        )


def settings_files(facts: Facts) -> Iterator[Finding]:
    """Settings that cannot be read."""
    for path, reason in facts.damaged:
        name = Path(path).parent.name
        yield failure(
            f"{path} is damaged: {reason}",
            "the cluster's settings stand there, and no command works without them",
            f"copy it back: sudo cp /run/fairway/{name}/config.json {path}"
            if not path.startswith("/run/")
            else f"run: sudo fairway up --name {name}",
        )


CHECKS = (crashed, left_behind, stray_processes, settings_files)
