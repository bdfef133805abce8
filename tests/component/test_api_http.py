"""What HTTP clients are answered: status, headers, forms, refusals."""

import gzip
import re
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from component.api_world import NOBODY, NODE, World, world
from fairway.kinds import CONFIG_MAP
from fairway.transport.interface import Peer

MAPS = "/api/v1/namespaces/default/configmaps"
SERVICES = "/api/v1/namespaces/default/services"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"


def config_map(name: str, **data: str) -> Any:
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name}, "data": data}


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


async def test_every_answer_carries_the_headers_of_kube_apiserver(api: World) -> None:
    first, second = await api.ask("GET", MAPS), await api.ask("GET", MAPS)
    assert first.headers["cache-control"] == "no-cache, private"
    assert {"x-kubernetes-pf-flowschema-uid", "x-kubernetes-pf-prioritylevel-uid"} <= set(first.headers)
    assert first.headers["audit-id"] != second.headers["audit-id"]


async def test_what_is_stored_is_answered_with_kind_and_version_first(api: World) -> None:
    made = await api.ask("POST", MAPS, {"data": {"a": "b"}, "metadata": {"name": "x"}})
    assert made.status == 201
    assert made.raw.startswith(b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"')
    assert (await api.ask("GET", f"{MAPS}/x")).raw == made.raw


@pytest.mark.parametrize(
    ("method", "target", "status", "message"),
    [
        ("GET", f"{MAPS}/none", 404, 'configmaps "none" not found'),
        ("GET", "/apis/apps/v1/namespaces/default/deployments/none", 404, 'deployments.apps "none" not found'),
        ("GET", "/api/v1/namespaces/default/gadgets", 404, "the server could not find the requested resource"),
        ("GET", "/api/v2/services", 404, "the server could not find the requested resource"),
        ("GET", "/api/v1/namespaces/default/nodes", 404, "the server could not find the requested resource"),
        ("GET", f"{SERVICES}/kubernetes/gears", 404, "the server could not find the requested resource"),
        ("POST", f"{MAPS}/x", 405, "the server does not allow this method on the requested resource"),
        ("PUT", MAPS, 405, "the server does not allow this method on the requested resource"),
        ("DELETE", "/api/v1/namespaces", 405, "the server does not allow this method on the requested resource"),
        ("POST", "/api/v1/configmaps", 405, "the server does not allow this method on the requested resource"),
        ("BREW", MAPS, 405, "the server does not allow this method on the requested resource"),
    ],
)
async def test_what_is_not_there_is_told_in_a_status(
    api: World, method: str, target: str, status: int, message: str
) -> None:
    told = await api.ask(method, target)
    assert (told.status, told.body["code"], told.message) == (status, status, message)
    assert told.body["kind"] == "Status"


@pytest.mark.parametrize("target", ["/apis/gadgets.example.com/v1/gadgets", "/nowhere", "/apis/nope"])
async def test_what_is_outside_of_every_group_is_a_plain_404(api: World, target: str) -> None:
    told = await api.ask("GET", target)
    assert (told.status, told.raw) == (404, b"404 page not found\n")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{nope", "couldn't get version/kind; json parse error: invalid character 'n' looking for beginning of"),
        (b"", "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"),
        (b'{"apiVersion":"a/b/c"}', "must be of type ConfigMap): unexpected GroupVersion string: a/b/c ({"),
        (b"\xff\xfe", "(fffe)"),
        (b"[1]", "cannot unmarshal array into Go value"),
        (b'{"kind":"Pod","apiVersion":"v1"}', 'Pod in version "v1" cannot be handled as a ConfigMap'),
        (b'{"kind":"ConfigMap","apiVersion":"v9"}', "the API version in the data (v9) does not match the expected"),
        (b'{"metadata":{"name":1}}', "cannot unmarshal number into Go struct field ObjectMeta.metadata.name"),
        (b'{"metadata":{"name":"a","namespace":"b"}}', "the namespace of the provided object does not match"),
        (b"[" * 100_000, "json parse error"),
        (b'{"metadata":' * 2000 + b"1" + b"}" * 2000, ""),
        (b'{"metadata":{"name":"a","generation":1e999}}', ""),
        (b'{"metadata":{"name":"a","generation":123456789012345678901234567890}}', ""),
    ],
)  # fmt: skip
async def test_a_body_that_cannot_be_is_a_400_and_stores_nothing(api: World, body: bytes, message: str) -> None:
    told = await api.ask("POST", MAPS, body)
    assert (told.status, told.body["reason"]) == (400, "BadRequest")
    assert message in told.body.get("message", "")
    assert (await api.ask("GET", MAPS)).body["items"] == []


