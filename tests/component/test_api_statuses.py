"""The Status of refused requests: code, reason, message and, where upstream has them, details."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import ADMIN, NOBODY, World, world

DEFAULT = "/api/v1/namespaces/default"
MAPS, SERVICES = f"{DEFAULT}/configmaps", f"{DEFAULT}/services"
MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
NO_RESOURCE = "the server could not find the requested resource"
NOT_ALLOWED = "the server does not allow this method on the requested resource"
NOT_READABLE = (
    "the body of the request was in an unknown format - accepted media types include: "
    "application/json, application/yaml, application/vnd.kubernetes.protobuf"
)
REJECTED = "the server rejected our request due to an error in our request"
WITH_REVISION = {"metadata": {"name": "n", "resourceVersion": "5"}}
ELSEWHERE = {"metadata": {"name": "n", "namespace": "other"}}
OTHER_NAMESPACE = "the namespace of the provided object does not match the namespace sent on the request"


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        await made.ask("POST", MAPS, {"metadata": {"name": "a"}, "data": {"x": "y"}})
        yield made


Row = tuple[str, str, Any, dict[str, str], int, str, str, Any]

# method, path, body, headers, code, reason, message, details (None: the Status has no such member)
ROWS: list[Row] = [
    ("GET", f"{SERVICES}/x", None, {}, 404, "NotFound", 'services "x" not found', {"name": "x", "kind": "services"}),
    ("GET", f"{MAPS}/a/status", None, {}, 404, "NotFound", NO_RESOURCE, {}),
    ("GET", "/api/v1/foos", None, {}, 404, "NotFound", NO_RESOURCE, {}),
    ("POST", f"{MAPS}/a", {}, {}, 405, "MethodNotAllowed", NOT_ALLOWED, {}),
    ("POST", MAPS, {"metadata": {"name": "a"}}, {}, 409, "AlreadyExists", 'configmaps "a" already exists',
     {"name": "a", "kind": "configmaps"}),
    ("POST", MAPS, ELSEWHERE, {}, 400, "BadRequest", OTHER_NAMESPACE, None),
    ("POST", MAPS, WITH_REVISION, {}, 500, "", "resourceVersion should not be set on objects to be created", None),
    ("POST", MAPS, b"x", {"content_type": "text/plain"}, 415, "UnsupportedMediaType", NOT_READABLE, None),
    ("PATCH", f"{MAPS}/a", b"x", {"content_type": "text/plain"}, 415, "UnsupportedMediaType",
     "415: Unsupported Media Type", {}),
    ("PATCH", f"{MAPS}/a", [{"op": "test", "path": "/data/x", "value": "z"}], {"content_type": JSON_PATCH},
     422, "Invalid", REJECTED, {}),
    ("PATCH", f"{MAPS}/a", [{"op": "frob", "path": "/data"}], {"content_type": JSON_PATCH},
     422, "Invalid", REJECTED, {}),
    ("GET", f"{MAPS}/a", None, {"authorization": "Bearer x"}, 401, "Unauthorized", "Unauthorized", None),
    ("GET", f"{MAPS}/a", None, {"accept": "text/html"}, 406, "NotAcceptable",
     "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
     "application/vnd.kubernetes.protobuf", {}),
    ("GET", "/version", None, {"accept": "text/plain"}, 406, "NotAcceptable",
     "406: Not Acceptable\n\nAvailable representations: application/json", {}),
    ("GET", "/version/x", None, {}, 404, "NotFound", NO_RESOURCE, {}),
    ("GET", "/apis", None, {"accept": "text/html"}, 406, "NotAcceptable",
     "only the following media types are accepted: application/json, application/yaml, "
     "application/vnd.kubernetes.protobuf", None),
    ("DELETE", f"{MAPS}/a", b"x", {"content-type": "text/plain"}, 415, "UnsupportedMediaType",
     "the body of the request was in an unknown format - accepted media types include: application/json, "
     "application/yaml, application/vnd.kubernetes.protobuf", None),
    ("GET", f"{MAPS}?limit=x", None, {}, 400, "BadRequest", 'strconv.ParseInt: parsing "x": invalid syntax', None),
    ("GET", f"{MAPS}?fieldSelector=a%3Db", None, {}, 400, "BadRequest",
     '"a" is not a known field selector: only "metadata.name", "metadata.namespace"', None),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]} {row[4]}")
async def test_a_refusal_has_upstreams_words_and_details(api: World, row: Row) -> None:
    method, path, body, headers, code, reason, message, details = row
    peer = NOBODY if "authorization" in headers else ADMIN
    told = await api.ask(method, path, body, peer=peer, **headers)
    wanted = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    wanted |= {"reason": reason} if reason else {}
    wanted |= {} if details is None else {"details": details}
    assert (told.status, told.body) == (code, wanted | {"code": code})


_LESS, _MORE = "must be greater than or equal to 0", "cannot be greater than status.replicas"
_COUNTED = {"observedGeneration": -5, "replicas": -1, "readyReplicas": 5, "availableReplicas": 7}
_TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
_SET = {"selector": {"matchLabels": {"a": "b"}}, "template": _TEMPLATE}


@pytest.mark.parametrize(
    ("plural", "spec", "told"),
    [
        ("deployments", _SET, [
            f"observedGeneration: -5: {_LESS}", f"replicas: -1: {_LESS}", f"updatedReplicas: 0: {_MORE}",
            f"readyReplicas: 5: {_MORE}", f"availableReplicas: 7: {_MORE}",
            "availableReplicas: 7: cannot be greater than readyReplicas"]),
        ("replicasets", _SET, [
            f"replicas: -1: {_LESS}", f"observedGeneration: -5: {_LESS}", f"fullyLabeledReplicas: 0: {_MORE}",
            f"readyReplicas: 5: {_MORE}", f"availableReplicas: 7: {_MORE}",
            "availableReplicas: 7: cannot be greater than readyReplicas"]),
        ("statefulsets", {**_SET, "serviceName": "s"}, [
            f"replicas: -1: {_LESS}", f"observedGeneration: -5: {_LESS}", f"readyReplicas: 5: {_MORE}",
            f"currentReplicas: 0: {_MORE}", f"updatedReplicas: 0: {_MORE}", f"availableReplicas: 7: {_MORE}",
            "availableReplicas: 7: cannot be greater than status.readyReplicas"]),
    ],
)  # fmt: skip
async def test_counts_that_cannot_be_are_told_as_upstream_tells_them(
    api: World, plural: str, spec: Any, told: list[str]
) -> None:
    path = f"/apis/apps/v1/namespaces/default/{plural}"
    await api.ask("POST", path, {"metadata": {"name": "one"}, "spec": spec})
    patch = {"status": _COUNTED}
    answer = await api.ask("PATCH", f"{path}/one/status", patch, content_type="application/merge-patch+json")
    assert [
        f"{each['field'].removeprefix('status.')}: {each['message'].removeprefix('Invalid value: ')}"
        for each in answer.body["details"]["causes"]
    ] == told


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "message"),
    [
        ("GET", "deployments/none/scale", None, 404, 'deployments/scale.apps "none" not found'),
        ("GET", "statefulsets/none/scale", None, 404, 'statefulsets.apps "none" not found'),
        ("PUT", "deployments/none/scale", {"metadata": {"name": "none"}}, 404, 'deployments.apps "none" not found'),
        ("PUT", "deployments/one/scale", {"metadata": {"name": "one", "uid": "x"}}, 409,
         "Precondition failed: UID in precondition: x"),
        ("PATCH", "deployments/one/scale", {"kind": "X"}, 422,
         'no kind "X" is registered for version "autoscaling/v1"'),
    ],
)  # fmt: skip
async def test_a_scale_is_refused_in_upstreams_words(
    api: World, method: str, target: str, body: Any, status: int, message: str
) -> None:
    path = "/apis/apps/v1/namespaces/default"
    await api.ask("POST", f"{path}/deployments", {"metadata": {"name": "one"}, "spec": _SET})
    media = "application/merge-patch+json" if method == "PATCH" else "application/json"
    told = await api.ask(method, f"{path}/{target}", body, content_type=media)
    assert (told.status, message in told.message) == (status, True)


async def test_a_condition_says_when_it_changed_even_if_nobody_said_it(api: World) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    await api.ask("POST", "/api/v1/namespaces/default/pods", pod)
    patch = {"status": {"conditions": [{"type": "A", "status": "True"}]}}
    path = "/api/v1/namespaces/default/pods/p/status"
    told = await api.ask("PATCH", path, patch, content_type="application/merge-patch+json")
    kept = {"type": "A", "status": "True", "lastProbeTime": None, "lastTransitionTime": None}
    assert told.body["status"]["conditions"][-1] == kept
