"""Scopes: which pods (and claims) a quota is about.  Pure.

Source: Kubernetes docs, "Resource Quotas", "Quota scopes".
"""

from collections.abc import Iterator

from fairway.kinds.kind import Kind
from fairway.objects import Object


def matches(quota: Object, kind: Kind, found: Object) -> bool:
    """Whether the object is in every scope of the quota; what is no pod is in none but ``VolumeAttributesClass``."""
    return all(_is_in(one, kind, found) for one in _requirements(quota["spec"]))


def _requirements(spec: Object) -> Iterator[Object]:
    for scope in spec.get("scopes") or ():
        yield {"scopeName": scope, "operator": "Exists"}
    yield from (spec.get("scopeSelector") or {}).get("matchExpressions") or ()


def _is_in(requirement: Object, kind: Kind, found: Object) -> bool:
    scope = requirement["scopeName"]
    if kind.group:
        return False
    spec = found.get("spec") or {}
    if kind.plural == "persistentvolumeclaims":
        named = spec.get("volumeAttributesClassName") or ""
        return scope == "VolumeAttributesClass" and _selects(requirement, named)
    if kind.plural != "pods":
        return False
    match scope:
        case "Terminating" | "NotTerminating":
            return (spec.get("activeDeadlineSeconds") is not None) is (scope == "Terminating")
        case "BestEffort" | "NotBestEffort":
            return _is_best_effort(spec) is (scope == "BestEffort")
        case "PriorityClass":
            return _selects(requirement, spec.get("priorityClassName") or "")
        case "CrossNamespacePodAffinity":
            return any(one.get("namespaces") or one.get("namespaceSelector") is not None for one in _terms(spec))
    return False


def _selects(requirement: Object, value: str) -> bool:
    values = requirement.get("values") or ()
    match requirement.get("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "DoesNotExist":
            return not value
    return bool(value)


def _is_best_effort(spec: Object) -> bool:
    """Whether nothing of the pod asks for CPU or memory: its quality of service."""
    parts = [spec, *(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    asked = ((one.get("resources") or {}).get(field) or {} for one in parts for field in ("requests", "limits"))
    return not any(name in amounts for amounts in asked for name in ("cpu", "memory"))


def _terms(spec: Object) -> Iterator[Object]:
    affinity = spec.get("affinity") or {}
    for name in ("podAffinity", "podAntiAffinity"):
        found = affinity.get(name) or {}
        yield from found.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        for weighted in found.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            yield weighted.get("podAffinityTerm") or {}
