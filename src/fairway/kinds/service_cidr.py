"""ServiceCIDR (networking.k8s.io/v1): a range out of which Services get their cluster addresses.

Source: KEP-1880.
"""

from collections.abc import Iterator

from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules.addresses import canonical_cidr, family_of_range
from fairway.kinds.rules.cells import AGE
from fairway.kinds.rules.status import OF_THE_OBJECT, keep_apart
from fairway.kinds.rules.values import IMMUTABLE, child, unchanged
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value, required

FINALIZER = "networking.k8s.io/service-cidr-finalizer"
"""Holds a range while addresses of it are in use."""
_PATH = "spec.cidrs"


def defaults(new: Object) -> None:
    """Nothing is filled in."""
    child(new, "spec")
    child(new, "status")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """The status belongs to the status subresource, the spec to the main resource; a new range is held at once."""
    keep_apart(new, old, subresource, {}, metadata=OF_THE_OBJECT)
    if old is None:
        finalizers = new["metadata"].get("finalizers") or []
        new["metadata"]["finalizers"] = finalizers if FINALIZER in finalizers else [*finalizers, FINALIZER]


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """One range of each family at most; a second family may be added later, nothing else changes."""
    ranges = new["spec"].get("cidrs") or []
    if old is not None:
        yield from _changes(ranges, old["spec"].get("cidrs") or [])
        return
    shown = {"CIDRs": ranges}
    if not ranges:
        yield required(_PATH, "at least one CIDR required")
    elif len(ranges) > 2:
        yield invalid_value(_PATH, shown, "may only hold up to 2 values")
    elif len({family_of_range(each) for each in ranges}) < len(ranges):
        yield invalid_value(
            _PATH, shown, "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"
        )
    else:
        for index, each in enumerate(ranges):
            yield from canonical_cidr(f"{_PATH}[{index}]", each)


def _changes(ranges: list[str], before: list[str]) -> Iterator[Problem]:
    if len(ranges) == len(before) or (len(before) == 1 and len(ranges) == 2):
        for index, (now, was) in enumerate(zip(ranges, before, strict=False)):
            yield from unchanged(f"{_PATH}[{index}]", now, was)
        for index, added in enumerate(ranges[len(before) :], len(before)):
            yield from canonical_cidr(f"{_PATH}[{index}]", added)
    else:
        yield invalid_value(_PATH, ranges, IMMUTABLE)


SERVICE_CIDR = Kind(
    group="networking.k8s.io", version="v1", name="ServiceCIDR", plural="servicecidrs",
    namespaced=False,
    subresources=(STATUS,),
    columns=(Column("CIDRs", lambda found, _: ",".join(found["spec"].get("cidrs") or ())), AGE),
    defaults=defaults,
    prepare=prepare,
    status_leaves=OF_THE_OBJECT,
    validate=validate,
)  # fmt: skip
