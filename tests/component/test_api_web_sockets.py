"""Watches over WebSocket: on the wire, from the handshake to the goodbye."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from component.api_world import ADMIN, World, world
from fairway.apiserver.web_socket import Incoming, accept_key, message
from fairway.transport.interface import TakeOver

MAPS = "/api/v1/namespaces/default/configmaps"
HANDSHAKE = {"upgrade": "websocket", "sec_websocket_version": "13", "sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ=="}


class Wire:
    """The peer's end of a bare connection."""

    def __init__(self) -> None:
        self.sent = b""
        self.is_closed = False
        self._said: asyncio.Queue[bytes] = asyncio.Queue()
        self._changed = asyncio.Event()

    async def read(self) -> bytes:
        return await self._said.get()

    async def write(self, data: bytes) -> None:
        self.sent += data
        self._changed.set()

    def write_eof(self) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True
        self._changed.set()

    def say(self, data: bytes) -> None:
        self._said.put_nowait(data)

    def frames(self) -> list[tuple[int, bytes]]:
        return list(Incoming().feed(self.sent.partition(b"\r\n\r\n")[2]))

    async def received(self, count: int) -> list[tuple[int, bytes]]:
        async with asyncio.timeout(30):
            while len(self.frames()) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.frames()


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        await made.ask("POST", MAPS, {"metadata": {"name": "a"}})
        yield made


async def opened(api: World, query: str) -> tuple[Wire, asyncio.Task[None]]:
    answer = await api.answer("GET", f"{MAPS}?{query}", peer=ADMIN, **HANDSHAKE)
    assert isinstance(answer, TakeOver)
    wire = Wire()

    async def run() -> None:
        await answer.run(wire)

    return wire, asyncio.create_task(run())


async def test_every_event_is_a_message(api: World) -> None:
    wire, running = await opened(api, "watch=1")
    await wire.received(1)
    await api.ask("DELETE", f"{MAPS}/a")
    events = [orjson.loads(text) for opcode, text in await wire.received(2) if opcode == 1]
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in events] == [
        ("ADDED", "a"), ("DELETED", "a"),
    ]  # fmt: skip
    assert wire.sent.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in wire.sent
    assert b"\r\nAudit-Id: " in wire.sent
    wire.say(b"")
    await running


async def test_a_ping_is_answered_and_a_goodbye_ends_the_watch(api: World) -> None:
    wire, running = await opened(api, "watch=1")
    wire.say(b"\x89\x82\x01\x02\x03\x04ik")
    assert (await wire.received(2))[1] == (0xA, b"hi")
    wire.say(b"\x88\x80\x00\x00\x00\x00")
    await running
    assert (wire.frames()[-1], wire.is_closed) == ((8, b"\x03\xe8"), True)
    assert not api.server.cache.collections["/core/configmaps/"].watchers


async def test_a_watch_that_is_over_says_goodbye(api: World) -> None:
    wire, running = await opened(api, "watch=1&timeoutSeconds=1")
    async with asyncio.timeout(30):
        await running
    assert wire.frames()[-1] == (8, b"\x03\xe8")


async def test_a_peer_that_sends_too_much_is_let_go(api: World) -> None:
    wire, running = await opened(api, "watch=1")
    wire.say(b"\x82\xff" + (1 << 40).to_bytes(8, "big"))
    await running
    assert wire.is_closed


async def test_a_handshake_without_a_key_is_refused(api: World) -> None:
    told = await api.ask("GET", f"{MAPS}?watch=1", upgrade="websocket")
    assert (told.status, told.body["reason"]) == (400, "BadRequest")


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_messages_of_every_size_are_read_as_written_however_they_are_cut(size: int) -> None:
    whole = message(1, b"x" * size)
    incoming = Incoming()
    parts = [whole[:1], whole[1:3], whole[3:9], whole[9:]]
    assert [found for part in parts for found in incoming.feed(part)] == [(1, b"x" * size)]


def test_the_accept_key_is_that_of_the_standard() -> None:
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