async def test_unknown_and_duplicate_fields_are_refused_when_strict_and_warned_of_else(api: World) -> None:
    body = b'{"metadata":{"name":"a"},"data":{"k":"1"},"data":{"k":"2"},"colour":"blue"}'
    strict = await api.ask("POST", f"{MAPS}?fieldValidation=Strict", body)
    assert (strict.status, strict.message) == (
        400,
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: '
        'strict decoding error: duplicate field "data", unknown field "colour"',
    )
    lenient = await api.ask("POST", MAPS, body)
    assert lenient.status == 201
    assert lenient.warnings == ['299 - "duplicate field \\"data\\""', '299 - "unknown field \\"colour\\""']
    assert "colour" not in lenient.body


async def test_a_body_in_a_format_that_nobody_reads_is_a_415(api: World) -> None:
    told = await api.ask("POST", MAPS, b"x", content_type="text/csv")
    assert (told.status, told.body["reason"]) == (415, "UnsupportedMediaType")
    assert told.message.startswith("the body of the request was in an unknown format - accepted media types include: ")
    patch = await api.ask("PATCH", f"{MAPS}/x", b"{}", content_type="application/json")
    assert (patch.status, patch.message, patch.body["details"]) == (415, "415: Unsupported Media Type", {})


async def test_yaml_is_read_and_written(api: World) -> None:
    text = b"metadata:\n  name: dated\ndata:\n  day: 2026-01-01\n"
    made = await api.ask("POST", MAPS, text, content_type="application/yaml", accept="application/yaml")
    assert made.status == 201
    assert b'day: "2026-01-01"' in made.raw


@pytest.mark.parametrize(
    "text", [b"a: [", b"a: 1\na: 2\n", b"a: &a [x,x]\nb: &b [*a,*a]\n" + b"".join(
        b"c%d: &c%d [%b]\n" % (n, n, b",".join([b"*c%d" % (n - 1) if n else b"*b"] * 9)) for n in range(9)
    )],
)  # fmt: skip
async def test_yaml_that_is_broken_doubled_or_explodes_is_a_400(api: World, text: bytes) -> None:
    told = await api.ask("POST", f"{MAPS}?fieldValidation=Strict", text, content_type="application/yaml")
    assert (told.status, told.body["reason"]) == (400, "BadRequest")


async def test_nobody_without_a_certificate_reads_objects(api: World) -> None:
    told = await api.ask("GET", f"{SERVICES}/web", peer=NOBODY)
    assert (told.status, told.message, told.body["details"]) == (
        403,
        'services "web" is forbidden: User "system:anonymous" cannot get resource "services" in API group "" '
        'in the namespace "default"',
        {"name": "web", "kind": "services"},
    )
    assert (await api.ask("GET", "/healthz", peer=NOBODY)).raw == b"ok"
    paths = await api.ask("GET", "/metrics", peer=NOBODY)
    assert paths.message == 'forbidden: User "system:anonymous" cannot get path "/metrics"'


async def test_a_token_that_nobody_issued_is_a_401(api: World) -> None:
    told = await api.ask("GET", MAPS, peer=NOBODY, authorization="Bearer abc")
    assert (told.status, told.body["reason"], told.message) == (401, "Unauthorized", "Unauthorized")


async def test_a_user_may_do_nothing_until_somebody_says_so(api: World) -> None:
    jane = Peer("127.0.0.1", "jane", ())
    told = await api.ask("GET", "/apis/apps/v1/deployments", peer=jane)
    assert told.message == (
        'deployments.apps is forbidden: User "jane" cannot list resource "deployments" in API group "apps" '
        "at the cluster scope"
    )
    assert (await api.ask("GET", "/apis", peer=jane)).status == 200


async def test_a_node_reads_pods_and_writes_only_its_own_node(api: World) -> None:
    assert (await api.ask("GET", "/api/v1/pods", peer=NODE)).status == 200
    assert (await api.ask("POST", "/api/v1/nodes", {"metadata": {"name": "n1"}}, peer=NODE)).status == 201
    status = {"metadata": {"name": "n2"}}
    assert (await api.ask("PUT", "/api/v1/nodes/n2/status", status, peer=NODE)).status == 403
    assert (await api.ask("POST", MAPS, config_map("a"), peer=NODE)).status == 403


async def test_an_administrator_may_act_as_somebody_else(api: World) -> None:
    told = await api.ask("GET", MAPS, impersonate_user="jane")
    assert (told.status, 'User "jane" cannot list' in told.message) == (403, True)
    refused = await api.ask("GET", MAPS, peer=NODE, impersonate_user="jane")
    assert 'User "system:node:n1" cannot impersonate-on:user-info:list resource "configmaps"' in refused.message


