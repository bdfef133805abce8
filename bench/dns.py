"""How fast is cluster DNS?  Answers a second of one core, prepared and not, memory, and the wait after a change.

Run: ``python bench/dns.py``.  Everything is on loopback.  The server runs in a process of its own, whose processor time
is what counts: the load generator is as busy as it is.  Prints a table and writes bench/results/dns.json.
"""

import argparse
import asyncio
import os
import resource
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

import uvloop

from _report import percentile, report
from fairway.client.interface import WatchEvent
from fairway.client.memory import MemoryClient
from fairway.dns.dns import ClusterDns, Settings
from fairway.dns.names import wire_name
from fairway.kinds import SERVICE
from fairway.kinds.kind import Kind
from fairway.objects import Object

NAMES = 10_000
WINDOW = 64
SOCKETS = 4


def service(number: int, generation: int = 0) -> Object:
    name = f"bench-{number}"
    at = f"10.{96 + generation}.{number >> 8 & 255}.{number & 255}"
    return {
        "kind": "Service", "apiVersion": "v1",
        "metadata": {
            "name": name, "namespace": "default", "uid": f"11111111-2222-3333-4444-{number:012d}",
            "resourceVersion": str(1 + generation), "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {
            "type": "ClusterIP", "clusterIP": at, "clusterIPs": [at], "ipFamilies": ["IPv4"],
            "selector": {"app": name}, "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080}],
        },
    }  # fmt: skip


class Source(MemoryClient):
    """A client that makes its Services when it is asked, so that they are not part of the measured memory."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self.events: asyncio.Queue[Object] = asyncio.Queue()

    async def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = "",
        keep: Callable[[Object], Object] | None = None,
    ) -> tuple[list[Object], str]:  # fmt: skip
        assert keep is not None
        return [keep(service(number)) for number in range(self._size)] if kind is SERVICE else [], "1"

    async def watch(
        self, kind: Kind, namespace: str | None = None, *, revision: str, labels: str = "", fields: str = ""
    ) -> AsyncIterator[WatchEvent]:
        while True:
            if kind is not SERVICE:
                await asyncio.Event().wait()
            yield WatchEvent("MODIFIED", await self.events.get())


async def serve(size: int) -> None:
    """The server's process: tells its port and what it holds, and serves until its input ends."""
    server = ClusterDns(Source(size), Settings(listen=("127.0.0.1",), port=0))
    before = resident_mib()
    task = asyncio.create_task(server.run())
    await server.wait_ready()
    print(server.ports[0], resident_mib(), resident_mib() - before, flush=True)
    ended = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_reader(0, lambda: ended.done() or ended.set_result(None))
    await ended
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def query(name: str, kind: int = 1) -> bytes:
    return (
        struct.pack(">6H", 0, 0x0120, 1, 0, 0, 1)
        + wire_name(name)
        + struct.pack(">HH", kind, 1)
        + (struct.pack(">BHHIH", 0, 41, 1232, 0, 0))
    )


def client(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.connect(("127.0.0.1", port))
    return sock


def generate(port: int, queries: list[bytes], seconds: float) -> int:
    """Keep ``WINDOW`` questions on their way on each socket; how many answers came."""
    socks = [client(port) for _ in range(SOCKETS)]
    at = answers = 0
    poll = select.epoll()
    by_fileno = {sock.fileno(): sock for sock in socks}
    for sock in socks:
        poll.register(sock, select.EPOLLIN)
        for _ in range(WINDOW):
            sock.send(queries[at % len(queries)])
            at += 1
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        ready = poll.poll(0.2)
        if not ready:  # some were lost
            ready = [(sock.fileno(), 0) for sock in socks]
        for fileno, events in ready:
            sock = by_fileno[fileno]
            for _ in range(WINDOW):
                try:
                    if events:
                        sock.recv(2048)
                        answers += 1
                    sock.send(queries[at % len(queries)])
                except BlockingIOError:
                    break
                at += 1
    for sock in socks:
        sock.close()
    return answers


def load(what: str, queries: list[bytes], size: int, seconds: float) -> dict[str, Any]:
    """One row: a fresh server, one round to warm it where the answers are to be prepared, then load."""
    words = [sys.executable, __file__, "--serve", str(size)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout and server.stdin
        port, resident, own = server.stdout.readline().split()
        if "prepared" in what:
            generate(int(port), queries, seconds / 2)
        began_s, used_s = time.monotonic(), processor_s(server.pid)
        count = generate(int(port), queries, seconds)
        wall_s, used_s = time.monotonic() - began_s, processor_s(server.pid) - used_s
        idle_s = processor_s(server.pid)
        time.sleep(1.0)
        idle_s = processor_s(server.pid) - idle_s
        after = Path(f"/proc/{server.pid}/statm").read_text().split()[1]
        server.stdin.close()
        server.wait()
    return {
        "what": what, "services": size, "answers/s": round(count / wall_s), "answers/cpu-s": round(count / used_s),
        "rss MiB": float(resident), "of it the zone": float(own),
        "rss after": int(after) * resource.getpagesize() / 2**20, "idle cpu %": idle_s * 100,
    }  # fmt: skip


async def change(size: int, count: int) -> dict[str, Any]:
    """From the event at the client to the first answer that says it."""
    source = Source(size)
    server = ClusterDns(source, Settings(listen=("127.0.0.1",), port=0))
    task = asyncio.create_task(server.run())
    await server.wait_ready()
    loop = asyncio.get_running_loop()
    sock = client(server.ports[0])
    waits = []
    for number in range(count):
        asked, wanted = query(f"bench-{number}.default.svc.cluster.local"), bytes((10, 97, number >> 8, number & 255))
        began_s = time.perf_counter()
        source.events.put_nowait(service(number, generation=1))
        while True:
            await loop.sock_sendall(sock, asked)
            if wanted in await loop.sock_recv(sock, 2048):
                break
        waits.append((time.perf_counter() - began_s) * 1e3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    sock.close()
    return {
        "what": "first answer after a change", "services": size, "p50 ms": percentile(waits, 0.5),
        "p99 ms": percentile(waits, 0.99),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", type=int, default=-1, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=3.0)
    given = parser.parse_args()
    if given.serve >= 0:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(given.serve))
        return
    known = [query(f"bench-{number}.default.svc.cluster.local") for number in range(NAMES)]
    every = [query(f"bench-{number}.default.svc.cluster.local") for number in range(50_000)]
    unknown = [query(f"bench-{number}.default.svc.cluster.local.default.svc.cluster.local") for number in range(50_000)]
    rows = [
        load("prepared, 10,000 names", known, NAMES, given.seconds),
        load("prepared, 10,000 names", known, 50_000, given.seconds),
        load("not prepared, 50,000 names", every, 50_000, given.seconds),
        load("not prepared, no such name", unknown, 50_000, given.seconds),
    ]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows += [runner.run(change(size, 500)) for size in (10, 10_000, 50_000)]
    report("dns", rows)


if __name__ == "__main__":
    main()
