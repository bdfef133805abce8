"""Admission policies and their bindings: expressions that judge, or change, what is written.

Source: Kubernetes docs, "Validating Admission Policy", "Mutating Admission Policy".
"""

import re
from collections.abc import Iterator
from typing import Any

from fairway.kinds.admission_registration.matching import (
    FAILURE_POLICIES,
    REQUEST_VARIABLES,
    conditions,
    expression,
    fill_matching,
    rule,
    selectors,
)
from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules.cells import AGE, at
from fairway.kinds.rules.values import child, drop_null, fill, qualified_name
from fairway.objects import Object
from fairway.objects.errors import Problem, duplicate, forbidden_value, invalid_value, not_supported, required
from fairway.objects.expressions import STRING
from fairway.objects.labels import validate_label_selector

VARIABLES = (*REQUEST_VARIABLES, "params", "namespaceObject", "variables")
"""What the expressions of a policy may speak of."""
REASONS = {"Unauthorized": 401, "Forbidden": 403, "Invalid": 422, "RequestEntityTooLarge": 413}
ACTIONS = ("Audit", "Deny", "Warn")
_NOT_FOUND = ("Allow", "Deny")
_PATCHES = ("ApplyConfiguration", "JSONPatch")
_REINVOCATIONS = ("IfNeeded", "Never")
_is_identifier = re.compile("[A-Za-z_][A-Za-z0-9_]*").fullmatch


def _fill_policy(new: Object) -> None:
    """Failures refuse the request; everything that the rules say matches."""
    spec = child(new, "spec")
    fill(spec, failurePolicy="Fail")
    drop_null(spec, "paramKind", "validations", "auditAnnotations", "matchConditions", "variables", "mutations")
    if spec.get("matchConstraints") is not None:
        fill_matching(spec["matchConstraints"])


def _fill_binding(new: Object) -> None:
    """A binding that names no resources means all that its policy does."""
    spec = child(new, "spec")
    drop_null(spec, "paramRef", "matchResources", "validationActions")
    if spec.get("matchResources") is not None:
        fill_matching(spec["matchResources"])


def _prepare_policy(new: Object, old: Object | None, subresource: str) -> None:
    """The server itself has looked at the policy as soon as it is stored."""
    if subresource == "status" and old is not None:
        new["spec"] = old["spec"]
        return
    kept: Object = {"typeChecking": {}}
    generation = 1
    if old is not None:
        generation = int(old["metadata"].get("generation") or 1) + (new["spec"] != old["spec"])
        kept |= old.get("status") or {}
    new["status"] = {**kept, "observedGeneration": generation}


def _validate_policy(new: Object, _old: Object | None) -> Iterator[Problem]:
    """Something to judge, about some resources, in expressions without mistakes."""
    spec = new["spec"]
    yield from _common(spec)
    validations, annotations = spec.get("validations") or [], spec.get("auditAnnotations") or []
    if not validations and not annotations:
        for field in ("validations", "auditAnnotations"):
            yield required(f"spec.{field}", "validations or auditAnnotations must be non-empty")
    for place, validation in enumerate(validations):
        yield from _validation(f"spec.validations[{place}]", validation)
    for place, annotation in enumerate(annotations):
        path, key = f"spec.auditAnnotations[{place}]", annotation.get("key") or ""
        if not key:
            yield required(f"{path}.key")
        else:
            yield from qualified_name(f"{path}.key", f"{new['metadata'].get('name') or 'x'}/{key}")
        yield from expression(
            f"{path}.valueExpression", annotation.get("valueExpression"), VARIABLES, (STRING, "null_type", "null")
        )


