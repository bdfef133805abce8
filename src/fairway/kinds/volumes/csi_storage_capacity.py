"""CSIStorageCapacity (storage.k8s.io/v1): how much room a driver has left for a class, and where.

Source: KEP-1472; Kubernetes docs, "Storage Capacity".
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import UNSET, at
from fairway.kinds.rules.quantities import amount, canonical_amount
from fairway.kinds.rules.values import drop_null, each, unchanged
from fairway.kinds.volumes.warnings import capacity_warnings
from fairway.objects import Object, names
from fairway.objects.errors import Problem
from fairway.objects.labels import validate_label_selector

_AMOUNTS = ("capacity", "maximumVolumeSize")


def defaults(new: Object) -> None:
    """Amounts are written as Kubernetes writes them."""
    drop_null(new, *_AMOUNTS, "nodeTopology")
    for name in _AMOUNTS:
        if name in new:
            new[name] = canonical_amount(new[name])


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """A class by name, room that is not negative; class and place stay."""
    name = new.get("storageClassName") or ""
    yield from each("storageClassName", name, names.dns_subdomain(name))
    if topology := new.get("nodeTopology"):
        yield from validate_label_selector(topology, "nodeTopology")
    for field in _AMOUNTS:
        if field in new:
            yield from amount(field, new[field])
    if old is not None:
        yield from unchanged("nodeTopology", new.get("nodeTopology"), old.get("nodeTopology"))
        yield from unchanged("storageClassName", name, old.get("storageClassName") or "")


CSI_STORAGE_CAPACITY = Kind(
    group="storage.k8s.io", version="v1", name="CSIStorageCapacity", plural="csistoragecapacities",
    columns=(
        Column("StorageClassName", at("storageClassName")),
        Column("Capacity", at("capacity", absent=UNSET)),
    ),
    defaults=defaults,
    validate=validate,
    warnings=capacity_warnings,
    unconditional_update=False,
)  # fmt: skip
