"""PersistentVolume (core/v1): a piece of storage that a claim may have.

Source: Kubernetes docs, "Persistent Volumes"; API reference, "PersistentVolume v1 core".
"""

from collections.abc import Iterator

from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules.cells import AGE, UNSET, at
from fairway.kinds.rules.quantities import canonical_amounts
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import child, dns_subdomain, drop_null, fill
from fairway.kinds.volumes import modes
from fairway.kinds.volumes.protection import protect
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required

PROTECTION = "kubernetes.io/pv-protection"
"""Holds a volume that is bound to a claim."""
SOURCES = (
    "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker",
    "gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk", "portworxVolume",
    "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume",
)  # fmt: skip
_POLICIES = ("Delete", "Recycle", "Retain")


def defaults(new: Object) -> None:
    """Kept when its claim goes; a file system."""
    spec = child(new, "spec")
    drop_null(spec, "claimRef", "nodeAffinity", *SOURCES)
    fill(spec, persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")
    canonical_amounts(spec.get("capacity"))
    if "hostPath" in spec:
        fill(spec["hostPath"], type="")
    fill(child(new, "status"), phase="Pending")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Status and spec each belong to their own resource; a new volume is protected."""
    keep_apart(new, old, subresource, {"phase": "Pending"})
    protect(new, old, PROTECTION)


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule; where the storage is does not change."""
    if old is not None and new["spec"] == old["spec"]:
        return
    spec = new["spec"]
    yield from modes.access_modes("spec.accessModes", spec.get("accessModes") or [], is_of_volume=True)
    yield from _capacity_problems(spec.get("capacity") or {})
    yield from _reclaim(spec)
    yield from _source(spec)
    if name := spec.get("storageClassName"):
        yield from dns_subdomain("spec.storageClassName", name)
    yield from modes.volume_mode("spec.volumeMode", spec.get("volumeMode"))
    if old is not None:
        was = old["spec"]
        if any(spec.get(name) != was.get(name) for name in SOURCES):
            text = "spec.persistentvolumesource is immutable after creation"
            yield forbidden_value("spec.persistentvolumesource", text)
        if spec.get("volumeMode") != was.get("volumeMode"):
            yield invalid_value("spec.volumeMode", spec.get("volumeMode"), "field is immutable")
        if was.get("nodeAffinity") and spec.get("nodeAffinity") != was["nodeAffinity"]:
            yield invalid_value("spec.nodeAffinity", spec.get("nodeAffinity"), "field is immutable")


def _capacity_problems(capacity: Object) -> Iterator[Problem]:
    if not capacity:
        yield required("spec.capacity")
    if capacity and ("storage" not in capacity or len(capacity) > 1):
        yield not_supported("spec.capacity", capacity, ("storage",))
    for name, value in capacity.items():
        yield from modes.size(f"spec.capacity[{name}]", value)


def _reclaim(spec: Object) -> Iterator[Problem]:
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy not in _POLICIES:
        yield not_supported("spec.persistentVolumeReclaimPolicy", policy, _POLICIES)
    if policy == "Recycle" and (spec.get("hostPath") or {}).get("path") == "/":
        text = "may not be 'recycle' for a hostPath mount of '/'"
        yield forbidden_value("spec.persistentVolumeReclaimPolicy", text)


def _source(spec: Object) -> Iterator[Problem]:
    given = [name for name in SOURCES if spec.get(name) is not None]
    if not given:
        yield required("spec", "must specify a volume type")
    for name in given[1:]:
        yield forbidden_value(f"spec.{name}", "may not specify more than 1 volume type")
    yield from _paths(spec)
    demanded = (spec.get("nodeAffinity") or {}).get("required") or {}
    if spec.get("local") is not None and not demanded.get("nodeSelectorTerms"):
        yield required("spec.nodeAffinity", "Local volume requires node affinity")
    if spec.get("csi") is not None:
        for field in ("driver", "volumeHandle"):
            if not spec["csi"].get(field):
                yield required(f"spec.csi.{field}")


def _paths(spec: Object) -> Iterator[Problem]:
    for name in ("hostPath", "local"):
        source = spec.get(name)
        if source is None:
            continue
        path = source.get("path") or ""
        if not path:
            yield required(f"spec.{name}.path")
        elif ".." in path.split("/"):
            yield invalid_value(f"spec.{name}.path", path, "must not contain '..'")


def _claim(volume: Object, _now: float) -> str:
    reference = volume["spec"].get("claimRef")
    return f"{reference.get('namespace') or ''}/{reference.get('name') or ''}" if reference else ""


def _status(volume: Object, _now: float) -> str:
    is_going = "deletionTimestamp" in volume["metadata"]
    return "Terminating" if is_going else (volume.get("status") or {}).get("phase") or ""


PERSISTENT_VOLUME = Kind(
    group="", version="v1", name="PersistentVolume", plural="persistentvolumes",
    short_names=("pv",),
    namespaced=False,
    subresources=(STATUS,),
    columns=(
        Column("Capacity", at("spec", "capacity", "storage")),
        Column("Access Modes", lambda volume, _: modes.short(volume["spec"].get("accessModes"))),
        Column("Reclaim Policy", at("spec", "persistentVolumeReclaimPolicy")),
        Column("Status", _status),
        Column("Claim", _claim),
        Column("StorageClass", lambda volume, _: modes.class_of(volume)),
        Column("VolumeAttributesClass", lambda volume, _: volume["spec"].get("volumeAttributesClassName") or UNSET),
        Column("Reason", at("status", "reason")),
        AGE,
        Column("VolumeMode", lambda volume, _: volume["spec"].get("volumeMode") or UNSET, priority=1),
    ),
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    delete_returns_object=True,
)  # fmt: skip
