"""EndpointSlice (discovery.k8s.io/v1)."""

from fairway.kinds.kind import Kind

ENDPOINT_SLICE = Kind(
    group="discovery.k8s.io", version="v1", name="EndpointSlice", plural="endpointslices",
)  # fmt: skip
