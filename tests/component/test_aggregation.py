"""An extension server behind an APIService: asked with the real kubectl, and what it is told of who asks."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import orjson
import pytest

from component.extension_server import NAME, Extended, extended
from component.served_api import KUBECTLS
from fairway.apiserver.aggregation.aggregation import Remote
from fairway.apiserver.aggregation.availability import Verdict, is_well
from fairway.apiserver.discovery import aggregated
from fairway.controllers.namespace import NAMESPACES
from fairway.objects import Object
from fairway.transport import tls
from fairway.transport.interface import (
    Answer,
    RawConnection,
    Request,
    Response,
    Stream,
    StreamWriter,
    TakeOver,
)
from fairway.transport.server import frame

pytestmark = pytest.mark.skipif(not KUBECTLS, reason="no kubectl on this machine")
ROOT = "/apis/metrics.example.com/v1"
RESOURCES = {
    "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "metrics.example.com/v1",
    "resources": [
        {"name": "readings", "singularName": "reading", "namespaced": True, "kind": "Reading", "shortNames": ["rdg"],
         "verbs": ["get", "list", "create", "delete"]},
        {"name": "readings/status", "singularName": "", "namespaced": True, "kind": "Reading", "verbs": ["get"]},
    ],
}  # fmt: skip


GROUP_DOCUMENT = "/openapi/v3/apis/metrics.example.com/v1"
READING = {
    "type": "object", "description": "Reading is what a meter says.",
    "x-kubernetes-group-version-kind": [{"group": "metrics.example.com", "version": "v1", "kind": "Reading"}],
    "properties": {
        "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
        "value": {"type": "integer", "format": "int64", "description": "How much it was."},
    },
}  # fmt: skip
READINGS = f"{ROOT}/namespaces/{{namespace}}/readings"
ABOUT = {"group": "metrics.example.com", "version": "v1", "kind": "Reading"}
GET: Any = {"operationId": "listReadings", "x-kubernetes-action": "list", "x-kubernetes-group-version-kind": ABOUT}
DOCUMENTS = {
    "/openapi/v3": {
        "paths": {"apis/metrics.example.com/v1": {"serverRelativeURL": f"{GROUP_DOCUMENT}?hash=AB12"}},
    },
    GROUP_DOCUMENT: {
        "openapi": "3.0.0", "info": {"title": "Ext", "version": "1"}, "paths": {READINGS: {"get": GET}},
        "components": {"schemas": {"com.example.metrics.v1.Reading": READING}},
    },
    "/openapi/v2": {
        "swagger": "2.0", "info": {"title": "Ext", "version": "1"},
        "paths": {
            READINGS: {"get": {**GET, "responses": {
                "200": {"description": "OK", "schema": {"$ref": "#/definitions/com.example.metrics.v1.Reading"}},
            }}},
            "/version": {"get": {"operationId": "getVersion"}},
        },
        "definitions": {"com.example.metrics.v1.Reading": READING, "unused": {"type": "object"}},
    },
}  # fmt: skip


class Extension:
    """Remembers what it was asked; answers for one group and version."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.is_well = True
        self.is_old = False
        self.watchers: list[StreamWriter] = []
        self.is_left = asyncio.Event()
        self.is_asked = asyncio.Event()
        self.may_refuse: asyncio.Event | None = None
        """It refuses the first look at its resources, once it may: what it asks others itself, it does not know yet."""
        self.held: list[str] = []
        """Names of readings in the namespace ``leaving``."""

    def handle(self, request: Request) -> Answer | Awaitable[Answer]:
        self.seen.append(request)
        if request.path == ROOT and self.may_refuse is not None:
            return self._refused(self.may_refuse)
        if ("watch", "true") in request.query:
            return Stream(self.watchers.append, self.is_left.set)
        if request.headers.get("upgrade"):
            return TakeOver(_shouting)
        if not self.is_well:
            return Response(500, b"broken")
        if self.is_old and request.path.startswith("/openapi/v3"):
            return Response(404, b"404 page not found")
        if request.path in DOCUMENTS:
            return Response(200, orjson.dumps(DOCUMENTS[request.path]))
        if request.path == ROOT:
            return Response(200, orjson.dumps(RESOURCES))
        if request.path == f"{ROOT}/namespaces/default/readings/one":
            return Response(200, orjson.dumps(reading("one")))
        return self._of_objects(request)

    async def _refused(self, when: asyncio.Event) -> Answer:
        self.is_asked.set()
        await when.wait()
        self.may_refuse = None
        return Response(403, b"not yet")

    def _of_objects(self, request: Request) -> Response:
        if request.path.startswith(f"{ROOT}/namespaces/leaving/readings"):
            return self._held(request)
        if request.path == f"{ROOT}/namespaces/default/readings":
            if request.method == "POST":
                return Response(201, request.body)
            listed = {"kind": "ReadingList", "apiVersion": "metrics.example.com/v1", "metadata": {}}
            return Response(200, orjson.dumps({**listed, "items": [reading("one"), reading("two")]}))
        return Response(404, b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}')

    def _held(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.held.remove(request.path.rpartition("/")[2])
            return Response(200, b'{"kind":"Status","apiVersion":"v1","status":"Success"}')
        listed = {"kind": "ReadingList", "apiVersion": "metrics.example.com/v1", "metadata": {}}
        return Response(200, orjson.dumps({**listed, "items": [reading(name) for name in self.held]}))


async def _shouting(connection: RawConnection) -> None:
    await connection.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n")
    while data := await connection.read():
        await connection.write(data.upper())


def reading(name: str) -> Object:
    meta = {"name": name, "namespace": "default", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"kind": "Reading", "apiVersion": "metrics.example.com/v1", "metadata": meta}


class World:
    def __init__(self, extended: Extended, extension: Extension) -> None:
        self.api = extended.api
        self.extension = extension
        self.register = extended.register
        self._becomes = extended.becomes

    async def condition(self, status: str) -> Object:
        """The condition Available once it is ``status``."""
        await self._becomes(status)
        text = await self.api.kubectl("get", "apiservice", NAME, "-o", "json")
        (found,) = json.loads(text)["status"]["conditions"]
        return dict(found)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    extension = Extension()
    async with extended(tmp_path, extension.handle, [NAMESPACES]) as found:
        yield World(found, extension)


async def test_its_resources_are_discovered_read_and_written(world: World) -> None:
    await world.register()
    found = await world.condition("True")
    assert (found["reason"], found["message"]) == ("Passed", "all checks passed")
    shown = (await world.api.kubectl("get", "apiservice", "v1.metrics.example.com", "--no-headers")).split()
    assert shown[1:3] == ["default/ext", "True"]
    listed = await world.api.kubectl("api-resources", "--api-group=metrics.example.com", "--no-headers")
    assert listed.split() == ["readings", "rdg", "metrics.example.com/v1", "true", "Reading"]
    assert "metrics.example.com/v1" in (await world.api.kubectl("api-versions")).split()
    assert (await world.api.kubectl("get", "rdg", "-o", "name")).split() == [
        "reading.metrics.example.com/one", "reading.metrics.example.com/two",
    ]  # fmt: skip
    one = json.loads(await world.api.kubectl("get", "reading", "one", "-o", "json"))
    assert one["metadata"]["name"] == "one"
    made = await world.api.kubectl("create", "-f", "-", text=json.dumps(reading("three")))
    assert made == "reading.metrics.example.com/three created\n"


async def test_it_is_told_who_asks_by_the_front_proxy_and_by_nobody_else(world: World) -> None:
    await world.register()
    await world.condition("True")
    await world.api.kubectl("get", "--raw", f"{ROOT}/namespaces/default/readings")
    asked = world.extension.seen[-1]
    assert asked.peer.common_name == "front-proxy-client"
    assert asked.headers["x-remote-user"] == "kubernetes-admin"
    assert "system:masters" in asked.headers["x-remote-group"]
    assert "authorization" not in asked.headers
    refused = await world.api.kubectl("get", "readings", user="jane", code=1)
    assert 'readings.metrics.example.com is forbidden: User "jane" cannot list resource "readings"' in refused


async def connected(world: World, target: str, *headers: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to our API server on which this was asked by an administrator."""
    pair = world.api.authority.issue("admin", "system:masters")
    context = tls.client_context(world.api.authority.ca, pair.cert, pair.key)
    host, port = world.api.url.removeprefix("https://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    lines = "".join(f"{line}\r\n" for line in ("Host: h", *headers))
    writer.write(f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode())
    return reader, writer


async def test_a_watch_passes_as_it_comes_and_ends_with_the_watcher(world: World) -> None:
    await world.register()
    await world.condition("True")
    reader, writer = await connected(world, f"{ROOT}/readings?watch=true")
    async with asyncio.timeout(30):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        (far,) = world.extension.watchers
        for name in ("one", "two"):
            event = orjson.dumps({"type": "ADDED", "object": reading(name)}) + b"\n"
            far.write(frame(event))
            assert event in await reader.readuntil(b"}\n\r\n")
        writer.close()
        await world.extension.is_left.wait()


async def test_an_upgraded_connection_passes_both_ways(world: World) -> None:
    await world.register()
    await world.condition("True")
    target = f"{ROOT}/namespaces/default/readings/one/talk"
    reader, writer = await connected(world, target, "Connection: Upgrade", "Upgrade: shout")
    async with asyncio.timeout(30):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        for word in (b"first", b"second"):
            writer.write(word)
            assert await reader.readexactly(len(word)) == word.upper()
    writer.close()


@pytest.mark.parametrize(
    ("spec", "reason", "text"),
    [
        ({"service": {"namespace": "default", "name": "none"}}, "ServiceNotFound",
         'service/none in "default" is not present'),
        ({"service": {"namespace": "default", "name": "kubernetes", "port": 80}}, "ServicePortError",
         'service/kubernetes in "default" is not listening on port 80'),
        ({"caBundle": None}, "FailedDiscoveryCheck", "failing or missing response from https://localhost:"),
    ],
)  # fmt: skip
async def test_it_is_told_why_nobody_answers(world: World, spec: Object, reason: str, text: str) -> None:
    await world.register(**spec)
    found = await world.condition("False")
    assert found["reason"] == reason
    assert text in found["message"]
    refused = await world.api.kubectl("get", "--raw", ROOT, code=1)
    assert "Error from server (ServiceUnavailable)" in refused


async def test_custom_kinds_have_an_api_service_for_as_long_as_they_are_served(world: World) -> None:
    kubectl = world.api.kubectl
    schema = {"openAPIV3Schema": {"type": "object"}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "cars.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "cars", "kind": "Car"},
                 "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}]},
    }  # fmt: skip
    await kubectl("create", "-f", "-", text=json.dumps(definition))
    await kubectl("wait", "crd/cars.example.com", "--for=condition=Established", "--timeout=10s")
    await kubectl("wait", "apiservice", "v1.example.com", "--for=create", "--timeout=10s")
    shown = (await kubectl("get", "apiservice", "v1.example.com", "--no-headers")).split()
    assert shown[1:3] == ["Local", "True"]
    await kubectl("delete", "crd", "cars.example.com", "--timeout=10s")
    await kubectl("wait", "apiservice", "v1.example.com", "--for=delete", "--timeout=10s")


async def test_a_server_that_fails_is_found_out_and_its_group_goes_with_the_api_service(world: World) -> None:
    world.extension.is_well = False
    await world.register(insecureSkipTLSVerify=True, caBundle=None)
    assert "bad status" in (await world.condition("False"))["message"]
    world.extension.is_well = True
    await world.api.kubectl("annotate", "apiservice", "v1.metrics.example.com", "look=again")
    await world.condition("True")
    await world.api.kubectl("delete", "apiservice", "v1.metrics.example.com")
    async with asyncio.timeout(30):
        while "metrics.example.com/v1" in await world.api.kubectl("api-versions"):
            continue  # each look takes a process, and so a while


async def test_what_does_not_answer_now_is_stale_with_what_it_said_last(world: World) -> None:
    await world.register()
    await world.condition("True")
    world.extension.is_well = False
    await world.api.kubectl("annotate", "apiservice", "v1.metrics.example.com", "look=again")
    await world.condition("False")
    discovery = world.api.server._discovery
    groups = aggregated(discovery._entries, "v2", discovery._stale)["items"]
    (group,) = (one for one in groups if one["metadata"]["name"] == "metrics.example.com")
    (version,) = group["versions"]
    assert (version["freshness"], [one["resource"] for one in version["resources"]]) == ("Stale", ["readings"])
    shown = await world.api.kubectl("api-resources")
    assert "readings" not in shown and "configmaps" in shown
    counted = await world.api.kubectl("get", "--raw", "/metrics")
    assert 'aggregator_unavailable_apiservice{name="v1.metrics.example.com"} 1\n' in counted


async def test_what_it_holds_of_a_namespace_goes_with_it(world: World) -> None:
    kubectl = world.api.kubectl
    await world.register()
    await world.condition("True")
    await kubectl("create", "namespace", "leaving")
    world.extension.held = ["one", "two"]
    await kubectl("delete", "namespace", "leaving", "--timeout=10s")
    assert world.extension.held == []


async def test_a_namespace_waits_for_a_server_that_does_not_answer(world: World) -> None:
    kubectl = world.api.kubectl
    world.extension.is_well = False
    await world.register()
    await world.condition("False")
    await kubectl("create", "namespace", "leaving")
    await kubectl("delete", "namespace", "leaving", "--wait=false")
    await kubectl(
        "wait", "namespace/leaving", "--for=condition=NamespaceDeletionDiscoveryFailure=True", "--timeout=10s"
    )  # fmt: skip
    shown = await kubectl("get", "namespace", "leaving", "-o", "json")
    messages = [one["message"] for one in json.loads(shown)["status"]["conditions"]]
    assert (
        "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
        "metrics.example.com/v1: stale GroupVersion discovery: metrics.example.com/v1"
    ) in messages
    await kubectl("delete", "apiservice", "v1.metrics.example.com")
    await kubectl("wait", "namespace/leaving", "--for=delete", "--timeout=20s")


async def test_its_schemas_are_published_with_ours(world: World) -> None:
    await world.register()
    await world.condition("True")
    index = json.loads(await world.api.kubectl("get", "--raw", "/openapi/v3"))
    assert index["paths"]["apis/metrics.example.com/v1"] == {"serverRelativeURL": f"{GROUP_DOCUMENT}?hash=AB12"}
    told = json.loads(await world.api.kubectl("get", "--raw", f"{GROUP_DOCUMENT}?hash=AB12"))
    assert told == DOCUMENTS[GROUP_DOCUMENT]
    whole = json.loads(await world.api.kubectl("get", "--raw", "/openapi/v2"))
    assert READINGS in whole["paths"] and whole["definitions"]["com.example.metrics.v1.Reading"] == READING
    assert "unused" not in whole["definitions"] and whole["paths"]["/version/"]["get"]["operationId"] != "getVersion"
    explained = await world.api.kubectl("explain", "readings.value")
    assert "How much it was." in explained
    await world.api.kubectl("delete", "apiservice", "v1.metrics.example.com")
    index = json.loads(await world.api.kubectl("get", "--raw", "/openapi/v3"))
    assert "apis/metrics.example.com/v1" not in index["paths"]


async def test_what_only_speaks_the_older_form_is_translated(world: World) -> None:
    world.extension.is_old = True
    await world.register()
    await world.condition("True")
    told = json.loads(await world.api.kubectl("get", "--raw", GROUP_DOCUMENT))
    assert told["components"]["schemas"]["com.example.metrics.v1.Reading"] == READING
    listed = told["paths"][READINGS]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert listed == {"$ref": "#/components/schemas/com.example.metrics.v1.Reading"}
    assert "How much it was." in await world.api.kubectl("explain", "readings.value")


async def test_a_server_that_is_only_starting_is_asked_again_soon(world: World) -> None:
    world.extension.is_well = False
    await world.register()
    await world.condition("False")
    world.extension.is_well = True
    await world.condition("True")


async def test_what_was_never_asked_gets_no_requests_unless_it_was_well_before(world: World) -> None:
    may_refuse = world.extension.may_refuse = asyncio.Event()
    await world.register()
    await world.extension.is_asked.wait()
    path = f"{ROOT}/namespaces/default/readings"
    assert "(ServiceUnavailable)" in await world.api.kubectl("get", "--raw", path, code=1)
    may_refuse.set()
    await world.condition("True")
    assert "ReadingList" in await world.api.kubectl("get", "--raw", path)


@pytest.mark.parametrize(("status", "is_open"), [("True", True), ("False", False), ("", False)])
def test_before_it_is_asked_an_api_service_is_believed(status: str, *, is_open: bool) -> None:
    conditions = [{"type": "Available", "status": status}] if status else []
    assert Remote({}, was_well=is_well({"status": {"conditions": conditions}})).is_open is is_open
    assert Remote({}, Verdict("True", "", "")).is_open
    assert not Remote({}, Verdict("False", "", ""), was_well=True).is_open
