"""What holds for every kind alike: each verb, patch and form, proven on one small object of each.

A new kind is proven by its row in ``kind_objects``.
"""

from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

import pytest

from component.api_world import Taker, World, world
from component.kind_objects import MINIMAL
from fairway.kinds import ALL, POD
from fairway.kinds.kind import Kind
from fairway.objects import Object

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
PATCHES: list[tuple[str, Any]] = [
    ("application/merge-patch+json", {"metadata": {"labels": {"merged": "yes"}}}),
    ("application/strategic-merge-patch+json", {"metadata": {"labels": {"strategic": "yes"}}}),
    ("application/json-patch+json", [{"op": "add", "path": "/metadata/labels/patched", "value": "yes"}]),
]
STATUS_ALONE = {
    "APIService", "FlowSchema", "PriorityLevelConfiguration", "ResourceClaim", "ServiceCIDR",
    "ValidatingAdmissionPolicy", "VolumeAttachment",
}  # fmt: skip
"""Kinds whose labels and annotations are no business of who writes the status."""
EVERY = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.resource)


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


def sample(kind: Kind) -> Object:
    """The object of the table, whole."""
    found: Object = {"apiVersion": kind.api_version, "kind": kind.name, **deepcopy(MINIMAL[kind.name])}
    found.setdefault("metadata", {}).setdefault("name", "one")
    found["metadata"]["labels"] = {"test": "every-kind"}
    return found


def collection(kind: Kind, group_version: str = "") -> str:
    """The path of the kind's collection, in the namespace ``default`` if it has one."""
    version = group_version or kind.api_version
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/namespaces/default/{kind.plural}" if kind.namespaced else f"{root}/{kind.plural}"


def path_of(kind: Kind) -> str:
    return f"{collection(kind)}/{sample(kind)['metadata']['name']}"


async def created(api: World, kind: Kind) -> Object:
    told = await api.ask("POST", collection(kind), sample(kind))
    assert told.status == 201, told.body
    found: Object = told.body
    return found


def is_gone_or_going(status: int, body: Any) -> bool:
    return status == 404 or bool(body["metadata"].get("deletionTimestamp"))


def types(watch: Taker) -> list[str]:
    return [line["type"] for line in watch.lines]


