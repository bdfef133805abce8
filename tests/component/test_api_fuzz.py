"""Damaged objects of every kind through every verb: never a fault of ours, and what is stored can always be read."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import orjson
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from component.api_world import Told, World, world
from component.hostile_manifests import DEFAULT, MANIFESTS, NONSENSE, damaged, manifest, operations
from component.hostile_world import Hostile, hostile_world
from component.http_peer import render
from fairway.apiserver.http import transport_error
from fairway.transport.limits import Limits

pytestmark = pytest.mark.asyncio(loop_scope="module")

KINDS = sorted(MANIFESTS)
EXAMPLES = settings(
    max_examples=40, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)  # fmt: skip
PATCHES = {
    "json": "application/json-patch+json", "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}  # fmt: skip
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
QUICK = Limits(
    error_response=transport_error, header_timeout_s=0.3, body_timeout_s=0.3, idle_timeout_s=0.3, linger_s=0.05
)
UPSTREAM = ("range is full", "duplicate nodePort")
"""What kube-apiserver answers with 500 and calls an internal error, and so do we; other 500s of it have no reason."""


@pytest_asyncio.fixture(loop_scope="module")
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hostile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hostile]:
    async with hostile_world(tmp_path_factory.mktemp("hostile"), QUICK) as made:
        yield made


def blame(told: Told, what: str) -> str:
    """What is wrong with an answer to something that may be refused, but not with a fault of ours."""
    is_upstreams = told.status == 500 and isinstance(told.body, dict) and "reason" not in told.body
    if told.status < 500 or is_upstreams or (told.status == 500 and any(text in told.message for text in UPSTREAM)):
        return ""
    return f"{what}: {told.status} {told.message}"


async def ask(api: World, method: str, target: str, body: Any, media: str = "application/json") -> Told:
    async with asyncio.timeout(10):
        return await api.ask(method, target, orjson.dumps(body), content_type=media)


async def readable(api: World, kind: str) -> list[str]:
    """The kind's collection in every form; what cannot be made of it."""
    target = MANIFESTS[kind][0]
    told = {form: await api.ask("GET", target, accept=form) for form in ("application/json", TABLE, "application/yaml")}
    return [f"list as {form}: {each.status}" for form, each in told.items() if each.status != 200]


async def remove(api: World, kind: str) -> None:
    """Everything of the kind that may go, whatever holds it."""
    target = MANIFESTS[kind][0]
    for item in (await api.ask("GET", target)).body["items"]:
        one = f"{target}/{item['metadata']['name']}"
        await ask(api, "PATCH", one, {"metadata": {"finalizers": None}}, PATCHES["merge"])
        await api.ask("DELETE", f"{one}?gracePeriodSeconds=0")
        if kind == "Namespace":
            # No controller runs here that would end it.
            await ask(api, "PUT", f"{one}/finalize", {"metadata": {"name": item["metadata"]["name"]}, "spec": {}})


@pytest.mark.parametrize("kind", KINDS)
async def test_the_undamaged_object_is_taken(api: World, kind: str) -> None:
    target = MANIFESTS[kind][0]
    told = await ask(api, "POST", f"{target}?fieldValidation=Strict", manifest(kind))
    assert told.status == 201, told.body
    again = await ask(api, "PUT", f"{target}/{told.body['metadata']['name']}", told.body)
    assert again.status == 200, again.body
    assert await readable(api, kind) == []
    await remove(api, kind)


@pytest.mark.parametrize("kind", KINDS)
async def test_damaged_objects_are_taken_or_refused(api: World, kind: str) -> None:
    target = MANIFESTS[kind][0]

    @EXAMPLES
    @given(damaged(kind), damaged(kind), st.sampled_from(["", "?fieldValidation=Strict", "?dryRun=All"]))
    def each(body: Any, other: Any, query: str) -> None:
        loop.run_until_complete(once(body, other, query))

    async def once(body: Any, other: Any, query: str) -> None:
        made = await ask(api, "POST", target + query, body)
        name = made.body["metadata"]["name"] if made.status == 201 else manifest(kind)["metadata"]["name"]
        faults = [
            blame(made, "create"),
            blame(await ask(api, "PUT", f"{target}/{name}{query}", other), "update"),
            blame(await ask(api, "PUT", f"{target}/{name}/status", other), "update status"),
            blame(await ask(api, "PUT", f"{target}/{name}/scale", other), "update scale"),
            *await readable(api, kind),
            blame(await ask(api, "DELETE", f"{target}/{name}", other), "delete"),
        ]
        await remove(api, kind)
        assert [fault for fault in faults if fault] == []

    loop = Elsewhere(asyncio.get_running_loop())
    await asyncio.to_thread(each)


