"""ServiceAccount (core/v1)."""

from fairway.kinds.kind import Kind

SERVICE_ACCOUNT = Kind(
    group="", version="v1", name="ServiceAccount", plural="serviceaccounts",
    short_names=("sa",),
    delete_returns_object=True,
)  # fmt: skip
