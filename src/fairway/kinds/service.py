"""Service (core/v1)."""

from fairway.kinds.kind import STATUS, Kind

SERVICE = Kind(
    group="", version="v1", name="Service", plural="services",
    short_names=("svc",),
    categories=("all",),
    subresources=(STATUS,),
    delete_returns_object=True,
)  # fmt: skip
