"""Matching: which requests a webhook or policy is about; the rules that both have in common.

Source: Kubernetes docs, "Dynamic Admission Control", "Matching requests".
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairway.kinds.rules.values import drop_null, each, fill
from fairway.objects import Object, names
from fairway.objects.errors import Problem, duplicate, invalid_value, not_supported, required, too_many
from fairway.objects.expressions import ExpressionError, Scope, compiled
from fairway.objects.expressions.types import BOOL, Type
from fairway.objects.labels import validate_label_selector

if TYPE_CHECKING:
    from fairway.objects.expressions.programs import Program

OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_SCOPES = ("*", "Cluster", "Namespaced")
MATCH_POLICIES = ("Equivalent", "Exact")
FAILURE_POLICIES = ("Fail", "Ignore")
_CONDITIONS_MAX = 64


def fill_matching(found: Object) -> None:
    """Everything matches that is not excluded."""
    fill(found, matchPolicy="Equivalent")
    for name in ("namespaceSelector", "objectSelector"):
        if found.get(name) is None:
            found[name] = {}
    drop_null(found, "matchConditions", "rules", "resourceRules", "excludeResourceRules")
    for field in ("rules", "resourceRules", "excludeResourceRules"):
        for rule in found.get(field) or ():
            fill(rule, scope="*")


def selectors(path: str, found: Object) -> Iterator[Problem]:
    """The match policy and both selectors."""
    policy = found.get("matchPolicy")
    if policy is not None and policy not in MATCH_POLICIES:
        yield not_supported(f"{path}.matchPolicy", policy, MATCH_POLICIES)
    for name in ("namespaceSelector", "objectSelector"):
        yield from validate_label_selector(found.get(name) or {}, f"{path}.{name}")


def rule(path: str, found: Object) -> Iterator[Problem]:
    """Operations, groups, versions and resources: some of each."""
    yield from _operations(f"{path}.operations", found.get("operations") or [])
    for field, word in (("apiGroups", "API groups"), ("apiVersions", "API versions"), ("resources", "")):
        values = found.get(field) or []
        if not values:
            yield required(f"{path}.{field}")
        if word and len(values) > 1 and "*" in values:
            yield invalid_value(f"{path}.{field}", values, f"if '*' is present, must not specify other {word}")
        for place, value in enumerate(values):
            if not value and field != "apiGroups":
                yield required(f"{path}.{field}[{place}]")
    yield from _resources(f"{path}.resources", found.get("resources") or [])
    scope = found.get("scope")
    if scope is not None and scope not in _SCOPES:
        yield not_supported(f"{path}.scope", scope, _SCOPES)


def _operations(path: str, operations: list[str]) -> Iterator[Problem]:
    if not operations:
        yield required(path)
    if len(operations) > 1 and "*" in operations:
        yield invalid_value(path, operations, "if '*' is present, must not specify other operations")
    for place, operation in enumerate(operations):
        if operation not in OPERATIONS:
            yield not_supported(f"{path}[{place}]", operation, OPERATIONS)


def _resources(path: str, values: list[str]) -> Iterator[Problem]:
    of_resource: set[str] = set()
    of_subresource: set[str] = set()
    for place, value in enumerate(values):
        resource, _, subresource = value.partition("/")
        if not subresource:
            continue
        if resource in of_resource:
            yield invalid_value(f"{path}[{place}]", value, f"if '{resource}/*' is present, must not specify {value}")
        if subresource in of_subresource:
            yield invalid_value(f"{path}[{place}]", value, f"if '*/{subresource}' is present, must not specify {value}")
        if subresource == "*":
            of_resource.add(resource)
        if resource == "*":
            of_subresource.add(subresource)
    if len(values) > 1 and "*/*" in values:
        yield invalid_value(path, values, "if '*/*' is present, must not specify other resources")
    plain = [one for one in values if "/" not in one]
    if "*" in plain and plain[-1] != "*":
        detail = "if '*' is present, must not specify other resources without subresources"
        yield invalid_value(path, values, detail)


def conditions(path: str, found: list[Object] | None, scope: Scope) -> Iterator[Problem]:
    """Named expressions that say yes or no, none twice."""
    if len(found or ()) > _CONDITIONS_MAX:
        yield too_many(path, len(found or ()), _CONDITIONS_MAX)
    seen: set[str] = set()
    for place, condition in enumerate(found or ()):
        name = condition.get("name") or ""
        trimmed = (condition.get("expression") or "").strip()
        yield from expression(f"{path}[{place}].expression", trimmed, scope, BOOL)
        if not name:
            yield required(f"{path}[{place}].name")
            continue
        yield from each(f"{path}[{place}].name", name, names.qualified_name(name))
        if name in seen:
            yield duplicate(f"{path}[{place}].name", name)
        seen.add(name)


def expression(path: str, text: str, scope: Scope, *types: Type, missing: str = "") -> Iterator[Problem]:
    """An expression without mistakes that gives one of ``types``, or anything where there are none."""
    if not text.strip():
        yield required(path, missing)
        return
    try:
        program = compiled(text, scope)
    except ExpressionError as error:
        yield invalid_value(path, text, f"compilation failed: {error}")
        return
    if types and program.type not in types:
        yield invalid_value(path, text, _wrong_type(program, types))


def _wrong_type(program: "Program", types: tuple[Type, ...]) -> str:
    wanted = [one.runtime_name for one in types]
    told = wanted[0] if len(wanted) == 1 else f"one of [{' '.join(wanted)}]"
    return f"must evaluate to {told} but got {program.type.runtime_name}"
