"""Requests that are cheap to send and could be dear to answer: bounded in time, in memory and in the answer's size."""

import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from component.hostile_world import Hostile, hostile_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEFAULT = "/api/v1/namespaces/default"
MAPS, SERVICES, PODS = f"{DEFAULT}/configmaps", f"{DEFAULT}/services", f"{DEFAULT}/pods"
BODY_BYTES = (3 << 20) - 500
STRATEGIC = "application/strategic-merge-patch+json"
ANSWER_BYTES = 16 << 20
COST_S = 8.0
"""Of a processor, client and server together.  Each takes about a second at most; quadratic work would take minutes."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hostile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hostile]:
    async with hostile_world(tmp_path_factory.mktemp("hostile")) as made:
        yield made


def resident_bytes() -> int:
    """What this process holds in memory now.  Source: proc(5)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def full(before: bytes, item: Callable[[int], bytes], after: bytes) -> bytes:
    """As many items as a body holds."""
    items, size = [], len(before) + len(after)
    while True:
        made = item(len(items))
        size += len(made) + 1
        if size > BODY_BYTES:
            return before + b",".join(items) + after
        items.append(made)


NAMED = b'{"metadata":{"name":"x"'
SPEC = NAMED + b'},"spec":{"ports":[{"port":80}],'
POD = NAMED + b'},"spec":{"containers":[{"name":"c","image":"i"'
BODIES = {
    "labels": (MAPS, full(NAMED + b',"labels":{', lambda n: b'"/%d":"-"' % n, b"}}}")),
    "annotations": (MAPS, full(NAMED + b',"annotations":{', lambda n: b'"/%d":"-"' % n, b"}}}")),
    "finalizers": (MAPS, full(NAMED + b',"finalizers":[', lambda n: b'"-"', b"]}}")),
    "owners": (MAPS, full(NAMED + b',"ownerReferences":[', lambda n: b"{}", b"]}}")),
    "controllers": (MAPS, full(NAMED + b',"ownerReferences":[', lambda n: b'{"controller":true}', b"]}}")),
    "managers": (f"{MAPS}?dryRun=All", full(NAMED + b',"managedFields":[', lambda n: b"{}", b"]}}")),
    "unknown fields": (f"{MAPS}?dryRun=All", full(NAMED + b"},", lambda n: b'"k%d":1' % n, b"}")),
    "one long unknown field": (f"{MAPS}?dryRun=All", NAMED + b'},"' + b"k" * 2_900_000 + b'":1}'),
    "duplicates": (f"{MAPS}?fieldValidation=Strict", full(NAMED + b'},"data":{', lambda n: b'"k":"v"', b"}}")),
    "a long name": (MAPS, b'{"metadata":{"name":"' + b"\\u0001" * 480_000 + b'"}}'),
    "ports": (SERVICES, full(NAMED + b'},"spec":{"ports":[', lambda n: b'{"port":80}', b"]}}")),
    "nulls": (SERVICES, full(NAMED + b'},"spec":{"ports":[', lambda n: b"null", b"]}}")),
    "families": (SERVICES, full(SPEC + b'"ipFamilies":[', lambda n: b'"IPv4"', b"]}}")),
    "cluster IPs": (SERVICES, full(SPEC + b'"clusterIPs":[', lambda n: b'"-"', b"]}}")),
    "external IPs": (SERVICES, full(SPEC + b'"externalIPs":[', lambda n: b'"-"', b"]}}")),
    "pull secrets": (f"{PODS}?dryRun=All", full(POD + b'}],"imagePullSecrets":[', lambda n: b"{}", b"]}}")),
    "variables": (PODS, full(POD + b',"env":[', lambda n: b"{}", b"]}]}}")),
    "container ports": (PODS, full(POD + b',"ports":[', lambda n: b'{"containerPort":80}', b"]}]}}")),
    "empty lists": (MAPS, b"[" + b"[]," * 1_000_000 + b"[]]"),
}


@pytest.mark.parametrize("what", BODIES)
async def test_a_body_full_of_one_fault_is_answered_soon_and_shortly(hostile: Hostile, what: str) -> None:
    target, body = BODIES[what]
    before = resident_bytes()
    async with hostile.undisturbed():
        began = time.process_time()
        told = await hostile.ask("POST", target, body)
        took = time.process_time() - began
    assert told.status in (201, 400, 413, 422)
    assert took < COST_S
    assert int(told.headers["content-length"]) < ANSWER_BYTES
    assert sum(map(len, told.headers.values())) < 64 << 10
    assert resident_bytes() - before < 400 << 20


@pytest.mark.parametrize("directive", ["retainKeys", "setElementOrder", "deleteFromPrimitiveList"])
async def test_a_patch_full_of_directives_is_answered_soon(hostile: Hostile, directive: str) -> None:
    names = b",".join(b'"k%d"' % number for number in range(100_000))
    ports = b",".join(b'{"port":%d}' % number for number in range(60_000))
    patch = {
        "retainKeys": b'{"metadata":{"$retainKeys":[' + names + b"]," + names.replace(b'",', b'":1,') + b":1}}",
        "setElementOrder": b'{"spec":{"$setElementOrder/ports":[' + ports + b'],"ports":[' + ports + b"]}}",
        "deleteFromPrimitiveList": b'{"metadata":{"$deleteFromPrimitiveList/finalizers":[' + names + b"]}}",
    }[directive]
    async with hostile.undisturbed():
        began = time.process_time()
        told = await hostile.ask("PATCH", f"{SERVICES}/kubernetes?dryRun=All", patch, media=STRATEGIC)
        took = time.process_time() - began
    assert took < COST_S
    assert told.status in (200, 400, 422)


async def test_long_texts_that_differ_each_time_are_not_remembered(hostile: Hostile) -> None:
    async def round_of(start: int) -> None:
        for number in range(start, start + 20):
            long = f"{number}" + "x" * 400_000
            await hostile.ask("GET", f"{SERVICES}?labelSelector=a{number}%20in%20({','.join(['v'] * 5_000)})")
            await hostile.ask("GET", f"{SERVICES}?pretty={long}")
            await hostile.ask("GET", SERVICES, None, f"Accept: a/{long}, application/json")
            await hostile.ask("POST", MAPS, {"metadata": {"name": "x", "labels": {long: long}}})
            await hostile.ask("GET", f"{SERVICES}/kubernetes/{long}")

    for start in (0, 20):  # until the allocator has what it takes
        await round_of(start)
    before = resident_bytes()
    async with hostile.undisturbed():
        await round_of(40)
    assert resident_bytes() - before < 12 << 20
