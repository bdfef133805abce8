"""ReplicationController (core/v1): keeps a number of equal pods alive; ReplicaSet is its successor.

Source: Kubernetes docs, "ReplicationController".
"""

from collections.abc import Iterator

from fairway.kinds.kind import STATUS, WHY, Column, Kind
from fairway.kinds.rules import replicas
from fairway.kinds.rules.cells import AGE, count, field, labels, workload
from fairway.kinds.rules.pod_spec import fill_template, template_problems
from fairway.kinds.rules.scale import SCALE
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import child, drop_null, fill, non_negative
from fairway.objects import Object
from fairway.objects.errors import Problem, required
from fairway.objects.labels import from_map


def defaults(new: Object) -> None:
    """One replica; selector and labels are those of the template."""
    spec = child(new, "spec")
    drop_null(spec, "selector", "minReadySeconds", "template")
    replicas.labels_from_template(new, is_map=True)
    fill(spec, replicas=1)
    if "template" in spec:
        fill_template(spec["template"])
    fill(child(new, "status"), replicas=0)


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Status and spec each belong to their own resource."""
    keep_apart(new, old, subresource, {"replicas": 0})


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule."""
    yield from replicas.status_problems(new, old)
    spec = new["spec"]
    if old is not None and spec == old["spec"]:
        return
    yield from non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    if not spec.get("selector"):
        yield required("spec.selector")
    yield from non_negative("spec.replicas", spec["replicas"])
    yield from template_problems(
        "spec.template", spec.get("template"), from_map(spec.get("selector") or {}), "ReplicationController"
    )


REPLICATION_CONTROLLER = Kind(
    group="", version="v1", name="ReplicationController", plural="replicationcontrollers",
    short_names=("rc",),
    categories=("all",),
    subresources=(STATUS, SCALE, WHY),
    columns=(
        Column("Desired", count("spec", "replicas"), type="integer"),
        Column("Current", count("status", "replicas"), type="integer"),
        Column("Ready", count("status", "readyReplicas"), type="integer"),
        AGE,
        *workload(labels),
    ),
    fields={"status.replicas": field("status", "replicas")},
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    judged_twice=True,
    warnings=replicas.warnings,
    has_generation=True,
    orphans_by_default=True,
)  # fmt: skip
