"""IPAddress (networking.k8s.io/v1)."""

from fairway.kinds.kind import Kind

IP_ADDRESS = Kind(
    group="networking.k8s.io", version="v1", name="IPAddress", plural="ipaddresses",
    short_names=("ip",),
    namespaced=False,
)  # fmt: skip
