"""Checking: the expressions of a policy against the types of the kinds that it is about.

Pure.
"""

from collections.abc import Callable, Iterator

from fairway.kinds.admission_registration.scopes import PolicyScopes
from fairway.objects import Object
from fairway.objects.expressions import mistakes
from fairway.objects.expressions.types import Type

TYPES_MAX = 10
"""Kinds that are looked at for one rule."""
Named = tuple[str, str, str]
"""Group, version and kind."""
KindsOf = Callable[[str, str, str], list[Named]]
"""(group, version, plural) -> the kinds behind it."""
TypeOf = Callable[[Named], Type | None]


def warnings(policy: Object, kinds_of: KindsOf, type_of: TypeOf) -> list[Object]:
    """Every expression that does not fit, as ``status.typeChecking.expressionWarnings`` has them."""
    spec = policy["spec"]
    checked = [(named, found) for named in _kinds(spec, kinds_of) if (found := type_of(named)) is not None]
    parameter = _parameter(spec, type_of)
    spec = {**spec, "paramKind": spec.get("paramKind") if parameter is not None else None}
    told: list[Object] = []
    for place, validation in enumerate(spec.get("validations") or ()):
        for field in ("expression", "messageExpression"):
            text = validation.get(field) or ""
            if text and (warning := "\n".join(_told(text, spec, checked, parameter))):
                told.append({"fieldRef": f"spec.validations[{place}].{field}", "warning": warning})
    return told


def _told(text: str, spec: Object, checked: list[tuple[Named, Type]], parameter: Type | None) -> Iterator[str]:
    for named, found in checked:
        types = {"object": found, "oldObject": found}
        if parameter is not None:
            types["params"] = parameter
        wrong = "\n".join(mistakes(text, PolicyScopes(spec, types).scope()))
        if wrong:
            group, version, kind = named
            yield f"{group}/{version}, Kind={kind}: {wrong}\n"


def _parameter(spec: Object, type_of: TypeOf) -> Type | None:
    kind = spec.get("paramKind")
    if kind is None:
        return None
    group, _, version = kind["apiVersion"].rpartition("/")
    return type_of((group, version, kind["kind"]))


def _kinds(spec: Object, kinds_of: KindsOf) -> list[Named]:
    """What the rules name, without wildcards, in order."""
    found: set[Named] = set()
    for rule in (spec.get("matchConstraints") or {}).get("resourceRules") or ():
        groups, versions = rule.get("apiGroups") or [], rule.get("apiVersions") or []
        if any("*" in one for one in (*groups, *versions)):
            continue
        resources = [one for one in rule.get("resources") or () if "*" not in one and "/" not in one]
        named = [
            kind
            for group in sorted(groups)
            for version in sorted(versions)
            for resource in sorted(resources)
            for kind in kinds_of(group, version, resource)
        ]
        found.update(named[:TYPES_MAX])
        if len(named) >= TYPES_MAX:
            break
    return sorted(found)
