"""NodeAffinity: which nodes a pod may, or would rather, run on by their labels and names.  Pure.

Source: Kubernetes docs, "Assigning Pods to Nodes".
"""

from collections.abc import Mapping
from typing import Protocol

from fairway.objects import Object


class Place(Protocol):
    """What affinity knows of a node."""

    @property
    def name(self) -> str:
        """metadata.name."""

    @property
    def labels(self) -> Mapping[str, str]:
        """metadata.labels."""


def matches(pod: Object, node: Place) -> bool:
    """Whether nodeSelector and the required terms allow ``node``."""
    spec = pod["spec"]
    wanted = spec.get("nodeSelector") or {}
    if any(node.labels.get(name) != value for name, value in wanted.items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return any(_term(term, node) for term in required.get("nodeSelectorTerms") or ())


def preference(pod: Object, node: Place) -> int:
    """The summed weights of the preferred terms that ``node`` meets."""
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    preferred = affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    return sum(one["weight"] for one in preferred if _term(one.get("preference") or {}, node))


def _term(term: Object, node: Place) -> bool:
    """All expressions and fields of one term; an empty term matches no node."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    return all(_expression(one, node.labels) for one in expressions) and all(
        _expression(one, {"metadata.name": node.name}) for one in fields
    )


def _expression(expression: Object, found: Mapping[str, str]) -> bool:
    value, values = found.get(expression["key"]), expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _compare(expression["operator"], value, values)
    return False


def _compare(operator: str, value: str | None, values: tuple[str, ...] | list[str]) -> bool:
    try:
        number, limit = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return number > limit if operator == "Gt" else number < limit
