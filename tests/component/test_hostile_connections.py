"""Connections that are abused: half a request, a drip, a flood, garbage, no reading: each costs only itself."""

import asyncio
import os
import random
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from component.hostile_world import Hostile, decoded, fault, hostile_world
from component.http_peer import HttpPeer, render
from component.loops import until
from fairway.apiserver.http import transport_error
from fairway.transport.limits import Limits

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAPS = "/api/v1/namespaces/default/configmaps"
BODY = b'{"metadata":{"name":"half"},"data":{"a":"b"}}'
QUICK = Limits(
    error_response=transport_error, header_timeout_s=0.4, body_timeout_s=0.4, linger_s=0.05,
    write_timeout_s=0.5, stream_pending_bytes=256 * 1024,
)  # fmt: skip
"""The usual limits with times that a test can wait for."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hostile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hostile]:
    async with hostile_world(tmp_path_factory.mktemp("hostile"), QUICK) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def brisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hostile]:
    """One that waits no longer for a handshake either."""
    async with hostile_world(tmp_path_factory.mktemp("brisk"), replace(QUICK, handshake_timeout_s=0.5)) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def own(tmp_path: Path) -> AsyncIterator[Hostile]:
    """One for a test alone, with few connections, which may take their time to begin."""
    async with hostile_world(tmp_path, replace(QUICK, header_timeout_s=60.0, connections=200)) as made:
        yield made


def resident_bytes() -> int:
    """What this process holds in memory now.  Source: proc(5)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def small_buffers(peer: HttpPeer) -> None:
    peer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.writer.transport.pause_reading()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "sent",
    [b"", b"P", b"POST /api", render(MAPS, method="POST")[:-2], render(MAPS, "Content-Length: 45", method="POST"),
     render(MAPS, "Content-Length: 45", method="POST") + BODY[:-1],
     render(MAPS, "Transfer-Encoding: chunked", method="POST") + b"2d\r\n" + BODY,
     render(MAPS, "Transfer-Encoding: chunked", method="POST") + b"2d\r\n" + BODY + b"\r\n",
     render(MAPS, "Transfer-Encoding: chunked", method="POST") + b"2d\r\n" + BODY + b"\r\n0\r\n"],
    ids=range(9),
)  # fmt: skip
@pytest.mark.parametrize("how", ["closed", "reset", "late"])
async def test_half_a_request_stores_nothing_however_it_ends(hostile: Hostile, sent: bytes, how: str) -> None:
    async with hostile.undisturbed():
        async with await hostile.connect() as peer:
            await peer.send(sent)
            if how == "closed":
                peer.writer.close()
            elif how == "late":
                rest = await asyncio.wait_for(peer.rest(), 30)
                # Who has sent nothing at all is closed without a word; who is in the middle is told.
                assert (b" 408 " in rest, b'"kind":"Status"' in rest) == (bool(sent), bool(sent))
            else:
                no_linger = struct.pack("ii", 1, 0)
                peer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        await until(lambda: hostile.server.connection_count == 0)


@pytest.mark.parametrize("part", ["line", "headers", "body", "chunks", "chunk sizes"])
async def test_who_drips_is_told_408_and_others_are_served_meanwhile(hostile: Hostile, part: str) -> None:
    start = {
        "line": b"GET /", "headers": b"GET / HTTP/1.1\r\nHost: x\r\nX: ",
        "body": render(MAPS, "Content-Length: 1000000", method="POST"),
        "chunks": render(MAPS, "Transfer-Encoding: chunked", method="POST") + b"ffff\r\n",
        "chunk sizes": render(MAPS, "Transfer-Encoding: chunked", method="POST") + b"1;x=",
    }[part]  # fmt: skip

    async def drip(peer: HttpPeer) -> None:
        while not peer.writer.is_closing():
            await peer.send(b"a")
            await asyncio.sleep(0.03)

    async with hostile.undisturbed(), await hostile.connect() as peer:
        await peer.send(start)
        dripping = asyncio.create_task(drip(peer))
        others = [await hostile.ask("GET", MAPS) for _ in range(5)]
        told = decoded(await asyncio.wait_for(peer.answer(), 30))
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
    assert [other.status for other in others] == [200] * 5
    assert (told.status, told.body["kind"], told.body["code"]) == (408, "Status", 408)


