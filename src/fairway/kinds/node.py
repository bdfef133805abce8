"""Node (core/v1)."""

from fairway.kinds.kind import STATUS, Kind, Subresource

NODE = Kind(
    group="", version="v1", name="Node", plural="nodes",
    short_names=("no",),
    namespaced=False,
    subresources=(STATUS, Subresource("proxy", verbs=("create", "delete", "get", "patch", "update"), kind="NodeProxyOptions"),),
)  # fmt: skip
