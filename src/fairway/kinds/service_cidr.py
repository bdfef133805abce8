"""ServiceCIDR (networking.k8s.io/v1)."""

from fairway.kinds.kind import STATUS, Kind

SERVICE_CIDR = Kind(
    group="networking.k8s.io", version="v1", name="ServiceCIDR", plural="servicecidrs",
    namespaced=False,
    subresources=(STATUS,),
)  # fmt: skip
