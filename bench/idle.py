"""What does an idle cluster cost in memory and CPU?

Bars: supervisor + control <= 110 MB RSS, with the node process <= 150 MB; <= 1 % of a core.
RSS counts shared pages in every process; PSS, given beside it, counts them once.
"""

import os
import time
from pathlib import Path

from _cluster import cluster
from _report import report
from fairway.cluster.processes import ROLES, find

SECONDS = 30


def memory(pid: int) -> tuple[float, float]:
    """RSS and PSS in MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return sizes["Rss"] / 1000 * 1.024, sizes["Pss"] / 1000 * 1.024


def cpu_s(pid: int) -> float:
    """CPU seconds used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    with cluster("bench-idle") as running:
        time.sleep(5)  # let the start settle: idle is what is asked for
        pids = {role: find(role, running.name, running.data_dir)[0] for role in ROLES}
        before = {role: cpu_s(pid) for role, pid in pids.items()}
        time.sleep(SECONDS)
        rows = []
        for role, pid in pids.items():
            rss, pss = memory(pid)
            percent = (cpu_s(pid) - before[role]) / SECONDS * 100
            rows.append({"process": role, "rss_mb": rss, "pss_mb": pss, "cpu_percent": percent})
    total = {key: sum(row[key] for row in rows) for key in ("rss_mb", "pss_mb", "cpu_percent")}
    rows.append({"process": "all", **total})
    rows.append({"process": "bar", "rss_mb": 150, "cpu_percent": 1.0})
    report(Path(__file__).stem, rows)


if __name__ == "__main__":
    main()
