"""Lists: order, selectors, pages that agree with one another, revisions."""

import sys
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from component.api_world import World, world
from fairway.apiserver.selection import Selection
from fairway.apiserver.settings import Limits, Settings

MAPS = "/api/v1/namespaces/default/configmaps"


async def fill(api: World, *names: str, **labels: str) -> None:
    for name in names:
        await api.ask("POST", MAPS, {"metadata": {"name": name, "labels": labels}})


def names(found: Any) -> list[str]:
    return [item["metadata"]["name"] for item in found["items"]]


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


async def test_a_list_says_of_which_revision_it_is(api: World) -> None:
    await fill(api, "b", "a")
    found = (await api.ask("GET", MAPS)).body
    assert (found["kind"], found["apiVersion"], names(found)) == ("ConfigMapList", "v1", ["a", "b"])
    assert found["metadata"] == {"resourceVersion": str(api.server.cache.revision)}


async def test_the_list_says_what_its_items_are_and_a_watch_says_it_of_each(api: World) -> None:
    """As upstream's typed lists do; only objects of custom kinds say it themselves."""
    await fill(api, "a")
    (item,) = (await api.ask("GET", MAPS)).body["items"]
    assert set(item) == {"metadata"}
    (event,) = await (await api.watch(f"{MAPS}?watch=true&resourceVersion=0")).events(1)
    assert (event["object"]["kind"], event["object"]["apiVersion"]) == ("ConfigMap", "v1")


async def test_labels_and_fields_select(api: World) -> None:
    await fill(api, "a", "b", app="web")
    await fill(api, "c")
    assert names((await api.ask("GET", f"{MAPS}?labelSelector=app")).body) == ["a", "b"]
    assert names((await api.ask("GET", f"{MAPS}?labelSelector=!app")).body) == ["c"]
    assert names((await api.ask("GET", f"{MAPS}?fieldSelector=metadata.name=b")).body) == ["b"]
    assert names((await api.ask("GET", "/api/v1/configmaps?fieldSelector=metadata.name!=b")).body) == ["a", "c"]


@pytest.mark.parametrize("query", ["limit=1&limit=2", "limit=1&continue=%%%", "limit=1&limit;=3", "limit=1&x=%zz"])
async def test_what_is_said_first_counts_and_what_is_malformed_does_not(api: World, query: str) -> None:
    await fill(api, "a", "b")
    told = await api.ask("GET", f"{MAPS}?{query}")
    assert (told.status, names(told.body)) == (200, ["a"])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/v1/pods?fieldSelector=spec.foo=1", "field label not supported: spec.foo"),
        ("/api/v1/nodes?fieldSelector=metadata.namespace=a", "field label not supported: metadata.namespace"),
        ("/apis/batch/v1/jobs?fieldSelector=a=b", 'field label "a" not supported for batchv1.Job'),
        ("/api/v1/persistentvolumes?fieldSelector=metadata.namespace=a", ""),
    ],
)
async def test_every_kind_refuses_field_selectors_in_its_own_words(api: World, path: str, message: str) -> None:
    told = await api.ask("GET", path)
    assert (told.status, told.body.get("message", "")) == (400 if message else 200, message)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("fieldSelector=spec.colour=blue", '"spec.colour" is not a known field selector: only "metadata.name", '),
        ("labelSelector=a%20in%20b", "unable to parse requirement: "),
        ("limit=many", "strconv.ParseInt: parsing"),
        ("resourceVersion=new", "invalid resource version: "),
        ("continue=!!", "invalid continue token: continue key is not valid: "),
        (f"continue={urlsafe_b64encode(b'[]').decode()}", "invalid continue token: continue key is not valid: "),
    ],
)
async def test_options_that_cannot_be_read_are_a_400(api: World, query: str, message: str) -> None:
    told = await api.ask("GET", f"{MAPS}?{query}")
    assert (told.status, told.message[: len(message)]) == (400, message)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("resourceVersionMatch=Exact", "resourceVersionMatch is forbidden unless resourceVersion is provided"),
        ("resourceVersionMatch=Exact&resourceVersion=0", '"exact" is forbidden for resourceVersion "0"'),
        ("resourceVersionMatch=Near&resourceVersion=1", 'Unsupported value: "Near"'),
        ("sendInitialEvents=true", "sendInitialEvents is forbidden for list"),
    ],
)  # fmt: skip
async def test_options_that_do_not_go_together_are_a_422(api: World, query: str, message: str) -> None:
    told = await api.ask("GET", f"{MAPS}?{query}")
    assert (told.status, message in told.message) == (422, True)


