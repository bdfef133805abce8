"""Specs of sig-scheduling and of sig-node that concern the API: limits, priorities, preemption, classes, leases.

Each test bears the release name of its spec, or says what the spec's neighbour asks.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from .asking import STRATEGIC, Api, Object, Resource, check_discovery, check_operations, expect, label
from .workloads import path, template

CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"
SCARCE = "example.com/conformance"


def overhead() -> Object:
    return {"handler": "any"}


RESOURCES = [
    Resource("v1", "limitranges", True, lambda: {"spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]}}),
    Resource("scheduling.k8s.io/v1", "priorityclasses", False, lambda: {"value": 1}),
    Resource("node.k8s.io/v1", "runtimeclasses", False, overhead),
    Resource("coordination.k8s.io/v1", "leases", True, lambda: {"spec": {"holderIdentity": "me"}}),
    Resource(
        "v1", "pods", True, lambda: {"spec": {**template("x")["spec"], "nodeSelector": {"none": "none"}}}, ("status",)
    ),
    Resource("v1", "secrets", True, lambda: {"stringData": {"a": "b"}}),
    Resource("v1", "configmaps", True, lambda: {"data": {"a": "b"}}),
]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one.plural)
def test_api_of(api: Api, namespace: str, resource: Resource) -> None:
    check_discovery(api, resource)
    check_operations(api, resource, namespace)


def test_limit_range_resources(api: Api, namespace: str) -> None:
    def amounts(cpu: str, memory: str, storage: str) -> Object:
        return {"cpu": cpu, "memory": memory, "ephemeral-storage": storage}

    limit = {
        "type": "Container", "min": amounts("50m", "100Mi", "100Gi"), "max": amounts("500m", "500Mi", "500Gi"),
        "default": amounts("500m", "500Mi", "500Gi"), "defaultRequest": amounts("100m", "200Mi", "200Gi"),
    }  # fmt: skip
    place, pods = path("limitranges", namespace), path("pods", namespace)
    api.create(place, {"metadata": {"name": "l"}, "spec": {"limits": [limit]}})

    def asked(requests: Object | None = None, limits: Object | None = None) -> Any:
        resources = {name: one for name, one in (("requests", requests), ("limits", limits)) if one}
        new = {**template("x"), "metadata": {"generateName": "p-"}}
        new["spec"]["containers"][0]["resources"] = resources
        return api.ask("POST", f"{pods}?dryRun=All", new)

    def resources(answer: Any) -> tuple[Object, Object]:
        assert answer.status == 201, answer.body
        found = answer.body["spec"]["containers"][0]["resources"]
        return found["requests"], found["limits"]

    assert resources(asked()) == (limit["defaultRequest"], limit["default"])
    partial = asked({"cpu": "300m", "memory": "150Mi"}, {"cpu": "300m", "memory": "500Mi"})
    assert resources(partial) == (amounts("300m", "150Mi", "200Gi"), amounts("300m", "500Mi", "500Gi"))
    for wrong in (asked(amounts("10m", "50Mi", "50Gi")), asked(amounts("600m", "600Mi", "600Gi"))):
        assert (wrong.status, wrong.body["reason"]) in ((403, "Forbidden"), (422, "Invalid")), wrong.body
    api.change(f"{place}/l", lambda found: found["spec"]["limits"][0].update(min=amounts("9m", "49Mi", "49Gi")))
    assert asked(amounts("10m", "50Mi", "50Gi")).status == 201


def test_limit_range_collection(api: Api, namespace: str) -> None:
    place = path("limitranges", namespace)
    limits = [{"type": "Container", "min": {"cpu": "50m"}, "max": {"cpu": "500m"}}]
    meta = {"name": "l", "labels": {"spec": "collection"}}
    api.create(place, {"metadata": meta, "spec": {"limits": limits}})
    patch = {"spec": {"limits": [{"type": "Container", "min": {"cpu": "40m"}, "max": {"cpu": "500m"}}]}}
    assert api.patch(f"{place}/l", patch, STRATEGIC)["spec"]["limits"][0]["min"] == {"cpu": "40m"}
    found = api.get("/api/v1/limitranges?labelSelector=spec=collection")["items"]
    assert namespace in [one["metadata"]["namespace"] for one in found]
    api.delete(f"{place}?labelSelector=spec=collection")
    api.until(f"{place}/l", lambda one: one is None)


@pytest.fixture
def classes(api: Api) -> Iterator[tuple[str, str]]:
    """The names of a low and a high PriorityClass."""
    names = [
        api.create(CLASSES, {"metadata": {"generateName": "conformance-"}, "value": value})["metadata"]["name"]
        for value in (100, 1000)
    ]
    yield names[0], names[1]
    for name in names:
        api.delete(f"{CLASSES}/{name}")


def test_priority_class_endpoints(api: Api, classes: tuple[str, str]) -> None:
    listed = {one["metadata"]["name"]: one["value"] for one in api.get(CLASSES)["items"]}
    assert (listed[classes[0]], listed["system-node-critical"]) == (100, 2000001000)
    place = f"{CLASSES}/{classes[0]}"
    assert api.patch(place, {"description": "patched"})["description"] == "patched"
    assert api.change(place, lambda found: found.update(description="updated"))["description"] == "updated"
    immutable = (
        ({"value": 10}, "value: Forbidden: may not be changed in an update."),
        ({"preemptionPolicy": "Never"}, "preemptionPolicy"),
    )
    for patch, text in immutable:
        answer = api.ask("PATCH", place, patch, "application/merge-patch+json")
        assert (answer.status, text in answer.body["message"]) == (422, True), answer.body["message"]
    for new, text in (
        (
            {"metadata": {"name": "system-mine"}, "value": 1},
            "priority class names with 'system-' prefix are reserved for system use only",
        ),
        ({"metadata": {"name": "high"}, "value": 1000000001}, "maximum allowed value of a user defined priority"),
    ):
        answer = api.ask("POST", CLASSES, new)
        assert answer.status in (403, 422)
        assert text in answer.body["message"], answer.body["message"]


@pytest.fixture
def scarce(api: Api) -> Iterator[str]:
    """A node with five of a resource that only these tests use; its name."""
    name: str = api.get("/api/v1/nodes")["items"][0]["metadata"]["name"]
    place = f"/api/v1/nodes/{name}"
    api.patch(f"{place}/status", {"status": {"capacity": {SCARCE: "5"}}})
    api.until(place, lambda found: found["status"]["allocatable"].get(SCARCE) == "5")
    yield name
    api.patch(f"{place}/status", {"status": {"capacity": {SCARCE: None}}})
    api.until(place, lambda found: SCARCE not in found["status"]["allocatable"])


def hungry(name: str, class_: str, amount: int, **meta: Any) -> Object:
    made = {**template(name, priorityClassName=class_), "metadata": {"name": name, "labels": {"app": name}, **meta}}
    made["spec"]["containers"][0]["resources"] = {"requests": {SCARCE: str(amount)}, "limits": {SCARCE: str(amount)}}
    return made


def is_running(found: Object | None) -> bool:
    return found is not None and found["status"].get("phase") == "Running"


def test_basic_preemption(api: Api, namespace: str, classes: tuple[str, str], scarce: str) -> None:
    low, high = classes
    pods = path("pods", namespace)
    for name, amount in (("small", 2), ("large", 3)):
        api.create(pods, hungry(name, low, amount))
        api.until(f"{pods}/{name}", is_running)
    with api.watching(pods) as events:
        api.create(pods, hungry("important", high, 2))
        waits = expect(events, "MODIFIED", lambda one: one["status"].get("nominatedNodeName"))
        assert (waits["metadata"]["name"], waits["status"]["nominatedNodeName"]) == ("important", scarce)
        (condition,) = (one for one in waits["status"]["conditions"] if one["type"] == "PodScheduled")
        assert f"Insufficient {SCARCE}." in condition["message"]
    done = api.until(f"{pods}/important", is_running)
    assert "nominatedNodeName" not in done["status"]
    left = {one["metadata"]["name"] for one in api.get(pods)["items"]}
    assert left in ({"important", "small"}, {"important", "large"})
    events_ = api.until(f"/api/v1/namespaces/{namespace}/events", lambda listed: [
        one for one in listed["items"] if one["reason"] == "Preempted"
    ])["items"]  # fmt: skip
    (told,) = (one for one in events_ if one["reason"] == "Preempted")
    assert told["message"] == f"Preempted by pod {done['metadata']['uid']} on node {scarce}"


def test_a_preempted_pod_says_so(api: Api, namespace: str, classes: tuple[str, str], scarce: str) -> None:
    low, high = classes
    pods = path("pods", namespace)
    api.create(pods, hungry("victim", low, 5, finalizers=["example.com/test"]))
    api.until(f"{pods}/victim", is_running)
    api.create(pods, hungry("important", high, 5))
    gone = api.until(f"{pods}/victim", lambda found: "deletionTimestamp" in found["metadata"])
    (target,) = (one for one in gone["status"]["conditions"] if one["type"] == "DisruptionTarget")
    assert (target["status"], target["reason"]) == ("True", "PreemptionByScheduler")
    assert target["message"] == "default-scheduler: preempting to accommodate a higher priority pod"
    api.patch(f"{pods}/victim", {"metadata": {"finalizers": None}})
    api.until(f"{pods}/important", is_running)


def test_a_critical_pod_preempts(api: Api, namespace: str, classes: tuple[str, str], scarce: str) -> None:
    pods = path("pods", namespace)
    api.create(pods, hungry("victim", classes[0], 5))
    api.until(f"{pods}/victim", is_running)
    critical = api.create(pods, hungry("critical", "system-cluster-critical", 5))
    assert critical["spec"]["priority"] == 2000000000
    api.until(f"{pods}/critical", is_running)
    assert api.ask("GET", f"{pods}/victim").status == 404


def test_pods_and_their_status_lifecycle(api: Api, namespace: str) -> None:
    pods = path("pods", namespace)
    with api.watching(f"{pods}?labelSelector=app=x") as events:
        made = api.create(pods, {**template("x"), "metadata": {"name": "p", "labels": {"app": "x"}}})
        assert (made["status"]["phase"], made["status"]["qosClass"]) == ("Pending", "BestEffort")
        expect(events, "MODIFIED", is_running)
        api.patch(f"{pods}/p", {"metadata": {"labels": {"patched": "true"}}, "spec": {
            "containers": [{"name": "c", "image": "luksa/kubia:other"}]}}, STRATEGIC)  # fmt: skip
        expect(events, "MODIFIED", lambda one: label(one, "patched"))
        own = {"type": "E2E", "status": "True"}
        patched = api.patch(f"{pods}/p/status", {"status": {"conditions": [own]}}, STRATEGIC)
        assert "E2E" in [one["type"] for one in patched["status"]["conditions"]]
        replaced = api.get(f"{pods}/p")
        assert replaced["spec"]["containers"][0]["image"] == "luksa/kubia:other"
        api.delete(f"{pods}?labelSelector=patched=true")
        expect(events, "DELETED")


def test_runtime_classes_and_pods(api: Api, namespace: str) -> None:
    classes, pods = "/apis/node.k8s.io/v1/runtimeclasses", path("pods", namespace)
    new = {**template("x"), "metadata": {"name": "p"}}
    new["spec"]["runtimeClassName"] = "conformance-none"
    answer = api.ask("POST", pods, new)
    assert (answer.status, answer.body["reason"]) == (403, "Forbidden")
    fixed = {"podFixed": {"cpu": "10m", "memory": "1Mi"}}
    made = api.create(classes, {"metadata": {"generateName": "conformance-"}, "handler": "any", "overhead": fixed})
    new["spec"]["runtimeClassName"] = made["metadata"]["name"]
    pod = api.answered(201, "POST", f"{pods}?dryRun=All", new)
    assert pod["spec"]["overhead"] == fixed["podFixed"]
    changed = api.ask("PATCH", f"{classes}/{made['metadata']['name']}", {"handler": "other"}, STRATEGIC)
    assert (changed.status, "field is immutable" in changed.body["message"]) == (422, True)
    api.delete(f"{classes}/{made['metadata']['name']}")


def test_lease_api(api: Api, namespace: str) -> None:
    place = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    stamp = "2026-01-01T00:00:00.000001Z"
    spec = {
        "holderIdentity": "holder", "leaseDurationSeconds": 30, "acquireTime": stamp, "renewTime": stamp,
        "leaseTransitions": 0,
    }  # fmt: skip
    made = api.create(place, {"metadata": {"name": "lease"}, "spec": spec})
    assert made["spec"] == spec
    other = {**spec, "holderIdentity": "other", "leaseTransitions": 1}
    assert api.change(f"{place}/lease", lambda found: found.update(spec=other))["spec"] == other
    assert api.patch(f"{place}/lease", {"spec": {"leaseDurationSeconds": 60}}, STRATEGIC)["spec"] == {
        **other, "leaseDurationSeconds": 60,
    }  # fmt: skip
    wrong = api.ask("POST", place, {"metadata": {"name": "x"}, "spec": {"leaseDurationSeconds": 0}})
    assert (wrong.status, "must be greater than 0" in wrong.body["message"]) == (422, True)


def test_a_new_node_takes_no_pods_before_it_is_ready(api: Api) -> None:
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    made = api.create("/api/v1/nodes", {"metadata": {"name": "conformance-node"}})
    assert made["spec"]["taints"] == [taint]
    api.delete("/api/v1/nodes/conformance-node")


def test_pod_rejection_status(api: Api, namespace: str) -> None:
    pods = path("pods", namespace)
    new = {**template("x"), "metadata": {"name": "p"}}
    new["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1000000000000"}}
    api.create(pods, new)
    waits = api.until(f"{pods}/p", lambda found: found["status"].get("conditions"))
    (condition,) = waits["status"]["conditions"]
    assert (condition["type"], condition["reason"], condition["observedGeneration"]) == (
        "PodScheduled", "Unschedulable", 1,
    )  # fmt: skip
    node = api.get("/api/v1/nodes")["items"][0]["metadata"]["name"]
    api.create(f"{pods}/p/binding", {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": node}})
    refused = api.until(f"{pods}/p", lambda found: found["status"]["phase"] == "Failed")
    status = refused["status"]
    assert (status["reason"], status["observedGeneration"], refused["metadata"]["generation"]) == ("OutOfcpu", 1, 1)
    assert "Node didn't have enough resource: cpu, requested: 1000000000000000, used: " in status["message"]
    assert status["qosClass"] == waits["status"]["qosClass"]


def test_pod_generation_starts_at_one_and_counts_changes_of_the_spec(api: Api, namespace: str) -> None:
    pods = path("pods", namespace)
    new = {**template("x", activeDeadlineSeconds=5000), "metadata": {"name": "p", "generation": 100}}
    assert api.create(pods, new)["metadata"]["generation"] == 1
    api.until(f"{pods}/p", is_running)
    toleration = {"key": "k", "operator": "Exists"}
    changes: list[tuple[Any, int]] = [
        (lambda found: found["metadata"].update(labels={"a": "b"}), 1),
        (lambda found: found["metadata"].update(annotations={"a": "b"}), 1),
        (lambda found: found["spec"].update(activeDeadlineSeconds=4000), 2),
        (lambda found: found["spec"]["containers"][0].update(image="luksa/kubia:other"), 3),
        (lambda found: found["spec"]["tolerations"].append(toleration), 4),
    ]
    for change, generation in changes:
        assert api.change(f"{pods}/p", change)["metadata"]["generation"] == generation
    api.until(f"{pods}/p", lambda found: found["status"].get("observedGeneration") == 4)
    api.until(
        f"{pods}/p", lambda found: all(one["observedGeneration"] == 4 for one in found["status"]["conditions"])
    )  # fmt: skip
    gone = api.delete(f"{pods}/p", {"gracePeriodSeconds": 60})
    assert (gone["metadata"]["generation"], api.get(f"{pods}/p")["metadata"]["generation"]) == (5, 5)
    api.delete(f"{pods}/p", {"gracePeriodSeconds": 0})
