"""Label selectors: which objects carry these labels.

Shape: ``parse(text)`` and ``from_label_selector(object)`` give a ``Selector``; ``matches`` asks one set of labels.
Source: Kubernetes docs, "Labels and Selectors".  Raises: ``StatusError`` 400 with upstream's texts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from fairway.objects import Object
from fairway.objects.errors import Problem, bad_request, forbidden_value, invalid_value, required
from fairway.objects.label_syntax import integer, requirements
from fairway.objects.names import is_label_value, is_qualified_name, label_value, qualified_name

_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on the label ``key``.  ``operator`` is one of = == != in notin > < exists !."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether ``labels`` meet this condition; a missing label meets ``!=``, ``notin`` and ``!``."""
        value = labels.get(self.key)
        match self.operator:
            case "=" | "==" | "in":
                return value in self.values
            case "!=" | "notin":
                return value not in self.values
            case "exists":
                return value is not None
            case "!":
                return value is None
        number, limit = integer(value or ""), integer(self.values[0])
        if number is None or limit is None:
            return False
        return number > limit if self.operator == ">" else number < limit

    def __str__(self) -> str:
        match self.operator:
            case "exists":
                return self.key
            case "!":
                return f"!{self.key}"
            case "in" | "notin":
                return f"{self.key} {self.operator} ({','.join(sorted(self.values))})"
        return f"{self.key}{self.operator}{self.values[0]}"


class Selector:
    """A conjunction of requirements, ordered by key.  Plain equalities are asked first, in one pass."""

    __slots__ = ("_equal", "_others", "requirements")

    def __init__(self, requirements: Sequence[Requirement]) -> None:
        self.requirements = tuple(sorted(requirements, key=lambda requirement: requirement.key))
        self._equal = tuple((r.key, r.values[0]) for r in self.requirements if r.operator in ("=", "=="))
        self._others = tuple(r for r in self.requirements if r.operator not in ("=", "=="))

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Whether an object with ``labels`` is selected."""
        found = labels or {}
        for key, value in self._equal:
            if found.get(key) != value:
                return False
        return all(requirement.matches(found) for requirement in self._others)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))

    def __bool__(self) -> bool:
        """Whether anything is asked at all: an empty selector selects everything."""
        return bool(self.requirements)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selector) and self.requirements == other.requirements

    def __hash__(self) -> int:
        return hash(self.requirements)


class _Nothing(Selector):
    """What a missing LabelSelector means."""

    __slots__ = ()

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        return False

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Nothing)

    __hash__ = Selector.__hash__


EVERYTHING = Selector(())
"""Selects all objects."""
NOTHING = _Nothing(())
"""Selects no object."""


def from_map(wanted: Mapping[str, str]) -> Selector:
    """All of these labels with these values, as in a Service's spec.selector.  Empty: everything."""
    return Selector([Requirement(key, "=", (value,)) for key, value in wanted.items()])


def from_label_selector(selector: Object | None) -> Selector:
    """A LabelSelector (matchLabels, matchExpressions); missing selects nothing, empty everything.

    Raises: ``StatusError`` 400 for an operator that does not exist.
    """
    if selector is None:
        return NOTHING
    found = [Requirement(key, "=", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        operator = _OPERATORS.get(expression["operator"])
        if operator is None:
            raise bad_request(f'"{expression["operator"]}" is not a valid label selector operator')
        found.append(Requirement(expression["key"], operator, tuple(expression.get("values") or ())))
    return Selector(found)


def validate_labels(labels: Mapping[str, str] | None, path: str) -> Iterator[Problem]:
    """Every key and value out of shape, at ``path``."""
    for key, value in (labels or {}).items():
        if not is_qualified_name(key):
            yield from (invalid_value(path, key, message) for message in qualified_name(key))
        if not is_label_value(value):
            yield from (invalid_value(path, value, message) for message in label_value(value))


def validate_label_selector(selector: Object | None, path: str) -> Iterator[Problem]:
    """Every broken rule of a LabelSelector at ``path``."""
    if selector is None:
        return
    yield from validate_labels(selector.get("matchLabels"), f"{path}.matchLabels")
    for place, expression in enumerate(selector.get("matchExpressions") or ()):
        yield from _validate_expression(expression, f"{path}.matchExpressions[{place}]")


def _validate_expression(expression: Object, path: str) -> Iterator[Problem]:
    operator, values = expression.get("operator") or "", expression.get("values")
    key = expression.get("key") or ""
    if operator in ("In", "NotIn"):
        if not values:
            yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            yield forbidden_value(
                f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            )
    else:
        yield invalid_value(f"{path}.operator", operator, "not a valid selector operator")
    yield from (invalid_value(f"{path}.key", key, message) for message in qualified_name(key))
    for place, value in enumerate(values or ()):
        yield from (invalid_value(f"{path}.values[{place}]", value, message) for message in label_value(value))


def parse(text: str) -> Selector:
    """The selector that ``text`` describes, as ``-l`` takes it: ``a=b,c!=d,e in (f,g),!h,i>1``.

    Raises: ``StatusError`` 400.
    """
    return (_remembered if len(text) <= _REMEMBERED_LENGTH else _parse)(text)


def _parse(text: str) -> Selector:
    return Selector([Requirement(*parsed) for parsed in requirements(text)]) if text else EVERYTHING


_REMEMBERED_LENGTH = 1024
_remembered = lru_cache(256)(_parse)
