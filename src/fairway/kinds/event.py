"""Event (core/v1)."""

from fairway.kinds.kind import Kind

EVENT = Kind(
    group="", version="v1", name="Event", plural="events",
    short_names=("ev",),
)  # fmt: skip
