"""How soon does a node process that was killed do its work again, with many Services in the cluster?

Each Service has one slice of three endpoints, as in bench/scale.py; the kernel holds its rules all the while.  From the
start of the new process: until the first answer of cluster DNS, which is asked again and again, until the proxy's rules
are known to be complete and the Node is ready, and the CPU seconds until then; the memory a moment later.
Writes bench/results/node_restart.json.
"""

import argparse
import os
import select
import signal
import socket
import struct
import time
from pathlib import Path
from typing import Any

import uvloop

from _cluster import Cluster, cluster
from _report import median, report
from fairway.cluster.processes import find
from fairway.dns.names import wire_name
from fairway.kinds import SERVICE
from idle import cpu_s, memory
from scale import fill

SIZES = (10, 10_000)
ROUNDS = 5
PATIENCE_S = 60.0
READY = "node is ready"


def ticks_s(pid: int) -> float:
    """When a process began, in seconds since the machine did."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def now_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def kill(pid: int) -> None:
    """Return when it is gone."""
    descriptor = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGKILL)
        select.select([descriptor], [], [], PATIENCE_S)
    finally:
        os.close(descriptor)


def answered_s(server: str, name: str) -> float:
    """When the first answer with an address arrived, asked ten times a second."""
    query = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + wire_name(f"{name}.default.svc.cluster.local") + b"\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.1)
        asker.connect((server, 53))
        until_s = now_s() + PATIENCE_S
        while now_s() < until_s:
            try:
                asker.send(query)
                answer = asker.recv(2048)
            except OSError:
                continue
            if any(answer[6:8]):  # the number of answers
                return now_s()
    raise SystemExit(f"error: {name} had no answer within {PATIENCE_S:g} s")


def logged_s(path: Path, offset: int, words: str) -> float:
    """When a line with these words was seen in a log, after ``offset``."""
    until_s = now_s() + PATIENCE_S
    with path.open("rb") as log:
        log.seek(offset)
        while now_s() < until_s:
            if words.encode() in log.readline():
                return now_s()
            time.sleep(0.002)  # another process's log can only be looked at again
    raise SystemExit(f'error: no "{words}" in {path} within {PATIENCE_S:g} s')


def one_round(running: Cluster, server: str, name: str) -> dict[str, float]:
    path = Path(running.data_dir, running.name, "logs", "node.log")
    offset = path.stat().st_size
    kill(find("node", running.name, running.data_dir)[0])
    answered = answered_s(server, name)
    ready = logged_s(path, offset, READY)
    pid = find("node", running.name, running.data_dir)[0]
    used, began = cpu_s(pid), ticks_s(pid)
    time.sleep(1)  # memory that the start took is given back
    rss, pss = memory(pid)
    return {
        "dns_answers_s": answered - began, "ready_s": ready - began, "cpu_s": used, "rss_mb": rss, "pss_mb": pss,
    }  # fmt: skip


async def filled(running: Cluster, have: int, size: int) -> str:
    """The server to ask, once the Services are there."""
    client = running.client()
    try:
        await fill(client, have, size)
        return str((await client.get(SERVICE, "kube-system", "kube-dns"))["spec"]["clusterIP"])
    finally:
        await client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of Services, rising")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    have = 0
    with cluster("bench-restart") as running:
        for size in given.sizes:
            server = uvloop.run(filled(running, have, size))
            have = size
            answered_s(server, f"many-{size - 1}")
            time.sleep(2)  # the proxy's last rules
            rounds = [one_round(running, server, f"many-{size - 1}") for _ in range(given.rounds)]
            rows.append({"services": size, **{key: median([each[key] for each in rounds]) for key in rounds[0]}})
    report(Path(__file__).stem, rows)


if __name__ == "__main__":
    main()
