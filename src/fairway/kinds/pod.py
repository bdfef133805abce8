"""Pod (core/v1)."""

from fairway.kinds.kind import STATUS, Kind

POD = Kind(
    group="", version="v1", name="Pod", plural="pods",
    short_names=("po",),
    categories=("all",),
    subresources=(STATUS,),
    delete_returns_object=True,
)  # fmt: skip
