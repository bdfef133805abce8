"""Namespace (core/v1)."""

from fairway.kinds.kind import STATUS, Kind, Subresource

NAMESPACE = Kind(
    group="", version="v1", name="Namespace", plural="namespaces",
    short_names=("ns",),
    namespaced=False,
    subresources=(STATUS, Subresource("finalize", verbs=("update",)),),
    delete_returns_object=True,
)  # fmt: skip
