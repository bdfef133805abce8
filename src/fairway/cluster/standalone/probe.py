"""Probe: what a client meets on its way to a Service, measured again and again, under the names of Kubernetes' probes.

Shape: ``Prober`` pings one place and counts; ``run`` does so until told to stop, and serves ``/metrics``.
Two figures a ping: from the first SYN to the first packet of an endpoint (first packet latency), and from there on to
the whole answer of a GET, the connection included (network latency).  A name is resolved before, and not timed.
Source: Kubernetes SIG Scalability, SLIs "In-cluster network latency" and "Time to first packet"; perf-tests, "probes".
"""

import asyncio
import logging
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import uvloop

from fairway.cluster import logs
from fairway.cluster.until_told import until_told
from fairway.objects.authority import authority
from fairway.transport.exposition import CONTENT_TYPE, Histogram
from fairway.transport.interface import Request, Response
from fairway.transport.server import serve

log = logging.getLogger("probe")

BOUNDS_S: Final = tuple(0.000001 * 2**power for power in range(26))
"""From a microsecond to half a minute: what is under 25 ms is where Services differ."""
TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where to go: a name or an address, a port, and the path to get."""

    host: str
    port: int = 80
    path: str = "/"


@dataclass(slots=True)
class Prober:
    """Pings and what they showed; ``first_packets_s`` are the latest, for a summary."""

    target: Target
    timeout_s: float = TIMEOUT_S
    first_packet: Histogram = field(default_factory=lambda: Histogram(BOUNDS_S))
    network: Histogram = field(default_factory=lambda: Histogram(BOUNDS_S))
    pings: int = 0
    errors: int = 0
    last_error: str = ""
    first_packets_s: deque[float] = field(default_factory=lambda: deque(maxlen=10_000))

    async def ping(self) -> bool:
        """Once; whether there was an answer."""
        self.pings += 1
        try:
            async with asyncio.timeout(self.timeout_s):
                await self._ping()
        except OSError as error:  # a TimeoutError is one
            self.errors += 1
            self.last_error = str(getattr(error, "strerror", "") or error or "no answer in time")
            log.warning("ping failed", extra={"host": self.target.host, "error": self.last_error})
            return False
        return True

    async def _ping(self) -> None:
        loop, at = asyncio.get_running_loop(), self.target
        host = authority(at.host, "" if at.port == 80 else at.port)
        family, kind, protocol, _, place = (
            await loop.getaddrinfo(at.host, at.port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        )[0]
        request = f"GET {at.path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: fairway-probe\r\nConnection: close\r\n\r\n"
        with socket.socket(family, kind, protocol) as client:
            client.setblocking(False)
            started_s = time.perf_counter()
            await loop.sock_connect(client, place)
            connected_s = time.perf_counter()
            await loop.sock_sendall(client, request.encode("latin-1"))
            if not (await loop.sock_recv(client, 65536)).startswith(b"HTTP/"):
                raise ConnectionError("the answer is no HTTP")
            while await loop.sock_recv(client, 65536):
                continue
            done_s = time.perf_counter()
        self.first_packet.observe(connected_s - started_s)
        self.network.observe(done_s - started_s)
        self.first_packets_s.append(connected_s - started_s)

    def text(self) -> str:
        """Everything, as Prometheus reads it."""
        name = "probes_in_cluster_network_latency"
        label = f'target="{authority(self.target.host, self.target.port)}"'
        return "\n".join([
            "# TYPE probes_first_packet_latency_seconds histogram",
            *self.first_packet.lines("probes_first_packet_latency_seconds", label),
            f"# TYPE {name}_seconds histogram", *self.network.lines(f"{name}_seconds", label),
            f"# TYPE {name}_ping_count counter", f"{name}_ping_count{{{label}}} {self.pings}",
            f"# TYPE {name}_error counter", f"{name}_error{{{label}}} {self.errors}",
        ]) + "\n"  # fmt: skip

    def figures(self) -> dict[str, int | float | None]:
        """For a program; microseconds, ``None`` where nothing was measured."""
        seen = sorted(self.first_packets_s)
        middle = seen[len(seen) // 2] * 1e6 if seen else None
        last = seen[min(len(seen) - 1, len(seen) * 99 // 100)] * 1e6 if seen else None
        return {"pings": self.pings, "failed": self.errors, "firstPacketP50Us": middle, "firstPacketP99Us": last}

    def summary(self) -> str:
        """For a person."""
        found = self.figures()
        text = f"{self.pings} pings, {self.errors} failed"
        if found["firstPacketP50Us"] is None:
            return text
        return f"{text}; first packet p50 {found['firstPacketP50Us']:,.0f} µs, p99 {found['firstPacketP99Us']:,.0f} µs"


async def probe(prober: Prober, *, interval_s: float, count: int) -> None:
    """Ping ``count`` times (0: for ever), one every ``interval_s``."""
    loop = asyncio.get_running_loop()
    next_s = loop.time()
    while not count or prober.pings < count:
        await asyncio.sleep(max(0.0, next_s - loop.time()))
        next_s = max(next_s + interval_s, loop.time())
        await prober.ping()


async def _work(prober: Prober, interval_s: float, count: int, metrics_port: int) -> None:
    def answer(request: Request) -> Response:
        if request.path != "/metrics":
            return Response(404, b"404 page not found\n")
        return Response(200, prober.text().encode(), CONTENT_TYPE)

    server = await serve(answer, host="", port=metrics_port) if metrics_port else None
    try:
        await until_told(probe(prober, interval_s=interval_s, count=count))
    finally:
        if server is not None:
            await server.close(0.5)


def run(target: Target, *, interval_s: float, count: int, metrics_port: int) -> Prober:
    """Probe until SIGTERM or the last ping."""
    logs.begin()
    prober = Prober(target)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(prober, interval_s, count, metrics_port))
    return prober