@pytest.mark.parametrize(
    "flood",
    [b"X: " + b"y" * 4_000_000, b"".join(b"X-%d: y\r\n" % n for n in range(100_000)), b"X: y\r\n" * 300_000,
     b"\r\n" * 10, b"X\r\n" * 1000, b"y" * 4_000_000],
    ids=["one line", "many names", "one name often", "nothing", "no colons", "no end"],
)  # fmt: skip
async def test_a_flood_of_headers_is_refused_and_not_kept(hostile: Hostile, flood: bytes) -> None:
    before = resident_bytes()
    async with hostile.undisturbed(), await hostile.connect() as peer:
        peer.writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n" + flood)
        told = decoded(await asyncio.wait_for(peer.answer(), 30))
    assert told.status in (431, 400, 200)
    assert (told.status == 200) == (flood == b"\r\n" * 10)
    assert resident_bytes() - before < 64 << 20


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\n", b"-1\r\n", b"+1\r\na\r\n", b" 1\r\na\r\n", b"0x1\r\na\r\n", b"1\na\n0\n\n", b"1\r\nab\r\n", b"1\r\na",
     b"f" * 17 + b"\r\n", b"1;" + b"x" * 200_000, b"1" * 100_000, b"\r\n", b"1\r\n\r\n\r\n", b"5\r\nhello0\r\n\r\n",
     b"1\r\na\r\n" * 70_000, b"0\r\nX: " + b"y" * 2_000_000, b"0\r\n" + b"X: y\r\n" * 100_000,
     b"400000\r\n" + b"x" * 0x400000],
    ids=range(18),
)  # fmt: skip
async def test_chunks_that_cannot_be_are_refused_and_store_nothing(hostile: Hostile, chunks: bytes) -> None:
    async with hostile.undisturbed(), await hostile.connect() as peer:
        peer.writer.write(render(MAPS, "Transfer-Encoding: chunked", method="POST") + chunks)
        told = decoded(await asyncio.wait_for(peer.answer(), 30))
    assert told.status in (400, 408, 413, 431)
    assert fault(told, told.status) == ""


async def test_what_follows_a_request_as_garbage_is_refused_after_its_answer(hostile: Hostile) -> None:
    for garbage in (b"\0" * 100, b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\x00", b"HTTP/1.1 200 OK\r\n\r\n", b"{}"):
        async with hostile.undisturbed(), await hostile.connect() as peer:
            await peer.send(render("/readyz") * 3 + garbage)
            told = [await asyncio.wait_for(peer.answer(), 30) for _ in range(4)]
            rest = await asyncio.wait_for(peer.rest(), 30)
        assert [each.status for each in told] == [200, 200, 200, 400 if garbage != b"{}" else told[3].status]
        assert rest == b""


async def test_a_body_smuggled_behind_a_get_is_no_second_request(hostile: Hostile) -> None:
    hidden = render(MAPS, "Content-Type: application/json", method="POST", body=BODY)
    tried = [
        render("/readyz", f"Content-Length: {len(hidden)}", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + hidden,
        render("/readyz", "Content-Length: 0", f"Content-Length: {len(hidden)}") + hidden,
        render("/readyz", "Transfer-Encoding: xchunked") + hidden,
        render("/readyz", "Transfer-Encoding : chunked") + b"0\r\n\r\n" + hidden,
        render("/readyz", f"Content-Length: {len(hidden)}") + hidden,
        render("/readyz", "Connection: Upgrade", "Upgrade: x", f"Content-Length: {len(hidden)}") + hidden,
        b"GET /readyz HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
    ]
    for data in tried:
        async with hostile.undisturbed(), await hostile.connect() as peer:
            await peer.send(data)
            await asyncio.wait_for(peer.answer(), 30)
            peer.writer.close()
            await until(lambda: hostile.server.connection_count == 0)


@pytest.mark.parametrize("seed", range(6))
async def test_random_bytes_within_tls_are_refused_or_ignored(hostile: Hostile, seed: int) -> None:
    chance = random.Random(seed)
    async with hostile.undisturbed():
        for _ in range(30):
            async with await hostile.connect() as peer:
                await peer.send(chance.randbytes(chance.randrange(1, 3000)))
                peer.writer.close()
        await until(lambda: hostile.server.connection_count == 0)


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01", b"\x16\x03\x01\xff\xff" + b"\0" * 70_000, b"\x80\x2e\x01",
     b"\x15\x03\x03\x00\x02\x02\x28", b"\0" * 100_000, b"SSH-2.0-x\r\n", b""],
    ids=range(8),
)  # fmt: skip
async def test_what_is_no_tls_costs_its_connection_and_not_a_word_in_the_log(brisk: Hostile, garbage: bytes) -> None:
    async with brisk.undisturbed():
        async with await brisk.plain() as peer:
            peer.writer.write(garbage)
            rest = await asyncio.wait_for(peer.rest(), 30)
        assert b"HTTP" not in rest
        # Half a handshake must not last for ever either.
        assert brisk.server.connection_count == 0


