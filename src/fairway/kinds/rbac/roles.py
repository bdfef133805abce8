"""Role and ClusterRole: lists of rules, each some verbs on some resources or paths.

Source: Kubernetes docs, "Using RBAC Authorization", "Role and ClusterRole", "Aggregated ClusterRoles".
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import at
from fairway.kinds.rules.values import drop_null
from fairway.objects import Object, names
from fairway.objects.errors import Problem, invalid_value, required
from fairway.objects.labels import validate_label_selector

_CREATED = Column("Created At", at("metadata", "creationTimestamp"), type="date")


def defaults(new: Object) -> None:
    """A role without rules has none, and says so."""
    drop_null(new, "rules", "aggregationRule")
    if "rules" not in new:
        new["rules"] = None
    for rule in new["rules"] or ():
        drop_null(rule, "apiGroups", "resources", "resourceNames", "nonResourceURLs")


def _rules(new: Object, *, namespaced: bool) -> Iterator[Problem]:
    for place, rule in enumerate(new.get("rules") or ()):
        yield from _rule(f"rules[{place}]", rule, namespaced=namespaced)


def _rule(path: str, rule: Object, *, namespaced: bool) -> Iterator[Problem]:
    if not rule.get("verbs"):
        yield required(f"{path}.verbs", "verbs must contain at least one value")
    urls = rule.get("nonResourceURLs")
    if urls:
        if namespaced:
            yield invalid_value(f"{path}.nonResourceURLs", urls, "namespaced rules cannot apply to non-resource URLs")
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid_value(f"{path}.nonResourceURLs", urls, detail)
        return
    if not rule.get("apiGroups"):
        yield required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        yield required(f"{path}.resources", "resource rules must supply at least one resource")


def _validate_role(new: Object, _old: Object | None) -> Iterator[Problem]:
    """Rules of a namespace speak of resources only."""
    yield from _rules(new, namespaced=True)


def _validate_cluster_role(new: Object, _old: Object | None) -> Iterator[Problem]:
    """Rules of the cluster may speak of paths, and may be gathered from other roles."""
    yield from _rules(new, namespaced=False)
    aggregation = new.get("aggregationRule")
    if aggregation is None:
        return
    selectors = aggregation.get("clusterRoleSelectors") or ()
    if not selectors:
        yield required(
            "aggregationRule.clusterRoleSelectors",
            "at least one clusterRoleSelector required if aggregationRule is non-nil",
        )
    for place, selector in enumerate(selectors):
        path = f"aggregationRule.clusterRoleSelectors[{place}]"
        faults = list(validate_label_selector(selector, path))
        yield from faults
        if faults:
            yield invalid_value(path, None, "invalid label selector.")


ROLE = Kind(
    group="rbac.authorization.k8s.io", version="v1", name="Role", plural="roles",
    columns=(_CREATED,),
    defaults=defaults,
    validate=_validate_role,
    judged_twice=True,
    create_on_update=True,
    validate_name=names.as_name(names.path_segment),
)  # fmt: skip
CLUSTER_ROLE = Kind(
    group="rbac.authorization.k8s.io", version="v1", name="ClusterRole", plural="clusterroles",
    namespaced=False,
    columns=(_CREATED,),
    defaults=defaults,
    validate=_validate_cluster_role,
    judged_twice=True,
    create_on_update=True,
    validate_name=names.as_name(names.path_segment),
)  # fmt: skip
