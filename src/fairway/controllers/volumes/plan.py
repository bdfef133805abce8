"""Plan: which volume a claim gets, and what claim and volume say of each other.  Pure.

Source: Kubernetes docs, "Persistent Volumes", "Lifecycle of a volume and claim"; "Storage Classes".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fairway.kinds.rules.volume_modes import class_of
from fairway.kinds.volumes.storage_class import WAITING
from fairway.objects import Object, quantity
from fairway.objects.labels import from_label_selector

PROVISIONER = "fairway.dev/local"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"


@dataclass(frozen=True, slots=True)
class Bind:
    """The claim gets this volume."""

    volume: Object


@dataclass(frozen=True, slots=True)
class Provision:
    """A volume is to be made for the claim."""

    storage_class: Object


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be done now; ``reason`` and ``message`` are told in an Event of that type."""

    type: str
    reason: str
    message: str


Step = Bind | Provision | Wait


def is_of(volume: Object, claim: Object) -> bool:
    """Whether the volume is promised to this claim, or to one of its name that need not be any other."""
    reference, meta = volume["spec"].get("claimRef"), claim["metadata"]
    if not reference or (reference.get("namespace"), reference.get("name")) != (meta["namespace"], meta["name"]):
        return False
    return reference.get("uid") in (None, "", meta["uid"])


def plan(
    claim: Object, volumes: Sequence[Object], storage_class: Object | None, *, is_used: bool
) -> Step:  # fmt: skip
    """What is to be done for a claim without a volume; ``is_used``: a pod that has its node waits for it."""
    promised = next((volume for volume in volumes if is_of(volume, claim)), None)
    if promised is not None:
        return Bind(promised)
    is_waiting = storage_class is not None and storage_class.get("volumeBindingMode") == WAITING
    if is_waiting and not is_used:
        text = "waiting for first consumer to be created before binding"
        return Wait("Normal", "WaitForFirstConsumer", text)
    fitting = [volume for volume in volumes if fits(volume, claim)]
    if fitting:
        return Bind(min(fitting, key=lambda volume: (_capacity(volume), volume["metadata"]["name"])))
    if storage_class is None:
        if class_of(claim):
            text = f'storageclass.storage.k8s.io "{class_of(claim)}" not found'
            return Wait("Warning", "ProvisioningFailed", text)
        text = "no persistent volumes available for this claim and no storage class is set"
        return Wait("Normal", "FailedBinding", text)
    provisioner = storage_class.get("provisioner")
    if provisioner != PROVISIONER:
        text = (
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the"
            " system administrator. If volume creation is delayed, please verify that the provisioner is running and"
            " correctly registered."
        )
        if provisioner == "kubernetes.io/no-provisioner":
            text = "no persistent volumes available for this claim and no storage class is set"
            return Wait("Normal", "FailedBinding", text)
        return Wait("Normal", "ExternalProvisioning", text)
    return Provision(storage_class)


def fits(volume: Object, claim: Object) -> bool:
    """Whether a free volume is all that the claim asks for."""
    spec, asked = volume["spec"], claim["spec"]
    if spec.get("claimRef") or "deletionTimestamp" in volume["metadata"]:
        return False
    if class_of(volume) != class_of(claim) or spec.get("volumeMode") != asked.get("volumeMode"):
        return False
    if not set(asked.get("accessModes") or ()) <= set(spec.get("accessModes") or ()):
        return False
    selector = asked.get("selector")
    if selector is not None and not from_label_selector(selector).matches(volume["metadata"].get("labels")):
        return False
    return _capacity(volume) >= _requested(claim)


def _capacity(volume: Object) -> quantity.Quantity:
    return quantity.parse(str((volume["spec"].get("capacity") or {}).get("storage") or "0"))


def _requested(claim: Object) -> quantity.Quantity:
    return quantity.parse(str(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage") or "0"))


def reference(claim: Object) -> Object:
    """The claimRef of a volume that is the claim's."""
    meta = claim["metadata"]
    return {
        "kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": meta["namespace"], "name": meta["name"],
        "uid": meta["uid"], "resourceVersion": meta["resourceVersion"],
    }  # fmt: skip


def promised(volume: Object, claim: Object) -> Object | None:
    """The volume with its promise to the claim; ``None`` if it is made already."""
    present = volume["spec"].get("claimRef") or {}
    if present.get("uid") == claim["metadata"]["uid"]:
        return None
    changed = {**volume, "spec": {**volume["spec"], "claimRef": reference(claim)}}
    if not present:
        meta = volume["metadata"]
        changed["metadata"] = {
            **meta, "annotations": {**(meta.get("annotations") or {}), BOUND_BY_CONTROLLER: "yes"},
        }  # fmt: skip
    return changed


def grown(volume: Object, claim: Object) -> Object | None:
    """The volume as large as its claim asks for; ``None`` if it is, or is not ours: a directory has no size."""
    is_ours = (volume["metadata"].get("annotations") or {}).get(PROVISIONED_BY) == PROVISIONER
    if not is_ours or not _capacity(volume) < _requested(claim):
        return None
    capacity = {"storage": claim["spec"]["resources"]["requests"]["storage"]}
    return {**volume, "spec": {**volume["spec"], "capacity": capacity}}


def bound(claim: Object, volume: Object) -> Object | None:
    """The claim that knows its volume; ``None`` if it does already."""
    meta, annotations = claim["metadata"], claim["metadata"].get("annotations") or {}
    if claim["spec"].get("volumeName") == volume["metadata"]["name"] and annotations.get(BIND_COMPLETED) == "yes":
        return None
    added = {BIND_COMPLETED: "yes"}
    if not claim["spec"].get("volumeName"):
        added[BOUND_BY_CONTROLLER] = "yes"
    return {
        **claim, "metadata": {**meta, "annotations": {**annotations, **added}},
        "spec": {**claim["spec"], "volumeName": volume["metadata"]["name"]},
    }  # fmt: skip


def bound_status(volume: Object) -> Object:
    """The status of a claim that has this volume."""
    spec = volume["spec"]
    return {"phase": "Bound", "accessModes": spec.get("accessModes"), "capacity": spec.get("capacity")}


def provisioned(claim: Object, storage_class: Object, folder: str) -> Object:
    """A new volume for the claim, in a directory of its own below ``folder``, which the node makes."""
    meta, spec = claim["metadata"], claim["spec"]
    name = f"pvc-{meta['uid']}"
    path = f"{folder}/{name}_{meta['namespace']}_{meta['name']}"
    return {
        "kind": "PersistentVolume", "apiVersion": "v1",
        "metadata": {"name": name, "annotations": {PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]}, "accessModes": spec["accessModes"],
            "hostPath": {"path": path, "type": "DirectoryOrCreate"}, "claimRef": reference(claim),
            "persistentVolumeReclaimPolicy": storage_class["reclaimPolicy"],
            "storageClassName": storage_class["metadata"]["name"], "volumeMode": spec.get("volumeMode"),
            **({"mountOptions": storage_class["mountOptions"]} if storage_class.get("mountOptions") else {}),
        },
    }  # fmt: skip


def phase(volume: Object, claim: Object | None) -> str:
    """What a volume is to say of itself; ``claim`` is the one of that name that it is promised to."""
    reference_ = volume["spec"].get("claimRef")
    if not reference_:
        return "Available"
    if not reference_.get("uid"):
        return "Available"
    if claim is None or claim["metadata"]["uid"] != reference_["uid"]:
        return "Released"
    return "Bound"


def is_used(claim: Object, pods: Iterable[Object]) -> bool:
    """Whether one of the pods that name the claim still needs it."""
    return any((pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed") for pod in pods)