async def test_a_table_has_a_row_for_each_object_and_its_metadata(api: World) -> None:
    told = await api.ask("GET", SERVICES, accept=TABLE)
    assert told.body["kind"] == "Table"
    assert [column["name"] for column in told.body["columnDefinitions"]][:4] == [
        "Name", "Type", "Cluster-IP", "External-IP",
    ]  # fmt: skip
    (row,) = told.body["rows"]
    assert row["cells"][:3] == ["kubernetes", "ClusterIP", "10.96.0.1"]
    assert row["object"]["kind"] == "PartialObjectMetadata"


async def test_rows_hold_as_much_of_the_object_as_is_asked_for(api: World) -> None:
    whole = await api.ask("GET", f"{SERVICES}?includeObject=Object", accept=TABLE)
    assert whole.body["rows"][0]["object"]["spec"]["clusterIP"] == "10.96.0.1"
    refused = await api.ask("GET", f"{SERVICES}?includeObject=Some", accept=TABLE)
    assert (refused.status, "must be 'Metadata', 'Object', 'None', or empty" in refused.message) == (400, True)


async def test_metadata_alone_can_be_asked_for(api: World) -> None:
    told = await api.ask("GET", f"{SERVICES}/kubernetes", accept=METADATA)
    assert (told.body["kind"], told.body["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
    assert "spec" not in told.body


@pytest.mark.parametrize(
    ("path", "shape", "message"),
    [
        (SERVICES, "PartialObjectMetadata", "the requested object is a list (*core.ServiceList)"),
        (f"{SERVICES}/kubernetes", "PartialObjectMetadataList", "the requested object is not a list (*core.Service)"),
        ("/apis/rbac.authorization.k8s.io/v1/roles", "PartialObjectMetadata", "is a list (*rbac.RoleList)"),
        (SERVICES, "PartialObjectMetadataList", ""),
    ],
)
async def test_metadata_of_one_is_no_list_and_a_list_is_not_one(
    api: World, path: str, shape: str, message: str
) -> None:
    told = await api.ask("GET", path, accept=METADATA.replace("PartialObjectMetadata", shape))
    assert told.status == (406 if message else 200)
    assert message in told.body.get("message", "")


async def test_a_form_that_nobody_can_give_is_a_406(api: World) -> None:
    told = await api.ask("GET", MAPS, accept="text/html")
    assert (told.status, told.body["reason"]) == (406, "NotAcceptable")
    assert (await api.ask("GET", MAPS, accept="application/vnd.kubernetes.protobuf,application/json")).status == 200


async def test_an_old_version_shows_the_same_object_and_warns(api: World) -> None:
    old = "/apis/apps/v1beta2/namespaces/default/replicasets"
    spec = {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
    }
    body = {"kind": "ReplicaSet", "apiVersion": "apps/v1beta2", "metadata": {"name": "r"}, "spec": spec}
    made = await api.ask("POST", old, body)
    assert (made.status, made.body["apiVersion"]) == (201, "apps/v1beta2")
    assert made.warnings == [
        '299 - "apps/v1beta2 ReplicaSet is deprecated in v1.9+, unavailable in v1.16+; use apps/v1 ReplicaSet"'
    ]
    now = await api.ask("GET", "/apis/apps/v1/namespaces/default/replicasets/r")
    assert (now.body["apiVersion"], now.body["metadata"]["uid"]) == ("apps/v1", made.body["metadata"]["uid"])
    listed = await api.ask("GET", old)
    assert (listed.body["apiVersion"], list(listed.body["items"][0])) == (
        "apps/v1beta2",
        ["metadata", "spec", "status"],
    )
    label = {"metadata": {"labels": {"x": "y"}}}
    patched = await api.ask("PATCH", f"{old}/r", label, content_type="application/merge-patch+json")
    assert (patched.body["apiVersion"], patched.body["metadata"]["labels"]) == ("apps/v1beta2", {"x": "y"})


async def test_large_answers_are_packed_for_those_who_take_them(api: World) -> None:
    for n in range(20):
        await api.ask("POST", MAPS, config_map(f"big{n}", text="x" * 10_000))
    plain = await api.ask("GET", MAPS)
    packed = await api.ask("GET", MAPS, accept_encoding="gzip, deflate")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert orjson.loads(gzip.decompress(packed.raw))["items"] == plain.body["items"]
    await api.ask("DELETE", f"{MAPS}/big0")
    assert len((await api.ask("GET", MAPS)).body["items"]) == 19


async def test_people_get_lines_and_programs_get_one(api: World) -> None:
    assert b"\n" not in (await api.ask("GET", f"{SERVICES}/kubernetes", user_agent="kubectl/v1.32")).raw[:-1]
    assert b"\n  " in (await api.ask("GET", f"{SERVICES}/kubernetes", user_agent="curl/8")).raw
    assert b"\n" not in (await api.ask("GET", f"{SERVICES}/kubernetes?pretty=false", user_agent="curl/8")).raw[:-1]


async def test_endpoints_are_deprecated_whatever_is_asked_of_them(api: World) -> None:
    told = await api.ask("GET", "/api/v1/namespaces/default/endpoints/kubernetes")
    assert told.warnings == [
        '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"'
    ]  # fmt: skip


async def test_health_is_told_in_short_and_at_length(api: World) -> None:
    assert (await api.ask("GET", "/readyz")).raw == b"ok"
    told = (await api.ask("GET", "/readyz?verbose")).raw.decode()
    assert told.startswith("[+]ping ok\n")
    assert told.endswith("readyz check passed\n")
    assert (await api.ask("GET", "/livez/ping")).raw == b"ok"
    assert (await api.ask("GET", "/livez/nothing")).status == 404
    told = (await api.ask("GET", "/readyz?verbose&exclude=ping&exclude=nothing")).raw.decode()
    assert told.startswith("[+]ping excluded: ok\n")
    assert told.endswith('warn: some health checks cannot be excluded: no matches for "nothing"\nreadyz check passed\n')
    hooks = ("start-system-namespaces-controller", "crd-informer-synced", "apiservice-openapi-controller")
    assert all(f"[+]poststarthook/{name} ok\n" in told for name in hooks)
    await api.server.stop()
    assert (await api.ask("GET", "/readyz")).status == 500


async def test_the_root_names_paths_that_all_answer(api: World) -> None:
    paths = orjson.loads((await api.ask("GET", "/")).raw)["paths"]
    assert paths == sorted(paths)
    assert {"/api/v1", "/apis/apps", "/apis/apps/v1", "/livez/ping", "/version"} <= set(paths)
    without_tokens = {path for path in paths if "openid" not in path}
    assert [path for path in without_tokens if (await api.ask("GET", path)).status != 200] == []


async def test_requests_are_counted_under_upstreams_names(api: World) -> None:
    await api.ask("GET", f"{MAPS}/none")
    text = (await api.ask("GET", "/metrics")).raw.decode()
    assert (
        'apiserver_request_total{code="404",component="apiserver",group="",resource="configmaps",scope="resource",'
        'subresource="",verb="GET",version="v1",dry_run=""} 1'
    ) in text
    assert "apiserver_request_duration_seconds_bucket{" in text
    assert 'apiserver_storage_objects{resource="namespaces"} 4' in text


async def test_a_fault_of_ours_is_a_500_with_a_status_and_a_traceback_in_the_log(
    api: World, caplog: pytest.LogCaptureFixture
) -> None:
    api.server.cache.of(CONFIG_MAP).live["/core/configmaps/default/broken"] = None  # type: ignore[assignment]
    api.server.cache.of(CONFIG_MAP)._keys.append("/core/configmaps/default/broken")
    told = await api.ask("GET", MAPS)
    assert (told.status, told.body["reason"]) == (500, "InternalError")
    assert "Traceback" in caplog.text


async def test_the_version_is_what_clients_compare(api: World) -> None:
    found = (await api.ask("GET", "/version", peer=NOBODY)).body
    assert (found["major"], found["minor"], found["gitVersion"]) == ("1", "36", "v1.36.0+fairway")
    assert (found["emulationMinor"], found["minCompatibilityMinor"]) == ("36", "35")
    assert re.fullmatch("[0-9a-f]{40}", found["gitCommit"])  # Kubernetes' own tests want some


@pytest.mark.parametrize("shape", ["Table", "PartialObjectMetadata"])
async def test_what_is_never_kept_is_no_table(api: World, shape: str) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    accept = f"application/json;as={shape};v=v1;g=meta.k8s.io"
    told = await api.ask("POST", path, {"spec": {}}, accept=accept)
    assert told.status == 406
    told = await api.ask("POST", path, {"spec": {}}, accept=f"{accept},application/json")
    assert told.status != 406


async def test_what_is_no_utf8_is_marked_as_such_as_go_does(api: World) -> None:
    raw = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"\xff"}}'
    assert (await api.ask("POST", MAPS, raw)).body["data"] == {"a": "\ufffd"}
