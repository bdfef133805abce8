"""ResourceClaim and ResourceClaimTemplate (resource.k8s.io/v1): which devices a pod wants.

Source: KEP-4381; Kubernetes API reference, "ResourceClaim v1 resource.k8s.io".
"""

from collections.abc import Iterator

from fairway.kinds.devices.selectors import selector_problems
from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules.cells import AGE
from fairway.kinds.rules.status import OF_THE_OBJECT, keep_apart
from fairway.kinds.rules.values import IMMUTABLE, child, dns_label, dns_subdomain, fill
from fairway.objects import Object
from fairway.objects.errors import Problem, duplicate, invalid_value, not_supported, required, too_many
from fairway.objects.labels import validate_labels

_REQUESTS_MAX = 32
_MODES = ("All", "ExactCount")


def _fill(spec: Object) -> None:
    devices = child(spec, "devices")
    for request in devices.get("requests") or ():
        for wanted in (request.get("exactly"), *(request.get("firstAvailable") or ())):
            if wanted is not None:
                fill(wanted, allocationMode="ExactCount")
                if wanted["allocationMode"] == "ExactCount" and not wanted.get("count"):
                    wanted["count"] = 1


def _claim_defaults(new: Object) -> None:
    """One device for a request that does not say how many."""
    _fill(child(new, "spec"))
    child(new, "status")


def _template_defaults(new: Object) -> None:
    """Those of the claims that are made of it."""
    _fill(child(child(new, "spec"), "spec"))


def _prepare_claim(new: Object, old: Object | None, subresource: str) -> None:
    """The status belongs to the status subresource."""
    keep_apart(new, old, subresource, {}, metadata=OF_THE_OBJECT)


def _validate_claim(new: Object, old: Object | None) -> Iterator[Problem]:
    """Named requests of a class; what is wished for stays."""
    if old is not None:
        if new["spec"] != old["spec"]:
            yield invalid_value("spec", new["spec"], IMMUTABLE)
        return
    yield from _devices("spec.devices", new["spec"]["devices"])


def _validate_template(new: Object, old: Object | None) -> Iterator[Problem]:
    """Those of its claims; it never changes."""
    if old is not None and new["spec"] != old["spec"]:
        yield invalid_value("spec", new["spec"], IMMUTABLE)
    yield from validate_labels((new["spec"].get("metadata") or {}).get("labels"), "spec.metadata.labels")
    yield from _devices("spec.spec.devices", new["spec"]["spec"]["devices"])


def _devices(path: str, devices: Object) -> Iterator[Problem]:
    requests = devices.get("requests") or []
    if len(requests) > _REQUESTS_MAX:
        yield too_many(f"{path}.requests", len(requests), _REQUESTS_MAX)
    seen: set[str] = set()
    for index, request in enumerate(requests):
        here, name = f"{path}.requests[{index}]", request.get("name") or ""
        yield from _name(f"{here}.name", name)
        if name in seen:
            yield duplicate(f"{here}.name", name)
        seen.add(name)
        yield from _request(here, request)
    yield from _constraints(path, devices, seen)


def _constraints(path: str, devices: Object, seen: set[str]) -> Iterator[Problem]:
    for index, constraint in enumerate(devices.get("constraints") or ()):
        if not constraint.get("matchAttribute") and not constraint.get("distinctAttribute"):
            yield required(f"{path}.constraints[{index}]", "exactly one field must be set")
        for place, name in enumerate(constraint.get("requests") or ()):
            if name.partition("/")[0] not in seen:
                detail = (
                    "must be the name of a request in the claim"
                    " or the name of a request and a subrequest separated by '/'"
                )
                yield invalid_value(f"{path}.constraints[{index}].requests[{place}]", name, detail)


def _name(path: str, name: str) -> Iterator[Problem]:
    if name:
        yield from dns_label(path, name)
    else:
        yield required(path)


def _request(path: str, request: Object) -> Iterator[Problem]:
    exactly, first_available = request.get("exactly"), request.get("firstAvailable") or []
    if (exactly is None) == (not first_available):
        detail = "exactly one of `exactly` or `firstAvailable` is required"
        given = exactly is not None
        yield invalid_value(path, request, detail) if given else required(path, detail)
        return
    if exactly is not None:
        yield from _wanted(f"{path}.exactly", exactly)
    for index, wanted in enumerate(first_available):
        yield from _name(f"{path}.firstAvailable[{index}].name", wanted.get("name") or "")
        yield from _wanted(f"{path}.firstAvailable[{index}]", wanted)


def _wanted(path: str, wanted: Object) -> Iterator[Problem]:
    if device_class := wanted.get("deviceClassName"):
        yield from dns_subdomain(f"{path}.deviceClassName", device_class)
    else:
        yield required(f"{path}.deviceClassName")
    yield from selector_problems(f"{path}.selectors", wanted.get("selectors") or [])
    mode, count = wanted.get("allocationMode"), wanted.get("count") or 0
    if mode not in _MODES:
        yield not_supported(f"{path}.allocationMode", mode, _MODES)
    elif mode == "All" and count:
        detail = "must not be specified when allocationMode is 'All'"
        yield invalid_value(f"{path}.count", count, detail)
    elif mode == "ExactCount" and count <= 0:
        yield invalid_value(f"{path}.count", count, "must be greater than zero")


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
    validate=_validate_claim,
)  # fmt: skip
RESOURCE_CLAIM_TEMPLATE = Kind(
    group="resource.k8s.io", version="v1", name="ResourceClaimTemplate", plural="resourceclaimtemplates",
    columns=(AGE,),
    defaults=_template_defaults,
    validate=_validate_template,
)  # fmt: skip
