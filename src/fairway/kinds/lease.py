"""Lease (coordination.k8s.io/v1): who holds something, and since when.

Source: Kubernetes docs, "Leases".
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import AGE, at
from fairway.kinds.rules.values import POSITIVE, child, drop_null, non_negative
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value

_OPTIONAL = (
    "holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions", "strategy",
    "preferredHolder",
)  # fmt: skip


def defaults(new: Object) -> None:
    """Nothing is filled in; nulls go."""
    drop_null(child(new, "spec"), *_OPTIONAL)


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Numbers in range."""
    spec = new["spec"]
    duration = spec.get("leaseDurationSeconds")
    if duration is not None and duration <= 0:
        yield invalid_value("spec.leaseDurationSeconds", duration, POSITIVE)
    yield from non_negative("spec.leaseTransitions", spec.get("leaseTransitions"))


LEASE = Kind(
    group="coordination.k8s.io", version="v1", name="Lease", plural="leases",
    columns=(Column("Holder", at("spec", "holderIdentity")), AGE),
    defaults=defaults,
    validate=validate,
    create_on_update=True,
    unconditional_update=False,
)  # fmt: skip
