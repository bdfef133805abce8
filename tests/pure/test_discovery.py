"""Discovery: the documents that tell clients what there is."""

from typing import Any

import orjson
import pytest

from fairway.apiserver import yaml_form
from fairway.apiserver.discovery import Discovery, aggregated_version
from fairway.kinds.group_priorities import version_rank
from fairway.kinds.kind import STATUS, Kind, Served, Subresource
from fairway.kinds.rules.scale import SCALE
from fairway.objects.errors import StatusError
from fairway.transport.interface import Peer, Request, Response

VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
CONFIG_MAP = Kind(group="", version="v1", name="ConfigMap", plural="configmaps", short_names=("cm",))
POD = Kind(
    group="", version="v1", name="Pod", plural="pods", categories=("all",),
    subresources=(STATUS, Subresource("eviction", ("create",), "Eviction", "policy", "v1")),
)  # fmt: skip
NODE = Kind(group="", version="v1", name="Node", plural="nodes", namespaced=False)
REPLICA_SET = Kind(
    group="apps", version="v1", name="ReplicaSet", plural="replicasets", short_names=("rs",), categories=("all",),
    subresources=(STATUS, SCALE), also=(Served("extensions", "v1beta1"), Served("apps", "v1beta2")),
)  # fmt: skip
LEASE = Kind(group="coordination.k8s.io", version="v1", name="Lease", plural="leases")
KINDS = (POD, CONFIG_MAP, NODE, REPLICA_SET, LEASE)
AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
)


def get(path: str, **headers: str) -> Response | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Discovery(KINDS, "10.0.0.1:6443").answer(Request("GET", path, [], named, b"", Peer()))


def body(path: str, **headers: str) -> Any:
    response = get(path, **headers)
    assert response is not None
    return orjson.loads(response.body)


def test_the_core_group_names_its_versions_and_the_server() -> None:
    assert body("/api") == {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "10.0.0.1:6443"}],
    }


def test_groups_stand_in_the_order_in_which_names_are_looked_up() -> None:
    found = body("/apis")
    assert [group["name"] for group in found["groups"]] == ["apps", "coordination.k8s.io", "extensions"]
    assert found["groups"][0]["preferredVersion"] == {"groupVersion": "apps/v1", "version": "v1"}
    assert "kind" not in found["groups"][0]


def test_one_group_is_described_by_itself() -> None:
    assert body("/apis/apps") == {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": "apps",
        "versions": [
            {"groupVersion": "apps/v1", "version": "v1"},
            {"groupVersion": "apps/v1beta2", "version": "v1beta2"},
        ],
        "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"},
    }


def test_a_resource_is_written_in_the_order_that_scripts_search_for() -> None:
    response = get("/api/v1")
    assert response is not None
    assert (
        b'{"name":"configmaps","singularName":"configmap","namespaced":true,"kind":"ConfigMap","verbs":["create",'
        b'"delete","deletecollection","get","list","patch","update","watch"],"shortNames":["cm"],'
        b'"storageVersionHash":"qFsyl6wFWjQ="}'
    ) in response.body


def test_resources_and_subresources_stand_in_alphabetical_order() -> None:
    names = [resource["name"] for resource in body("/api/v1")["resources"]]
    assert names == ["configmaps", "nodes", "pods", "pods/eviction", "pods/status"]


def test_a_subresource_says_what_kind_it_takes() -> None:
    found = {resource["name"]: resource for resource in body("/apis/apps/v1")["resources"]}
    assert list(found["replicasets/scale"].items()) == [
        ("name", "replicasets/scale"),
        ("singularName", ""),
        ("namespaced", True),
        ("group", "autoscaling"),
        ("version", "v1"),
        ("kind", "Scale"),
        ("verbs", ["get", "patch", "update"]),
    ]
    assert found["replicasets/status"]["kind"] == "ReplicaSet"
    assert found["replicasets"]["storageVersionHash"] == "P1RzHs8/mWQ="


def test_an_older_group_has_neither_short_names_nor_categories() -> None:
    (found,) = (r for r in body("/apis/extensions/v1beta1")["resources"] if r["name"] == "replicasets")
    assert found.keys() == {"name", "singularName", "namespaced", "kind", "verbs", "storageVersionHash"}


@pytest.mark.parametrize("path", ["/apis/nope", "/apis/nope/v1", "/api/v2", "/apis/", "/version", "/apiary"])
def test_what_is_not_known_is_left_to_others(path: str) -> None:
    assert (get(path) is None) is (path != "/apis/")


@pytest.mark.parametrize("path", ["/apis/apps/v9", "/apis/apps/v1/gizmos", "/api/v1/gizmos"])
def test_what_is_not_known_below_a_known_group_is_a_status(path: str) -> None:
    with pytest.raises(StatusError) as caught:
        get(path)
    assert caught.value.message == "the server could not find the requested resource"


def test_the_aggregated_form_holds_everything() -> None:
    response = get("/apis", accept=AGGREGATED)
    assert response is not None
    assert response.content_type == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    found = orjson.loads(response.body)
    assert (found["kind"], found["apiVersion"]) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")
    apps = found["items"][0]
    assert apps["metadata"]["name"] == "apps"
    assert [version["version"] for version in apps["versions"]] == ["v1", "v1beta2"]
    assert apps["versions"][0]["resources"][0] == {
        "resource": "replicasets",
        "responseKind": {"group": "apps", "version": "v1", "kind": "ReplicaSet"},
        "scope": "Namespaced",
        "singularResource": "replicaset",
        "verbs": VERBS,
        "shortNames": ["rs"],
        "categories": ["all"],
        "subresources": [
            {
                "subresource": "scale",
                "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
                "verbs": ["get", "patch", "update"],
            },
            {
                "subresource": "status",
                "responseKind": {"group": "apps", "version": "v1", "kind": "ReplicaSet"},
                "verbs": ["get", "patch", "update"],
            },
        ],
    }


