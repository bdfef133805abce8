"""Writes: create, update, patch, delete and their subresources; races; what a Service takes and gives back."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from component.api_world import Told, World, world
from fairway.apiserver.settings import Limits, Settings
from fairway.kinds import IP_ADDRESS, POD
from fairway.objects import Object
from fairway.store.interface import StoreFailure

DEFAULT = "/api/v1/namespaces/default"
MAPS, SERVICES, PODS = f"{DEFAULT}/configmaps", f"{DEFAULT}/services", f"{DEFAULT}/pods"
SETS = "/apis/apps/v1/namespaces/default/replicasets"
MERGE = "application/merge-patch+json"
POD_SPEC = {"containers": [{"name": "c", "image": "i", "ports": [{"name": "http", "containerPort": 8080}]}]}


def config_map(name: str, **data: str) -> Any:
    return {"metadata": {"name": name}, "data": data}


def service(name: str, **spec: Any) -> Any:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


def replica_set(name: str) -> Any:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": POD_SPEC}
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}


async def merge(api: World, target: str, patch: Any) -> Told:
    return await api.ask("PATCH", target, patch, content_type=MERGE)


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


# Creating.


async def test_the_server_says_who_an_object_is(api: World) -> None:
    body = config_map("a")
    body["metadata"].update(uid="mine", creationTimestamp="2001-01-01T00:00:00Z", generation=7, selfLink="/x")
    made = (await api.ask("POST", MAPS, body)).body["metadata"]
    assert made["uid"] != "mine"
    assert made["creationTimestamp"] > "2026"
    assert "selfLink" not in made
    # Nobody counts the changes of a ConfigMap: its generation is its writer's.
    assert made["generation"] == 7
    below = config_map("b")
    below["metadata"]["generation"] = -1
    told = await api.ask("POST", MAPS, below)
    assert told.message.endswith("metadata.generation: Invalid value: -1: must be greater than or equal to 0")


async def test_an_object_that_brings_a_revision_is_refused_as_upstream_does(api: World) -> None:
    body = config_map("a")
    body["metadata"]["resourceVersion"] = "5"
    told = await api.ask("POST", MAPS, body)
    assert (told.status, told.message) == (500, "resourceVersion should not be set on objects to be created")
    assert "reason" not in told.body
    assert (await api.ask("POST", f"{MAPS}?dryRun=All", body)).status == 201
    body["metadata"]["resourceVersion"] = "x"
    assert (await api.ask("POST", MAPS, body)).status == 201


@pytest.mark.parametrize("way", ["PUT", "merge-patch+json", "apply-patch+yaml"])
async def test_a_revision_that_is_no_number_is_a_500_as_upstream_has_it(api: World, way: str) -> None:
    await api.ask("POST", MAPS, config_map("a"))
    body = {"apiVersion": "v1", "kind": "ConfigMap"} | config_map("a")
    for revision, status in {"x": 500, "-1": 500, "0": 200, "1": 409}.items():
        body["metadata"]["resourceVersion"] = revision
        if way == "PUT":
            told = await api.ask("PUT", f"{MAPS}/a", body)
        else:
            told = await api.ask("PATCH", f"{MAPS}/a?fieldManager=me", body, content_type=f"application/{way}")
        assert told.status == status, revision
        if status == 500:
            assert told.message == f'strconv.ParseUint: parsing "{revision}": invalid syntax'


async def test_names_are_made_from_a_prefix(api: World) -> None:
    made = (await api.ask("POST", MAPS, {"metadata": {"generateName": "web-"}})).body["metadata"]
    assert made["name"].startswith("web-")
    assert len(made["name"]) == len("web-") + 5


async def test_a_name_that_never_comes_out_free_is_told_after_eight_tries(api: World) -> None:
    api.server.api.chance.choice = lambda letters: letters[0]  # type: ignore[method-assign]
    await api.ask("POST", MAPS, {"metadata": {"generateName": "web-"}})
    told = await api.ask("POST", MAPS, {"metadata": {"generateName": "web-"}})
    assert (told.status, told.message) == (
        409,
        'configmaps "web-bbbbb" already exists, the server was not able to generate a unique name for the object',
    )


@pytest.mark.parametrize("name", ["", "UPPER", "a" * 254, "a b", "ü", "../x", "a/b"])
async def test_a_name_out_of_shape_is_a_422(api: World, name: str) -> None:
    told = await api.ask("POST", MAPS, config_map(name))
    assert (told.status, told.body["reason"], told.body["details"]["kind"]) == (422, "Invalid", "ConfigMap")


async def test_a_dry_run_says_what_would_be_and_stores_nothing(api: World) -> None:
    before = api.store.revision
    told = await api.ask("POST", f"{SERVICES}?dryRun=All", service("a"))
    assert (told.status, bool(told.body["spec"]["clusterIP"])) == (201, True)
    assert (await api.ask("DELETE", f"{SERVICES}/kubernetes?dryRun=All")).status == 200
    assert api.store.revision == before
    refused = await api.ask("POST", f"{MAPS}?dryRun=true", config_map("a"))
    assert refused.message.endswith('dryRun: Unsupported value: ["true"]: supported values: "All"')


async def test_a_namespace_must_be_there_and_stay(api: World) -> None:
    lost = await api.ask("POST", "/api/v1/namespaces/none/configmaps", config_map("a"))
    assert (lost.status, lost.message) == (404, 'namespaces "none" not found')
    await api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "n"}})
    await api.ask("DELETE", "/api/v1/namespaces/n")
    told = await api.ask("POST", "/api/v1/namespaces/n/configmaps", config_map("a"))
    assert (told.status, told.message) == (
        403,
        'configmaps "a" is forbidden: unable to create new content in namespace n because it is being terminated',
    )
    assert told.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"


# Updating.


async def test_a_put_to_another_name_is_a_400(api: World) -> None:
    await api.ask("POST", MAPS, config_map("a"))
    told = await api.ask("PUT", f"{MAPS}/a", config_map("b"))
    assert (told.status, told.message) == (400, "the name of the object (b) does not match the name on the URL (a)")


@pytest.mark.parametrize(
    ("path", "kind", "key"),
    [
        (MAPS, "ConfigMap", "configmaps/default/gone"), (SERVICES, "Service", "services/specs/default/gone"),
        ("/api/v1/nodes", "Node", "minions/gone"), (f"{DEFAULT}/limitranges", "LimitRange", "limitranges/default/gone"),
    ],
)  # fmt: skip
async def test_a_put_for_an_object_that_has_gone_is_a_conflict(api: World, path: str, kind: str, key: str) -> None:
    told = await api.ask("PUT", f"{path}/gone", {"kind": kind, "metadata": {"name": "gone", "uid": "old"}})
    assert (told.status, told.body["reason"]) == (409, "Conflict")
    assert told.message.endswith(
        f"Code: 4, Key: /registry/{key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: "
        "UID in precondition: old, UID in object meta: "
    )


async def test_a_put_for_another_object_of_the_same_name_is_refused(api: World) -> None:
    made = (await api.ask("POST", MAPS, config_map("a"))).body
    body = config_map("a")
    body["metadata"]["uid"] = "old"
    told = await api.ask("PUT", f"{MAPS}/a", body)
    assert (told.status, told.message) == (
        409,
        'Operation cannot be fulfilled on configmaps "a": StorageError: invalid object, Code: 4, Key: '
        "/registry/configmaps/default/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in "
        "precondition: old, "
        f"UID in object meta: {made['metadata']['uid']}",
    )
    patched = await merge(api, f"{MAPS}/a", {"metadata": {"uid": "old"}})
    assert (patched.status, patched.message) == (
        422, 'ConfigMap "a" is invalid: metadata.uid: Invalid value: "old": field is immutable',
    )  # fmt: skip
    assert len(patched.body["details"]["causes"]) == 2


async def test_nothing_is_written_where_nothing_changes(api: World) -> None:
    await api.ask("POST", SERVICES, service("a"))
    before = api.store.revision
    assert (await api.ask("PUT", f"{SERVICES}/a", service("a"))).status == 200
    assert (await merge(api, f"{SERVICES}/a", {"spec": {"type": "ClusterIP"}})).status == 200
    assert api.store.revision == before


async def test_the_generation_counts_changes_of_the_spec(api: World) -> None:
    made = (await api.ask("POST", SETS, replica_set("r"))).body
    labelled = (await merge(api, f"{SETS}/r", {"metadata": {"labels": {"x": "y"}}})).body
    scaled = (await merge(api, f"{SETS}/r", {"spec": {"replicas": 3}})).body
    assert [one["metadata"]["generation"] for one in (made, labelled, scaled)] == [1, 1, 2]


async def test_status_and_spec_are_written_apart(api: World) -> None:
    await api.ask("POST", SETS, replica_set("r"))
    status = await merge(api, f"{SETS}/r/status", {"status": {"replicas": 2}, "spec": {"replicas": 9}})
    assert (status.body["status"]["replicas"], status.body["spec"]["replicas"]) == (2, 1)
    spec = await merge(api, f"{SETS}/r", {"status": {"replicas": 7}, "spec": {"replicas": 5}})
    assert (spec.body["status"]["replicas"], spec.body["spec"]["replicas"]) == (2, 5)


async def test_patches_at_the_same_time_are_all_kept(api: World) -> None:
    await api.ask("POST", MAPS, config_map("a"))
    told = await asyncio.gather(*[merge(api, f"{MAPS}/a", {"data": {f"k{n}": "v"}}) for n in range(4)])
    assert {one.status for one in told} == {200}
    assert len((await api.ask("GET", f"{MAPS}/a")).body["data"]) == 4


async def test_of_two_writers_with_one_revision_one_is_refused(api: World) -> None:
    made = (await api.ask("POST", MAPS, config_map("a"))).body
    told = await asyncio.gather(*[api.ask("PUT", f"{MAPS}/a", {**made, "data": {"k": str(n)}}) for n in range(2)])
    assert sorted(one.status for one in told) == [200, 409]


async def test_patches_of_every_kind(api: World) -> None:
    await api.ask("POST", SERVICES, service("a", ports=[{"name": "x", "port": 80}, {"name": "y", "port": 81}]))
    strategic = await api.ask(
        "PATCH", f"{SERVICES}/a", {"spec": {"ports": [{"port": 81, "targetPort": 8081}]}},
        content_type="application/strategic-merge-patch+json",
    )  # fmt: skip
    assert [port["targetPort"] for port in strategic.body["spec"]["ports"]] == [8081, 80] or [
        port["targetPort"] for port in strategic.body["spec"]["ports"]
    ] == [80, 8081]
    operations = [{"op": "replace", "path": "/spec/ports/0/name", "value": "z"}]
    json = await api.ask("PATCH", f"{SERVICES}/a", operations, content_type="application/json-patch+json")
    assert json.body["spec"]["ports"][0]["name"] == "z"
    failed = [{"op": "test", "path": "/spec/type", "value": "NodePort"}]
    told = await api.ask("PATCH", f"{SERVICES}/a", failed, content_type="application/json-patch+json")
    assert (told.status, told.message) == (422, "the server rejected our request due to an error in our request")
    broken = await api.ask("PATCH", f"{SERVICES}/a", b"{", content_type=MERGE)
    assert (broken.status, broken.body["reason"]) == (400, "BadRequest")


async def test_a_patch_with_a_stale_revision_is_a_conflict(api: World) -> None:
    await api.ask("POST", MAPS, config_map("a"))
    told = await merge(api, f"{MAPS}/a", {"metadata": {"resourceVersion": "1"}, "data": {"k": "v"}})
    assert (told.status, told.body["reason"]) == (409, "Conflict")


async def test_revision_0_means_any_state(api: World) -> None:
    """Scripts write it, kubectl's own among them."""
    body = config_map("a")
    body["metadata"]["resourceVersion"] = "0"
    assert (await api.ask("POST", MAPS, body)).status == 201
    assert (await api.ask("PUT", f"{MAPS}/a", body)).status == 200
    assert (await merge(api, f"{MAPS}/a", {"metadata": {"resourceVersion": "0"}, "data": {"k": "v"}})).status == 200


