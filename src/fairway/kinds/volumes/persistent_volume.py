"""PersistentVolume (core/v1): a piece of storage that a claim may have.

Source: Kubernetes docs, "Persistent Volumes"; API reference, "PersistentVolume v1 core".
"""

from collections.abc import Iterator
from posixpath import normpath

from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules import storage_sources
from fairway.kinds.rules import volume_modes as modes
from fairway.kinds.rules.cells import AGE, UNSET, at
from fairway.kinds.rules.pod_spec.scheduling import node_selector
from fairway.kinds.rules.quantities import canonical_amounts, is_negative, whole
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import IMMUTABLE, child, dns_subdomain, drop_null, fill, unchanged
from fairway.kinds.volumes.protection import protect
from fairway.kinds.volumes.warnings import volume_warnings
from fairway.objects import Object
from fairway.objects.errors import NIL, Problem, forbidden_value, invalid_value, not_supported, render_value, required

PROTECTION = "kubernetes.io/pv-protection"
"""Holds a volume that is bound to a claim."""
SOURCES = tuple(storage_sources.OF_VOLUMES)
_POLICIES = ("Delete", "Recycle", "Retain")
_INLINE = "the context of inline volumes"
_NEW_NAMES = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "beta.kubernetes.io/os": "kubernetes.io/os", "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
}  # fmt: skip
"""What labels of nodes were called, and are."""


