"""Controllers together on the real API server and a real store, with kubelets that only say they work."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from component.controlled_cluster import ControlledCluster, controlled_cluster
from fairway.controllers.replicas import reconcile
from fairway.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    ENDPOINTS,
    EVENT,
    JOB,
    NAMESPACE,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    SERVICE,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    VALIDATING_ADMISSION_POLICY,
)
from fairway.objects import Object


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[ControlledCluster]:
    async with controlled_cluster(tmp_path) as made:
        yield made


def template(image: str = "v1", **labels: str) -> Object:
    container = {"name": "c", "image": image, "ports": [{"name": "http", "containerPort": 8080}]}
    return {"metadata": {"labels": {"app": "web", **labels}}, "spec": {"containers": [container]}}


def workload(kind: str, api_version: str, replicas: int = 3, **spec: Any) -> Object:
    selector: Any = {"matchLabels": {"app": "web"}} if api_version != "v1" else {"app": "web"}
    return {
        "kind": kind, "apiVersion": api_version, "metadata": {"namespace": "default", "name": "web"},
        "spec": {"replicas": replicas, "selector": selector, "template": template(), **spec},
    }  # fmt: skip


def service(name: str = "web", **spec: Any) -> Object:
    spec = {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}], **spec}
    return {"kind": "Service", "apiVersion": "v1", "metadata": {"namespace": "default", "name": name}, "spec": spec}


def ready_ips(slices: list[Object], name: str = "web") -> list[str]:
    return sorted(
        endpoint["addresses"][0]
        for found in slices
        if found["metadata"]["labels"].get("kubernetes.io/service-name") == name
        for endpoint in found.get("endpoints") or ()
        if endpoint["conditions"]["ready"]
    )


async def test_pods_come_up_behind_their_service(cluster: ControlledCluster) -> None:
    await cluster.client.create(SERVICE, service())
    await cluster.client.create(REPLICA_SET, workload("ReplicaSet", "apps/v1"))
    slices = await cluster.wait(ENDPOINT_SLICE, lambda found: len(ready_ips(found)) == 3)
    assert ready_ips(slices) == ["10.1.0.2", "10.1.0.3", "10.1.0.4"]
    endpoints = await cluster.wait_one(
        ENDPOINTS, "web", lambda one: len((one.get("subsets") or [{}])[0].get("addresses", ())) == 3
    )
    (subset,) = endpoints["subsets"]
    assert [one["ip"] for one in subset["addresses"]] == ["10.1.0.2", "10.1.0.3", "10.1.0.4"]
    assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    await cluster.wait_one(REPLICA_SET, "web", lambda one: one["status"].get("availableReplicas") == 3)


async def test_a_deleted_pod_is_replaced_and_scaling_is_followed(cluster: ControlledCluster) -> None:
    made = await cluster.client.create(REPLICATION_CONTROLLER, workload("ReplicationController", "v1"))
    assert made["spec"]["replicas"] == 3
    pods = await cluster.wait(POD, lambda found: sum("podIP" in one.get("status", {}) for one in found) == 3)
    gone = pods[0]["metadata"]["name"]
    await cluster.client.delete(POD, "default", gone)
    pods = await cluster.wait(
        POD, lambda found: len(found) == 3 and all(one["metadata"]["name"] != gone for one in found)
    )
    for replicas in (5, 1, 0):
        await cluster.client.patch(REPLICATION_CONTROLLER, "default", "web", {"spec": {"replicas": replicas}})
        await cluster.wait(POD, lambda found, replicas=replicas: len(found) == replicas)
        await cluster.wait_one(
            REPLICATION_CONTROLLER,
            "web",
            lambda one, replicas=replicas: one["status"]["replicas"] == replicas,
        )


async def test_there_are_never_more_pods_than_wanted_while_pods_are_lost(cluster: ControlledCluster) -> None:
    pods = await cluster.informer(POD)
    most = 0

    def count(change: object) -> None:
        nonlocal most
        most = max(most, sum("deletionTimestamp" not in one["metadata"] for one in pods.items()))

    pods.subscribe(count)
    await cluster.client.create(REPLICA_SET, workload("ReplicaSet", "apps/v1", 20))
    for turn in range(40):
        await cluster.wait(POD, lambda found: len(found) >= 10)
        victims = [one["metadata"]["name"] for one in pods.items()][: 1 + turn % 3]
        for name in victims:
            options = {"gracePeriodSeconds": turn % 2 * 30}
            await cluster.kubelets[0].quietly(cluster.client.delete(POD, "default", name, options=options))
    await cluster.wait_one(REPLICA_SET, "web", lambda one: one["status"].get("availableReplicas") == 20)
    assert most == 20


async def test_a_status_that_somebody_else_writes_is_told_again(cluster: ControlledCluster) -> None:
    await cluster.client.create(REPLICA_SET, workload("ReplicaSet", "apps/v1"))
    told = await cluster.wait_one(
        REPLICA_SET, "web", lambda one: (one.get("status") or {}).get("availableReplicas") == 3
    )
    for wrong in ({"availableReplicas": 1}, {"replicas": 7}):
        await cluster.client.patch(REPLICA_SET, "default", "web", {"status": wrong}, subresource="status")
        await cluster.wait_one(REPLICA_SET, "web", lambda one: one["status"] == told["status"])


async def test_an_owner_of_very_many_pods_collects_changes_and_misses_none(
    cluster: ControlledCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "MANY", 2)
    monkeypatch.setattr(reconcile, "WAIT_PER_POD_S", 0.01)
    await cluster.client.create(REPLICA_SET, workload("ReplicaSet", "apps/v1", replicas=5))
    for count in (5, 8, 3, 0, 4):
        await cluster.client.patch(REPLICA_SET, "default", "web", {"spec": {"replicas": count}})
        await cluster.wait_one(
            REPLICA_SET,
            "web",
            lambda one, count=count: (one.get("status") or {}).get("availableReplicas", 0) == count,  # type: ignore[misc]
        )
        pods = await cluster.wait(POD, lambda found, count=count: len(found) == count)  # type: ignore[misc]
        if pods:
            await cluster.client.delete(POD, "default", pods[0]["metadata"]["name"])
            gone = pods[0]["metadata"]["uid"]
            await cluster.wait(
                POD,
                lambda found, count=count, gone=gone: (
                    len(found) == count and all(one["metadata"]["uid"] != gone for one in found)  # type: ignore[misc]
                ),
            )


async def test_a_deployment_rolls_over_without_a_gap(cluster: ControlledCluster) -> None:
    await cluster.client.create(SERVICE, service())
    await cluster.client.create(DEPLOYMENT, workload("Deployment", "apps/v1"))
    await cluster.wait_one(DEPLOYMENT, "web", lambda one: one.get("status", {}).get("availableReplicas") == 3)
    slices = await cluster.informer(ENDPOINT_SLICE)
    await cluster.wait(ENDPOINT_SLICE, lambda found: len(ready_ips(found)) == 3)
    least = 99

    def count(change: object) -> None:
        nonlocal least
        least = min(least, len(ready_ips(list(slices.items()))))

    slices.subscribe(count)
    await cluster.client.patch(DEPLOYMENT, "default", "web", {"spec": {"template": template("v2")}})
    done = await cluster.wait_one(
        DEPLOYMENT, "web",
        lambda one: one["status"].get("observedGeneration") == 2 and one["status"].get("updatedReplicas") == 3
        and one["status"].get("replicas") == 3 and one["status"].get("availableReplicas") == 3,
    )  # fmt: skip
    assert done["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    assert least >= 3
    sets = await cluster.wait(REPLICA_SET, lambda found: sorted(one["spec"]["replicas"] for one in found) == [0, 3])
    assert len(sets) == 2


async def test_deleting_a_deployment_takes_everything_below_along(cluster: ControlledCluster) -> None:
    await cluster.client.create(DEPLOYMENT, workload("Deployment", "apps/v1"))
    await cluster.wait_one(DEPLOYMENT, "web", lambda one: one.get("status", {}).get("availableReplicas") == 3)
    await cluster.client.delete(DEPLOYMENT, "default", "web", options={"propagationPolicy": "Background"})
    await cluster.wait(POD, lambda found: not found)
    await cluster.wait(REPLICA_SET, lambda found: not found)


async def test_a_deployment_deleted_in_the_foreground_goes_last(cluster: ControlledCluster) -> None:
    await cluster.client.create(DEPLOYMENT, workload("Deployment", "apps/v1"))
    await cluster.wait_one(DEPLOYMENT, "web", lambda one: one.get("status", {}).get("availableReplicas") == 3)
    order: list[str] = []
    for kind in (DEPLOYMENT, REPLICA_SET, POD):
        informer = await cluster.informer(kind)
        informer.subscribe(lambda change, kind=kind: order.append(kind.name) if change.new is None else None)
    await cluster.client.delete(DEPLOYMENT, "default", "web", options={"propagationPolicy": "Foreground"})
    await cluster.wait(DEPLOYMENT, lambda found: not found)
    assert order == ["Pod", "Pod", "Pod", "ReplicaSet", "Deployment"]


async def test_a_circle_of_owners_goes_in_the_foreground_and_blocks_nobody(cluster: ControlledCluster) -> None:
    uids = {}
    for name in ("a", "b", "c"):
        body = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name, "namespace": "default"}}
        made = await cluster.client.create(CONFIG_MAP, body)
        uids[name] = made["metadata"]["uid"]
    for name, owner in (("a", "c"), ("b", "a"), ("c", "b")):
        reference = {
            "apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": uids[owner], "blockOwnerDeletion": True,
        }  # fmt: skip
        await cluster.client.patch(CONFIG_MAP, "default", name, {"metadata": {"ownerReferences": [reference]}})
    await cluster.client.delete(CONFIG_MAP, "default", "a", options={"propagationPolicy": "Foreground"})
    await cluster.wait(CONFIG_MAP, lambda found: not {one["metadata"]["name"] for one in found} & set(uids))


async def config_map(cluster: ControlledCluster, name: str, **metadata: Any) -> Object:
    body = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name, "namespace": "default", **metadata}}
    return await cluster.client.create(CONFIG_MAP, body)


def reference_to(owner: Object, **more: Any) -> Object:
    meta = owner["metadata"]
    return {"apiVersion": "v1", "kind": "ConfigMap", "name": meta["name"], "uid": meta["uid"], **more}


async def test_what_does_not_block_goes_while_its_owner_waits_for_what_does(cluster: ControlledCluster) -> None:
    owner = await config_map(cluster, "owner")
    blocks = reference_to(owner, blockOwnerDeletion=True)
    await config_map(cluster, "held", ownerReferences=[blocks], finalizers=["example.com/hold"])
    await config_map(cluster, "free", ownerReferences=[reference_to(owner)])
    await cluster.client.delete(CONFIG_MAP, "default", "owner", options={"propagationPolicy": "Foreground"})
    await cluster.wait(
        CONFIG_MAP, lambda found: {one["metadata"]["name"] for one in found} & {"free", "owner"} == {"owner"}
    )
    await cluster.client.patch(CONFIG_MAP, "default", "held", {"metadata": {"finalizers": None}})
    await cluster.wait(CONFIG_MAP, lambda found: not {one["metadata"]["name"] for one in found} & {"held", "owner"})


async def test_what_has_no_namespace_is_told_that_its_owner_is_in_one(cluster: ControlledCluster) -> None:
    owner = await config_map(cluster, "owner")
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "x", "ownerReferences": [reference_to(owner)]},
    }
    await cluster.client.create(NAMESPACE, body)
    told = await cluster.wait(
        EVENT, lambda found: [one for one in found if one["reason"] == "OwnerRefInvalidNamespace"]
    )
    (event,) = [one for one in told if one["reason"] == "OwnerRefInvalidNamespace"]
    assert (event["metadata"]["namespace"], event["message"].endswith('does not exist in namespace ""')) == (
        "default",
        True,
    )


async def test_a_namespace_that_somebody_holds_says_when_nothing_is_left(cluster: ControlledCluster) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
    await cluster.client.create(NAMESPACE, body)
    await cluster.client.delete(NAMESPACE, None, "held")
    empty = await cluster.wait_one(NAMESPACE, "held", lambda one: not one["spec"].get("finalizers"), namespace="")
    assert {one["status"] for one in empty["status"]["conditions"]} == {"False"}
    assert empty["status"]["conditions"][3]["reason"] == "ContentRemoved"
    await cluster.client.patch(NAMESPACE, None, "held", {"metadata": {"finalizers": None}})


async def test_orphans_stay_and_are_adopted_by_who_matches(cluster: ControlledCluster) -> None:
    await cluster.client.create(REPLICA_SET, workload("ReplicaSet", "apps/v1"))
    pods = await cluster.wait(POD, lambda found: sum("podIP" in one.get("status", {}) for one in found) == 3)
    names = {one["metadata"]["name"] for one in pods}
    await cluster.client.delete(REPLICA_SET, "default", "web", options={"propagationPolicy": "Orphan"})
    await cluster.wait(REPLICA_SET, lambda found: not found)
    pods = await cluster.wait(POD, lambda found: all("ownerReferences" not in one["metadata"] for one in found))
    assert {one["metadata"]["name"] for one in pods} == names
    made = await cluster.client.create(REPLICA_SET, workload("ReplicaSet", "apps/v1"))
    uid = made["metadata"]["uid"]
    pods = await cluster.wait(
        POD, lambda found: all([o["uid"] for o in one["metadata"].get("ownerReferences", ())] == [uid] for one in found)
    )
    assert {one["metadata"]["name"] for one in pods} == names


async def test_a_namespace_takes_its_content_along(cluster: ControlledCluster) -> None:
    await cluster.client.create(NAMESPACE, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "shop"}})
    await cluster.wait_one(SERVICE_ACCOUNT, "default", lambda one: True, namespace="shop")
    root_ca = await cluster.wait_one(CONFIG_MAP, "kube-root-ca.crt", lambda one: True, namespace="shop")
    assert root_ca["data"] == {"ca.crt": "PEM"}
    made = workload("Deployment", "apps/v1")
    await cluster.client.create(DEPLOYMENT, {**made, "metadata": {"namespace": "shop", "name": "web"}})
    await cluster.client.create(SERVICE, {**service(), "metadata": {"namespace": "shop", "name": "web"}})
    await cluster.wait_one(
        DEPLOYMENT, "web", lambda one: one.get("status", {}).get("availableReplicas") == 3, namespace="shop"
    )
    await cluster.client.delete(NAMESPACE, None, "shop")
    namespaces = await cluster.informer(NAMESPACE)
    await namespaces.wait_until(lambda: namespaces.get(None, "shop") is None)
    for kind in (POD, DEPLOYMENT, REPLICA_SET, SERVICE, ENDPOINT_SLICE, ENDPOINTS, CONFIG_MAP, SERVICE_ACCOUNT, EVENT):
        assert (await cluster.client.list(kind, "shop"))[0] == [], kind.name


async def test_hand_written_endpoints_are_mirrored_until_a_selector_appears(cluster: ControlledCluster) -> None:
    await cluster.client.create(SERVICE, service(selector=None, ports=[{"port": 80}]))
    subsets = [{"addresses": [{"ip": "192.0.2.7"}], "ports": [{"port": 80, "protocol": "TCP"}]}]
    meta = {"namespace": "default", "name": "web"}
    await cluster.client.create(
        ENDPOINTS, {"kind": "Endpoints", "apiVersion": "v1", "metadata": meta, "subsets": subsets}
    )
    slices = await cluster.wait(ENDPOINT_SLICE, lambda found: ready_ips(found) == ["192.0.2.7"])
    labels = next(one for one in slices if one["metadata"]["name"].startswith("web-"))["metadata"]["labels"]
    assert labels["endpointslice.kubernetes.io/managed-by"] == "endpointslicemirroring-controller.k8s.io"
    await cluster.client.patch(SERVICE, "default", "web", {"spec": {"selector": {"app": "web"}}})
    await cluster.wait(ENDPOINT_SLICE, lambda found: ready_ips(found) == [])


async def test_a_pod_that_fits_nowhere_says_why_and_goes_when_there_is_room(cluster: ControlledCluster) -> None:
    big = {"name": "c", "image": "v1", "resources": {"requests": {"cpu": "1000"}}}
    meta = {"namespace": "default", "name": "big"}
    await cluster.client.create(
        POD, {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": {"containers": [big]}}
    )
    text = (
        "0/1 nodes are available: 1 Insufficient cpu. "
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )
    pod = await cluster.wait_one(POD, "big", lambda one: bool(one.get("status", {}).get("conditions")))
    condition = next(one for one in pod["status"]["conditions"] if one["type"] == "PodScheduled")
    assert (condition["status"], condition["reason"], condition["message"]) == ("False", "Unschedulable", text)
    await cluster.wait(EVENT, lambda found: any(one["reason"] == "FailedScheduling" for one in found))
    from fairway.kinds import NODE

    node = await cluster.client.get(NODE, None, "n1")
    status = {**node["status"], "allocatable": {**node["status"]["allocatable"], "cpu": "2000"}}
    await cluster.client.patch(NODE, None, "n1", {"status": status}, subresource="status")
    await cluster.wait_one(POD, "big", lambda one: one["spec"].get("nodeName") == "n1")


async def test_a_hundred_pods_are_made_bound_and_behind_their_service_in_good_time(cluster: ControlledCluster) -> None:
    await cluster.client.create(SERVICE, service())
    await cluster.informer(ENDPOINT_SLICE)
    started = time.process_time()  # what all parts need together; a busy machine only makes it later
    await cluster.client.create(REPLICA_SET, workload("ReplicaSet", "apps/v1", 100))
    await cluster.wait(POD, lambda found: sum("nodeName" in one["spec"] for one in found) == 100)
    bound_s = time.process_time() - started
    await cluster.wait(ENDPOINT_SLICE, lambda found: len(ready_ips(found)) == 100)
    ready_s = time.process_time() - started
    print(f"100 pods bound in {bound_s:.3f} s, all behind the Service in {ready_s:.3f} s")
    pods = await cluster.wait(POD, lambda found: len(found) == 100)
    assert len(pods) == 100
    assert ready_s < 5


def job(**spec: Any) -> Object:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "v1"}]}
    meta = {"namespace": "default", "name": "once"}
    return {"kind": "Job", "apiVersion": "batch/v1", "metadata": meta, "spec": {"template": {"spec": pod}, **spec}}


TRACKING = "batch.kubernetes.io/job-tracking"


async def test_a_job_counts_its_pods_and_lets_go_of_them(cluster: ControlledCluster) -> None:
    await cluster.client.create(JOB, job(completions=2, parallelism=2))
    pods = await cluster.wait(POD, lambda found: sum("podIP" in one.get("status", {}) for one in found) == 2)
    assert all(one["metadata"]["finalizers"] == [TRACKING] for one in pods)
    for pod in pods:
        await cluster.kubelets[0].report(pod, ready="False", phase="Succeeded")
    done = await cluster.wait_one(JOB, "once", lambda one: "completionTime" in one["status"])
    assert (done["status"]["succeeded"], done["status"]["uncountedTerminatedPods"]) == (2, {})
    await cluster.wait(POD, lambda found: not any(one["metadata"].get("finalizers") for one in found))


async def test_a_pod_that_a_job_loses_is_not_held_and_one_that_it_finds_is(cluster: ControlledCluster) -> None:
    await cluster.client.create(JOB, job())
    (pod,) = await cluster.wait(POD, lambda found: len(found) == 1 and "podIP" in found[0]["status"])
    name = pod["metadata"]["name"]
    await cluster.client.patch(POD, "default", name, {"metadata": {"ownerReferences": None}})
    await cluster.wait_one(
        POD, name, lambda one: bool(one["metadata"].get("ownerReferences")) and bool(one["metadata"].get("finalizers"))
    )  # fmt: skip
    labels = dict.fromkeys(pod["metadata"]["labels"])
    await cluster.client.patch(POD, "default", name, {"metadata": {"labels": labels}})
    await cluster.wait_one(
        POD, name, lambda one: not one["metadata"].get("ownerReferences") and not one["metadata"].get("finalizers")
    )  # fmt: skip
    await cluster.wait(POD, lambda found: len(found) == 2)
    await cluster.client.delete(JOB, "default", "once", options={"propagationPolicy": "Background"})
    await cluster.wait(POD, lambda found: [one["metadata"]["name"] for one in found] == [name])


async def test_a_stateful_set_comes_in_order_with_its_claims(cluster: ControlledCluster) -> None:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    templates = [{"metadata": {"name": "data"}, "spec": claim}]
    policy = {"whenScaled": "Delete"}
    made = workload("StatefulSet", "apps/v1", volumeClaimTemplates=templates)
    made["spec"]["persistentVolumeClaimRetentionPolicy"] = policy
    await cluster.client.create(STATEFUL_SET, made)
    await cluster.wait_one(STATEFUL_SET, "web", lambda one: one["status"].get("readyReplicas") == 3)
    claims = await cluster.wait(PERSISTENT_VOLUME_CLAIM, lambda found: len(found) == 3)
    assert sorted(one["metadata"]["name"] for one in claims) == ["data-web-0", "data-web-1", "data-web-2"]
    await cluster.client.patch(STATEFUL_SET, "default", "web", {"spec": {"replicas": 1}})
    await cluster.wait(POD, lambda found: [one["metadata"]["name"] for one in found] == ["web-0"])
    await cluster.wait(PERSISTENT_VOLUME_CLAIM, lambda found: len(found) == 1)


async def test_expressions_of_policies_are_checked_by_the_types_of_what_they_judge(cluster: ControlledCluster) -> None:
    rule = {"operations": ["CREATE"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}
    confused = {
        "expression": "object.spec.replicas > '1'", "messageExpression": "'got ' + object.spec.replicas",
    }  # fmt: skip
    policy = {
        "kind": "ValidatingAdmissionPolicy", "apiVersion": "admissionregistration.k8s.io/v1",
        "metadata": {"name": "p"}, "spec": {"matchConstraints": {"resourceRules": [rule]}, "validations": [confused]},
    }  # fmt: skip
    await cluster.client.create(VALIDATING_ADMISSION_POLICY, policy)
    found = await cluster.wait_one(VALIDATING_ADMISSION_POLICY, "p", lambda one: "typeChecking" in one["status"])
    first, second = found["status"]["typeChecking"]["expressionWarnings"]
    assert first["fieldRef"] == "spec.validations[0].expression"
    assert first["warning"] == (
        "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'"
        "\n | object.spec.replicas > '1'\n | .....................^\n"
    )
    assert "found no matching overload for '_+_' applied to '(string, int)'" in second["warning"]
    right = {"expression": "object.spec.replicas > 1"}
    await cluster.client.update(
        VALIDATING_ADMISSION_POLICY, {**found, "spec": {**found["spec"], "validations": [right]}}
    )
    found = await cluster.wait_one(
        VALIDATING_ADMISSION_POLICY, "p", lambda one: one["status"].get("observedGeneration") == 2
    )
    assert found["status"]["typeChecking"] == {}