async def test_a_put_to_a_missing_name_creates_where_the_kind_allows(api: World) -> None:
    assert (await api.ask("PUT", f"{SERVICES}/a", service("a"))).status == 201
    assert (await api.ask("PUT", f"{SETS}/r", replica_set("r"))).status == 404


# Services.


async def test_a_service_holds_its_address_until_it_is_deleted(api: World) -> None:
    made = (await api.ask("POST", SERVICES, service("a"))).body
    address = made["spec"]["clusterIP"]
    held = (await api.ask("GET", f"/apis/networking.k8s.io/v1/ipaddresses/{address}")).body
    assert held["spec"]["parentRef"] == {"resource": "services", "namespace": "default", "name": "a"}
    taken = await api.ask("POST", SERVICES, service("b", clusterIP=address))
    assert taken.message == (
        f'Service "b" is invalid: spec.clusterIPs: Invalid value: ["{address}"]: failed to allocate IP {address}: '
        "provided IP is already allocated"
    )
    await api.ask("POST", f"{DEFAULT}/endpoints", {"metadata": {"name": "a"}})
    assert (await api.ask("DELETE", f"{SERVICES}/a")).body["spec"]["clusterIP"] == address
    assert (await api.ask("GET", f"/apis/networking.k8s.io/v1/ipaddresses/{address}")).status == 404
    assert (await api.ask("GET", f"{DEFAULT}/endpoints/a")).status == 404
    assert (await api.ask("POST", SERVICES, service("b", clusterIP=address))).status == 201


