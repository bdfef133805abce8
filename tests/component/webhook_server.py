"""A webhook as clusters meet them: an HTTPS server that answers AdmissionReviews as a test says."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from component.authority import Authority

Decide = Callable[[dict[str, Any]], dict[str, Any] | None]
"""The request -> members of the response; ``None``: no answer ever comes."""


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    """The part of a response that changes the object."""
    return {"patchType": "JSONPatch", "patch": b64encode(orjson.dumps(operations)).decode()}


class WebhookServer:
    """``decide`` may be exchanged at any time; ``seen`` are the requests so far, ``paths`` where they went."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self.decide: Decide = lambda _: {}
        self.status = 200
        self.seen: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.port = 0
        self.connections = 0
        self.keeps_open = False
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def bundle(self) -> str:
        return b64encode(self._authority.ca.read_bytes()).decode()

    def client_config(self, path: str = "/") -> dict[str, Any]:
        return {"url": f"https://127.0.0.1:{self.port}{path}", "caBundle": self.bundle}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.connections += 1
        try:
            while await self._answer(reader, writer) and self.keeps_open:
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.paths.append(head.split(" ", 2)[1])
        length = next(int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:"))
        review = orjson.loads(await reader.readexactly(length))
        request = review["request"]
        self.seen.append(request)
        decided = self.decide(request)
        if decided is None:
            return False
        response = {"uid": request["uid"], "allowed": True, **decided}
        body = orjson.dumps({"kind": "AdmissionReview", "apiVersion": review["apiVersion"], "response": response})
        writer.write(f"HTTP/1.1 {self.status} Told\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        if not self.keeps_open:
            writer.close()
        return True

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def webhook_server(folder: Path) -> AsyncIterator[WebhookServer]:
    authority = Authority(folder, "webhook-ca")
    pair = authority.issue("webhook")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    found = WebhookServer(authority)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0, ssl=context)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        found.close()
