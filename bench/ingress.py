"""How soon does an Ingress follow its endpoints, under load, and what does it cost to go through one?

Changes: of the two endpoints of a hand-written slice one serves at a time; from the acknowledged patch to the first
answer of the new one, and to when the last request was sent that the old one answered.  Meanwhile connections that are
kept send requests all the time, none of which may fail.
Cost: the same requests to the endpoint itself, through its cluster IP, through a HAProxy set up by hand, and through
the Ingress, one at a time and on 16 connections; in turns, five times, of which the median counts.
Bars: change p50 and p99 <= 100 ms; 0 of at least 10,000 requests failed; not slower than the HAProxy set up by hand.
"""

import asyncio
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop

from _cluster import Cluster, cluster
from _report import median, percentile, report
from fairway.client.http import HttpClient
from fairway.kinds import ENDPOINT_SLICE, INGRESS, SERVICE
from fairway.node.path import find

SAMPLES, CONNECTIONS, PAUSE_S = 200, 8, 0.003
SETTLE_S = 0.03
COST_S, ROUNDS = 1.0, 5
HOST, PORT = "bench.localhost", 8080
BACK_HOST, BACKS = "198.51.100.17", ("198.51.100.18", "198.51.100.19")
BY_HAND_PORT = 18081
REQUEST = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
BACK = f"""
global
    nbthread 1
defaults
    mode http
    timeout client 60s
frontend back
    bind 0.0.0.0:{PORT}
    http-request return status 200 content-type text/plain lf-string %[dst]
"""
BY_HAND = f"""
global
    nbthread 2
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 5s
frontend by-hand
    bind 127.0.0.1:{BY_HAND_PORT}
    default_backend back
backend back
    server one {BACKS[0]}:{PORT}
"""


class Asking(asyncio.Protocol):
    """One kept connection.  ``told`` gets (sent, answered, who) of each answer; ``failed`` counts all else.

    A server that is asked for the last time says so; ``again`` is then asked for another connection.
    """

    def __init__(self, pause_s: float, told: Callable[[float, float, str], None], again: Callable[[], None]) -> None:
        self._pause_s, self._told, self._again = pause_s, told, again
        self._received = b""
        self._sent_s = 0.0
        self.failed = 0
        self.is_over = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._ask()

    def _ask(self) -> None:
        if self.is_over:
            self._transport.close()
            return
        self._received, self._sent_s = b"", time.perf_counter()
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        at = lower.find(b"content-length: ") + 16
        if len(body) < int(lower[at:].partition(b"\r")[0]):
            return
        if head[9:12] != b"200":
            self.failed += 1
        self._told(self._sent_s, time.perf_counter(), body.decode())
        if b"\r\nconnection: close" in lower and not self.is_over:
            self.is_over = True
            self._transport.close()
            self._again()
        elif self._pause_s:
            asyncio.get_running_loop().call_later(self._pause_s, self._ask)
        else:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self.failed += not self.is_over
        self.ended.set_result(None)


Answer = tuple[float, float, str]


class Askers:
    """Several connections to one place; all that they were told."""

    def __init__(self, count: int, pause_s: float = 0.0) -> None:
        self._count, self._pause_s = count, pause_s
        self.answers: list[Answer] = []
        self.latest = asyncio.Event()
        self.again = 0
        self._made: list[Asking] = []
        self._at = ("", 0)
        self._opening: set[asyncio.Task[None]] = set()

    async def start(self, address: str, port: int) -> None:
        self._at = address, port
        for _ in range(self._count):
            await self._open()

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        made = await loop.create_connection(lambda: Asking(self._pause_s, self._take, self._open_again), *self._at)
        self._made.append(made[1])

    def _open_again(self) -> None:
        self.again += 1
        task = asyncio.create_task(self._open())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def _take(self, sent_s: float, answered_s: float, who: str) -> None:
        self.answers.append((sent_s, answered_s, who))
        self.latest.set()

    @property
    def failed(self) -> int:
        return sum(asking.failed for asking in self._made)

    async def stop(self) -> None:
        await asyncio.gather(*self._opening)
        for asking in self._made:
            asking.is_over = True
        await asyncio.gather(*(asking.ended for asking in self._made))


def ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True)


@contextmanager
def backends() -> Iterator[None]:
    """A network namespace in which HAProxy answers with the address that was asked, at two addresses."""
    name, device = "fw-bench-back", "fwbback"
    with tempfile.TemporaryDirectory(prefix="fairway-bench-") as folder:
        try:
            ip(f"netns add {name}")
            ip(f"link add {device} type veth peer name eth0 netns {name}")
            ip(f"addr add {BACK_HOST}/29 dev {device}")
            ip(f"link set {device} up")
            for address in BACKS:
                ip(f"-n {name} addr add {address}/29 dev eth0")
            ip(f"-n {name} link set eth0 up")
            ip(f"-n {name} link set lo up")
            with haproxy(folder, "back", BACK, "ip", "netns", "exec", name), haproxy(folder, "by-hand", BY_HAND):
                yield
        finally:
            subprocess.run(["ip", "netns", "del", name], check=False)


@contextmanager
def haproxy(folder: str, name: str, text: str, *where: str) -> Iterator[None]:
    """A HAProxy with these settings."""
    program = find("haproxy")
    if program is None:
        raise SystemExit("error: this bench needs HAProxy\n  fix: sudo apt-get install -y haproxy")
    path = Path(folder, f"{name}.cfg")
    path.write_text(text)
    process = subprocess.Popen([*where, program, "-db", "-q", "-f", str(path)])
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def slice_with(address: str) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "web-1", "namespace": "default", "labels": {"kubernetes.io/service-name": "web"}},
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [{"name": "", "port": PORT, "protocol": "TCP"}],
    }  # fmt: skip


