"""Deployment (apps/v1)."""

from fairway.kinds.kind import SCALE, STATUS, Kind

DEPLOYMENT = Kind(
    group="apps", version="v1", name="Deployment", plural="deployments",
    short_names=("deploy",),
    categories=("all",),
    subresources=(STATUS, SCALE,),
)  # fmt: skip
