"""Label keys: ``matchLabelKeys`` and ``mismatchLabelKeys``, which narrow a selector by the labels of the pod itself.

Source: KEP-3243 (spread constraints), KEP-3633 (pod affinity).
"""

from collections.abc import Iterator

from fairway.kinds.rules.values import qualified_name
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def problems(path: str, found: Object) -> Iterator[Problem]:
    """Every broken rule of the keys of an affinity term or a spread constraint."""
    keys, others, selector = (
        found.get("matchLabelKeys") or [],
        found.get("mismatchLabelKeys") or [],
        found.get("labelSelector"),
    )
    for field, given in (("matchLabelKeys", keys), ("mismatchLabelKeys", others)):
        if given and selector is None:
            yield forbidden_value(f"{path}.{field}", "must not be specified when labelSelector is not set")
            continue
        for index, key in enumerate(given):
            yield from qualified_name(f"{path}.{field}[{index}]", key)
    yield from _named_twice(path, keys, selector or {})
    for index, key in enumerate(keys):
        if key in others:
            text = "exists in both matchLabelKeys and mismatchLabelKeys"
            yield invalid_value(f"{path}.matchLabelKeys[{index}]", key, text)


def _named_twice(path: str, keys: list[str], selector: Object) -> Iterator[Problem]:
    """Keys that the selector names too: beside the requirement that the server added for them."""
    places = {key: index for index, key in enumerate(keys)}
    seen = {*(selector.get("matchLabels") or ())}
    for requirement in selector.get("matchExpressions") or ():
        key = requirement.get("key") or ""
        if key in places and key in seen:
            yield invalid_value(f"{path}[{places[key]}]", key, "exists in both matchLabelKeys and labelSelector")
        seen.add(key)


def merge(pod: Object) -> None:
    """What a new pod's keys ask for, as requirements of its selectors."""
    spec, labels = pod["spec"], pod["metadata"].get("labels") or {}
    for constraint in spec.get("topologySpreadConstraints") or ():
        _merge(constraint, labels)
    for name in ("podAffinity", "podAntiAffinity"):
        rules = (spec.get("affinity") or {}).get(name) or {}
        for term in rules.get(_REQUIRED) or ():
            _merge(term, labels)
        for weighted in rules.get(_PREFERRED) or ():
            _merge(weighted.get("podAffinityTerm") or {}, labels)


def _merge(found: Object, labels: Object) -> None:
    selector = found.get("labelSelector")
    if selector is None:
        return
    for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
        for key in found.get(field) or ():
            if key in labels:
                requirement = {"key": key, "operator": operator, "values": [labels[key]]}
                selector["matchExpressions"] = [*(selector.get("matchExpressions") or ()), requirement]
