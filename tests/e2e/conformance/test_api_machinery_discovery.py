"""[sig-api-machinery] AggregatedDiscovery, Discovery, server version, Table transformation."""

from collections.abc import Iterator
from typing import Any

import pytest

from .asking import Api
from .definitions import defined, definition

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
KNOWN = {
    "admissionregistration.k8s.io/v1": "validatingwebhookconfigurations",
    "apiextensions.k8s.io/v1": "customresourcedefinitions",
    "apiregistration.k8s.io/v1": "apiservices",
    "apps/v1": "deployments",
    "authentication.k8s.io/v1": "tokenreviews",
    "authorization.k8s.io/v1": "selfsubjectaccessreviews",
    "autoscaling/v1": "horizontalpodautoscalers",
    "autoscaling/v2": "horizontalpodautoscalers",
    "batch/v1": "jobs",
    "certificates.k8s.io/v1": "certificatesigningrequests",
    "coordination.k8s.io/v1": "leases",
    "discovery.k8s.io/v1": "endpointslices",
    "events.k8s.io/v1": "events",
    "networking.k8s.io/v1": "ingresses",
    "node.k8s.io/v1": "runtimeclasses",
    "policy/v1": "poddisruptionbudgets",
    "scheduling.k8s.io/v1": "priorityclasses",
    "storage.k8s.io/v1": "csinodes",
}


def aggregated(api: Api, path: str) -> Iterator[tuple[str, str]]:
    """(group and version, resource) of all that an aggregated document tells."""
    told = api.ask("GET", path, accept=AGGREGATED)
    assert told.media == AGGREGATED
    found: dict[str, Any] = told.body
    assert (found["kind"], found["apiVersion"]) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")
    for group in found["items"]:
        name = group["metadata"].get("name", "")
        for version in group["versions"]:
            for resource in version["resources"]:
                yield f"{name}/{version['version']}".lstrip("/"), resource["resource"]


@pytest.mark.parametrize("row", KNOWN.items(), ids=KNOWN)
def test_discovery_confirm_the_group_version_and_a_resource_from_each_api_group(api: Api, row: tuple[str, str]) -> None:
    version, resource = row
    found = api.must("GET", f"/apis/{version}")
    assert found["groupVersion"] == version
    assert resource in [one["name"] for one in found["resources"]]


def test_discovery_confirm_the_preferred_version_for_each_api_group(api: Api) -> None:
    for group in api.must("GET", "/apis/")["groups"]:
        told = api.must("GET", f"/apis/{group['name']}/")
        assert told["preferredVersion"] in told["versions"]


def test_aggregated_discovery_endpoint_accept_headers(api: Api) -> None:
    assert set(KNOWN.items()) <= set(aggregated(api, "/apis"))
    assert ("v1", "namespaces") in set(aggregated(api, "/api"))


def test_aggregated_discovery_endpoint_accept_headers_crds(api: Api) -> None:
    with defined(api, definition("testcrds", scope="Namespaced", group="group1.example.com")):
        found = set(aggregated(api, "/apis"))
        assert {("group1.example.com/v1", "testcrds"), ("group1.example.com/v1beta1", "testcrds")} <= found
    assert "group1.example.com/v1" not in {version for version, _ in aggregated(api, "/apis")}


def test_confirm_a_server_version(api: Api) -> None:
    found = api.must("GET", "/version")
    assert found["major"].isdecimal() and found["minor"].isdecimal()


def test_api_metadata_http_return(api: Api) -> None:
    review = {
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"nonResourceAttributes": {"path": "/", "verb": "get"}},
    }  # fmt: skip
    for version in ("v1", "v1beta1"):
        accept = f"application/json;as=Table;v={version};g=meta.k8s.io"
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        assert api.answered(406, "POST", path, review, accept=accept)["reason"] == "NotAcceptable"
