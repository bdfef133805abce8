"""FlowSchema (flowcontrol.apiserver.k8s.io/v1): which requests belong to which priority level.

Source: Kubernetes docs, "API Priority and Fairness", "FlowSchema".
"""

from collections.abc import Iterator, Sequence

from fairway.kinds.flow_control.conditions import condition_problems
from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules.cells import AGE, NONE, at
from fairway.kinds.rules.status import OF_THE_OBJECT, keep_apart
from fairway.kinds.rules.values import child, drop_null, each, fill
from fairway.objects import Object, names
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required

_METHODS = ("ByNamespace", "ByUser")
_PRECEDENCE_MAX = 10000
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch", "proxy")
_SUBJECTS = ("Group", "ServiceAccount", "User")
_SEALED = ("exempt", "catch-all")


def defaults(new: Object) -> None:
    """In the midst of all others."""
    spec = child(new, "spec")
    drop_null(spec, "distinguisherMethod", "rules")
    fill(spec, matchingPrecedence=1000)
    child(spec, "priorityLevelConfiguration")
    child(new, "status")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """The status belongs to the status subresource."""
    keep_apart(new, old, subresource, {}, metadata=OF_THE_OBJECT)


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """A precedence, a level by name, and rules that could match."""
    spec, name = new["spec"], new["metadata"].get("name")
    if name in _SEALED and old is not None and spec != old["spec"]:
        yield invalid_value("spec", spec, f"spec of '{name}' must equal the fixed value")
    yield from _precedence(spec["matchingPrecedence"], is_exempt=name == "exempt")
    method = (spec.get("distinguisherMethod") or {}).get("type")
    if spec.get("distinguisherMethod") is not None and method not in _METHODS:
        yield not_supported("spec.distinguisherMethod.type", spec["distinguisherMethod"], _METHODS)
    level = spec["priorityLevelConfiguration"].get("name") or ""
    if not level:
        yield required("spec.priorityLevelConfiguration.name", "must reference a priority level")
    else:
        yield from each("spec.priorityLevelConfiguration.name", level, names.dns_subdomain(level))
    for index, rule in enumerate(spec.get("rules") or ()):
        yield from _rule(f"spec.rules[{index}]", rule)
    yield from condition_problems((new.get("status") or {}).get("conditions") or [])


def _precedence(value: int, *, is_exempt: bool) -> Iterator[Problem]:
    path = "spec.matchingPrecedence"
    if value == 1 and not is_exempt:
        yield invalid_value(path, value, "only the schema named 'exempt' may have matchingPrecedence 1")
    if value <= 0:
        yield invalid_value(path, value, "must be a positive value")
    if value > _PRECEDENCE_MAX:
        yield invalid_value(path, value, f"must not be greater than {_PRECEDENCE_MAX}")


def _rule(path: str, rule: Object) -> Iterator[Problem]:
    subjects, resources, paths = (rule.get(name) or [] for name in ("subjects", "resourceRules", "nonResourceRules"))
    if not subjects:
        yield required(f"{path}.subjects", "subjects must contain at least one value")
    for index, subject in enumerate(subjects):
        yield from _subject(f"{path}.subjects[{index}]", subject)
    if not resources and not paths:
        yield required(path, "at least one of resourceRules and nonResourceRules has to be non-empty")
    for index, found in enumerate(resources):
        yield from _resource_rule(f"{path}.resourceRules[{index}]", found)
    for index, found in enumerate(paths):
        yield from _path_rule(f"{path}.nonResourceRules[{index}]", found)


def _subject(path: str, subject: Object) -> Iterator[Problem]:
    kind = subject.get("kind") or ""
    if kind not in _SUBJECTS:
        yield not_supported(f"{path}.kind", kind, _SUBJECTS)
        return
    field = f"{kind[0].lower()}{kind[1:]}"
    for other in ("group", "serviceAccount", "user"):
        if other != field and subject.get(other) is not None:
            yield forbidden_value(f"{path}.{other}", f"{other} is forbidden when subject kind is not '{_named(other)}'")
    named = subject.get(field)
    if named is None:
        yield required(f"{path}.{field}", f"{field} is required when subject kind is '{kind}'")
    elif kind == "ServiceAccount":
        yield from _account(f"{path}.{field}", named.get("name") or "", named.get("namespace") or "")
    elif not named.get("name"):
        yield required(f"{path}.{field}.name")


