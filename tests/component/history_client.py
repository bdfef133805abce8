"""A client of a server that is killed again and again: every call ends with an answer or with ``Lost``."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from component.http_peer import HttpPeer, render

SERVER = Path(__file__).with_name("history_server.py")
SOURCE = Path(__file__).resolve().parents[2] / "src"
ANSWER_S = 30.0


class Lost(Exception):
    """The server went away; nobody knows whether the request was carried out."""


class Answer(NamedTuple):
    """One answer, its body decoded."""

    status: int
    body: Any

    @property
    def revision(self) -> int:
        return int(self.body["metadata"]["resourceVersion"])


class Killed:
    """A server process and its restarts.  ``up`` says that it can be asked; ``generation`` counts the starts."""

    def __init__(self, path: Path, *, keep_revisions: int, window_bytes: int) -> None:
        self._words = [sys.executable, str(SERVER), str(path), str(keep_revisions), str(window_bytes)]
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0
        self.up = asyncio.Event()
        self.generation = 0
        self.log = path.with_name("server.log")

    async def start(self, *, kill_after_s: float | None = None) -> bool:
        """Start it; whether it lived to say its port."""
        environment = {**os.environ, "PYTHONPATH": f"{SOURCE}:{SERVER.parent.parent}"}
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._words, stdout=asyncio.subprocess.PIPE, stderr=log, env=environment
            )
        assert self._process.stdout is not None
        if kill_after_s is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.stdout.readline(), kill_after_s)
            await self.kill()
            return False
        async with asyncio.timeout(ANSWER_S):
            line = await self._process.stdout.readline()
        assert line, f"the server ended by itself:\n{self.log.read_text()[-5000:]}"
        self._port = int(line)
        self.generation += 1
        self.up.set()
        return True

    async def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        self.up.clear()
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    async def connect(self) -> HttpPeer:
        """Raises: ``Lost``."""
        try:
            return HttpPeer(*await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 24))
        except OSError as error:
            raise Lost from error


class Client:
    """One connection, opened again as needed."""

    def __init__(self, server: Killed) -> None:
        self._server = server
        self._peer: HttpPeer | None = None
        self._generation = 0

    async def ask(self, method: str, target: str, body: Any = None, media: str = "application/json") -> Answer:
        """Raises: ``Lost``."""
        if not self._server.up.is_set():
            raise Lost
        raw = orjson.dumps(body) if body is not None else b""
        if self._generation != self._server.generation:
            self.close()
            self._generation = self._server.generation
        try:
            peer = self._peer = self._peer or await self._server.connect()
            async with asyncio.timeout(ANSWER_S):
                headers = [f"Content-Type: {media}"] if raw else []
                await peer.send(render(target, *headers, method=method, body=raw))
                got = await peer.answer()
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise Lost from error
        return Answer(got.status, orjson.loads(got.body))

    def close(self) -> None:
        """Let go of the connection."""
        if self._peer is not None:
            self._peer.writer.transport.abort()
            self._peer = None


async def watch(server: Killed, target: str) -> AsyncIterator[Any]:
    """Every event.  Raises: ``Lost``, ``Expired`` for a 410 in either form."""
    peer = await server.connect()
    try:
        await peer.send(render(target))
        status, _ = await peer.head()
        if status != 200:
            raise Expired(status)
        rest = b""
        while part := await peer.chunk():
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                event = orjson.loads(line)
                if event["type"] == "ERROR":
                    raise Expired(event["object"]["code"])
                yield event
    except (OSError, asyncio.IncompleteReadError) as error:
        raise Lost from error
    finally:
        peer.writer.transport.abort()


class Expired(Exception):
    """The watch cannot go on from there; the code says why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
