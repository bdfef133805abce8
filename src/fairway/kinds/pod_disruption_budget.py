"""PodDisruptionBudget (policy/v1): how many pods of a set must stay when some are moved on purpose.

Source: Kubernetes docs, "Disruptions", "Specifying a Disruption Budget".
"""

from collections.abc import Callable, Iterator

from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules.amounts import amount, at_most_all
from fairway.kinds.rules.cells import AGE, count
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import child, drop_null, fill, non_negative
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value, not_supported
from fairway.objects.labels import validate_label_selector

COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
_EMPTY = dict.fromkeys(COUNTS, 0)
_POLICIES = ("AlwaysAllow", "IfHealthyBudget")


def defaults(new: Object) -> None:
    """All counts are shown."""
    drop_null(child(new, "spec"), "selector", "minAvailable", "maxUnavailable", "unhealthyPodEvictionPolicy")
    fill(child(new, "status"), **_EMPTY)


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Status and spec each belong to their own resource."""
    keep_apart(new, old, subresource, _EMPTY)


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """One of the two limits at most, as a number or a share."""
    if old is not None and new.get("status") is not old.get("status"):
        for name in COUNTS:
            yield from non_negative(f"status.{name}", (new.get("status") or {}).get(name))
    spec = new["spec"]
    if old is not None and spec == old["spec"]:
        return
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        yield invalid_value("spec", spec, "minAvailable and maxUnavailable cannot be both set")
    for name, value in (("minAvailable", least), ("maxUnavailable", most)):
        if value is not None:
            yield from amount(f"spec.{name}", value)
            yield from at_most_all(f"spec.{name}", value)
    if spec.get("selector") is not None:
        yield from validate_label_selector(spec["selector"], "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _POLICIES:
        yield not_supported("spec.unhealthyPodEvictionPolicy", policy, _POLICIES)


def _limit(name: str) -> Callable[[Object, float], str]:
    def cell(budget: Object, _now: float) -> str:
        value = budget["spec"].get(name)
        return "N/A" if value is None else str(value)

    return cell


POD_DISRUPTION_BUDGET = Kind(
    group="policy", version="v1", name="PodDisruptionBudget", plural="poddisruptionbudgets",
    short_names=("pdb",),
    subresources=(STATUS,),
    columns=(
        Column("Min Available", _limit("minAvailable")),
        Column("Max Unavailable", _limit("maxUnavailable")),
        Column("Allowed Disruptions", count("status", "disruptionsAllowed"), type="integer"),
        AGE,
    ),
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    unconditional_update=False,
    has_generation=True,
)  # fmt: skip
