"""A watch is the difference of two lists: for any history, any selector and any revision of it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from component.api_world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
CLAIMS = "/api/v1/namespaces/{}/pods"
NAMESPACES, NAMES = ("default", "kube-public"), ("a", "b", "c")
MERGE = {"content_type": "application/merge-patch+json"}
Step = tuple[str, str, str, str, str]
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(["create", "label", "label", "phase", "touch", "nothing", "delete"]),
        st.sampled_from(NAMESPACES), st.sampled_from(NAMES), st.sampled_from(["red", "green", ""]),
        st.sampled_from(["Running", "Succeeded"]),
    ),
    min_size=1, max_size=14,
)  # fmt: skip
SELECTORS = st.sampled_from([
    "", "labelSelector=color%3Dred", "labelSelector=color!%3Dred", "labelSelector=!color", "labelSelector=color",
    "labelSelector=color%20in%20(red%2Cgreen)", "labelSelector=color%20notin%20(red)", "labelSelector=color%3D",
    "fieldSelector=metadata.name%3Da", "fieldSelector=status.phase%3DRunning",
    "fieldSelector=status.phase!%3DRunning%2Cmetadata.namespace%3Ddefault",
    "labelSelector=color%3Dred&fieldSelector=status.phase%3DRunning",
])  # fmt: skip
PLACES = st.sampled_from(["/api/v1/pods", CLAIMS.format("default")])


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


async def step(api: World, what: str, namespace: str, name: str, color: str, phase: str) -> None:
    collection = CLAIMS.format(namespace)
    one = f"{collection}/{name}"
    labels = {"color": color} if color else {}
    match what:
        case "create":
            spec = {"containers": [{"name": "c", "image": "i"}]}
            await api.ask("POST", collection, {"metadata": {"name": name, "labels": labels}, "spec": spec})
        case "label":
            await api.ask("PATCH", one, {"metadata": {"labels": {"color": color or None}}}, **MERGE)
        case "phase":
            await api.ask("PATCH", f"{one}/status", {"status": {"phase": phase}}, **MERGE)
        case "touch":
            await api.ask("PATCH", one, {"metadata": {"annotations": {"touched": phase}}}, **MERGE)
        case "nothing":
            await api.ask("PATCH", one, {}, **MERGE)
        case "delete":
            await api.ask("DELETE", f"{one}?gracePeriodSeconds=0")


async def listed(api: World, target: str) -> tuple[dict[str, Any], str]:
    told = await api.ask("GET", target)
    assert told.status == 200, told.body
    items = {key_of(each): each for each in told.body["items"]}
    return items, told.body["metadata"]["resourceVersion"]


def key_of(found: Any) -> str:
    return f"{found['metadata']['namespace']}/{found['metadata']['name']}"


def bare(found: Any) -> Any:
    """As it stands in a list of its kind."""
    return {name: value for name, value in found.items() if name not in ("kind", "apiVersion")}


def replayed(before: dict[str, Any] | None, events: list[Any]) -> dict[str, Any]:
    """A copy kept by events, each of which must fit what is known; ``None``: they begin with what is there."""
    copy, last = dict(before or {}), 0
    for event in events:
        found = event["object"]
        key, revision = key_of(found), int(found["metadata"]["resourceVersion"])
        assert revision > last or before is None, "events in order, each once; what is there first comes in any order"
        last = revision
        assert (event["type"] == "ADDED") == (key not in copy), event
        if event["type"] == "DELETED":
            del copy[key]
        else:
            copy[key] = bare(found)
    return copy


async def events_until(api: World, target: str, end: str) -> list[Any]:
    """What a watch tells up to the revision ``end``, which has been reached: it all comes at once."""
    taker = await api.watch(target)
    await asyncio.sleep(0)
    taker.close()
    events = [line for line in taker.lines if line["type"] != "BOOKMARK"]
    return [event for event in events if int(event["object"]["metadata"]["resourceVersion"]) <= int(end)]


class Drawn(NamedTuple):
    """One example, whole: hypothesis draws in another thread."""

    steps: list[Step]
    place: str
    selector: str
    start: int
    past: int
    limit: int
    meanwhile: list[Step]


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.builds(Drawn, STEPS, PLACES, SELECTORS, st.integers(0, 99), st.integers(0, 99), st.integers(1, 3), STEPS))
def examples(drawn: Drawn) -> None:
    """Runs ``once`` on the loop of the test."""
    asyncio.run_coroutine_threadsafe(once(Current.api, drawn), Current.loop).result(60)


class Current:
    """What the examples work with."""

    api: World
    loop: asyncio.AbstractEventLoop


async def once(api: World, drawn: Drawn) -> None:
    place, selector = drawn.place, drawn.selector
    states: list[tuple[dict[str, Any], str]] = [await listed(api, f"{place}?{selector}")]
    live = await api.watch(f"{place}?watch=true&{selector}&resourceVersion={states[0][1]}")
    for each in drawn.steps:
        await step(api, *each)
        states.append(await listed(api, f"{place}?{selector}"))
    last, end = states[-1]
    await asyncio.sleep(0)
    assert replayed(states[0][0], live.lines) == last, "told as it happened"
    live.close()
    # From any earlier list the rest of the history leads to the last one.
    before, revision = states[drawn.start % len(states)]
    later = await events_until(api, f"{place}?watch=true&{selector}&resourceVersion={revision}", end)
    assert replayed(before, later) == last, "told afterwards"
    # Without a revision, and as a streamed list, the state comes first.
    whole = await events_until(api, f"{place}?watch=true&{selector}", end)
    assert replayed(None, whole) == last
    initial = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    assert replayed(None, await events_until(api, f"{place}?watch=true&{selector}&{initial}", end)) == last
    # Every past state can be listed, whole or page by page, also while others write.
    past, revision = states[drawn.past % len(states)]
    exact, _ = await listed(api, f"{place}?{selector}&resourceVersion={revision}&resourceVersionMatch=Exact")
    assert exact == past
    pages: dict[str, Any] = {}
    query, meanwhile = f"{place}?{selector}&limit={drawn.limit}", iter(drawn.meanwhile)
    told = await api.ask("GET", f"{query}&resourceVersion={revision}&resourceVersionMatch=Exact")
    while True:
        assert len(told.body["items"]) <= drawn.limit and told.body["metadata"]["resourceVersion"] == revision
        pages |= {key_of(each): each for each in told.body["items"]}
        if not (token := told.body["metadata"].get("continue")):
            break
        if (between := next(meanwhile, None)) is not None:
            await step(api, *between)
        told = await api.ask("GET", f"{query}&continue={quote(token)}")
    assert pages == past
    newest, _ = await listed(api, f"{place}?{selector}")
    assert (await listed(api, f"{place}?{selector}&resourceVersion=0"))[0] == newest
    assert (await listed(api, f"{place}?{selector}&resourceVersion={end}&resourceVersionMatch=NotOlderThan"))[
        0
    ] == newest


async def test_watches_and_lists_agree(api: World) -> None:
    Current.api, Current.loop = api, asyncio.get_running_loop()
    await asyncio.to_thread(examples)
