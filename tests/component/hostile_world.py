"""The API server as a hostile client meets it: TLS, a real store, and a record of everything it complained of.

``undisturbed`` is what every test of bad input ends with: nothing stored, nothing logged, still answering.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from component.authority import Authority
from component.http_peer import Got, HttpPeer, render
from fairway.apiserver.http import transport_error
from fairway.apiserver.server import ApiServer
from fairway.apiserver.settings import Limits as ApiLimits
from fairway.apiserver.settings import Settings
from fairway.store.interface import Entry
from fairway.store.sqlite import SqliteStore
from fairway.transport.limits import Limits
from fairway.transport.server import Server, serve
from fairway.transport.tls import client_context, server_context

ANSWER_S = 60.0
"""Longer than any answer to bad input may take on a busy machine."""


class Answer(NamedTuple):
    """One answer; ``body`` is decoded where it is JSON."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def message(self) -> str:
        return str(self.body["message"])


class Complaints(logging.Handler):
    """Keeps what is logged as a warning or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        detail = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self.texts.append(f"{record.name}: {record.getMessage()}\n{detail}")


class Contexts(NamedTuple):
    """Who a client may be."""

    admin: ssl.SSLContext
    node: ssl.SSLContext
    nobody: ssl.SSLContext
    stranger: ssl.SSLContext


class Hostile:
    """The server under attack, and a connection for well-formed requests."""

    def __init__(
        self, api: ApiServer, store: SqliteStore, servers: tuple[Server, Server], contexts: Contexts,
        complaints: Complaints,
    ) -> None:  # fmt: skip
        self.api, self.store, self.contexts, self.complaints = api, store, contexts, complaints
        self.server, self._patient = servers

    async def connect(
        self, who: ssl.SSLContext | None = None, *, limit: int = 1 << 16, to: Server | None = None
    ) -> HttpPeer:
        """A connection that a test may abuse."""
        return await HttpPeer.connect(to or self.server, who or self.contexts.admin, limit=limit)

    async def plain(self) -> HttpPeer:
        """A connection without TLS to the port that wants it."""
        return await HttpPeer.connect(self.server)

    async def ask(
        self, method: str, target: str, body: Any = None, *headers: str,
        who: ssl.SSLContext | None = None, media: str = "application/json",
    ) -> Answer:  # fmt: skip
        """One request on a connection of its own, to the port whose limits are the usual ones."""
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        given = [f"Content-Type: {media}", *headers] if raw and media else headers
        async with asyncio.timeout(ANSWER_S), await self.connect(who, limit=1 << 24, to=self._patient) as peer:
            await peer.send(render(target, *given, method=method, body=raw))
            return decoded(await peer.answer(has_body=method != "HEAD"))

    async def sent(self, data: bytes, *, who: ssl.SSLContext | None = None) -> Answer:
        """The answer to bytes as they are."""
        async with asyncio.timeout(ANSWER_S), await self.connect(who) as peer:
            peer.writer.write(data)
            return decoded(await peer.answer())

    async def state(self) -> tuple[int, list[Entry]]:
        """Everything that is stored."""
        entries, revision = await self.store.read("/")
        return revision, entries

    @asynccontextmanager
    async def undisturbed(self, complaints: Sequence[str] = ()) -> AsyncIterator[None]:
        """Nothing is stored meanwhile, nothing logged but what starts with one of ``complaints``, and it answers."""
        before = await self.state()
        self.complaints.texts.clear()
        yield
        assert await self.state() == before, "something was stored"
        found = [text for text in self.complaints.texts if not text.startswith(tuple(complaints))]
        assert found == [], "\n".join(found)
        assert (await self.ask("GET", "/readyz")).body == b"ok"


def decoded(got: Got) -> Answer:
    is_json = got.headers.get("content-type", "").startswith("application/json")
    return Answer(got.status, got.headers, orjson.loads(got.body) if is_json and got.body else got.body)


def fault(answer: Answer, status: int) -> str:
    """What is wrong with an answer that should be a Status of this code; empty if nothing is."""
    body = answer.body
    if answer.status != status:
        return f"{answer.status}, not {status}: {str(body)[:300]}"
    is_status = isinstance(body, dict) and (body.get("kind"), body.get("apiVersion")) == ("Status", "v1")
    if not is_status:
        return f"no Status: {str(body)[:300]}"
    if (body["status"], body["code"]) != ("Failure", status) or not body["message"]:
        return f"a Status out of shape: {str(body)[:300]}"
    return ""


def identities(folder: Path) -> tuple[Contexts, ssl.SSLContext]:
    """Certificates of everybody, and the server's context."""
    authority, foreign = Authority(folder), Authority(folder, "stranger-ca")
    admin = authority.issue("kubernetes-admin", "system:masters")
    node = authority.issue("system:node:n1", "system:nodes")
    stranger = foreign.issue("mallory", "system:masters")
    contexts = Contexts(
        client_context(authority.ca, *admin), client_context(authority.ca, *node),
        client_context(authority.ca), client_context(authority.ca, *stranger),
    )  # fmt: skip
    return contexts, server_context(*authority.issue("server"), authority.ca)


@asynccontextmanager
async def hostile_world(
    folder: Path, limits: Limits | None = None, *, settings: Settings | None = None
) -> AsyncIterator[Hostile]:
    """An API server on SQLite behind TLS; the namespace ``default`` and a Service in it are there.

    It listens twice: with ``limits``, for who is hostile, and with the usual ones, for who only asks.
    """
    contexts, listening = identities(folder)
    complaints = Complaints()
    loggers = [logging.getLogger(name) for name in ("fairway", "asyncio")]
    for logger in loggers:
        logger.addHandler(complaints)
    store = await SqliteStore.open(folder / "fairway.db", is_durable=False, retention=None)
    patience = ApiLimits(patience_s=(limits or Limits()).write_timeout_s)
    api = ApiServer(store, settings or Settings(advertise_address="10.244.0.1", limits=patience))
    await api.start()
    usual = Limits(error_response=transport_error, linger_s=0.2)
    server, patient = [
        await serve(api.handler, ssl_context=listening, limits=each) for each in (limits or usual, usual)
    ]
    try:
        yield Hostile(api, store, (server, patient), contexts, complaints)
    finally:
        await server.close(1)
        await patient.close(1)
        await api.stop()
        await store.close()
        for logger in loggers:
            logger.removeHandler(complaints)
