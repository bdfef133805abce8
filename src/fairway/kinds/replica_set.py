"""ReplicaSet (apps/v1, and older versions): keeps a number of equal pods alive.

Source: Kubernetes docs, "ReplicaSet".
"""

from collections.abc import Iterator

from fairway.kinds.kind import STATUS, WHY, Column, Kind, Served
from fairway.kinds.rules import replicas
from fairway.kinds.rules.cells import AGE, count, field, selector, workload
from fairway.kinds.rules.pod_spec import fill_template, template_problems
from fairway.kinds.rules.scale import SCALE
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import child, drop_null, fill, non_negative, unchanged
from fairway.objects import Object
from fairway.objects.errors import Problem, StatusError, invalid_value, required
from fairway.objects.labels import Selector, from_label_selector, validate_label_selector


def defaults(new: Object) -> None:
    """One replica."""
    spec = child(new, "spec")
    drop_null(spec, "selector", "minReadySeconds")
    fill(spec, replicas=1)
    fill_template(child(spec, "template"))
    fill(child(new, "status"), replicas=0)


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Status and spec each belong to their own resource."""
    keep_apart(new, old, subresource, {"replicas": 0})


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule; the selector stays what it was."""
    yield from replicas.status_problems(new, old)
    spec = new["spec"]
    if old is not None and spec == old["spec"]:
        return
    yield from non_negative("spec.replicas", spec["replicas"])
    yield from non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from selector_problems(spec.get("selector"))
    yield from selected_template(spec)
    if old is not None:
        yield from unchanged("spec.selector", spec.get("selector"), old["spec"].get("selector"))


def selector_problems(found: Object | None) -> Iterator[Problem]:
    """A selector must be there, be well-formed, and select by something."""
    if found is None:
        yield required("spec.selector")
        return
    yield from validate_label_selector(found, "spec.selector")
    if not found.get("matchLabels") and not found.get("matchExpressions"):
        yield invalid_value("spec.selector", found, "empty selector is invalid for deployment")


def selected_template(spec: Object) -> Iterator[Problem]:
    """The template of pods, which the selector must select; not looked at while the selector is malformed."""
    chosen = parsed(spec.get("selector"))
    if chosen is None:
        yield invalid_value("spec.selector", spec["selector"], "invalid label selector")
    else:
        yield from template_problems("spec.template", spec.get("template"), chosen, "ReplicaSet")


def parsed(found: Object | None) -> Selector | None:
    """The selector, ``None`` for a malformed one; one that is absent selects nothing."""
    try:
        return from_label_selector(found) if next(validate_label_selector(found, ""), None) is None else None
    except (StatusError, KeyError):
        return None


REPLICA_SET = Kind(
    group="apps", version="v1", name="ReplicaSet", plural="replicasets",
    short_names=("rs",),
    categories=("all",),
    subresources=(STATUS, SCALE, WHY),
    also=(
        Served("apps", "v1beta2", replicas.retired("apps/v1beta2", "ReplicaSet", "v1.9")),
        Served(
            "extensions", "v1beta1", replicas.retired("extensions/v1beta1", "ReplicaSet", "v1.8"),
            to_storage=replicas.labels_from_template,
        ),
    ),
    columns=(
        Column("Desired", count("spec", "replicas"), type="integer"),
        Column("Current", count("status", "replicas"), type="integer"),
        Column("Ready", count("status", "readyReplicas"), type="integer"),
        AGE,
        *workload(selector),
    ),
    fields={"status.replicas": field("status", "replicas")},
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    judged_twice=True,
    warnings=replicas.warnings,
    has_generation=True,
)  # fmt: skip
