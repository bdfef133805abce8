"""Damaged bytes: bodies of every kind in every format, headers, and frames of upgraded connections.

``FAIRWAY_FUZZ_S`` makes each test longer, ``FAIRWAY_FUZZ_SEED`` repeats the choices of a run.
"""

import asyncio
import json
import logging
import os
import random
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from copy import deepcopy
from typing import Any

import orjson
import pytest
import yaml
from test_every_kind import collection, path_of, sample

from component.api_world import ADMIN, World, world
from component.hostile_manifests import MANIFESTS
from component.schema_cases import PATCHES
from fairway.apiserver.protobuf import encode
from fairway.kinds import ALL
from fairway.kinds.kind import Kind
from fairway.node.streams.spdy import frames
from fairway.node.streams.spdy.connection import SpdyConnection, SpdyStream
from fairway.node.streams.spdy.headers import Compressor
from fairway.node.streams.websocket import WebSocket
from fairway.transport.interface import Response, TakeOver
from pure.kind_samples import SAMPLES

DURATION_S = float(os.environ.get("FAIRWAY_FUZZ_S", "2"))
SEED = os.environ.get("FAIRWAY_FUZZ_SEED", "")
PROTOBUF = "application/vnd.kubernetes.protobuf"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
MAPS = "/api/v1/namespaces/default/configmaps"
HANDSHAKE = {"upgrade": "websocket", "sec_websocket_version": "13", "sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ=="}


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


@pytest.fixture
def chance() -> random.Random:
    seed = SEED or str(random.randrange(1 << 32))
    print(f"FAIRWAY_FUZZ_SEED={seed}")
    return random.Random(seed)