def _common(spec: Object) -> Iterator[Problem]:
    policy = spec.get("failurePolicy")
    if policy not in FAILURE_POLICIES:
        yield not_supported("spec.failurePolicy", policy, FAILURE_POLICIES)
    kind = spec.get("paramKind")
    if kind is not None:
        for field in ("apiVersion", "kind"):
            if not kind.get(field):
                yield required(f"spec.paramKind.{field}")
    constraints = spec.get("matchConstraints")
    if constraints is None:
        yield required("spec.matchConstraints")
    else:
        yield from _match("spec.matchConstraints", constraints, needs_rules=True)
    yield from conditions("spec.matchConditions", spec.get("matchConditions"), (*REQUEST_VARIABLES, "params"))
    yield from _variables(spec.get("variables") or [])


def _match(path: str, found: Object, *, needs_rules: bool) -> Iterator[Problem]:
    yield from selectors(path, found)
    if needs_rules and not found.get("resourceRules"):
        yield required(f"{path}.resourceRules")
    for field in ("resourceRules", "excludeResourceRules"):
        for place, one in enumerate(found.get(field) or ()):
            yield from rule(f"{path}.{field}[{place}]", one)


def _variables(found: list[Object]) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, variable in enumerate(found):
        path, name = f"spec.variables[{place}]", variable.get("name") or ""
        if not name:
            yield required(f"{path}.name", "name is not specified")
        elif not _is_identifier(name):
            yield invalid_value(f"{path}.name", name, "name is not a valid CEL identifier")
        elif name in seen:
            yield duplicate(f"{path}.name", name)
        seen.add(name)
        yield from expression(f"{path}.expression", variable.get("expression"), VARIABLES, ())


def _validation(path: str, found: Object) -> Iterator[Problem]:
    yield from expression(f"{path}.expression", found.get("expression"), VARIABLES, ("bool",))
    if (found.get("messageExpression") or "").strip():
        yield from expression(f"{path}.messageExpression", found["messageExpression"], VARIABLES, (STRING,))
    message = found.get("message") or ""
    if message and not message.strip():
        yield invalid_value(f"{path}.message", message, "message must be non-empty if specified")
    elif "\n" in message.strip():
        yield invalid_value(f"{path}.message", message, "message must not contain line breaks")
    elif "\n" in (found.get("expression") or "").strip() and not message:
        yield required(f"{path}.message", "message must be specified if expression contains line breaks")
    reason = found.get("reason")
    if reason is not None and reason not in REASONS:
        yield not_supported(f"{path}.reason", reason, tuple(sorted(REASONS)))


def _validate_binding(new: Object, _old: Object | None) -> Iterator[Problem]:
    """A policy, what to do where it is broken, and where its parameters are."""
    yield from _bound(new["spec"])
    actions = new["spec"].get("validationActions") or []
    if not actions:
        yield required("spec.validationActions", "at least one validation action is required")
    for place, action in enumerate(actions):
        if action not in ACTIONS:
            yield not_supported(f"spec.validationActions[{place}]", action, ACTIONS)
        elif action in actions[:place]:
            yield duplicate(f"spec.validationActions[{place}]", action)
    if "Deny" in actions and "Warn" in actions:
        detail = (
            "must not contain both Deny and Warn (repeating the same validation failure information in the API "
            "response and headers serves no purpose)"
        )
        yield invalid_value("spec.validationActions", actions, detail)


def _bound(spec: Object) -> Iterator[Problem]:
    if not spec.get("policyName"):
        yield required("spec.policyName")
    reference = spec.get("paramRef")
    if reference is not None:
        yield from _reference(reference)
    resources = spec.get("matchResources")
    if resources is not None:
        yield from _match("spec.matchResources", resources, needs_rules=False)


def _reference(reference: Object) -> Iterator[Problem]:
    name, selector = reference.get("name"), reference.get("selector")
    if name and selector is not None:
        yield forbidden_value("spec.paramRef.name", "name and selector are mutually exclusive")
    elif not name and selector is None:
        yield required("spec.paramRef", "one of name or selector must be specified")
    if selector is not None:
        yield from validate_label_selector(selector, "spec.paramRef.selector")
    action = reference.get("parameterNotFoundAction")
    if action is None:
        yield required("spec.paramRef.parameterNotFoundAction")
    elif action not in _NOT_FOUND:
        yield not_supported("spec.paramRef.parameterNotFoundAction", action, _NOT_FOUND)


