"""ControllerRevision (apps/v1, and older versions): one state of a workload, kept to go back to.

Source: Kubernetes API reference, "ControllerRevision v1 apps".
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind, Served
from fairway.kinds.rules import replicas
from fairway.kinds.rules.cells import AGE, NONE, at
from fairway.kinds.rules.values import fill, non_negative, unchanged
from fairway.objects import Object
from fairway.objects.errors import Problem, required


def defaults(new: Object) -> None:
    """The revision is a number, always shown."""
    fill(new, revision=0)


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Data there must be, and it never changes."""
    if new.get("data") is None:
        yield required("data", "data is mandatory")
    yield from non_negative("revision", new["revision"])
    if old is not None:
        yield from unchanged("data", new.get("data"), old.get("data"))


def _controller(revision: Object, _now: float) -> str:
    """``daemonset.apps/web``."""
    for owner in revision["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            group, slash, _ = owner["apiVersion"].rpartition("/")
            return f"{owner['kind'].lower()}{f'.{group}' if slash else ''}/{owner['name']}"
    return NONE


CONTROLLER_REVISION = Kind(
    group="apps", version="v1", name="ControllerRevision", plural="controllerrevisions",
    also=(
        Served("apps", "v1beta2", replicas.retired("apps/v1beta2", "ControllerRevision", "v1.9")),
        Served("apps", "v1beta1", replicas.retired("apps/v1beta1", "ControllerRevision", "v1.8")),
    ),
    columns=(
        Column("Controller", _controller),
        Column("Revision", at("revision", absent=0)),
        AGE,
    ),
    defaults=defaults,
    validate=validate,
)  # fmt: skip
