"""StatefulSet (apps/v1, and older versions): pods with a name, a place in an order and storage of their own.

Source: Kubernetes docs, "StatefulSets"; API reference, "StatefulSet v1 apps".
"""

from fairway.kinds.kind import STATUS, WHY, Column, Kind, Served
from fairway.kinds.rules import replicas
from fairway.kinds.rules.cells import AGE, selector, workload
from fairway.kinds.rules.scale import SCALE
from fairway.kinds.stateful_set.filling import defaults, of_apps_beta, prepare
from fairway.kinds.stateful_set.validation import validate, warnings
from fairway.objects import Object


def _ready(found: Object, _now: float) -> str:
    ready = (found.get("status") or {}).get("readyReplicas") or 0
    return f"{ready}/{found['spec'].get('replicas', 1)}"


STATEFUL_SET = Kind(
    group="apps", version="v1", name="StatefulSet", plural="statefulsets",
    short_names=("sts",),
    categories=("all",),
    subresources=(STATUS, SCALE, WHY),
    also=(
        Served("apps", "v1beta2", replicas.retired("apps/v1beta2", "StatefulSet", "v1.9")),
        Served(
            "apps", "v1beta1", replicas.retired("apps/v1beta1", "StatefulSet", "v1.8"), to_storage=of_apps_beta
        ),
    ),
    columns=(Column("Ready", _ready), AGE, *workload(selector)[:2]),
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    warnings=warnings,
    has_generation=True,
)  # fmt: skip

__all__ = ["STATEFUL_SET"]