@EVERY
async def test_it_is_created_read_changed_and_deleted_as_watchers_see(api: World, kind: Kind) -> None:
    watch = await api.watch(f"{collection(kind)}?watch=true&labelSelector=test%3Devery-kind")
    made = await created(api, kind)
    assert made["metadata"]["uid"] and made["metadata"]["creationTimestamp"]
    assert (made["apiVersion"], made["kind"]) == (kind.api_version, kind.name)
    assert (await api.ask("POST", collection(kind), sample(kind))).status == 409
    told = await api.ask("GET", path_of(kind))
    assert told.body["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    for content_type, patch in PATCHES:
        told = await api.ask("PATCH", path_of(kind), patch, content_type=content_type)
        assert told.status == 200, told.body
    assert {"merged", "strategic", "patched"} <= told.body["metadata"]["labels"].keys()
    changed = deepcopy(told.body)
    changed["metadata"]["annotations"] = {"changed": "yes"}
    told = await api.ask("PUT", path_of(kind), changed)
    assert told.status == 200 and told.body["metadata"]["annotations"]["changed"] == "yes", told.body
    stale = await api.ask("PUT", path_of(kind), changed)
    assert (stale.status, stale.body["reason"]) == (409, "Conflict")
    again = await api.ask("PUT", path_of(kind), told.body)
    assert again.body["metadata"]["resourceVersion"] == told.body["metadata"]["resourceVersion"]
    await api.ask("DELETE", path_of(kind))
    left = await api.ask("GET", path_of(kind))
    assert is_gone_or_going(left.status, left.body)
    end = ["MODIFIED"] if left.status != 404 or kind is POD else []  # when it goes, which a Pod says before it is gone
    end += ["DELETED"] if left.status == 404 else []
    expected = ["ADDED"] + ["MODIFIED"] * 4 + end
    seen = await watch.events(len(expected))
    assert [line["type"] for line in seen[: len(expected)]] == expected
    watch.close()


@EVERY
async def test_it_is_applied_and_its_fields_have_an_owner(api: World, kind: Kind) -> None:
    target = f"{path_of(kind)}?fieldManager=me"
    apply = {"content_type": "application/apply-patch+yaml"}
    told = await api.ask("PATCH", target, sample(kind), **apply)
    assert told.status == 201, told.body
    (entry,) = told.body["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("me", "Apply")
    again = await api.ask("PATCH", target, sample(kind), **apply)
    assert again.body["metadata"]["resourceVersion"] == told.body["metadata"]["resourceVersion"]
    other = sample(kind)
    other["metadata"]["labels"] = {"test": "other"}
    refused = await api.ask("PATCH", f"{path_of(kind)}?fieldManager=you", other, **apply)
    assert (refused.status, refused.body["reason"]) == (409, "Conflict")
    taken = await api.ask("PATCH", f"{path_of(kind)}?fieldManager=you&force=true", other, **apply)
    assert taken.body["metadata"]["labels"]["test"] == "other"


@EVERY
async def test_a_dry_run_answers_and_stores_nothing(api: World, kind: Kind) -> None:
    told = await api.ask("POST", f"{collection(kind)}?dryRun=All", sample(kind))
    assert told.status == 201, told.body
    assert (await api.ask("GET", path_of(kind))).status == 404
    made = await created(api, kind)
    again = await api.ask("POST", f"{collection(kind)}?dryRun=All", sample(kind))
    assert (again.status, again.body["reason"]) == (409, "AlreadyExists")
    stale = {**made, "metadata": {**made["metadata"], "resourceVersion": "1"}}
    refused = await api.ask("PUT", f"{path_of(kind)}?dryRun=All", stale)
    assert (refused.status, refused.body["reason"]) == (409, "Conflict")
    patch = {"metadata": {"labels": {"dry": "run"}}}
    merge = {"content_type": "application/merge-patch+json"}
    told = await api.ask("PATCH", f"{path_of(kind)}?dryRun=All", patch, **merge)
    assert told.body["metadata"]["labels"]["dry"] == "run"
    assert (await api.ask("DELETE", f"{path_of(kind)}?dryRun=All")).status == 200
    assert (await api.ask("GET", path_of(kind))).body == made


@EVERY
async def test_it_is_listed_in_every_form_and_by_selectors(api: World, kind: Kind) -> None:
    name = (await created(api, kind))["metadata"]["name"]
    listed = await api.ask("GET", f"{collection(kind)}?labelSelector=test%3Devery-kind")
    assert listed.body["kind"] == f"{kind.name}List"
    assert [item["metadata"]["name"] for item in listed.body["items"]] == [name]
    for selector in (f"metadata.name%3D{name}", f"metadata.name!%3D{name}"):
        found = await api.ask("GET", f"{collection(kind)}?labelSelector=test&fieldSelector={selector}")
        assert len(found.body["items"]) == (1 if "!" not in selector else 0)
    for field in kind.fields:
        assert (await api.ask("GET", f"{collection(kind)}?fieldSelector={field}%3Dno-such-value")).status == 200
    shown = await api.ask("GET", f"{collection(kind)}?labelSelector=test", accept=TABLE)
    heads = [column["name"] for column in shown.body["columnDefinitions"]]
    assert heads == (["Name"] if kind.leads_with_name else []) + [column.name for column in kind.columns]
    (row,) = shown.body["rows"]
    assert len(row["cells"]) == len(heads) and name in [str(cell) for cell in row["cells"]]
    partial = await api.ask("GET", path_of(kind), accept=PARTIAL)
    assert partial.body.keys() == {"kind", "apiVersion", "metadata"}


@EVERY
async def test_its_status_is_written_apart_from_its_spec(api: World, kind: Kind) -> None:
    made = await created(api, kind)
    below = f"{path_of(kind)}/status"
    if kind.subresource("status") is None:
        assert (await api.ask("GET", below)).status == 404
        return
    assert (await api.ask("GET", below)).body == made
    told = await api.ask("PUT", below, {**made, "metadata": {**made["metadata"], "labels": {"by": "status"}}})
    assert told.status == 200, told.body
    assert told.body.get("spec") == made.get("spec")
    patch = {"metadata": {"annotations": {"by": "status"}}}
    told = await api.ask("PATCH", below, patch, content_type="application/merge-patch+json")
    assert told.status == 200, told.body
    found = told.body["metadata"]
    assert found["labels"].get("by") == (None if kind.name in {*STATUS_ALONE, "Deployment"} else "status")
    assert found.get("annotations", {}).get("by") == (None if kind.name in STATUS_ALONE else "status")


@EVERY
async def test_a_collection_of_it_is_deleted_at_once(api: World, kind: Kind) -> None:
    await created(api, kind)
    told = await api.ask("DELETE", f"{collection(kind)}?labelSelector=test%3Devery-kind")
    if "deletecollection" not in kind.verbs:
        assert told.status == 405
        return
    assert told.status == 200, told.body
    left = await api.ask("GET", path_of(kind))
    assert is_gone_or_going(left.status, left.body)


@EVERY
async def test_unknown_fields_and_wrong_types_are_told(api: World, kind: Kind) -> None:
    wrong = sample(kind) | {"nonsense": 1}
    told = await api.ask("POST", f"{collection(kind)}?fieldValidation=Strict&dryRun=All", wrong)
    assert told.status == 400 and 'unknown field "nonsense"' in told.message
    told = await api.ask("POST", f"{collection(kind)}?fieldValidation=Warn&dryRun=All", wrong)
    assert told.status == 201 and any("nonsense" in text for text in told.warnings)
    told = await api.ask("POST", collection(kind), sample(kind) | {"metadata": "text"})
    assert told.status == 400, told.body


async def test_it_is_found_by_discovery_and_described_by_openapi(api: World) -> None:
    documents: dict[str, tuple[Object, Object]] = {}
    served = [(kind, version) for kind in ALL for version in versions(kind)]
    for kind, version in served:
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if root not in documents:
            described = await api.ask("GET", f"/openapi/v3{root}")
            documents[root] = (await api.ask("GET", root)).body, described.body
        resources, document = documents[root]
        listed = {one["name"]: one for one in resources["resources"]}
        assert listed[kind.plural]["verbs"] == list(kind.verbs)
        assert {f"{kind.plural}/{below.name}" for below in kind.subresources} <= listed.keys()
        assert collection(kind, version).replace("/default/", "/{namespace}/") in document["paths"]
        schemas = document["components"]["schemas"].values()
        assert any(_describes(one, kind, version) for one in schemas), (kind.name, version)


def versions(kind: Kind) -> list[str]:
    """Every group and version under which the kind is served."""
    return [kind.api_version, *(f"{also.group}/{also.version}" for also in kind.also)]


def _describes(schema: Object, kind: Kind, version: str) -> bool:
    group, _, short = version.rpartition("/")
    wanted = {"group": group, "kind": kind.name, "version": short}
    return wanted in schema.get("x-kubernetes-group-version-kind", ())