async def test_a_node_port_belongs_to_one_service(api: World) -> None:
    ports = [{"port": 80, "nodePort": 30080}]
    assert (await api.ask("POST", SERVICES, service("a", type="NodePort", ports=ports))).status == 201
    told = await api.ask("POST", SERVICES, service("b", type="NodePort", ports=ports))
    assert told.message.endswith(
        "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated"
    )  # fmt: skip
    await merge(api, f"{SERVICES}/a", {"spec": {"type": "ClusterIP"}})
    assert "/claims/nodeports/30080" not in api.server.cache.claims
    assert (await api.ask("POST", SERVICES, service("b", type="NodePort", ports=ports))).status == 201


async def test_two_services_made_at_once_never_share_an_address() -> None:
    async with world(Settings(service_cidrs=("10.96.0.0/28",))) as api:
        told = await asyncio.gather(*[api.ask("POST", SERVICES, service(f"s{n}")) for n in range(20)])
        addresses = [one.body["spec"]["clusterIP"] for one in told if one.status == 201]
        assert len(addresses) == len(set(addresses)) == 13
        full = next(one for one in told if one.status != 201)
        assert full.message.endswith("range is full")
        assert len(api.server.cache.of(IP_ADDRESS).live) == 14


async def test_an_address_that_another_server_took_first_is_picked_anew(api: World) -> None:
    claims = api.server.api.claims
    picked: list[str] = []

    def blind(address: str) -> bool:
        picked.append(address)
        return False

    claims._is_address_taken = blind  # type: ignore[method-assign]
    api.server.api.chance.seed(1)
    first = (await api.ask("POST", SERVICES, service("a"))).body["spec"]["clusterIP"]
    api.server.api.chance.seed(1)
    second = (await api.ask("POST", SERVICES, service("b"))).body["spec"]["clusterIP"]
    assert first != second
    assert picked.count(first) == 2


