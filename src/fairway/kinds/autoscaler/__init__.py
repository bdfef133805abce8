"""HorizontalPodAutoscaler (autoscaling/v2, and v1): how many pods a workload may have, and by what that is decided.

Source: Kubernetes docs, "Horizontal Pod Autoscaling"; API reference, "HorizontalPodAutoscaler v2 autoscaling".
"""

from fairway.kinds.autoscaler.columns import COLUMNS
from fairway.kinds.autoscaler.filling import defaults, prepare
from fairway.kinds.autoscaler.validation import validate
from fairway.kinds.autoscaler.version_one import from_storage, to_storage
from fairway.kinds.kind import STATUS, Kind, Served

HORIZONTAL_POD_AUTOSCALER = Kind(
    group="autoscaling", version="v2", name="HorizontalPodAutoscaler", plural="horizontalpodautoscalers",
    short_names=("hpa",),
    categories=("all",),
    subresources=(STATUS,),
    also=(Served("autoscaling", "v1", to_storage=to_storage, from_storage=from_storage),),
    columns=COLUMNS,
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    has_generation=True,
)  # fmt: skip

__all__ = ["HORIZONTAL_POD_AUTOSCALER"]
