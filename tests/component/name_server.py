"""A name server of our own for forwarding to, and what asks ours over real sockets."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import dns.message

from fairway.client.memory import MemoryClient
from fairway.dns.dns import ClusterDns, Settings
from fairway.dns.exchange import Upstream

Reply = Callable[[dns.message.Message], dns.message.Message | None]


class NameServer(asyncio.DatagramProtocol):
    """Answers over UDP as ``reply`` says, and over TCP as ``reply_tcp`` says; counts what it is asked."""

    def __init__(self, reply: Reply, reply_tcp: Reply | None = None) -> None:
        self.reply, self.reply_tcp = reply, reply_tcp
        self.asked: list[str] = []
        self.sources: list[tuple[int, int]] = []
        self.port = 0
        self._transport: Any = None
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
            self.port = self._transport.get_extra_info("sockname")[1]
            try:
                if self.reply_tcp:
                    self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
            except OSError:  # the number is free for UDP and not for TCP
                self._transport.close()
                continue
            return

    def datagram_received(self, data: bytes, addr: Any) -> None:
        query = dns.message.from_wire(data)
        if not str(query.question[0].name).endswith("fairway-loop-probe."):
            self.asked.append(str(query.question[0].name))
            self.sources.append((addr[1], query.id))
        answer = self.reply(query)
        if answer is not None:
            self._transport.sendto(answer.to_wire(), addr)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = dns.message.from_wire(await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big")))
        assert self.reply_tcp is not None
        answer = self.reply_tcp(query)
        assert answer is not None
        wire = answer.to_wire()
        writer.write(len(wire).to_bytes(2, "big") + wire)
        writer.close()

    @property
    def upstream(self) -> Upstream:
        return Upstream("127.0.0.1", self.port)

    async def close(self) -> None:
        self._transport.close()
        if self._server:
            self._server.close()
            await self._server.wait_closed()


@asynccontextmanager
async def name_server(reply: Reply, reply_tcp: Reply | None = None) -> AsyncIterator[NameServer]:
    server = NameServer(reply, reply_tcp)
    await server.open()
    try:
        yield server
    finally:
        await server.close()


def closed_port() -> int:
    """A port of loopback where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Running:
    """A running DNS server and questions to it."""

    def __init__(self, dns_server: ClusterDns) -> None:
        self.dns = dns_server

    @property
    def port(self) -> int:
        return self.dns.ports[0]

    async def ask(self, name: str, kind: str = "A", *, tcp: bool = False, **more: Any) -> dns.message.Message:
        query = dns.message.make_query(name, kind, **more)
        return dns.message.from_wire(await (self.over_tcp if tcp else self.over_udp)(query.to_wire()))

    async def over_udp(self, message: bytes, host: str = "127.0.0.1", place: int = 0) -> bytes:
        """The answer of the address that is listened on at ``place``."""
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect((host, self.dns.ports[place]))
            await loop.sock_sendall(sock, message)
            async with asyncio.timeout(30):
                return await loop.sock_recv(sock, 65535)

    async def over_tcp(self, message: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(len(message).to_bytes(2, "big") + message)
            return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        finally:
            writer.close()

    async def dig(self, *words: str) -> list[str]:
        """What dig says, in lines."""
        done = await asyncio.to_thread(
            subprocess.run, ["dig", "@127.0.0.1", "-p", str(self.port), "+time=5", "+tries=1", *words],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.splitlines()


@asynccontextmanager
async def cluster_dns(client: MemoryClient, **settings: Any) -> AsyncIterator[Running]:
    """Cluster DNS at a free port of loopback."""
    told = {"listen": ("127.0.0.1",), "port": 0, "cidrs": ("10.96.0.0/16",), "upstreams": (), **settings}
    server = ClusterDns(client, Settings(**told))
    task = asyncio.create_task(server.run())
    try:
        async with asyncio.timeout(10):
            await server.wait_serving()
        yield Running(server)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
