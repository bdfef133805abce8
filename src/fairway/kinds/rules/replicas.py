"""What the owners of pods have in common: counts, status, older versions, warnings."""

from collections.abc import Iterator, Sequence

from fairway.kinds.rules.pod_spec import hints
from fairway.kinds.rules.pod_spec.warnings import pod_name
from fairway.kinds.rules.values import non_negative
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value


def retired(version: str, kind: str, since: str) -> str:
    """The warning of a version that no current Kubernetes serves."""
    return f"{version} {kind} is deprecated in {since}+, unavailable in v1.16+; use apps/v1 {kind}"


def labels_from_template(new: Object, *, is_map: bool = False) -> None:
    """What old versions filled in: the selector and the labels are those of the template."""
    spec = new.get("spec") or {}
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if not labels:
        return
    if not spec.get("selector"):
        spec["selector"] = dict(labels) if is_map else {"matchLabels": dict(labels)}
    metadata = new["metadata"] if new.get("metadata") else new.setdefault("metadata", {})
    if not metadata.get("labels"):
        metadata["labels"] = dict(labels)


OF_SETS = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "terminatingReplicas")
"""The counts of ReplicaSets and ReplicationControllers, in the order in which upstream judges them."""


def status_problems(
    new: Object,
    old: Object | None,
    counts: Sequence[str] = OF_SETS,
    *,
    others: Sequence[str] = ("observedGeneration",),
    ready: str = "readyReplicas",
) -> Iterator[Problem]:
    """Numbers that cannot be; only judged when the status was written.

    ``others`` are counts of something else than replicas; ``ready`` is what the last rule calls those.
    """
    status = new.get("status") or {}
    if old is None or new.get("status") is old.get("status"):
        return
    for name in (*counts, *others):
        yield from non_negative(f"status.{name}", status.get(name))
    total = status.get("replicas") or 0
    for name in counts:
        if name not in _APART and (status.get(name) or 0) > total:
            yield invalid_value(f"status.{name}", status.get(name) or 0, "cannot be greater than status.replicas")
    available = status.get("availableReplicas") or 0
    if available > (status.get("readyReplicas") or 0):
        yield invalid_value("status.availableReplicas", available, f"cannot be greater than {ready}")


_APART = frozenset({"replicas", "unavailableReplicas", "terminatingReplicas", "observedGeneration"})
"""What may be more than there are replicas."""


def shown(strategy: Object) -> Object:
    """A strategy as upstream's problems show it, whose own form of it has other names."""
    rolling = strategy.get("rollingUpdate")
    parts = None if rolling is None else {name[0].upper() + name[1:]: value for name, value in rolling.items()}
    return {"Type": strategy.get("type") or "", "RollingUpdate": parts}


def collisions(new: Object, old: Object | None) -> Iterator[Problem]:
    """Names that were taken are counted, and never fewer."""
    count, had = ((one or {}).get("status") or {} for one in (new, old))
    now, was = count.get("collisionCount"), had.get("collisionCount")
    if was is not None and (now is None or now < was):
        yield invalid_value("status.collisionCount", now or 0, "cannot be decremented")


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Those of the name, from which pods get theirs, and of the template."""
    if old is None:
        yield from name_warnings(new)
    yield from template_warnings(new, old)


def name_warnings(new: Object) -> Iterator[str]:
    """Those of the name of a new owner."""
    yield from pod_name(new["metadata"].get("name", ""), "Pod names and hostnames")


def template_warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Those of the template, once per change of it."""
    template = new["spec"].get("template") or {}
    if old is None or template != old["spec"].get("template"):
        yield from hints("spec.template", template.get("metadata") or {}, template.get("spec") or {})
