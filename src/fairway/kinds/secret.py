"""Secret (core/v1)."""

from fairway.kinds.kind import Kind

SECRET = Kind(
    group="", version="v1", name="Secret", plural="secrets",
)  # fmt: skip
