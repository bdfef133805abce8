"""A real HAProxy below a folder of the test's own, servers that say who they are, and a client that asks."""

import asyncio
import contextlib
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from fairway.cluster.local_ca.leaves import self_signed
from fairway.ingress.haproxy import process
from fairway.ingress.haproxy.engine import Haproxy, Settings
from fairway.ingress.model import Backend, Place, Route, Server, Upstream, Wanted

PROGRAM = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/sbin:/bin")
needs_haproxy = pytest.mark.skipif(PROGRAM is None, reason="needs haproxy")


def pem(*hosts: str) -> str:
    leaf = self_signed(hosts or ("localhost",))
    return (leaf.chain + leaf.key).decode()


def rsa_pem(host: str) -> str:
    words = ["-newkey", "rsa:2048", "-nodes", "-subj", "/CN=rsa", "-addext", f"subjectAltName=DNS:{host}"]
    made = subprocess.run(
        ["openssl", "req", "-x509", *words, "-keyout", "/dev/stdout"], capture_output=True, check=True, text=True
    ).stdout
    key, begin, rest = made.partition("-----BEGIN CERTIFICATE-----")
    return begin + rest + key


FALLBACK = pem("fallback.example")


class Engine:
    """HAProxy and its ports; ``make`` gives a new owner of the same one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sockets = [socket.socket(), socket.socket()]
        for each in self._sockets:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.bind(("127.0.0.1", 0))
        self.http, self.https = (each.getsockname()[1] for each in self._sockets)

    def make(self) -> Haproxy:
        return Haproxy(
            Settings(
                folder=self.folder, log=self.folder.parent / "ingress.log", find=lambda: PROGRAM,
                opening=lambda: ([self._sockets[0].dup()], [self._sockets[1].dup()]), ports=(self.http, self.https),
            )
        )  # fmt: skip

    def pids(self) -> list[int]:
        return process.find(self.folder)

    def close(self) -> None:
        process.end(self.folder)
        for each in self._sockets:
            each.close()

    async def get(self, host: str, target: str, *headers: str, method: str = "GET") -> tuple[int, str]:
        """Status and body of one request."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.http)
        try:
            writer.write(
                "\r\n".join(
                    [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, "", ""]
                ).encode()
            )
            answer = (await reader.read()).decode()
        finally:
            writer.close()
        head, _, body = answer.partition("\r\n\r\n")
        return int(head.split(" ")[1]), body

    async def certificate(self, name: str) -> bytes:
        """The certificate (DER) that is shown for a name."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection("127.0.0.1", self.https, ssl=context, server_hostname=name)
        shown = writer.get_extra_info("ssl_object").getpeercert(True)
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await writer.wait_closed()
        assert isinstance(shown, bytes)
        return shown


class Gate:
    """Where requests wait until a test lets them pass."""

    def __init__(self) -> None:
        self.is_reached, self.is_open = asyncio.Event(), asyncio.Event()

    async def passed(self) -> None:
        self.is_reached.set()
        await self.is_open.wait()


@contextlib.asynccontextmanager
async def pods(*hosts: str, gate: Gate | None = None) -> AsyncIterator[int]:
    """The port of servers at these loopback addresses that answer with their address, behind the ``gate`` if any."""

    open_now: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now[writer] = asyncio.current_task()
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                if gate is not None:
                    await gate.passed()
                body = writer.get_extra_info("sockname")[0].encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        del open_now[writer]

    first = await asyncio.start_server(serve, hosts[0], 0)
    port: int = first.sockets[0].getsockname()[1]
    servers = [first, *[await asyncio.start_server(serve, host, port) for host in hosts[1:]]]
    try:
        yield port
    finally:
        for server in servers:
            server.close()
        ending = [task for task in open_now.values() if task is not None]
        for writer in open_now:  # HAProxy keeps idle connections
            writer.close()
        await asyncio.gather(*ending)


def to(name: str, hosts: Iterable[str], port: int, **more: object) -> tuple[Backend, Upstream]:
    """A Service of that name with servers."""
    servers = frozenset(Server(host, port) for host in hosts)
    return Backend(f"default/{name}", "80"), Upstream(servers=servers, **more)  # type: ignore[arg-type]


def wanted(*upstreams: tuple[Backend, Upstream], certificates: dict[str, str] | None = None) -> Wanted:
    """Each Service under the host of its name."""
    routes = {
        Place("prefix", f"{backend.service.partition('/')[2]}.example/"): Route(backend) for backend, _ in upstreams
    }
    return Wanted(routes, dict(upstreams), {"": FALLBACK, **(certificates or {})})