def _account(path: str, name: str, namespace: str) -> Iterator[Problem]:
    if not name:
        yield required(f"{path}.name")
    elif name != "*":
        yield from each(f"{path}.name", name, names.dns_subdomain(name))
    if namespace:
        yield from each(f"{path}.namespace", namespace, names.dns_label(namespace))
    else:
        yield required(f"{path}.namespace", "must specify namespace for service account")


def _named(field: str) -> str:
    return field[0].upper() + field[1:]


def _verbs(path: str, verbs: Sequence[str]) -> Iterator[Problem]:
    if not verbs:
        yield required(f"{path}.verbs", "verbs must contain at least one value")
    elif "*" in verbs:
        if len(verbs) > 1:
            yield invalid_value(f"{path}.verbs", verbs, "if '*' is present, must not specify other verbs")
    elif unknown := [verb for verb in verbs if verb not in _VERBS]:
        yield not_supported(f"{path}.verbs", unknown, sorted(_VERBS))


def _resource_rule(path: str, rule: Object) -> Iterator[Problem]:
    yield from _verbs(path, rule.get("verbs") or [])
    for field, what in (("apiGroups", "api groups"), ("resources", "resources")):
        values = rule.get(field) or []
        if not values:
            yield required(f"{path}.{field}", f"resource rules must supply at least one {what[:-1]}")
        elif "*" in values and len(values) > 1:
            yield invalid_value(f"{path}.{field}", values, f"if '*' is present, must not specify other {what}")
    namespaces = rule.get("namespaces") or []
    if not namespaces and not rule.get("clusterScope"):
        yield required(
            f"{path}.namespaces",
            "resource rules that are not cluster scoped must supply at least one namespace",
        )  # fmt: skip
    elif "*" in namespaces:
        if len(namespaces) > 1:
            detail = "if '*' is present, must not specify other namespaces"
            yield invalid_value(f"{path}.namespaces", namespaces, detail)
    else:
        for index, namespace in enumerate(namespaces):
            for message in names.dns_label(namespace):
                detail = f"each member of this list must be '*' or a DNS-1123 label; {message}"
                yield invalid_value(f"{path}.namespaces[{index}]", namespace, detail)


def _path_rule(path: str, rule: Object) -> Iterator[Problem]:
    yield from _verbs(path, rule.get("verbs") or [])
    urls = rule.get("nonResourceURLs") or []
    if not urls:
        yield required(f"{path}.nonResourceURLs", "nonResourceURLs must contain at least one value")
    elif "*" in urls:
        if len(urls) > 1:
            detail = "if '*' is present, must not specify other non-resource URLs"
            yield invalid_value(f"{path}.nonResourceURLs", urls, detail)
    else:
        for index, url in enumerate(urls):
            yield from _url(f"{path}.nonResourceURLs[{index}]", url)


def _url(path: str, url: str) -> Iterator[Problem]:
    if not url:
        yield invalid_value(path, url, "must not be empty")
    elif not url.startswith("/"):
        yield invalid_value(path, url, "must start with slash")
    elif " " in url:
        yield invalid_value(path, url, "must not contain white-space")
    elif "//" in url:
        yield invalid_value(path, url, "must not contain double slash")
    elif "*" in url and not (url.endswith("/*") and url.count("*") == 1):
        yield invalid_value(path, url, "wildcard can only do suffix matching")


def _is_dangling(found: Object, _now: float) -> str:
    for condition in (found.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Dangling":
            return condition.get("status") or "?"
    return "?"


FLOW_SCHEMA = Kind(
    group="flowcontrol.apiserver.k8s.io", version="v1", name="FlowSchema", plural="flowschemas",
    namespaced=False,
    subresources=(STATUS,),
    columns=(
        Column("PriorityLevel", at("spec", "priorityLevelConfiguration", "name")),
        Column("MatchingPrecedence", at("spec", "matchingPrecedence", absent=0)),
        Column("DistinguisherMethod", at("spec", "distinguisherMethod", "type", absent=NONE)),
        AGE,
        Column("MissingPL", _is_dangling),
    ),
    defaults=defaults,
    prepare=prepare,
    status_leaves=OF_THE_OBJECT,
    validate=validate,
    has_generation=True,
)  # fmt: skip
