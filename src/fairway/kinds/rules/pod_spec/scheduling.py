"""Rules of what steers the scheduler: tolerations, affinity, gates, spread constraints."""

from collections.abc import Iterator
from typing import Any

from fairway.kinds.rules.pod_spec import label_keys
from fairway.kinds.rules.values import each, qualified_name
from fairway.objects import Object, names
from fairway.objects.errors import Problem, duplicate, invalid_value, not_supported, required
from fairway.objects.labels import validate_label_selector

TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_ABOVE_ZERO = "must be greater than zero"
_ACTIONS, _NODE_POLICIES = ("DoNotSchedule", "ScheduleAnyway"), ("Honor", "Ignore")
_CLAIMS = ("resourceClaimName", "resourceClaimTemplateName")
_NOT_AN_OPERATOR = "not a valid selector operator"


def tolerations(path: str, found: list[Object]) -> Iterator[Problem]:
    """Every entry of ``tolerations``."""
    for index, toleration in enumerate(found):
        yield from _toleration(f"{path}[{index}]", toleration)


def _toleration(path: str, toleration: Object) -> Iterator[Problem]:
    key, effect = toleration.get("key") or "", toleration.get("effect") or ""
    operator, value = toleration.get("operator") or "", toleration.get("value") or ""
    if key:
        yield from qualified_name(f"{path}.key", key)
    elif operator != "Exists":
        yield invalid_value(
            f"{path}.operator", operator,
            'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        )  # fmt: skip
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        yield invalid_value(f"{path}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
    if operator in ("", "Equal"):
        messages = list(names.label_value(value))
        if messages:
            yield invalid_value(f"{path}.operator", value, ";".join(messages))
    elif operator == "Exists":
        if value:
            yield invalid_value(f"{path}.operator", value, "value must be empty when `operator` is 'Exists'")
    elif operator in ("Gt", "Lt"):
        yield not_supported(f"{path}.operator", operator, ("Equal", "Exists", "Gt", "Lt"))
    else:
        yield not_supported(f"{path}.operator", operator, ("Equal", "Exists"))
    if effect and effect not in TAINT_EFFECTS:
        yield not_supported(f"{path}.effect", effect, TAINT_EFFECTS)


def affinity(path: str, found: Object | None) -> Iterator[Problem]:
    """Node affinity, pod affinity and anti-affinity."""
    if found is None:
        return
    yield from _node_affinity(f"{path}.nodeAffinity", found.get("nodeAffinity") or {})
    for name in ("podAffinity", "podAntiAffinity"):
        rules = found.get(name) or {}
        for index, term in enumerate(rules.get(_REQUIRED) or ()):
            yield from _pod_term(f"{path}.{name}.{_REQUIRED}[{index}]", term)
        for index, weighted in enumerate(rules.get(_PREFERRED) or ()):
            here = f"{path}.{name}.{_PREFERRED}[{index}]"
            yield from _weight(here, weighted)
            yield from _pod_term(f"{here}.podAffinityTerm", weighted.get("podAffinityTerm") or {})


def _node_affinity(path: str, rules: Object) -> Iterator[Problem]:
    if (demanded := rules.get(_REQUIRED)) is not None:
        yield from node_selector(f"{path}.{_REQUIRED}", demanded)
    for index, weighted in enumerate(rules.get(_PREFERRED) or ()):
        here = f"{path}.{_PREFERRED}[{index}]"
        yield from _weight(here, weighted)
        yield from _node_term(f"{here}.preference", weighted.get("preference") or {}, is_strict=False)


def _weight(path: str, weighted: Object) -> Iterator[Problem]:
    weight = weighted.get("weight") or 0
    if not 0 < weight <= 100:
        yield invalid_value(f"{path}.weight", weight, "must be in the range 1-100")


def node_selector(path: str, selector: Object) -> Iterator[Problem]:
    """Nodes by any of several terms."""
    terms, here = selector.get("nodeSelectorTerms") or [], f"{path}.nodeSelectorTerms"
    if not terms:
        yield required(here, "must have at least one node selector term")
    for index, term in enumerate(terms):
        yield from _node_term(f"{here}[{index}]", term, is_strict=True)


def _node_term(path: str, term: Object, *, is_strict: bool) -> Iterator[Problem]:
    """Labels and fields of nodes; values that no label can have are refused if ``is_strict``."""
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        yield from _by_label(f"{path}.matchExpressions[{index}]", requirement)
        if is_strict:
            for place, value in enumerate(requirement.get("values") or ()):
                here = f"{path}.matchExpressions[{index}].values[{place}]"
                yield from each(here, value, names.label_value(value))
    for index, requirement in enumerate(term.get("matchFields") or ()):
        yield from _by_field(f"{path}.matchFields[{index}]", requirement)


def _by_label(path: str, requirement: Object) -> Iterator[Problem]:
    operator, values = requirement.get("operator") or "", requirement.get("values") or []
    if operator in ("In", "NotIn"):
        if not values:
            yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            yield Problem(
                f"{path}.values", "FieldValueForbidden",
                "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            )  # fmt: skip
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            yield required(f"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'")
    else:
        yield invalid_value(f"{path}.operator", operator, _NOT_AN_OPERATOR)
    yield from qualified_name(f"{path}.key", requirement.get("key") or "")


def _by_field(path: str, requirement: Object) -> Iterator[Problem]:
    operator, values = requirement.get("operator") or "", requirement.get("values") or []
    if operator not in ("In", "NotIn"):
        yield invalid_value(f"{path}.operator", operator, _NOT_AN_OPERATOR)
    elif len(values) != 1:
        yield required(
            f"{path}.values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        )
    if requirement.get("key") != "metadata.name":
        yield invalid_value(f"{path}.key", requirement.get("key") or "", "not a valid field selector key")
        return
    for index, value in enumerate(values):
        yield from each(f"{path}.values[{index}]", value, names.dns_subdomain(value))


def _pod_term(path: str, term: Object) -> Iterator[Problem]:
    yield from validate_label_selector(term.get("labelSelector"), f"{path}.labelSelector")
    yield from validate_label_selector(term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for name in term.get("namespaces") or ():
        yield from each(f"{path}.namespace", name, names.dns_label(name))
    yield from label_keys.problems(path, term)
    topology = term.get("topologyKey") or ""
    if not topology:
        yield required(f"{path}.topologyKey", "can not be empty")
    yield from qualified_name(f"{path}.topologyKey", topology)


def claims(path: str, found: list[Object]) -> Iterator[Problem]:
    """Claims for devices: a name each, and one claim or one template of claims."""
    seen: set[str] = set()
    for index, claim in enumerate(found):
        here, name = f"{path}[{index}]", claim.get("name") or ""
        if not name:
            yield required(f"{here}.name")
        elif name in seen:
            yield duplicate(f"{here}.name", name)
        else:
            yield from each(f"{here}.name", name, names.dns_label(name))
            seen.add(name)
        given = [field for field in _CLAIMS if claim.get(field) is not None]
        if len(given) > 1:
            text = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            yield invalid_value(here, claim, text)
        if not given:
            yield invalid_value(here, claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")
        for field in given:
            yield from each(f"{here}.{field}", claim[field], names.dns_subdomain(claim[field]))


def gates(path: str, found: list[Object]) -> Iterator[Problem]:
    """Scheduling gates: well named, each once."""
    seen: set[str] = set()
    for index, gate in enumerate(found):
        name = gate.get("name") or ""
        yield from qualified_name(f"{path}[{index}]", name)
        if name in seen:
            yield duplicate(f"{path}[{index}]", name)
        seen.add(name)


def spread(path: str, constraints: list[Object]) -> Iterator[Problem]:
    """Topology spread constraints."""
    seen: list[tuple[Any, Any]] = [(each.get("topologyKey"), each.get("whenUnsatisfiable")) for each in constraints]
    for index, constraint in enumerate(constraints):
        here, action = f"{path}[{index}]", constraint.get("whenUnsatisfiable")
        if (constraint.get("maxSkew") or 0) <= 0:
            yield invalid_value(f"{here}.maxSkew", constraint.get("maxSkew") or 0, _ABOVE_ZERO)
        if not constraint.get("topologyKey"):
            yield required(f"{here}.topologyKey", "can not be empty")
        if action not in _ACTIONS:
            yield not_supported(f"{here}.whenUnsatisfiable", action or "", _ACTIONS)
        if seen[index] in seen[index + 1 :]:
            key, twice = seen[index]
            yield duplicate(f"{here}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {twice}}}")
        yield from _domains(f"{here}.minDomains", constraint)
        for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            if constraint.get(field) not in (None, *_NODE_POLICIES):
                yield not_supported(f"{here}.{field}", constraint[field], _NODE_POLICIES)
        yield from label_keys.problems(here, constraint)
        yield from validate_label_selector(constraint.get("labelSelector"), f"{here}.labelSelector")


def _domains(path: str, constraint: Object) -> Iterator[Problem]:
    least, action = constraint.get("minDomains"), constraint.get("whenUnsatisfiable")
    if least is None:
        return
    if least <= 0:
        yield invalid_value(path, least, _ABOVE_ZERO)
    if action != "DoNotSchedule":
        text = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        yield invalid_value(path, least, text)
