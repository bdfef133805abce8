"""Namespace (core/v1): a scope for names, and for deleting all in it.

Source: Kubernetes docs, "Namespaces".
"""

from collections.abc import Iterator

from fairway.kinds.kind import STATUS, WHY, Column, Kind, Subresource
from fairway.kinds.rules.cells import AGE, at, field
from fairway.kinds.rules.values import child, each
from fairway.objects import Object, names
from fairway.objects.errors import Problem, invalid_value

FINALIZER = "kubernetes"
NAME_LABEL = "kubernetes.io/metadata.name"


def defaults(new: Object) -> None:
    """The label that selectors find a namespace by."""
    if not child(new, "spec").get("finalizers"):
        new["spec"].pop("finalizers", None)
    child(new, "status")
    _label(new)


def _label(new: Object) -> None:
    name = new["metadata"].get("name")
    if name:
        child(new["metadata"], "labels")[NAME_LABEL] = name


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Finalizers change by the finalize subresource alone, the phase by status alone."""
    if old is None:
        new["status"] = {"phase": "Active"}
        finalizers = new["spec"].get("finalizers") or []
        new["spec"]["finalizers"] = finalizers if FINALIZER in finalizers else [*finalizers, FINALIZER]
        _label(new)  # a generated name was not known before
    elif subresource == "status":
        new["spec"] = old["spec"]
    else:
        new["status"] = old.get("status") or {}
        if subresource != "finalize":
            new["spec"] = old["spec"]


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Finalizers that name who removes them; a phase that fits the deletion time."""
    for index, finalizer in enumerate(new["spec"].get("finalizers") or ()):
        path = f"spec.finalizers[{index}]"
        yield from each(path, finalizer, names.qualified_name(finalizer))
        if "/" not in finalizer and finalizer not in (FINALIZER, "orphan", "foregroundDeletion"):
            yield invalid_value(path, finalizer, "name is neither a standard finalizer name nor is it fully qualified")
    if old is not None and new["status"] is not old.get("status"):
        yield from _phase(new)


def _phase(new: Object) -> Iterator[Problem]:
    phase = new["status"].get("phase", "")
    is_deleting = bool(new["metadata"].get("deletionTimestamp"))
    if is_deleting and phase != "Terminating":
        yield invalid_value("status.Phase", phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")
    if not is_deleting and phase != "Active":
        yield invalid_value("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty")


NAMESPACE = Kind(
    group="", version="v1", name="Namespace", plural="namespaces",
    short_names=("ns",),
    namespaced=False,
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    subresources=(STATUS, Subresource("finalize", verbs=("update",)), WHY),
    columns=(Column("Status", at("status", "phase")), AGE),
    fields={"status.phase": field("status", "phase")},
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    validate_name=names.as_name(names.dns_label),
    delete_returns_object=True,
)  # fmt: skip
