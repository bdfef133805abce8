"""ReplicationController (core/v1)."""

from fairway.kinds.kind import SCALE, STATUS, Kind

REPLICATION_CONTROLLER = Kind(
    group="", version="v1", name="ReplicationController", plural="replicationcontrollers",
    short_names=("rc",),
    categories=("all",),
    subresources=(STATUS, SCALE,),
)  # fmt: skip
