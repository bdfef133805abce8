"""How fast is the server without an API on it?  Requests, streams, memory and fan-out over TLS.

The server runs in a process of its own; its CPU time per request tells what one core could do alone.
Usage: python bench/transport.py [--streams 500] [--seconds 3]
"""

import argparse
import asyncio
import itertools
import os
import resource
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

import _http
from _report import median, percentile, report
from fairway.cluster import certificates
from fairway.transport.interface import Request, Response, Stream, StreamWriter
from fairway.transport.server import frame
from fairway.transport.server import serve as listen
from fairway.transport.tls import server_context

BODY = (b'{"kind":"Service","apiVersion":"v1","metadata":{"name":"web"},"spec":{"x":"' + b"x" * 1500)[:1498] + b'"}'
EVENT = b'{"type":"ADDED","object":' + BODY + b"}\n"
BARS = {"get, 32 connections": 13_000, "KiB per idle stream": 29, "one frame to all streams, ms": 20}


class Handler:
    """Answers ``/get`` at once and ``/later`` after a turn; ``/fire?count=N`` goes to all ``/watch``; ``/usage``."""

    def __init__(self) -> None:
        self._writers: set[StreamWriter] = set()
        self._event = frame(EVENT)

    def __call__(self, request: Request) -> Any:
        if request.path == "/get":
            return Response(200, BODY)
        answers = {"/later": self._later, "/watch": self._watch, "/usage": self._usage}
        return answers[request.path]() if request.path in answers else self._fire(int(request.query[0][1]))

    async def _later(self) -> Response:
        await asyncio.sleep(0)
        return Response(200, BODY)

    def _watch(self) -> Stream:
        opened: list[StreamWriter] = []

        def open_(writer: StreamWriter) -> None:
            opened.append(writer)
            self._writers.add(writer)

        return Stream(open_, lambda: self._writers.discard(opened[0]))

    def _usage(self) -> Response:
        used = resource.getrusage(resource.RUSAGE_SELF)
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
        return Response(200, f"{used.ru_utime + used.ru_stime} {resident} {len(self._writers)}".encode())

    def _fire(self, count: int) -> Response:
        started = time.monotonic()
        for _ in range(count):
            for writer in self._writers:
                writer.write(self._event)
        return Response(200, str(started).encode())


def serve(folder: Path) -> None:
    """The server process: writes its port, then serves until its standard input ends."""

    async def main() -> None:
        names = certificates.identities(node_name="n1", cluster_domain="cluster.local", addresses=["127.0.0.1"])
        certificates.ensure(folder, names)
        tls = server_context(folder / "apiserver.crt", folder / "apiserver.key", folder / "ca.crt")
        server = await listen(Handler(), ssl_context=tls)
        print(server.addresses[0][1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await server.close(0)

    uvloop.run(main())


class Follower(asyncio.Protocol):
    """One watch stream that counts bytes; ``due`` is when what was expected has come."""

    def __init__(self, fan: "Fan") -> None:
        self._fan = fan
        self.received = 0
        self.target = 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.transport.write(b"GET /watch HTTP/1.1\r\nHost: bench\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        before, self.received = self.received, self.received + len(data)
        if before < self.target <= self.received:
            self._fan.reached()


class Fan:
    """Many streams and the moment when the last of them has everything."""

    def __init__(self, count: int) -> None:
        self.followers: list[Follower] = []
        self._left = count
        self._done: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def all_open(self) -> None:
        """Return when every stream has got the head of its answer."""
        await self._done

    def expect(self, size: int) -> "asyncio.Future[float]":
        self._left = len(self.followers)
        self._done = asyncio.get_running_loop().create_future()
        for follower in self.followers:
            follower.target = follower.received + size
        return self._done

    def reached(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._done.set_result(time.monotonic())


class Bench:
    """The client side."""

    def __init__(self, port: int, tls: ssl.SSLContext) -> None:
        self._port = port
        self._tls = tls

    async def ask(self, path: str) -> list[float]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=self._tls)
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = await reader.read(-1)
        writer.close()
        return [float(word) for word in answer.rpartition(b"\r\n\r\n")[2].split()]

    async def requests(self, path: str, connections: int, seconds: float) -> dict[str, Any]:
        ends = time.perf_counter() + seconds
        count = itertools.count()

        def next_job() -> _http.Job | None:
            return ("GET", path, b"") if next(count) % 64 or time.perf_counter() < ends else None

        before = (await self.ask("/usage"))[0]
        load = await _http.run(next_job, port=self._port, tls=self._tls, connections=connections)
        cpu_s = (await self.ask("/usage"))[0] - before
        return {
            "what": f"{path.strip('/')}, {connections} connections", "value": round(load.per_second),
            "p50 ms": round(load.quantile_ms(0.5), 3), "p99 ms": round(load.quantile_ms(0.99), 3),
            "server CPU us": round(cpu_s / len(load.latencies) * 1e6, 1),
        }  # fmt: skip

    async def streams(self, count: int) -> list[dict[str, Any]]:
        loop, fan = asyncio.get_running_loop(), Fan(count)
        before = (await self.ask("/usage"))[1]
        for start in range(0, count, 50):
            opened = await asyncio.gather(
                *(
                    loop.create_connection(lambda: Follower(fan), "127.0.0.1", self._port, ssl=self._tls)
                    for _ in range(start, min(start + 50, count))
                )
            )
            fan.followers += [follower for _, follower in opened]
        await fan.all_open()
        usage = await self.ask("/usage")
        rows: list[dict[str, Any]] = [
            {"what": "KiB per idle stream", "value": round((usage[1] - before) / count / 1024, 1)}
        ]
        size = len(f"{len(EVENT):x}\r\n") + len(EVENT) + 2
        times = []
        for _ in range(20):
            done = fan.expect(size)
            started = (await self.ask("/fire?count=1"))[0]
            times.append((await done - started) * 1000)
        rows.append({
            "what": "one frame to all streams, ms", "value": round(median(times), 2),
            "p50 ms": round(median(times), 2), "p99 ms": round(percentile(times, 0.99), 2),
        })  # fmt: skip
        burst = 20
        used = (await self.ask("/usage"))[0]
        done = fan.expect(size * burst)
        started = (await self.ask(f"/fire?count={burst}"))[0]
        seconds = await done - started
        cpu_s = (await self.ask("/usage"))[0] - used
        rows.append({
            "what": f"bursts of {burst} to all streams, events/s", "value": round(burst * count / seconds),
            "server CPU us": round(cpu_s / burst / count * 1e6, 1),
        })  # fmt: skip
        for follower in fan.followers:
            follower.transport.abort()
        return rows


async def measure(port: int, pki: Path, streams: int, seconds: float) -> list[dict[str, Any]]:
    """All rows."""
    bench = Bench(port, _http.context(pki))
    rows = [await bench.requests(path, 32, seconds) for path in ("/get", "/later")]
    rows.append(await bench.requests("/get", 1, seconds))
    rows += await bench.streams(streams)
    for row in rows:
        row["bar"] = BARS.get(row["what"], "")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", type=Path, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=3.0)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        serve(arguments.serve)
        return
    with tempfile.TemporaryDirectory(prefix="fairway-bench-") as folder:
        command = [sys.executable, os.path.abspath(__file__), "--serve", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdin is not None and server.stdout is not None
            try:
                port = int(server.stdout.readline())
                report("transport", uvloop.run(measure(port, Path(folder), arguments.streams, arguments.seconds)))
            finally:
                server.stdin.close()


if __name__ == "__main__":
    main()
