"""Endpoints (core/v1)."""

from fairway.kinds.kind import Kind

ENDPOINTS = Kind(
    group="", version="v1", name="Endpoints", plural="endpoints",
    short_names=("ep",),
)  # fmt: skip
