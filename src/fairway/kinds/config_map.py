"""ConfigMap (core/v1)."""

from fairway.kinds.kind import Kind

CONFIG_MAP = Kind(
    group="", version="v1", name="ConfigMap", plural="configmaps",
    short_names=("cm",),
)  # fmt: skip
