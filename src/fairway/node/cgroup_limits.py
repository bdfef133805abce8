"""Limits of a control group that is in use: written anew, in version 1 and version 2.

Source: the kernel's cgroup-v1/memory.rst, scheduler/sched-bwc.rst and cgroup-v2.rst; the conversion of shares to
weights is that of OCI runtimes.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from fairway.node.cgroups import Hierarchy
from fairway.node.qos import CPU_PERIOD_US, MAX_CPU_SHARES, MIN_CPU_SHARES
from fairway.node.runtimes.interface import Limits, RuntimeFailure

USAGE_FILES = ("memory.current", "memory.usage_in_bytes")


def weight(shares: int) -> int:
    """The weight (1 to 10000) of version 2 for the shares (2 to 262144) of version 1."""
    return 1 + (shares - MIN_CPU_SHARES) * 9999 // (MAX_CPU_SHARES - MIN_CPU_SHARES)


def files(version: int, limits: Limits) -> Iterator[tuple[str, str]]:
    """Each file of a control group and what it should say.

    In version 1 a limit of memory may never exceed that of memory with swap: which goes first depends on the
    direction, so the latter is written before and after.
    """
    quota = limits.cpu_quota_us
    if version == 1:
        if limits.cpu_shares is not None:
            yield "cpu.shares", str(limits.cpu_shares)
        yield "cpu.cfs_period_us", str(CPU_PERIOD_US)
        yield "cpu.cfs_quota_us", str(-1 if quota is None else quota)
        memory = str(-1 if limits.memory_bytes is None else limits.memory_bytes)
        yield from ((f"memory.{name}limit_in_bytes", memory) for name in ("memsw.", "", "memsw."))
        return
    if limits.cpu_shares is not None:
        yield "cpu.weight", str(weight(limits.cpu_shares))
    yield "cpu.max", f"{'max' if quota is None else quota} {CPU_PERIOD_US}"
    yield "memory.max", "max" if limits.memory_bytes is None else str(limits.memory_bytes)


def limit(found: Iterable[Hierarchy], group: str, limits: Limits) -> None:
    """Hold a group to other limits.  Blocking.

    Raises: ``RuntimeFailure`` if its processes hold more memory than that, or the kernel refuses.
    """
    listed = list(found)
    held = memory_in_use(listed, group)
    if limits.memory_bytes is not None and held > limits.memory_bytes:
        text = f"attempting to set container memory limit ({limits.memory_bytes}) below current usage ({held})"
        raise RuntimeFailure("ResizeError", text)
    for hierarchy in listed:
        folder = hierarchy.path / group.lstrip("/")
        for name, text in files(hierarchy.version, limits):
            if (folder / name).exists():
                _write(folder / name, text, is_tried=name.startswith("memory.memsw."))


def _write(file: Path, text: str, *, is_tried: bool) -> None:
    try:
        file.write_text(text)
    except OSError as error:
        if not is_tried:
            raise RuntimeFailure("ResizeError", f"failed to write {text} to {file.name}: {error.strerror}") from error


def memory_in_use(found: Iterable[Hierarchy], group: str) -> int:
    """Bytes that a group's processes hold; 0 where the kernel does not say."""
    for hierarchy in found:
        for name in USAGE_FILES:
            with suppress(OSError, ValueError):
                return int((hierarchy.path / group.lstrip("/") / name).read_text())
    return 0
