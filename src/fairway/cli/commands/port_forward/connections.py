"""Connections: what a client on a local port sends goes to a pod, and what the pod answers comes back.

As long as the pod has not answered, and only if it was not reached at all, another pod is tried: nothing that a client
sent is delivered twice.
"""

import asyncio
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

from fairway.cli.commands.port_forward.backends import Backend, Following, NoBackend, Single
from fairway.cli.commands.port_forward.ports import Forwarded
from fairway.cli.failure import Failure
from fairway.client.blocking import Api, ApiError, Unreachable
from fairway.node.streams.spdy.connection import SpdyStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Object = dict[str, Any]

_PIECE_BYTES = 1 << 16
_TRIES = 8
_ERROR_WAIT_S = 1.0
"""How long the reason may take after a pod has closed without a word."""


class Refused(Exception):
    """The pod was not reached, so that another one may be."""


class Forwarding:
    """All listeners of one command.  ``remote_of`` gives the port of a pod that a forwarded port means there."""

    def __init__(
        self, pods: Following | Single, api: "Callable[[], Api]", remote_of: "Callable[[Forwarded, Object], int]"
    ) -> None:
        self._pods, self._api, self._remote_of = pods, api, remote_of
        self._serving: set[asyncio.Task[None]] = set()

    async def run(self, listeners: Sequence[tuple[Forwarded, socket.socket]]) -> None:
        """Serve until interrupted.  Raises: ``Failure`` when a single pod is lost."""
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)
        accepting = [asyncio.create_task(self._accept(port, listener)) for port, listener in listeners]
        following = asyncio.create_task(self._pods.run())
        stop = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait([following, stop], return_when=asyncio.FIRST_COMPLETED)
            if not stop.done():
                await following
                raise Failure("lost connection to pod")
        finally:
            tasks = [*accepting, following, stop, *self._serving]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._pods.close()

    async def _accept(self, port: Forwarded, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(listener)
            task = asyncio.create_task(self._serve(port, client))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def _serve(self, port: Forwarded, client: socket.socket) -> None:
        print(f"Handling connection for {port.local}", flush=True)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader, writer = await asyncio.open_connection(sock=client)
        try:
            await self._connect(port, reader, writer)
        except (NoBackend, Refused, Failure, ApiError, Unreachable) as error:
            text = f"error: an error occurred forwarding {port.local} -> {port.wanted}: {error}"
            print(text, file=sys.stderr, flush=True)
            writer.transport.abort()
        except OSError:
            writer.transport.abort()
        finally:
            writer.close()

    async def _connect(self, port: Forwarded, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = bytearray()
        for attempt in range(1, _TRIES + 1):
            backend = await self._pods.backend()
            try:
                await self._carry(backend, self._remote_of(port, backend.pod), reader, writer, sent)
                return
            except (Refused, ApiError, Unreachable):
                self._pods.refused(backend)
                if attempt == _TRIES or not self._pods.is_left():
                    raise
                # Whoever refused may be only about to listen; not at once again, and a little later each time.
                await asyncio.sleep(0.05 * (attempt - 1))

    async def _carry(
        self, backend: Backend, remote: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytearray
    ) -> None:
        """Raises: ``Refused`` if the pod was not reached."""
        tunnel = await backend.connected(self._api)
        try:
            error, data = await tunnel.open(remote)
        except ConnectionError as lost:
            raise Refused(f"pod {backend.name}: {lost}") from lost
        is_reached = not data.is_broken
        failed = asyncio.create_task(_read_all(error))
        to_client = asyncio.create_task(_to_client(data, writer))
        to_pod = asyncio.create_task(_to_pod(reader, data, sent))
        try:
            await asyncio.wait([to_client])
            has_answered = to_client.result()
            text = "" if has_answered else await _within(failed, _ERROR_WAIT_S)
            if text or not is_reached:
                raise Refused(f"pod {backend.name}: {text or 'the connection to it is lost'}")
            if data.is_broken:
                raise ConnectionResetError("the connection to the pod is lost")
        finally:
            ways = (failed, to_client, to_pod)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            with suppress(ConnectionError):
                await data.reset()
            tunnel.forget(error, data)


async def _to_pod(reader: asyncio.StreamReader, data: SpdyStream, sent: bytearray) -> None:
    """``sent`` keeps what was read from the client, for another pod if this one is not reached."""
    if sent:
        await data.write(bytes(sent))
    while content := await reader.read(_PIECE_BYTES):
        if len(sent) < _PIECE_BYTES * 4:
            sent += content
        await data.write(content)
    await data.finish()


async def _to_client(data: SpdyStream, writer: asyncio.StreamWriter) -> bool:
    """Whether anything came."""
    has_come = False
    while content := await data.read():
        has_come = True
        writer.write(content)
        await writer.drain()
    if not data.is_broken and writer.can_write_eof():
        writer.write_eof()
    return has_come


async def _read_all(error: SpdyStream) -> str:
    found = b""
    while content := await error.read():
        found += content
    return found.decode(errors="replace")


async def _within(task: "asyncio.Task[str]", timeout_s: float) -> str:
    try:
        async with asyncio.timeout(timeout_s):
            return await asyncio.shield(task)
    except TimeoutError:
        return ""