@pytest.mark.parametrize("kind", KINDS)
async def test_damaged_patches_are_taken_or_refused(api: World, kind: str) -> None:
    target, name = MANIFESTS[kind][0], manifest(kind)["metadata"]["name"]

    @EXAMPLES
    @given(damaged(kind), operations(kind), st.sampled_from(["", "/status", "/scale"]))
    def each(body: Any, listed: Any, below: str) -> None:
        loop.run_until_complete(once(body, listed, below))

    async def once(body: Any, listed: Any, below: str) -> None:
        await ask(api, "POST", target, manifest(kind))
        one = f"{target}/{name}{below}"
        faults = [blame(await ask(api, "PATCH", one, body, media), media) for media in PATCHES.values()]
        faults += [blame(await ask(api, "PATCH", one, listed, PATCHES["json"]), "operations")]
        faults += await readable(api, kind)
        await remove(api, kind)
        assert [fault for fault in faults if fault] == []

    loop = Elsewhere(asyncio.get_running_loop())
    await asyncio.to_thread(each)


class Elsewhere:
    """Runs coroutines on the test's loop, for examples that are made in another thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run_until_complete(self, coming: Any) -> None:
        asyncio.run_coroutine_threadsafe(coming, self._loop).result(30)


OPTIONS = [
    "resourceVersion", "resourceVersionMatch", "limit", "continue", "labelSelector", "fieldSelector", "watch", "pretty",
    "timeoutSeconds", "allowWatchBookmarks", "sendInitialEvents", "dryRun", "fieldManager", "fieldValidation",
    "gracePeriodSeconds", "propagationPolicy", "orphanDependents", "includeObject", "container", "tailLines", "follow",
]  # fmt: skip


async def test_damaged_queries_and_paths_are_answered(api: World) -> None:
    texts = st.one_of(NONSENSE.map(str), st.text(max_size=10), st.sampled_from(["true", "Exact", "a in (b", "a=b,c"]))
    parts = st.sampled_from(
        ["api", "apis", "v1", "apps", "namespaces", "default", "services", "pods", "status", "log", "..", "", "watch"]
    )
    targets = st.one_of(
        st.sampled_from([MANIFESTS[kind][0] for kind in KINDS]),
        st.lists(parts, max_size=7).map("/".join).map("/".__add__),
    )

    @settings(EXAMPLES, max_examples=300)
    @given(targets, st.dictionaries(st.sampled_from(OPTIONS), texts, max_size=4), st.sampled_from(["GET", "HEAD"]))
    def each(target: str, options: dict[str, str], method: str) -> None:
        loop.run_until_complete(once(target, options, method))

    async def once(target: str, options: dict[str, str], method: str) -> None:
        query = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in options.items())
        found = await api.answer(method, f"{target}?{query}")
        status = getattr(found, "status", 200)
        assert status < 500 or status == 504, found

    loop = Elsewhere(asyncio.get_running_loop())
    await asyncio.to_thread(each)


async def test_damaged_bytes_on_the_wire_are_answered_or_dropped(hostile: Hostile) -> None:
    body = orjson.dumps({"metadata": {"name": "wire"}, "data": {"a": "b"}})
    target = f"/api/v1{DEFAULT}/configmaps?dryRun=All"
    whole = render("/readyz") + render(target, "Content-Type: application/json", method="POST", body=body)
    chance = random.Random(20260101)

    def mangled() -> bytes:
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 8)):
            place = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    data[place] = chance.randrange(256)
                case 1:
                    del data[place : place + chance.randrange(1, 20)]
                case 2:
                    data[place:place] = chance.randbytes(chance.randrange(1, 20))
                case _:
                    data[place:place] = data[: chance.randrange(1, len(data))]
            if not data:
                return whole
        return bytes(data)

    async def one() -> bytes:
        async with asyncio.timeout(20), await hostile.connect(limit=1 << 20) as peer:
            peer.writer.write(mangled())
            return await peer.rest()

    async with hostile.undisturbed():
        for _ in range(4):
            answers = await asyncio.gather(*[one() for _ in range(100)])
            assert not any(b" 500 " in answer for answer in answers)
