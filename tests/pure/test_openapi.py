"""OpenAPI: the documents that clients check with, merge by and explain from."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from fairway.apiserver.discovery import Entry, entries
from fairway.apiserver.openapi import OpenApi, descriptions, gnostic, makers, v2, v3
from fairway.kinds import ALL, VIRTUAL
from fairway.kinds.kind import STATUS, Kind, Served, Subresource
from fairway.kinds.rules.scale import SCALE
from fairway.objects import schema
from fairway.objects.errors import StatusError
from fairway.transport.interface import Peer, Request, Response

SERVICE = Kind(
    group="", version="v1", name="Service", plural="services", delete_returns_object=True,
    subresources=(STATUS, Subresource("proxy", ("create", "get"), "ServiceProxyOptions")),
)  # fmt: skip
NODE = Kind(group="", version="v1", name="Node", plural="nodes", namespaced=False)
REPLICA_SET = Kind(
    group="apps", version="v1", name="ReplicaSet", plural="replicasets", subresources=(STATUS, SCALE),
    also=(Served("extensions", "v1beta1"),),
)  # fmt: skip
GIZMO = Kind(group="example.com", version="v1", name="Gizmo", plural="gizmos")
KINDS = (SERVICE, NODE, REPLICA_SET, GIZMO)
ENTRIES = [Entry(kind, kind.group, kind.version) for kind in KINDS] + [Entry(REPLICA_SET, "extensions", "v1beta1")]
PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
PORTS = "io.k8s.api.core.v1.ServicePort"


@pytest.fixture(scope="module")
def swagger() -> Any:
    return v2.document(ENTRIES, "v1.36.0")


@pytest.fixture(scope="module")
def core() -> Any:
    return v3.document([entry for entry in ENTRIES if entry.group == ""], "v1.36.0")


def get(path: str, *, query: dict[str, str] | None = None, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = OpenApi(KINDS).answer(Request("GET", path, list((query or {}).items()), named, b"", Peer()))
    assert response is not None
    return response


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def resolves(document: Any, reference: str) -> bool:
    for part in reference.removeprefix("#/").split("/"):
        if part not in document:
            return False
        document = document[part]
    return True


def test_every_reference_leads_somewhere(swagger: Any, core: Any) -> None:
    for document in (swagger, core):
        found = set(references({key: value for key, value in document.items() if key != "x"}))
        assert found
        assert [reference for reference in found if not resolves(document, reference)] == []


DESCRIBED = (
    ("v1", "Service"), ("v1", "Endpoints"), ("v1", "Pod"), ("v1", "ReplicationController"), ("v1", "ConfigMap"),
    ("v1", "Secret"), ("v1", "Namespace"), ("v1", "Node"), ("apps/v1", "Deployment"), ("apps/v1", "ReplicaSet"),
    ("apps/v1", "DaemonSet"), ("apps/v1", "ControllerRevision"),
    ("discovery.k8s.io/v1", "EndpointSlice"), ("networking.k8s.io/v1", "ServiceCIDR"),
    ("networking.k8s.io/v1", "IPAddress"), ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "IngressClass"), ("networking.k8s.io/v1", "NetworkPolicy"),
)  # fmt: skip


def test_a_definition_has_types_required_fields_and_merge_keys(swagger: Any) -> None:
    definitions = swagger["definitions"]
    assert definitions[PORTS]["properties"]["port"] == {
        "type": "integer", "format": "int32", "description": "The port that clients call.",
    }  # fmt: skip
    assert definitions[PORTS]["required"] == ["port"]
    assert definitions["io.k8s.api.core.v1.ServiceSpec"]["properties"]["ports"] == {
        "description": "The ports of the Service. Several ports need names.",
        "type": "array",
        "items": {"$ref": f"#/definitions/{PORTS}"},
        "x-kubernetes-list-map-keys": ["port", "protocol"],
        "x-kubernetes-list-type": "map",
        "x-kubernetes-patch-merge-key": "port",
        "x-kubernetes-patch-strategy": "merge",
    }
    assert definitions["io.k8s.api.core.v1.Service"]["x-kubernetes-group-version-kind"] == [
        {"group": "", "kind": "Service", "version": "v1"}
    ]


def test_every_description_is_of_a_type_and_a_field_that_exist() -> None:
    places = {place for kind in DESCRIBED if (place := schema.place_of(*kind)) is not None}
    names = {schema.definition(place).name for place in schema.closure(places)}
    by_short = {name.removeprefix("io.k8s.apimachinery.pkg.apis.").removeprefix("io.k8s.api."): name for name in names}
    for short, (text, told) in descriptions.DEFINITIONS.items():
        definition = schema.definition(schema.place_named(by_short[short]))
        assert text.endswith(".")
        assert set(told) <= set(definition.fields or {})


def test_a_type_of_two_is_written_in_each_dialect(swagger: Any, core: Any) -> None:
    name = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
    assert swagger["definitions"][name] == {"type": "string", "format": "int-or-string"}
    assert core["components"]["schemas"][name] == {
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    }


def test_an_older_version_has_definitions_of_its_own(swagger: Any) -> None:
    definitions = swagger["definitions"]
    older = definitions["io.k8s.api.extensions.v1beta1.ReplicaSet"]
    assert older["x-kubernetes-group-version-kind"][0]["group"] == "extensions"
    assert older["properties"]["spec"] == {"$ref": "#/definitions/io.k8s.api.extensions.v1beta1.ReplicaSetSpec"}
    assert definitions["io.k8s.api.extensions.v1beta1.ReplicaSetSpec"]["required"] == []
    assert definitions["io.k8s.api.apps.v1.ReplicaSetSpec"]["required"] == ["selector"]


def test_every_kind_is_described_in_every_version_and_dialect() -> None:
    """Also one without a spec."""
    found = entries((*ALL, *VIRTUAL))
    all_of_them = [entry for versions in found.values() for each in versions.values() for entry in each]
    definitions = v2.document(all_of_them, "v1")["definitions"]
    assert gnostic.encode(v2.document(all_of_them, "v1"))
    for version in ("v1beta1", "v1beta2"):
        shown = definitions[f"io.k8s.api.apps.{version}.ControllerRevision"]
        assert set(shown["properties"]) == {"apiVersion", "kind", "metadata", "data", "revision"}
        assert shown["x-kubernetes-group-version-kind"][0]["version"] == version
    for versions in found.values():
        for each in versions.values():
            assert v3.document(each, "v1")["components"]["schemas"]


def test_a_kind_that_is_not_built_in_is_a_free_object(swagger: Any) -> None:
    assert swagger["definitions"]["com.example.v1.Gizmo"]["type"] == "object"


def test_the_phrases_that_scripts_search_for_are_there(swagger: Any) -> None:
    text = orjson.dumps(swagger).decode()
    for phrase in ("list of returned", "List of services", "Watch for changes to the described resources"):
        assert phrase in text


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_writes_take_field_validation_inline(core: Any, method: str) -> None:
    path = "/api/v1/namespaces/{namespace}/services" + ("" if method == "post" else "/{name}")
    operation = core["paths"][path][method]
    names = [parameter["name"] for parameter in operation["parameters"]]
    assert {"dryRun", "fieldManager", "fieldValidation", "namespace"} <= set(names)
    assert ("force" in names) is (method == "patch")
    assert operation["x-kubernetes-group-version-kind"] == {"group": "", "version": "v1", "kind": "Service"}


def test_operations_are_called_as_upstream_calls_them(swagger: Any) -> None:
    found = {operation["operationId"] for item in swagger["paths"].values() for operation in item.values()}
    assert {
        "listCoreV1ServiceForAllNamespaces", "listCoreV1NamespacedService", "createCoreV1NamespacedService",
        "deleteCoreV1CollectionNamespacedService", "replaceCoreV1NamespacedServiceStatus", "readCoreV1Node",
        "patchAppsV1NamespacedReplicaSetScale", "connectCoreV1GetNamespacedServiceProxy",
    } <= found  # fmt: skip
    assert len(found) == sum(len(item) for item in swagger["paths"].values())


def test_only_patches_have_their_parameters_inline_in_swagger(swagger: Any) -> None:
    single = swagger["paths"]["/api/v1/namespaces/{namespace}/services/{name}"]
    assert {"$ref": "#/parameters/fieldValidation"} in single["put"]["parameters"]
    assert "fieldValidation" in [parameter.get("name") for parameter in single["patch"]["parameters"]]


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """A protobuf message taken apart."""
    place = 0

    def number() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        key = number()
        length = number()
        if key & 7 == 0:
            yield key >> 3, length
        else:
            place += length
            yield key >> 3, message[place - length : place]


def named(message: bytes, field: int) -> dict[str, bytes]:
    found = {}
    for number, item in fields(message):
        if number == field:
            parts = dict(fields(item))
            found[parts[1].decode()] = parts[2]
    return found


def test_protobuf_says_the_same_as_json(swagger: Any) -> None:
    document = dict(fields(gnostic.encode(swagger)))
    assert document[1] == b"2.0"
    paths, definitions = named(document[8], 2), named(document[9], 1)
    assert list(paths) == list(swagger["paths"])
    assert list(definitions) == list(swagger["definitions"])
    port = named(dict(fields(definitions[PORTS]))[25], 1)["port"]
    assert dict(fields(port)) == {2: b"int32", 4: b"The port that clients call.", 22: b"\n\x07integer"}
    extensions = named(definitions["io.k8s.api.core.v1.Service"], 31)
    assert dict(fields(extensions["x-kubernetes-group-version-kind"]))[2] == (
        b'[{"group":"","kind":"Service","version":"v1"}]'
    )


def test_the_index_leads_to_every_document() -> None:
    index = orjson.loads(get("/openapi/v3").body)["paths"]
    assert list(index) == ["api/v1", "apis/apps/v1", "apis/example.com/v1", "apis/extensions/v1beta1"]
    for name, found in index.items():
        path, _, asked = found["serverRelativeURL"].partition("?hash=")
        response = get(path, query={"hash": asked})
        assert path == f"/openapi/v3/{name}"
        assert ("Cache-Control", "public, immutable, max-age=31536000") in response.headers
        assert orjson.loads(response.body)["openapi"] == "3.0.0"


def test_clients_that_keep_documents_for_ever_see_new_words(tmp_path: Path) -> None:
    (tmp_path / "descriptions.py").write_text("old")
    old = makers(tmp_path)
    makers.cache_clear()
    (tmp_path / "descriptions.py").write_text("new")
    assert makers(tmp_path) != old
    makers.cache_clear()


def test_a_stale_hash_leads_to_the_right_one() -> None:
    response = get("/openapi/v3/api/v1", query={"hash": "OLD"})
    assert response.status == 301
    assert dict(response.headers)["Location"].startswith("/openapi/v3/api/v1?hash=")


@pytest.mark.parametrize("path", ["/openapi/v3/apps/v1", "/openapi/v3/apis/v1", "/openapi/v3/api/v2", "/openapi", "/x"])
def test_what_is_not_described_is_left_to_others(path: str) -> None:
    assert OpenApi(KINDS).answer(Request("GET", path, [], {}, b"", Peer())) is None


def test_documents_go_out_compressed_where_the_client_takes_it() -> None:
    plain, packed = get("/openapi/v2"), get("/openapi/v2", accept_encoding="gzip")
    assert ("Content-Encoding", "gzip") in packed.headers
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) * 8 < len(plain.body)


def test_a_document_that_the_client_has_is_not_sent_again() -> None:
    etag = dict(get("/openapi/v2").headers)["ETag"]
    response = get("/openapi/v2", if_none_match=etag)
    assert (response.status, response.body) == (304, b"")


def test_protobuf_is_sent_to_those_who_ask_for_it_first() -> None:
    response = get("/openapi/v2", accept=PROTOBUF)
    assert response.content_type == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
    assert get("/openapi/v2", accept=f"application/json,{PROTOBUF}").content_type == "application/json"
    with pytest.raises(StatusError) as caught:
        get("/openapi/v2", accept="text/html")
    assert caught.value.code == 406
