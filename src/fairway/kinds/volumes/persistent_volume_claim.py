"""PersistentVolumeClaim (core/v1): a wish for storage that outlives pods.

Source: Kubernetes docs, "Persistent Volumes"; API reference, "PersistentVolumeClaim v1 core".
"""

from collections.abc import Iterator

from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules import volume_modes as modes
from fairway.kinds.rules.cells import AGE, UNSET
from fairway.kinds.rules.claim_spec import claim_problems, fill_claim_spec
from fairway.kinds.rules.quantities import is_native, is_negative, whole
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import IMMUTABLE, child, fill, qualified_name, unchanged
from fairway.kinds.volumes.protection import protect
from fairway.kinds.volumes.warnings import claim_warnings
from fairway.objects import Object, quantity
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, render_value

PROTECTION = "kubernetes.io/pvc-protection"
"""Holds a claim that pods still use."""
_CLASS = "volume.beta.kubernetes.io/storage-class"
_RESIZES = (
    "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible",
    "NodeResizePending",
)  # fmt: skip
_IMMUTABLE = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"


def defaults(new: Object) -> None:
    """A file system; at first bound to nothing."""
    spec = child(new, "spec")
    fill_claim_spec(spec)
    for one, other in (("dataSource", "dataSourceRef"), ("dataSourceRef", "dataSource")):
        if spec.get(one) and not spec.get(other) and not spec[one].get("namespace"):
            spec[other] = dict(spec[one])
    fill(child(new, "status"), phase="Pending")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Status and spec each belong to their own resource; a new claim is protected."""
    keep_apart(new, old, subresource, {"phase": "Pending"})
    protect(new, old, PROTECTION)


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule; once there, only its size may grow."""
    if old is not None:
        yield from _status_problems(new.get("status") or {}, old.get("status") or {})
        if new["spec"] == old["spec"] and _class_said(new) == _class_said(old):
            return
    yield from claim_problems("spec", new["spec"])
    if old is not None:
        yield from _transition(new, old)


def _status_problems(now: Object, was: Object) -> Iterator[Problem]:
    """How far a resize has come.  Source: KEP-1790."""
    if now is was or now == was:
        return
    for name, value in (now.get("capacity") or {}).items():
        yield from _basic(f"status.capacity[{name}]", value)
    for name, state in (now.get("allocatedResourceStatuses") or {}).items():
        yield from _resource("status.allocatedResourceStatuses", name)
        if state not in _RESIZES:
            yield not_supported("status.allocatedResourceStatuses", name, _RESIZES)
    for name, value in (now.get("allocatedResources") or {}).items():
        faults = list(_resource("status.allocatedResources", name))
        yield from faults or _basic(f"status.allocatedResources[{name}]", value)


def _basic(path: str, value: object) -> Iterator[Problem]:
    if is_negative(value):
        yield invalid_value(path, whole(value), "must be a valid resource quantity")


def _resource(path: str, name: str) -> Iterator[Problem]:
    faults = list(qualified_name(path, name))
    yield from faults
    if not faults and is_native(name) and name != "storage":
        yield not_supported(path, name, ("storage",))


def _class_said(claim: Object) -> str | None:
    said: str | None = (claim["metadata"].get("annotations") or {}).get(_CLASS)
    return said


def _free(new: Object, old: Object) -> set[str]:
    """Fields that this update may change."""
    spec, was = new["spec"], old["spec"]
    free = {"resources"} if _fixed_amounts(new) == _fixed_amounts(old) else set()
    if not was.get("volumeName"):
        free.add("volumeName")
    name = spec.get("storageClassName")
    if was.get("storageClassName") is None and name is not None and _class_said(old) in (None, name):
        free.add("storageClassName")
    if _is_bound(new):
        free.add("volumeAttributesClassName")
    return free


def _is_bound(claim: Object) -> bool:
    return (claim.get("status") or {}).get("phase") == "Bound"


def _fixed_amounts(claim: Object) -> Object:
    """All of the resources but the size that a bound claim may ask for."""
    resources = claim["spec"].get("resources") or {}
    requests = {**(resources.get("requests") or {})}
    if _is_bound(claim):
        requests.pop("storage", None)
    return {"limits": resources.get("limits") or {}, "requests": requests}


def _transition(new: Object, old: Object) -> Iterator[Problem]:
    spec, was = new["spec"], old["spec"]
    said, had = _class_said(new) or "", _class_said(old) or ""
    is_moved = was.get("storageClassName") is None and had and spec.get("storageClassName") == had and said in ("", had)
    if said != had and not is_moved:
        yield invalid_value(f"metadata.annotations.{_CLASS}", said, IMMUTABLE)
    free = _free(new, old)
    fixed, fixed_before = ({key: value for key, value in one.items() if key not in free} for one in (spec, was))
    if fixed != fixed_before:
        yield forbidden_value("spec", f"{_IMMUTABLE}\n{_difference(fixed, fixed_before)}")
    if _requested(spec) < _requested(was):
        floor = ((old.get("status") or {}).get("capacity") or {}).get("storage") or "0"
        if _requested(spec) <= quantity.parse(str(floor)):
            yield forbidden_value("spec.resources.requests.storage", "field can not be less than status.capacity")
    yield from unchanged("volumeMode", spec.get("volumeMode"), was.get("volumeMode"))
    if (old.get("status") or {}).get("currentVolumeAttributesClassName") is not None:
        yield from _class_change("spec.volumeAttributesClassName", spec, was)


def _class_change(path: str, spec: Object, was: Object) -> Iterator[Problem]:
    name = spec.get("volumeAttributesClassName")
    if name == was.get("volumeAttributesClassName"):
        return
    if not name:
        what = "nil" if name is None else "empty string"
        text = f"update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil"
        yield forbidden_value(path, text)


def _requested(spec: Object) -> quantity.Quantity:
    return quantity.parse(str(((spec.get("resources") or {}).get("requests") or {}).get("storage") or "0"))


def _difference(new: Object, old: Object) -> str:
    changed = [key for key in {**old, **new} if new.get(key) != old.get(key)]
    return "\n".join(f"{key}: {render_value(old.get(key))} -> {render_value(new.get(key))}" for key in changed)


def _status(claim: Object, _now: float) -> str:
    is_going = "deletionTimestamp" in claim["metadata"]
    return "Terminating" if is_going else (claim.get("status") or {}).get("phase") or ""


def _capacity(claim: Object, _now: float) -> str:
    if not claim["spec"].get("volumeName"):
        return ""
    return str(((claim.get("status") or {}).get("capacity") or {}).get("storage") or "0")


def _modes(claim: Object, _now: float) -> str:
    return modes.short((claim.get("status") or {}).get("accessModes")) if claim["spec"].get("volumeName") else ""


PERSISTENT_VOLUME_CLAIM = Kind(
    group="", version="v1", name="PersistentVolumeClaim", plural="persistentvolumeclaims",
    short_names=("pvc",),
    subresources=(STATUS,),
    columns=(
        Column("Status", _status),
        Column("Volume", lambda claim, _: claim["spec"].get("volumeName") or ""),
        Column("Capacity", _capacity),
        Column("Access Modes", _modes),
        Column("StorageClass", lambda claim, _: modes.class_of(claim)),
        Column("VolumeAttributesClass", lambda claim, _: claim["spec"].get("volumeAttributesClassName") or UNSET),
        AGE,
        Column("VolumeMode", lambda claim, _: claim["spec"].get("volumeMode") or UNSET, priority=1),
    ),
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    warnings=claim_warnings,
    judged_twice=True,
    delete_returns_object=True,
)  # fmt: skip
