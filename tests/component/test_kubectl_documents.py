"""The real kubectl reads our discovery and OpenAPI documents, and checks manifests against them itself."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from fairway.apiserver.discovery import Discovery
from fairway.apiserver.openapi import OpenApi
from fairway.kinds import ALL
from fairway.objects.errors import StatusError, no_such_resource
from fairway.transport.interface import Request, Response
from fairway.transport.server import serve
from kubectls import found

KUBECTLS = found()
SERVICE = {
    "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "annotations": {"a.b/c": "d"}},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
}  # fmt: skip
OLD_REPLICA_SET = {
    "apiVersion": "extensions/v1beta1", "kind": "ReplicaSet", "metadata": {"name": "web"},
    "spec": {
        "replicas": 3,
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": "i", "resources": {"limits": {"cpu": 1}}}]},
        },
    },
}  # fmt: skip

pytestmark = pytest.mark.skipif(not KUBECTLS, reason="no kubectl on this machine")


class Documents:
    """A server of nothing but documents, which says of every object posted that it is created."""

    def __init__(self) -> None:
        self.posted: list[tuple[dict[str, str], Any]] = []
        self._pages = (Discovery(ALL).answer, OpenApi(ALL).answer)

    def handle(self, request: Request) -> Response:
        if request.method == "POST":
            made = orjson.loads(request.body)
            self.posted.append((dict(request.query), made))
            made["metadata"]["namespace"] = "default"
            return Response(201, orjson.dumps(made))
        try:
            answers = (page(request) for page in self._pages)
            return next(answer for answer in answers if answer is not None)
        except (StatusError, StopIteration):
            return Response(404, orjson.dumps(no_such_resource().status()))


class Kubectl:
    def __init__(self, program: str, address: str, home: Path) -> None:
        self._start = (program, f"--server={address}", f"--cache-dir={home}")
        self._home = home

    async def run(self, *arguments: str, manifest: Any = None) -> tuple[int, str]:
        pipe = asyncio.subprocess.PIPE
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._home)}
        program = await asyncio.create_subprocess_exec(
            *self._start, *arguments, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT, env=environment
        )
        output, _ = await program.communicate(orjson.dumps(manifest))
        assert program.returncode is not None
        return program.returncode, output.decode()


@pytest.fixture
def documents() -> Documents:
    return Documents()


@pytest.fixture(params=KUBECTLS, ids=KUBECTLS)
async def kubectl(request: pytest.FixtureRequest, documents: Documents, tmp_path: Path) -> AsyncIterator[Kubectl]:
    server = await serve(documents.handle)
    host, port = server.addresses[0][:2]
    yield Kubectl(request.param, f"http://{host}:{port}", tmp_path)
    await server.close(0)


async def test_resources_are_listed_once_for_each_group(kubectl: Kubectl) -> None:
    code, output = await kubectl.run("api-resources", "-o", "name")
    names = output.split()
    assert code == 0
    assert len(names) == len(set(names))
    assert {"services", "pods", "deployments.apps", "replicasets.apps", "endpointslices.discovery.k8s.io"} <= set(names)
    assert names.index("replicasets.apps") < names.index("replicasets.extensions")


@pytest.mark.parametrize(
    ("what", "field"),
    [("service.spec.ports", "targetPort"), ("po.status.message", "<string>"), ("rs.spec", "selector")],
)
async def test_fields_are_explained(kubectl: Kubectl, what: str, field: str) -> None:
    code, output = await kubectl.run("explain", what)
    assert code == 0
    assert "KIND:" in output
    assert field in output


@pytest.mark.parametrize("verb", ["create", "apply"])
async def test_a_good_manifest_is_sent_without_turning_checks_off(
    kubectl: Kubectl, documents: Documents, verb: str
) -> None:
    code, output = await kubectl.run(verb, "-f", "-", manifest=SERVICE)
    assert (code, output) == (0, "service/web created\n")
    assert documents.posted[0][1]["spec"] == SERVICE["spec"]


async def test_an_old_replica_set_may_leave_its_selector_out(kubectl: Kubectl) -> None:
    code, output = await kubectl.run("create", "-f", "-", manifest=OLD_REPLICA_SET)
    assert (code, output) == (0, "replicaset.extensions/web created\n")


async def test_a_bad_manifest_is_found_by_kubectl_or_left_to_the_server(kubectl: Kubectl, documents: Documents) -> None:
    bad = {**SERVICE, "spec": {"prots": [], "ports": [{"port": "80"}]}}
    code, output = await kubectl.run("create", "-f", "-", manifest=bad)
    if documents.posted:
        assert documents.posted[0][0]["fieldValidation"] == "Strict"
    else:
        assert code == 1
        assert 'unknown field "prots" in io.k8s.api.core.v1.ServiceSpec' in output
        assert 'invalid type for io.k8s.api.core.v1.ServicePort.port: got "string", expected "integer"' in output
