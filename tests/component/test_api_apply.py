"""Server-side apply and field managers, asked of a whole API server."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from component.api_world import Told, World, world

APPLY = "application/apply-patch+yaml"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
MAPS = "/api/v1/namespaces/default/configmaps"
SERVICES = "/api/v1/namespaces/default/services"


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as started:
        yield started


def deployment(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
        } | spec,
    }  # fmt: skip


async def apply(api: World, path: str, body: Any, manager: str = "me", **query: str) -> Told:
    asked = "&".join(f"{key}={value}" for key, value in {"fieldManager": manager, **query}.items())
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return await api.ask("PATCH", f"{path}?{asked}", raw, content_type=APPLY)


def managers(told: Told) -> dict[tuple[str, str, str], Any]:
    return {
        (entry["manager"], entry["operation"], entry.get("subresource", "")): entry["fieldsV1"]
        for entry in told.body["metadata"].get("managedFields", [])
    }


async def test_an_apply_creates_and_a_second_one_changes_nothing(api: World) -> None:
    made = await apply(api, f"{DEPLOYMENTS}/web", deployment(replicas=2))
    again = await apply(api, f"{DEPLOYMENTS}/web", deployment(replicas=2))
    assert (made.status, again.status) == (201, 200)
    assert again.body == made.body
    owned = managers(made)["me", "Apply", ""]
    assert owned["f:spec"]["f:replicas"] == {}
    assert owned["f:metadata"] == {"f:labels": {"f:app": {}}}
    containers = owned["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert containers == {'k:{"name":"web"}': {".": {}, "f:image": {}, "f:name": {}}}


async def test_what_others_own_is_a_conflict_and_force_takes_it(api: World) -> None:
    await apply(api, f"{DEPLOYMENTS}/web", deployment(replicas=2))
    await api.ask(
        "PATCH", f"{DEPLOYMENTS}/web?fieldManager=scaler", b'{"spec":{"replicas":5}}',
        content_type="application/merge-patch+json",
    )  # fmt: skip
    told = await apply(api, f"{DEPLOYMENTS}/web", deployment(replicas=2))
    assert (told.status, told.body["reason"]) == (409, "Conflict")
    assert told.message == 'Apply failed with 1 conflict: conflict with "scaler" using apps/v1: .spec.replicas'
    assert told.body["details"]["causes"] == [{
        "reason": "FieldManagerConflict", "message": 'conflict with "scaler" using apps/v1', "field": ".spec.replicas",
    }]  # fmt: skip
    forced = await apply(api, f"{DEPLOYMENTS}/web", deployment(replicas=2), force="true")
    assert forced.body["spec"]["replicas"] == 2
    assert list(managers(forced)) == [("me", "Apply", "")]


async def test_the_same_value_is_owned_together(api: World) -> None:
    await apply(api, f"{DEPLOYMENTS}/web", deployment(replicas=2), manager="one")
    both = await apply(api, f"{DEPLOYMENTS}/web", deployment(replicas=2), manager="two")
    assert sorted(managers(both)) == [("one", "Apply", ""), ("two", "Apply", "")]
    left = await apply(api, f"{DEPLOYMENTS}/web", deployment(), manager="two")
    assert left.body["spec"]["replicas"] == 2
    gone = await apply(api, f"{DEPLOYMENTS}/web", deployment(), manager="one")
    assert gone.body["spec"]["replicas"] == 1, "nobody asks for two any more: the default is back"


async def test_what_is_no_longer_applied_goes_and_what_others_added_stays(api: World) -> None:
    first = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a": "1", "b": "2"}}
    await apply(api, f"{MAPS}/m", first)
    await api.ask(
        "PATCH", f"{MAPS}/m?fieldManager=other", b'{"data":{"c":"3"}}', content_type="application/merge-patch+json"
    )
    told = await apply(api, f"{MAPS}/m", {**first, "data": {"a": "1"}})
    assert told.body["data"] == {"a": "1", "c": "3"}


async def test_items_of_keyed_lists_are_owned_one_by_one(api: World) -> None:
    def service(*ports: dict[str, Any]) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": list(ports)}}

    http, https = {"name": "http", "port": 80}, {"name": "https", "port": 443}
    await apply(api, f"{SERVICES}/s", service(http), manager="one")
    told = await apply(api, f"{SERVICES}/s", service(https), manager="two")
    assert [port["port"] for port in told.body["spec"]["ports"]] == [80, 443]
    told = await apply(api, f"{SERVICES}/s", service({**http, "targetPort": 8080}), manager="one")
    assert [(port["port"], port["targetPort"]) for port in told.body["spec"]["ports"]] == [(80, 8080), (443, 443)]
    conflict = await apply(api, f"{SERVICES}/s", service({**http, "targetPort": 9090}), manager="two")
    assert conflict.message == (
        'Apply failed with 1 conflict: conflict with "one": .spec.ports[port=80,protocol="TCP"].targetPort'
    )


async def test_an_apply_says_as_whom_and_does_not_bring_managed_fields(api: World) -> None:
    told = await api.ask("PATCH", f"{MAPS}/m", b"kind: ConfigMap", content_type=APPLY)
    assert told.status == 422
    assert told.message.endswith("fieldManager: Required value: is required for apply patch")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "managedFields": [{"manager": "x"}]}}
    told = await apply(api, f"{MAPS}/m", body)
    assert (told.status, told.message) == (400, "metadata.managedFields must be nil")
    told = await api.ask("PATCH", f"{MAPS}/m?force=true", b"{}", content_type="application/merge-patch+json")
    assert (told.status, "may not be specified for non-apply patch" in told.message) == (422, True)


async def test_a_writer_of_status_owns_status_only(api: World) -> None:
    await apply(api, f"{DEPLOYMENTS}/web", {**deployment(), "status": {"replicas": 9}})
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "status": {"replicas": 3}}
    told = await apply(api, f"{DEPLOYMENTS}/web/status", body, manager="controller")
    assert told.body["status"]["replicas"] == 3
    assert managers(told)["controller", "Apply", "status"] == {"f:status": {"f:replicas": {}}}
    assert "f:status" not in managers(told)["me", "Apply", ""]


@pytest.mark.parametrize("manager", ["kubectl", "another"])
async def test_kubectl_takes_over_what_its_client_side_apply_set(api: World, manager: str) -> None:
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a": "1"}}
    last = {"kubectl.kubernetes.io/last-applied-configuration": orjson.dumps(body).decode()}
    made = {**body, "metadata": {"name": "m", "annotations": last}}
    await api.ask("POST", f"{MAPS}?fieldManager=kubectl-client-side-apply", orjson.dumps(made))
    told = await apply(api, f"{MAPS}/m", {**body, "data": {"a": "2"}}, manager=manager)
    if manager == "another":
        assert told.message == (
            'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.a'
        )
        return
    assert told.body["data"] == {"a": "2"}
    renewed = told.body["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
    assert orjson.loads(renewed)["data"] == {"a": "2"}


async def test_the_managers_of_an_object_are_bounded_and_can_be_forgotten(api: World) -> None:
    bare = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "labels": {"a": "b"}}}
    await apply(api, f"{MAPS}/m", bare)
    for number in range(13):
        patch = orjson.dumps({"data": {f"k{number}": "x"}})
        media = "application/merge-patch+json"
        await api.ask("PATCH", f"{MAPS}/m?fieldManager=m{number}", patch, content_type=media)
    told = await api.ask("GET", f"{MAPS}/m")
    updaters = [name for name, operation, _ in managers(told) if operation == "Update"]
    assert (len(updaters), "ancient-changes" in updaters) == (10, True)
    told = await api.ask(
        "PATCH", f"{MAPS}/m", b'{"metadata":{"managedFields":[{}]}}', content_type="application/merge-patch+json"
    )
    assert "managedFields" not in told.body["metadata"]
    told = await apply(api, f"{MAPS}/m", bare)
    assert ("before-first-apply", "Update", "") in managers(told)


def scale(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}, "spec": spec}


async def test_an_applied_scale_owns_the_replicas_and_nothing_else(api: World) -> None:
    path = f"{DEPLOYMENTS}/web"
    await apply(api, path, deployment(replicas=2))
    refused = await apply(api, f"{path}/scale", scale(replicas=3), "scaler")
    assert refused.status == 409
    assert refused.message == 'Apply failed with 1 conflict: conflict with "me": .spec.replicas'
    taken = await apply(api, f"{path}/scale", scale(replicas=3), "scaler", force="true")
    assert (taken.status, taken.body["kind"], taken.body["spec"]) == (200, "Scale", {"replicas": 3})
    found = await api.ask("GET", path)
    assert managers(found)["scaler", "Apply", "scale"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in managers(found)["me", "Apply", ""]["f:spec"]
    entry = next(each for each in found.body["metadata"]["managedFields"] if each["manager"] == "scaler")
    assert entry["apiVersion"] == "apps/v1"


async def test_who_scales_by_an_ordinary_write_owns_the_replicas_under_the_subresource(api: World) -> None:
    path = f"{DEPLOYMENTS}/web"
    await apply(api, path, deployment(replicas=2))
    merge = "application/merge-patch+json"
    told = await api.ask("PATCH", f"{path}/scale?fieldManager=hpa", {"spec": {"replicas": 4}}, content_type=merge)
    assert told.body["spec"] == {"replicas": 4}
    found = await api.ask("GET", path)
    assert managers(found)["hpa", "Update", "scale"] == {"f:spec": {"f:replicas": {}}}
    again = await apply(api, path, deployment(replicas=2))
    assert again.message == (
        'Apply failed with 1 conflict: conflict with "hpa" with subresource "scale" using apps/v1: .spec.replicas'
    )


async def test_who_applies_nothing_any_more_is_no_manager(api: World) -> None:
    bare = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
    await apply(api, f"{MAPS}/m", bare | {"data": {"a": "1"}}, "one")
    await apply(api, f"{MAPS}/m", bare | {"data": {"b": "1"}}, "two")
    left = await apply(api, f"{MAPS}/m", bare, "one")
    assert left.body["data"] == {"b": "1"}
    assert list(managers(left)) == [("two", "Apply", "")]


CONTAINER = '.spec.template.spec.containers[name="web"]'


@pytest.mark.parametrize(
    ("spec", "container", "faults"),
    [
        ({"strange": 1}, {}, [".spec.strange: field not declared in schema"]),
        ({}, {"odd": 1}, [f"{CONTAINER}.odd: field not declared in schema"]),
        ({"replicas": "2"}, {}, [".spec.replicas: expected numeric (int or float), got string"]),
        (
            {"paused": "yes"}, {"image": 5},
            [f"{CONTAINER}.image: expected string, got &value.valueUnstructured{{Value:5}}",
             ".spec.paused: expected boolean, got &{yes}"],
        ),
        ({"strategy": []}, {}, [".spec.strategy: expected map, got &{[]}"]),
        ({}, {"command": "sh"}, [f"{CONTAINER}.command: expected list, got &{{sh}}"]),
        ({}, {"command": ["sh", 5]}, [
            f"{CONTAINER}.command[1]: expected string, got &value.valueUnstructured{{Value:5}}"]),
    ],
)  # fmt: skip
async def test_who_applies_speaks_of_declared_fields_in_their_types(
    api: World, spec: dict[str, Any], container: dict[str, Any], faults: list[str]
) -> None:
    body = deployment(**spec)
    body["spec"]["template"]["spec"]["containers"][0] |= container
    for validation in ("Strict", "Warn", "Ignore"):
        told = await apply(api, f"{DEPLOYMENTS}/web", body, fieldValidation=validation)
        wanted = faults[0] if len(faults) == 1 else "errors:\n  " + "\n  ".join(faults)
        start, _, found = told.message.partition("): ")
        assert start == "failed to create typed patch object (/web; apps/v1, Kind=Deployment"
        assert (told.status, found) == (500, wanted)


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ([{"image": "x"}], ""),
        ([{"name": "a"}, None], "element 1: associative list with keys may not have a null element"),
        (["x"], "element 0: associative list with keys may not have non-map elements"),
    ],
)  # fmt: skip
async def test_items_of_keyed_lists_have_their_keys(api: World, items: list[Any], why: str) -> None:
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    await apply(api, f"{DEPLOYMENTS}/web", deployment())
    told = await apply(
        api, f"{DEPLOYMENTS}/web", {**body, "spec": {"template": {"spec": {"containers": items}}}}, "other"
    )
    if why:
        assert (told.status, told.message.partition("spec.containers: ")[2]) == (500, why)
    else:
        # A key that Go always writes is empty where nothing is said.
        assert told.message.endswith("spec.template.spec.containers[1].name: Required value")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", (400, "Incorrect version specified in apply patch. Specified patch version: , expected: v1")),
        (b"- a", (400, "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
                       "array into Go value of type map[string]interface {}")),
        (b"a: [", (400, "error decoding YAML: error converting YAML to JSON: yaml: line 1: did not find expected node "
                        "content")),
        (b"{apiVersion: v1, metadata: {name: a}}",
         (500, "failed to create typed patch object (/a; /v1, Kind=): no corresponding type for /v1, Kind=")),
        (b"{apiVersion: v1, kind: ConfigMap, metadata: {managedFields: []}}",
         (400, "metadata.managedFields must be nil")),
        (b"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, binaryData: {b: '!'}}",
         (500, "failed to convert new object (/a; /v1, Kind=ConfigMap) to proper version: unable to convert "
               "unstructured object to /v1, Kind=ConfigMap: "
               "error decoding from json: illegal base64 data at input byte 0")),
        (b"{apiVersion: v1, kind: ConfigMap}",
         (400, "the name of the object (a based on URL) was undeterminable: name must be provided")),
        (b"{apiVersion: v1, kind: ConfigMap, metadata: {name: a, resourceVersion: '5'}}",
         (409, 'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your '
               "changes to the latest version and try again")),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, bytes) else None,
)  # fmt: skip
async def test_what_is_no_config_is_told_as_upstream_tells_it(api: World, body: bytes, told: tuple[int, str]) -> None:
    answer = await apply(api, f"{MAPS}/a", body)
    assert (answer.status, answer.message) == told


async def test_an_object_that_is_there_need_not_be_named_again(api: World) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "1"}}
    await apply(api, f"{MAPS}/a", body)
    told = await apply(api, f"{MAPS}/a", {**body, "metadata": {}, "data": {"a": "2"}})
    assert (told.status, told.body["data"]) == (200, {"a": "2"})
    stranger = await apply(api, f"{MAPS}/a", {**body, "metadata": {"uid": "x"}})
    assert (stranger.status, stranger.message.partition("metadata")[2]) == (
        422, '.uid: Invalid value: "x": field is immutable',
    )  # fmt: skip


async def test_the_last_applier_leaves_with_what_it_brought(api: World) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    await apply(api, f"{MAPS}/a", {**body, "data": {"a": "1"}})
    told = await apply(api, f"{MAPS}/a", body)
    assert "data" not in told.body
    assert managers(told) == {}


async def test_null_takes_nothing_from_a_list_of_many_writers(api: World) -> None:
    await apply(api, f"{DEPLOYMENTS}/web", deployment())
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    told = await apply(
        api, f"{DEPLOYMENTS}/web", {**body, "spec": {"template": {"spec": {"containers": None}}}}, "other"
    )
    assert [one["name"] for one in told.body["spec"]["template"]["spec"]["containers"]] == ["web"]


async def test_managers_of_a_version_that_nobody_knows_are_forgotten(api: World) -> None:
    await api.ask(
        "POST", MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "1"}}
    )
    entry = {"manager": "x", "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {}}}
    for version in ("bogus/v7", ""):
        patch = {"metadata": {"managedFields": [{**entry, "apiVersion": version}]}}
        told = await api.ask("PATCH", f"{MAPS}/a", patch, content_type="application/merge-patch+json")
        assert "managedFields" not in told.body["metadata"]


@pytest.mark.parametrize("way", ["put", "merge", "json"])
async def test_an_empty_list_of_managers_forgets_them_all_but_not_through_a_subresource(api: World, way: str) -> None:
    await apply(api, f"{DEPLOYMENTS}/web", deployment())
    before = (await api.ask("GET", f"{DEPLOYMENTS}/web")).body
    below = {"metadata": {"managedFields": []}, "status": {"replicas": 1}}
    told = await api.ask("PATCH", f"{DEPLOYMENTS}/web/status", below, content_type="application/merge-patch+json")
    assert ("me", "Apply", "") in managers(told)
    if way == "put":
        body = {**before, "metadata": {**before["metadata"], "managedFields": [], "resourceVersion": ""}}
        told = await api.ask("PUT", f"{DEPLOYMENTS}/web", body)
    else:
        operations = [{"op": "replace", "path": "/metadata/managedFields", "value": []}]
        patch: Any = {"metadata": {"managedFields": []}} if way == "merge" else operations
        media = f"application/{way}-patch+json"
        told = await api.ask("PATCH", f"{DEPLOYMENTS}/web", patch, content_type=media)
    assert told.status == 200 and "managedFields" not in told.body["metadata"]


async def test_who_says_false_owns_the_field_though_it_is_not_kept(api: World) -> None:
    paused = deployment(paused=True)
    await apply(api, f"{DEPLOYMENTS}/web", deployment())
    await apply(api, f"{DEPLOYMENTS}/web", paused, "other")
    told = await apply(api, f"{DEPLOYMENTS}/web", deployment(paused=False))
    assert (told.status, told.message) == (409, 'Apply failed with 1 conflict: conflict with "other": .spec.paused')
    forced = await apply(api, f"{DEPLOYMENTS}/web", deployment(paused=False), force="true")
    assert forced.status == 200 and "paused" not in forced.body["spec"]


async def test_who_applies_is_the_same_in_every_version(api: World) -> None:
    path = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers/h"
    target = {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}
    for count, version in enumerate(("v1", "v2", "v1"), 3):
        spec = {"maxReplicas": count, "scaleTargetRef": target}
        body = {"apiVersion": f"autoscaling/{version}", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}}
        told = await apply(api, path.format(version), {**body, "spec": spec})
        assert (told.status, told.body["spec"]["maxReplicas"]) == (201 if count == 3 else 200, count)
        (entry,) = told.body["metadata"]["managedFields"]
        assert entry["apiVersion"] == f"autoscaling/{version}"
    other = {**body, "apiVersion": "autoscaling/v2", "spec": {"maxReplicas": 9, "scaleTargetRef": target}}
    refused = await apply(api, path.format("v2"), other, "you")
    assert refused.status == 409 and refused.message.endswith('conflict with "me": .spec.maxReplicas')
