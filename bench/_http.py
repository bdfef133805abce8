"""A load generator for the API: TLS connections, one request at a time on each, with little work of its own."""

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from pathlib import Path

Job = tuple[str, str, bytes]
"""(method, path, body)"""


class Connection(asyncio.Protocol):
    """One keep-alive connection: sends a job, waits for the whole answer, takes the next."""

    def __init__(self, next_job: Callable[[], Job | None], headers: str) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.latencies: list[float] = []
        self.failures: list[bytes] = []
        self._next_job = next_job
        self._headers = headers
        self._parts: list[bytes] = []
        self._have = 0
        self._want = 0
        self._started = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def start(self) -> None:
        job = self._next_job()
        if job is None:
            if not self.ended.done():
                self.ended.set_result(None)
            return
        method, path, body = job
        head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{self._headers}"
        if body:
            kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
            head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        self._parts, self._have, self._want = [], 0, 0
        self._started = time.perf_counter()
        self._transport.write(head.encode() + b"\r\n" + body)

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)
        self._have += len(data)
        if not self._want and not self._measure():
            return
        if self._have >= self._want if self._want > 0 else self._has_last_chunk():
            self.latencies.append(time.perf_counter() - self._started)
            if self._parts[0][9:10] not in (b"2",):
                self.failures.append(b"".join(self._parts)[:600])
            self.start()

    def _measure(self) -> bool:
        joined = b"".join(self._parts)
        self._parts = [joined]
        end = joined.find(b"\r\n\r\n")
        if end < 0:
            return False
        at = joined.find(b"Content-Length: ", 0, end)
        # A chunked answer has no length: it ends with its last chunk.
        self._want = end + 4 + int(joined[at + 16 : joined.find(b"\r", at)]) if at >= 0 else -1
        return True

    def _has_last_chunk(self) -> bool:
        last = self._parts[-1]
        return (last if len(last) >= 5 else b"".join(self._parts[-5:])).endswith(b"0\r\n\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionResetError("the server closed"))


def context(pki: Path) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    made.load_cert_chain(pki / "admin.crt", pki / "admin.key")
    return made


class Load:
    """What a run has measured."""

    def __init__(self, seconds: float, latencies: Sequence[float], failures: Sequence[bytes]) -> None:
        self.seconds = seconds
        self.latencies = sorted(latencies)
        self.failures = failures

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def quantile_ms(self, part: float) -> float:
        return self.latencies[min(len(self.latencies) - 1, int(part * len(self.latencies)))] * 1000


async def run(
    jobs: Callable[[], Job | None], *, port: int, tls: ssl.SSLContext, connections: int, headers: str = ""
) -> Load:
    """Send ``jobs`` until there are none."""
    loop = asyncio.get_running_loop()
    made = [
        (await loop.create_connection(lambda: Connection(jobs, headers), "127.0.0.1", port, ssl=tls))
        for _ in range(connections)
    ]
    started = time.perf_counter()
    for _, connection in made:
        connection.start()
    await asyncio.gather(*[connection.ended for _, connection in made])
    seconds = time.perf_counter() - started
    for transport, _ in made:
        transport.close()
    return Load(
        seconds,
        [latency for _, connection in made for latency in connection.latencies],
        [failure for _, connection in made for failure in connection.failures],
    )