def _validate_mutating(new: Object, _old: Object | None) -> Iterator[Problem]:
    """Something to change, about some resources.  What the mutations say is only read, not checked."""
    spec = new["spec"]
    yield from _common(spec)
    if not spec.get("mutations"):
        yield required("spec.mutations", "mutations must contain at least one item")
    for place, mutation in enumerate(spec.get("mutations") or ()):
        kind = mutation.get("patchType")
        if kind not in _PATCHES:
            yield not_supported(f"spec.mutations[{place}].patchType", kind or "", _PATCHES)
    again = spec.get("reinvocationPolicy")
    if not again:
        yield required("spec.reinvocationPolicy")
    elif again not in _REINVOCATIONS:
        yield not_supported("spec.reinvocationPolicy", again, _REINVOCATIONS)


def _validate_mutating_binding(new: Object, _old: Object | None) -> Iterator[Problem]:
    """A policy, and where its parameters are."""
    yield from _bound(new["spec"])


def _param_kind(found: Object, _: float) -> str:
    kind = (found.get("spec") or {}).get("paramKind")
    return f"{kind['apiVersion']}/{kind['kind']}" if kind else "<unset>"


def _param_ref(found: Object, _: float) -> str:
    reference = (found.get("spec") or {}).get("paramRef")
    if not reference:
        return "<unset>"
    name, namespace = reference.get("name") or "*", reference.get("namespace")
    return f"{namespace}/{name}" if namespace else name


def _count(field: str) -> Any:
    return lambda found, _: len((found.get("spec") or {}).get(field) or ())


_BINDING_COLUMNS = (Column("PolicyName", at("spec", "policyName")), Column("ParamRef", _param_ref), AGE)

VALIDATING_ADMISSION_POLICY = Kind(
    group="admissionregistration.k8s.io", version="v1", name="ValidatingAdmissionPolicy",
    plural="validatingadmissionpolicies",
    namespaced=False,
    categories=("api-extensions",),
    subresources=(STATUS,),
    columns=(
        Column("Validations", _count("validations"), type="integer"), Column("ParamKind", _param_kind), AGE,
    ),
    has_generation=True,
    defaults=_fill_policy,
    prepare=_prepare_policy,
    validate=_validate_policy,
)  # fmt: skip
VALIDATING_ADMISSION_POLICY_BINDING = Kind(
    group="admissionregistration.k8s.io", version="v1", name="ValidatingAdmissionPolicyBinding",
    plural="validatingadmissionpolicybindings",
    namespaced=False,
    categories=("api-extensions",),
    columns=_BINDING_COLUMNS,
    has_generation=True,
    defaults=_fill_binding,
    validate=_validate_binding,
)  # fmt: skip
MUTATING_ADMISSION_POLICY = Kind(
    group="admissionregistration.k8s.io", version="v1", name="MutatingAdmissionPolicy",
    plural="mutatingadmissionpolicies",
    namespaced=False,
    categories=("api-extensions",),
    columns=(Column("Mutations", _count("mutations"), type="integer"), Column("ParamKind", _param_kind), AGE),
    has_generation=True,
    defaults=_fill_policy,
    validate=_validate_mutating,
)  # fmt: skip
MUTATING_ADMISSION_POLICY_BINDING = Kind(
    group="admissionregistration.k8s.io", version="v1", name="MutatingAdmissionPolicyBinding",
    plural="mutatingadmissionpolicybindings",
    namespaced=False,
    categories=("api-extensions",),
    columns=_BINDING_COLUMNS,
    has_generation=True,
    defaults=_fill_binding,
    validate=_validate_mutating_binding,
)  # fmt: skip
