"""What the machine itself has used, as the kernel tells in /proc.

Source: proc_stat(5), proc_meminfo(5).
"""

import os
from pathlib import Path

from fairway.node.runtimes.interface import Usage
from fairway.node.usage.measuring import Counted

_BUSY = (0, 1, 2, 5, 6, 7)
"""Of the first line of /proc/stat: user (with guests), nice, system, irq, softirq, steal; not idle, not iowait."""


def machine_usage() -> Counted:
    """Read it now."""
    stat, memory = Path("/proc/stat").read_text(), Path("/proc/meminfo").read_text()
    return counted(stat, memory, os.sysconf("SC_CLK_TCK"))


def counted(stat: str, meminfo: str, ticks_per_s: int) -> Counted:
    """What these texts say.  Pure."""
    lines = {line.partition(" ")[0]: line.split()[1:] for line in stat.splitlines() if line}
    ticks = sum(int(lines["cpu"][place]) for place in _BUSY)
    pairs = (line.partition(":") for line in meminfo.splitlines())
    sizes = {name: int(rest.split()[0]) * 1024 for name, _, rest in pairs}
    total = sizes["MemTotal"]
    usage = Usage(ticks * 1_000_000_000 // ticks_per_s, total - sizes["MemFree"], total - sizes["MemAvailable"])
    return Counted(usage, float(lines["btime"][0]))