async def test_a_port_that_no_pod_declares_is_warned_of(api: World) -> None:
    await api.ask("POST", SETS, replica_set("r"))
    told = await api.ask("POST", SERVICES, service("a", selector={"a": "b"}))
    assert told.status == 201
    assert told.warnings[0].startswith('299 - "spec.ports[0].targetPort: port 80 goes to 80 on the pods')
    cured = await api.ask("POST", SERVICES, service("b", selector={"a": "b"}, ports=[{"port": 80, "targetPort": 8080}]))
    assert cured.warnings == []


async def test_what_every_cluster_has_comes_back(api: World) -> None:
    watch = await api.watch(f"{SERVICES}?watch=1")
    await api.ask("DELETE", f"{SERVICES}/kubernetes")
    *_, back = await watch.events(3)
    assert (back["type"], back["object"]["spec"]["clusterIP"]) == ("ADDED", "10.96.0.1")
    told = await api.ask("DELETE", "/api/v1/namespaces/default")
    assert told.message == 'namespaces "default" is forbidden: this namespace may not be deleted'


# Deleting.


async def test_what_a_delete_answers_depends_on_the_kind(api: World) -> None:
    uid = (await api.ask("POST", MAPS, config_map("a"))).body["metadata"]["uid"]
    told = await api.ask("DELETE", f"{MAPS}/a")
    assert told.body == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {"name": "a", "kind": "configmaps", "uid": uid},
    }  # fmt: skip
    await api.ask("POST", SERVICES, service("a"))
    assert (await api.ask("DELETE", f"{SERVICES}/a")).body["kind"] == "Service"


