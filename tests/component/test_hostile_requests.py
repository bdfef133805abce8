"""Requests for what is not there, by those who may not, or in no readable way: the right Status, nothing stored."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from component.hostile_world import Hostile, decoded, fault, hostile_world
from component.http_peer import render

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEFAULT = "/api/v1/namespaces/default"
MAPS, SERVICES = f"{DEFAULT}/configmaps", f"{DEFAULT}/services"
NINES = "9" * 5000
LAST = "%F4%8F%BF%BF"
"""The last character that there is, as UTF-8 in an escape: nothing sorts behind it."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hostile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hostile]:
    async with hostile_world(tmp_path_factory.mktemp("hostile")) as made:
        yield made


# Paths.


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/..", "/api/v1/../..", "/api//v1/pods", "/apis//v1/x", "/apis/apps//deployments",
        "/api/v2", "/api/v2/pods",
        f"{DEFAULT}/../default/configmaps", f"{DEFAULT}//configmaps", f"{MAPS}/a%2fb",
        f"{MAPS}/%2e%2e%2f%2e%2e%2fnodes", f"{MAPS}/%00", f"{MAPS}/a%00b", f"{MAPS}/{LAST}", f"{MAPS}/%0d%0aX:%20y",
        f"{MAPS}/{'a' * 100_000}", f"/api/v1/{'a/' * 50_000}", f"{SERVICES}/kubernetes/nope",
        f"{SERVICES}/kubernetes/status/x", f"{SERVICES}/kubernetes/status/../x", "/api/v1/watch/watch/watch",
        "/apis/apps/v9/x", f"{MAPS}/x/{'s' * 1000}", "/api/v1/nodes/n1/proxy/%2e%2e/%2e%2e/etc/passwd",
    ],
    ids=lambda target: target[:40],
)  # fmt: skip
async def test_a_path_that_leads_nowhere_is_a_404_in_a_status(hostile: Hostile, target: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("GET", target)
        hidden = await hostile.ask("GET", target, who=hostile.contexts.nobody)
    assert fault(told, 404) == ""
    assert fault(hidden, 403) == "", "who has no credentials is not told what is there"


@pytest.mark.parametrize(
    "target",
    ["/nowhere", "/a" * 50_000, "/healthz/../metrics", "/healthz/%2e%2e/metrics", "/livez/nope", "*",
     "/openapi/v3/../..", "/openapi/v3/%00", "/openapi/v2/x", "/metrics/../", "/apis/a/b/c/d/e/f"],
    ids=lambda target: target[:40],
)  # fmt: skip
async def test_what_is_below_no_group_is_a_plain_404(hostile: Hostile, target: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("GET", target)
    assert (told.status, told.body) == (404, b"404 page not found\n")


@pytest.mark.parametrize(
    ("name", "why"), [("..", "may not be '..'"), ("%2e", "may not be '.'"), ("a%25b", "may not contain '%'")]
)
async def test_a_name_that_is_none_is_a_400(hostile: Hostile, name: str, why: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("GET", f"{MAPS}/{name}")
    assert fault(told, 400) == ""
    assert told.message.endswith(why)


@pytest.mark.parametrize("target", ["/%", "/%zz", "/a%", "/%F", f"{MAPS}/%FF"])
async def test_an_escape_that_is_none_is_a_400(hostile: Hostile, target: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("GET", target)
    assert fault(told, 400) == ""


@pytest.mark.parametrize("target", ["a", "a/b", "?", "/a b", "/\t", "/a\0", "/ü", ""])
async def test_a_target_that_is_none_is_a_400(hostile: Hostile, target: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.sent(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert told.status in (400, 404)


@pytest.mark.parametrize("namespace", ["..", "%00", "a" * 5000, LAST, "UPPER", "a%2fb%2fc", "%20"])
async def test_a_namespace_that_cannot_be_holds_nothing_and_takes_nothing(hostile: Hostile, namespace: str) -> None:
    target = f"/api/v1/namespaces/{namespace}/configmaps"
    async with hostile.undisturbed():
        listed = await hostile.ask("GET", target)
        told = await hostile.ask("POST", target, {"metadata": {"name": "x"}})
    assert listed.status == 404 or listed.body["items"] == []
    assert fault(told, 404) == ""


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PROPFIND", "LINK", "PURGE", "M-SEARCH", "SOURCE", "CONNECT"])
async def test_a_method_without_meaning_here_is_a_405(hostile: Hostile, method: str) -> None:
    async with hostile.undisturbed():
        told = [await hostile.ask(method, target) for target in (MAPS, f"{SERVICES}/kubernetes", "/version")]
    assert [fault(each, 405) for each in told] == ["", "", ""]


@pytest.mark.parametrize("method", ["BREW", "get", "G", "GETT", "PRI", "\0", "GET\0", "GÜT", "X" * 10_000])
async def test_a_method_that_is_none_is_a_400(hostile: Hostile, method: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.sent(f"{method} {MAPS} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert fault(told, 400) == ""


@pytest.mark.parametrize(
    ("method", "target"),
    [("POST", f"{MAPS}/x"), ("PUT", MAPS), ("PATCH", MAPS), ("DELETE", "/api/v1/namespaces"),
     ("POST", "/api/v1/configmaps"), ("DELETE", "/version"), ("HEAD", "/version"), ("HEAD", MAPS), ("HEAD", "/api/v1"),
     ("HEAD", f"{MAPS}/x"), ("POST", "/api"), ("OPTIONS", "/apis/apps/v1")],
)  # fmt: skip
async def test_a_verb_that_the_resource_has_not_is_a_405(hostile: Hostile, method: str, target: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask(method, target, {})
    assert (told.status == 405) if method == "HEAD" else (fault(told, 405) == "")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
async def test_pages_that_no_router_guards_are_read_by_any_method(hostile: Hostile, method: str) -> None:
    """As upstream's mux has it."""
    async with hostile.undisturbed():
        told = [
            await hostile.ask(method, target, {}) for target in ("/", "/healthz", "/apis", "/apis/apps", "/metrics")
        ]
    assert {each.status for each in told} == {200}


# Queries.


def token(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode()


BAD_QUERIES = [
    "resourceVersion=abc", "resourceVersion=-1", "resourceVersion=1e5", "resourceVersion=%00", "resourceVersion=%D9%A3",
    f"resourceVersion={NINES}", "resourceVersion=18446744073709551616", "resourceVersion=0x1", "resourceVersion=%201",
    "limit=abc", "limit=1.5", "limit=1_0", "limit=%D9%A3", "limit=%201", f"limit={NINES}", "limit=9223372036854775808",
    "continue=abc", "continue=%00", "continue=%C3%A9", f"continue={token(b'[]')}",
    f"continue={token(b'5')}", f"continue={token(b'[' * 5000)}", f"continue={token(bytes(range(256)))}",
    f"continue={LAST}", "continue=" + token(b'{"v":"meta.k8s.io/v1","rv":true,"start":"x"}'),
    "continue=" + token(b'{"v":"meta.k8s.io/v1","rv":1.5,"start":"x"}'),
    "continue=" + token(b'{"v":"meta.k8s.io/v1","rv":1,"start":""}'),
    "continue=" + token(b'{"v":"meta.k8s.io/v1","rv":1,"start":{}}'),
    "continue=" + token(b'{"v":"other","rv":1,"start":"x"}'), "continue=" + "A" * 100_000,
    "labelSelector==", "labelSelector=a%3Db%3Dc", "labelSelector=%00", "labelSelector=a%20in%20(", "labelSelector=(",
    "labelSelector=a%20in%20b", "labelSelector=a%20in%20(b", "labelSelector=a,,b", "labelSelector=a%3Eb",
    f"labelSelector=a%3E{NINES}", "labelSelector=a%3E%D9%A3", f"labelSelector={'a' * 100_000}",
    f"labelSelector={'(' * 50_000}", f"labelSelector={'!' * 50_000}", "labelSelector=%F4%8F%BF%BF", "labelSelector=-a",
    "labelSelector=a%3D-", "labelSelector=a/b/c", "labelSelector=/", "labelSelector=a%0a%3Db%0a%0a,%00",
    "fieldSelector=nope%3D1", "fieldSelector=metadata.name", "fieldSelector=metadata.name%3D%5C",
    "fieldSelector=metadata.name%3Da%3Db", "fieldSelector=a", "fieldSelector=%00%3Dx",
    f"fieldSelector={'%5C' * 50_000}", "fieldSelector=metadata.uid%3Dx", "fieldSelector=__class__%3Dx",
    "timeoutSeconds=abc", "timeoutSeconds=1.5", f"timeoutSeconds={NINES}", "timeoutSeconds=%D9%A3",
]  # fmt: skip


@pytest.mark.parametrize("query", BAD_QUERIES, ids=lambda query: query[:40])
async def test_options_of_a_list_that_cannot_be_read_are_a_400(hostile: Hostile, query: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("GET", f"{SERVICES}?{query}")
    assert fault(told, 400) == ""


WATCH_QUERIES = [
    "timeoutSeconds=abc",
    f"timeoutSeconds={NINES}", f"timeoutSeconds={'9' * 400}", "labelSelector==", "fieldSelector=nope%3D1", "limit=abc",
]  # fmt: skip


@pytest.mark.parametrize("asked", ["abc", "-1", NINES])
async def test_a_revision_that_is_none_is_a_500_but_of_a_list(hostile: Hostile, asked: str) -> None:
    """As upstream, whose lists alone look at it in time."""
    async with hostile.undisturbed():
        told = [
            await hostile.ask("GET", f"{target}resourceVersion={asked}")
            for target in (f"{SERVICES}?watch=1&", f"{SERVICES}/kubernetes?")
        ]
    assert {(each.status, each.message[:31]) for each in told} == {(500, "resourceVersion: Invalid value:")}


@pytest.mark.parametrize("query", WATCH_QUERIES, ids=lambda query: query[:40])
async def test_options_of_a_watch_that_cannot_be_read_are_a_400(hostile: Hostile, query: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("GET", f"{SERVICES}?watch=1&{query}")
    assert fault(told, 400) == ""


@pytest.mark.parametrize(
    "query",
    ["resourceVersionMatch=Foo&resourceVersion=1", "resourceVersionMatch=Exact", "sendInitialEvents=true",
     "watch=1&sendInitialEvents=true", "watch=1&resourceVersionMatch=Exact&resourceVersion=1",
     "resourceVersionMatch=Exact&resourceVersion=0", "resourceVersionMatch=Exact&resourceVersion=1&continue=x"],
)  # fmt: skip
async def test_options_that_do_not_go_together_are_a_422(hostile: Hostile, query: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("GET", f"{SERVICES}?{query}")
    assert fault(told, 422) == ""


async def test_a_watch_of_a_name_that_cannot_be_tells_nothing_and_ends(hostile: Hostile) -> None:
    names = [LAST, "a,b%3Dc", "a%5C", "a%3Db", "%00", "a" * 5000]
    targets = [f"/api/v1/watch/namespaces/default/configmaps/{name}?timeoutSeconds=1" for name in names]
    targets += [f"{MAPS}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3D{name}" for name in (LAST, "%00")]
    async with hostile.undisturbed():
        told = await asyncio.gather(*[hostile.ask("GET", target) for target in targets])
    assert [(each.status, each.body) for each in told] == [(200, b"")] * len(targets)


@pytest.mark.parametrize("revision", ["99999999", "18446744073709551615"])
async def test_a_revision_of_the_future_is_a_504_that_says_when_to_come_back(hostile: Hostile, revision: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("GET", f"{SERVICES}?resourceVersion={revision}")
    assert (fault(told, 504), told.headers["retry-after"]) == ("", "1")


async def test_huge_selectors_are_answered_at_once(hostile: Hostile) -> None:
    many = ",".join(f"a{number}" for number in range(50_000))
    values = ",".join(f"v{number}" for number in range(50_000))
    names = ",".join(["metadata.name!=x"] * 20_000)
    async with hostile.undisturbed(), asyncio.timeout(30):
        told = [
            await hostile.ask("GET", f"{SERVICES}?{query}")
            for query in (f"labelSelector={many}", f"labelSelector=a%20in%20({values})", f"fieldSelector={names}")
        ]
    assert [each.status for each in told] == [200, 200, 200]


@pytest.mark.parametrize(
    ("query", "status"),
    [("dryRun=x", 422), ("dryRun=true", 422), ("fieldManager=%00", 422), (f"fieldManager={'x' * 129}", 422),
     ("fieldValidation=x", 422)],
)  # fmt: skip
async def test_options_of_a_write_that_cannot_be_are_a_422(hostile: Hostile, query: str, status: int) -> None:
    service, merge = f"{SERVICES}/kubernetes", "application/merge-patch+json"
    async with hostile.undisturbed():
        told = [
            await hostile.ask("POST", f"{MAPS}?{query}", {"metadata": {"name": "x"}}),
            await hostile.ask("PUT", f"{service}?{query}", {"metadata": {"name": "kubernetes"}}),
            await hostile.ask("PATCH", f"{service}?{query}", {"metadata": {"labels": {"a": "b"}}}, media=merge),
        ]
    assert [fault(each, status) for each in told] == ["", "", ""]


# Credentials.


def requests() -> Iterator[tuple[str, str]]:
    yield from [("GET", MAPS), ("GET", f"{MAPS}?watch=1"), ("POST", MAPS), ("GET", f"{SERVICES}/kubernetes")]
    yield from [(method, f"{SERVICES}/kubernetes") for method in ("PUT", "PATCH", "DELETE")]
    yield from [("DELETE", SERVICES), ("GET", "/api"), ("GET", "/metrics"), ("GET", "/openapi/v2"), ("GET", "/nowhere")]
    yield from [("GET", f"{DEFAULT}/pods/p/log"), ("POST", f"{DEFAULT}/pods/p/exec?command=sh&stdout=1")]


async def test_without_credentials_everything_but_health_and_version_is_a_403(hostile: Hostile) -> None:
    wrong = {}
    async with hostile.undisturbed():
        for method, target in requests():
            told = await hostile.ask(method, target, {}, who=hostile.contexts.nobody)
            if problem := fault(told, 403) or ("" if "system:anonymous" in told.message else told.message):
                wrong[method, target] = problem
        open_to_all = [await hostile.ask("GET", path, who=hostile.contexts.nobody) for path in ("/livez", "/version")]
    assert wrong == {}
    assert [told.status for told in open_to_all] == [200, 200]


@pytest.mark.parametrize(
    "value",
    ["Bearer x", "bearer x", "Bearer " + "x" * 100_000, "Bearer a.b.c", "Bearer ", "BEARER \xff", "Bearer e30.e30.",
     "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJzeXN0ZW06bWFzdGVycyJ9."],
    ids=lambda value: value[:24],
)  # fmt: skip
async def test_a_token_that_nobody_issued_is_a_401(hostile: Hostile, value: str) -> None:
    nobody = hostile.contexts.nobody
    async with hostile.undisturbed():
        async with await hostile.connect(nobody) as peer:
            await peer.send(f"GET {MAPS} HTTP/1.1\r\nHost: x\r\nAuthorization: {value}\r\n\r\n".encode("latin-1"))
            told = decoded(await peer.answer())
        deleted = await hostile.ask("DELETE", f"{SERVICES}/kubernetes", None, "Authorization: Bearer x", who=nobody)
    assert (fault(deleted, 401), deleted.body["reason"], deleted.message) == ("", "Unauthorized", "Unauthorized")
    assert fault(told, 401) == "" or value == "Bearer "


@pytest.mark.parametrize("value", ["Basic YWRtaW46YWRtaW4=", "Negotiate x", "x", "Digest a=b"])
async def test_credentials_of_another_scheme_are_none(hostile: Hostile, value: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("GET", MAPS, None, f"Authorization: {value}", who=hostile.contexts.nobody)
    assert fault(told, 403) == ""


async def test_a_node_may_not_do_what_is_not_its_business(hostile: Hostile) -> None:
    node, merge = hostile.contexts.node, "application/merge-patch+json"
    tried = [
        ("POST", MAPS, {}), ("PUT", f"{SERVICES}/kubernetes", {}), ("DELETE", f"{SERVICES}/kubernetes", None),
        ("PATCH", f"{SERVICES}/kubernetes", {}), ("POST", "/api/v1/namespaces", {}), ("DELETE", SERVICES, None),
        ("PATCH", "/api/v1/nodes/n2", {}), ("PUT", "/api/v1/nodes/n2/status", {}), ("DELETE", "/api/v1/nodes/n1", None),
        ("POST", f"{DEFAULT}/pods/p/binding", {}), ("POST", f"{DEFAULT}/pods/p/exec?command=sh", None),
        ("GET", f"{DEFAULT}/pods/p/log", None), ("GET", "/metrics", None), ("GET", "/apis/apps/v1/deployments", None),
    ]  # fmt: skip
    wrong = {}
    async with hostile.undisturbed():
        for method, target, body in tried:
            media = merge if method == "PATCH" else "application/json"
            told = await hostile.ask(method, target, body, who=node, media=media)
            if problem := fault(told, 403):
                wrong[method, target] = problem
    assert wrong == {}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["Impersonate-User: x"], 403), (["Impersonate-Group: system:masters"], 400), (["Impersonate-Uid: 5"], 400),
        (["Impersonate-User: system:anonymous"], 403), (["Impersonate-User: x", "Impersonate-Group: a,b"], 403),
    ],
)  # fmt: skip
async def test_acting_as_somebody_gives_only_their_rights(hostile: Hostile, headers: list[str], status: int) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("POST", MAPS, {"metadata": {"name": "x"}}, *headers)
        node = await hostile.ask("GET", MAPS, None, *headers, who=hostile.contexts.node)
    assert (fault(told, status), fault(node, status)) == ("", "")


# Headers.


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["Accept: application/xml"], 406), (["Accept: " + "a/b;q=nan," * 1000], 406), (["Accept: \xff"], 406),
        (["Accept: application/json;as=Table;v=v9;g=x"], 406), (["Expect: nope"], 417), (["Content-Length: 5, 5"], 400),
        (["Content-Length: -1"], 400), (["Content-Length: +0"], 400), (["Content-Length: 0x10"], 400),
        ([f"Content-Length: {NINES}"], 400), (["Content-Length: 1", "Content-Length: 2"], 400),
        (["Content-Length: 0", "Transfer-Encoding: chunked"], 400), (["Transfer-Encoding: gzip, chunked"], 501),
        (["Transfer-Encoding: chunked, chunked"], 400), (["Transfer-Encoding: chunked, gzip"], 400),
        (["Host: x"], 400), (["X\0: y"], 400), ([": y"], 400), (["no colon"], 400), ([" folded: x"], 400),
        (["X: a\rb"], 400), (["X: \0"], 400), (["X : y"], 400), (["Content-Length: 3145729"], 413),
        ([f"X-{number}: y" for number in range(300)], 431), (["X: " + "y" * (1 << 20)], 431),
        (["Content-Type: application/json", "Content-Type: application/yaml"], 400),
        (["Upgrade: websocket", "Connection: Upgrade", "Content-Length: 5"], 400),
    ],
    ids=lambda value: str(value)[:48],
)  # fmt: skip
async def test_headers_that_cannot_be_are_refused(hostile: Hostile, headers: list[str], status: int) -> None:
    head = render(MAPS, *headers).decode().encode("latin-1")
    async with hostile.undisturbed():
        told = await hostile.sent(head)
        stranger = await hostile.sent(head, who=hostile.contexts.nobody)
    assert fault(told, status) == ""
    assert stranger.status in (status, 403)


@pytest.mark.parametrize(
    "headers",
    [["Upgrade: websocket", "Connection: Upgrade"], ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings"],
     ["Upgrade: SPDY/3.1", "Connection: upgrade"], ["Expect: 100-continue"], ["User-Agent: " + "x" * 100_000],
     ["Connection: close, keep-alive"], ["Range: bytes=0-5"], ["Accept-Encoding: gzip;q=0"]],
    ids=lambda value: str(value)[:48],
)  # fmt: skip
async def test_headers_that_ask_for_what_is_not_offered_are_passed_over(hostile: Hostile, headers: list[str]) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("GET", MAPS, None, *headers)
    assert (told.status, told.body["kind"]) == (200, "ConfigMapList")


async def test_names_that_clients_make_up_are_not_counted_one_by_one(hostile: Hostile) -> None:
    await hostile.ask("GET", f"{SERVICES}/kubernetes/made-up")
    before = len((await hostile.ask("GET", "/metrics")).body)
    for number in range(50):
        await hostile.ask("GET", f"{SERVICES}/kubernetes/made-up-{number}")
    after = (await hostile.ask("GET", "/metrics")).body
    assert b"made-up" not in after
    assert len(after) - before < 500
