"""How long does a whole process of the command line take, beside kubectl's?

One after another in turn, so that both meet the same machine: ``get svc``, ``get pods -o json``, ``describe svc``
and, which kubectl has not, ``why svc``.  Of kubectl the newest that the machine has. Bars: fairway's median time over
kubectl's <= 1.0; ``why`` <= 150 ms.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from _cluster import HOUSE, Cluster, cluster
from _report import median, percentile, report

ROUNDS = 40
QUESTIONS = ("get svc", "get pods -o json", "describe svc kubia", "why svc/kubia")


def kubectl() -> str:
    found = shutil.which("kubectl")
    if found is None:
        raise SystemExit("error: kubectl is not installed\n  fix: sudo apt-get install kubernetes-client")
    return str(max(Path(found).resolve().parent.glob("kubectl.1.*"), default=Path(found)))


def taken_s(words: list[str], running: Cluster) -> tuple[float, float]:
    """The time on the clock and on the processor."""
    started = time.perf_counter()
    to_nothing = [(os.POSIX_SPAWN_OPEN, place, os.devnull, os.O_WRONLY, 0) for place in (1, 2)]
    child = os.posix_spawn(words[0], words, running.environment, file_actions=to_nothing)
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"error: {' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime


def main() -> None:
    fairway, oracle = str(Path(sys.executable).with_name("fairway")), kubectl()
    # What an installation does, and an editable one leaves to the first start.
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(HOUSE / "src" / "fairway")], check=True)
    rows: list[dict[str, Any]] = []
    with cluster("bench-cli") as running:
        text = (
            (HOUSE / "examples/svc.yaml").read_text().replace("    port: 80\n", "    port: 80\n    targetPort: 8080\n")
        )
        running.kubectl("create", "-f", "-", text=text)
        running.kubectl("wait", "rs/kubia", "--for=jsonpath={.status.readyReplicas}=3", "--timeout=60s")
        for question in QUESTIONS:
            programs = {"fairway": fairway, "kubectl": oracle}
            if question.startswith("why"):
                del programs["kubectl"]
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
            for turn in range(ROUNDS + 1):
                for name, program in programs.items():
                    took = taken_s([program, *question.split()], running)
                    if turn:  # the first fills caches
                        found[name].append(took)
            medians = {name: median([clock for clock, _ in took]) for name, took in found.items()}
            for name, took in found.items():
                clocks = [clock for clock, _ in took]
                rows.append({
                    "question": question, "program": name, "p50_ms": medians[name] * 1e3,
                    "p99_ms": percentile(clocks, 0.99) * 1e3, "cpu_ms": median([used for _, used in took]) * 1e3,
                    "ratio": medians[name] / medians["kubectl"] if "kubectl" in medians else "",
                })  # fmt: skip
    report(Path(__file__).stem, rows)


if __name__ == "__main__":
    main()
