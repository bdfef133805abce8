"""OpenAPI: the documents that clients check with, merge by and explain from."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from fairway.apiserver.discovery import Entry, entries, group_version
from fairway.apiserver.openapi import OpenApi, descriptions, enums, gnostic, makers, v2, v3
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


def by_version(found: list[Entry]) -> dict[str, list[Entry]]:
    served: dict[str, list[Entry]] = {}
    for entry in found:
        served.setdefault(group_version(entry.group, entry.version), []).append(entry)
    return served


def every_entry() -> dict[str, list[Entry]]:
    found = entries((*ALL, *VIRTUAL))
    return {
        group_version(group, version): each for group, versions in found.items() for version, each in versions.items()
    }


@pytest.fixture(scope="module")
def swagger() -> Any:
    return v2.document(by_version(ENTRIES), "v1.36.0")


@pytest.fixture(scope="module")
def core() -> Any:
    return v3.document("v1", [entry for entry in ENTRIES if entry.group == ""], "v1.36.0")


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
    found = {schema.definition(place).name: schema.definition(place) for place in schema.places()}
    for short, (text, told) in descriptions.DEFINITIONS.items():
        beginnings = ("", "io.k8s.api.", "io.k8s.apimachinery.pkg.apis.")
        (name,) = [beginning + short for beginning in beginnings if beginning + short in found]
        assert text.endswith(".")
        assert set(told) <= set(found[name].fields or {})


def test_a_type_of_two_is_written_in_each_dialect(swagger: Any, core: Any) -> None:
    name = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
    text = descriptions.of_definition(name)
    assert swagger["definitions"][name] == {"type": "string", "format": "int-or-string", "description": text}
    assert core["components"]["schemas"][name] == {
        "description": text,
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    }


def test_an_older_version_has_definitions_of_its_own(swagger: Any) -> None:
    definitions = swagger["definitions"]
    older = definitions["io.k8s.api.extensions.v1beta1.ReplicaSet"]
    assert older["x-kubernetes-group-version-kind"][0]["group"] == "extensions"
    assert older["properties"]["spec"] == {"$ref": "#/definitions/io.k8s.api.extensions.v1beta1.ReplicaSetSpec"}
    assert "required" not in definitions["io.k8s.api.extensions.v1beta1.ReplicaSetSpec"]
    assert definitions["io.k8s.api.apps.v1.ReplicaSetSpec"]["required"] == ["selector"]


def test_every_kind_is_described_in_every_version_and_dialect() -> None:
    """Also one without a spec."""
    found = every_entry()
    document = v2.document(found, "v1")
    definitions = document["definitions"]
    assert gnostic.encode(document)
    for version in ("v1beta1", "v1beta2"):
        shown = definitions[f"io.k8s.api.apps.{version}.ControllerRevision"]
        assert set(shown["properties"]) == {"apiVersion", "kind", "metadata", "data", "revision"}
        assert shown["x-kubernetes-group-version-kind"][0]["version"] == version
    for served, each in found.items():
        assert v3.document(served, each, "v1")["components"]["schemas"]


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
    assert {"dryRun", "fieldManager", "fieldValidation"} <= set(names)
    assert {"namespace", "pretty"} <= {parameter["name"] for parameter in core["paths"][path]["parameters"]}
    assert ("force" in names) is (method == "patch")
    assert operation["x-kubernetes-group-version-kind"] == {"group": "", "version": "v1", "kind": "Service"}


def operations_of(document: Any) -> list[Any]:
    return [each for item in document["paths"].values() for name, each in item.items() if name != "parameters"]


def test_operations_are_called_as_upstream_calls_them(swagger: Any) -> None:
    found = [operation["operationId"] for operation in operations_of(swagger)]
    assert {
        "listCoreV1ServiceForAllNamespaces", "listCoreV1NamespacedService", "createCoreV1NamespacedService",
        "deleteCoreV1CollectionNamespacedService", "replaceCoreV1NamespacedServiceStatus", "readCoreV1Node",
        "patchAppsV1NamespacedReplicaSetScale", "connectCoreV1GetNamespacedServiceProxy",
        "connectCoreV1HeadNamespacedServiceProxyWithPath", "watchCoreV1NamespacedServiceList", "watchCoreV1Node",
        "watchCoreV1ServiceListForAllNamespaces", "watchCoreV1NamespacedService", "getCoreV1APIResources",
        "getCoreAPIVersions", "getAPIVersions", "getAppsAPIGroup", "getAppsV1APIResources", "getCodeVersion",
        "getServiceAccountIssuerOpenIDConfiguration", "getServiceAccountIssuerOpenIDKeyset",
    } <= set(found)  # fmt: skip
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("group", "tag"), [("", "core_v1"), ("apps", "apps_v1"), ("rbac.authorization.k8s.io", "rbacAuthorization_v1")]
)
def test_operations_are_filed_as_upstream_files_them(group: str, tag: str) -> None:
    served = group_version(group, "v1")
    document = v3.document(served, every_entry()[served], "v1")
    assert {filed for operation in operations_of(document) for filed in operation["tags"]} == {tag}


def test_answers_have_the_codes_that_upstream_gives(core: Any) -> None:
    collection = core["paths"]["/api/v1/namespaces/{namespace}/services"]
    single = core["paths"]["/api/v1/namespaces/{namespace}/services/{name}"]
    assert list(collection["post"]["responses"]) == ["200", "201", "202", "401"]
    assert list(collection["delete"]["responses"]) == ["200", "401"]
    assert list(single["delete"]["responses"]) == ["200", "202", "401"]
    assert list(single["put"]["responses"]) == list(single["patch"]["responses"]) == ["200", "201", "401"]


def test_the_words_of_a_field_are_listed(swagger: Any, core: Any) -> None:
    """``explain`` shows them; where the field is a list, they are those of its items."""
    for spec in (swagger["definitions"], core["components"]["schemas"]):
        fields = spec["io.k8s.api.core.v1.ServiceSpec"]["properties"]
        assert fields["type"]["enum"] == ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
        assert fields["ipFamilies"]["items"]["enum"] == ["", "IPv4", "IPv6"]


def test_defaults_are_told_where_upstream_tells_them(swagger: Any, core: Any) -> None:
    schemas = core["components"]["schemas"]
    ports = schemas[PORTS]["properties"]
    assert (ports["protocol"]["default"], ports["port"]["default"], "default" in ports["name"]) == ("TCP", 0, False)
    service = schemas["io.k8s.api.core.v1.Service"]["properties"]
    assert [service[name]["default"] for name in ("metadata", "spec", "status")] == [{}, {}, {}]
    spec = schemas["io.k8s.api.core.v1.ServiceSpec"]["properties"]
    assert (spec["ports"]["items"]["default"], spec["selector"]["additionalProperties"]["default"]) == ({}, "")
    assert "default" not in orjson.dumps(swagger["definitions"][PORTS]["properties"]["protocol"]).decode()


def test_all_words_are_of_fields_that_exist_and_in_order() -> None:
    names = {schema.definition(place).name: schema.definition(place) for place in schema.places()}
    for short, told in enums.ENUMS.items():
        definition = names[f"io.k8s.api.{short}"]
        assert set(told) <= set(definition.fields or {})
        assert [list(words) for words in told.values()] == [sorted(words) for words in told.values()]


TOLD = (
    ("v1", "Service"), ("v1", "Endpoints"), ("discovery.k8s.io/v1", "EndpointSlice"), ("v1", "Pod"),
    ("apps/v1", "ReplicaSet"), ("apps/v1", "Deployment"), ("networking.k8s.io/v1", "Ingress"), ("v1", "Namespace"),
)  # fmt: skip


@pytest.mark.parametrize("kind", TOLD, ids=lambda kind: kind[1])
def test_every_field_of_the_kinds_that_people_learn_first_is_described(kind: tuple[str, str]) -> None:
    """All the way down."""
    place = schema.place_of(*kind)
    assert place is not None
    for each in schema.closure({place}):
        found = schema.definition(each)
        assert descriptions.of_definition(found.name), found.name
        for field in found.fields or {}:
            text = descriptions.of_field(found.name, field, is_object=bool(found.kinds))
            assert text.endswith("."), f"{found.name} {field}"


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
    protocol = named(dict(fields(definitions[PORTS]))[25], 1)["protocol"]
    assert [value for number, value in fields(protocol) if number == 20] == [
        b'\x12\x06"SCTP"', b'\x12\x05"TCP"', b'\x12\x05"UDP"'
    ]  # fmt: skip
    extensions = named(definitions["io.k8s.api.core.v1.Service"], 31)
    assert dict(fields(extensions["x-kubernetes-group-version-kind"]))[2] == (
        b'[{"group":"","kind":"Service","version":"v1"}]'
    )


def test_the_index_leads_to_every_document() -> None:
    index = orjson.loads(get("/openapi/v3").body)["paths"]
    assert list(index) == [
        ".well-known/openid-configuration", "api", "api/v1", "apis", "apis/apps", "apis/apps/v1", "apis/example.com",
        "apis/example.com/v1", "apis/extensions", "apis/extensions/v1beta1", "openid/v1/jwks", "version",
    ]  # fmt: skip
    for name, found in index.items():
        path, _, asked = found["serverRelativeURL"].partition("?hash=")
        response = get(path, query={"hash": asked})
        assert path == f"/openapi/v3/{name}"
        assert ("Cache-Control", "public, immutable") in response.headers and "Expires" in dict(response.headers)
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
