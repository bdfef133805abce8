"""Bindings of admission policies: where a policy holds, with which parameters, and what is done where it is broken.

Source: Kubernetes docs, "Validating Admission Policy", "Mutating Admission Policy".
"""

from collections.abc import Iterable, Iterator

from fairway.kinds.admission_registration.matching import fill_matching, rule, selectors
from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import AGE, at
from fairway.kinds.rules.values import child, dns_subdomain, drop_null
from fairway.objects import Object, names
from fairway.objects.errors import Problem, duplicate, forbidden_value, invalid_value, not_supported, required
from fairway.objects.labels import validate_label_selector

ACTIONS = ("Audit", "Deny", "Warn")
CHANGING = ("*", "CONNECT", "CREATE", "UPDATE")
"""What may be changed on its way: nothing that is deleted."""
_NOT_FOUND = ("Allow", "Deny")


def _fill(new: Object) -> None:
    """A binding that names no resources means all that its policy does."""
    spec = child(new, "spec")
    drop_null(spec, "paramRef", "matchResources", "validationActions")
    if spec.get("matchResources") is not None:
        fill_matching(spec["matchResources"])


def match_resources(
    path: str, found: Object, *, needs_rules: bool, operations: tuple[str, ...] = ()
) -> Iterator[Problem]:
    """Which requests are meant; ``operations`` are those that may be, if not all."""
    yield from selectors(path, found)
    for field in ("resourceRules", "excludeResourceRules"):
        for place, one in enumerate(found.get(field) or ()):
            here = f"{path}.{field}[{place}]"
            yield from _names(f"{here}.resourceNames", one.get("resourceNames") or ())
            yield from rule(here, one)
    if needs_rules and not found.get("resourceRules"):
        yield required(f"{path}.resourceRules")
    if operations:
        for one in found.get("resourceRules") or ():
            for operation in one.get("operations") or ():
                if operation not in operations:
                    yield not_supported(f"{path}.resourceRules.operations", operation, operations)


def _names(path: str, found: Iterable[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, name in enumerate(found):
        for message in names.path_segment(name):
            yield invalid_value(f"{path}[{place}]", name, message)
        if name in seen:
            yield duplicate(f"{path}[{place}]", name)
        seen.add(name)


def _validate_validating(new: Object, _old: Object | None) -> Iterator[Problem]:
    """A policy, what to do where it is broken, and where its parameters are."""
    yield from _bound(new["spec"], ())
    actions = new["spec"].get("validationActions") or []
    for place, action in enumerate(actions):
        if action not in ACTIONS:
            yield not_supported(f"spec.validationActions[{place}]", action, ACTIONS)
        if action in actions[:place]:
            yield duplicate(f"spec.validationActions[{place}]", action)
    if "Deny" in actions and "Warn" in actions:
        detail = (
            "must not contain both Deny and Warn (repeating the same validation failure information in the API "
            "response and headers serves no purpose)"
        )
        yield invalid_value("spec.validationActions", actions, detail)
    if not actions:
        yield required("spec.validationActions", "at least one validation action is required")


def _validate_mutating(new: Object, _old: Object | None) -> Iterator[Problem]:
    """A policy, and where its parameters are."""
    yield from _bound(new["spec"], CHANGING)


def _bound(spec: Object, operations: tuple[str, ...]) -> Iterator[Problem]:
    if not spec.get("policyName"):
        yield required("spec.policyName")
    else:
        yield from dns_subdomain("spec.policyName", spec["policyName"])
    if spec.get("paramRef") is not None:
        yield from _reference(spec["paramRef"])
    if spec.get("matchResources") is not None:
        yield from match_resources(
            "spec.matchResources", spec["matchResources"], needs_rules=False, operations=operations
        )


def _reference(reference: Object) -> Iterator[Problem]:
    name, selector = reference.get("name"), reference.get("selector")
    if name:
        for message in names.path_segment(name):
            yield invalid_value("spec.paramRef.name", name, message)
        if selector is not None:
            yield forbidden_value("spec.paramRef.name", "name and selector are mutually exclusive")
    if selector is not None:
        yield from validate_label_selector(selector, "spec.paramRef.selector")
        if name:
            yield forbidden_value("spec.paramRef.selector", "name and selector are mutually exclusive")
    if not name and selector is None:
        yield required("spec.paramRef", "one of name or selector must be specified")
    action = reference.get("parameterNotFoundAction")
    if not action:
        yield required("spec.paramRef.parameterNotFoundAction")
    elif action not in _NOT_FOUND:
        yield not_supported("spec.paramRef.parameterNotFoundAction", action, ("Deny", "Allow"))


def _param_ref(found: Object, _: float) -> str:
    reference = (found.get("spec") or {}).get("paramRef")
    if not reference:
        return "<unset>"
    name, namespace = reference.get("name") or "*", reference.get("namespace")
    return f"{namespace}/{name}" if namespace else name


_COLUMNS = (Column("PolicyName", at("spec", "policyName")), Column("ParamRef", _param_ref), AGE)

VALIDATING_ADMISSION_POLICY_BINDING = Kind(
    group="admissionregistration.k8s.io", version="v1", name="ValidatingAdmissionPolicyBinding",
    plural="validatingadmissionpolicybindings",
    namespaced=False,
    categories=("api-extensions",),
    columns=_COLUMNS,
    has_generation=True,
    defaults=_fill,
    validate=_validate_validating,
)  # fmt: skip
MUTATING_ADMISSION_POLICY_BINDING = Kind(
    group="admissionregistration.k8s.io", version="v1", name="MutatingAdmissionPolicyBinding",
    plural="mutatingadmissionpolicybindings",
    namespaced=False,
    categories=("api-extensions",),
    columns=_COLUMNS,
    has_generation=True,
    defaults=_fill,
    validate=_validate_mutating,
)  # fmt: skip
