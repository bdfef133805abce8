"""PersistentVolumeClaim (core/v1): a wish for storage that outlives pods.

Source: Kubernetes docs, "Persistent Volumes"; API reference, "PersistentVolumeClaim v1 core".
"""

from collections.abc import Iterator

from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules.cells import AGE, UNSET
from fairway.kinds.rules.quantities import canonical_amounts
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import child, dns_subdomain, drop_null, fill
from fairway.kinds.volumes import modes
from fairway.kinds.volumes.protection import protect
from fairway.objects import Object, quantity
from fairway.objects.errors import Problem, forbidden_value, render_value, required
from fairway.objects.labels import validate_label_selector

PROTECTION = "kubernetes.io/pvc-protection"
"""Holds a claim that pods still use."""
_IMMUTABLE = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"


def defaults(new: Object) -> None:
    """A file system; at first bound to nothing."""
    fill_spec(child(new, "spec"))
    fill(child(new, "status"), phase="Pending")


def fill_spec(spec: Object) -> None:
    """The spec of a claim, or of a template of claims."""
    drop_null(spec, "selector", "storageClassName", "dataSource", "dataSourceRef", "volumeAttributesClassName")
    fill(spec, volumeMode="Filesystem")
    resources = child(spec, "resources")
    canonical_amounts(resources.get("requests"))
    canonical_amounts(resources.get("limits"))
    for one, other in (("dataSource", "dataSourceRef"), ("dataSourceRef", "dataSource")):
        if spec.get(one) and not spec.get(other) and not (spec[one].get("namespace")):
            spec[other] = dict(spec[one])


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Status and spec each belong to their own resource; a new claim is protected."""
    keep_apart(new, old, subresource, {"phase": "Pending"})
    protect(new, old, PROTECTION)


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule; once there, only its size may grow."""
    if old is not None and new["spec"] == old["spec"]:
        return
    yield from spec_problems("spec", new["spec"])
    if old is not None:
        yield from _transition(new, old)


def spec_problems(path: str, spec: Object) -> Iterator[Problem]:
    """Every rule of a claim's spec."""
    if spec.get("selector") is not None:
        yield from validate_label_selector(spec["selector"], f"{path}.selector")
    yield from modes.access_modes(f"{path}.accessModes", spec.get("accessModes") or [], is_of_volume=False)
    amount = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if amount is None:
        yield required(f"{path}.resources[storage]")
    else:
        yield from modes.size(f"{path}.resources[storage]", amount)
    if name := spec.get("storageClassName"):
        yield from dns_subdomain(f"{path}.storageClassName", name)
    yield from modes.volume_mode(f"{path}.volumeMode", spec.get("volumeMode"))
    source = spec.get("dataSource")
    if source is not None:
        for field in ("kind", "name"):
            if not source.get(field):
                yield required(f"{path}.dataSource.{field}")


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
    elif is_bound and _requested(spec) < _requested(was):
        floor = ((old.get("status") or {}).get("capacity") or {}).get("storage")
        if floor is None or _requested(spec) < quantity.parse(str(floor)):
            yield forbidden_value("spec.resources.requests.storage", "field can not be less than status.capacity")


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
    delete_returns_object=True,
)  # fmt: skip
