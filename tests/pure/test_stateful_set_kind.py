"""StatefulSets, volumes, claims and storage classes in the API: defaults, rules, columns."""

from copy import deepcopy
from typing import Any

import pytest
from kind_cases import SELECTOR, cells, changed, made, owner, refused

from fairway.kinds import PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM, STATEFUL_SET, STORAGE_CLASS
from fairway.objects import Object
from fairway.objects.errors import Problem

ROLLING = "spec.updateStrategy.rollingUpdate"


def stateful_set(**spec: Any) -> Object:
    return owner(**({"selector": SELECTOR} | spec))


def test_its_defaults() -> None:
    new = made(STATEFUL_SET, stateful_set(volumeClaimTemplates=[{"metadata": {"name": "data"}}]))
    spec = {name: value for name, value in new["spec"].items() if name not in ("template", "selector")}
    assert spec == {
        "podManagementPolicy": "OrderedReady", "serviceName": "", "replicas": 1, "revisionHistoryLimit": 10,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "volumeClaimTemplates": [{
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
            "spec": {"volumeMode": "Filesystem", "resources": {}}, "status": {"phase": "Pending"},
        }],
    }  # fmt: skip
    assert new["status"] == {"replicas": 0, "availableReplicas": 0}


def test_the_oldest_version_waits_for_deletion() -> None:
    new = owner()
    (oldest,) = [one for one in STATEFUL_SET.also if one.version == "v1beta1"]
    assert oldest.to_storage is not None
    oldest.to_storage(new)
    spec = made(STATEFUL_SET, new)["spec"]
    assert (spec["selector"], spec["updateStrategy"]) == (SELECTOR, {"type": "OnDelete"})


