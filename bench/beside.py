"""How long does a get wait while somebody else asks for much?  10,000 pods, one client that lists, one that gets.

Each is a process of its own; all share the machine.
Usage: python bench/beside.py [--pods 10000] [--seconds 2]
"""

import argparse
import json
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import uvloop

import _http
from _report import report
from api import jobs, own_server
from objects import FORMS, NODES, STARTED, pod, pod_name

SERVICES, START_S = 100, 0.5
PODS = "/api/v1/namespaces/default/pods"
OWNER = {"apiVersion": "v1", "kind": "Node", "name": "far-1", "uid": STARTED, "controller": True}
HEAVY = {
    "all, by field": (f"{PODS}?fieldSelector=spec.nodeName%3Dfar-7", "JSON"),
    "all, by label": (f"{PODS}?labelSelector=app%3Dshop-7", "JSON"),
    "all as JSON": (PODS, "JSON"), "all as a Table": (PODS, "Table"), "all in protobuf": (PODS, "protobuf"),
    "500 in protobuf": (f"{PODS}?limit=500", "protobuf"), "500 as JSON": (f"{PODS}?limit=500", "JSON"),
    "all in YAML": (PODS, "YAML"),
}  # fmt: skip
ACCEPTED = {**FORMS, "YAML": "application/yaml"}


async def sent(port: int, pki: Path, job: Callable[[int], _http.Job], count: int, connections: int) -> _http.Load:
    return await _http.run(jobs(count, job), port=port, tls=_http.context(pki), connections=connections)


async def fill(port: int, pki: Path, pods: int) -> None:
    account = b'{"kind":"ServiceAccount","apiVersion":"v1","metadata":{"name":"default"}}'
    await sent(port, pki, lambda _: ("POST", "/api/v1/namespaces/default/serviceaccounts", account), 1, 1)

    def made(number: int) -> _http.Job:
        return "POST", PODS, json.dumps(pod(number, [OWNER] * NODES, SERVICES)).encode()

    filled = await sent(port, pki, made, pods, 16)
    if filled.failures:
        raise SystemExit(filled.failures[0].decode(errors="replace"))


def asked(port: int, pki: Path, path: str, accept: str, until: float) -> list[float]:
    """The latencies of one client that asks until then: the clock is that of all processes."""

    def job() -> _http.Job | None:
        return ("GET", path, b"") if time.perf_counter() < until else None

    headers = f"Accept: {accept}\r\n"
    return list(uvloop.run(_http.run(job, port=port, tls=_http.context(pki), connections=1, headers=headers)).latencies)


def measure(port: int, pki: Path, pods: int, seconds: float) -> list[dict[str, Any]]:
    uvloop.run(fill(port, pki, pods))
    rows = []
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as clients:
        for name, (path, form) in {"nobody": ("/version", "JSON"), **HEAVY}.items():
            until = time.perf_counter() + START_S + seconds
            one = clients.submit(asked, port, pki, f"{PODS}/{pod_name(7, SERVICES)}", FORMS["JSON"], until)
            other = clients.submit(asked, port, pki, path, ACCEPTED[form], until if name != "nobody" else 0.0)
            listed, got = sorted(other.result()), sorted(one.result())
            its = {"its p50 ms": milliseconds(listed, 0.5) if listed else ""}
            rows.append(
                {"beside": name, **its, "get p50 ms": milliseconds(got, 0.5), "get p99 ms": milliseconds(got, 0.99)}
            )
    return rows


def milliseconds(found: list[float], part: float) -> float:
    return round(found[min(len(found) - 1, int(part * len(found)))] * 1e3, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=2.0)
    given = parser.parse_args()
    with own_server() as (port, pki, _):
        rows = measure(port, pki, given.pods, given.seconds)
    report(Path(__file__).stem, rows)


if __name__ == "__main__":
    main()
