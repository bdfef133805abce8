"""Matching: whether a webhook or a policy is about a request.  Pure but for the namespace's labels, which are given.

Source: Kubernetes docs, "Dynamic Admission Control", "Matching requests".
"""

from collections.abc import Callable, Iterable

from fairway.apiserver.admission.attributes import Attributes, Form
from fairway.objects import Object
from fairway.objects.labels import from_label_selector

LabelsOf = Callable[[str], Object | None]
"""The labels of a namespace, ``None`` if it does not exist."""


def matched(found: Object, rules: Iterable[Object], asked: Attributes, labels_of: LabelsOf) -> Form | None:
    """The version in which ``asked`` is meant by one of ``rules`` and by the selectors of ``found``, if it is."""
    form = _by_rules(rules, asked, is_exact=found.get("matchPolicy") == "Exact")
    if form is None or not _namespace_matches(found, asked, labels_of) or not _object_matches(found, asked):
        return None
    return form


def _by_rules(rules: Iterable[Object], asked: Attributes, *, is_exact: bool) -> Form | None:
    found = list(rules)
    for form in (asked.asked,) if is_exact else asked.forms():
        if any(_is_meant(one, form, asked) for one in found):
            return form
    return None


def _is_meant(rule: Object, form: Form, asked: Attributes) -> bool:
    return (
        _has(rule.get("operations"), asked.operation)
        and _has(rule.get("apiGroups"), form.group)
        and _has(rule.get("apiVersions"), form.version)
        and _scope_fits(rule.get("scope"), asked)
        and any(_resource_fits(one, asked) for one in rule.get("resources") or ())
        and (not rule.get("resourceNames") or asked.name in rule["resourceNames"])
    )


def _has(values: list[str] | None, value: str) -> bool:
    return values is not None and (value in values or "*" in values)


def _scope_fits(scope: str | None, asked: Attributes) -> bool:
    if scope in (None, "*"):
        return True
    # A namespace is itself of the cluster.
    return asked.kind.namespaced is (scope == "Namespaced")


def _resource_fits(text: str, asked: Attributes) -> bool:
    resource, _, subresource = text.partition("/")
    return resource in ("*", asked.kind.plural) and subresource in (
        asked.call.subresource, "*",
    )  # fmt: skip


def _namespace_matches(found: Object, asked: Attributes, labels_of: LabelsOf) -> bool:
    selector = found.get("namespaceSelector")
    if not selector:
        return True
    if asked.kind.plural == "namespaces" and not asked.kind.group:
        labels = _labels(asked.new if asked.new is not None and not asked.call.subresource else asked.old)
        return from_label_selector(selector).matches(labels)
    if not asked.kind.namespaced:
        return True
    return from_label_selector(selector).matches(labels_of(asked.call.namespace or ""))


def _object_matches(found: Object, asked: Attributes) -> bool:
    """The object before or after is selected."""
    selector = found.get("objectSelector")
    if not selector:
        return True
    chosen = from_label_selector(selector)
    return any(chosen.matches(_labels(one)) for one in (asked.new, asked.old) if one is not None)


def _labels(found: Object | None) -> Object | None:
    labels: Object | None = ((found or {}).get("metadata") or {}).get("labels")
    return labels
