"""ReplicaSet (apps/v1)."""

from fairway.kinds.kind import SCALE, STATUS, Kind

REPLICA_SET = Kind(
    group="apps", version="v1", name="ReplicaSet", plural="replicasets",
    short_names=("rs",),
    categories=("all",),
    subresources=(STATUS, SCALE,),
)  # fmt: skip
