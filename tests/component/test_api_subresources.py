"""Subresources and kinds that are asked but not stored: resize, ephemeral containers, bindings, component statuses."""

from base64 import b64encode
from collections.abc import AsyncIterator

import pytest

from component.api_world import World, world
from component.kind_objects import REQUEST
from fairway.objects import Object

PODS = "/api/v1/namespaces/default/pods"
STRATEGIC = {"content_type": "application/strategic-merge-patch+json"}


def pod(**resources: Object) -> Object:
    return {"metadata": {"name": "web"},
            "spec": {"containers": [{"name": "web", "image": "x", "resources": resources}]}}  # fmt: skip


def resources(**found: Object) -> Object:
    return {"spec": {"containers": [{"name": "web", "resources": found}]}}


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


async def test_a_pod_is_resized_by_its_subresource_alone(api: World) -> None:
    await api.ask("POST", PODS, pod(requests={"cpu": "100m"}, limits={"memory": "1Gi"}))
    patch = resources(requests={"cpu": "200m"})
    refused = await api.ask("PATCH", f"{PODS}/web", patch, **STRATEGIC)
    assert refused.status == 422 and "pod updates may not change fields other than" in refused.message
    patch["metadata"] = {"labels": {"a": "b"}}
    told = await api.ask("PATCH", f"{PODS}/web/resize", patch, **STRATEGIC)
    assert told.status == 200, told.body
    assert told.body["spec"]["containers"][0]["resources"]["requests"]["cpu"] == "200m"
    assert told.body["metadata"]["generation"] == 2 and "labels" not in told.body["metadata"]
    put = await api.ask("PUT", f"{PODS}/web/resize", told.body)
    assert put.body["metadata"]["resourceVersion"] == told.body["metadata"]["resourceVersion"]


@pytest.mark.parametrize(
    ("patch", "text"),
    [
        (resources(limits={"cpu": "1"}, requests={"cpu": "1", "memory": "1Gi"}), "Pod QOS Class may not change"),
        (resources(requests={"ephemeral-storage": "1Gi"}), "only cpu and memory resources are mutable"),
        (resources(requests={"cpu": None}), "resource requests cannot be removed"),
        (resources(requests={"cpu": "-1"}), "must be greater than or equal to 0"),
    ],
)
async def test_a_resize_that_cannot_be_is_refused(api: World, patch: Object, text: str) -> None:
    await api.ask("POST", PODS, pod(requests={"cpu": "100m", "memory": "1Gi"}, limits={"memory": "1Gi"}))
    told = await api.ask("PATCH", f"{PODS}/web/resize", patch, **STRATEGIC)
    assert told.status == 422 and text in told.message, told.body


async def test_init_containers_are_resized_as_any_other(api: World) -> None:
    inits = [{"name": "plain", "image": "x"}, {"name": "side", "image": "x", "restartPolicy": "Always"}]
    for each in inits:
        each["resources"] = {"requests": {"cpu": "100m"}}
    made = pod(requests={"cpu": "100m"})
    await api.ask("POST", PODS, {**made, "spec": {**made["spec"], "initContainers": inits}})
    for name in ("side", "plain"):
        patch = {"spec": {"initContainers": [{"name": name, "resources": {"requests": {"cpu": "200m"}}}]}}
        told = await api.ask("PATCH", f"{PODS}/web/resize", patch, **STRATEGIC)
        assert told.status == 200, told.body


async def test_an_ephemeral_container_is_added_and_stays(api: World) -> None:
    await api.ask("POST", PODS, pod())
    patch = {"spec": {"ephemeralContainers": [{"name": "look", "image": "x"}]}}
    told = await api.ask("PATCH", f"{PODS}/web/ephemeralcontainers", patch, **STRATEGIC)
    assert [one["name"] for one in told.body["spec"]["ephemeralContainers"]] == ["look"]
    gone = {"metadata": {"name": "web"}, "spec": {**told.body["spec"], "ephemeralContainers": []}}
    refused = await api.ask("PUT", f"{PODS}/web/ephemeralcontainers", gone)
    assert refused.status == 422 and "may not be removed" in refused.message


@pytest.mark.parametrize("path", [f"{PODS}/web/binding", "/api/v1/namespaces/default/bindings"])
async def test_a_binding_gives_a_pod_its_node(api: World, path: str) -> None:
    await api.ask("POST", PODS, pod())
    binding = {"kind": "Binding", "apiVersion": "v1", "metadata": {"name": "web"}, "target": {"name": "n1"}}
    assert (await api.ask("POST", path, binding)).status == 201
    assert (await api.ask("GET", f"{PODS}/web")).body["spec"]["nodeName"] == "n1"
    again = await api.ask("POST", path, binding)
    assert again.status == 409 and "already assigned to node" in again.message