async def test_preconditions_of_a_delete_name_the_kind(api: World) -> None:
    uid = (await api.ask("POST", MAPS, config_map("a"))).body["metadata"]["uid"]
    told = await api.ask("DELETE", f"{MAPS}/a", {"preconditions": {"uid": "other"}})
    assert (told.status, told.message) == (
        409,
        'Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (other) does not match the UID '
        f"in record ({uid}). The object might have been deleted and then recreated",
    )
    assert (await api.ask("DELETE", f"{MAPS}/a", {"preconditions": {"uid": uid}})).status == 200


async def test_finalizers_hold_an_object_until_the_last_is_taken_off(api: World) -> None:
    body = config_map("a")
    body["metadata"]["finalizers"] = ["example.com/a"]
    await api.ask("POST", MAPS, body)
    going = await api.ask("DELETE", f"{MAPS}/a")
    assert going.body["metadata"]["deletionGracePeriodSeconds"] == 0
    more = await merge(api, f"{MAPS}/a", {"metadata": {"finalizers": ["example.com/a", "example.com/b"]}})
    assert (more.status, 'found new finalizers []string{"example.com/b"}' in more.message) == (422, True)
    assert (await merge(api, f"{MAPS}/a", {"metadata": {"finalizers": None}})).status == 200
    assert (await api.ask("GET", f"{MAPS}/a")).status == 404


async def test_dependents_are_waited_for_or_left_by_finalizers(api: World) -> None:
    for name, policy, finalizers in (("f", "Foreground", ["foregroundDeletion"]), ("o", "Orphan", ["orphan"])):
        await api.ask("POST", SETS, replica_set(name))
        told = await api.ask("DELETE", f"{SETS}/{name}", {"propagationPolicy": policy})
        assert told.body["metadata"]["finalizers"] == finalizers
    told = await api.ask("DELETE", f"{SETS}/f", {"propagationPolicy": "Sideways"})
    assert (told.status, 'Unsupported value: "Sideways"' in told.message) == (422, True)


async def test_a_pod_on_a_node_gets_its_grace_and_it_can_only_be_shortened(api: World) -> None:
    await api.ask("POST", PODS, {"metadata": {"name": "p"}, "spec": POD_SPEC})
    target = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n1"}}
    bound = await api.ask("POST", f"{PODS}/p/binding", target)
    assert (bound.status, bound.body["status"]) == (201, "Success")
    again = await api.ask("POST", f"{PODS}/p/binding", target)
    assert again.message == (
        'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"'
    )
    going = (await api.ask("DELETE", f"{PODS}/p")).body["metadata"]
    assert going["deletionGracePeriodSeconds"] == 30
    longer = (await api.ask("DELETE", f"{PODS}/p", {"gracePeriodSeconds": 60})).body["metadata"]
    shorter = (await api.ask("DELETE", f"{PODS}/p", {"gracePeriodSeconds": 5})).body["metadata"]
    assert (longer["deletionGracePeriodSeconds"], shorter["deletionGracePeriodSeconds"]) == (30, 5)
    assert shorter["deletionTimestamp"] < longer["deletionTimestamp"]
    assert (await api.ask("DELETE", f"{PODS}/p?gracePeriodSeconds=0")).status == 200
    assert (await api.ask("GET", f"{PODS}/p")).status == 404