async def test_a_certificate_of_a_stranger_is_refused(hostile: Hostile) -> None:
    async with hostile.undisturbed():
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await hostile.ask("GET", MAPS, who=hostile.contexts.stranger)


async def test_connections_beyond_the_limit_are_closed_and_those_within_served(own: Hostile) -> None:
    async with own.undisturbed():
        peers = await asyncio.gather(*[own.connect() for _ in range(300)], return_exceptions=True)
        open_peers = [peer for peer in peers if isinstance(peer, HttpPeer)]
        assert own.server.connection_count <= 200
        served = 0
        # Who came last stays: those that were idle longest have made room.
        for peer in open_peers[-20:]:
            served += (await asyncio.wait_for(peer.get("/readyz"), 30)).status == 200
        for peer in open_peers:
            peer.writer.transport.abort()
        await until(lambda: own.server.connection_count == 0)
    assert served == 20


async def test_connections_that_come_and_go_leave_nothing_behind(own: Hostile) -> None:
    async def come_and_go() -> None:
        for _ in range(100):
            async with await own.plain() as peer:
                await peer.send(b"\x16")

    await come_and_go()
    before = resident_bytes()
    async with own.undisturbed():
        await asyncio.gather(*[come_and_go() for _ in range(10)])
        await until(lambda: own.server.connection_count == 0)
    assert resident_bytes() - before < 16 << 20


async def fill(hostile: Hostile, count: int) -> None:
    data = {"a": "x" * 100_000}
    for number in range(count):
        told = await hostile.ask("POST", MAPS, {"metadata": {"name": f"big-{number}"}, "data": data})
        assert told.status == 201


async def test_who_does_not_read_a_big_list_is_dropped_and_costs_no_other(own: Hostile) -> None:
    await fill(own, 50)
    async with own.undisturbed():
        before = resident_bytes()
        peers = [await own.connect(limit=1024) for _ in range(10)]
        for peer in peers:
            small_buffers(peer)
            peer.writer.write(render(MAPS) * 50)
        others = [await own.ask("GET", "/api/v1/namespaces") for _ in range(5)]
        held = resident_bytes() - before
        await until(lambda: own.server.connection_count == 0)
        for peer in peers:
            peer.writer.transport.abort()
    assert [other.status for other in others] == [200] * 5
    # One list each is five megabytes; fifty of them would be much more.
    assert held < 150 << 20


async def test_who_does_not_read_a_watch_is_dropped_and_costs_no_other(own: Hostile) -> None:
    async with await own.connect(limit=1024) as slow, await own.connect(limit=1 << 22) as quick:
        small_buffers(slow)
        for peer in (slow, quick):
            await peer.send(render(f"{MAPS}?watch=1&resourceVersion={own.store.revision}"))
        head = await quick.head()
        assert head[0] == 200
        await fill(own, 40)
        seen = 0
        async with asyncio.timeout(30):
            while seen < 40:
                seen += (await quick.chunk()).count(b'"type":"ADDED"')
        await until(lambda: own.server.connection_count <= 2)
    assert own.complaints.texts == []