def defaults(new: Object) -> None:
    """Kept when its claim goes; a file system."""
    spec = child(new, "spec")
    drop_null(spec, "claimRef", "nodeAffinity", *SOURCES)
    fill(spec, persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")
    canonical_amounts(spec.get("capacity"))
    storage_sources.fill_sources(spec)
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
    if not spec.get("accessModes"):
        yield required("spec.accessModes")
    yield from modes.access_modes("spec.accessModes", spec.get("accessModes") or [])
    yield from _capacity_problems(spec.get("capacity") or {})
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy and policy not in _POLICIES:
        yield not_supported("spec.persistentVolumeReclaimPolicy", policy, _POLICIES)
    yield from _node_affinity(spec.get("nodeAffinity"))
    yield from _source(spec, new["metadata"].get("name") or "")
    if name := spec.get("storageClassName"):
        yield from dns_subdomain("spec.storageClassName", name)
    yield from modes.volume_mode("spec.volumeMode", spec.get("volumeMode"))
    yield from _attributes_class("spec.volumeAttributesClassName", spec)
    if old is not None:
        yield from _transition(spec, old["spec"])


def _transition(spec: Object, was: Object) -> Iterator[Problem]:
    """Paths are spelt as upstream spells them."""
    now, before = ({name: one[name] for name in SOURCES if one.get(name) is not None} for one in (spec, was))
    if "csi" in now and "csi" in before and before["csi"].get("controllerExpandSecretRef") is None:
        now["csi"] = {name: value for name, value in now["csi"].items() if name != "controllerExpandSecretRef"}
    if now != before:
        changes = "\n".join((f"- {render_value(before)}", f"+ {render_value(now)}"))
        text = f"spec.persistentvolumesource is immutable after creation\n{changes}"
        yield forbidden_value("spec.persistentvolumesource", text)
    yield from unchanged("volumeMode", spec.get("volumeMode"), was.get("volumeMode"))
    now_on, was_on = spec.get("nodeAffinity"), was.get("nodeAffinity")
    if was_on and now_on != was_on and not _is_renamed(now_on, was_on):
        yield invalid_value("nodeAffinity", now_on, f"{IMMUTABLE}, except for updating from beta label to GA")
    if was.get("volumeAttributesClassName") is not None and spec.get("volumeAttributesClassName") is None:
        yield forbidden_value("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden")


def _is_renamed(now: Object | None, was: Object) -> bool:
    """Whether only old names of labels gave way to the new ones."""
    if now is None:
        return False
    old_terms, terms = ((one.get("required") or {}).get("nodeSelectorTerms") or [] for one in (was, now))
    if len(terms) != len(old_terms):
        return False
    return all(
        term.get("matchFields") == old.get("matchFields")
        and len(term.get("matchExpressions") or ()) == len(old.get("matchExpressions") or ())
        and all(map(_is_same, term.get("matchExpressions") or (), old.get("matchExpressions") or ()))
        for term, old in zip(terms, old_terms, strict=True)
    )


def _is_same(now: Object, was: Object) -> bool:
    key = was.get("key")
    return now == was or now == {**was, "key": _NEW_NAMES.get(key or "", key)}


def inline_problems(path: str, spec: Object) -> Iterator[Problem]:
    """A volume without an object of its own: from CSI, kept, and with nothing that claims ask for."""
    for name in ("claimRef", "capacity"):
        if spec.get(name):
            yield forbidden_value(f"{path}.{name}", f"may not be specified in {_INLINE}")
    if spec.get("csi") is None:
        yield required(f"{path}.csi", f"has to be specified in {_INLINE}")
    if not spec.get("accessModes"):
        yield required(f"{path}.accessModes")
    yield from modes.access_modes(f"{path}.accessModes", spec.get("accessModes") or [])
    if spec.get("persistentVolumeReclaimPolicy") not in (None, "", "Retain"):
        yield forbidden_value(f"{path}.persistentVolumeReclaimPolicy", f"may only be Retain in {_INLINE}")
    if spec.get("csi") is not None:
        yield from storage_sources.OF_VOLUMES["csi"](f"{path}.csi", spec["csi"])
    if spec.get("storageClassName"):
        yield forbidden_value(f"{path}.storageClassName", f"may not be specified in {_INLINE}")
    yield from modes.volume_mode(f"{path}.volumeMode", spec.get("volumeMode"))


def _capacity_problems(capacity: Object) -> Iterator[Problem]:
    if not capacity:
        yield required("spec.capacity")
    if "storage" not in capacity or len(capacity) > 1:
        yield not_supported("spec.capacity", capacity or NIL, ("storage",))
    for name, value in capacity.items():
        if is_negative(value):
            yield invalid_value(f"spec.capacity[{name}]", whole(value), "must be a valid resource quantity")
        yield from modes.size(f"spec.capacity[{name}]", value)


def _node_affinity(found: Object | None) -> Iterator[Problem]:
    if found is None:
        return
    demanded, path = found.get("required"), "spec.nodeAffinity.required"
    if demanded is None:
        yield required(path, "must specify required node constraints")
        return
    yield from node_selector(path, demanded)


def _source(spec: Object, name: str) -> Iterator[Problem]:
    given = [source for source in SOURCES if spec.get(source) is not None]
    for place, source in enumerate(given):
        if place and source != "flexVolume":
            path = f"spec.{storage_sources.second_path(source)}"
            yield forbidden_value(path, "may not specify more than 1 volume type")
        else:
            path = f"spec.{storage_sources.rule_path(source)}"
            yield from _judged(path, source, spec, name)
    if not given:
        yield required("spec", "must specify a volume type")
    root = (spec.get("hostPath") or {}).get("path") or ""
    is_root = bool(root) and not normpath(root).strip("/")
    if is_root and spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        text = "may not be 'recycle' for a hostPath mount of '/'"
        yield forbidden_value("spec.persistentVolumeReclaimPolicy", text)


def _judged(path: str, source: str, spec: Object, name: str) -> Iterator[Problem]:
    found = spec[source]
    yield from storage_sources.OF_VOLUMES[source](path, found)
    portal, has_initiator = found.get("targetPortal") or "", found.get("initiatorName") is not None
    if source == "iscsi" and has_initiator and len(f"{name}:{portal}") > storage_sources.PORTAL_MAX:
        yield invalid_value(f"{path}.targetportal", portal, storage_sources.PORTAL_TOO_LONG)
    if source == "local" and not (spec.get("nodeAffinity") or {}).get("required"):
        yield required("spec.nodeAffinity", "Local volume requires node affinity")


def _attributes_class(path: str, spec: Object) -> Iterator[Problem]:
    name = spec.get("volumeAttributesClassName")
    if name is None:
        return
    if not name:
        yield required(path, "an empty string is disallowed")
    else:
        yield from dns_subdomain(path, name)
    if spec.get("csi") is None:
        yield required("spec.csi", "has to be specified when using volumeAttributesClassName")


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
    warnings=volume_warnings,
    judged_twice=True,
    delete_returns_object=True,
)  # fmt: skip