async def prepare(running: Cluster, client: HttpClient) -> tuple[str, int, str]:
    """Service, slice and Ingress; the Ingress' address and port, and the cluster IP."""
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"ports": [{"port": 80, "targetPort": PORT}]},
    }  # fmt: skip
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    ingress = {
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"rules": [{"host": HOST, "http": {"paths": [path]}}]},
    }  # fmt: skip
    made = await client.create(SERVICE, service)
    await client.create(ENDPOINT_SLICE, slice_with(BACKS[0]))
    await client.create(INGRESS, ingress)
    wait = ("wait", "ingress/web", "--for=jsonpath={.status.loadBalancer.ingress[0].ip}", "--timeout=30s")
    await asyncio.to_thread(running.kubectl, *wait)
    point = (await client.get(INGRESS, "default", "web"))["status"]["loadBalancer"]["ingress"][0]
    return point["ip"], point["ports"][0]["port"], made["spec"]["clusterIP"]


async def change(client: HttpClient, askers: Askers, new: str) -> tuple[float, float]:
    """Milliseconds to the first answer of the new endpoint; and to the last request that the old one got."""
    start = len(askers.answers)
    await client.patch(ENDPOINT_SLICE, "default", "web-1", {"endpoints": slice_with(new)["endpoints"]})
    acknowledged_s = time.perf_counter()
    async with asyncio.timeout(30):
        while not any(who == new for *_, who in askers.answers[start:]):
            askers.latest.clear()
            await askers.latest.wait()
    await asyncio.sleep(SETTLE_S)  # in which the old one must not be heard of any more
    after = askers.answers[start:]
    first_s = min(answered_s for _, answered_s, who in after if who == new)
    last_s = max((sent_s for sent_s, _, who in after if who != new), default=acknowledged_s)
    return (first_s - acknowledged_s) * 1000, max(0.0, (last_s - acknowledged_s) * 1000)


async def changes(client: HttpClient, address: str, port: int) -> dict[str, Any]:
    askers = Askers(CONNECTIONS, PAUSE_S)
    await askers.start(address, port)
    started_s = time.perf_counter()
    taken = [await change(client, askers, BACKS[number % 2]) for number in range(1, SAMPLES + 1)]
    seconds = time.perf_counter() - started_s
    await askers.stop()
    row: dict[str, Any] = {"what": "endpoint changed", "samples": SAMPLES}
    for name, values in zip(("first_new_ms", "last_old_ms"), zip(*taken, strict=True), strict=True):
        row |= {f"{name}_p50": percentile(values, 0.5), f"{name}_p99": percentile(values, 0.99)}
    return {
        **row, "requests": len(askers.answers), "failed": askers.failed, "reconnected": askers.again,
        "per_second": len(askers.answers) / seconds,
    }  # fmt: skip


async def cost(what: str, address: str, port: int) -> dict[str, Any]:
    """One request at a time, then on 16 connections at once."""
    row: dict[str, Any] = {"what": what}
    for count in (1, 16):
        askers = Askers(count)
        await askers.start(address, port)
        await asyncio.sleep(COST_S / 8)
        begun = len(askers.answers)
        await asyncio.sleep(COST_S)
        took = [(answered_s - sent_s) * 1000 for sent_s, answered_s, _ in askers.answers[begun:]]
        await askers.stop()
        if count == 1:
            row |= {"one_ms_p50": percentile(took, 0.5), "one_ms_p99": percentile(took, 0.99)}
        else:
            row |= {"of_16_per_second": len(took) / COST_S, "of_16_ms_p99": percentile(took, 0.99)}
        row["failed"] = row.get("failed", 0) + askers.failed
    return row


def middle(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The medians of several rounds; of failures the sum."""
    first = rows[0]
    found = {key: median([row[key] for row in rows]) for key in first if isinstance(first[key], float)}
    return {"what": first["what"], **found, "failed": sum(row["failed"] for row in rows)}


async def measure(running: Cluster) -> list[dict[str, Any]]:
    client = running.client()
    try:
        address, port, cluster_ip = await prepare(running, client)
        rows = [await changes(client, address, port)]
        await client.patch(ENDPOINT_SLICE, "default", "web-1", {"endpoints": slice_with(BACKS[0])["endpoints"]})
        places = (
            ("the endpoint itself", BACKS[0], PORT),
            ("its cluster IP", cluster_ip, 80),
            ("HAProxy by hand", "127.0.0.1", BY_HAND_PORT),
            ("the Ingress", address, port),
        )
        rounds = [[await cost(*place) for place in places] for _ in range(ROUNDS)]
        rows += [middle(each) for each in zip(*rounds, strict=True)]
    finally:
        await client.close()
    return rows


def main() -> None:
    with backends(), cluster("bench-ingress") as running:
        rows = uvloop.run(measure(running))
    by_hand, ingress = rows[-2:]
    ratio = {
        "what": "the Ingress / HAProxy by hand",
        **{
            key: ingress[key] / by_hand[key] for key in ("one_ms_p50", "one_ms_p99", "of_16_per_second", "of_16_ms_p99")
        },
    }
    bar = {"what": "bar", "first_new_ms_p50": 100.0, "first_new_ms_p99": 100.0, "last_old_ms_p99": 100.0, "failed": 0}
    report(Path(__file__).stem, [*rows, ratio, bar])


if __name__ == "__main__":
    main()
