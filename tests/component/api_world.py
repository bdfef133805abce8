"""An API server asked as its transport asks it: requests in, answers out, no socket in between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import orjson

from component.memory_store import MemoryStore
from fairway.apiserver.server import ApiServer
from fairway.apiserver.settings import Settings
from fairway.transport.interface import Peer, Request, Response, Stream
from fairway.transport.target import decode_path, decode_query, split_target

ADMIN = Peer("127.0.0.1", "kubernetes-admin", ("system:masters",))
NODE = Peer("127.0.0.1", "system:node:n1", ("system:nodes",))
NOBODY = Peer("127.0.0.1")


class Told(NamedTuple):
    """An answer with its body read."""

    status: int
    body: Any
    headers: dict[str, str]
    warnings: list[str]
    raw: bytes

    @property
    def message(self) -> str:
        return str(self.body["message"])


class Taker:
    """The peer's end of a stream: keeps what is written, may be slow."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._text = b""
        self._changed = asyncio.Event()
        self.is_closed = False
        self._is_fast = asyncio.Event()
        self._is_fast.set()
        stream.opened(self)

    def be_slow(self) -> None:
        """Take nothing more until ``be_fast``."""
        self._is_fast.clear()

    def be_fast(self) -> None:
        """See ``be_slow``."""
        self._is_fast.set()

    pending_bytes = 0

    def write(self, frame: bytes) -> None:
        size, _, rest = frame.partition(b"\r\n")
        self._text += rest[: int(size, 16)]
        self._changed.set()

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._is_fast.set()
            self._stream.closed()
            self._changed.set()

    abort = close

    async def drained(self) -> None:
        await self._is_fast.wait()

    @property
    def text(self) -> bytes:
        """All that was written."""
        return self._text

    @property
    def size(self) -> int:
        """Bytes so far."""
        return len(self._text)

    @property
    def lines(self) -> list[Any]:
        return [orjson.loads(line) for line in self._text.splitlines()]

    async def events(self, count: int) -> list[Any]:
        """The first ``count`` lines, once they are there."""
        async with asyncio.timeout(30):
            while len(self.lines) < count and not self.is_closed:
                self._changed.clear()
                await self._changed.wait()
        return self.lines

    async def ended(self) -> list[Any]:
        async with asyncio.timeout(30):
            while not self.is_closed:
                self._changed.clear()
                await self._changed.wait()
        return self.lines


class World:
    def __init__(self, server: ApiServer, store: MemoryStore) -> None:
        self.server = server
        self.store = store

    async def answer(self, method: str, target: str, body: Any = None, *, peer: Peer = ADMIN, **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        path, query = split_target(target)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(method, decode_path(path), decode_query(query), named, raw, peer, target)
        found = self.server.handler(request)
        return await found if isinstance(found, Awaitable) else found

    async def ask(self, method: str, target: str, body: Any = None, *, peer: Peer = ADMIN, **headers: str) -> Told:
        found = await self.answer(method, target, body, peer=peer, **headers)
        assert isinstance(found, Response), found
        named = {name.lower(): value for name, value in found.headers}
        warnings = [value for name, value in found.headers if name == "Warning"]
        is_json = found.content_type.startswith("application/json") and "content-encoding" not in named
        return Told(found.status, orjson.loads(found.body) if is_json else found.body, named, warnings, found.body)

    async def watch(self, target: str, *, peer: Peer = ADMIN, **headers: str) -> Taker:
        found = await self.answer("GET", target, peer=peer, **headers)
        assert isinstance(found, Stream), found
        return Taker(found)


@asynccontextmanager
async def world(settings: Settings | None = None, store: MemoryStore | None = None) -> AsyncIterator[World]:
    store = store or MemoryStore()
    server = ApiServer(store, settings or Settings(advertise_address="10.244.0.1"))
    await server.start()
    try:
        yield World(server, store)
    finally:
        await server.stop()
