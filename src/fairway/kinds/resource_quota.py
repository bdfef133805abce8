"""ResourceQuota (core/v1): how much all objects of a namespace may take together.

Source: Kubernetes docs, "Resource Quotas"; Kubernetes API reference, "ResourceQuota v1 core".
"""

from collections.abc import Callable, Iterator

from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules.cells import AGE
from fairway.kinds.rules.quantities import amount, canonical_amounts
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import IMMUTABLE, child, drop_null, qualified_name
from fairway.objects import Object
from fairway.objects.errors import NIL, Problem, invalid_value, required
from fairway.objects.quantity import parse

COUNTED = (
    "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims",
    "services.nodeports", "services.loadbalancers",
)  # fmt: skip
"""Kinds with a plain name of their own: others are counted as ``count/deployments.apps``."""
_COMPUTE = ("cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory")
_STANDARD = (
    *COUNTED, *_COMPUTE, "ephemeral-storage", "requests.storage", "requests.ephemeral-storage",
    "limits.ephemeral-storage",
)  # fmt: skip
_PAIRS = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_PLAIN_SCOPES = (*(scope for pair in _PAIRS for scope in pair), "CrossNamespacePodAffinity")
_SCOPES = (*_PLAIN_SCOPES, "PriorityClass", "VolumeAttributesClass")
_PLAIN_OPERATOR = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


def defaults(new: Object) -> None:
    """Nothing is filled in; amounts are written in their one form."""
    spec = child(new, "spec")
    drop_null(spec, "hard", "scopes", "scopeSelector")
    status = child(new, "status")
    for amounts in (spec.get("hard"), status.get("hard"), status.get("used")):
        drop_null(amounts or {}, *list(amounts or ()))
        canonical_amounts(amounts)


def _prepare(new: Object, old: Object | None, subresource: str) -> None:
    keep_apart(new, old, subresource, {})


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Resources that can be counted, and scopes that can be told apart and do not change."""
    spec, status = new["spec"], new.get("status") or {}
    yield from _hard("spec.hard", spec.get("hard"))
    yield from _scopes(spec)
    yield from _selector(spec)
    yield from _hard("status.hard", status.get("hard"))
    yield from _hard("status.used", status.get("used"))
    if old is not None and set(spec.get("scopes") or ()) != set(old["spec"].get("scopes") or ()):
        yield invalid_value("spec.scopes", spec.get("scopes"), IMMUTABLE)


def _hard(path: str, found: Object | None) -> Iterator[Problem]:
    for name, value in (found or {}).items():
        yield from _name(f"{path}[{name}]", name)
        faults = [*amount(f"{path}[{name}]", value)]
        yield from faults
        if not faults and _is_counted(name) and parse(str(value)).nano % 10**9:
            yield invalid_value(f"{path}[{name}]", str(value), "must be an integer")


def _name(path: str, name: str) -> Iterator[Problem]:
    faults = [*qualified_name(path, name)]
    yield from faults
    is_huge = name.removeprefix("requests.").startswith("hugepages-")
    if not faults and "/" not in name and name not in _STANDARD and not is_huge:
        yield invalid_value(path, name, "must be a standard resource for quota")


def _is_counted(name: str) -> bool:
    return name in COUNTED or ("/" in name and not name.endswith("requests.storage"))


def _scopes(spec: Object) -> Iterator[Problem]:
    scopes = spec.get("scopes") or []
    for scope in scopes:
        if scope not in _SCOPES:
            yield invalid_value("spec.scopes", scopes, "unsupported scope")
        for name in spec.get("hard") or ():
            if name in _STANDARD and not _fits(scope, name):
                yield invalid_value("spec.scopes", scopes, "unsupported scope applied to resource")
    for one, other in _PAIRS:
        if one in scopes and other in scopes:
            yield invalid_value("spec.scopes", scopes, "conflicting scopes")


def _fits(scope: str, name: str) -> bool:
    """Whether objects of a scope take some of a resource."""
    if scope == "VolumeAttributesClass":
        return name in ("persistentvolumeclaims", "requests.storage")
    return name == "pods" or (scope in _SCOPES and scope != "BestEffort" and name in _COMPUTE)


def _selector(spec: Object) -> Iterator[Problem]:
    path = "spec.scopeSelector.matchExpressions"
    found = (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    for place in found:
        scope = place.get("scopeName") or ""
        if scope not in _SCOPES:
            yield invalid_value(f"{path}.scopeName", scope, "unsupported scope")
        for name in sorted(spec.get("hard") or ()):
            if name in _STANDARD and not _fits(scope, name):
                yield invalid_value(path, spec["scopeSelector"], "unsupported scope applied to resource")
        yield from _operator(path, scope, place.get("operator") or "", place.get("values") or [])
    named = {place.get("scopeName") for place in found}
    for one, other in _PAIRS:
        if one in named and other in named:
            yield invalid_value(path, spec.get("scopes") or NIL, "conflicting scopes")


def _operator(path: str, scope: str, operator: str, values: list[str]) -> Iterator[Problem]:
    if scope in _PLAIN_SCOPES and operator != "Exists":
        yield invalid_value(f"{path}.operator", operator, _PLAIN_OPERATOR)
    if operator in ("In", "NotIn"):
        if not values:
            yield required(
                f"{path}.values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            )
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            yield invalid_value(
                f"{path}.values", values,
                "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
            )  # fmt: skip
    else:
        yield invalid_value(f"{path}.operator", operator, "not a valid selector operator")


def _cell(*, is_limit: bool) -> Callable[[Object, float], str]:
    def cell(found: Object, _: float) -> str:
        """``pods: 1/10, requests.cpu: 1/2``, by name."""
        status = found.get("status") or {}
        used = status.get("used") or {}
        return ", ".join(
            f"{name}: {used.get(name, '0')}/{hard}"
            for name, hard in sorted((status.get("hard") or {}).items())
            if name.startswith("limits.") is is_limit
        )

    return cell


RESOURCE_QUOTA = Kind(
    group="", version="v1", name="ResourceQuota", plural="resourcequotas",
    short_names=("quota",),
    subresources=(STATUS,),
    columns=(Column("Request", _cell(is_limit=False)), Column("Limit", _cell(is_limit=True)), AGE),
    defaults=defaults,
    prepare=_prepare,
    validate=validate,
    delete_returns_object=True,
)  # fmt: skip
