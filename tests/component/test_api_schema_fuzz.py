"""Everything that our own OpenAPI documents say can be asked, asked in strange ways: never a fault of ours.

``FAIRWAY_FUZZ_S`` makes it longer, ``FAIRWAY_FUZZ_SEED`` repeats the choices of a run.
"""

import asyncio
import logging
import os
import random
import time
from pathlib import Path
from typing import Any

import orjson

from component.api_world import ADMIN, NOBODY, NODE, Taker, World, world
from component.schema_cases import Case, Operations
from fairway.apiserver.collection import Collection
from fairway.apiserver.settings import Settings
from fairway.cluster.certificates import ensure_token_key
from fairway.kinds.kind import Kind
from fairway.transport.interface import Peer, Response, Stream

DURATION_S = float(os.environ.get("FAIRWAY_FUZZ_S", "5"))
SEED = os.environ.get("FAIRWAY_FUZZ_SEED", "")
CASES = 3
"""For each operation that is taken: more of them find more than more cases of one."""
ANSWER_S = 30.0
USER = Peer("127.0.0.1", "eve", ("system:authenticated",))
PEERS = (ADMIN, ADMIN, ADMIN, NODE, USER, NOBODY)


class Complaints(logging.Handler):
    """Keeps what is logged with a traceback, or as an error."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or record.levelno >= logging.ERROR:
            self.texts.append(self.format(record))


UPSTREAMS = ("no preferred addresses", "no credentials for nodes", "range is full", "duplicate nodePort")
"""Internal errors that are true here: there are no nodes, and few ports."""


async def documents(api: World) -> list[Any]:
    listed = (await api.ask("GET", "/openapi/v3")).body["paths"]
    return [(await api.ask("GET", each["serverRelativeURL"].partition("?")[0])).body for each in listed.values()]


async def ask(api: World, case: Case, peer: Peer) -> str:
    """What is wrong with the answer; empty if nothing is."""
    headers = {"content_type": case.media} if case.media else {}
    found = await _answer(api, case, peer, headers)
    if isinstance(found, Stream):
        taker = Taker(found)
        await asyncio.sleep(0)
        taker.close()
        return ""
    if not isinstance(found, Response):
        return "" if found.__class__.__name__ == "TakeOver" else f"an answer that is none: {found}"
    if found.status < 400 or not found.content_type.startswith("application/json"):
        return "" if found.status < 500 else f"{found.status} {found.body[:300]!r}"
    body = orjson.loads(found.body) if not any(name == "Content-Encoding" for name, _ in found.headers) else None
    if body is None or found.status < 400:
        return ""
    if (body.get("kind"), body.get("code")) != ("Status", found.status):
        return f"a Status out of shape: {body}"
    # Without a reason are the errors that upstream has no better answer to either.
    is_ours = found.status >= 500 and body.get("reason") == "InternalError"
    is_ours = is_ours and not any(text in body["message"] for text in UPSTREAMS)
    return f"{found.status} {body['message'][:500]}" if is_ours else ""


async def _answer(api: World, case: Case, peer: Peer, headers: dict[str, str]) -> Any:
    async with asyncio.timeout(ANSWER_S):
        return await api.answer(case.method, case.target, case.body or None, peer=peer, **headers)


async def test_nothing_that_the_documents_allow_or_forbid_is_a_fault_of_ours(tmp_path: Path) -> None:
    seed = SEED or str(random.randrange(1 << 32))
    print(f"FAIRWAY_FUZZ_SEED={seed}")
    chance = random.Random(seed)
    complaints = Complaints()
    logging.getLogger("fairway").addHandler(complaints)
    asked, faults = 0, []
    ensure_token_key(tmp_path)
    async with world(Settings(advertise_address="10.244.0.1", token_key=tmp_path / "sa.key")) as api:
        told = await documents(api)
        operations = await asyncio.to_thread(
            lambda: [Operations(each, chance, has_time=DURATION_S > 60) for each in told]
        )
        weights = [len(each) for each in operations]
        usual = {key for _, key in _live(api)}
        ends = time.monotonic() + DURATION_S
        while time.monotonic() < ends:
            (chosen,) = chance.choices(operations, weights)
            for case in await asyncio.to_thread(chosen.cases, CASES):
                peer = chance.choice(PEERS)
                asked += 1
                if fault := await ask(api, case, peer):
                    faults.append(f"{peer.common_name or 'anonymous'} {case}: {fault}")
            if chance.random() < 0.02:
                await _clean(api, usual)
        await _clean(api, usual)
    logging.getLogger("fairway").removeHandler(complaints)
    print(f"{asked} requests, {sum(weights)} operations")
    assert faults == [], "\n\n".join(faults[:20])
    assert complaints.texts == [], "\n\n".join(complaints.texts[:5])
    assert asked


def _live(api: World) -> list[tuple[Collection, str]]:
    return [(each, key) for each in api.server.cache.collections.values() for key in each.live]


async def _clean(api: World, usual: set[str]) -> None:
    """What was made goes, so that the next object can be made again; everything can still be read."""
    for collection in list(api.server.cache.collections.values()):
        kind = collection.kind
        if kind.custom is None and kind.name:
            told = await api.ask("GET", f"{_root(kind)}/{kind.plural}")
            assert told.status == 200, (kind.name, told.body)
    for collection, key in _live(api):
        kind = collection.kind
        if key in usual or not kind.name or key not in collection.live:
            continue
        metadata = collection.live[key].object["metadata"]
        below = f"/namespaces/{metadata['namespace']}" if kind.namespaced else ""
        one = f"{_root(kind)}{below}/{kind.plural}/{metadata['name']}"
        patch = {"metadata": {"finalizers": None}}
        await api.ask("PATCH", one, patch, content_type="application/merge-patch+json")
        await api.ask("DELETE", f"{one}?gracePeriodSeconds=0")


def _root(kind: Kind) -> str:
    return f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.version}"
