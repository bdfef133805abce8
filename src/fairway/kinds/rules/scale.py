"""The ``scale`` subresource of every kind that has replicas.

Source: Kubernetes API reference, "Scale v1 autoscaling".
"""

from fairway.kinds.kind import Column, Subresource
from fairway.kinds.rules.cells import AGE, count

SCALE = Subresource(
    "scale", kind="Scale", group="autoscaling", version="v1",
    columns=(
        Column("Desired", count("spec", "replicas"), "integer"),
        Column("Available", count("status", "replicas"), "integer"),
        AGE,
    ),
)  # fmt: skip
