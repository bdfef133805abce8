"""DaemonSet (apps/v1, and older versions): one pod on every node, or on every node of a sort.

Source: Kubernetes docs, "DaemonSet", "Perform a Rolling Update on a DaemonSet".
"""

from collections.abc import Iterator

from fairway.kinds.kind import STATUS, WHY, Column, Kind, Served
from fairway.kinds.replica_set import parsed
from fairway.kinds.rules import replicas
from fairway.kinds.rules.amounts import Amount, amount, at_most_all, number
from fairway.kinds.rules.cells import AGE, count, labels, selector, workload
from fairway.kinds.rules.pod_spec import fill_template, template_problems
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import child, drop_null, fill, fill_empty, non_negative, unchanged
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value, not_supported, required
from fairway.objects.labels import validate_label_selector

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
"""The annotation that counts the changes of the template; pods carry its value in a label of their own."""

_COUNTS = {"currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0}
_MORE_COUNTS = (
    "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "observedGeneration", "collisionCount",
)  # fmt: skip
_STRATEGY = "spec.updateStrategy"


def defaults(new: Object) -> None:
    """A rolling update of one node at a time, remembered ten times over."""
    spec = child(new, "spec")
    drop_null(spec, "selector", "minReadySeconds")
    fill(spec, revisionHistoryLimit=10)
    strategy = child(spec, "updateStrategy")
    drop_null(strategy, "rollingUpdate")
    fill_empty(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(child(strategy, "rollingUpdate"), maxUnavailable=1, maxSurge=0)
    fill_template(child(spec, "template"))
    fill(child(new, "status"), **_COUNTS)


def _of_extensions(new: Object) -> None:
    """extensions/v1beta1: labels from the template, replaced on deletion only."""
    replicas.labels_from_template(new)
    spec = child(new, "spec")
    spec.pop("templateGeneration", None)
    fill_empty(child(spec, "updateStrategy"), type="OnDelete")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Status and spec each belong to their own resource; changes of the template are counted."""
    keep_apart(new, old, subresource, _COUNTS)
    if subresource:
        return
    changes = template_generation(new if old is None else old) or 1
    if old is not None and new["spec"]["template"] != old["spec"].get("template"):
        changes += 1
    child(new["metadata"], "annotations")[TEMPLATE_GENERATION] = str(changes)


def template_generation(daemon_set: Object) -> int:
    """How often the template was changed, the first time included; 0 if that is not known."""
    text = (daemon_set["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION) or ""
    return int(text) if text.isdecimal() and text.isascii() else 0


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule; the selector stays what it was."""
    yield from _status_problems(new, old)
    spec = new["spec"]
    if old is not None and spec == old["spec"]:
        return
    found = spec.get("selector")
    yield from validate_label_selector(found, "spec.selector")
    if found is not None and not found.get("matchLabels") and not found.get("matchExpressions"):
        yield invalid_value("spec.selector", found, "empty selector is invalid for daemonset")
    yield from template_problems("spec.template", spec.get("template"), parsed(found), "DaemonSet")
    yield from non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from _strategy(spec["updateStrategy"])
    yield from non_negative("spec.revisionHistoryLimit", spec["revisionHistoryLimit"])
    if old is not None:
        yield from unchanged("spec.selector", found, old["spec"].get("selector"))


def _status_problems(new: Object, old: Object | None) -> Iterator[Problem]:
    status = new.get("status") or {}
    if old is None or status is old.get("status"):
        return
    for name in (*_COUNTS, *_MORE_COUNTS):
        yield from non_negative(f"status.{name}", status.get(name))
    yield from replicas.collisions(new, old)


def _strategy(strategy: Object) -> Iterator[Problem]:
    type_, rolling = strategy["type"], strategy.get("rollingUpdate")
    if type_ == "RollingUpdate":
        if rolling is None:
            yield required(f"{_STRATEGY}.rollingUpdate")
        else:
            yield from _rolling(f"{_STRATEGY}.rollingUpdate", rolling["maxUnavailable"], rolling["maxSurge"])
    elif type_ != "OnDelete":
        yield not_supported(_STRATEGY, replicas.shown(strategy), ("OnDelete", "RollingUpdate"))


def _rolling(path: str, unavailable: Amount, surge: Amount) -> Iterator[Problem]:
    for name, value in (("maxUnavailable", unavailable), ("maxSurge", surge)):
        yield from amount(f"{path}.{name}", value)
    for name, value in (("maxUnavailable", unavailable), ("maxSurge", surge)):
        yield from at_most_all(f"{path}.{name}", value)
    if number(unavailable) and number(surge):
        yield invalid_value(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
    elif not number(unavailable) and not number(surge):
        yield required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")


def _node_selector(daemon_set: Object, _now: float) -> str:
    return labels((daemon_set["spec"]["template"].get("spec") or {}).get("nodeSelector"))


DAEMON_SET = Kind(
    group="apps", version="v1", name="DaemonSet", plural="daemonsets",
    short_names=("ds",),
    categories=("all",),
    subresources=(STATUS, WHY),
    also=(
        Served("apps", "v1beta2", replicas.retired("apps/v1beta2", "DaemonSet", "v1.9")),
        Served(
            "extensions", "v1beta1", replicas.retired("extensions/v1beta1", "DaemonSet", "v1.8"),
            to_storage=_of_extensions,
        ),
    ),
    columns=(
        Column("Desired", count("status", "desiredNumberScheduled"), type="integer"),
        Column("Current", count("status", "currentNumberScheduled"), type="integer"),
        Column("Ready", count("status", "numberReady"), type="integer"),
        Column("Up-to-date", count("status", "updatedNumberScheduled"), type="integer"),
        Column("Available", count("status", "numberAvailable"), type="integer"),
        Column("Node Selector", _node_selector),
        AGE,
        *workload(selector),
    ),
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    judged_twice=True,
    warnings=replicas.template_warnings,
    has_generation=True,
)  # fmt: skip
