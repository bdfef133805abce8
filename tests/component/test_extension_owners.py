"""The garbage collector and objects of extension servers: what is owned goes with its owners, wherever either lives."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from component.extension_server import extended
from component.served_api import KUBECTLS, ServedApi
from fairway.controllers.garbage_collector import GARBAGE_COLLECTOR
from fairway.objects import Object
from fairway.objects.patches import merge_patch
from fairway.transport.interface import Answer, Request, Response, Stream, StreamWriter
from fairway.transport.server import frame

pytestmark = pytest.mark.skipif(not KUBECTLS, reason="no kubectl on this machine")
GROUP = "metrics.example.com/v1"
ROOT = f"/apis/{GROUP}"
WITHIN = f"{ROOT}/namespaces/default/readings"
VERBS = ["create", "delete", "get", "list", "patch", "watch"]
RESOURCE = {"name": "readings", "singularName": "reading", "namespaced": True, "kind": "Reading", "verbs": VERBS}


class Extension:
    """Holds readings by name; ``changed`` wakes whoever waits for them."""

    def __init__(self) -> None:
        self.held: dict[str, Object] = {}
        self.revision = 1
        self.watchers: list[StreamWriter] = []
        self.changed = asyncio.Event()

    def hold(self, name: str, owner: Object) -> Object:
        reference = {
            "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
        }  # fmt: skip
        made = {
            "kind": "Reading", "apiVersion": GROUP,
            "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}", "ownerReferences": [reference]},
        }  # fmt: skip
        self._tell("ADDED", made)
        self.held[name] = made
        return made

    def _tell(self, type_: str, found: Object) -> None:
        self.revision += 1
        found["metadata"]["resourceVersion"] = str(self.revision)
        for writer in self.watchers:
            writer.write(frame(orjson.dumps({"type": type_, "object": found}) + b"\n"))
        self.changed.set()

    def handle(self, request: Request) -> Answer:
        if request.path == ROOT:
            listed = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": GROUP, "resources": [RESOURCE]}
            return Response(200, orjson.dumps(listed))
        if ("watch", "true") in request.query:
            return Stream(self.watchers.append, lambda: None)
        if request.path == f"{ROOT}/readings":
            about = {"kind": "ReadingList", "apiVersion": GROUP, "metadata": {"resourceVersion": str(self.revision)}}
            return Response(200, orjson.dumps({**about, "items": list(self.held.values())}))
        found = self.held.get(request.path.removeprefix(f"{WITHIN}/"))
        if found is None:
            status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
            return Response(404, orjson.dumps(status))
        if request.method == "DELETE":
            del self.held[found["metadata"]["name"]]
            self._tell("DELETED", found)
        elif request.method == "PATCH":
            found = merge_patch.apply(found, orjson.loads(request.body))
            self.held[found["metadata"]["name"]] = found
            self._tell("MODIFIED", found)
        return Response(200, orjson.dumps(found))

    async def until(self, names: set[str]) -> None:
        async with asyncio.timeout(10):
            while set(self.held) != names:
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[tuple[ServedApi, Extension]]:
    extension = Extension()
    async with extended(tmp_path, extension.handle, [GARBAGE_COLLECTOR]) as found:
        await found.register()
        await found.becomes("True")
        yield found.api, extension


async def configured(api: ServedApi, name: str, **metadata: object) -> Object:
    made = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name, **metadata}}
    return dict(json.loads(await api.kubectl("create", "-f", "-", "-o", "json", text=json.dumps(made))))


async def test_what_is_owned_goes_with_its_owner_to_either_side(world: tuple[ServedApi, Extension]) -> None:
    api, extension = world
    owner = await configured(api, "owner")
    reading = extension.hold("owned", owner)
    extension.hold("kept", await configured(api, "other"))
    reference = {"apiVersion": GROUP, "kind": "Reading", "name": "owned", "uid": reading["metadata"]["uid"]}
    await configured(api, "dependent", ownerReferences=[reference])
    await api.kubectl("delete", "configmap", "owner")
    await extension.until({"kept"})
    await api.kubectl("wait", "configmap/dependent", "--for=delete", "--timeout=10s")


async def test_an_orphan_forgets_its_owner(world: tuple[ServedApi, Extension]) -> None:
    api, extension = world
    extension.hold("left", await configured(api, "owner"))
    await api.kubectl("delete", "configmap", "owner", "--cascade=orphan", "--wait", "--timeout=10s")
    assert "ownerReferences" not in extension.held["left"]["metadata"]