@pytest.mark.parametrize(
    ("new", "texts"),
    [
        (stateful_set(), []),
        (stateful_set(podManagementPolicy="Odd"), [
            "spec.podManagementPolicy: Invalid value: \"Odd\": must be 'OrderedReady' or 'Parallel'"]),
        (stateful_set(updateStrategy={"type": "Odd"}), [
            "spec.updateStrategy: Invalid value: {\"Type\":\"Odd\",\"RollingUpdate\":null}: must be 'RollingUpdate' or"
            " 'OnDelete'"]),
        (stateful_set(updateStrategy={"type": "OnDelete", "rollingUpdate": {"partition": 1}}), [
            f"{ROLLING}: Invalid value: {{\"Partition\":1,\"MaxUnavailable\":null}}: only allowed for updateStrategy"
            " 'RollingUpdate'"]),
        (stateful_set(updateStrategy={"rollingUpdate": {"partition": -1, "maxUnavailable": 0}}), [
            f"{ROLLING}.partition: Invalid value: -1: must be greater than or equal to 0",
            f"{ROLLING}.maxUnavailable: Invalid value: 0: cannot be 0"]),
        (stateful_set(replicas=-1, minReadySeconds=-1, ordinals={"start": -1}), [
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0"]),
        (stateful_set(persistentVolumeClaimRetentionPolicy={"whenDeleted": "Odd"}), [
            'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Odd": supported values:'
            ' "Delete", "Retain"']),
        (owner(), ["spec.selector: Required value"]),
        (stateful_set(selector={}), [
            "spec.selector: Invalid value: {}: empty selector is invalid for statefulset"]),
    ],
)  # fmt: skip
def test_what_is_refused(new: Object, texts: list[str]) -> None:
    if "selector" not in new["spec"] or new["spec"]["selector"] == {}:
        new["spec"]["template"]["metadata"] = {}
        texts = [*texts, *(text for text in refused(STATEFUL_SET, deepcopy(new)) if "does not match" in text)]
    assert refused(STATEFUL_SET, new) == texts


def test_containers_may_mount_what_claims_give() -> None:
    new = stateful_set(volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": {}}])
    new["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    assert refused(STATEFUL_SET, new) == []


def test_only_what_upstream_names_may_change() -> None:
    old = made(STATEFUL_SET, stateful_set())
    new = deepcopy(old)
    new["spec"] |= {"replicas": 3, "minReadySeconds": 5, "revisionHistoryLimit": 3, "ordinals": {"start": 2}}
    assert changed(STATEFUL_SET, old, new) == []
    new["spec"]["serviceName"] = "other"
    (text,) = changed(STATEFUL_SET, old, new)
    assert text == (
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template',"
        " 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are"
        " forbidden"
    )


def test_columns_of_a_stateful_set() -> None:
    found = made(STATEFUL_SET, stateful_set(replicas=3))
    assert list(cells(STATEFUL_SET, found, wide=True)) == ["Ready", "Age", "Containers", "Images"]
    assert cells(STATEFUL_SET, found)["Ready"] == "0/3"


def claim(**spec: Any) -> Object:
    base = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {"metadata": {"name": "data"}, "spec": base | spec}


@pytest.mark.parametrize(
    ("new", "texts"),
    [
        (claim(), []),
        (claim(accessModes=[]), ["spec.accessModes: Required value: at least 1 access mode is required"]),
        (claim(accessModes=["Odd"]), [
            'spec.accessModes: Unsupported value: "Odd": supported values: "ReadOnlyMany", "ReadWriteMany",'
            ' "ReadWriteOnce", "ReadWriteOncePod"']),
        (claim(accessModes=["ReadWriteOncePod", "ReadOnlyMany"]), [
            "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"]),
        (claim(resources={}), ["spec.resources[storage]: Required value"]),
        (claim(resources={"requests": {"storage": "0"}}), [
            'spec.resources[storage]: Invalid value: "0": must be greater than zero']),
        (claim(volumeMode="Odd"), [
            'spec.volumeMode: Unsupported value: "Odd": supported values: "Block", "Filesystem"']),
    ],
)  # fmt: skip
def test_claims(new: Object, texts: list[str]) -> None:
    assert refused(PERSISTENT_VOLUME_CLAIM, new) == texts


def test_a_claim_grows_only_when_it_is_bound() -> None:
    old = made(PERSISTENT_VOLUME_CLAIM, claim())
    assert old["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    new = deepcopy(old)
    new["spec"]["resources"]["requests"]["storage"] = "2Gi"
    (text,) = changed(PERSISTENT_VOLUME_CLAIM, old, deepcopy(new))
    assert text.startswith("spec: Forbidden: spec is immutable after creation except resources.requests and")
    old["status"] = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
    assert changed(PERSISTENT_VOLUME_CLAIM, old, new) == []
    new["spec"]["resources"]["requests"]["storage"] = "1Mi"
    assert changed(PERSISTENT_VOLUME_CLAIM, old, new) == [
        "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"
    ]
    bound = deepcopy(old)
    bound["spec"]["volumeName"] = "pv"
    assert changed(PERSISTENT_VOLUME_CLAIM, old, deepcopy(bound)) == []
    assert cells(PERSISTENT_VOLUME_CLAIM, bound | {"status": old["status"] | {"accessModes": ["ReadWriteOnce"]}}) == {
        "Status": "Bound", "Volume": "pv", "Capacity": "1Gi", "Access Modes": "RWO", "StorageClass": "",
        "VolumeAttributesClass": "<unset>", "Age": "<unknown>",
    }  # fmt: skip


def volume(**spec: Any) -> Object:
    base = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}}
    return {"metadata": {"name": "pv"}, "spec": base | spec}


@pytest.mark.parametrize(
    ("new", "texts"),
    [
        (volume(), []),
        (volume(accessModes=[]), ["spec.accessModes: Required value"]),
        (volume(capacity={}), [
            "spec.capacity: Required value", 'spec.capacity: Unsupported value: null: supported values: "storage"']),
        (volume(capacity={"storage": "-1"}), [
            "spec.capacity[storage]: Invalid value: -1: must be a valid resource quantity",
            'spec.capacity[storage]: Invalid value: "-1": must be greater than zero']),
        (volume(capacity={"cpu": "1"}), [
            'spec.capacity: Unsupported value: {"cpu":"1"}: supported values: "storage"']),
        (volume(hostPath=None), ["spec: Required value: must specify a volume type"]),
        (volume(local={"path": "/y"}), [
            "spec.local: Forbidden: may not specify more than 1 volume type"]),
        (volume(hostPath=None, local={"path": "/y"}), [
            "spec.nodeAffinity: Required value: Local volume requires node affinity"]),
        (volume(hostPath={"path": "/a/../b"}), [
            "spec.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"]),
        (volume(persistentVolumeReclaimPolicy="Odd"), [
            'spec.persistentVolumeReclaimPolicy: Unsupported value: "Odd": supported values: "Delete", "Recycle",'
            ' "Retain"']),
    ],
)  # fmt: skip
def test_volumes(new: Object, texts: list[str]) -> None:
    assert refused(PERSISTENT_VOLUME, new) == texts


def test_where_a_volume_is_does_not_change() -> None:
    old = made(PERSISTENT_VOLUME, volume())
    new = deepcopy(old)
    new["spec"]["hostPath"]["path"] = "/y"
    text = "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation"
    changes = '- {"hostPath":{"path":"/x","type":""}}\n+ {"hostPath":{"path":"/y","type":""}}'
    assert changed(PERSISTENT_VOLUME, old, new) == [f"{text}\n{changes}"]
    old["spec"]["claimRef"] = {"namespace": "d", "name": "data"}
    assert cells(PERSISTENT_VOLUME, old)["Claim"] == "d/data"


def test_storage_classes() -> None:
    new = made(STORAGE_CLASS, {"provisioner": "a.b/c"})
    assert (new["reclaimPolicy"], new["volumeBindingMode"]) == ("Delete", "Immediate")
    assert refused(STORAGE_CLASS, {}) == ["provisioner: Required value"]
    other = deepcopy(new) | {"provisioner": "d", "reclaimPolicy": "Retain", "parameters": {"a": "b"}}
    assert [Problem.text.fget(one) for one in STORAGE_CLASS.validate(other, new)] == [  # type: ignore[attr-defined]
        f"{field}: Forbidden: updates to {field} are forbidden."
        for field in ("parameters", "provisioner", "reclaimPolicy")
    ]
    new["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    assert cells(STORAGE_CLASS, new)["Name"] == "one (default)"
