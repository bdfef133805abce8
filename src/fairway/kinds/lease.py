"""Lease (coordination.k8s.io/v1)."""

from fairway.kinds.kind import Kind

LEASE = Kind(
    group="coordination.k8s.io", version="v1", name="Lease", plural="leases",
)  # fmt: skip
