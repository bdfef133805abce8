"""Admission policies: expressions that judge, or change, what is written.

Source: Kubernetes docs, "Validating Admission Policy", "Mutating Admission Policy".
"""

import re
from collections.abc import Iterator
from typing import Any

from fairway.kinds.admission_registration.bindings import CHANGING, match_resources
from fairway.kinds.admission_registration.matching import FAILURE_POLICIES, conditions, expression, fill_matching
from fairway.kinds.admission_registration.scopes import OBJECT, PATCH, PolicyScopes
from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules.cells import AGE
from fairway.kinds.rules.status import OF_THE_OBJECT, keep_metadata
from fairway.kinds.rules.values import child, drop_null, fill, qualified_name
from fairway.objects import Object, names
from fairway.objects.errors import Problem, duplicate, invalid_value, not_supported, required
from fairway.objects.expressions import ExpressionError
from fairway.objects.expressions.types import BOOL, NULL, STRING, list_of

REASONS = {"Unauthorized": 401, "Forbidden": 403, "Invalid": 422, "RequestEntityTooLarge": 413}
_PATCHES = ("ApplyConfiguration", "JSONPatch")
_REINVOCATIONS = ("IfNeeded", "Never")
_ANNOTATIONS_MAX, _ANNOTATION_MAX_BYTES = 20, 5 * 1024
_is_identifier = re.compile("[A-Za-z_][A-Za-z0-9_]*").fullmatch
_RESERVED = frozenset(
    (
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let", "loop", "package", "namespace", "return", "var", "void", "while",
    )
)  # fmt: skip


def _fill(new: Object) -> None:
    """Failures refuse the request; everything that the rules say matches."""
    spec = child(new, "spec")
    fill(spec, failurePolicy="Fail")
    drop_null(spec, "paramKind", "validations", "auditAnnotations", "matchConditions", "variables", "mutations")
    if spec.get("matchConstraints") is not None:
        fill_matching(spec["matchConstraints"])


def _prepare(new: Object, old: Object | None, subresource: str) -> None:
    """The status is for who looks at the types."""
    if subresource == "status" and old is not None:
        new["spec"] = old["spec"]
        keep_metadata(new, old, OF_THE_OBJECT)
    elif old is not None and "status" in old:
        new["status"] = old["status"]
    else:
        new["status"] = {}


def _validate_validating(new: Object, old: Object | None) -> Iterator[Problem]:
    """Something to judge, about some resources, in expressions without mistakes."""
    spec = new["spec"]
    if old is not None and spec == old["spec"]:
        return
    scopes = PolicyScopes(spec)
    yield from _common(spec, scopes, ())
    validations, annotations = spec.get("validations") or [], spec.get("auditAnnotations") or []
    if not validations and not annotations:
        for field in ("validations", "auditAnnotations"):
            yield required(f"spec.{field}", "validations or auditAnnotations must contain at least one item")
    for place, validation in enumerate(validations):
        yield from _validation(f"spec.validations[{place}]", validation, scopes)
    yield from _annotations(new["metadata"].get("name") or "", annotations, scopes)


def _annotations(policy: str, found: list[Object], scopes: PolicyScopes) -> Iterator[Problem]:
    if len(found) > _ANNOTATIONS_MAX:
        detail = f"must not have more than {_ANNOTATIONS_MAX} auditAnnotations"
        yield invalid_value("spec.auditAnnotations", found, detail)
    seen: set[str] = set()
    for place, annotation in enumerate(found):
        path, key = f"spec.auditAnnotations[{place}]", annotation.get("key") or ""
        if policy:
            yield from qualified_name(f"{path}.key", f"{policy}/{key}")
        else:
            yield invalid_value(f"{path}.key", key, "requires metadata.name be non-empty")
        text = (annotation.get("valueExpression") or "").strip()
        if len(text.encode()) > _ANNOTATION_MAX_BYTES:
            yield required(f"{path}.valueExpression", f"must not exceed {_ANNOTATION_MAX_BYTES} bytes in length")
        else:
            missing = "valueExpression is not specified"
            yield from expression(f"{path}.valueExpression", text, scopes.scope(), STRING, NULL, missing=missing)
        if key in seen:
            yield duplicate(f"{path}.key", key)
        seen.add(key)


def _common(spec: Object, scopes: PolicyScopes, operations: tuple[str, ...]) -> Iterator[Problem]:
    policy = spec.get("failurePolicy")
    if policy not in FAILURE_POLICIES:
        yield not_supported("spec.failurePolicy", policy, FAILURE_POLICIES)
    if spec.get("paramKind") is not None:
        yield from _param_kind(spec["paramKind"])
    constraints = spec.get("matchConstraints")
    if constraints is None:
        yield required("spec.matchConstraints")
    else:
        yield from match_resources("spec.matchConstraints", constraints, needs_rules=True, operations=operations)
    if spec.get("matchConditions"):
        yield from conditions("spec.matchConditions", spec["matchConditions"], scopes.condition_scope())
    yield from _variables(spec.get("variables") or [], scopes)


