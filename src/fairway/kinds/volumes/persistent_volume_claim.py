"""PersistentVolumeClaim (core/v1): a wish for storage that outlives pods.

Source: Kubernetes docs, "Persistent Volumes"; API reference, "PersistentVolumeClaim v1 core".
"""

from collections.abc import Iterator

from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules import volume_modes as modes
from fairway.kinds.rules.cells import AGE, UNSET
from fairway.kinds.rules.claim_spec import claim_problems, fill_claim_spec
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import child, fill, unchanged
from fairway.kinds.volumes.protection import protect
from fairway.objects import Object, quantity
from fairway.objects.errors import Problem, forbidden_value, render_value

PROTECTION = "kubernetes.io/pvc-protection"
"""Holds a claim that pods still use."""
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
    if old is not None and new["spec"] == old["spec"]:
        return
    yield from claim_problems("spec", new["spec"])
    if old is not None:
        yield from _transition(new, old)


def _transition(new: Object, old: Object) -> Iterator[Problem]:
    spec, was = new["spec"], old["spec"]
    is_bound = (old.get("status") or {}).get("phase") == "Bound"
    free = {"volumeName"} if not was.get("volumeName") else set()
    if was.get("storageClassName") is None:
        free.add("storageClassName")
    if is_bound:
        free |= {"resources", "volumeAttributesClassName"}
    fixed, fixed_before = ({key: value for key, value in one.items() if key not in free} for one in (spec, was))
    if fixed != fixed_before:
        yield forbidden_value("spec", f"{_IMMUTABLE}\n{_difference(fixed, fixed_before)}")
    if _requested(spec) < _requested(was):
        floor = ((old.get("status") or {}).get("capacity") or {}).get("storage") or "0"
        if _requested(spec) <= quantity.parse(str(floor)):
            yield forbidden_value("spec.resources.requests.storage", "field can not be less than status.capacity")
    yield from unchanged("volumeMode", spec.get("volumeMode"), was.get("volumeMode"))
    yield from _class_change("spec.volumeAttributesClassName", spec, was)


def _class_change(path: str, spec: Object, was: Object) -> Iterator[Problem]:
    name = spec.get("volumeAttributesClassName")
    if was.get("volumeAttributesClassName") is None:
        return
    if name is None:
        yield forbidden_value(path, "update from non-nil value to nil is forbidden")
    elif not name:
        yield forbidden_value(path, "update from non-nil value to an empty string is forbidden")


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
    judged_twice=True,
    delete_returns_object=True,
)  # fmt: skip
