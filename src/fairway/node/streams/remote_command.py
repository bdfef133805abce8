"""Remote command: answers the upgrade requests of exec and attach, over WebSocket or SPDY/3.1.

Source: services.md 11.9; Kubernetes API reference, "Pod", exec and attach; KEP-4006.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from fairway.node.runtimes.interface import ExecSession, RuntimeFailure
from fairway.node.streams import channels
from fairway.node.streams.command import join
from fairway.node.streams.remote import Remote, SpdyRemote, WebSocketRemote
from fairway.node.streams.statuses import failure_status
from fairway.node.streams.websocket import accept_head, is_upgrade, offered_protocols
from fairway.transport.interface import Answer, RawConnection, Request, Response, TakeOver

TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the client asked for."""

    command: Sequence[str] = ()
    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    tty: bool = False
    leaves: bool = False
    """The end of stdin is the end of the session, though not of the container."""

    @property
    def streams(self) -> frozenset[str]:
        """The SPDY streams that the client must open; a terminal's size comes only if it likes."""
        names = {"stdin": self.stdin, "stdout": self.stdout, "stderr": self.stderr and not self.tty, "error": True}
        return frozenset(name for name, is_wanted in names.items() if is_wanted)


Begin = Callable[[Wanted], Awaitable[ExecSession]]
"""Starts the command once the client's streams are there.  Raises: ``RuntimeFailure``."""


def wanted(query: Sequence[tuple[str, str]]) -> Wanted:
    """The options of a request.  Pure."""
    flags = {name: value.lower() in ("true", "1", "") for name, value in query}
    return Wanted(
        tuple(value for name, value in query if name == "command"),
        *(flags.get(name, False) for name in ("stdin", "stdout", "stderr", "tty")),
    )


def answer(request: Request, begin: Begin, idle_s: float, *, leaves: bool = False) -> Answer:
    """Take over the connection, or say why not.  ``leaves``: the end of stdin ends the session."""
    asked = replace(wanted(request.query), leaves=leaves)
    if not (asked.stdin or asked.stdout or asked.stderr):
        return Response(400, b"you must specify at least 1 of stdin, stdout, stderr", TEXT)
    if is_upgrade(request.headers):
        return _websocket(request, asked, begin, idle_s)
    if request.headers.get("upgrade", "").lower() == "spdy/3.1":
        return _spdy(request, asked, begin, idle_s)
    return Response(400, b"Upgrade request required", TEXT)


def _websocket(request: Request, asked: Wanted, begin: Begin, idle_s: float) -> Answer:
    offered = offered_protocols(request.headers)
    protocol = channels.choose(offered, channels.COMMAND_PROTOCOLS)
    if protocol is None and offered:
        return _no_protocol(offered, channels.COMMAND_PROTOCOLS)

    async def run(raw: RawConnection) -> None:
        await raw.write(accept_head(request.headers, protocol or ""))
        remote = WebSocketRemote(raw, protocol or channels.V1, has_stdin=asked.stdin)
        first = channels.STDOUT if asked.stdout else channels.STDERR if asked.stderr else channels.ERROR

        async def ready() -> None:
            # Clients wait for a first, empty message before they believe in the connection.
            await remote.write(first, b"")

        await _serve(remote, remote.run, ready, asked, begin, idle_s)

    return TakeOver(_quietly(run))


def _spdy(request: Request, asked: Wanted, begin: Begin, idle_s: float) -> Answer:
    offered = [name.strip() for name in request.headers.get("x-stream-protocol-version", "").split(",") if name.strip()]
    protocol = channels.choose(offered, channels.SPDY_PROTOCOLS) if offered else channels.V1
    if protocol is None:
        return _no_protocol(offered, channels.SPDY_PROTOCOLS)
    head = spdy_head({"X-Stream-Protocol-Version": protocol} if offered else {})

    async def run(raw: RawConnection) -> None:
        await raw.write(head)
        remote = SpdyRemote(raw, protocol, asked.streams)
        await _serve(remote, remote.run, remote.wait_streams, asked, begin, idle_s)

    return TakeOver(_quietly(run))


def spdy_head(headers: Mapping[str, str]) -> bytes:
    """The 101 that accepts SPDY/3.1.  Pure."""
    lines = ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: SPDY/3.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _no_protocol(offered: Sequence[str], served: Sequence[str]) -> Response:
    text = f"unable to negotiate protocol: client supports [{' '.join(offered)}], server supports [{' '.join(served)}]"
    return Response(403, text.encode(), TEXT)


def _quietly(run: Callable[[RawConnection], Awaitable[None]]) -> Callable[[RawConnection], Awaitable[None]]:
    """A client that goes in the middle is no error of ours."""

    async def quiet(raw: RawConnection) -> None:
        with suppress(ConnectionError, TimeoutError):
            await run(raw)
        raw.close()

    return quiet


async def _serve(
    remote: Remote, run: Callable[[], Awaitable[None]], ready: Callable[[], Awaitable[None]], asked: Wanted,
    begin: Begin, idle_s: float,
) -> None:  # fmt: skip
    serving = asyncio.ensure_future(run())
    try:
        await ready()
        try:
            session = await begin(asked)
        except RuntimeFailure as failure:
            await remote.finish(failure_status(f"error executing command in container: {failure}"))
            return
        await join(remote, session, has_stdin=asked.stdin, leaves=asked.leaves, idle_s=idle_s)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
