"""Specs of sig-storage, sig-node and sig-autoscaling that concern the API alone: the life of each kind.

Each test bears the release name of its spec, or says what the spec's neighbour asks.
"""

import itertools

import pytest

from .asking import STRATEGIC, Api, Object, Resource, check_discovery, check_operations, label

STORAGE, DEVICES = "storage.k8s.io/v1", "resource.k8s.io/v1"
_numbers = itertools.count()


def volume() -> Object:
    spec = {
        "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "storageClassName": "of-nobody",
        "csi": {"driver": "conformance.example.com", "volumeHandle": f"handle-{next(_numbers)}"},
    }  # fmt: skip
    return {"spec": spec}


def claim() -> Object:
    resources = {"requests": {"storage": "1Gi"}}
    return {"spec": {"accessModes": ["ReadWriteOnce"], "resources": resources, "storageClassName": "of-nobody"}}


def attachment() -> Object:
    source = {"persistentVolumeName": "none"}
    return {"spec": {"attacher": "conformance.example.com", "nodeName": "none", "source": source}}


def slice_() -> Object:
    pool = {"name": "pool", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": "conformance.example.com", "pool": pool, "nodeName": "none", "devices": [{"name": "d"}]}
    return {"spec": spec}


def resource_claim() -> Object:
    request = {"name": "r", "exactly": {"deviceClassName": "none"}}
    return {"spec": {"devices": {"requests": [request]}}}


def autoscaler() -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}
    return {"spec": {"scaleTargetRef": target, "maxReplicas": 2}}


RESOURCES = [
    Resource(STORAGE, "storageclasses", False, lambda: {"provisioner": "conformance.example.com"}),
    Resource(STORAGE, "csidrivers", False, lambda: {"spec": {}}),
    Resource(STORAGE, "csinodes", False, lambda: {"spec": {"drivers": [{"name": "a", "nodeID": "b"}]}}),
    Resource(STORAGE, "csistoragecapacities", True, lambda: {"storageClassName": "any"}),
    Resource(STORAGE, "volumeattachments", False, attachment),  # no metadata by way of its status
    Resource(STORAGE, "volumeattributesclasses", False, lambda: {"driverName": "d", "parameters": {"a": "b"}}),
    Resource("v1", "persistentvolumes", False, volume, ("status",)),
    Resource("v1", "persistentvolumeclaims", True, claim, ("status",)),
    Resource(DEVICES, "deviceclasses", False, lambda: {"spec": {}}),
    Resource(DEVICES, "resourceslices", False, slice_),
    Resource(DEVICES, "resourceclaims", True, resource_claim),  # no metadata by way of its status
    Resource(DEVICES, "resourceclaimtemplates", True, lambda: {"spec": resource_claim()}),
    Resource("autoscaling/v2", "horizontalpodautoscalers", True, autoscaler, ("status",)),
    Resource("autoscaling/v1", "horizontalpodautoscalers", True, autoscaler, ("status",)),
]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: f"{one.plural}-{one.group_version}")
def test_api_of(api: Api, namespace: str, resource: Resource) -> None:
    check_discovery(api, resource)
    check_operations(api, resource, namespace)


def test_volume_and_claim_lifecycle(api: Api, namespace: str) -> None:
    volumes, claims = "/api/v1/persistentvolumes", f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    mark = {"labels": {"spec": namespace}}
    made = api.create(volumes, {**volume(), "metadata": {"generateName": "conformance-", **mark}})
    name = made["metadata"]["name"]
    assert (made["spec"]["persistentVolumeReclaimPolicy"], made["spec"]["volumeMode"]) == ("Retain", "Filesystem")
    new = claim()
    new["spec"]["volumeName"] = name
    api.create(claims, {**new, "metadata": {"name": "c", **mark}})
    bound = api.until(f"{claims}/c", lambda found: found["status"].get("phase") == "Bound")
    assert bound["status"]["capacity"] == {"storage": "1Gi"}
    assert api.get(f"{volumes}/{name}")["spec"]["claimRef"]["name"] == "c"
    listed = api.get(f"/api/v1/persistentvolumeclaims?labelSelector=spec={namespace}")["items"]
    assert [one["metadata"]["name"] for one in listed] == ["c"]
    for path in (f"{volumes}/{name}", f"{claims}/c"):
        patched = api.patch(path, {"metadata": {"labels": {"patched": "true"}}}, STRATEGIC)
        assert label(patched, "patched") == "true"
    status = {"message": "patched"}
    assert api.patch(f"{volumes}/{name}/status", {"status": status}, STRATEGIC)["status"]["message"] == "patched"
    status = {"conditions": [{"type": "StatusPatched", "status": "True"}]}
    (condition,) = api.patch(f"{claims}/c/status", {"status": status}, STRATEGIC)["status"]["conditions"]
    times = {"lastProbeTime": None, "lastTransitionTime": None}  # Go writes a time that nobody said as null
    assert condition == {"type": "StatusPatched", "status": "True", **times}
    api.delete(f"{claims}/c")
    api.until(f"{claims}/c", lambda found: found is None)
    api.until(f"{volumes}/{name}", lambda found: found["status"]["phase"] == "Released")
    api.delete(f"{volumes}?labelSelector=spec={namespace}")
    api.until(f"{volumes}/{name}", lambda found: found is None)


def test_immutable_config_maps_and_secrets(api: Api, namespace: str) -> None:
    for plural in ("configmaps", "secrets"):
        place = f"/api/v1/namespaces/{namespace}/{plural}"
        api.create(place, {"metadata": {"name": "sealed"}, "data": {"a": "YQ=="}})
        api.change(f"{place}/sealed", lambda found: found["data"].update(a="Yg=="))
        api.change(f"{place}/sealed", lambda found: found.update(immutable=True))
        for patch in ({"data": {"a": "Yw=="}}, {"immutable": False}):
            answer = api.ask("PATCH", f"{place}/sealed", patch, STRATEGIC)
            assert (answer.status, "field is immutable when `immutable` is set" in answer.body["message"]) == (
                422,
                True,
            )
        api.change(f"{place}/sealed", lambda found: found["metadata"].update(labels={"a": "b"}))
        api.delete(f"{place}/sealed")