async def test_a_pod_without_a_node_goes_at_once(api: World) -> None:
    await api.ask("POST", PODS, {"metadata": {"name": "p"}, "spec": POD_SPEC})
    watch = await api.watch(f"{PODS}?watch=1&resourceVersion={api.server.cache.revision}")
    gone = (await api.ask("DELETE", f"{PODS}/p")).body["metadata"]
    assert api.server.cache.get(POD, "default", "p") is None
    assert (gone["deletionGracePeriodSeconds"], gone["generation"]) == (0, 2)
    told = await watch.events(2)
    assert [one["type"] for one in told] == ["MODIFIED", "DELETED"]
    assert [one["object"]["metadata"]["deletionTimestamp"] for one in told] == [gone["deletionTimestamp"]] * 2


async def test_a_namespace_goes_when_its_finalizer_does(api: World) -> None:
    await api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "n"}})
    going = (await api.ask("DELETE", "/api/v1/namespaces/n")).body
    assert (going["status"]["phase"], "deletionTimestamp" in going["metadata"]) == ("Terminating", True)
    assert (await api.ask("DELETE", "/api/v1/namespaces/n")).status == 200
    going["spec"]["finalizers"] = []
    assert (await api.ask("PUT", "/api/v1/namespaces/n/finalize", going)).status == 200
    assert (await api.ask("GET", "/api/v1/namespaces/n")).status == 404


async def test_a_collection_is_deleted_by_its_selector(api: World) -> None:
    for name, labels in (("a", {"app": "web"}), ("b", {"app": "web"}), ("c", {})):
        await api.ask("POST", MAPS, {"metadata": {"name": name, "labels": labels}})
    told = await api.ask("DELETE", f"{MAPS}?labelSelector=app%3Dweb")
    assert (told.body["kind"], len(told.body["items"])) == ("ConfigMapList", 2)
    assert [one["metadata"]["name"] for one in (await api.ask("GET", MAPS)).body["items"]] == ["c"]


async def test_of_a_collection_as_much_is_deleted_as_a_list_with_the_same_options_shows(api: World) -> None:
    for name in ("a", "b", "c", "d"):
        await api.ask("POST", MAPS, {"metadata": {"name": name}, "data": {"of": name}})
    first = (await api.ask("DELETE", f"{MAPS}?limit=2")).body
    assert [one["data"]["of"] for one in first["items"]] == ["a", "b"]
    assert [one["metadata"]["name"] for one in (await api.ask("GET", MAPS)).body["items"]] == ["c", "d"]
    told = await api.ask("DELETE", f"{MAPS}?resourceVersionMatch=Exact")
    assert (told.status, told.body["details"]["kind"]) == (422, "ListOptions")
    held = {"metadata": {"finalizers": ["example.com/hold"]}}
    await merge(api, f"{MAPS}/c", held)
    dry = await api.ask("DELETE", f"{MAPS}?dryRun=All")
    assert len(dry.body["items"]) == len((await api.ask("GET", MAPS)).body["items"]) == 2
    await api.ask("DELETE", MAPS, {"propagationPolicy": "Background"})
    (left,) = (await api.ask("GET", MAPS)).body["items"]
    assert left["metadata"]["finalizers"] == ["example.com/hold"] and left["metadata"]["deletionTimestamp"]


# Scale.


