"""Reviews: questions in the form of objects, answered at once and never stored.

Source: Kubernetes API reference, "TokenReview", "SelfSubjectReview", "SubjectAccessReview"; KEP-4601 (selectors).
"""

from collections.abc import Callable, Iterator
from typing import Any

from fairway.kinds.kind import Kind
from fairway.kinds.rules.values import qualified_name
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, required

_AUTHENTICATION, _AUTHORIZATION = "authentication.k8s.io", "authorization.k8s.io"
_LISTS, _PRESENCE = ("In", "NotIn"), ("Exists", "DoesNotExist")
_RESOURCE, _PATH = "spec.resourceAttributes", "spec.nonResourceAttributes"
_NEITHER = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


def validate_own_access(new: Object, old: Object | None) -> Iterator[Problem]:
    """One question, about a resource or a path."""
    yield from _question(new.get("spec") or {})
    yield from _bare(new, "must be empty")


def validate_access(new: Object, old: Object | None) -> Iterator[Problem]:
    """One question about somebody."""
    yield from _question(new.get("spec") or {})
    yield from _somebody(new.get("spec") or {})
    yield from _bare(new, "must be empty")


def validate_local_access(new: Object, old: Object | None) -> Iterator[Problem]:
    """One question about somebody and a resource of the namespace."""
    spec, namespace = new.get("spec") or {}, new["metadata"].get("namespace") or ""
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    yield from _question(spec)
    yield from _somebody(spec)
    yield from _bare(new, "must be empty except for namespace", "namespace")
    if resource is not None and (resource.get("namespace") or "") != namespace:
        asked = resource.get("namespace") or ""
        yield invalid_value(f"{_RESOURCE}.namespace", asked, "must match metadata.namespace")
    if path is not None:
        yield invalid_value(_PATH, path, "disallowed on this kind of request")


def _question(spec: Object) -> Iterator[Problem]:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and path is not None:
        yield invalid_value(_PATH, path, "cannot be specified in combination with resourceAttributes")
    if resource is None and path is None:
        yield invalid_value(_RESOURCE, None, _NEITHER)
    for field, key in (("fieldSelector", _field_key), ("labelSelector", _label_key)):
        if (selector := (resource or {}).get(field)) is not None:
            yield from _selector(selector, f"{_RESOURCE}.{field}", key)


def _somebody(spec: Object) -> Iterator[Problem]:
    if not spec.get("user") and not spec.get("groups"):
        yield invalid_value("spec.user", "", "at least one of user or group must be specified")


def _bare(new: Object, detail: str, *kept: str) -> Iterator[Problem]:
    given = {
        field: value for field, value in new["metadata"].items() if field not in (*kept, "managedFields") and value
    }
    if given:
        yield invalid_value("metadata", new["metadata"], detail)


def _selector(selector: Object, path: str, key: Callable[[str, str], Iterator[Problem]]) -> Iterator[Problem]:
    """Raw or as requirements.  An operator that is not known is not ours to judge."""
    raw, requirements = selector.get("rawSelector"), selector.get("requirements") or ()
    if raw and requirements:
        yield invalid_value(f"{path}.rawSelector", raw, "may not specified at the same time as requirements")
    if not raw and not requirements:
        yield required(f"{path}.requirements", f"when {path} is specified, requirements or rawSelector is required")
    for index, one in enumerate(requirements):
        yield from key(f"{path}.requirements[{index}].key", one.get("key") or "")
        yield from _values(f"{path}.requirements[{index}].values", one.get("operator") or "", one.get("values"))


def _values(path: str, operator: str, values: Any) -> Iterator[Problem]:
    if operator in _LISTS and not values:
        yield required(path, "must be specified when `operator` is 'In' or 'NotIn'")
    if operator in _PRESENCE and values:
        yield forbidden_value(path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")


def _field_key(path: str, key: str) -> Iterator[Problem]:
    if not key:
        yield required(path, "must be specified")


def _label_key(path: str, key: str) -> Iterator[Problem]:
    yield from qualified_name(path, key)


def _review(group: str, name: str, validate: Any = None, *, namespaced: bool = False) -> Kind:
    checks = {"validate": validate} if validate else {}
    return Kind(
        group=group, version="v1", name=name, plural=f"{name.lower()}s", namespaced=namespaced, verbs=("create",),
        **checks,
    )  # fmt: skip


TOKEN_REVIEW = _review(_AUTHENTICATION, "TokenReview")
SELF_SUBJECT_REVIEW = _review(_AUTHENTICATION, "SelfSubjectReview")
SELF_SUBJECT_ACCESS_REVIEW = _review(_AUTHORIZATION, "SelfSubjectAccessReview", validate_own_access)
SUBJECT_ACCESS_REVIEW = _review(_AUTHORIZATION, "SubjectAccessReview", validate_access)
LOCAL_SUBJECT_ACCESS_REVIEW = _review(
    _AUTHORIZATION, "LocalSubjectAccessReview", validate_local_access, namespaced=True
)  # fmt: skip
SELF_SUBJECT_RULES_REVIEW = _review(_AUTHORIZATION, "SelfSubjectRulesReview")
