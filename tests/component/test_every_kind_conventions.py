"""Conventions that hold for every kind but for a list of old exceptions, as upstream's own tests have them.

Source: Kubernetes API conventions; upstream's integration tests "apidefinitions" list the exceptions.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import World, world
from component.test_every_kind import EVERY, collection, created, path_of, sample
from fairway.kinds.kind import STATUS, Kind
from fairway.objects import Object

MERGE, APPLY = "application/merge-patch+json", "application/apply-patch+yaml"
MADE_BY_PUT = {
    "ClusterRole", "ClusterRoleBinding", "Endpoints", "Event", "Lease", "LimitRange", "Role", "RoleBinding",
    "RuntimeClass", "Service",
}  # fmt: skip
NAMED_BY_WHAT_THEY_ARE = {"APIService", "CustomResourceDefinition", "IPAddress"}
WITHOUT_GENERATION = {
    "APIService", "CertificateSigningRequest", "Namespace", "Node", "PersistentVolume", "PersistentVolumeClaim",
    "ResourceClaim", "ResourceQuota", "Service", "ServiceCIDR", "VolumeAttachment",
}  # fmt: skip
STATUS_WRITES_METADATA = {
    "CertificateSigningRequest", "CronJob", "CustomResourceDefinition", "DaemonSet", "HorizontalPodAutoscaler",
    "Ingress", "Job", "Namespace", "Node", "PersistentVolume", "PersistentVolumeClaim", "Pod", "PodDisruptionBudget",
    "ReplicaSet", "ReplicationController", "ResourceQuota", "Service", "StatefulSet",
}  # fmt: skip
ORPHANS = {"Job", "ReplicationController"}


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


@EVERY
async def test_what_holds_for_every_kind_but_a_few(api: World, kind: Kind) -> None:
    await a_put_creates_only_a_few_kinds(api, kind)
    await a_name_is_made_from_its_beginning(api, kind)
    made = await created(api, kind)
    if STATUS in kind.subresources:
        await a_status_writes_metadata_by_every_way_or_by_none(api, kind, made)
    await a_deletion_that_names_no_policy_is_one_in_the_background(api, kind)


async def a_put_creates_only_a_few_kinds(api: World, kind: Kind) -> None:
    told = await api.ask("PUT", f"{path_of(kind)}?dryRun=All", sample(kind))
    assert told.status == (201 if kind.name in MADE_BY_PUT else 404), told.body


async def a_name_is_made_from_its_beginning(api: World, kind: Kind) -> None:
    body = sample(kind)
    del body["metadata"]["name"]
    body["metadata"]["generateName"] = "made-"
    told = await api.ask("POST", f"{collection(kind)}?dryRun=All", body)
    assert told.status == (422 if kind.name in NAMED_BY_WHAT_THEY_ARE else 201), told.body


async def a_deletion_that_names_no_policy_is_one_in_the_background(api: World, kind: Kind) -> None:
    held = {"metadata": {"finalizers": ["example.com/held"]}}
    assert (await api.ask("PATCH", path_of(kind), held, content_type=MERGE)).status == 200
    await api.ask("DELETE", path_of(kind))
    finalizers = (await api.ask("GET", path_of(kind))).body["metadata"]["finalizers"]
    assert ("orphan" in finalizers) == (kind.name in ORPHANS) and "foregroundDeletion" not in finalizers
    await api.ask("DELETE", path_of(kind), {"propagationPolicy": "Foreground"})
    finalizers = (await api.ask("GET", path_of(kind))).body["metadata"]["finalizers"]
    assert ("foregroundDeletion" in finalizers) == (kind.name != "Event")


async def a_status_writes_metadata_by_every_way_or_by_none(api: World, kind: Kind, made: Object) -> None:
    assert (made["metadata"].get("generation") or 0) == (0 if kind.name in WITHOUT_GENERATION else 1)
    below, writes = f"{path_of(kind)}/status", kind.name in STATUS_WRITES_METADATA
    told = await api.ask("PATCH", below, labelled("by-patch"), content_type=MERGE)
    assert ("by-patch" in labels_of(told.body)) == writes
    applied = {**sample(kind), **labelled("by-apply"), "status": made.get("status") or {}}
    applied["metadata"]["name"] = made["metadata"]["name"]
    told = await api.ask("PATCH", f"{below}?fieldManager=me&force=true", applied, content_type=APPLY)
    assert told.status == 200, told.body
    assert ("by-apply" in labels_of(told.body)) == writes
    owned = [one["fieldsV1"] for one in told.body["metadata"]["managedFields"] if one["manager"] == "me"]
    assert all("f:spec" not in fields for fields in owned)
    assert any("f:by-apply" in fields.get("f:metadata", {}).get("f:labels", {}) for fields in owned) == writes


def labelled(name: str) -> dict[str, Any]:
    return {"metadata": {"labels": {name: "yes"}}}


def labels_of(found: Object) -> Object:
    return found["metadata"].get("labels") or {}
