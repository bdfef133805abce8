"""Deployment (apps/v1, and older versions): rolls pods from one template to the next.

Source: Kubernetes docs, "Deployments".
"""

from collections.abc import Iterator

from fairway.kinds.kind import STATUS, WHY, Column, Kind, Served
from fairway.kinds.replica_set import selected_template, selector_problems
from fairway.kinds.rules import replicas
from fairway.kinds.rules.amounts import Amount, amount, at_most_all, number
from fairway.kinds.rules.cells import AGE, count, selector, workload
from fairway.kinds.rules.pod_spec import fill_template
from fairway.kinds.rules.scale import SCALE
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import (
    INT32_MAX,
    child,
    drop_null,
    fill,
    fill_empty,
    non_negative,
    unchanged,
)
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required

_STRATEGY = "spec.strategy"


def defaults(new: Object) -> None:
    """One replica; a rolling update of a quarter at a time, remembered ten times over."""
    spec = child(new, "spec")
    drop_null(spec, "selector", "minReadySeconds")
    if spec.get("paused") in (None, False):
        spec.pop("paused", None)
    fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = child(spec, "strategy")
    drop_null(strategy, "rollingUpdate")
    fill_empty(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(child(strategy, "rollingUpdate"), maxUnavailable="25%", maxSurge="25%")
    fill_template(child(spec, "template"))
    child(new, "status")


def _of_apps_beta(new: Object) -> None:
    """apps/v1beta1: labels from the template, two revisions kept."""
    replicas.labels_from_template(new)
    new.setdefault("spec", {}).pop("rollbackTo", None)
    fill(new["spec"], revisionHistoryLimit=2)


def _of_extensions(new: Object) -> None:
    """extensions/v1beta1: labels from the template, one pod at a time, no deadline, every revision kept."""
    replicas.labels_from_template(new)
    spec = new.setdefault("spec", {})
    spec.pop("rollbackTo", None)
    fill(spec, revisionHistoryLimit=INT32_MAX, progressDeadlineSeconds=INT32_MAX)
    strategy = child(spec, "strategy")
    if strategy.get("type") in (None, "", "RollingUpdate"):
        fill(child(strategy, "rollingUpdate"), maxUnavailable=1, maxSurge=1)


_LEFT = ("labels",)
"""What of the metadata a write of the status leaves as it was."""


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Status and spec each belong to their own resource; the generation counts changes of annotations too."""
    keep_apart(new, old, subresource, {}, metadata=_LEFT)
    if old is not None and not subresource:
        was, now = old["metadata"], new["metadata"]
        if (now.get("annotations") or {}) != (was.get("annotations") or {}):
            now["generation"] = was.get("generation", 0) + 1


_COUNTS = (
    "observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "terminatingReplicas",
    "unavailableReplicas",
)  # fmt: skip


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule; the selector stays what it was."""
    yield from replicas.status_problems(new, old, _COUNTS, others=("collisionCount",))
    yield from replicas.collisions(new, old)
    spec = new["spec"]
    if old is not None and spec == old["spec"]:
        return
    yield from non_negative("spec.replicas", spec["replicas"])
    yield from selector_problems(spec.get("selector"))
    yield from selected_template(spec)
    yield from _strategy(spec["strategy"])
    yield from non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from non_negative("spec.revisionHistoryLimit", spec["revisionHistoryLimit"])
    deadline = spec["progressDeadlineSeconds"]
    yield from non_negative("spec.progressDeadlineSeconds", deadline)
    if deadline <= (spec.get("minReadySeconds") or 0):
        yield invalid_value("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
    if old is not None:
        yield from unchanged("spec.selector", spec.get("selector"), old["spec"].get("selector"))


def _strategy(strategy: Object) -> Iterator[Problem]:
    rolling, type_ = strategy.get("rollingUpdate"), strategy["type"]
    if type_ == "Recreate":
        if rolling is not None:
            yield forbidden_value(
                f"{_STRATEGY}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"
            )
    elif type_ != "RollingUpdate":
        yield not_supported(_STRATEGY, replicas.shown(strategy), ("Recreate", "RollingUpdate"))
    elif rolling is None:
        yield required(f"{_STRATEGY}.rollingUpdate", "this should be defaulted and never be nil")
    else:
        yield from _rolling(f"{_STRATEGY}.rollingUpdate", rolling["maxUnavailable"], rolling["maxSurge"])


def _rolling(path: str, unavailable: Amount, surge: Amount) -> Iterator[Problem]:
    yield from amount(f"{path}.maxUnavailable", unavailable)
    yield from amount(f"{path}.maxSurge", surge)
    if number(unavailable) == 0 and number(surge) == 0:
        yield invalid_value(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")
    yield from at_most_all(f"{path}.maxUnavailable", unavailable)


def _ready(deployment: Object, _now: float) -> str:
    ready = (deployment.get("status") or {}).get("readyReplicas") or 0
    return f"{ready}/{deployment['spec'].get('replicas', 1)}"


DEPLOYMENT = Kind(
    group="apps", version="v1", name="Deployment", plural="deployments",
    short_names=("deploy",),
    categories=("all",),
    subresources=(STATUS, SCALE, WHY),
    also=(
        Served("apps", "v1beta2", replicas.retired("apps/v1beta2", "Deployment", "v1.9")),
        Served(
            "apps", "v1beta1", replicas.retired("apps/v1beta1", "Deployment", "v1.8"), to_storage=_of_apps_beta
        ),
        Served(
            "extensions", "v1beta1", replicas.retired("extensions/v1beta1", "Deployment", "v1.8"),
            to_storage=_of_extensions,
        ),
    ),
    columns=(
        Column("Ready", _ready),
        Column("Up-to-date", count("status", "updatedReplicas")),
        Column("Available", count("status", "availableReplicas")),
        AGE,
        *workload(selector),
    ),
    defaults=defaults,
    prepare=prepare,
    status_leaves=_LEFT,
    validate=validate,
    warnings=replicas.warnings,
    has_generation=True,
)  # fmt: skip