@pytest.fixture(autouse=True)
def silence(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is logged with a traceback."""
    yield
    told = [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in told] == []


def turns() -> Iterator[int]:
    """Until the time is up."""
    ends, count = time.monotonic() + DURATION_S, 0
    while time.monotonic() < ends or count < 20:
        yield count
        count += 1
    print(f"{count} turns")


def damaged(given: bytes, chance: random.Random) -> bytes:
    data = bytearray(given)
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0 if place < len(data):
                data[place] = chance.randrange(256)
            case 1 if place < len(data):
                data[place] ^= 1 << chance.randrange(8)
            case 2:
                del data[place : place + chance.randrange(1, 9)]
            case 3:
                data[place:place] = chance.randbytes(chance.randrange(1, 9))
            case 4:
                start = chance.randrange(len(data) + 1)
                data[place:place] = data[start : start + chance.randrange(1, 40)]
            case _:
                del data[place:]
    return bytes(data)


async def ask(api: World, method: str, target: str, body: bytes | None, **headers: str) -> str:
    """What is wrong with the answer; empty if nothing is."""
    async with asyncio.timeout(10):
        found = await api.answer(method, target, body, peer=ADMIN, **headers)
    if not isinstance(found, Response):
        return ""
    if found.status < 500:
        return ""
    # Without a reason are the errors that upstream has no better answer to either.
    is_ours = b"InternalError" in found.body or b"Status" not in found.body
    return f"{method} {target} {headers}: {found.status} {found.body[:400]!r} for {body!r}" if is_ours else ""


async def test_damaged_bodies_of_every_kind_in_every_format(api: World, chance: random.Random) -> None:
    formats: list[tuple[str, Callable[[Any], bytes | None]]] = [
        ("application/json", orjson.dumps), ("application/yaml", lambda found: yaml.safe_dump(found).encode()),
        (PROTOBUF, encode),
    ]  # fmt: skip
    faults = []
    for kind in ALL:
        await api.ask("POST", collection(kind), sample(kind))
    for _ in turns():
        kind, (media, form) = chance.choice(ALL), chance.choice(formats)
        body = damaged(form(sample(kind)) or b"k8s\0", chance)
        accept = chance.choice(["", PROTOBUF, "application/yaml", "application/json;as=Table;v=v1;g=meta.k8s.io"])
        headers = {"content_type": media, **({"accept": f"{accept},application/json"} if accept else {})}
        query = chance.choice(["?dryRun=All", "?dryRun=All&fieldValidation=Strict", "?dryRun=All&fieldManager=m"])
        faults.append(await ask(api, "POST", collection(kind) + query, body, **headers))
        faults.append(await ask(api, "PUT", path_of(kind) + query, body, **headers))
        patch = {**headers, "content_type": chance.choice(PATCHES)}
        faults.append(await ask(api, "PATCH", path_of(kind) + query, body, **patch))
        faults.append(await ask(api, "DELETE", path_of(kind) + "?dryRun=All", body, **headers))
    assert list(filter(None, faults)) == []


NONSENSE = [
    None, True, False, 0, -1, 1, 65536, 2**31, 2**63, 2**70, -(2**63), 1.5, 1e300, "", "\0", "a", "A b", "..", "²",
    "%s",
    "10.96.0.1", "::1", "10.0.0.0/8", "2026-01-01T00:00:00Z", "9999-99-99T99:99:99Z", "100%", "-5%", "1e99", "1Ki",
    "-1m",
    "$(A)", "a/b/c", "a/b", "*", "x" * 300, "self.x", "[", "(", "\U0010ffff", [], {}, [None], [[]], [{}], {"a": None},
    {"": ""}, {"$patch": "delete"}, {"matchLabels": {"a": "b"}}, {"name": "a"}, ["a", "a"], [1, 1], {"k:{": {}},
]  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    members = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    for key, inner in members:
        yield value, key
        yield from places(inner)


def misshapen(found: Any, chance: random.Random) -> Any:
    """An object with a few things wrong in it, whose name stays."""
    found = deepcopy(found)
    for _ in range(chance.choice([1, 1, 2, 3, 5])):
        every = [(where, key) for where, key in places(found) if key not in ("name", "apiVersion", "kind", "metadata")]
        if not every:
            break
        where, key = chance.choice(every)
        match chance.randrange(6):
            case 0:
                del where[key]
            case 1 if isinstance(where, list):
                where.append(deepcopy(where[key]))
            case 2 if isinstance(where, dict):
                where[chance.choice(["unknown", "", "$patch", "items", "selector", "name"])] = chance.choice(NONSENSE)
            case 3:
                other, name = chance.choice(every)
                if isinstance(other, dict) and name in other:
                    where[key] = deepcopy(other[name])
            case _:
                where[key] = deepcopy(chance.choice(NONSENSE))
    return found


def rich(kind: Kind) -> Any:
    """An object that uses many of its fields, where some test has one."""
    found = sample(kind)
    more = MANIFESTS[kind.name][1] if kind.name in MANIFESTS else SAMPLES.get(kind.name) or {}
    return {**found, **deepcopy(more), "metadata": found["metadata"]}


def asked(found: Any) -> bytes:
    return json.dumps(found).encode("utf-8", "surrogatepass")


async def test_misshapen_objects_of_every_kind_in_every_verb(api: World, chance: random.Random) -> None:
    faults = []
    for kind in ALL:
        await api.ask("POST", collection(kind), sample(kind))
    for turn in turns():
        kind = chance.choice(ALL)
        body = misshapen(rich(kind), chance)
        query = chance.choice(["", "?dryRun=All", "?fieldValidation=Strict", "?dryRun=All&fieldManager=m"])
        below = chance.choice(["", "", "/status", "/scale"])
        one, plain = path_of(kind) + below, {"content_type": "application/json"}
        faults.append(await ask(api, "POST", collection(kind) + query, asked(body), **plain))
        faults.append(await ask(api, "PUT", one + query, asked(body), **plain))
        for media in PATCHES[1:]:
            target = f"{one}?fieldManager=m&force=true" if "apply" in media else one
            faults.append(await ask(api, "PATCH", target, asked(body), content_type=media))
        for form in ("application/json", TABLE, f"{PROTOBUF},application/json"):
            faults.append(await ask(api, "GET", collection(kind), None, accept=form))
        if turn % 40 == 0:
            faults += [await ask(api, "GET", collection(each), None, accept="application/yaml") for each in ALL]
        if turn % 10 == 0:
            merge = {"content_type": "application/merge-patch+json"}
            await api.ask("PATCH", path_of(kind), {"metadata": {"finalizers": None}}, **merge)
            await api.ask("DELETE", f"{path_of(kind)}?gracePeriodSeconds=0")
            await api.ask("POST", collection(kind), sample(kind))
    known = ("range is full", "duplicate nodePort", "failed calling webhook")
    assert [fault for fault in faults if fault and not any(text in fault for text in known)] == []


ACCEPTS = [
    "application/json;as=Table;v=v1;g=meta.k8s.io", "application/vnd.kubernetes.protobuf;q=0.5", "application/yaml",
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "text/html", "application/json;stream=watch",
    "application/cbor", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", "*/*",
]  # fmt: skip
HEADERS = {
    "accept": ACCEPTS, "content_type": ACCEPTS, "accept_encoding": ["gzip, deflate;q=0", "identity", "gzip;q=1.0"],
    "impersonate_user": ["system:anonymous", "eve", ""], "impersonate_group": ["system:masters", ""],
    "impersonate_extra_a": ["b"], "impersonate_uid": ["1"], "if_none_match": ['"x"', "*", 'W/"x"'],
    "authorization": ["Bearer x.y.z", "Basic eDp5", "Bearer"], "user_agent": ["kubectl/v1.36 (x)", "\xff", ""],
    "upgrade": ["websocket", "SPDY/3.1", "h2c"], "connection": ["Upgrade", "close", "keep-alive"],
    "sec_websocket_protocol": ["v5.channel.k8s.io, v4.channel.k8s.io", "base64.binary.k8s.io", ","],
    "sec_websocket_key": ["dGhlIHNhbXBsZSBub25jZQ==", "x"], "sec_websocket_version": ["13", "7"],
    "x_stream_protocol_version": ["v4.channel.k8s.io", "v0"], "range": ["bytes=0-1"], "expect": ["100-continue"],
    "traceparent": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"], "audit_id": ["x", "y" * 100],
}  # fmt: skip
PLACES = [
    "/", "/api", "/apis", "/version", "/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1", "/metrics", "/readyz?verbose",
    MAPS, f"{MAPS}?watch=true&timeoutSeconds=1", f"{MAPS}/one", "/api/v1/pods?limit=1", "/apis/apps/v1",
    "/api/v1/namespaces/default/pods/one/exec?command=sh&stdin=true", "/api/v1/namespaces/default/pods/one/log",
    "/api/v1/namespaces/default/services/one/proxy/", "/api/v1/nodes/one/proxy/", "/.well-known/openid-configuration",
]  # fmt: skip


async def test_damaged_headers_everywhere(api: World, chance: random.Random) -> None:
    faults = []
    await api.ask("POST", MAPS, {"metadata": {"name": "one"}})
    for _ in turns():
        headers = {}
        for name in chance.sample(sorted(HEADERS), chance.randrange(1, 5)):
            value = ", ".join(chance.choices(HEADERS[name], k=chance.randrange(1, 3)))
            if chance.random() < 0.5:
                value = damaged(value.encode("latin-1"), chance).decode("latin-1")
            headers[name] = value
        method = chance.choice(["GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
        faults.append(await ask(api, method, chance.choice(PLACES), b"{}" if method[0] == "P" else None, **headers))
    # A pod without a node and a node without an address cannot be asked: that is told as upstream tells it.
    known = ("no preferred addresses", "dial tcp", "has no credentials for nodes", "no endpoints available")
    assert [fault for fault in faults if fault and not any(text in fault for text in known)] == []


class Bytes:
    """A raw connection that says what it is told to and keeps what it hears."""

    def __init__(self, said: list[bytes]) -> None:
        self._said = [*said, b""]
        self.heard = 0

    async def read(self) -> bytes:
        return self._said.pop(0) if self._said else b""

    async def write(self, data: bytes) -> None:
        self.heard += len(data)

    def write_eof(self) -> None: ...

    def close(self) -> None: ...


def pieces(data: bytes, chance: random.Random) -> list[bytes]:
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(4)))
    return list(filter(None, [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]))


def masked(opcode: int, content: bytes, *, is_final: bool = True) -> bytes:
    head = bytes([opcode | (0x80 if is_final else 0)])
    size = len(content)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size)
    return head + length + b"\0\0\0\0" + content


def messages(chance: random.Random) -> bytes:
    return b"".join(
        masked(chance.choice([0, 1, 2, 8, 9, 10]), chance.randbytes(chance.choice([0, 2, 125, 126, 300])),
               is_final=chance.random() < 0.8)
        for _ in range(chance.randrange(1, 6))
    )  # fmt: skip


async def test_damaged_frames_of_a_watch_over_a_web_socket(api: World, chance: random.Random) -> None:
    await api.ask("POST", MAPS, {"metadata": {"name": "one"}})
    for _ in turns():
        found = await api.answer("GET", f"{MAPS}?watch=true", peer=ADMIN, **HANDSHAKE)
        assert isinstance(found, TakeOver)
        async with asyncio.timeout(10):
            await found.run(Bytes(pieces(damaged(messages(chance), chance), chance)))
    assert not api.server.cache.collections["/core/configmaps/"].watchers


async def test_damaged_frames_of_a_nodes_web_socket(chance: random.Random) -> None:
    for _ in turns():
        raw = Bytes(pieces(damaged(messages(chance), chance), chance))
        socket = WebSocket(raw)
        try:
            async with asyncio.timeout(10):
                while await socket.receive() is not None:
                    pass
        except ConnectionError:
            continue
        assert raw.heard < 100_000


def session(chance: random.Random) -> bytes:
    """What a client of SPDY might say."""
    compressor, parts = Compressor(), []
    for _ in range(chance.randrange(1, 12)):
        number = chance.choice([1, 3, 5, 7, 9, 2, 0, 2**31 - 1])
        block = compressor.compress({"streamtype": chance.choice(["error", "data", "stdin"]), "port": "80"})
        parts.append(
            chance.choice([
                lambda number=number, block=block: frames.syn_stream(number, block, is_last=chance.random() < 0.2),
                lambda number=number, block=block: frames.syn_reply(number, block),
                lambda number=number: frames.rst_stream(number, chance.randrange(12)),
                lambda: frames.ping(chance.randrange(1 << 32)),
                lambda number=number: frames.goaway(number),
                lambda number=number: frames.window_update(number, chance.choice([0, 1, 2**31 - 1, 70000])),
                lambda: frames.settings({4: 100, 7: chance.choice([0, 1 << 20, (1 << 32) - 1])}),
                lambda number=number: frames.encode_data(
                    frames.Data(number, chance.randbytes(chance.choice([0, 10, 3000])), chance.random() < 0.2)
                ),
            ])()
        )  # fmt: skip
    return b"".join(parts)


async def test_damaged_frames_of_spdy(chance: random.Random) -> None:
    for turn in turns():
        data = session(chance) if turn % 5 else chance.randbytes(200)
        raw = Bytes(pieces(damaged(data, chance) if turn % 3 else data, chance))
        opened: list[SpdyStream] = []
        connection = SpdyConnection(raw, opened.append)
        async with asyncio.timeout(10):
            await connection.run()
        assert connection.gone.is_set() and all(stream.is_broken or stream.answered for stream in opened)
        assert raw.heard < 200_000


def test_what_is_damaged_differs() -> None:
    whole = orjson.dumps(deepcopy(sample(ALL[0])))
    assert any(damaged(whole, random.Random(seed)) != whole for seed in range(5))