def test_the_aggregated_core_group_has_no_name() -> None:
    found = body("/api", accept=AGGREGATED)
    assert [item["metadata"]["name"] for item in found["items"]] == [""]
    scopes = {r["resource"]: r["scope"] for r in found["items"][0]["versions"][0]["resources"]}
    assert scopes == {"configmaps": "Namespaced", "nodes": "Cluster", "pods": "Namespaced"}


def test_a_document_that_the_client_has_is_not_sent_again() -> None:
    first = get("/apis", accept=AGGREGATED)
    assert first is not None
    etag = dict(first.headers)["ETag"]
    assert len(etag) == 130
    again = get("/apis", accept=AGGREGATED, if_none_match=etag)
    assert again is not None
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    ("accept", "version"),
    [
        ("", ""),
        ("application/json", ""),
        ("*/*", ""),
        (AGGREGATED, "v2"),
        ("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json", "v2beta1"),
        ("application/json;v=v9;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList,application/json", ""),
        ("application/json,application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", ""),
        ("application/json;q=0.1,application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList;q=0.9", "v2"),
        ("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList;q=0.5,application/json", ""),
        ("application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io;profile=nopeer,application/json", "v2"),
    ],
)
def test_the_form_is_the_first_that_the_client_names(accept: str, version: str) -> None:
    assert aggregated_version(accept) == version


PROTOBUF = "application/vnd.kubernetes.protobuf"


@pytest.mark.parametrize("path", ["/api", "/apis", "/apis/apps", "/api/v1", "/apis/apps/v1"])
def test_plain_documents_are_told_in_protobuf_too(path: str) -> None:
    response = get(path, accept=f"{PROTOBUF},application/json")
    assert response is not None and response.content_type == PROTOBUF
    told = body(path)
    version, kind = told.get("apiVersion", "").encode(), told["kind"].encode()
    type_ = b"\n%c%b\x12%c%b" % (len(version), version, len(kind), kind)
    assert response.body.startswith(b"k8s\x00\n%c%b\x12" % (len(type_), type_))
    named = [one["name"].encode() for one in told.get("resources", [])]
    assert all(name in response.body for name in named)


def test_a_group_in_protobuf_is_what_upstream_says() -> None:
    apps = Kind(group="apps", version="v1", name="Deployment", plural="deployments")
    response = Discovery((apps,)).answer(Request("GET", "/apis/apps", [], {"accept": PROTOBUF}, b"", Peer()))
    assert response is not None
    assert response.body == (
        b"k8s\x00\n\x0e\n\x02v1\x12\x08APIGroup\x12$\n\x04apps\x12\r\n\x07apps/v1\x12\x02v1"
        b'\x1a\r\n\x07apps/v1\x12\x02v1\x1a\x00"\x00'
    )


@pytest.mark.parametrize(
    "accept", ["text/html", "application/json;as=Table;g=meta.k8s.io;v=v1", "application/json;as=APIGroupDiscoveryList"]
)
def test_a_form_that_discovery_does_not_have_is_a_406(accept: str) -> None:
    with pytest.raises(StatusError) as refused:
        get("/apis/apps", accept=accept)
    assert refused.value.code == 406


def test_stable_versions_come_first() -> None:
    versions = ["v1alpha1", "v1", "v2beta1", "v10", "v1beta2", "odd", "v2"]
    assert sorted(versions, key=version_rank) == ["v10", "v2", "v1", "v2beta1", "v1beta2", "v1alpha1", "odd"]


@pytest.mark.parametrize(
    ("verbs", "is_stored"), [(tuple(VERBS), True), (("get", "list"), False), (("create",), False)]
)  # fmt: skip
def test_what_is_stored_has_a_hash_of_its_form(verbs: tuple[str, ...], is_stored: bool) -> None:
    kind = Kind(group="", version="v1", name="ComponentStatus", plural="componentstatuses", verbs=verbs)
    response = Discovery((kind,)).answer(Request("GET", "/api/v1", [], {}, b"", Peer()))
    assert response is not None
    (shown,) = orjson.loads(response.body)["resources"]
    assert ("storageVersionHash" in shown) is is_stored


def test_kinds_may_come_at_run_time() -> None:
    discovery = Discovery((POD,))
    request = Request("GET", "/apis", [], {}, b"", Peer())
    assert orjson.loads(discovery.answer(request).body)["groups"] == []  # type: ignore[union-attr]
    discovery.replace((POD, LEASE))
    assert len(orjson.loads(discovery.answer(request).body)["groups"]) == 1  # type: ignore[union-attr]


def test_plain_documents_are_told_in_yaml_too() -> None:
    for path in ("/api", "/apis", "/api/v1", "/apis/apps"):
        response = get(path, accept="application/yaml")
        assert response is not None
        assert response.content_type == "application/yaml"
        assert yaml_form.load(response.body) == body(path)
    assert get("/api/v1", accept="application/json, application/yaml").content_type == "application/json"  # type: ignore[union-attr]