async def test_pages_show_the_state_of_the_first(api: World) -> None:
    await fill(api, "a", "b", "c", "d", "e")
    first = (await api.ask("GET", f"{MAPS}?limit=2")).body
    assert (names(first), first["metadata"]["remainingItemCount"]) == (["a", "b"], 3)
    await api.ask("DELETE", f"{MAPS}/d")
    await fill(api, "bb", "f")
    second = (await api.ask("GET", f"{MAPS}?limit=2&continue={first['metadata']['continue']}")).body
    third = (await api.ask("GET", f"{MAPS}?limit=2&continue={second['metadata']['continue']}")).body
    assert (names(second), names(third)) == (["c", "d"], ["e"])
    assert "continue" not in third["metadata"]
    assert {page["metadata"]["resourceVersion"] for page in (first, second, third)} == {
        first["metadata"]["resourceVersion"]
    }


async def test_with_selectors_nobody_counts_what_remains(api: World) -> None:
    await fill(api, "a", "b", "c", app="web")
    found = (await api.ask("GET", f"{MAPS}?limit=1&labelSelector=app")).body
    assert (names(found), "remainingItemCount" in found["metadata"]) == (["a"], False)


async def test_a_page_of_a_forgotten_state_offers_to_go_on_with_the_newest() -> None:
    async with world(Settings(limits=Limits(window_bytes=2_000))) as api:
        await fill(api, "a", "b", "c")
        first = (await api.ask("GET", f"{MAPS}?limit=1")).body
        await fill(api, *(f"x{n}" for n in range(20)))
        told = await api.ask("GET", f"{MAPS}?limit=1&continue={first['metadata']['continue']}")
        assert (told.status, told.body["reason"]) == (410, "Expired")
        newest = (await api.ask("GET", f"{MAPS}?limit=1&continue={told.body['metadata']['continue']}")).body
        assert names(newest) == ["b"]


async def test_an_exact_revision_is_shown_as_it_was(api: World) -> None:
    await fill(api, "a")
    then = (await api.ask("GET", MAPS)).body["metadata"]["resourceVersion"]
    await fill(api, "b")
    exact = (await api.ask("GET", f"{MAPS}?resourceVersion={then}&resourceVersionMatch=Exact")).body
    newer = (await api.ask("GET", f"{MAPS}?resourceVersion={then}&resourceVersionMatch=NotOlderThan")).body
    assert (names(exact), names(newer)) == (["a"], ["a", "b"])


async def test_a_revision_of_the_future_is_a_504_that_says_when_to_come_back(api: World) -> None:
    current = api.server.cache.revision
    for target in (MAPS, "/api/v1/namespaces/default"):
        told = await api.ask("GET", f"{target}?resourceVersion=999999")
        assert (told.status, told.message) == (504, f"Timeout: Too large resource version: 999999, current: {current}")
        assert told.body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"
        assert told.headers["retry-after"] == "1"


