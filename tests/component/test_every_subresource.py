"""Every subresource of every kind that has it: written apart from the rest, in each way that discovery names."""

from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

import pytest
from test_every_kind import collection, created, path_of

from component.api_world import World, world
from fairway.kinds import ALL
from fairway.kinds.kind import Kind
from fairway.objects import Object

MERGE, JSON = "application/merge-patch+json", "application/json-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
_CONDITION = {
    "type": "example.com/Tested", "status": "True", "reason": "Tried", "message": "m",
    "lastTransitionTime": "2026-01-02T03:04:05Z",
}  # fmt: skip
STATUSES: dict[str, Object] = {
    "ResourceQuota": {"hard": {"pods": "7"}},
    "PersistentVolume": {"phase": "Failed", "reason": "Tried"},
    "CronJob": {"lastScheduleTime": "2026-01-02T03:04:05Z"},
    "Ingress": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}},
    "VolumeAttachment": {"attached": True, "attachmentMetadata": {"a": "b"}},
    "ResourceClaim": {"reservedFor": [], "allocation": {"devices": {}}},
    "CertificateSigningRequest": {"conditions": [{"type": "Tested", "status": "True", "reason": "Tried"}]},
    "HorizontalPodAutoscaler": {"conditions": [_CONDITION | {"type": "AbleToScale"}], "desiredReplicas": 2},
    "Job": {"conditions": [_CONDITION | {"type": "Suspended"}]},
}
"""What a status may say, of kinds whose conditions are not free or which have none."""


def having(name: str) -> Any:
    """For each kind with the subresource."""
    found = [kind for kind in ALL if kind.subresource(name) is not None]
    return pytest.mark.parametrize("kind", found, ids=lambda kind: kind.resource)


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


def status_of(kind: Kind) -> Object:
    return deepcopy(STATUSES.get(kind.name) or {"conditions": [_CONDITION]})


