"""What a control group has used, in version 1, version 2 and the mix of both.

Source: the kernel's cgroup-v1/cpuacct.rst, cgroup-v1/memory.rst and cgroup-v2.rst; what counts as the working set is
what the kubelet counts: all that is held, less the file pages that were not used lately.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from fairway.node.cgroups import Hierarchy
from fairway.node.runtimes.interface import Usage

_CPU = ("cpuacct.usage", "cpu.stat")
_MEMORY = ("memory.usage_in_bytes", "memory.current")
_IDLE_PAGES = frozenset({"total_inactive_file", "inactive_file"})
"""In version 1 the first counts the groups below, too; there it stands after the second."""


def usage_of(found: Iterable[Hierarchy], group: str) -> Usage | None:
    """Read it now; ``None`` where the kernel does not count.  Blocking."""
    folders = [hierarchy.path / group.lstrip("/") for hierarchy in found]
    counted = map(cpu_ns_in, _texts(folders, _CPU))
    cpu_ns = next((found for found in counted if found is not None), None)
    memory = next(_texts(folders, _MEMORY), None)
    if cpu_ns is None or memory is None:
        return None
    idle = next(_texts(folders, ("memory.stat",)), "")
    return Usage(cpu_ns, int(memory), max(0, int(memory) - idle_bytes_in(idle)))


def _texts(folders: list[Path], names: tuple[str, ...]) -> Iterator[str]:
    """The files of these names that there are, in the order of the names."""
    for name in names:
        for folder in folders:
            with suppress(OSError):
                yield (folder / name).read_text()


def cpu_ns_in(text: str) -> int | None:
    """Nanoseconds, from ``cpuacct.usage``, or from version 2's ``cpu.stat``, which counts microseconds.  Pure."""
    if text.strip().isdigit():
        return int(text)
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name == "usage_usec":
            return int(value) * 1000
    return None


def idle_bytes_in(stat: str) -> int:
    """File pages not used lately, from ``memory.stat``.  Pure."""
    found = [line.rpartition(" ")[2] for line in stat.splitlines() if line.partition(" ")[0] in _IDLE_PAGES]
    return int(found[-1]) if found else 0
