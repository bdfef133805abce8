"""A peer of the server that sends what a test says, byte for byte, and reads answers one by one."""

import asyncio
import ssl
from typing import NamedTuple, Self

from fairway.transport.server import Server


class Got(NamedTuple):
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class HttpPeer:
    """One connection.  ``async with await HttpPeer.connect(server) as peer``."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(
        cls, server: Server, context: ssl.SSLContext | None = None, *, limit: int = 1 << 16
    ) -> "HttpPeer":
        host, port = server.addresses[0]
        name = "localhost" if context else None
        return cls(*await asyncio.open_connection(host, port, ssl=context, server_hostname=name, limit=limit))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def get(self, path: str, *headers: str, method: str = "GET", version: str = "1.1") -> Got:
        await self.send(render(path, *headers, method=method, version=version))
        return await self.answer(has_body=method != "HEAD")

    async def head(self) -> tuple[int, dict[str, str]]:
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
        pairs = [line.split(": ", 1) for line in lines[1:]]
        headers: dict[str, str] = {}
        for name, value in pairs:
            known = headers.get(name.lower())
            headers[name.lower()] = value if known is None else f"{known}, {value}"
        return int(lines[0].split()[1]), headers

    async def chunk(self) -> bytes:
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def answer(self, *, has_body: bool = True) -> Got:
        status, headers = await self.head()
        body = b""
        if not has_body:
            return Got(status, headers, body)
        if "transfer-encoding" in headers:
            while part := await self.chunk():
                body += part
        elif "content-length" in headers:
            body = await self.reader.readexactly(int(headers["content-length"]))
        return Got(status, headers, body)

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        try:
            return await self.reader.read(-1)
        except ConnectionResetError:
            return b""


def render(path: str, *headers: str, method: str = "GET", version: str = "1.1", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