def says(found: Any, wanted: Any) -> bool:
    """Whether ``found`` has all of ``wanted``; lists may have more items."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(says(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return all(any(says(item, each) for item in found or ()) for each in wanted)
    return bool(found == wanted)


@having("status")
async def test_a_status_is_written_by_put_and_every_patch_and_nothing_else_with_it(api: World, kind: Kind) -> None:
    made = await created(api, kind)
    below, wanted = f"{path_of(kind)}/status", status_of(kind)
    body = deepcopy(made)
    body["status"] = {**(body.get("status") or {}), **wanted}
    body["metadata"]["annotations"] = {"by": "put"}
    put = await api.ask("PUT", below, body)
    assert put.status == 200 and says(put.body["status"], wanted), put.body
    read = await api.ask("GET", below)
    assert says(read.body["status"], wanted) and read.body.get("spec") == made.get("spec")
    for media, patch in [
        (MERGE, {"metadata": {"annotations": {"by": "merge"}}, "status": wanted}),
        (STRATEGIC, {"metadata": {"annotations": {"by": "strategic"}}, "status": wanted}),
        (JSON, [{"op": "replace", "path": "/status", "value": read.body["status"]}]),
    ]:
        told = await api.ask("PATCH", below, patch, content_type=media)
        assert told.status == 200 and says(told.body["status"], wanted), (media, told.body)
    applied = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {"name": made["metadata"]["name"]}}
    told = await api.ask(
        "PATCH", f"{below}?fieldManager=me&force=true", {**applied, "status": wanted}, content_type=APPLY
    )
    assert told.status == 200, told.body
    owned = [each for each in told.body["metadata"]["managedFields"] if each["manager"] == "me"]
    assert [(each["operation"], each["subresource"]) for each in owned] == [("Apply", "status")]
    dry = await api.ask("PATCH", f"{below}?dryRun=All", {"status": None}, content_type=MERGE)
    assert dry.status in (200, 422)
    assert says((await api.ask("GET", path_of(kind))).body["status"], wanted)


@having("status")
async def test_a_status_is_not_written_by_the_way(api: World, kind: Kind) -> None:
    made = await created(api, kind)
    wanted = status_of(kind)
    body = deepcopy(made)
    body["status"] = {**(body.get("status") or {}), **wanted}
    body["metadata"]["annotations"] = {"by": "put"}
    told = await api.ask("PUT", path_of(kind), body)
    assert told.status == 200, told.body
    assert not says(told.body.get("status") or {}, wanted)
    assert told.body["metadata"]["annotations"]["by"] == "put"


@having("scale")
async def test_it_is_scaled_in_one_form(api: World, kind: Kind) -> None:
    await created(api, kind)
    below = f"{path_of(kind)}/scale"
    scale = (await api.ask("GET", below)).body
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    scale["spec"]["replicas"] = 4
    assert (await api.ask("PUT", below, scale)).body["spec"] == {"replicas": 4}
    assert (await api.ask("PUT", below, scale)).status == 409
    for count, media, patch in [
        (5, MERGE, {"spec": {"replicas": 5}}),
        (6, STRATEGIC, {"spec": {"replicas": 6}}),
        (7, JSON, [{"op": "replace", "path": "/spec/replicas", "value": 7}]),
    ]:
        told = await api.ask("PATCH", below, patch, content_type=media)
        assert (told.status, told.body["spec"]) == (200, {"replicas": count})
    found = (await api.ask("GET", path_of(kind))).body
    assert found["spec"]["replicas"] == 7
    assert any(each.get("subresource") == "scale" for each in found["metadata"]["managedFields"])
    shown = (await api.ask("GET", below, accept=TABLE)).body
    assert shown["kind"] == "Table" and shown["rows"][0]["cells"][1] == 7
    refused = await api.ask("PATCH", below, {"spec": {"replicas": -1}}, content_type=MERGE)
    assert refused.status == 422


@having("why")
async def test_why_it_works_or_not_is_told(api: World, kind: Kind) -> None:
    made = await created(api, kind)
    about = "?address=http://web" if kind.name == "Namespace" else ""
    told = await api.ask("GET", f"{path_of(kind)}/why{about}")
    assert (told.status, told.body["kind"]) == (200, "Explanation"), told.body
    assert about or told.body["metadata"]["name"] == made["metadata"]["name"]
    assert told.body["status"]["verdict"]


@having("approval")
async def test_an_approval_is_written_apart_from_spec_and_status(api: World, kind: Kind) -> None:
    made = await created(api, kind)
    below = f"{path_of(kind)}/approval"
    assert (await api.ask("GET", below)).body == made
    body = deepcopy(made)
    approved = {"type": "Approved", "status": "True", "reason": "Tried", "message": "m"}
    body["status"] = {"conditions": [approved], "certificate": "eA=="}
    told = await api.ask("PUT", below, body)
    assert told.status == 200 and says(told.body["status"]["conditions"], [approved]), told.body
    assert "certificate" not in told.body["status"]
    patch = {"metadata": {"annotations": {"by": "approval"}}}
    assert (await api.ask("PATCH", below, patch, content_type=MERGE)).status == 200


@having("resize")
async def test_a_resize_is_read_and_written_by_put_and_patch(api: World, kind: Kind) -> None:
    made = await created(api, kind)
    below = f"{path_of(kind)}/resize"
    assert (await api.ask("GET", below)).body == made
    body = deepcopy(made)
    body["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "10m"}}
    told = await api.ask("PUT", below, body)
    assert told.status in (200, 422), told.body
    patch = {"metadata": {"labels": {"a": "b"}}}
    assert (await api.ask("PATCH", below, patch, content_type=MERGE)).status in (200, 422)


@having("ephemeralcontainers")
async def test_ephemeral_containers_are_read_and_written_by_put_and_patch(api: World, kind: Kind) -> None:
    made = await created(api, kind)
    below = f"{path_of(kind)}/ephemeralcontainers"
    assert (await api.ask("GET", below)).body == made
    body = deepcopy(made)
    body["spec"]["ephemeralContainers"] = [{"name": "one", "image": "i"}]
    told = await api.ask("PUT", below, body)
    assert told.status == 200, told.body
    patch = {"spec": {"ephemeralContainers": [{"name": "two", "image": "i"}]}}
    told = await api.ask("PATCH", below, patch, content_type=STRATEGIC)
    assert told.status == 200, told.body
    found = (await api.ask("GET", path_of(kind))).body["spec"]["ephemeralContainers"]
    assert {each["name"] for each in found} == {"one", "two"}


@having("finalize")
async def test_a_finalizer_goes_by_its_subresource_alone(api: World, kind: Kind) -> None:
    made = await created(api, kind)
    assert made["spec"]["finalizers"] == ["kubernetes"]
    direct = await api.ask("PUT", path_of(kind), {**made, "spec": {"finalizers": []}})
    assert direct.body["spec"]["finalizers"] == ["kubernetes"]
    told = await api.ask("PUT", f"{path_of(kind)}/finalize", {**direct.body, "spec": {"finalizers": []}})
    assert told.status == 200 and not told.body["spec"].get("finalizers")


async def test_no_verb_is_served_that_discovery_does_not_name(api: World) -> None:
    """A verb that a subresource has not is a 405, whatever the object."""
    methods = {"get": "GET", "update": "PUT", "patch": "PATCH", "create": "POST", "delete": "DELETE"}
    wrong = []
    for kind in ALL:
        for below in kind.subresources:
            if below.name == "proxy":
                continue
            for verb in methods.keys() - set(below.verbs):
                target = f"{collection(kind)}/nobody/{below.name}"
                told = await api.ask(methods[verb], target, {} if verb != "get" else None)
                if told.status != 405:
                    wrong.append((kind.plural, below.name, verb, told.status))
    assert wrong == []
