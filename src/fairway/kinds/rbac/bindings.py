"""RoleBinding and ClusterRoleBinding: who has a role, in one namespace or everywhere.

Source: Kubernetes docs, "Using RBAC Authorization", "RoleBinding and ClusterRoleBinding".
"""

from collections.abc import Callable, Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import AGE
from fairway.kinds.rules.values import child, drop_null, fill_empty
from fairway.objects import Object, names
from fairway.objects.errors import Problem, invalid_value, not_supported, required

_GROUP = "rbac.authorization.k8s.io"
_SUBJECTS = ("ServiceAccount", "User", "Group")
Check = Callable[[Object, Object | None], Iterator[Problem]]


def defaults(new: Object) -> None:
    """References are to this API group; service accounts are of the core group."""
    drop_null(new, "subjects")
    fill_empty(child(new, "roleRef"), apiGroup=_GROUP)
    for subject in new.get("subjects") or ():
        if not subject.get("apiGroup"):
            subject.pop("apiGroup", None)
            if subject.get("kind") in ("User", "Group"):
                subject["apiGroup"] = _GROUP


def _reference(new: Object, kinds: tuple[str, ...]) -> Iterator[Problem]:
    reference = new.get("roleRef") or {}
    if (group := reference.get("apiGroup") or "") != _GROUP:
        yield not_supported("roleRef.apiGroup", group, (_GROUP,))
    if (kind := reference.get("kind") or "") not in kinds:
        yield not_supported("roleRef.kind", kind, kinds)
    name = reference.get("name") or ""
    if not name:
        yield required("roleRef.name")
    else:
        for text in names.path_segment(name):
            yield invalid_value("roleRef.name", name, text)


def _subject(path: str, subject: Object, *, namespaced: bool) -> Iterator[Problem]:
    name, kind, group = subject.get("name") or "", subject.get("kind") or "", subject.get("apiGroup") or ""
    if not name:
        yield required(f"{path}.name")
    if kind == "ServiceAccount":
        for text in names.dns_subdomain(name) if name else ():
            yield invalid_value(f"{path}.name", name, text)
        if group:
            yield not_supported(f"{path}.apiGroup", group, ("",))
        if not namespaced and not subject.get("namespace"):
            yield required(f"{path}.namespace")
    elif kind in _SUBJECTS:
        if group != _GROUP:
            yield not_supported(f"{path}.apiGroup", group, (_GROUP,))
    else:
        yield not_supported(f"{path}.kind", kind, _SUBJECTS)


def _validate(kinds: tuple[str, ...], *, namespaced: bool) -> Check:
    def validate(new: Object, old: Object | None) -> Iterator[Problem]:
        """The role is named, stays the same one, and everybody who has it is named."""
        yield from _reference(new, kinds)
        if old is not None and old.get("roleRef") != new.get("roleRef"):
            yield invalid_value("roleRef", new.get("roleRef"), "cannot change roleRef")
        for place, subject in enumerate(new.get("subjects") or ()):
            yield from _subject(f"subjects[{place}]", subject, namespaced=namespaced)

    return validate


def _role(found: Object, _now: float) -> str:
    reference = found.get("roleRef") or {}
    return f"{reference.get('kind') or ''}/{reference.get('name') or ''}"


def _of(kind: str) -> Callable[[Object, float], str]:
    def cell(found: Object, _now: float) -> str:
        chosen = [subject for subject in found.get("subjects") or () if subject.get("kind") == kind]
        if kind == "ServiceAccount":
            return ", ".join(f"{each.get('namespace') or ''}/{each['name']}" for each in chosen)
        return ", ".join(each["name"] for each in chosen)

    return cell


_COLUMNS = (
    Column("Role", _role), AGE, Column("Users", _of("User"), priority=1), Column("Groups", _of("Group"), priority=1),
    Column("ServiceAccounts", _of("ServiceAccount"), priority=1),
)  # fmt: skip
ROLE_BINDING = Kind(
    group=_GROUP, version="v1", name="RoleBinding", plural="rolebindings",
    columns=_COLUMNS,
    defaults=defaults,
    validate=_validate(("Role", "ClusterRole"), namespaced=True),
    judged_twice=True,
    create_on_update=True,
    validate_name=names.as_name(names.path_segment),
)  # fmt: skip
CLUSTER_ROLE_BINDING = Kind(
    group=_GROUP, version="v1", name="ClusterRoleBinding", plural="clusterrolebindings",
    namespaced=False,
    columns=_COLUMNS,
    defaults=defaults,
    validate=_validate(("ClusterRole",), namespaced=False),
    judged_twice=True,
    create_on_update=True,
    validate_name=names.as_name(names.path_segment),
)  # fmt: skip