async def test_every_replicated_kind_is_scaled_in_one_form(api: World) -> None:
    made = (await api.ask("POST", SETS, replica_set("r"))).body
    scale = (await api.ask("GET", f"{SETS}/r/scale")).body
    assert (scale["kind"], scale["apiVersion"], scale["spec"]) == ("Scale", "autoscaling/v1", {"replicas": 1})
    assert scale["status"] == {"replicas": 0, "selector": "a=b"}
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    shown = (await api.ask("GET", f"{SETS}/r/scale", accept=table)).body
    assert [one["name"] for one in shown["columnDefinitions"]] == ["Name", "Desired", "Available", "Age"]
    assert shown["rows"][0]["cells"][:3] == ["r", 1, 0]
    scale["spec"]["replicas"] = 4
    assert (await api.ask("PUT", f"{SETS}/r/scale", scale)).body["spec"]["replicas"] == 4
    stale = await api.ask("PUT", f"{SETS}/r/scale", scale)
    assert (stale.status, stale.body["reason"]) == (409, "Conflict")
    assert (await merge(api, f"{SETS}/r/scale", {"spec": {"replicas": 0}})).body["spec"] == {}
    refused = await merge(api, f"{SETS}/r/scale", {"spec": {"replicas": -1}})
    assert refused.message.endswith("spec.replicas: Invalid value: -1: must be greater than or equal to 0")
    now = (await api.ask("GET", f"{SETS}/r")).body
    assert (now["metadata"]["uid"], now["metadata"]["generation"]) == (made["metadata"]["uid"], 3)


# Faults.


async def test_a_store_that_refuses_is_a_503_and_the_write_is_not_there(api: World) -> None:
    api.store.fault = StoreFailure("disk full")
    told = await api.ask("POST", MAPS, config_map("a"))
    assert (told.status, told.message) == (503, "the store refused the write: disk full")
    api.store.fault = None
    assert (await api.ask("GET", f"{MAPS}/a")).status == 404
    assert (await api.ask("POST", MAPS, config_map("a"))).status == 201


async def test_a_store_that_never_answers_is_a_504() -> None:
    async with world() as api:

        async def never(_: Any) -> Any:
            await asyncio.Event().wait()

        # Only now: what the server wrote itself, when it began, had the usual time.
        api.server.api.settings = replace(api.server.api.settings, limits=Limits(request_s=0.05))
        api.store.commit = never  # type: ignore[method-assign]
        told = await api.ask("POST", MAPS, config_map("a"))
        assert (told.status, told.message) == (504, "Timeout: request did not complete within the allotted timeout")


@pytest.mark.parametrize(
    ("path", "kind", "spec"),
    [
        (
            "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
            "policy/v1 PodDisruptionBudget",
            {"minAvailable": 1},
        ),
        ("/apis/node.k8s.io/v1/runtimeclasses", "node.k8s.io/v1 RuntimeClass", None),
        ("/apis/storage.k8s.io/v1/csinodes", "storage.k8s.io/v1 CSINode", {"drivers": []}),
    ],
)
async def test_some_kinds_are_only_updated_from_a_known_state(
    api: World, path: str, kind: str, spec: Object | None
) -> None:
    version, _, name = kind.partition(" ")
    body: Object = {"apiVersion": version, "kind": name, "metadata": {"name": "a"}}
    body |= {"handler": "h"} if spec is None else {"spec": spec}
    made = (await api.ask("POST", path, body)).body
    refused = await api.ask("PUT", f"{path}/a", body)
    plural, group = path.rpartition("/")[2], version.partition("/")[0]
    assert (refused.status, refused.body["message"]) == (
        422, f'{plural}.{group} "a" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an'
        " update",
    )  # fmt: skip
    body["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    assert (await api.ask("PUT", f"{path}/a", body)).status == 200


async def test_an_update_is_judged_as_new_and_as_changed(api: World) -> None:
    path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "a"}, "rules": [{}]}
    assert len((await api.ask("POST", path, role)).body["details"]["causes"]) == 3
    await api.ask("POST", path, role | {"rules": []})
    refused = (await api.ask("PUT", f"{path}/a", role)).body
    assert len(refused["details"]["causes"]) == 6
    assert refused["message"].count("verbs must contain at least one value") == 1
