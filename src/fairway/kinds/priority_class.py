"""PriorityClass (scheduling.k8s.io/v1): how much pods of a class matter.

Source: Kubernetes docs, "Pod Priority and Preemption".
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import AGE, at
from fairway.kinds.rules.values import fill, unchanged
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, not_supported

SYSTEM_CLASSES = {
    "system-cluster-critical": (
        2_000_000_000, "Used for system critical pods that must run in the cluster, but can be moved to another node if"
        " necessary.",
    ),
    "system-node-critical": (
        2_000_001_000, "Used for system critical pods that must not be moved from their current node.",
    ),
}  # fmt: skip
"""Of each class that every cluster has, its value and what it is for."""
HIGHEST = 1_000_000_000
"""The largest value that is not the system's."""
_SYSTEM_PREFIX = "system-"
_POLICIES = ("PreemptLowerPriority", "Never")


def defaults(new: Object) -> None:
    """Pods of the class may push out others."""
    fill(new, preemptionPolicy="PreemptLowerPriority", value=0)


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """The system's names and values are the system's; a value stays."""
    name, value = new["metadata"].get("name") or "", new["value"]
    if name.startswith(_SYSTEM_PREFIX):
        known = SYSTEM_CLASSES.get(name)
        if known is None or value != known[0] or new.get("globalDefault"):
            why = "priority class names with 'system-' prefix are reserved for system use only. error: " + _fault(
                name, new
            )
            yield forbidden_value("metadata.name", why)
    elif value > HIGHEST:
        text = f"maximum allowed value of a user defined priority is {HIGHEST}"
        yield forbidden_value("value", text)
    if old is None and new["preemptionPolicy"] not in _POLICIES:
        yield not_supported("preemptionPolicy", new["preemptionPolicy"], _POLICIES)
    if old is not None:
        if value != old["value"]:
            yield forbidden_value("value", "may not be changed in an update.")
        yield from unchanged("preemptionPolicy", new["preemptionPolicy"], old["preemptionPolicy"])


def _fault(name: str, new: Object) -> str:
    known = SYSTEM_CLASSES.get(name)
    if known is None:
        return f"{name} is not a known system priority class"
    if new["value"] != known[0]:
        return f"value of {name} PriorityClass must be {known[0]}"
    return f"globalDefault of {name} PriorityClass must be false"


PRIORITY_CLASS = Kind(
    group="scheduling.k8s.io", version="v1", name="PriorityClass", plural="priorityclasses",
    short_names=("pc",),
    namespaced=False,
    columns=(
        Column("Value", at("value", absent=0), type="integer"),
        Column("Global-Default", lambda found, _: bool(found.get("globalDefault")), type="boolean"),
        AGE,
        Column("PreemptionPolicy", at("preemptionPolicy")),
    ),
    defaults=defaults,
    validate=validate,
    has_generation=True,
)  # fmt: skip