async def test_component_statuses_are_made_when_asked_for(api: World) -> None:
    told = await api.ask("GET", "/api/v1/componentstatuses")
    assert [one["metadata"]["name"] for one in told.body["items"]] == ["controller-manager", "scheduler", "etcd-0"]
    assert told.warnings == ['299 - "v1 ComponentStatus is deprecated in v1.19+"']
    one = await api.ask("GET", "/api/v1/componentstatuses/scheduler")
    assert one.body["conditions"] == [{"type": "Healthy", "status": "True", "message": "ok"}]
    assert (await api.ask("GET", "/api/v1/componentstatuses/none")).status == 404
    assert (await api.ask("POST", "/api/v1/componentstatuses", {})).status == 405


async def test_an_event_is_one_object_in_both_groups(api: World) -> None:
    new = "/apis/events.k8s.io/v1/namespaces/default/events"
    event = {"metadata": {"name": "one"}, "regarding": {"kind": "Pod", "name": "web", "namespace": "default"},
             "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "example.com/me", "action": "Try",
             "reportingInstance": "me-1", "reason": "Tried", "type": "Normal", "note": "once"}  # fmt: skip
    made = await api.ask("POST", new, event)
    assert made.status == 201, made.body
    old = (await api.ask("GET", "/api/v1/namespaces/default/events/one")).body
    assert (old["involvedObject"]["name"], old["message"], old["apiVersion"]) == ("web", "once", "v1")
    assert (
        await api.ask("GET", f"{new}?fieldSelector=regarding.name%3Dweb,reportingController%3Dexample.com/me")
    ).body["items"][0]["note"] == "once"
    merge = {"content_type": "application/merge-patch+json"}
    series = {"series": {"count": 2, "lastObservedTime": "2026-01-01T00:00:01.000000Z"}}
    assert (await api.ask("PATCH", f"{new}/one", series, **merge)).status == 200
    assert (await api.ask("GET", "/api/v1/namespaces/default/events/one")).body["series"]["count"] == 2
    refused = await api.ask("PATCH", f"{new}/one", {"note": "twice"}, **merge)
    assert refused.status == 422 and 'message: Invalid value: "twice": field is immutable' in refused.message
    told = await api.ask("POST", new, {**event, "eventTime": None, "type": "Odd", "deprecatedCount": 3})
    assert "eventTime: Required value" in told.message and "has invalid value: Odd" in told.message


async def test_a_runtime_class_completes_its_pods_or_refuses_them(api: World) -> None:
    found = {
        "metadata": {"name": "sandbox"}, "handler": "runsc", "overhead": {"podFixed": {"cpu": "250m"}},
        "scheduling": {"nodeSelector": {"zone": "a"}, "tolerations": [{"key": "sandbox", "operator": "Exists"}]},
    }  # fmt: skip
    assert (await api.ask("POST", "/apis/node.k8s.io/v1/runtimeclasses", found)).status == 201
    new = pod()
    new["spec"]["runtimeClassName"] = "sandbox"
    made = await api.ask("POST", PODS, new)
    assert made.status == 201, made.body
    assert (made.body["spec"]["overhead"], made.body["spec"]["nodeSelector"]) == ({"cpu": "250m"}, {"zone": "a"})
    assert "sandbox" in [one["key"] for one in made.body["spec"]["tolerations"]]
    for changes, text in (
        ({"runtimeClassName": "none"}, 'pods "web" is forbidden: pod rejected: RuntimeClass "none" not found'),
        ({"nodeSelector": {"zone": "b"}}, "conflict: runtimeClass.scheduling.nodeSelector[zone] = a;"),
        ({"overhead": {"cpu": "1"}}, "Pod's Overhead doesn't match RuntimeClass's defined Overhead"),
        ({"runtimeClassName": None, "overhead": {"cpu": "1"}}, "Pod Overhead set without corresponding RuntimeClass"),
    ):
        told = await api.ask("POST", f"{PODS}?dryRun=All", {**new, "spec": {**new["spec"], **changes}})
        assert told.status == 403 and text in told.message, told.body


