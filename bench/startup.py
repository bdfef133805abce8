"""How long from nothing to a serving API, and to the first answer through a Service with three pods?

On one node, and on three: the further ones are two more processes, which start at the same time.
Bars: /readyz <= 1.0 s (median of 5 on an empty data directory); first answer <= 4 s.
"""

import json
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from _cluster import HOUSE, IMAGE, Cluster, cluster
from _report import median, report

ROUNDS = 5


def wait_readyz(running: Cluster, deadline_s: float) -> None:
    """Ask /readyz (open to all) until it says ok."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    while time.monotonic() < deadline_s:
        try:
            url = f"https://127.0.0.1:{running.state()['api_port']}/readyz"
            with urllib.request.urlopen(url, context=trust, timeout=1) as answer:
                if answer.read() == b"ok":
                    return
        except (OSError, ValueError):
            time.sleep(0.002)  # a client that can only ask again
    raise SystemExit("/readyz did not say ok within 30 s")


def one_round(nodes: int) -> dict[str, float]:
    with cluster("bench-start", is_up=False) as running:
        running.fairway("image", "import", str(IMAGE))
        started = time.monotonic()
        own = ["--name", running.name, "--data-dir", running.data_dir]
        up = subprocess.Popen(
            [sys.executable, "-m", "fairway", "up", "--nodes", str(nodes), *own],
            env=running.environment, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        wait_readyz(running, started + 30)
        readyz = time.monotonic() - started
        assert up.wait() == 0
        returned = time.monotonic() - started
        text = (
            (HOUSE / "examples/svc.yaml").read_text().replace("    port: 80\n", "    port: 80\n    targetPort: 8080\n")
        )
        running.kubectl("create", "-f", "-", text=text)
        address = json.loads(running.kubectl("get", "svc", "kubia", "-o", "json"))["spec"]["clusterIP"]
        while not subprocess.run(["curl", "-s", "-m", "1", f"http://{address}"], stdout=subprocess.PIPE).stdout:
            time.sleep(0.005)  # refused until a pod is ready
        return {"readyz_s": readyz, "up_returned_s": returned, "first_answer_s": time.monotonic() - started}


def main() -> None:
    rows: list[dict[str, Any]] = []
    for nodes in (1, 3):
        rounds = [one_round(nodes) for _ in range(ROUNDS)]
        rows += [{"nodes": nodes, "round": str(i + 1), **figures} for i, figures in enumerate(rounds)]
        rows.append({"nodes": nodes, "round": "median", **{key: median([r[key] for r in rounds]) for key in rounds[0]}})
    rows.append({"nodes": 1, "round": "bar", "readyz_s": 1.0, "first_answer_s": 4.0})
    report(Path(__file__).stem, rows)


if __name__ == "__main__":
    main()
