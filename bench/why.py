"""How long the whole process `fairway why` takes, beside `kubectl get svc` in the same run?

Asked: a Service that works, one that does not, one for a caller, an address.
Bar: <= 150 ms (median) for each.
"""

import subprocess
import sys
import time
from pathlib import Path

from _cluster import HOUSE, IMAGE, Cluster, cluster
from _report import median, report

ROUNDS = 15
ASKED = {
    "svc_works": ["svc/right"],
    "svc_fails": ["svc/orders"],
    "from_a_pod": ["svc/right", "--from", "pod/caller", "--port", "8080"],
    "address": ["http://right", "--from", "pod/caller"],
}


def timed(running: Cluster, words: list[str]) -> float:
    """Wall seconds of one process."""
    started = time.perf_counter()
    subprocess.run(words, env=running.environment, stdout=subprocess.DEVNULL, check=False)
    return time.perf_counter() - started


def main() -> None:
    program = [sys.executable, "-m", "fairway"]
    with cluster("bench-why", is_up=False) as running:
        running.fairway("image", "import", str(IMAGE))
        running.fairway("up")
        for file in ("right", "selector-typo"):
            running.kubectl("apply", "-f", str(HOUSE / f"examples/mistakes/{file}.yaml"))
        running.kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=30s")
        lines = {name: [*program, "why", *words] for name, words in ASKED.items()}
        lines["kubectl_get_svc"] = ["kubectl", "get", "svc"]
        taken: dict[str, list[float]] = {name: [] for name in lines}
        for _ in range(ROUNDS):  # taking turns, so that a busy moment hits all alike
            for name, words in lines.items():
                taken[name].append(timed(running, words))
    rows = [
        {"asked": name, "median_ms": 1000 * median(values), "fastest_ms": 1000 * min(values)}
        for name, values in taken.items()
    ]
    report(Path(__file__).stem, [*rows, {"asked": "bar", "median_ms": 150.0}])


if __name__ == "__main__":
    main()