async def test_flow_schemas_tell_whether_their_level_is_there(api: World) -> None:
    root = "/apis/flowcontrol.apiserver.k8s.io/v1"
    lost = {"metadata": {"name": "lost"}, "spec": {"priorityLevelConfiguration": {"name": "mine"}}}
    watch = await api.watch(f"{root}/flowschemas?watch=true&fieldSelector=metadata.name%3Dlost")
    await api.ask("POST", f"{root}/flowschemas", lost)
    (_, judged) = await watch.events(2)
    (condition,) = judged["object"]["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("Dangling", "True", "NotFound")
    level = {
        "metadata": {"name": "mine"},
        "spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}},
    }
    await api.ask("POST", f"{root}/prioritylevelconfigurations", level)
    (*_, found) = await watch.events(3)
    assert found["object"]["status"]["conditions"][0]["status"] == "False"
    watch.close()


async def test_a_signing_request_goes_the_way_of_the_conformance_test(api: World) -> None:
    root = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    merge = {"content_type": "application/merge-patch+json"}
    spec = {"request": REQUEST, "signerName": "example.com/e2e", "usages": ["client auth"]}
    made = await api.ask("POST", root, {"metadata": {"name": "one"}, "spec": spec})
    assert made.body["spec"]["username"] == "kubernetes-admin" and "conditions" not in made.body["status"]
    condition = {"type": "ApprovalPatch", "status": "True", "reason": "e2e"}
    patch = {"metadata": {"annotations": {"patched": "approval"}}, "status": {"conditions": [condition]}}
    told = await api.ask("PATCH", f"{root}/one/approval", patch, **merge)
    assert [one["type"] for one in told.body["status"]["conditions"]] == ["ApprovalPatch"]
    assert told.body["metadata"]["annotations"]["patched"] == "approval"
    approval = told.body
    approval["status"]["conditions"].append({"type": "Approved", "status": "True", "reason": "e2e", "message": "m"})
    told = await api.ask("PUT", f"{root}/one/approval", approval)
    assert told.status == 200 and told.body["status"]["conditions"][1]["lastUpdateTime"], told.body
    certificate = b64encode(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n").decode()
    told = await api.ask("PATCH", f"{root}/one/status", {"status": {"certificate": certificate}}, **merge)
    assert told.body["status"]["certificate"] == certificate, told.body
    status = told.body
    status["status"]["conditions"].append({"type": "StatusUpdate", "status": "True", "reason": "e2e"})
    told = await api.ask("PUT", f"{root}/one/status", status)
    assert [one["type"] for one in told.body["status"]["conditions"]] == ["ApprovalPatch", "Approved", "StatusUpdate"]
    assert (await api.ask("PUT", f"{root}/one/status", status)).status == 409
    assert (await api.ask("DELETE", root)).status == 200
    assert (await api.ask("GET", root)).body["items"] == []


async def test_a_strategic_merge_cannot_say_of_what_kind_its_object_is(api: World) -> None:
    selector, template = {"matchLabels": {"a": "b"}}, {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]}
    path = "/apis/apps/v1/namespaces/default/deployments"
    await api.ask("POST", path, {"metadata": {"name": "d"}, "spec": {"selector": selector, "template": template}})
    patch = {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "d"}, "spec": {"replicas": 2}}
    told = await api.ask("PATCH", f"{path}/d/scale", patch, **STRATEGIC)
    assert (told.status, told.body["kind"], told.body["spec"]["replicas"]) == (200, "Scale", 2)
    told = await api.ask("PATCH", f"{path}/d", {"kind": "Thing", "metadata": {"labels": {"x": "y"}}}, **STRATEGIC)
    assert (told.status, told.body["kind"], told.body["metadata"]["labels"]) == (200, "Deployment", {"x": "y"})


OTHERS = [
    (
        "POST",
        f"{PODS}/web/binding",
        {"target": {"name": "n1"}},
        400,
        "name in URL does not match name in Binding object",
    ),
    ("POST", f"{PODS}/web/binding", {"metadata": {"name": "web"}}, 500, "target.name: Required value"),
    ("POST", f"{PODS}/web/eviction", {}, 400, "name in URL does not match name in Eviction object"),
    ("POST", f"{PODS}/web/eviction", {"kind": "Pod"}, 400, "cannot be handled as a Eviction: no kind"),
    ("PUT", "/api/v1/namespaces/default/replicationcontrollers/web/scale", {}, 400, "name must be provided"),
    ("PUT", "/api/v1/namespaces/default/replicationcontrollers/web/scale", [], 400, "must be of type Scale"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "text"), OTHERS)
async def test_a_body_of_another_kind_says_which_object_it_is_for(
    api: World, method: str, path: str, body: object, status: int, text: str
) -> None:
    await api.ask("POST", PODS, pod())
    template = {**pod(), "metadata": {"labels": {"a": "b"}}}
    controller = {"spec": {"selector": {"a": "b"}, "template": template}}
    await api.ask(
        "POST", "/api/v1/namespaces/default/replicationcontrollers", {"metadata": {"name": "web"}, **controller}
    )
    told = await api.ask(method, path, body)
    assert (told.status, text in told.message) == (status, True), told.message