async def test_a_page_costs_what_is_on_it_and_not_what_is_left(api: World) -> None:
    looked_at = 0

    def seen(frame: Any, event: str, _: Any) -> None:
        nonlocal looked_at
        looked_at += event == "call" and frame.f_code is Selection.matches.__code__

    await fill(api, *(f"m{number:03}" for number in range(200)), app="web")
    sys.setprofile(seen)
    try:
        found = (await api.ask("GET", f"{MAPS}?labelSelector=app&limit=10")).body
    finally:
        sys.setprofile(None)
    assert len(found["items"]) == 10 and found["metadata"]["continue"]
    assert looked_at == 11


async def test_a_limit_with_a_revision_means_exactly_that_revision(api: World) -> None:
    await fill(api, "a", "b", "c")
    revision = api.server.cache.revision
    await api.ask("DELETE", f"{MAPS}/a")
    first = (await api.ask("GET", f"{MAPS}?limit=2&resourceVersion={revision}")).body
    assert (names(first), first["metadata"]["resourceVersion"]) == (["a", "b"], str(revision))
    newer = await api.ask("GET", f"{MAPS}?limit=2&resourceVersion={revision}&resourceVersionMatch=NotOlderThan")
    assert names(newer.body) == ["b", "c"]


async def test_what_any_state_will_do_for_comes_whole(api: World) -> None:
    await fill(api, "a", "b", "c")
    for query in ("resourceVersion=0", "resourceVersion=0&resourceVersionMatch=NotOlderThan"):
        found = (await api.ask("GET", f"{MAPS}?limit=2&{query}")).body
        assert names(found) == ["a", "b", "c"] and set(found["metadata"]) == {"resourceVersion"}
    first = (await api.ask("GET", f"{MAPS}?limit=1")).body["metadata"]["continue"]
    rest = await api.ask("GET", f"{MAPS}?limit=1&resourceVersion=0&continue={first}")
    assert names(rest.body) == ["b"]


def token(version: str = "meta.k8s.io/v1", revision: int = 5, start: str = "default/a\0") -> str:
    return urlsafe_b64encode(orjson.dumps({"v": version, "rv": revision, "start": start})).decode().rstrip("=")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("a", "illegal base64 data at input byte 0"),
        ("abc=", "illegal base64 data at input byte 3"),
        ("bogus", "illegal base64 data at input byte 4"),
        ("YQ", "invalid character 'a' looking for beginning of value"),
        ("e30", "server does not recognize this encoded version "),
        ("W10", "json: cannot unmarshal array into Go value of type storage.continueToken"),
        (token(version="v9"), "server does not recognize this encoded version v9"),
        (token(revision=0), "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"),
        (token(start=""), "encoded start key empty (version meta.k8s.io/v1)"),
        (token(start="../secrets"), "../secrets"),
    ],
)
async def test_a_continue_token_that_nobody_made_is_told_apart(api: World, given: str, why: str) -> None:
    told = await api.ask("GET", f"{MAPS}?continue={given}")
    assert (told.status, told.message) == (400, f"invalid continue token: continue key is not valid: {why}")


async def test_a_list_can_be_gone_on_with_for_some_minutes_and_then_only_as_things_are_now(api: World) -> None:
    await fill(api, "a", "b", "c")
    first = (await api.ask("GET", f"{MAPS}?limit=1")).body["metadata"]
    await api.ask("DELETE", f"{MAPS}/c")
    cache = api.server.cache
    for minute in range(5):
        cache.tick(now_s=60.0 * minute)
    going_on = f"{MAPS}?limit=5&continue={first['continue']}"
    assert names((await api.ask("GET", going_on)).body) == ["b", "c"]
    cache.tick(now_s=301.0)
    told = await api.ask("GET", going_on)
    assert (told.status, told.body["reason"]) == (410, "Expired")
    newer = f"{MAPS}?limit=5&continue={told.body['metadata']['continue']}"
    assert names((await api.ask("GET", newer)).body) == ["b"]
    exact = await api.ask("GET", f"{MAPS}?resourceVersion={first['resourceVersion']}&resourceVersionMatch=Exact")
    assert (exact.status, exact.body["reason"]) == (410, "Expired")