def _param_kind(kind: Object) -> Iterator[Problem]:
    api_version, name = kind.get("apiVersion") or "", kind.get("kind") or ""
    path = "spec.paramKind.apiVersion"
    group, _, version = api_version.rpartition("/")
    if not api_version:
        yield required(path)
    elif api_version.count("/") > 1:
        yield invalid_value(path, api_version, f"unexpected GroupVersion string: {api_version}")
    else:
        if group and (told := list(names.dns_subdomain(group))):
            yield invalid_value(path, group, ",".join(told))
        if not version:
            yield invalid_value(path, api_version, "version must be specified")
        elif told := list(names.dns_1035_label(version)):
            yield invalid_value(path, version, ",".join(told))
    if not name:
        yield required("spec.paramKind.kind")
    elif told := list(names.dns_1035_label(name.lower())):
        detail = f"may have mixed case, but should otherwise match: {','.join(told)}"
        yield invalid_value("spec.paramKind.kind", name, detail)


def _variables(found: list[Object], scopes: PolicyScopes) -> Iterator[Problem]:
    for place, variable in enumerate(found):
        path, name, text = f"spec.variables[{place}]", variable.get("name") or "", variable.get("expression") or ""
        if not name.strip():
            yield required(f"{path}.name", "name is not specified")
        elif not _is_identifier(name) or name in _RESERVED:
            yield invalid_value(f"{path}.name", name, "must be a valid CEL identifier")
        _, program = scopes.variables[place]
        if not text.strip():
            yield required(f"{path}.expression", "expression is not specified")
        elif isinstance(program, ExpressionError):
            yield invalid_value(f"{path}.expression", text, f"compilation failed: {program}")


def _validation(path: str, found: Object, scopes: PolicyScopes) -> Iterator[Problem]:
    text, said = found.get("expression") or "", found.get("messageExpression") or ""
    yield from expression(f"{path}.expression", text, scopes.scope(), BOOL, missing="expression is not specified")
    if said and not said.strip():
        yield invalid_value(f"{path}.messageExpression", said, "must be non-empty if specified")
    elif said:
        yield from expression(f"{path}.messageExpression", said, scopes.scope(has_authorizer=False), STRING)
    message = found.get("message") or ""
    if message and not message.strip():
        yield invalid_value(f"{path}.message", message, "must be non-empty if specified")
    elif "\n" in message.strip() or "\r" in message.strip():
        yield invalid_value(f"{path}.message", message, "must not contain line breaks")
    reason = found.get("reason")
    if reason is not None and reason not in REASONS:
        yield not_supported(f"{path}.reason", reason, tuple(sorted(REASONS)))


def _validate_mutating(new: Object, old: Object | None) -> Iterator[Problem]:
    """Something to change, about some resources, in expressions without mistakes."""
    spec = new["spec"]
    if old is not None and spec == old["spec"]:
        return
    scopes = PolicyScopes({"mutations": [], **spec})
    yield from _common(spec, scopes, CHANGING)
    if not spec.get("mutations"):
        yield required("spec.mutations", "mutations must contain at least one item")
    for place, mutation in enumerate(spec.get("mutations") or ()):
        yield from _mutation(f"spec.mutations[{place}]", mutation, scopes)
    again = spec.get("reinvocationPolicy")
    if not again:
        yield required("spec.reinvocationPolicy")
    elif again not in _REINVOCATIONS:
        yield not_supported("spec.reinvocationPolicy", again, _REINVOCATIONS)


def _mutation(path: str, found: Object, scopes: PolicyScopes) -> Iterator[Problem]:
    kind = found.get("patchType") or ""
    if not kind:
        yield required(f"{path}.patchType")
        return
    if kind not in _PATCHES:
        yield not_supported(f"{path}.patchType", kind, _PATCHES)
        return
    own, other = ("jsonPatch", "applyConfiguration") if kind == "JSONPatch" else ("applyConfiguration", "jsonPatch")
    if found.get(own) is None:
        yield required(f"{path}.{own}", f"must be specified when patchType is {kind}")
    else:
        text = (found[own].get("expression") or "").strip()
        wanted = list_of(PATCH) if kind == "JSONPatch" else OBJECT
        yield from expression(f"{path}.{own}.expression", text, scopes.scope(makes_patches=True), wanted)
    if found.get(other) is not None:
        detail = f"must not be specified when patchType is {kind}"
        yield invalid_value(f"{path}.{other}", f"{{{other}}}", detail)


def _shown_param_kind(found: Object, _: float) -> str:
    kind = (found.get("spec") or {}).get("paramKind")
    return f"{kind['apiVersion']}/{kind['kind']}" if kind else "<unset>"


def _count(field: str) -> Any:
    return lambda found, _: len((found.get("spec") or {}).get(field) or ())


VALIDATING_ADMISSION_POLICY = Kind(
    group="admissionregistration.k8s.io", version="v1", name="ValidatingAdmissionPolicy",
    plural="validatingadmissionpolicies",
    namespaced=False,
    categories=("api-extensions",),
    subresources=(STATUS,),
    columns=(
        Column("Validations", _count("validations"), type="integer"), Column("ParamKind", _shown_param_kind), AGE,
    ),
    has_generation=True,
    defaults=_fill,
    prepare=_prepare, status_leaves=OF_THE_OBJECT,
    validate=_validate_validating, unconditional_update=False,
)  # fmt: skip
MUTATING_ADMISSION_POLICY = Kind(
    group="admissionregistration.k8s.io", version="v1", name="MutatingAdmissionPolicy",
    plural="mutatingadmissionpolicies",
    namespaced=False,
    categories=("api-extensions",),
    columns=(Column("Mutations", _count("mutations"), type="integer"), Column("ParamKind", _shown_param_kind), AGE),
    has_generation=True,
    defaults=_fill,
    validate=_validate_mutating, unconditional_update=False,
)  # fmt: skip
