"""Quotas, roles, bindings, priorities and budgets from words, for servers that have these kinds."""

import re
from collections.abc import Mapping, Sequence

from fairway.cli.generators import GeneratorError, head, metadata
from fairway.objects import Object, labels, quantity
from fairway.objects.errors import StatusError

_RBAC = "rbac.authorization.k8s.io"
_URL_VERBS = ("get", "put", "post", "head", "options", "delete", "patch", "*")


def resource_list(text: str) -> dict[str, str]:
    """``cpu=1,pods=2`` as amounts by resource, in their shortest form."""
    amounts: dict[str, str] = {}
    for word in text.split(",") if text else ():
        name, equals, amount = word.partition("=")
        if not equals or "=" in amount:
            raise GeneratorError(f"Invalid argument syntax {word}, expected <resource>=<value>")
        try:
            amounts[name] = quantity.canonical(amount)
        except ValueError as error:
            raise GeneratorError(str(error)) from error
    return amounts


def quota(name: str, hard: str, scopes: str) -> Object:
    """``create quota``."""
    spec: Object = {}
    if amounts := resource_list(hard):
        spec["hard"] = dict(sorted(amounts.items()))
    if scopes:
        spec["scopes"] = scopes.split(",")
    return head("ResourceQuota", "v1", metadata(name), spec=spec, status={})


def role(name: str, rules: Sequence[Object]) -> Object:
    """``create role``; for the rules see ``rules_of``."""
    return head("Role", f"{_RBAC}/v1", metadata(name), rules=list(rules))


def cluster_role(name: str, rules: Sequence[Object], aggregated: Mapping[str, str]) -> Object:
    """``create clusterrole``: with rules, or with labels of the roles whose rules it has."""
    made = head("ClusterRole", f"{_RBAC}/v1", metadata(name), rules=list(rules) or None)
    if aggregated:
        made["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": dict(aggregated)}]}
    return made


def url_rule(verbs: Sequence[str], urls: Sequence[str]) -> Object:
    """What may be asked of paths that are no resources."""
    for verb in verbs:
        if verb not in _URL_VERBS:
            raise GeneratorError(f"invalid verb: '{verb}' for nonResourceURL")
    for url in urls:
        if url != "*" and not url.startswith("/"):
            raise GeneratorError("nonResourceURL should start with /")
        if "*" in url.rstrip("*") or url.endswith("**"):
            raise GeneratorError("nonResourceURL only supports wildcard matches when '*' is at the end")
    return {"verbs": list(verbs), "nonResourceURLs": list(urls)}


def binding(
    name: str, kind: str, *, role: str, cluster_role: str,
    users: Sequence[str], groups: Sequence[str], accounts: Sequence[str],
) -> Object:  # fmt: skip
    """``create rolebinding | clusterrolebinding``: who has the rights of a role."""
    if kind == "RoleBinding" and bool(role) == bool(cluster_role):
        raise GeneratorError("exactly one of clusterrole or role must be specified")
    subjects: list[Object] = [{"kind": "User", "apiGroup": _RBAC, "name": user} for user in users]
    subjects += [{"kind": "Group", "apiGroup": _RBAC, "name": group} for group in groups]
    for account in accounts:
        namespace, colon, account_name = account.partition(":")
        if not colon or ":" in account_name or not namespace or not account_name:
            raise GeneratorError("serviceaccount must be <namespace>:<name>")
        subjects.append({"kind": "ServiceAccount", "name": account_name, "namespace": namespace})
    of_role = {"apiGroup": _RBAC, "kind": "Role" if role else "ClusterRole", "name": role or cluster_role}
    more: Object = {"subjects": subjects} if subjects else {}
    return head(kind, f"{_RBAC}/v1", metadata(name), **more, roleRef=of_role)


def priority_class(name: str, value: int, *, is_default: bool, description: str, preemption: str) -> Object:
    """``create priorityclass``."""
    more: Object = {"value": value}
    if is_default:
        more["globalDefault"] = True
    if description:
        more["description"] = description
    return head("PriorityClass", "scheduling.k8s.io/v1", metadata(name), **more, preemptionPolicy=preemption)


def disruption_budget(name: str, selector: str, at_least: str, at_most: str) -> Object:
    """``create poddisruptionbudget``."""
    if not selector:
        raise GeneratorError("a selector must be specified")
    if not at_least and not at_most:
        raise GeneratorError("one of min-available or max-unavailable must be specified")
    if at_least and at_most:
        raise GeneratorError("min-available and max-unavailable cannot be both specified")
    spec: Object = {}
    if at_least:
        spec["minAvailable"] = _amount(at_least, "min-available")
    spec["selector"] = label_selector(selector)
    if at_most:
        spec["maxUnavailable"] = _amount(at_most, "max-unavailable")
    status = {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}
    return head("PodDisruptionBudget", "policy/v1", metadata(name), spec=spec, status=status)


def _amount(word: str, flag: str) -> int | str:
    if re.fullmatch("[0-9]+", word):
        return int(word)
    if not re.fullmatch("[0-9]+%", word):
        raise GeneratorError(f"invalid format specified for {flag}")
    return word


def label_selector(text: str) -> Object:
    """A selector in words as the object's form of it."""
    try:
        parsed = labels.parse(text)
    except StatusError as error:
        raise GeneratorError(str(error)) from error
    equal: dict[str, str] = {}
    others: list[Object] = []
    names = {"in": "In", "notin": "NotIn", "exists": "Exists", "!": "DoesNotExist", "!=": "NotIn"}
    for found in parsed.requirements:
        if found.operator in ("=", "=="):
            equal[found.key] = found.values[0]
        else:
            more: Object = {"values": sorted(found.values)} if found.values else {}
            others.append({"key": found.key, "operator": names[found.operator], **more})
    made: Object = {"matchLabels": dict(sorted(equal.items()))} if equal else {}
    if others:
        made["matchExpressions"] = others
    return made
