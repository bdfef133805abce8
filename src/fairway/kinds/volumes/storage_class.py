"""StorageClass (storage.k8s.io/v1): how volumes of a class are made.

Source: Kubernetes docs, "Storage Classes".
"""

from collections.abc import Iterable, Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import AGE
from fairway.kinds.rules.values import fill, qualified_name
from fairway.kinds.volumes.warnings import class_warnings
from fairway.objects import Object
from fairway.objects.errors import (
    Problem,
    duplicate,
    forbidden_value,
    invalid_value,
    not_supported,
    required,
    too_long,
)

DEFAULT_ANNOTATION = "storageclass.kubernetes.io/is-default-class"
"""``true`` makes a class that of all new claims that name none."""
_OLD_ANNOTATION = "storageclass.beta.kubernetes.io/is-default-class"
WAITING = "WaitForFirstConsumer"
_PARAMETERS_MAX, _PARAMETERS_MAX_BYTES = 512, 256 * 1024
_POLICIES, _MODES = ("Delete", "Retain"), ("Immediate", WAITING)


def defaults(new: Object) -> None:
    """Volumes go with their claims, and are made at once."""
    fill(new, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """A provisioner; nothing of how volumes are made may change."""
    provisioner = new.get("provisioner") or ""
    if not provisioner:
        yield required("provisioner")
    else:
        yield from qualified_name("provisioner", provisioner.lower())
    yield from _parameters("parameters", new.get("parameters") or {})
    if new["reclaimPolicy"] not in _POLICIES:
        yield not_supported("reclaimPolicy", new["reclaimPolicy"], _POLICIES)
    if new["volumeBindingMode"] not in _MODES:
        yield not_supported("volumeBindingMode", new["volumeBindingMode"], _MODES)
    yield from _topologies("allowedTopologies", new.get("allowedTopologies") or [])
    if old is not None:
        for field in ("parameters", "provisioner", "reclaimPolicy"):
            if (new.get(field) or None) != (old.get(field) or None):
                yield forbidden_value(field, f"updates to {field} are forbidden.")
        if new["volumeBindingMode"] != old["volumeBindingMode"]:
            yield invalid_value("volumeBindingMode", new["volumeBindingMode"], "field is immutable")


def _parameters(path: str, found: Object) -> Iterator[Problem]:
    if len(found) > _PARAMETERS_MAX:
        yield too_long(path, _PARAMETERS_MAX)
        return
    if "" in found:
        yield invalid_value(path, "", "field can not be empty.")
    if sum(len(name.encode()) + len(str(value).encode()) for name, value in found.items()) > _PARAMETERS_MAX_BYTES:
        yield too_long(path, _PARAMETERS_MAX_BYTES)


def _topologies(path: str, terms: list[Object]) -> Iterator[Problem]:
    """Where volumes may be made; no term says the same as another one.

    A term that says nothing is compared with as many empty ones as there are terms, as upstream does.
    """
    seen: list[dict[str, frozenset[str]]] = [{} for _ in terms]
    for index, term in enumerate(terms):
        here = f"{path}[{index}].matchLabelExpressions"
        wanted: dict[str, frozenset[str]] = {}
        for place, requirement in enumerate(term.get("matchLabelExpressions") or ()):
            key, values = requirement.get("key") or "", requirement.get("values") or []
            yield from _requirement(f"{here}[{place}]", key, values)
            if key in wanted:
                yield duplicate(f"{here}[{place}].key", key)
            wanted[key] = frozenset(values)
        for _ in range(seen.count(wanted)):
            yield duplicate(here, "")
        seen.append(wanted)


def _requirement(path: str, key: str, values: list[str]) -> Iterator[Problem]:
    if not values:
        yield required(f"{path}.values")
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield duplicate(f"{path}.values[{index}]", value)
        seen.add(value)
    yield from qualified_name(f"{path}.key", key)


def is_default(found: Object) -> bool:
    """Whether the class is marked as the default one."""
    annotations = found["metadata"].get("annotations") or {}
    return "true" in (annotations.get(DEFAULT_ANNOTATION), annotations.get(_OLD_ANNOTATION))


def default_class(classes: Iterable[Object]) -> Object | None:
    """The class of a claim that names none: of those marked the youngest, then the first by name."""
    marked = sorted((each for each in classes if is_default(each)), key=lambda each: str(each["metadata"]["name"]))
    return max(marked, key=lambda each: each["metadata"].get("creationTimestamp") or "", default=None)


def _name(found: Object, _now: float) -> str:
    return f"{found['metadata']['name']}{' (default)' if is_default(found) else ''}"


STORAGE_CLASS = Kind(
    group="storage.k8s.io", version="v1", name="StorageClass", plural="storageclasses",
    short_names=("sc",),
    namespaced=False,
    leads_with_name=False,
    columns=(
        Column("Name", _name, format="name"),
        Column("Provisioner", lambda found, _: found.get("provisioner") or ""),
        Column("ReclaimPolicy", lambda found, _: found.get("reclaimPolicy") or ""),
        Column("VolumeBindingMode", lambda found, _: found.get("volumeBindingMode") or ""),
        Column("AllowVolumeExpansion", lambda found, _: bool(found.get("allowVolumeExpansion"))),
        AGE,
    ),
    defaults=defaults,
    validate=validate,
    warnings=class_warnings,
    delete_returns_object=True,
)  # fmt: skip
