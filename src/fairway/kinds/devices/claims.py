"""ResourceClaim and ResourceClaimTemplate (resource.k8s.io/v1): which devices a pod wants.

Source: KEP-4381; Kubernetes API reference, "ResourceClaim v1 resource.k8s.io".
"""

from collections.abc import Iterator

from fairway.kinds.devices.allocations import status_problems
from fairway.kinds.devices.requests import fill_requests, request_problems
from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules.cells import AGE
from fairway.kinds.rules.status import OF_THE_OBJECT, keep_apart
from fairway.kinds.rules.template_metadata import template_metadata_problems
from fairway.kinds.rules.values import child, unchanged
from fairway.objects import Object
from fairway.objects.errors import Problem


def _claim_defaults(new: Object) -> None:
    """Those of its requests."""
    spec = child(new, "spec")
    child(spec, "devices")
    fill_requests(spec)
    child(new, "status")


def _template_defaults(new: Object) -> None:
    """Those of the claims that are made of it."""
    spec = child(child(new, "spec"), "spec")
    child(spec, "devices")
    fill_requests(spec)


def _prepare_claim(new: Object, old: Object | None, subresource: str) -> None:
    """The status belongs to the status subresource."""
    keep_apart(new, old, subresource, {}, metadata=OF_THE_OBJECT)


def _validate_claim(new: Object, old: Object | None) -> Iterator[Problem]:
    """What is wished for stays as it is; what was got is told once."""
    if old is None:
        yield from request_problems("spec.devices", new["spec"]["devices"])
        return
    yield from unchanged("spec", new["spec"], old["spec"])
    if new.get("status") != old.get("status"):
        yield from status_problems(new, old)


def _validate_template(new: Object, old: Object | None) -> Iterator[Problem]:
    """The rules of its claims; it never changes."""
    spec = new["spec"]
    if old is not None:
        yield from unchanged("spec", spec, old["spec"])
        return
    yield from template_metadata_problems("spec.metadata", spec.get("metadata") or {})
    yield from request_problems("spec.spec.devices", spec["spec"]["devices"])


def _state(claim: Object, _now: float) -> str:
    status, is_deleted = claim.get("status") or {}, bool(claim["metadata"].get("deletionTimestamp"))
    states = ["deleted"] if is_deleted else []
    if status.get("allocation") is None:
        states += [] if is_deleted else ["pending"]
    else:
        states += ["allocated", *(["reserved"] if status.get("reservedFor") else [])]
    return ",".join(states)


RESOURCE_CLAIM = Kind(
    group="resource.k8s.io", version="v1", name="ResourceClaim", plural="resourceclaims",
    subresources=(STATUS,),
    columns=(Column("State", _state), AGE),
    defaults=_claim_defaults,
    prepare=_prepare_claim,
    status_leaves=OF_THE_OBJECT,
    validate=_validate_claim,
)  # fmt: skip
RESOURCE_CLAIM_TEMPLATE = Kind(
    group="resource.k8s.io", version="v1", name="ResourceClaimTemplate", plural="resourceclaimtemplates",
    columns=(AGE,),
    defaults=_template_defaults,
    validate=_validate_template,
)  # fmt: skip
